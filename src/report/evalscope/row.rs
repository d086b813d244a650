//! All that EvalScope says of one point, in numbers: a report comes in, a [`Row`] goes out that needs the run no more.

use std::collections::HashMap;

use super::rank::Spread;
use super::workload::{self, Workload};
use crate::json::Value;
use crate::measure::{Metric, e2el, ttft};
use crate::record::{Outcome, Part, Record, Run, Setup, Task};
use crate::report::Report;

/// The figures of one point: what its tables and files are made of. What was not measured is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the requests asked for.
    pub task: Task,
    /// From the first request that was sent to the last answer, in seconds.
    pub duration: f64,
    /// The limit of requests in flight; `None` in an open loop.
    pub concurrency: Option<u32>,
    /// Requests a second that were asked for; `None` where each was sent as soon as it could be.
    pub rate: Option<f64>,
    /// Requests that were sent.
    pub total: u64,
    /// Those of them that succeeded.
    pub success: u64,
    /// Whether answers were asked for piece by piece.
    pub streamed: bool,
    /// Tokens of the prompts of successful requests.
    pub input_tokens: u64,
    /// Tokens of the answers of successful requests.
    pub output_tokens: u64,
    /// Last output - sent, in seconds.
    pub latency: Option<Spread>,
    /// First output - sent, in seconds.
    pub ttft: Option<Spread>,
    /// Gaps between pieces of output, in seconds.
    pub itl: Option<Spread>,
    /// Seconds a token after the first, of answers with more than one.
    pub tpot: Option<Spread>,
    /// Tokens of a prompt.
    pub input: Option<Spread>,
    /// Tokens of an answer.
    pub output: Option<Spread>,
    /// Output tokens of a request a second of its latency.
    pub output_rate: Option<Spread>,
    /// Prompt tokens of a request a second of its latency.
    pub input_rate: Option<Spread>,
    /// Tokens of a request a second of its latency.
    pub total_rate: Option<Spread>,
    /// Tokens after the first a second between first and last output.
    pub decode_rate: Option<Spread>,
    /// Output tokens after the first a piece of output after the first.
    pub tokens_a_piece: Option<f64>,
    /// Tokens over time.
    pub workload: Option<Workload>,
    /// How long the client itself kept requests or answers waiting at the 99th percentile, over the usual time to the first
    /// output; `None` where it is not known.
    pub late: Option<f64>,
    /// Whether the server fell behind the rate at which it was asked.
    pub overloaded: bool,
    /// Failures by class, most first.
    pub causes: Vec<(&'static str, u64)>,
}

impl Row {
    /// The figures of a point.
    pub fn of(report: &Report) -> Self {
        let (run, metrics) = (report.run, report.metrics);
        let setup = &run.setup;
        let generates = setup.task == Task::Generation;
        let whole = option(setup, "stream") == Some(&Value::Bool(false));
        let streamed = generates && !whole && option(setup, "no_stream_response") != Some(&Value::Bool(true));
        let counted = generates && metrics.counts_tokens;
        let over = |of: &dyn Fn(&Record) -> f64| Spread::of(done(run).map(of));
        let when = |wanted: bool, of: &dyn Fn(&Record) -> f64| if wanted { over(of) } else { None };
        let tpot = |record: &Record| match record.output_tokens {
            0 | 1 => f64::NAN,
            tokens => (e2el(record) - ttft(record)) / f64::from(tokens - 1),
        };
        Row {
            task: setup.task,
            duration: duration(run),
            concurrency: setup.max_concurrency,
            rate: Some(setup.request_rate).filter(|rate| rate.is_finite() && setup.ramp.is_none()),
            total: run.records.len() as u64,
            success: metrics.counts.completed,
            streamed,
            input_tokens: metrics.counts.input_tokens,
            output_tokens: metrics.counts.output_tokens,
            latency: over(&e2el),
            ttft: when(streamed, &ttft),
            itl: if streamed { Spread::of_gaps(&run.gaps, metrics.latency.itl.mean) } else { None },
            tpot: when(streamed && metrics.has(Metric::Tpot) && metrics.measured(Metric::Tpot), &tpot),
            input: over(&|record| f64::from(record.input_tokens)),
            output: when(counted, &|record| f64::from(record.output_tokens)),
            output_rate: when(counted, &|record| f64::from(record.output_tokens) / e2el(record)),
            input_rate: when(!generates, &|record| f64::from(record.input_tokens) / e2el(record)),
            total_rate: when(counted, &|record| {
                (f64::from(record.input_tokens) + f64::from(record.output_tokens)) / e2el(record)
            }),
            decode_rate: when(streamed && counted, &|record| 1.0 / tpot(record)),
            tokens_a_piece: tokens_a_piece(run).filter(|_| streamed && counted),
            workload: Workload::of(run).filter(|_| counted || !generates),
            late: late(report),
            overloaded: metrics.overload.is_some(),
            causes: causes(report),
        }
    }

