//! Output over time: how many chunks and tokens arrived in each millisecond of a run.

use super::Tick;

const BIN_NANOS: u64 = 1_000_000;

/// Chunks and tokens by the millisecond in which they arrived, counted from the start of the run.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    bins: Vec<Bin>,
}

/// One millisecond of output.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Pieces of output.
    pub chunks: u32,
    /// Tokens in them.
    pub tokens: f32,
}

impl Flow {
    /// Counts one piece of output with its tokens, at the moment it arrived.
    pub fn add(&mut self, at: Tick, tokens: f32) {
        let index = (at.nanos() / BIN_NANOS) as usize;
        if index >= self.bins.len() {
            self.bins.resize(index + 1, Bin::default());
        }
        self.bins[index].chunks += 1;
        self.bins[index].tokens += tokens;
    }

    /// The milliseconds from the start of the run to the last output.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_counted_in_its_millisecond() {
        let mut flow = Flow::default();
        flow.add(Tick::from_nanos(2_999_999), 4.0);
        flow.add(Tick::from_nanos(2_000_000), 1.0);
        assert_eq!(flow.bins()[2], Bin { chunks: 2, tokens: 5.0 });
        assert_eq!(flow.bins().len(), 3);
    }
}
