//! One measure over many requests: samples in, a [`Summary`] out. The arithmetic is the reference's (numpy's), down to the
//! order of additions, so that equal samples give equal digits.

use crate::record::{Gaps, Spread};

/// The percentiles of the quantities that are ours.
pub const OWN_PERCENTILES: [f64; 2] = [50.0, 99.0];

/// Up to this many samples are summed in one block; numpy halves longer ranges first.
const SUM_BLOCK: usize = 128;

/// What a set of samples says, in seconds. All figures are 0 where there is no sample, as the reference has it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Samples.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Population standard deviation (divisor n).
    pub std: f64,
    /// Smallest sample.
    pub min: f64,
    /// Largest sample.
    pub max: f64,
    /// Middle value, or mean of the two middle ones.
    pub median: f64,
    /// The requested percentiles in the order asked for: (0 to 100, value).
    pub percentiles: Vec<(f64, f64)>,
    /// What the figures were computed from.
    pub basis: Basis,
}

/// What a summary was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// Every sample.
    #[default]
    Exact,
    /// A histogram of the samples, with four significant digits.
    Histogram,
}

impl Summary {
    /// Summarizes `samples`, in seconds. None may be negative.
    pub fn of(samples: Vec<f64>, percentiles: &[f64]) -> Self {
        let (mean, std) = moments(samples.len(), || samples.iter().copied());
        // Floats that are not negative are ordered as their bits are, and integers are compared faster.
        let mut bits: Vec<u64> = samples.into_iter().map(|sample| sample.max(0.0).to_bits()).collect();
        let positions = positions(bits.len(), percentiles);
        arrange(&mut bits, 0, &positions);
        Summary { mean, std, ..Summary::ordered(bits.len(), &|index| f64::from_bits(bits[index]), percentiles) }
    }

    /// Summarizes pooled gaps.
    pub fn of_gaps(gaps: &Gaps, percentiles: &[f64]) -> Self {
        match gaps {
            Gaps::Histogram(histogram) => Summary::of_spread(histogram, percentiles),
            Gaps::Exact(exact) => {
                let (mut short, mut long) = exact.split();
                let (count, first_long) = (short.len() + long.len(), short.len());
                let (mean, std) = moments(count, || exact.iter().map(|nanos| nanos as f64 / 1e9));
                let positions = positions(count, percentiles);
                let (in_short, in_long) = positions.split_at(positions.partition_point(|&at| at < first_long));
                arrange(&mut short, 0, in_short);
                arrange(&mut long, first_long, in_long);
                Summary { mean, std, ..Summary::ordered(count, &|index| pooled(&short, &long, index), percentiles) }
            }
        }
    }

    /// Summarizes a distribution of nanoseconds.
    pub fn of_spread(spread: &Spread, percentiles: &[f64]) -> Self {
        if spread.is_empty() {
            return Summary { basis: Basis::Histogram, ..Summary::ordered(0, &|_| 0.0, percentiles) };
        }
        let quantile = |p: f64| spread.value_at_quantile(p / 100.0) as f64 / 1e9;
        Summary {
            count: spread.len(),
            mean: spread.mean() / 1e9,
            std: spread.stdev() / 1e9,
            min: spread.min() as f64 / 1e9,
            max: spread.max() as f64 / 1e9,
            median: quantile(50.0),
            percentiles: percentiles.iter().map(|&p| (p, quantile(p))).collect(),
            basis: Basis::Histogram,
        }
    }

    /// Whether there was no sample, so that no figure means anything.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The value at percentile `p`, if it was asked for.
    pub fn percentile(&self, p: f64) -> Option<f64> {
        self.percentiles.iter().find(|(asked, _)| *asked == p).map(|(_, value)| *value)
    }

    /// All that follows from the order of `count` samples, of which those at [`positions`] are in place.
    fn ordered(count: usize, at: &impl Fn(usize) -> f64, percentiles: &[f64]) -> Self {
        if count == 0 {
            let percentiles = percentiles.iter().map(|&p| (p, 0.0)).collect();
            return Summary { percentiles, ..Summary::default() };
        }
        let (low, high) = (at((count - 1) / 2), at(count / 2));
        Summary {
            count: count as u64,
            min: at(0),
            max: at(count - 1),
            median: if count % 2 == 1 { low } else { (low + high) / 2.0 },
            percentiles: percentiles.iter().map(|&p| (p, quantile(count, at, p / 100.0))).collect(),
            ..Summary::default()
        }
    }
}

/// The short gaps and then the long ones, in seconds.
fn pooled(short: &[u32], long: &[u64], index: usize) -> f64 {
    let nanos = short.get(index).map_or_else(|| long[index - short.len()] as f64, |&nanos| f64::from(nanos));
    nanos / 1e9
}

/// The two neighbours of quantile `q` among `count` samples, and how far it is from the lower to the upper one: it stands at
/// h = (n - 1) q.
fn neighbours(count: usize, q: f64) -> (usize, usize, f64) {
    let position = (count - 1) as f64 * q;
    let below = position.floor();
    (below as usize, (below as usize + 1).min(count - 1), position - below)
}