    /// Requests that failed.
    pub fn failed(&self) -> u64 {
        self.total - self.success
    }

    /// A count by the second; `None` where no time passed.
    fn by_second(&self, count: u64) -> Option<f64> {
        (self.duration > 0.0 && self.success > 0).then(|| count as f64 / self.duration)
    }

    /// Successful requests a second.
    pub fn requests(&self) -> Option<f64> {
        self.by_second(self.success)
    }

    /// Tokens of answers a second; `None` for requests without.
    pub fn output_throughput(&self) -> Option<f64> {
        self.output.and_then(|_| self.by_second(self.output_tokens))
    }

    /// Tokens of prompts a second.
    pub fn input_throughput(&self) -> Option<f64> {
        self.by_second(self.input_tokens)
    }

    /// Tokens a second; `None` for requests without answers of tokens.
    pub fn total_throughput(&self) -> Option<f64> {
        self.output.and_then(|_| self.by_second(self.input_tokens + self.output_tokens))
    }

    /// Successful requests in percent of all; `None` where there is none.
    pub fn success_rate(&self) -> Option<f64> {
        (self.total > 0).then(|| self.success as f64 / self.total as f64 * 100.0)
    }

    /// Whether pieces of output hold several tokens, as where drafts are accepted: only then the reference says how many.
    pub(super) fn speculates(&self) -> bool {
        self.tokens_a_piece.is_some_and(|tokens| tokens > 1.0)
    }

    /// What share of drafts that says was accepted: 1 - 1 / tokens a piece.
    pub(super) fn acceptance(&self) -> Option<f64> {
        self.tokens_a_piece.map(|tokens| 1.0 - 1.0 / tokens)
    }
}

/// Whether these points ask for vectors or scores.
pub(super) fn pools(rows: &[Row]) -> bool {
    rows.iter().all(|row| row.task == Task::Pooling)
}

/// The successful requests.
fn done(run: &Run) -> impl Iterator<Item = &Record> {
    run.records.iter().filter(|record| record.outcome == Outcome::Done)
}

/// The option of this name, if the command has it.
fn option<'a>(setup: &'a Setup, name: &str) -> Option<&'a Value> {
    setup.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// First start to last completion, of all requests; as the run has it, where single requests do not say.
fn duration(run: &Run) -> f64 {
    let end = run.records.iter().map(|record| record.end).max();
    let span = workload::start(run).zip(end).map(|(start, end)| end.since(start) as f64 / 1e9);
    span.filter(|span| *span > 0.0).unwrap_or_else(|| run.duration.as_secs_f64())
}

fn tokens_a_piece(run: &Run) -> Option<f64> {
    let several = done(run).filter(|record| record.chunks > 1 && record.output_tokens > 0);
    let (tokens, pieces) = several.fold((0_u64, 0_u64), |(tokens, pieces), record| {
        (tokens + u64::from(record.output_tokens - 1), pieces + u64::from(record.chunks - 1))
    });
    (pieces > 0).then(|| tokens as f64 / pieces as f64)
}

/// The larger of how late the client sent and how late it read, at the 99th percentile, over the median time to first output.
fn late(report: &Report) -> Option<f64> {
    let (schedule, latency) = (&report.metrics.schedule, &report.metrics.latency);
    let usual = if latency.ttft.is_empty() || latency.ttft.median == 0.0 { &latency.e2el } else { &latency.ttft };
    let waits = [&schedule.lateness, &schedule.lag].into_iter().filter(|summary| !summary.is_empty());
    let worst = waits.filter_map(|summary| summary.percentile(99.0)).reduce(f64::max)?;
    (usual.median > 0.0).then(|| worst / usual.median)
}

fn causes(report: &Report) -> Vec<(&'static str, u64)> {
    let mut counts = HashMap::new();
    for record in report.run.records.iter().filter(|_| report.run.knows(Part::Classes)) {
        if let Outcome::Failed(failure) = record.outcome {
            *counts.entry(failure.class()).or_insert(0) += 1;
        }
    }
    let mut causes: Vec<_> = counts.into_iter().collect();
    causes.sort_by(|(name, count), (other, more)| more.cmp(count).then(name.cmp(other)));
    causes
}
