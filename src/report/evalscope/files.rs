//! The files of a point, as EvalScope's have them but for their digits: the current version's have all of them, the older ones'
//! four decimals, as old tables do.

use std::io::{self, Write};

use super::point::{ranks, spreads, windows};
use super::workload::{self, LAST, Point, RAMP, points};
use super::{Profile, Row, Spread, classic_point};
use crate::json::{Value, float, text};
use crate::record::{Run, Task, Tick};

/// Whole numbers that may be below zero, which values hold as numbers with a fraction.
const SIGNED: [&str; 3] = ["Concurrency", "Number of concurrency", "parallel"];

/// A file of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// Its figures.
    Summary(Profile),
    /// Its percentiles.
    Percentile(Profile),
    /// Its tokens a second.
    Throughput,
    /// Its tokens by each completion.
    Timeline,
    /// The options of the command as they came to be.
    Args,
}

impl File {
    /// All that a version writes.
    pub fn of(profile: Profile) -> Vec<File> {
        let always = [File::Args, File::Summary(profile), File::Percentile(profile)];
        let later = [File::Throughput, File::Timeline];
        always.into_iter().chain(later.into_iter().filter(|_| profile == Profile::Current)).collect()
    }

    /// Its name on a disk.
    pub fn name(self) -> &'static str {
        match self {
            File::Summary(_) => "benchmark_summary.json",
            File::Percentile(_) => "benchmark_percentile.json",
            File::Throughput => "workload_throughput.json",
            File::Timeline => "workload_timeline.json",
            File::Args => "benchmark_args.json",
        }
    }

    /// The name of its format on the command line.
    pub(in crate::report) fn format(self) -> &'static str {
        match self {
            File::Summary(Profile::Current) => "evalscope-summary",
            File::Summary(Profile::Classic) => "evalscope-classic-summary",
            File::Percentile(Profile::Current) => "evalscope-percentile",
            File::Percentile(Profile::Classic) => "evalscope-classic-percentile",
            File::Throughput => "evalscope-throughput",
            File::Timeline => "evalscope-timeline",
            File::Args => "evalscope-args",
        }
    }

    /// Writes it of the point that `row` was made of `run` for, without an end of its last line.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write(self, row: &Row, run: &Run, out: &mut dyn Write) -> io::Result<()> {
        let value = match self {
            File::Summary(Profile::Current) => object(figures(row)),
            File::Summary(Profile::Classic) => object(classic_point::figures(row)),
            File::Percentile(profile) => percentiles(row, profile),
            File::Throughput => throughput(row),
            File::Timeline => return timeline(run, out),
            File::Args => Value::Object(run.setup.options.clone()),
        };
        indented(&value, 0, out)
    }
}

fn percentiles(row: &Row, profile: Profile) -> Value {
    let rows = match profile {
        Profile::Current => current_percentiles(row),
        Profile::Classic if row.latency.is_none() => Vec::new(),
        Profile::Classic => classic_point::percentiles(row),
    };
    Value::List(rows.into_iter().map(object).collect())
}

fn throughput(row: &Row) -> Value {
    let of_row = |(label, [overall, last, steady]): (&str, [Option<f64>; 3])| {
        object([
            ("metric", Value::Text(label.to_owned())),
            ("overall", Value::maybe(overall)),
            ("last_window", Value::maybe(last)),
            ("steady_state", Value::maybe(steady)),
        ])
    };
    let rows = row.workload.map_or(Vec::new(), |tokens| windows(tokens.windows()).map(of_row).into());
    object([
        ("n_samples", Value::Int(row.workload.map_or(0, |workload| workload.samples))),
        ("wall_time_s", Value::maybe(row.workload.map(|workload| workload.wall))),
        ("last_window_s", Value::Float(LAST)),
        ("warmup_frac", Value::Float(RAMP)),
        ("rows", Value::List(rows)),
    ])
}

/// Writes tokens by each completion, one after another; times are in seconds since the first request.
fn timeline(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    // Where some were cached, it is not known which.
    let known = run.answers.cached_tokens.is_none_or(|cached| cached == 0);
    let count = |tokens: u64| if known { Value::Int(tokens) } else { Value::Null };
    let point = |point: Point| {
        object([
            ("t", Value::Float(point.at)),
            ("cum_completion", Value::Int(point.completion)),
            ("cum_new_prompt", count(point.prompt)),
            ("cum_cached_prompt", count(0)),
        ])
    };
    let start = float(workload::start(run).map_or(0.0, Tick::as_secs_f64));
    write!(out, "{{\n    \"wall_start\": {start},\n    \"points\": [")?;
    let points = points(run).unwrap_or_default();
    for (index, at) in points.iter().enumerate() {
        line(out, index == 0, 2)?;
        indented(&point(*at), 2, out)?;
    }
    let end = if points.is_empty() { "" } else { "\n    " };
    write!(out, "{end}]\n}}")
}

/// The figures of a point by the current version's keys, in order.
fn figures(row: &Row) -> Vec<(&'static str, Value)> {
    let mean = |spread: Option<Spread>, scale: f64| Value::maybe(spread.map(|spread| spread.mean * scale));
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

/// Writes the end of a line, after a comma unless it is the `first` below its bracket, and the blanks before the next.
fn line(out: &mut dyn Write, first: bool, depth: usize) -> io::Result<()> {
    write!(out, "{}\n{}", if first { "" } else { "," }, "    ".repeat(depth))
}

/// Writes a value over several lines, four blanks a level, without an end: as `json.dumps(indent=4)` does.
fn indented(value: &Value, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::List(values) if !values.is_empty() => {
            write!(out, "[")?;
            for (index, value) in values.iter().enumerate() {
                line(out, index == 0, depth + 1)?;
                indented(value, depth + 1, out)?;
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
                    value => indented(value, depth + 1, out)?,
                }
            }
            line(out, true, depth)?;
            write!(out, "}}")
        }
        value => value.write(out),
    }
}
