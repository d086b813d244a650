//! Several runs: what each was set to and what came of it comes in; a table of how far repeated runs differ, a table over the
//! values of a sweep with the best of them, and a summary as JSON go out.

use std::io::{self, Write};
use std::path::PathBuf;

use super::table::{number, table};
use super::{Figure, console, result};
use crate::json::Value;
use crate::measure::{Metric, Repeated};
use crate::record::Setup;

/// Latencies that the table of a sweep shows.
const SWEPT: [Metric; 4] = [Metric::Ttft, Metric::Tpot, Metric::Itl, Metric::E2el];

/// The figures by which the best of a sweep is found, the first that all its points have: for whoever states a goal, what
/// keeps to it.
const BEST_BY: [&str; 4] = ["request_goodput", "output_throughput", "input_sequence_throughput", "request_throughput"];

/// Runs that belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What was swept; `None` for repetition alone.
    pub swept: Option<Swept>,
    /// How often each point was to be run.
    pub runs: u32,
    /// The latencies that reports show.
    pub shown: Vec<Metric>,
    /// The percentiles that the table of a sweep shows beside the mean.
    pub percentiles: Vec<f64>,
    /// The points in order, as far as they were run.
    pub points: Vec<SeriesPoint>,
    /// Whether all runs that were asked for are there, to their ends.
    pub complete: bool,
}

/// What a sweep goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// The most requests in flight.
    MaxConcurrency,
    /// Requests a second.
    RequestRate,
}

impl Swept {
    /// The key that results have it under.
    fn key(self) -> &'static str {
        match self {
            Swept::MaxConcurrency => "max_concurrency",
            Swept::RequestRate => "request_rate",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Swept::MaxConcurrency => "Max concurrency",
            Swept::RequestRate => "Request rate",
        }
    }

    /// One of its values as results have it: an infinite rate is a text, as JSON has no infinity.
    fn json(self, value: f64) -> Value {
        match self {
            Swept::MaxConcurrency => Value::Int(value as u64),
            Swept::RequestRate if value.is_infinite() => Value::Text("inf".into()),
            Swept::RequestRate => Value::Float(value),
        }
    }
}

/// The runs with one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// The value of what is swept; of no meaning where nothing is.
    pub value: f64,
    /// The runs in order.
    pub runs: Vec<SeriesRun>,
}

/// One of several runs.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRun {
    /// `--num-prompts`, which may be more than there were samples.
    pub num_prompts: u64,
    /// Its numbers.
    pub figures: Vec<Figure>,
    /// Successful requests.
    pub completed: u64,
    /// Failed requests.
    pub failed: u64,
    /// Whether it ended early, so that its numbers are of a part.
    pub partial: bool,
    /// The files that hold its result.
    pub files: Vec<PathBuf>,
}

impl SeriesPoint {
    /// The runs that count: those that went to their ends.
    fn whole(&self) -> impl Iterator<Item = &SeriesRun> {
        self.runs.iter().filter(|run| !run.partial)
    }

    /// One figure over the runs that count.
    fn over(&self, key: &str) -> Option<Repeated> {
        let value = |run: &SeriesRun| run.figures.iter().find(|figure| figure.key == key).map(|figure| figure.value);
        Repeated::of(&self.whole().filter_map(value).collect::<Vec<f64>>())
    }

    /// Keys and labels of all figures, in the order of the first run that counts.
    fn keys(&self) -> Vec<(&str, &str)> {
        let first = self.whole().max_by_key(|run| run.figures.len());
        first.map_or(Vec::new(), |run| {
            run.figures.iter().map(|figure| (figure.key.as_str(), figure.label.as_str())).collect()
        })
    }
}

