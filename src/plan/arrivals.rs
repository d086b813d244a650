//! When requests should start: pure schedules from rates and a generator, bit for bit the reference's. No clock, no waiting.
//!
//! Gaps are gamma draws from the legacy generator, one a request in order; the first request waits its gap too. The
//! floating-point operations and their order are the reference's, so the offsets are equal to the last bit.

use crate::record::{Ramp, RateChange, Strategy, Tick};
use crate::rng::Legacy;

/// How requests arrive.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// All at the start.
    AtOnce,
    /// Gamma-distributed gaps of mean `1 / rate` seconds and shape `burstiness` (1 is Poisson, infinity is constant).
    Gamma {
        /// Requests a second.
        rate: f64,
        /// Shape of the gaps.
        burstiness: f64,
    },
    /// A rate that changes from the first request to the last, with gaps of shape `burstiness`.
    Ramp {
        /// The rate.
        ramp: Ramp,
        /// Shape of the gaps.
        burstiness: f64,
    },
}

impl Arrivals {
    /// The rate that request `index` of `n` is drawn with, in requests a second; infinite if all start at once.
    pub fn rate(&self, index: usize, n: usize) -> f64 {
        match self {
            Arrivals::AtOnce => f64::INFINITY,
            Arrivals::Gamma { rate, .. } => *rate,
            Arrivals::Ramp { ramp, .. } => ramp.rate(index, n),
        }
    }

    /// When each of `n` requests should start, in seconds after the start of sending; never going back.
    ///
    /// Gaps are drawn from `legacy`, as the seed made it and the dataset left it.
    /// Offset `i` is the sum of gaps `0..=i`. Without a ramp all are scaled so that the last one is at `n / rate`.
    pub fn offsets(&self, n: usize, legacy: &mut Legacy) -> Vec<f64> {
        let burstiness = match self {
            Arrivals::AtOnce => return vec![0.0; n],
            Arrivals::Gamma { burstiness, .. } | Arrivals::Ramp { burstiness, .. } => *burstiness,
        };
        let mut total = 0.0;
        let mut offsets: Vec<f64> = (0..n)
            .map(|index| {
                total += gap(legacy, self.rate(index, n), burstiness);
                total
            })
            .collect();
        if let Arrivals::Gamma { rate, .. } = self
            && total != 0.0
        {
            let factor = n as f64 / rate / total;
            offsets.iter_mut().for_each(|offset| *offset *= factor);
        }
        offsets
    }

    /// The same as [`Arrivals::offsets`], to the nearest nanosecond.
    pub fn due(&self, n: usize, legacy: &mut Legacy) -> Vec<Tick> {
        self.offsets(n, legacy).into_iter().map(Tick::from_secs_f64).collect()
    }
}

impl Ramp {
    /// The rate of request `index` of `n`: exactly `start` for the first and `end` for the last of several.
    pub fn rate(&self, index: usize, n: usize) -> f64 {
        let progress = index as f64 / n.saturating_sub(1).max(1) as f64;
        let (start, end) = (f64::from(self.start), f64::from(self.end));
        match self.strategy {
            Strategy::Linear => start + (end - start) * progress,
            Strategy::Exponential => start * (end / start).powf(progress),
        }
    }

    /// The whole rates that requests due at these moments pass through: the start rate, which holds before anything is sent,
    /// then one entry for each integer that the rate of a request has reached and no earlier one had.
    pub fn changes(&self, due: &[Tick]) -> Vec<RateChange> {
        let mut changes = vec![RateChange { rps: self.start, at: Tick::ZERO }];
        let mut reached = self.start;
        for (index, &at) in due.iter().enumerate() {
            let rate = self.rate(index, due.len()) as u32;
            changes.extend((reached + 1..=rate).map(|rps| RateChange { rps, at }));
            reached = reached.max(rate);
        }
        changes
    }
}

/// The wait before a request in seconds: mean `1 / rate`, coefficient of variation `1 / sqrt(burstiness)`.
fn gap(legacy: &mut Legacy, rate: f64, burstiness: f64) -> f64 {
    if rate == f64::INFINITY {
        0.0
    } else if burstiness == f64::INFINITY {
        1.0 / rate
    } else {
        legacy.standard_gamma(burstiness) * (1.0 / (rate * burstiness))
    }
}

#[cfg(test)]
#[path = "arrivals_test.rs"]
mod tests;
