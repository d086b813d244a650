//! Numbers to text: a run, its metrics and its description come in; the console report and the result file go out, through
//! writers that the caller gives. Prints nothing by itself and computes nothing that is not about presentation.
//!
//! The reference's lines and keys come first and are the reference's to the byte; ours stand apart, after them.

mod args;
mod beside;
mod compare;
mod details;
mod files;
mod page;
pub mod study;
mod table;
mod vllm;

pub use args::{Charts, Export, Mode, Output, OutputArgs, Save};
pub use beside::{Beside, Kind};
pub use compare::Comparison;
pub use files::{Files, Saved, result_name};
pub use page::timeline::Thresholds;
pub use table::table;
pub use vllm::announce;
pub use vllm::charts::Glyphs;

use crate::measure::{Asked, Metric, Metrics, Verdict};
use crate::record::Run;

/// Everything that a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What happened.
    pub run: &'a Run,
    /// Its numbers.
    pub metrics: &'a Metrics,
    /// What they were asked for.
    pub asked: &'a Asked,
    /// How far they are to be trusted.
    pub verdict: &'a Verdict,
    /// What charts before the console report are drawn with, if there are any.
    pub charts: Option<Glyphs>,
}

impl Report<'_> {
    /// The latencies that were asked for and mean something for the run, in the order of reports.
    fn shown(&self) -> impl Iterator<Item = Metric> {
        self.metrics.meant.iter().copied().filter(|metric| self.asked.metrics.contains(metric))
    }
}

#[cfg(test)]
#[path = "scratch_test.rs"]
mod scratch;
#[cfg(test)]
#[path = "report_test.rs"]
mod tests;
