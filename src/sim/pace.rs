//! When tokens are due: the dictated times, fixed or drawn. What comes in is a request's number; what goes out is spans.
//!
//! A drawn time is lognormal with the dictated time as its mean: `exp(μ + σ·N)` with `μ = ln(mean) − σ²/2`, `N` standard
//! normal. Each request draws from a generator of its own, seeded by the seed and the request's number, so that the order in which
//! requests are served changes no draw.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, LogNormal};

use super::config::{Pace, Time};

/// The dictated times, ready to be drawn.
pub(super) struct Rhythm {
    ttft: Span,
    itl: Span,
    seed: u64,
}

enum Span {
    Fixed(u64),
    Drawn(LogNormal<f64>),
}

impl Span {
    fn new(time: Time) -> Self {
        let mu = (time.mean_ns.max(1) as f64).ln() - time.sigma * time.sigma / 2.0;
        match LogNormal::new(mu, time.sigma) {
            Ok(drawn) if time.sigma > 0.0 && time.mean_ns > 0 => Span::Drawn(drawn),
            _ => Span::Fixed(time.mean_ns),
        }
    }

    fn next(&self, rng: &mut SmallRng) -> u64 {
        match self {
            Span::Fixed(ns) => *ns,
            Span::Drawn(drawn) => drawn.sample(rng) as u64,
        }
    }
}

/// The draws of one request.
pub(super) struct Draws(SmallRng);

impl Rhythm {
    pub(super) fn new(pace: &Pace) -> Self {
        Rhythm { ttft: Span::new(pace.ttft), itl: Span::new(pace.itl), seed: pace.seed }
    }

    /// The draws of request `number`.
    pub(super) fn draws(&self, number: u64) -> Draws {
        // An odd factor spreads neighbouring numbers over all bits, so that seeds of neighbouring runs share no request's draws.
        Draws(SmallRng::seed_from_u64(self.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// Nanoseconds from the arrival to the first token.
    pub(super) fn first(&self, draws: &mut Draws) -> u64 {
        self.ttft.next(&mut draws.0)
    }

    /// Nanoseconds that so many further tokens take.
    pub(super) fn tokens(&self, draws: &mut Draws, count: u32) -> u64 {
        match &self.itl {
            Span::Fixed(ns) => ns * u64::from(count),
            span => (0..count).map(|_| span.next(&mut draws.0)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(sigma: f64) -> Rhythm {
        let time = |mean_ns| Time { mean_ns, sigma };
        Rhythm::new(&Pace { ttft: time(50_000_000), itl: time(10_000_000), seed: 3, ..Pace::default() })
    }

    #[test]
    fn fixed_times_are_exact() {
        let rhythm = rhythm(0.0);
        let mut draws = rhythm.draws(1);
        assert_eq!((rhythm.first(&mut draws), rhythm.tokens(&mut draws, 4)), (50_000_000, 40_000_000));
    }

    #[test]
    fn drawn_times_keep_the_dictated_mean() {
        let rhythm = rhythm(0.5);
        let count = 200_000_u32;
        let itl = rhythm.tokens(&mut rhythm.draws(1), count) as f64 / f64::from(count);
        assert!((itl / 1e7 - 1.0).abs() < 0.01, "{itl}");
        let ttft: u64 = (0..u64::from(count)).map(|number| rhythm.first(&mut rhythm.draws(number))).sum();
        let ttft = ttft as f64 / f64::from(count);
        assert!((ttft / 5e7 - 1.0).abs() < 0.01, "{ttft}");
    }

    #[test]
    fn a_request_draws_the_same_again() {
        let draw = |number| rhythm(0.5).first(&mut rhythm(0.5).draws(number));
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
