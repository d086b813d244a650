//! What is told of a part of the run: its steady window, its adapters, what the server's cache gave. A report comes in; rows and
//! a table for people and values for the result go out.

use std::io::{self, Write};

use super::Report;
use super::console::banner;
use super::own::{Row, Section};
use super::table::{number, table};
use crate::json::Value;
use crate::measure::{Adapter, Metric, Summary};
use crate::record::Task;

/// The steady window, for the console; the result has it as an object.
pub(super) fn steady(report: &Report) -> Option<Section> {
    let steady = report.metrics.steady.as_ref()?;
    let row = |label: &str, value: Value| Row { key: None, label: Some(label.to_owned()), value };
    let mut rows = vec![
        row("Steady window, from (s):", Value::Float(steady.start.as_secs_f64())),
        row("Steady window, length (s):", Value::Float(steady.duration())),
        row("Requests within:", Value::Int(steady.requests)),
        row("Request throughput (req/s):", Value::Float(steady.request_rate)),
    ];
    if report.run.setup.task == Task::Generation {
        rows.push(row("Output token throughput (tok/s):", Value::Float(steady.output_token_rate)));
    }
    for Part { name, summary, known } in latencies(report, [&steady.ttft, &steady.tpot, &steady.e2el]) {
        let name = name.to_uppercase();
        rows.push(row(&format!("Mean {name} (ms):"), ms(known, summary.mean)));
        rows.extend(summary.percentiles.iter().map(|(p, at)| row(&format!("P{p} {name} (ms):"), ms(known, *at))));
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
        ("completed".to_owned(), Value::Int(steady.requests)),
        ("request_throughput".to_owned(), Value::Float(steady.request_rate)),
    ];
    if report.run.setup.task == Task::Generation {
        entries.push(("output_throughput".to_owned(), Value::Float(steady.output_token_rate)));
    }
    for Part { name, summary, known } in latencies(report, [&steady.ttft, &steady.tpot, &steady.e2el]) {
        let figures = [("mean", summary.mean), ("median", summary.median), ("std", summary.std)];
        entries.extend(figures.map(|(figure, value)| (format!("{figure}_{name}_ms"), ms(known, value))));
        let percentiles = summary.percentiles.iter();
        entries.extend(percentiles.map(|(p, value)| (format!("p{p}_{name}_ms"), ms(known, *value))));
    }
    Value::Object(entries)
}

/// A latency of a part of the run.
struct Part<'a> {
    name: &'static str,
    summary: &'a Summary,
    /// Whether it was measured.
    known: bool,
}

/// TTFT, TPOT and E2EL of a part of the run, without those that mean nothing for its task.
fn latencies<'a>(report: &Report, of_part: [&'a Summary; 3]) -> Vec<Part<'a>> {
    let named = [Metric::Ttft, Metric::Tpot, Metric::E2el].into_iter().zip(of_part);
    let meant = named.filter(|(metric, _)| report.metrics.has(*metric));
    let part = |(metric, summary): (Metric, &'a Summary)| {
        let known = !summary.is_empty() && report.metrics.measured(metric);
        Part { name: metric.name(), summary, known }
    };
    meant.map(part).collect()
}

fn ms(known: bool, seconds: f64) -> Value {
    Value::maybe(known.then_some(seconds * 1000.0))
}

/// What the server's prefix cache gave, where it counts.
pub(super) fn prefix_cache(report: &Report) -> Option<Section> {
    let cache = report.metrics.prefix_cache?;
    let rate = (cache.queries > 0).then(|| cache.hits as f64 / cache.queries as f64 * 100.0);
    let rows = vec![
        Row::new("prefix_cache_queries", "Prompt tokens looked up:", Value::Int(cache.queries)),
        Row::new("prefix_cache_hits", "Prompt tokens found:", Value::Int(cache.hits)),
        Row::new("prefix_cache_hit_rate", "Hit rate (%):", Value::maybe(rate)),
    ];
    Some(Section { title: "Prefix Cache of the Server", rows })
}

/// The table of adapters, if requests were spread over some.
pub(super) fn adapters(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let adapters = &report.metrics.adapters;
    let Some(first) = adapters.first() else { return Ok(()) };
    let generates = report.run.setup.task == Task::Generation;
    let mut head = vec!["adapter".to_owned(), "requests".into(), "failed".into()];
    head.extend(generates.then(|| "out tok/s".into()));
    let names = latencies_of(report, first).into_iter().map(|part| part.name.to_uppercase());
    head.extend(names.flat_map(|name| [format!("{name} mean"), format!("{name} p99")]));
    let row = |adapter: &Adapter| {
        let mut cells = vec![adapter.name.clone(), adapter.requests.to_string(), adapter.failed.to_string()];
        cells.extend(generates.then(|| number(Some(adapter.output_token_rate))));
        let figures = latencies_of(report, adapter).into_iter().flat_map(|Part { summary, known, .. }| {
            [summary.mean, p99(summary)].map(|seconds| number(known.then_some(seconds * 1000.0)))
        });
        cells.extend(figures);
        cells
    };
    writeln!(out, "{}", banner("Adapters (latencies in ms)", '-'))?;
    table(out, &head, &adapters.iter().map(row).collect::<Vec<_>>())
}

/// The adapters for the result: an object by name.
pub(super) fn adapter_values(report: &Report) -> Value {
    let one = |adapter: &Adapter| {
        let mut entries = vec![
            ("requests".to_owned(), Value::Int(adapter.requests)),
            ("failed".to_owned(), Value::Int(adapter.failed)),
        ];
        if report.run.setup.task == Task::Generation {
            entries.push(("output_throughput".to_owned(), Value::Float(adapter.output_token_rate)));
        }
        for Part { name, summary, known } in latencies_of(report, adapter) {
            entries.push((format!("mean_{name}_ms"), ms(known, summary.mean)));
            entries.push((format!("p99_{name}_ms"), ms(known, p99(summary))));
        }
        (adapter.name.clone(), Value::Object(entries))
    };
    Value::Object(report.metrics.adapters.iter().map(one).collect())
}

fn latencies_of<'a>(report: &Report, adapter: &'a Adapter) -> Vec<Part<'a>> {
    latencies(report, [&adapter.ttft, &adapter.tpot, &adapter.e2el])
}

fn p99(summary: &Summary) -> f64 {
    summary.percentile(99.0).unwrap_or_default()
}
