//! The files of a point, as EvalScope's have them but for their digits: the current version's have all of them, the older ones'
//! four decimals, as old tables do.

use std::io::{self, Write};

use super::point::{ranks, spreads, workload};
use super::workload::{LAST, RAMP, points};
use super::{Profile, Row, classic_point};
use crate::json::{Value, text};
use crate::record::{Run, Setup, Task};

/// Whole numbers that may be below zero, which values hold as numbers with a fraction.
const SIGNED: [&str; 3] = ["Concurrency", "Number of concurrency", "parallel"];

/// Writes the figures of a point: `benchmark_summary.json`.
///
/// # Errors
/// If `out` cannot be written.
pub fn summary(row: &Row, profile: Profile, out: &mut dyn Write) -> io::Result<()> {
    let figures = match profile {
        Profile::Current => figures(row),
        Profile::Classic => classic_point::figures(row),
    };
    indented(&object(figures), out)
}

/// Writes the percentiles of a point: `benchmark_percentile.json`.
///
/// # Errors
/// If `out` cannot be written.
pub fn percentiles(row: &Row, profile: Profile, out: &mut dyn Write) -> io::Result<()> {
    let rows = match profile {
        Profile::Current => current_percentiles(row),
        Profile::Classic if row.latency.is_none() => Vec::new(),
        Profile::Classic => classic_point::percentiles(row),
    };
    indented(&Value::List(rows.into_iter().map(object).collect()), out)
}

/// Writes tokens a second of a point: `workload_throughput.json`.
///
/// # Errors
/// If `out` cannot be written.
pub fn throughput(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let of_row = |(label, [overall, last, steady]): (&str, [Option<f64>; 3])| {
        object([
            ("metric", Value::Text(label.to_owned())),
            ("overall", Value::maybe(overall)),
            ("last_window", Value::maybe(last)),
            ("steady_state", Value::maybe(steady)),
        ])
    };
    let rows = row.workload.map_or(Vec::new(), |tokens| workload(tokens.windows()).map(of_row).into());
    let file = object([
        ("n_samples", Value::Int(row.workload.map_or(0, |workload| workload.samples))),
        ("wall_time_s", Value::maybe(row.workload.map(|workload| workload.wall))),
        ("last_window_s", Value::Float(LAST)),
        ("warmup_frac", Value::Float(RAMP)),
        ("rows", Value::List(rows)),
    ]);
    indented(&file, out)
}

/// Writes the tokens of a point by each completion: `workload_timeline.json`. Times are in seconds since the first request.
///
/// # Errors
/// If `out` cannot be written.
pub fn timeline(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    // Where some were cached, it is not known which.
    let known = run.answers.cached_tokens.is_none_or(|cached| cached == 0);
    let count = |tokens: u64| if known { Value::Int(tokens) } else { Value::Null };
    let points = points(run).unwrap_or_default();
    let point = |point: super::workload::Point| {
        object([
            ("t", Value::Float(point.at)),
            ("cum_completion", Value::Int(point.completion)),
            ("cum_new_prompt", count(point.prompt)),
            ("cum_cached_prompt", count(0)),
        ])
    };
    let start = super::workload::start(run).map(crate::record::Tick::as_secs_f64);
    let points = Value::List(points.into_iter().map(point).collect());
    indented(&object([("wall_start", Value::maybe(start)), ("points", points)]), out)
}

/// Writes the options of the command as they came to be: `benchmark_args.json`.
///
/// # Errors
/// If `out` cannot be written.
pub fn args(setup: &Setup, out: &mut dyn Write) -> io::Result<()> {
    indented(&Value::Object(setup.options.clone()), out)
}

