//! The gaps between consecutive pieces of output, pooled over a run: exact up to a limit, a histogram beyond it.

use super::Spread;

/// Samples that are kept exactly.
pub const EXACT_LIMIT: usize = 16_000_000;

/// The pooled gaps of a run, in nanoseconds.
#[derive(Debug, Clone)]
pub enum Gaps {
    /// Every gap, as it was measured. Those of 4.29 s or more do not fit 32 bits and stand apart.
    Exact {
        /// Gaps below 2^32 ns.
        short: Vec<u32>,
        /// Gaps of 2^32 ns and more.
        long: Vec<u64>,
    },
    /// Their distribution to four significant digits, once there are more than [`EXACT_LIMIT`].
    Histogram(Box<Spread>),
}

impl Default for Gaps {
    fn default() -> Self {
        Gaps::Exact { short: Vec::new(), long: Vec::new() }
    }
}

impl Gaps {
    /// Adds one gap of `nanos`.
    pub fn push(&mut self, nanos: u64) {
        match self {
            Gaps::Exact { short, long } => {
                match u32::try_from(nanos) {
                    Ok(nanos) => short.push(nanos),
                    Err(_) => long.push(nanos),
                }
                if short.len() + long.len() > EXACT_LIMIT {
                    *self = Gaps::Histogram(Box::new(histogram(short, long)));
                }
            }
            Gaps::Histogram(histogram) => histogram.saturating_record(nanos),
        }
    }

    /// How many gaps there are.
    pub fn len(&self) -> u64 {
        match self {
            Gaps::Exact { short, long } => (short.len() + long.len()) as u64,
            Gaps::Histogram(histogram) => histogram.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An empty distribution to four significant digits, up to a day.
pub fn precise() -> Spread {
    Spread::new_with_bounds(1, 24 * 3600 * 1_000_000_000, 4).expect("the bounds are valid constants")
}

fn histogram(short: &[u32], long: &[u64]) -> Spread {
    let mut histogram = precise();
    for nanos in short.iter().map(|&nanos| u64::from(nanos)).chain(long.iter().copied()) {
        histogram.saturating_record(nanos);
    }
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_gaps_are_kept_exactly() {
        let mut gaps = Gaps::default();
        gaps.push(7);
        gaps.push(5_000_000_000);
        let Gaps::Exact { short, long } = &gaps else { panic!("two gaps are kept exactly") };
        assert_eq!((short.as_slice(), long.as_slice()), (&[7][..], &[5_000_000_000][..]));
        assert_eq!(gaps.len(), 2);
    }

    #[test]
    fn the_pool_turns_into_a_histogram_beyond_the_limit() {
        let mut gaps = Gaps::Exact { short: vec![1_000_000; EXACT_LIMIT], long: Vec::new() };
        gaps.push(2_000_000);
        let Gaps::Histogram(histogram) = &gaps else { panic!("over the limit a histogram is kept") };
        assert_eq!(histogram.len(), EXACT_LIMIT as u64 + 1);
        assert!(histogram.max() >= 2_000_000);
    }
}