impl Series {
    /// Writes how far the runs of the latest point differ, if any of them went to its end.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn repetition(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(point) = self.points.last() else { return Ok(()) };
        let count = point.whole().count();
        if count == 0 {
            return Ok(());
        }
        writeln!(
            out,
            "{}",
            console::banner(&format!(" Summary of {count} {} ", if count == 1 { "Run" } else { "Runs" }), '=')
        )?;
        if count < point.runs.len() {
            writeln!(out, "A run that ended early is left out.")?;
        }
        let head = ["", "Mean", "Std", "Min", "Max", "CV (%)", "95% CI of the mean"].map(str::to_owned);
        let row = |(key, label): (&str, &str)| {
            let over = point.over(key)?;
            let Repeated { mean, std, min, max, .. } = over;
            let interval = over.confidence().map(|half| format!("{:.2} to {:.2}", mean - half, mean + half));
            let numbers = [Some(mean), std, Some(min), Some(max), over.variation().map(|ratio| ratio * 100.0)];
            let mut cells = vec![label.to_owned()];
            cells.extend(numbers.map(number));
            cells.push(interval.unwrap_or_else(|| "n/a".into()));
            Some(cells)
        };
        let shown = |key: &str| !key.ends_with("_ms") || self.shown.iter().any(|metric| is_of(key, *metric));
        let rows: Vec<Vec<String>> = point.keys().into_iter().filter(|(key, _)| shown(key)).filter_map(row).collect();
        table(out, &head, &rows)?;
        writeln!(out, "{}", console::banner("", '='))
    }

    /// Writes a line for each value of a sweep, and the best of them.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn sweep(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(swept) = self.swept else { return Ok(()) };
        let columns = self.columns();
        let mut head = vec![swept.label().to_owned()];
        head.extend(columns.iter().map(|(_, label)| label.clone()));
        head.push("Failed".into());
        let row = |point: &SeriesPoint| {
            let mut cells = vec![point.value.to_string()];
            cells.extend(columns.iter().map(|(key, _)| number(point.over(key).map(|over| over.mean))));
            cells.push(point.runs.iter().map(|run| run.failed).sum::<u64>().to_string());
            cells
        };
        let rows: Vec<Vec<String>> = self.points.iter().map(row).collect();
        writeln!(out, "{}", console::banner(" Sweep Summary ", '='))?;
        table(out, &head, &rows)?;
        match self.runs {
            1 => writeln!(out, "Latencies are in ms.")?,
            runs => writeln!(
                out,
                "Latencies are in ms; each line has the means of up to {runs} runs, and all their failures."
            )?,
        }
        match self.best() {
            Some((point, key, best)) => {
                let (what, label) = (swept.label().to_lowercase(), label(key));
                writeln!(out, "Best configuration: {what} {} (highest {label}: {best:.2})", point.value)?;
            }
            None => {
                writeln!(out, "Best configuration: none, as no value has a complete run with successful requests.")?
            }
        }
        writeln!(out, "{}", console::banner("", '='))
    }

    /// Keys and headings of the columns of a sweep's table.
    fn columns(&self) -> Vec<(String, String)> {
        let has = |key: &str| self.points.iter().any(|point| point.over(key).is_some());
        let rates = [
            ("request_throughput", "Req/s"),
            ("request_goodput", "Goodput"),
            ("output_throughput", "Output tok/s"),
            ("input_sequence_throughput", "Inputs/s"),
        ];
        let mut columns: Vec<(String, String)> = rates
            .iter()
            .filter(|(key, _)| has(key))
            .map(|(key, label)| ((*key).to_owned(), (*label).to_owned()))
            .collect();
        for metric in SWEPT {
            let (key, word) = (metric.name(), console::heading(metric).1);
            if has(&format!("mean_{key}_ms")) {
                columns.push((format!("mean_{key}_ms"), format!("{word} mean")));
                let percentile = |p: &f64| (format!("p{p}_{key}_ms"), format!("{word} P{p}"));
                columns.extend(self.percentiles.iter().map(percentile));
            }
        }
        columns
    }

    /// The point with the highest figure of the kind that counts, its key and the figure; the first of several.
    fn best(&self) -> Option<(&SeriesPoint, &'static str, f64)> {
        let all_have = |key: &&str| self.points.iter().all(|point| self.eligible(point, key).is_some() || empty(point));
        let key = BEST_BY.into_iter().find(all_have)?;
        let figure = |point| self.eligible(point, key).map(|figure| (point, key, figure));
        self.points.iter().filter_map(figure).reduce(|best, next| if next.2 > best.2 { next } else { best })
    }

    /// The figure of a point that may be the best.
    fn eligible(&self, point: &SeriesPoint, key: &str) -> Option<f64> {
        point.over(key).map(|over| over.mean).filter(|_| !empty(point))
    }

    /// The summary as one JSON object: a line without an end.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn json(&self, setup: &Setup, out: &mut dyn Write) -> io::Result<()> {
        let mut entries = result::identity(setup);
        // What differs from run to run stands with the runs.
        entries.retain(|(key, _)| key != "num_prompts");
        let mut put = |key: &str, value: Value| entries.push((key.to_owned(), value));
        put("num_runs", Value::Int(self.runs.into()));
        put("swept", self.swept.map_or(Value::Null, |swept| Value::Text(swept.key().into())));
        put("partial", Value::Bool(!self.complete));
        put("points", Value::List(self.points.iter().map(|point| self.point(point)).collect()));
        let best = self.swept.and_then(|swept| {
            let (point, key, figure) = self.best()?;
            let entries = [
                (swept.key(), swept.json(point.value)),
                ("by", Value::Text(key.into())),
                ("value", Value::Float(figure)),
            ];
            Some(object(entries))
        });
        put("best", best.unwrap_or(Value::Null));
        Value::Object(entries).write(out)
    }

    fn point(&self, point: &SeriesPoint) -> Value {
        let mut entries = Vec::new();
        if let Some(swept) = self.swept {
            entries.push((swept.key().to_owned(), swept.json(point.value)));
        }
        entries.push(("runs".to_owned(), Value::List(point.runs.iter().map(run).collect())));
        let summary =
            point.keys().into_iter().filter_map(|(key, _)| Some((key.to_owned(), statistics(point.over(key)?))));
        entries.push(("summary".to_owned(), Value::Object(summary.collect())));
        Value::Object(entries)
    }
}

