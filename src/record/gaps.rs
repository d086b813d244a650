//! The gaps between consecutive pieces of output, pooled over a run: exact up to a limit, a histogram beyond it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Spread;

/// Samples that are kept exactly.
pub const EXACT_LIMIT: usize = 16_000_000;

/// Stands for a gap that does not fit 32 bits, of 4.29 s or more.
const LONG: u32 = u32::MAX;

/// The pooled gaps of a run, in nanoseconds.
#[derive(Debug, Clone)]
pub enum Gaps {
    /// Every gap, as it was measured; in a whole run in order of the requests' ids, which is the reference's, so that sums
    /// have its digits.
    Exact(Exact),
    /// Their distribution to four significant digits, once there are more than [`EXACT_LIMIT`].
    Histogram(Box<Spread>),
}

/// Gaps one by one.
#[derive(Debug, Clone, Default)]
pub struct Exact {
    /// All in order; [`LONG`] stands for those in `long`.
    short: Vec<u32>,
    /// Those that stand apart, by their position.
    long: BTreeMap<u32, u64>,
}

impl Default for Gaps {
    fn default() -> Self {
        Gaps::Exact(Exact::default())
    }
}

impl Gaps {
    /// Adds one gap of `nanos`.
    pub fn push(&mut self, nanos: u64) {
        match self {
            Gaps::Exact(exact) => {
                exact.push(nanos);
                if exact.short.len() > EXACT_LIMIT {
                    *self = Gaps::Histogram(Box::new(histogram(exact)));
                }
            }
            Gaps::Histogram(histogram) => histogram.saturating_record(nanos),
        }
    }

    /// Puts the gaps at `pieces` one after another, which together are all of them, if there still is an order.
    pub(super) fn arrange(&mut self, pieces: impl Iterator<Item = Range<usize>>) {
        let Gaps::Exact(exact) = self else { return };
        let mut arranged = Exact { short: Vec::with_capacity(exact.short.len()), long: BTreeMap::new() };
        for piece in pieces {
            let (from, to) = (piece.start as u32, arranged.short.len() as u32);
            let long = exact.long.range(from..piece.end as u32);
            arranged.long.extend(long.map(|(position, &nanos)| (position - from + to, nanos)));
            arranged.short.extend_from_slice(&exact.short[piece]);
        }
        *exact = arranged;
    }

    /// How many gaps there are.
    pub fn len(&self) -> u64 {
        match self {
            Gaps::Exact(exact) => exact.short.len() as u64,
            Gaps::Histogram(histogram) => histogram.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Exact {
    /// The gaps in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.short.iter().zip(0..).map(|(&nanos, position)| match nanos {
            LONG => self.long[&position],
            nanos => u64::from(nanos),
        })
    }

    /// The gaps in no order: those below 2^32 - 1 ns, and the others.
    pub fn split(&self) -> (Vec<u32>, Vec<u64>) {
        let mut short = self.short.clone();
        if !self.long.is_empty() {
            short.retain(|&nanos| nanos != LONG);
        }
        (short, self.long.values().copied().collect())
    }

    fn push(&mut self, nanos: u64) {
        let short = u32::try_from(nanos).unwrap_or(LONG);
        if short == LONG {
            self.long.insert(self.short.len() as u32, nanos);
        }
        self.short.push(short);
    }
}

/// An empty distribution to four significant digits, up to a day.
pub fn precise() -> Spread {
    Spread::new_with_bounds(1, 24 * 3600 * 1_000_000_000, 4).expect("the bounds are valid constants")
}

fn histogram(exact: &Exact) -> Spread {
    let mut histogram = precise();
    exact.iter().for_each(|nanos| histogram.saturating_record(nanos));
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Gaps {
        Gaps::Exact(Exact { short: vec![1_000_000; EXACT_LIMIT], long: BTreeMap::new() })
    }

    #[test]
    fn long_and_short_gaps_are_kept_exactly() {
        let mut gaps = Gaps::default();
        let nanos = [7, 5_000_000_000, u64::from(u32::MAX), 8];
        nanos.into_iter().for_each(|nanos| gaps.push(nanos));
        let Gaps::Exact(exact) = &gaps else { panic!("a few gaps are kept exactly") };
        assert_eq!(exact.iter().collect::<Vec<_>>(), nanos);
        assert_eq!(exact.split(), (vec![7, 8], vec![5_000_000_000, u64::from(u32::MAX)]));
        assert_eq!(gaps.len(), 4);
    }

    #[test]
    fn gaps_are_put_in_another_order() {
        let mut gaps = Gaps::default();
        [1, 5_000_000_000, 3, 4, 6_000_000_000].into_iter().for_each(|nanos| gaps.push(nanos));
        gaps.arrange([3..5, 2..2, 0..3].into_iter());
        let Gaps::Exact(exact) = &gaps else { panic!("a few gaps are kept exactly") };
        assert_eq!(exact.iter().collect::<Vec<_>>(), [4, 6_000_000_000, 1, 5_000_000_000, 3]);
    }

    #[test]
    fn the_pool_turns_into_a_histogram_beyond_the_limit() {
        let mut gaps = full();
        gaps.push(2_000_000);
        let Gaps::Histogram(histogram) = &gaps else { panic!("over the limit a histogram is kept") };
        assert_eq!(histogram.len(), EXACT_LIMIT as u64 + 1);
        assert!(histogram.max() >= 2_000_000);
    }
}
