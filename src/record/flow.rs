//! Output over time: how many chunks and tokens arrived in each millisecond of a run. Tokens are counted in whole parts, so
//! that no order of answers changes a sum.

use super::Tick;

const BIN_NANOS: u64 = 1_000_000;

/// Milliseconds that are kept together: room for them is taken once there is output in one of them. Few, so that a run with a
/// little output now and then takes little.
const BINS: usize = 100;

/// Parts of a token: the finest share of an answer's tokens that is told apart.
const PARTS: u32 = 1024;

/// Chunks and tokens by the millisecond in which they arrived, counted from the start of the run.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    pages: Vec<Option<Box<[Bin; BINS]>>>,
}

/// One millisecond of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Pieces of output.
    pub chunks: u32,
    /// Tokens in them, in [`PARTS`].
    parts: u32,
}

impl Bin {
    /// Tokens in its pieces. Sums of these are exact.
    pub fn tokens(&self) -> f64 {
        f64::from(self.parts) / f64::from(PARTS)
    }

    fn add(&mut self, chunks: u32, parts: u32) {
        self.chunks = self.chunks.saturating_add(chunks);
        self.parts = self.parts.saturating_add(parts);
    }
}

impl Flow {
    /// Counts one piece of output with its tokens, at the moment it arrived.
    pub fn add(&mut self, at: Tick, tokens: u32) {
        self.bin(at).add(1, tokens.saturating_mul(PARTS));
    }

    /// Counts pieces of output at the moments they arrived, with an equal share of `tokens` each. Where they do not divide
    /// into equal parts, some pieces have one more, so that the sum is `tokens`.
    pub fn spread(&mut self, chunks: &[Tick], tokens: u32) {
        let count = chunks.len() as u64;
        let parts = u64::from(tokens) * u64::from(PARTS);
        let (each, left_over) = (parts / count.max(1), parts % count.max(1));
        let mut owed = 0;
        for &at in chunks {
            owed += left_over;
            let one_more = owed >= count;
            owed -= if one_more { count } else { 0 };
            self.bin(at).add(1, u32::try_from(each + u64::from(one_more)).unwrap_or(u32::MAX));
        }
    }

    /// The milliseconds with output, ascending: how many had passed since the start of the run, and what arrived.
    pub fn bins(&self) -> impl Iterator<Item = (u64, Bin)> + Clone + use<'_> {
        let filled = self.pages.iter().zip(0_u64..).filter_map(|(bins, page)| Some((bins.as_deref()?, page)));
        let numbered = filled.flat_map(|(bins, page)| (page * BINS as u64..).zip(bins.iter().copied()));
        numbered.filter(|(_, bin)| bin.chunks > 0)
    }

    fn bin(&mut self, at: Tick) -> &mut Bin {
        let index = (at.nanos() / BIN_NANOS) as usize;
        let (page, within) = (index / BINS, index % BINS);
        if page >= self.pages.len() {
            self.pages.resize(page + 1, None);
        }
        &mut self.pages[page].get_or_insert_with(|| Box::new([Bin::default(); BINS]))[within]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick::from_nanos(millis * BIN_NANOS)
    }

    fn tokens(flow: &Flow) -> Vec<(u64, u32, f64)> {
        flow.bins().map(|(millis, bin)| (millis, bin.chunks, bin.tokens())).collect()
    }

    #[test]
    fn output_is_counted_in_its_millisecond() {
        let mut flow = Flow::default();
        flow.add(Tick::from_nanos(2_999_999), 4);
        flow.add(Tick::from_nanos(2_000_000), 1);
        flow.add(at(61_000), 7);
        assert_eq!(tokens(&flow), [(2, 2, 5.0), (61_000, 1, 7.0)]);
    }

    #[test]
    fn equal_shares_add_up() {
        let mut flow = Flow::default();
        flow.spread(&[at(0), at(1), at(2)], 7);
        flow.spread(&[], 9);
        let found = tokens(&flow);
        assert_eq!(found.iter().map(|(_, _, tokens)| tokens).sum::<f64>(), 7.0);
        assert!(found.iter().all(|(_, _, tokens)| (tokens - 7.0 / 3.0).abs() < 1e-3), "{found:?}");
        flow.spread(&[at(3), at(3)], 1);
        assert_eq!(tokens(&flow)[3], (3, 2, 1.0));
    }

    #[test]
    fn what_a_server_makes_up_is_counted_as_far_as_it_fits() {
        let mut flow = Flow::default();
        flow.spread(&[at(0)], u32::MAX);
        flow.add(at(0), u32::MAX);
        assert_eq!(tokens(&flow), [(0, 2, f64::from(u32::MAX) / f64::from(PARTS))]);
    }
}
