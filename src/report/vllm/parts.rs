//! What is told of a part of the run: its steady window, its adapters. A report comes in; rows and a table for people and values
//! for the result go out. Figures of a part go by the names that they have in the whole run.

use std::io::{self, Write};

use super::labels::word;
use super::lines::{Row, Section, banner};
use crate::json::Value;
use crate::legible::legible;
use crate::measure::{
    COMPLETED, FAILED, Figure, Group, Metric, OUTPUT_THROUGHPUT, REQUEST_THROUGHPUT, Statistic, Summary,
};
use crate::record::Task;
use crate::report::Report;
use crate::report::table::{number, table};

/// What is told of an adapter's latencies.
const OF_GROUP: [Statistic; 2] = [Statistic::Mean, Statistic::Percentile(99.0)];

/// The steady window, for the console; the result has it as an object.
pub(super) fn steady(report: &Report) -> Option<Section> {
    let steady = report.metrics.steady.as_ref()?;
    // In words of their own: scripts look for the labels of the whole run.
    let plain = |name: &str, value| Row::labelled(format!("Steady: {name}"), value);
    let mut rows = vec![
        Row::labelled("Steady window, from (s)", Value::Float(steady.start.as_secs_f64())),
        Row::labelled("Steady window, length (s)", Value::Float(steady.duration())),
        Row::labelled("Requests within", Value::Int(steady.requests)),
        plain("requests (req/s)", Value::Float(steady.request_rate)),
    ];
    if report.run.setup.task == Task::Generation {
        rows.push(plain("output tokens (tok/s)", Value::Float(steady.output_token_rate)));
    }
    for part in latencies(report, [&steady.ttft, &steady.tpot, &steady.e2el]) {
        let statistics = [Statistic::Mean].into_iter().chain(part.percentiles());
        let name = |statistic: Statistic| format!("{} {statistic} (ms)", word(part.metric));
        rows.extend(statistics.map(|statistic| plain(&name(statistic), part.value(statistic))));
    }
    Some(Section { title: "Steady State", rows })
}

/// The steady window for the result; null if there is none. Latencies are null where no request lies within it.
pub(super) fn steady_state(report: &Report) -> Value {
    let Some(steady) = &report.metrics.steady else { return Value::Null };
    let mut entries = vec![
        ("start".to_owned(), Value::Float(steady.start.as_secs_f64())),
        ("end".to_owned(), Value::Float(steady.end.as_secs_f64())),
        ("duration".to_owned(), Value::Float(steady.duration())),
        ("min_window".to_owned(), Value::Float(steady.least)),
        (COMPLETED.key.to_owned(), Value::Int(steady.requests)),
        (REQUEST_THROUGHPUT.key.to_owned(), Value::Float(steady.request_rate)),
    ];
    if report.run.setup.task == Task::Generation {
        entries.push((OUTPUT_THROUGHPUT.key.to_owned(), Value::Float(steady.output_token_rate)));
    }
    for part in latencies(report, [&steady.ttft, &steady.tpot, &steady.e2el]) {
        let statistics = [Statistic::Mean, Statistic::Median, Statistic::Std].into_iter().chain(part.percentiles());
        entries.extend(statistics.map(|statistic| (part.figure(statistic).key(), part.value(statistic))));
    }
    Value::Object(entries)
}

/// A latency of a part of the run.
struct Part<'a> {
    metric: Metric,
    summary: &'a Summary,
    /// Whether it was measured.
    known: bool,
}

impl Part<'_> {
    /// The percentiles that it has, in the order in which they were asked for.
    fn percentiles(&self) -> impl Iterator<Item = Statistic> {
        self.summary.percentiles.iter().map(|(p, _)| Statistic::Percentile(*p))
    }

    /// What a statistic of it is called.
    fn figure(&self, statistic: Statistic) -> Figure {
        Figure::Latency(self.metric, statistic)
    }

    /// A statistic of it, in milliseconds.
    fn millis(&self, statistic: Statistic) -> Option<f64> {
        statistic.of(self.summary).filter(|_| self.known).map(|seconds| seconds * 1000.0)
    }

    fn value(&self, statistic: Statistic) -> Value {
        Value::maybe(self.millis(statistic))
    }
}

/// TTFT, TPOT and E2EL of a part of the run, without those that mean nothing for its task.
fn latencies<'a>(report: &Report, of_part: [&'a Summary; 3]) -> Vec<Part<'a>> {
    let named = [Metric::Ttft, Metric::Tpot, Metric::E2el].into_iter().zip(of_part);
    let meant = named.filter(|(metric, _)| report.metrics.has(*metric));
    let part = |(metric, summary): (Metric, &'a Summary)| {
        let known = !summary.is_empty() && report.metrics.measured(metric);
        Part { metric, summary, known }
    };
    meant.map(part).collect()
}

/// The tables of adapters and of servers, where requests were spread over some.
pub(super) fn groups(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    of_groups(report, ("Adapters", "adapter"), &report.metrics.adapters, out)?;
    of_groups(report, ("Servers", "server"), &report.metrics.servers, out)
}

fn of_groups(report: &Report, (all, one): (&str, &str), groups: &[Group], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = groups.first() else { return Ok(()) };
    let generates = report.run.setup.task == Task::Generation;
    let mut head = vec![one.to_owned(), "requests".into(), "failed".into()];
    head.extend(generates.then(|| "out tok/s".into()));
    for part in latencies_of(report, first) {
        head.extend(OF_GROUP.map(|statistic| format!("{} {statistic}", word(part.metric))));
    }
    let row = |group: &Group| {
        let mut cells = vec![legible(&group.name).into_owned(), group.requests.to_string(), group.failed.to_string()];
        cells.extend(generates.then(|| number(Some(group.output_token_rate))));
        let parts = latencies_of(report, group).into_iter();
        cells.extend(parts.flat_map(|part| OF_GROUP.map(|statistic| number(part.millis(statistic)))));
        cells
    };
    writeln!(out, "{}", banner(&format!("{all} (latencies in ms)"), '-'))?;
    table(out, report.screen.columns(), &head, &groups.iter().map(row).collect::<Vec<_>>())
}

/// Groups for the result: an object by name.
pub(super) fn group_values(report: &Report, groups: &[Group]) -> Value {
    let one = |group: &Group| {
        let mut entries = vec![
            ("requests".to_owned(), Value::Int(group.requests)),
            (FAILED.key.to_owned(), Value::Int(group.failed)),
        ];
        if report.run.setup.task == Task::Generation {
            entries.push((OUTPUT_THROUGHPUT.key.to_owned(), Value::Float(group.output_token_rate)));
        }
        for part in latencies_of(report, group) {
            entries.extend(OF_GROUP.map(|statistic| (part.figure(statistic).key(), part.value(statistic))));
        }
        (group.name.clone(), Value::Object(entries))
    };
    Value::Object(groups.iter().map(one).collect())
}

fn latencies_of<'a>(report: &Report, group: &'a Group) -> Vec<Part<'a>> {
    latencies(report, [&group.ttft, &group.tpot, &group.e2el])
}
