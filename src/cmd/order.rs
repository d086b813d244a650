//! What the flags of `serve` come to, checked before anything is sent.

use crate::bench::Experiment;
use crate::measure::Asked;
use crate::report::Output;
use crate::sim;
use crate::study::Point;
use crate::ui::ProgressArgs;

/// What the flags come to: the experiment, and what is done with its run.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) experiment: Experiment,
    /// The server inside the process that is measured, if that is asked for.
    pub(super) sim: Option<sim::Config>,
    /// What is measured.
    pub(super) asked: Asked,
    /// The percentiles that the summary of several runs shows.
    pub(super) summary_percentiles: Vec<f64>,
    pub(super) output: Output,
    pub(super) progress: ProgressArgs,
}

/// Makes the order of a point from the flags as it changes them.
pub(super) type Make<'a> = &'a dyn Fn(&Point) -> crate::error::Result<Order>;
