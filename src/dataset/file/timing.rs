//! Who says when the requests of a recorded file start: the file or the flags of the load. Times in seconds come in; when
//! requests are due goes out, with what is to be told of it.

use crate::record::Tick;

/// Flags of the datasets that have times.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: timed_trace")]
pub struct TimingArgs {
    /// Send requests when the trace says; the default with `timed_trace`, and possible with `burstgpt`.
    #[arg(long, overrides_with = "no_self_timed")]
    pub self_timed: bool,
    /// Send requests as the load flags say, not when the trace says.
    #[arg(long, overrides_with = "self_timed")]
    pub no_self_timed: bool,
}

/// Its flags, which go with no dataset that has no times.
pub(super) const OWN: &[(&str, &str)] =
    &[("self_timed", ", which has no times"), ("no_self_timed", ", which has no times")];

/// Who says when requests start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The trace.
    Trace,
    /// The flags of the load.
    Load,
}

/// The latest time of a trace, in seconds: a year. What is later was meant as a date, or has another unit.
pub(super) const LONGEST_TRACE: f64 = 365.0 * 86_400.0;

/// A longer trace, in seconds, may be one in another unit.
const AN_HOUR: f64 = 3600.0;

impl TimingArgs {
    /// What the flags say, or `usual` where none is given.
    pub(super) fn resolve(&self, usual: Timing) -> Timing {
        match (self.self_timed, self.no_self_timed) {
            (true, _) => Timing::Trace,
            (_, true) => Timing::Load,
            _ => usual,
        }
    }
}

/// When each request is due: at its time, but not before the one above it, which is sent first.
pub(in crate::dataset) fn due(times: impl Iterator<Item = f64>) -> Vec<Tick> {
    let latest = times.scan(0.0_f64, |latest, seconds| {
        *latest = latest.max(seconds);
        Some(*latest)
    });
    latest.map(Tick::from_secs_f64).collect()
}

/// What is to be told of times: that some go back, and how long a long trace lasts, with what `unit` says of their unit.
pub(in crate::dataset) fn warnings(times: impl Iterator<Item = f64> + Clone, unit: &str) -> Vec<String> {
    let back = times.clone().zip(times.clone().skip(1)).filter(|(earlier, later)| later < earlier).count();
    let back = (back > 0).then(|| {
        format!("{back} times of the trace lie before the one of the line above: those requests follow at once")
    });
    let last = times.fold(0.0, f64::max);
    let long = (last > AN_HOUR).then(|| format!("the trace lasts {:.1} hours{unit}", last / 3600.0));
    back.into_iter().chain(long).collect()
}
