//! When requests should start: pure schedules from rates and a seed.

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
    /// A rate that changes from the first request to the last.
    Ramp(Ramp),
}

/// A rate that grows over the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ramp {
    /// How it grows.
    pub strategy: Strategy,
    /// Requests a second at the first request.
    pub start: u32,
    /// Requests a second at the last request.
    pub end: u32,
    /// Shape of the gaps.
    pub burstiness: f64,
}

/// How a ramp grows from request to request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By equal steps.
    Linear,
    /// By equal factors.
    Exponential,
}