/// The figures of a point by the current version's keys, in order.
fn figures(row: &Row) -> Vec<(&'static str, Value)> {
    let mean = |spread: Option<super::Spread>, scale: f64| Value::maybe(spread.map(|spread| spread.mean * scale));
    let limit = row.concurrency.map_or(Value::Float(-1.0), |limit| Value::Int(limit.into()));
    let generates = row.task == Task::Generation;
    let streamed = if row.streamed { row.total } else { 0 };
    let mut figures = vec![
        ("Test Duration (s)", Value::Float(row.duration)),
        ("Concurrency", limit),
        ("Request Rate (req/s)", Value::Float(row.rate.unwrap_or(-1.0))),
        ("Total Requests", Value::Int(row.total)),
        ("Success Requests", Value::Int(row.success)),
        ("Failed Requests", Value::Int(row.failed())),
    ];
    if generates {
        figures.push(("Stream Requests", Value::Int(streamed)));
        figures.push(("Non-Stream Requests", Value::Int(row.total - streamed)));
    }
    figures.extend([
        ("Req Throughput (req/s)", Value::maybe(row.requests())),
        ("Avg Latency (s)", mean(row.latency, 1.0)),
        ("Avg Input Tokens", mean(row.input, 1.0)),
    ]);
    if generates {
        figures.push(("Output Throughput (tok/s)", Value::maybe(row.output_throughput())));
        figures.push(("Total Throughput (tok/s)", Value::maybe(row.total_throughput())));
        if row.streamed {
            figures.push(("Avg TTFT (ms)", mean(row.ttft, 1000.0)));
            figures.push(("Avg TPOT (ms)", mean(row.tpot, 1000.0)));
            figures.push(("Avg ITL (ms)", mean(row.itl, 1000.0)));
        }
        figures.push(("Avg Output Tokens", mean(row.output, 1.0)));
    }
    figures.push(("Input Throughput (tok/s)", Value::maybe(row.input_throughput())));
    if row.speculates() {
        figures.push(("Avg Decoded Tok/Iter", Value::maybe(row.tokens_a_piece)));
        figures.push(("Spec. Accept Rate", Value::maybe(row.acceptance())));
    }
    figures
}

fn current_percentiles(row: &Row) -> Vec<Vec<(&'static str, Value)>> {
    let spreads = spreads(row);
    let values: Vec<Vec<f64>> =
        spreads.iter().map(|(_, spread, shape)| spread.listed().map(|value| value * shape.scale).collect()).collect();
    let at = |(place, label): (usize, String)| {
        let values = spreads.iter().zip(&values).map(|((key, ..), values)| (*key, Value::Float(values[place])));
        std::iter::once(("Percentiles", Value::Text(label))).chain(values).collect()
    };
    let ranks = if spreads.is_empty() { Vec::new() } else { ranks() };
    ranks.into_iter().enumerate().map(at).collect()
}

fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Writes a value over several lines, four blanks a level, without an end: as `json.dumps(indent=4)` does.
fn indented(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    level(value, 0, out)
}

fn level(value: &Value, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let line = |out: &mut dyn Write, first: bool, depth: usize| {
        write!(out, "{}\n{}", if first { "" } else { "," }, "    ".repeat(depth))
    };
    match value {
        Value::List(values) if !values.is_empty() => {
            write!(out, "[")?;
            for (index, value) in values.iter().enumerate() {
                line(out, index == 0, depth + 1)?;
                level(value, depth + 1, out)?;
            }
            line(out, true, depth)?;
            write!(out, "]")
        }
        Value::Object(entries) if !entries.is_empty() => {
            write!(out, "{{")?;
            for (index, (key, value)) in entries.iter().enumerate() {
                line(out, index == 0, depth + 1)?;
                write!(out, "{}: ", text(key))?;
                match value {
                    Value::Float(number) if number.fract() == 0.0 && SIGNED.contains(&key.as_str()) => {
                        write!(out, "{number:.0}")?
                    }
                    value => level(value, depth + 1, out)?,
                }
            }
            line(out, true, depth)?;
            write!(out, "}}")
        }
        value => value.write(out),
    }
}