/// Linear interpolation between order statistics (numpy's default), from the nearer of the two neighbours.
fn quantile(count: usize, at: &impl Fn(usize) -> f64, q: f64) -> f64 {
    let (below, above, part) = neighbours(count, q);
    let (low, high) = (at(below), at(above));
    let step = high - low;
    if part >= 0.5 { high - step * (1.0 - part) } else { low + step * part }
}

/// The positions in the order of samples that a summary looks at, ascending.
fn positions(count: usize, percentiles: &[f64]) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let mut positions = vec![0, (count - 1) / 2, count / 2, count - 1];
    for (below, above, _) in percentiles.iter().map(|p| neighbours(count, p / 100.0)) {
        positions.extend([below, above]);
    }
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// Moves `values` so that what would stand at `positions` after sorting stands there: much less work than sorting. The first
/// value has position `start`; `positions` ascend and lie within.
fn arrange<T: Ord>(values: &mut [T], start: usize, positions: &[usize]) {
    let Some(&middle) = positions.get(positions.len() / 2) else { return };
    let (below, _, above) = values.select_nth_unstable(middle - start);
    arrange(below, start, &positions[..positions.len() / 2]);
    arrange(above, middle + 1, &positions[positions.len() / 2 + 1..]);
}

/// Mean and population standard deviation of so many samples.
fn moments<I: Iterator<Item = f64>>(count: usize, samples: impl Fn() -> I) -> (f64, f64) {
    if count == 0 {
        return (0.0, 0.0);
    }
    let mean = sum(count, &mut samples()) / count as f64;
    let squared = |sample| {
        let off: f64 = sample - mean;
        off * off
    };
    (mean, (sum(count, &mut samples().map(squared)) / count as f64).sqrt())
}

/// Pairwise summation of the next so many samples in numpy's order: halves down to blocks of [`SUM_BLOCK`], and eight running
/// sums in a block.
fn sum(count: usize, samples: &mut impl Iterator<Item = f64>) -> f64 {
    if count > SUM_BLOCK {
        let half = count / 2 - count / 2 % 8;
        return sum(half, samples) + sum(count - half, samples);
    }
    let mut total = 0.0;
    if count >= 8 {
        let mut lanes = [0.0; 8];
        for _ in 0..count / 8 {
            lanes.iter_mut().zip(&mut *samples).for_each(|(lane, sample)| *lane += sample);
        }
        total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    }
    samples.take(count % 8).fold(total, |total, sample| total + sample)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::spread;

    const ASKED: [f64; 6] = [0.0, 25.0, 50.0, 90.0, 99.9, 100.0];

    fn naive_percentile(sorted: &[f64], p: f64) -> f64 {
        let position = (sorted.len() - 1) as f64 * (p / 100.0);
        let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
        low + (high - low) * position.fract()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-6)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_summary_equals_a_sorted_vector(nanos in prop::collection::vec(0_u64..20_000_000_000, 1..600)) {
            let samples: Vec<f64> = nanos.iter().map(|&nanos| nanos as f64 / 1e9).collect();
            let mut sorted = samples.clone();
            sorted.sort_by(f64::total_cmp);
            let count = sorted.len() as f64;
            let mean = sorted.iter().sum::<f64>() / count;
            let std = (sorted.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / count).sqrt();
            let mut gaps = Gaps::default();
            nanos.iter().for_each(|&nanos| gaps.push(nanos));
            for summary in [Summary::of(samples, &ASKED), Summary::of_gaps(&gaps, &ASKED)] {
                prop_assert_eq!(summary.count, sorted.len() as u64);
                prop_assert_eq!((summary.min, summary.max), (sorted[0], sorted[sorted.len() - 1]));
                prop_assert!(close(summary.mean, mean) && close(summary.std, std));
                prop_assert!(close(summary.median, naive_percentile(&sorted, 50.0)));
                for (p, value) in summary.percentiles {
                    prop_assert!(close(value, naive_percentile(&sorted, p)));
                }
            }
        }
    }

    #[test]
    fn no_sample_gives_zeros_and_says_so() {
        for summary in [Summary::of(Vec::new(), &[99.0]), Summary::of_spread(&spread(), &[99.0])] {
            assert!(summary.is_empty());
            assert_eq!((summary.mean, summary.median, summary.percentile(99.0)), (0.0, 0.0, Some(0.0)));
        }
    }

    #[test]
    fn a_histogram_keeps_four_digits_and_is_named_as_the_basis() {
        let mut histogram = crate::record::gaps::precise();
        (1..=1000_u64).for_each(|ms| histogram.saturating_record(ms * 1_000_000));
        let summary = Summary::of_gaps(&Gaps::Histogram(Box::new(histogram)), &[99.0]);
        assert_eq!((summary.basis, summary.count), (Basis::Histogram, 1000));
        assert!((summary.percentile(99.0).unwrap() - 0.99).abs() < 1e-4);
        assert!((summary.mean - 0.5005).abs() < 1e-4);
    }

    #[test]
    fn a_block_is_summed_in_eight_lanes() {
        // Left to right, the small numbers would all be lost; eight lanes keep seven eighths of them.
        let lost = super::sum(128, &mut std::iter::once(1e16).chain(std::iter::repeat(1.0)));
        assert_eq!(lost, 1e16 + 112.0);
    }
}
