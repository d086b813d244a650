//! Numbers to text: a run, its metrics and its description come in; the console report and the result file go out, through
//! writers that the caller gives. Prints nothing by itself and computes nothing that is not about presentation.
//!
//! The reference's lines and keys come first and are the reference's to the byte; ours stand apart, after them.

pub mod announce;
mod args;
mod beside;
mod blocks;
mod chart;
mod compare;
mod console;
mod dataset_stats;
mod files;
mod labels;
mod lettering;
mod lines;
mod own;
mod parts;
mod pytorch;
mod result;
pub mod study;
mod table;
mod timeline;

pub use args::{Charts, Export, Mode, Output, OutputArgs, Save};
pub use beside::{Beside, Kind};
pub use chart::Glyphs;
pub use compare::Comparison;
pub use files::{Files, Saved, result_name};
pub use table::table;
pub use timeline::Thresholds;

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
#[path = "golden_test.rs"]
mod golden_tests;
#[cfg(test)]
#[path = "scratch_test.rs"]
mod scratch;
#[cfg(test)]
#[path = "report_test.rs"]
mod tests;
