//! Parts of a report that are about a part of the run: its steady window, its adapters, what the server's cache gave. As rows,
//! as values of the result, and as a table for people.

use std::io::{self, Write};

use super::Report;
use super::console::banner;
use super::encode::Value;
use super::own::{Row, Section};
use crate::measure::{Adapter, Steady, Summary};

/// A column of the table of adapters: its heading, its width, and what stands in it.
type Column = (&'static str, usize, fn(&Adapter) -> String);

/// The columns after the name.
const COLUMNS: [Column; 9] = [
    ("requests", 8, |adapter| adapter.requests.to_string()),
    ("failed", 6, |adapter| adapter.failed.to_string()),
    ("out tok/s", 10, |adapter| format!("{:.2}", adapter.output_token_rate)),
    ("TTFT mean", 10, |adapter| mean(&adapter.ttft)),
    ("TTFT p99", 10, |adapter| p99(&adapter.ttft)),
    ("TPOT mean", 10, |adapter| mean(&adapter.tpot)),
    ("TPOT p99", 10, |adapter| p99(&adapter.tpot)),
    ("E2EL mean", 10, |adapter| mean(&adapter.e2el)),
    ("E2EL p99", 10, |adapter| p99(&adapter.e2el)),
];

/// What an empty summary has in a table.
const NONE: &str = "n/a";

/// The steady window, for the console; the result has it as an object.
pub(super) fn steady(report: &Report) -> Option<Section> {
    let steady = report.metrics.steady.as_ref()?;
    let row = |label: &str, value: Value| Row { key: None, label: Some(label.to_owned()), value };
    let mut rows = vec![
        row("Steady window, from (s):", Value::Float(steady.start.as_secs_f64())),
        row("Steady window, length (s):", Value::Float(steady.duration())),
        row("Requests within:", Value::Int(steady.requests)),
        row("Request throughput (req/s):", Value::Float(steady.request_rate)),
        row("Output token throughput (tok/s):", Value::Float(steady.output_token_rate)),
    ];
    for (name, summary) in latencies(steady) {
        let name = name.to_uppercase();
        rows.push(row(&format!("Mean {name} (ms):"), ms(summary, summary.mean)));
        rows.extend(summary.percentiles.iter().map(|(p, at)| row(&format!("P{p} {name} (ms):"), ms(summary, *at))));
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
        ("output_throughput".to_owned(), Value::Float(steady.output_token_rate)),
    ];
    for (name, summary) in latencies(steady) {
        let figures = [("mean", summary.mean), ("median", summary.median), ("std", summary.std)];
        entries.extend(figures.map(|(figure, value)| (format!("{figure}_{name}_ms"), ms(summary, value))));
        let percentiles = summary.percentiles.iter();
        entries.extend(percentiles.map(|(p, value)| (format!("p{p}_{name}_ms"), ms(summary, *value))));
    }
    Value::Object(entries)
}

fn latencies(steady: &Steady) -> [(&'static str, &Summary); 3] {
    [("ttft", &steady.ttft), ("tpot", &steady.tpot), ("e2el", &steady.e2el)]
}

fn ms(summary: &Summary, seconds: f64) -> Value {
    Value::maybe((!summary.is_empty()).then_some(seconds * 1000.0))
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
    if adapters.is_empty() {
        return Ok(());
    }
    let names = adapters.iter().map(|adapter| adapter.name.chars().count());
    let width = names.max().unwrap_or(0).max("adapter".len());
    writeln!(out, "{}", banner("Adapters (latencies in ms)", '-'))?;
    write!(out, "{:<width$}", "adapter")?;
    COLUMNS.iter().try_for_each(|(title, width, _)| write!(out, " {title:>width$}"))?;
    for adapter in adapters {
        write!(out, "\n{:<width$}", adapter.name)?;
        COLUMNS.iter().try_for_each(|(_, width, cell)| write!(out, " {:>width$}", cell(adapter)))?;
    }
    writeln!(out)
}

/// The adapters for the result: an object by name.
pub(super) fn adapter_values(report: &Report) -> Value {
    let one = |adapter: &Adapter| {
        let mut entries = vec![
            ("requests".to_owned(), Value::Int(adapter.requests)),
            ("failed".to_owned(), Value::Int(adapter.failed)),
            ("output_throughput".to_owned(), Value::Float(adapter.output_token_rate)),
        ];
        for (name, summary) in [("ttft", &adapter.ttft), ("tpot", &adapter.tpot), ("e2el", &adapter.e2el)] {
            entries.push((format!("mean_{name}_ms"), ms(summary, summary.mean)));
            entries.push((format!("p99_{name}_ms"), ms(summary, summary.percentile(99.0).unwrap_or_default())));
        }
        (adapter.name.clone(), Value::Object(entries))
    };
    Value::Object(report.metrics.adapters.iter().map(one).collect())
}

fn mean(summary: &Summary) -> String {
    shown(summary, summary.mean)
}

fn p99(summary: &Summary) -> String {
    shown(summary, summary.percentile(99.0).unwrap_or_default())
}

fn shown(summary: &Summary, seconds: f64) -> String {
    if summary.is_empty() { NONE.to_owned() } else { format!("{:.2}", seconds * 1000.0) }
}