/// Whether no run of a point that counts had a request that succeeded.
fn empty(point: &SeriesPoint) -> bool {
    point.whole().all(|run| run.completed == 0)
}

/// Whether a key is one of a latency's.
fn is_of(key: &str, metric: Metric) -> bool {
    key.split_once('_').is_some_and(|(_, rest)| rest.strip_suffix("_ms") == Some(metric.name()))
}

fn run(run: &SeriesRun) -> Value {
    let files = run.files.iter().map(|path| Value::Text(path.display().to_string())).collect();
    let mut entries = vec![
        ("files".to_owned(), Value::List(files)),
        ("partial".to_owned(), Value::Bool(run.partial)),
        ("num_prompts".to_owned(), Value::Int(run.num_prompts)),
        ("completed".to_owned(), Value::Int(run.completed)),
        ("failed".to_owned(), Value::Int(run.failed)),
    ];
    entries.extend(run.figures.iter().map(|figure| (figure.key.clone(), Value::Float(figure.value))));
    Value::Object(entries)
}

fn statistics(over: Repeated) -> Value {
    let half = over.confidence();
    object([
        ("count", Value::Int(over.count as u64)),
        ("mean", Value::Float(over.mean)),
        ("std", Value::maybe(over.std)),
        ("min", Value::Float(over.min)),
        ("max", Value::Float(over.max)),
        ("cv", Value::maybe(over.variation())),
        ("ci95_low", Value::maybe(half.map(|half| over.mean - half))),
        ("ci95_high", Value::maybe(half.map(|half| over.mean + half))),
    ])
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A figure that decides, in the middle of a sentence.
fn label(key: &str) -> &'static str {
    match key {
        "request_goodput" => "goodput in req/s",
        "output_throughput" => "output throughput in tok/s",
        "input_sequence_throughput" => "input throughput in inputs/s",
        _ => "request throughput in req/s",
    }
}

#[cfg(test)]
#[path = "series_test.rs"]
mod tests;
