//! Numbers to text: a run, its metrics and its description come in; the console report and the result file go out, through
//! writers that the caller gives. Prints nothing by itself and computes nothing that is not about presentation.
//!
//! The reference's lines and keys come first and are the reference's to the byte; ours stand apart, after them.

mod args;
mod compare;
mod csv;
mod details;
mod draft;
pub mod evalscope;
mod files;
mod format;
mod markdown;
mod names;
mod outline;
mod output;
mod page;
mod place;
mod screen;
pub mod study;
mod table;
mod vllm;

pub use args::OutputArgs;
pub use compare::Comparison;
pub use files::{Files, Written};
pub use format::Format;
pub use output::{Keep, Output, same};
pub use page::timeline::Thresholds;
pub use place::{Mode, Place};
pub use screen::Screen;
pub use table::table;
pub use vllm::charts::{Charts, Glyphs};
pub use vllm::read::{Number, Stored};
pub use vllm::rebuild::{Held, Rebuilt};

use std::collections::HashMap;
use std::path::PathBuf;

use crate::measure::{Asked, Figure, Metric, Metrics, Verdict};
use crate::record::{Outcome, Run};

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
    /// Where people read it.
    pub screen: Screen,
    /// The files that hold its result.
    pub saved: &'a [PathBuf],
    /// Whether the result has the values of every request.
    pub detailed: bool,
}

impl Report<'_> {
    /// Every figure that the run has, as far as it was asked for.
    fn all_figures(&self) -> impl Iterator<Item = (Figure, f64)> {
        Figure::all(self.asked).into_iter().filter_map(|figure| Some((figure, figure.of(self.metrics)?)))
    }

    /// The causes of failures in the order of the first requests that failed by them, and how many did.
    fn causes(&self) -> Vec<(&str, u64)> {
        let (mut causes, mut places) = (Vec::<(&str, u64)>::new(), HashMap::new());
        for record in self.run.records.iter().filter(|record| record.outcome != Outcome::Done) {
            let cause = self.run.errors.of(record.id);
            let place = *places.entry(cause).or_insert_with(|| {
                causes.push((cause, 0));
                causes.len() - 1
            });
            causes[place].1 += 1;
        }
        causes
    }

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
