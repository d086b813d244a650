//! The report for people: charts if asked for, the reference's blocks to the byte, then our sections, then the closing line.

use std::io::{self, Write};

use super::{Report, blocks, chart, own, parts};
use crate::json::Value;
use crate::measure::Metric;
use crate::record::{Outcome, Task};

const WIDTH: usize = 50;

/// Failures that are listed by their cause.
const LISTED_FAILURES: usize = 10;

impl Report<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn console(&self, out: &mut dyn Write) -> io::Result<()> {
        self.causes(out)?;
        if let Some(glyphs) = self.charts {
            chart::write(self, glyphs, out)?;
        }
        writeln!(out, "{}", banner(" Serving Benchmark Result ", '='))?;
        self.main_block(out)?;
        blocks::probes(self).map_or(Ok(()), |probes| section(out, &probes))?;
        for metric in self.shown() {
            self.latency(metric, out)?;
        }
        self.decoding(out)?;
        self.own_sections(out)?;
        parts::adapters(self, out)?;
        writeln!(out, "{}", banner("", '='))
    }

    /// The first failures in request order, by their cause.
    fn causes(&self, out: &mut dyn Write) -> io::Result<()> {
        let failed = self.run.records.iter().filter(|record| record.outcome != Outcome::Done);
        for (index, record) in failed.take(LISTED_FAILURES).enumerate() {
            if index == 0 {
                writeln!(out, "Failed requests during benchmark run detected (capping to {LISTED_FAILURES}):")?;
            }
            writeln!(out, "Error {index}: {}", self.run.errors.of(record.id))?;
        }
        Ok(())
    }

    fn main_block(&self, out: &mut dyn Write) -> io::Result<()> {
        let (setup, metrics) = (&self.run.setup, self.metrics);
        let pooling = setup.task == Task::Pooling;
        let tokens = !pooling && metrics.counts_tokens;
        let int = |value: u64| Some(Value::Int(value));
        let float = |value: f64| Some(Value::Float(value));
        let rows = [
            ("Successful requests:", int(metrics.counts.completed)),
            ("Failed requests:", int(metrics.counts.failed)),
            ("Maximum request concurrency:", setup.max_concurrency.and_then(|limit| int(limit.into()))),
            ("Request rate configured (RPS):", float(setup.request_rate).filter(|_| setup.request_rate.is_finite())),
            ("Benchmark duration (s):", float(self.run.duration.as_secs_f64())),
            ("Total input tokens:", int(metrics.counts.input_tokens)),
            ("Total generated tokens:", int(metrics.counts.output_tokens).filter(|_| tokens)),
            ("Request throughput (req/s):", float(metrics.rates.requests)),
            ("Input throughput (inputs/s):", float(metrics.rates.inputs).filter(|_| pooling)),
            ("Request goodput (req/s):", metrics.rates.good.and_then(float).filter(|_| !pooling)),
            ("Output token throughput (tok/s):", float(metrics.rates.output_tokens).filter(|_| tokens)),
            (
                "Peak output token throughput (tok/s):",
                float(metrics.peaks.chunks_in_a_bucket as f64).filter(|_| tokens),
            ),
            ("Peak concurrent requests:", float(metrics.peaks.concurrent_in_a_bucket as f64).filter(|_| !pooling)),
            ("RTFx (Inverse Real-Time Factor):", float(metrics.rates.sound).filter(|_| metrics.rates.sound > 0.0)),
            ("Total token throughput (tok/s):", float(metrics.rates.total_tokens).filter(|_| tokens)),
            ("Total token throughput (tok/s):", float(metrics.rates.input_tokens).filter(|_| pooling)),
        ];
        rows.iter()
            .filter_map(|(label, value)| value.as_ref().map(|value| (label, value)))
            .try_for_each(|(label, value)| row(out, label, value))
    }

    fn latency(&self, metric: Metric, out: &mut dyn Write) -> io::Result<()> {
        let summary = self.metrics.latency.metric(metric);
        let (title, word) = heading(metric);
        writeln!(out, "{}", banner(title, '-'))?;
        // The reference shows zeros where nothing was measured, and those look excellent.
        let measured = self.metrics.measured(metric);
        let ms = |seconds: f64| Value::maybe(measured.then_some(seconds * 1000.0));
        row(out, &format!("Mean {word} (ms):"), &ms(summary.mean))?;
        row(out, &format!("Median {word} (ms):"), &ms(summary.median))?;
        summary.percentiles.iter().try_for_each(|(p, seconds)| row(out, &format!("P{p} {word} (ms):"), &ms(*seconds)))
    }

    /// What the server counted while it decoded; of diffusion and speculation the first, as both are stored but one is shown.
    fn decoding(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(diffusion) = blocks::diffusion(self) {
            return section(out, &diffusion);
        }
        let Some((speculation, rates)) = blocks::speculation(self) else { return Ok(()) };
        section(out, &speculation)?;
        if !rates.is_empty() {
            writeln!(out, "Per-position acceptance (%):")?;
        }
        rates
            .iter()
            .enumerate()
            .try_for_each(|(position, rate)| row(out, &format!("  Position {position}:"), &Value::Float(rate * 100.0)))
    }

    fn own_sections(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, own) in own::sections(self).into_iter().enumerate() {
            writeln!(out, "{}", banner(own.title, '-'))?;
            if index == 0 && self.metrics.counts.completed == 0 {
                writeln!(out, "No request succeeded, so there are no latencies.")?;
            }
            rows(out, &own)?;
        }
        Ok(())
    }
}

/// What stands over a latency's section, and in its rows.
pub(super) fn heading(metric: Metric) -> (&'static str, &'static str) {
    match metric {
        Metric::Ttft => ("Time to First Token", "TTFT"),
        Metric::Tpot => ("Time per Output Token (excl. 1st token)", "TPOT"),
        Metric::Itl => ("Inter-token Latency", "ITL"),
        Metric::E2el => ("End-to-end Latency", "E2EL"),
        Metric::ClientQueueTime => ("Client-side Queueing", "Client Queue Time"),
        Metric::E2elIncludingClientQueue => ("Queue-inclusive End-to-end Latency", "E2EL incl. Client Queue"),
    }
}

/// A section with its banner.
fn section(out: &mut dyn Write, section: &own::Section) -> io::Result<()> {
    writeln!(out, "{}", banner(section.title, '-'))?;
    rows(out, section)
}

fn rows(out: &mut dyn Write, section: &own::Section) -> io::Result<()> {
    let mut labelled = section.rows.iter().filter_map(|row| Some((row.label.as_ref()?, &row.value)));
    labelled.try_for_each(|(label, value)| row(out, label, value))
}

/// `title` in the middle of a line of `fill`; an odd one goes to the right.
pub(super) fn banner(title: &str, fill: char) -> String {
    let space = WIDTH.saturating_sub(title.chars().count());
    let side = |count: usize| fill.to_string().repeat(count);
    format!("{}{title}{}", side(space / 2), side(space - space / 2))
}

/// A label in 40 columns and a value in 10; floats with two decimals, `n/a` for what there is none of.
fn row(out: &mut dyn Write, label: &str, value: &Value) -> io::Result<()> {
    match value {
        Value::Float(value) => writeln!(out, "{label:<40} {value:<10.2}"),
        Value::Int(value) => writeln!(out, "{label:<40} {value:<10}"),
        Value::Bool(value) => writeln!(out, "{label:<40} {value:<10}"),
        Value::Text(value) => writeln!(out, "{label:<40} {value:<10}"),
        Value::Null | Value::List(_) | Value::Object(_) => writeln!(out, "{label:<40} {:<10}", "n/a"),
    }
}
