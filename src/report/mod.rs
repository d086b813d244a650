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
mod figures;
mod files;
mod lettering;
mod own;
mod parts;
mod pytorch;
mod result;
mod series;
mod table;
mod timeline;
mod warnings;

pub use args::{Charts, Export, Mode, Output, OutputArgs, Save};
pub use beside::{Beside, Kind};
pub use chart::Glyphs;
pub use compare::Comparison;
pub use figures::Figure;
pub use files::{Files, Saved, result_name};
pub use series::{Series, SeriesPoint, SeriesRun, Swept};
pub use table::table;
pub use timeline::Thresholds;
pub use warnings::Warning;

use crate::measure::{Asked, Metric, Metrics};
use crate::record::{Run, Task};

/// Everything that a report is made from.
#[derive(Debug)]
pub struct Report<'a> {
    run: &'a Run,
    metrics: &'a Metrics,
    shown: Vec<Metric>,
    charts: Option<Glyphs>,
    warnings: Vec<Warning>,
}

impl<'a> Report<'a> {
    /// A report on `run` that shows the latencies `asked` for, where the run has what they are made from.
    pub fn new(run: &'a Run, metrics: &'a Metrics, asked: &Asked) -> Self {
        let wanted = Metric::ALL.into_iter().filter(|metric| asked.metrics.contains(metric));
        let (shown, missing): (Vec<_>, Vec<_>) = wanted.partition(|metric| has(*metric, run));
        let mut warnings = warnings::warnings(run, metrics);
        warnings.extend(missing.into_iter().map(warnings::missing));
        Report { run, metrics, shown, charts: None, warnings }
    }

    /// The same with charts of the run before the console report, drawn with these characters.
    #[must_use]
    pub fn with_charts(self, charts: Option<Glyphs>) -> Self {
        Report { charts, ..self }
    }

    /// Whether there is anything that this latency was made from. Where each answer came in one piece, nothing says how long a
    /// token took, though TPOT is defined.
    fn measured(&self, metric: Metric) -> bool {
        let latency = &self.metrics.latency;
        !latency.metric(metric).is_empty() && (metric != Metric::Tpot || !latency.itl.is_empty())
    }

    /// What a reader should know before trusting the numbers; printed by the caller, after the report.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Whether a latency means anything for this run. The last two are shown on the reference's conditions.
fn has(metric: Metric, run: &Run) -> bool {
    let setup = &run.setup;
    match metric {
        Metric::E2el => true,
        Metric::Ttft | Metric::Itl => setup.task == Task::Generation,
        Metric::Tpot => setup.task == Task::Generation && counts_tokens(run),
        Metric::ClientQueueTime => setup.max_concurrency.is_some(),
        Metric::E2elIncludingClientQueue => setup.max_concurrency.is_some() && setup.request_rate.is_finite(),
    }
}

/// Whether output tokens are known: all counted by the server, or a tokenizer at hand for the rest.
fn counts_tokens(run: &Run) -> bool {
    run.setup.tokenizer_id.is_some() || run.uncounted == 0
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
