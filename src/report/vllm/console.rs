//! The report for people: charts if asked for, the reference's blocks to the byte, our sections where all is to be told, the closing
//! line, and what matters.

use std::io::{self, Write};

use super::labels::heading;
use super::lines::{Figures, Row, banner, figures};
use super::{blocks, charts, own, parts};
use crate::json::Value;
use crate::legible::legible;
use crate::measure::{Figure, Metric, Statistic};
use crate::report::Report;

/// Failures that are listed by their cause.
const LISTED_FAILURES: usize = 10;

/// The figures of the main block that stand before what was configured.
const REQUESTS: [&str; 2] = ["completed", "failed"];

/// Those after it.
const TOTALS: [&str; 11] = [
    "duration",
    "total_input_tokens",
    "total_output_tokens",
    "request_throughput",
    "input_sequence_throughput",
    "request_goodput",
    "output_throughput",
    "max_output_tokens_per_s",
    "max_concurrent_requests",
    "rtfx",
    "total_token_throughput",
];

impl Report<'_> {
    /// Writes the reference's report and what matters of the run; of one in which nothing succeeded only why.
    pub(in crate::report) fn brief(&self, out: &mut dyn Write) -> io::Result<()> {
        self.list_causes(out)?;
        if self.metrics.counts.completed > 0 {
            self.reference(out)?;
            parts::groups(self, out)?;
            writeln!(out, "{}", banner("", '='))?;
        }
        self.outline(out)
    }

    /// Writes all that there is to tell, and what matters of it at the end.
    pub(in crate::report) fn console(&self, out: &mut dyn Write) -> io::Result<()> {
        self.list_causes(out)?;
        self.reference(out)?;
        self.own_sections(out)?;
        parts::groups(self, out)?;
        writeln!(out, "{}", banner("", '='))?;
        self.outline(out)
    }

    /// Charts, if they were asked for, and what the reference tells.
    fn reference(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(glyphs) = self.screen.charts {
            charts::write(self, glyphs, out)?;
        }
        writeln!(out, "{}", banner(" Serving Benchmark Result ", '='))?;
        let setup = &self.run.setup;
        let rate = Some(setup.request_rate).filter(|rate| rate.is_finite());
        main_block(self.metrics, Configured { limit: setup.max_concurrency.map(u64::from), rate }, out)?;
        if self.asked.cached_tokens {
            let cached = self.run.answers.cached_tokens.map_or(Value::Null, Value::Int);
            Row::labelled("Total cached tokens", cached).write(out)?;
        }
        blocks::probes(self.metrics).map_or(Ok(()), |probes| probes.write(out))?;
        for metric in self.shown() {
            self.latency(metric, out)?;
        }
        let positions = self.metrics.speculation.as_ref().map_or(&[][..], |speculation| &speculation.per_position);
        decoding(self.metrics, positions, out)
    }

    /// The first causes of failures, and how many requests failed by each.
    fn list_causes(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, (cause, count)) in self.causes().into_iter().take(LISTED_FAILURES).enumerate() {
            if index == 0 {
                writeln!(out, "Failed requests during benchmark run detected (capping to {LISTED_FAILURES}):")?;
            }
            let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
            writeln!(out, "Error {index}: {}{times}", legible(cause))?;
        }
        Ok(())
    }

    fn latency(&self, metric: Metric, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", banner(heading(metric), '-'))?;
        let percentiles = self.asked.percentiles.iter().map(|p| Statistic::Percentile(*p));
        // The reference shows zeros where nothing was measured, and those look excellent: here they are `n/a`.
        [Statistic::Mean, Statistic::Median]
            .into_iter()
            .chain(percentiles)
            .try_for_each(|statistic| Row::figure(Figure::Latency(metric, statistic), self.metrics).write(out))
    }

    fn own_sections(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, own) in own::sections(self).into_iter().enumerate() {
            writeln!(out, "{}", banner(own.title, '-'))?;
            if index == 0 && self.metrics.counts.completed == 0 {
                writeln!(out, "No request succeeded, so there are no latencies.")?;
            }
            own.rows.iter().try_for_each(|row| row.write(out))?;
        }
        Ok(())
    }
}

/// What was configured, as far as the main block shows it.
pub(super) struct Configured {
    /// Requests in flight at most, if there was a limit.
    pub(super) limit: Option<u64>,
    /// Requests a second, if they were not all sent at once.
    pub(super) rate: Option<f64>,
}

/// Writes the first rows, without those of which there is nothing.
pub(super) fn main_block(known: &impl Figures, configured: Configured, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = figures(&REQUESTS, known);
    let limit = configured.limit.map(Value::Int);
    rows.extend(limit.map(|limit| Row::labelled("Maximum request concurrency", limit)));
    let rate = configured.rate.map(Value::Float);
    rows.extend(rate.map(|rate| Row::labelled("Request rate configured (RPS)", rate)));
    rows.extend(figures(&TOTALS, known));
    rows.iter().filter(|row| row.value != Value::Null).try_for_each(|row| row.write(out))
}

/// Writes what the server counted while it decoded, and the share of drafts whose token at each position was accepted; of diffusion
/// and speculation the first, as both are stored but one is shown.
pub(super) fn decoding(known: &impl Figures, positions: &[f64], out: &mut dyn Write) -> io::Result<()> {
    if let Some(diffusion) = blocks::diffusion(known) {
        return diffusion.write(out);
    }
    let Some(speculation) = blocks::speculation(known) else { return Ok(()) };
    speculation.write(out)?;
    if !positions.is_empty() {
        writeln!(out, "Per-position acceptance (%):")?;
    }
    positions.iter().enumerate().try_for_each(|(position, rate)| {
        Row::labelled(format!("  Position {position}"), Value::Float(rate * 100.0)).write(out)
    })
}
