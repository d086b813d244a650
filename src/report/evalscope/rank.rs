//! Percentiles as EvalScope takes them, which are always values that were measured: values come in, those at its ranks go out.

use crate::record::Gaps;

/// The ranks of the current version, between the smallest and the largest value.
pub const RANKS: [u32; 9] = [1, 5, 10, 25, 50, 75, 90, 95, 99];

/// The ranks of the versions up to 1.6.
pub const CLASSIC_RANKS: [u32; 10] = [10, 25, 50, 66, 75, 80, 90, 95, 98, 99];

/// How the values of one kind are spread over the requests of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// The smallest value.
    pub min: f64,
    /// The value at each of [`RANKS`], by nearest rank.
    pub ranks: [f64; 9],
    /// The largest value.
    pub max: f64,
    /// The value at each of [`CLASSIC_RANKS`], by the older versions' rule.
    pub classic: [f64; 10],
}

impl Spread {
    /// The spread of these values in any order; `None` where there is none. What is no number is left out.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.sort_unstable_by(f64::total_cmp);
        Spread::ordered(values.len(), mean, &|index| values[index])
    }

    /// The spread of pooled gaps, in seconds, whose mean is known.
    pub(super) fn of_gaps(gaps: &Gaps, mean: f64) -> Option<Self> {
        match gaps {
            Gaps::Exact(exact) => {
                let (mut short, mut long) = exact.split();
                short.sort_unstable();
                long.sort_unstable();
                let at = |index: usize| {
                    let nanos = short.get(index).map_or_else(|| long[index - short.len()], |&nanos| u64::from(nanos));
                    nanos as f64 / 1e9
                };
                Spread::ordered(short.len() + long.len(), mean, &at)
            }
            Gaps::Histogram(histogram) => {
                let count = histogram.len() as usize;
                let at = |index: usize| {
                    histogram.value_at_quantile((index as f64 + 1.0) / count as f64).min(histogram.max()) as f64 / 1e9
                };
                Spread::ordered(count, mean, &at)
            }
        }
    }

    /// The spread of so many values, which `at` has in ascending order.
    fn ordered(count: usize, mean: f64, at: &impl Fn(usize) -> f64) -> Option<Self> {
        let last = count.checked_sub(1)?;
        Some(Spread {
            mean,
            min: at(0),
            ranks: RANKS.map(|p| at(nearest(count, p))),
            max: at(last),
            classic: CLASSIC_RANKS.map(|p| at(index(count, p))),
        })
    }

    /// The value at a rank that the current version shows.
    pub(super) fn rank(&self, p: u32) -> Option<f64> {
        RANKS.iter().position(|known| *known == p).map(|place| self.ranks[place])
    }

    /// The value at the 99th percentile of the older versions.
    pub(super) fn classic_p99(&self) -> f64 {
        self.classic[CLASSIC_RANKS.len() - 1]
    }

    /// Smallest value, values at the ranks, largest value, as the current version lists them.
    pub(super) fn listed(&self) -> impl Iterator<Item = f64> {
        std::iter::once(self.min).chain(self.ranks).chain([self.max])
    }
}

/// The place of a percentile among so many ascending values, at least one: nearest rank.
fn nearest(count: usize, p: u32) -> usize {
    (count * p as usize).div_ceil(100).clamp(1, count) - 1
}

/// The same by the older versions' rule.
fn index(count: usize, p: u32) -> usize {
    (count * p as usize / 100).min(count - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_percentile_is_one_of_the_values_and_percentiles_ascend(nanos in prop::collection::vec(0_u64..6_000_000_000, 1..300)) {
            let values: Vec<f64> = nanos.iter().map(|&nanos| nanos as f64 / 1e9).collect();
            let spread = Spread::of(values.iter().copied()).unwrap();
            let mut gaps = Gaps::default();
            nanos.iter().for_each(|&nanos| gaps.push(nanos));
            prop_assert_eq!(Spread::of_gaps(&gaps, spread.mean), Some(spread));
            let listed: Vec<f64> = spread.listed().collect();
            prop_assert!(listed.iter().chain(&spread.classic).all(|value| values.contains(value)));
            prop_assert!(listed.is_sorted() && spread.classic.is_sorted());
        }
    }

    #[test]
    fn ranks_are_the_nearest_and_the_older_ones_by_index() {
        let spread = Spread::of((1..=10).map(f64::from)).unwrap();
        assert_eq!(spread.ranks, [1.0, 1.0, 1.0, 3.0, 5.0, 8.0, 9.0, 10.0, 10.0]);
        assert_eq!(spread.classic, [2.0, 3.0, 6.0, 7.0, 8.0, 9.0, 10.0, 10.0, 10.0, 10.0]);
        assert_eq!((spread.mean, spread.min, spread.max), (5.5, 1.0, 10.0));
        assert_eq!((spread.rank(50), spread.rank(66), spread.classic_p99()), (Some(5.0), None, 10.0));
    }

    #[test]
    fn nothing_has_no_spread_and_what_is_no_number_is_left_out() {
        assert_eq!(Spread::of(std::iter::empty()), None);
        assert_eq!(Spread::of([f64::INFINITY, f64::NAN].into_iter()), None);
        assert_eq!(Spread::of_gaps(&Gaps::default(), 0.0), None);
    }

    #[test]
    fn a_histogram_has_a_spread_within_its_values() {
        let mut histogram = crate::record::gaps::precise();
        (1..=1000_u64).for_each(|ms| histogram.saturating_record(ms * 1_000_000));
        let spread = Spread::of_gaps(&Gaps::Histogram(Box::new(histogram)), 0.5005).unwrap();
        let p50 = spread.rank(50).unwrap();
        assert!((p50 - 0.5).abs() < 1e-3 && spread.min <= p50 && p50 <= spread.max, "{spread:?}");
    }
}
