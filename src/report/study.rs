//! Several runs: what was to be run and what came of it comes in; a table of how far repeated runs differ, a table over the
//! values of a sweep with the best of them, and a summary as JSON go out.

use std::io::{self, Write};

use super::Report;
use super::table::{number, table};
use super::vllm::json;
use super::vllm::labels::{label, word};
use super::vllm::lines::banner;
use crate::json::Value;
use crate::measure::{
    Figure, INPUT_THROUGHPUT, Metric, OUTPUT_THROUGHPUT, Plain, REQUEST_GOODPUT, REQUEST_THROUGHPUT, Repeated,
    Statistic, TOKEN_THROUGHPUT,
};
use crate::record::Setup;
use crate::study::{List, Point, Tried};

/// Latencies that the table of a sweep shows.
const SWEPT: [Metric; 4] = [Metric::Ttft, Metric::Tpot, Metric::Itl, Metric::E2el];

/// The throughputs of a run that others are held against.
static THROUGHPUTS: [&Plain; 5] =
    [&REQUEST_THROUGHPUT, &INPUT_THROUGHPUT, &REQUEST_GOODPUT, &OUTPUT_THROUGHPUT, &TOKEN_THROUGHPUT];

/// The throughputs that the table of a sweep shows, with their headings.
static COLUMNS: [(&Plain, &str); 4] = [
    (&REQUEST_THROUGHPUT, "Req/s"),
    (&REQUEST_GOODPUT, "Goodput"),
    (&OUTPUT_THROUGHPUT, "Output tok/s"),
    (&INPUT_THROUGHPUT, "Inputs/s"),
];

/// The figures by which the best of a sweep is found, the first that all its points have, with what they are called in the
/// middle of a sentence: for whoever states a goal, what keeps to it.
static BEST_BY: [(&Plain, &str); 4] = [
    (&REQUEST_GOODPUT, "goodput in req/s"),
    (&OUTPUT_THROUGHPUT, "output throughput in tok/s"),
    (&INPUT_THROUGHPUT, "input throughput in inputs/s"),
    (&REQUEST_THROUGHPUT, "request throughput in req/s"),
];

/// What came of several runs that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary<'a> {
    /// What was to be run.
    pub list: &'a List,
    /// The latencies that reports show.
    pub shown: &'a [Metric],
    /// The percentiles that the table of a sweep shows beside the mean.
    pub percentiles: &'a [f64],
    /// What came of the points, as far as they were run.
    pub tried: &'a [Tried],
    /// How long lines may be.
    pub room: usize,
}

/// The runs of one value.
struct Group<'a>(&'a [Tried]);

impl<'a> Group<'a> {
    /// The runs that count: those that went to their ends.
    fn whole(&self) -> impl Iterator<Item = &'a Tried> + use<'a> {
        self.0.iter().filter(|run| !run.partial)
    }

    /// One figure over the runs that count.
    fn over(&self, figure: Figure) -> Option<Repeated> {
        let value = |run: &Tried| run.figures.iter().find(|(known, _)| *known == figure).map(|(_, value)| *value);
        Repeated::of(&self.whole().filter_map(value).collect::<Vec<f64>>())
    }

    /// Its mean of a throughput, where it may be the best by that.
    fn eligible(&self, by: &'static Plain) -> Option<f64> {
        self.over(Figure::Plain(by)).map(|over| over.mean).filter(|_| !self.is_empty())
    }

    /// Whether no run that counts had a request that succeeded.
    fn is_empty(&self) -> bool {
        self.whole().all(|run| run.completed == 0)
    }

    /// The point, in the first of its runs.
    fn point(&self) -> &'a Point {
        &self.0[0].point
    }

    /// All figures, in the order of the run that has most of them.
    fn figures(&self) -> Vec<Figure> {
        let most = self.whole().max_by_key(|run| run.figures.len());
        most.map_or(Vec::new(), |run| run.figures.iter().map(|(figure, _)| *figure).collect())
    }
}

impl Report<'_> {
    /// What other runs are held against: throughputs and latencies, as far as the run has them; latencies that are shown, and
    /// those that a summary of several runs shows.
    pub fn figures(&self) -> Vec<(Figure, f64)> {
        let percentiles = || self.asked.percentiles.iter().map(|p| Statistic::Percentile(*p));
        let statistics = || [Statistic::Mean, Statistic::Median].into_iter().chain(percentiles());
        let shown = |metric: &Metric| *metric == Metric::E2el || self.asked.metrics.contains(metric);
        let latencies = Metric::ALL.into_iter().filter(shown);
        let latencies = latencies.flat_map(|metric| statistics().map(move |of| Figure::Latency(metric, of)));
        let figures = THROUGHPUTS.iter().map(|plain| Figure::Plain(plain)).chain(latencies);
        figures.filter_map(|figure| Some((figure, figure.of(self.metrics)?))).collect()
    }
}

/// The best of a sweep.
struct Best<'a> {
    group: Group<'a>,
    by: &'static Plain,
    /// What that is called in the middle of a sentence.
    name: &'static str,
    value: f64,
}

impl<'a> Summary<'a> {
    /// The runs of each value, in order.
    fn groups(&self) -> Vec<Group<'a>> {
        self.tried.chunk_by(|_, next| next.point.run > 1).map(Group).collect()
    }

    /// Writes how far the runs of the latest value differ, if any of them went to its end.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn repetition(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(group) = self.groups().pop() else { return Ok(()) };
        let count = group.whole().count();
        if count == 0 {
            return Ok(());
        }
        writeln!(out, "{}", banner(&format!(" Summary of {count} {} ", if count == 1 { "Run" } else { "Runs" }), '='))?;
        if count < group.0.len() {
            writeln!(out, "A run that ended early is left out.")?;
        }
        let head = ["", "Mean", "Std", "Min", "Max", "CV (%)", "95% CI of the mean"].map(str::to_owned);
        let row = |figure: Figure| {
            let over = group.over(figure)?;
            let Repeated { mean, std, min, max, .. } = over;
            let interval = over.confidence().map(|half| format!("{:.2} to {:.2}", mean - half, mean + half));
            let numbers = [Some(mean), std, Some(min), Some(max), over.variation().map(|ratio| ratio * 100.0)];
            let mut cells = vec![label(figure)];
            cells.extend(numbers.map(number));
            cells.push(interval.unwrap_or_else(|| "n/a".into()));
            Some(cells)
        };
        let shown = |figure: &Figure| !matches!(figure, Figure::Latency(metric, _) if !self.shown.contains(metric));
        let rows: Vec<Vec<String>> = group.figures().into_iter().filter(shown).filter_map(row).collect();
        table(out, self.room, &head, &rows)?;
        writeln!(out, "{}", banner("", '='))
    }

    /// Writes a line for each value of a sweep, and the best of them.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn sweep(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(swept) = self.list.swept else { return Ok(()) };
        let groups = self.groups();
        let columns = self.columns(&groups);
        let mut head = vec![swept.label().to_owned()];
        head.extend(columns.iter().map(|(_, label)| label.clone()));
        head.push("Failed".into());
        let row = |group: &Group<'_>| {
            let mut cells = vec![swept.of(group.point()).to_owned()];
            cells.extend(columns.iter().map(|(figure, _)| number(group.over(*figure).map(|over| over.mean))));
            cells.push(group.0.iter().map(|run| run.failed).sum::<u64>().to_string());
            cells
        };
        let rows: Vec<Vec<String>> = groups.iter().map(row).collect();
        writeln!(out, "{}", banner(" Sweep Summary ", '='))?;
        table(out, self.room, &head, &rows)?;
        match self.list.runs {
            1 => writeln!(out, "Latencies are in ms.")?,
            runs => writeln!(
                out,
                "Latencies are in ms; each line has the means of up to {runs} runs, and all their failures."
            )?,
        }
        match self.best() {
            Some(Best { group, name, value, .. }) => {
                let (what, of) = (swept.label().to_lowercase(), swept.of(group.point()));
                writeln!(out, "Best configuration: {what} {of} (highest {name}: {value:.2})")?;
            }
            None => {
                writeln!(out, "Best configuration: none, as no value has a complete run with successful requests.")?
            }
        }
        writeln!(out, "{}", banner("", '='))
    }

    /// Figures and headings of the columns of a sweep's table.
    fn columns(&self, groups: &[Group<'_>]) -> Vec<(Figure, String)> {
        let has = |figure: Figure| groups.iter().any(|group| group.over(figure).is_some());
        let rates = COLUMNS.iter().map(|(plain, heading)| (Figure::Plain(plain), (*heading).to_owned()));
        let mut columns: Vec<(Figure, String)> = rates.filter(|(figure, _)| has(*figure)).collect();
        for metric in SWEPT {
            let mean = Figure::Latency(metric, Statistic::Mean);
            if has(mean) {
                let word = word(metric);
                columns.push((mean, format!("{word} mean")));
                let percentile = |&p: &f64| (Figure::Latency(metric, Statistic::Percentile(p)), format!("{word} P{p}"));
                columns.extend(self.percentiles.iter().map(percentile));
            }
        }
        columns
    }

    /// The value with the highest figure of the kind that counts; the first of several.
    fn best(&self) -> Option<Best<'a>> {
        let groups = self.groups();
        let all_have = |(by, _): &&(&'static Plain, &str)| {
            groups.iter().all(|group| group.eligible(by).is_some() || group.is_empty())
        };
        let (by, name) = BEST_BY.iter().find(all_have)?;
        let best = |group: Group<'a>| group.eligible(by).map(|value| Best { group, by, name, value });
        groups.into_iter().filter_map(best).reduce(|best, next| if next.value > best.value { next } else { best })
    }

    /// The summary as one JSON object: a line without an end.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn json(&self, setup: &Setup, out: &mut dyn Write) -> io::Result<()> {
        let mut entries = json::identity(setup);
        // What differs from run to run stands with the runs.
        entries.retain(|(key, _)| key != "num_prompts");
        let mut put = |key: &str, value: Value| entries.push((key.to_owned(), value));
        put("num_runs", Value::Int(self.list.runs.into()));
        put("swept", self.list.swept.map_or(Value::Null, |swept| Value::Text(swept.key().into())));
        put("partial", Value::Bool(!self.is_complete()));
        put("points", Value::List(self.groups().iter().map(|group| self.value(group)).collect()));
        let best = self.list.swept.and_then(|swept| {
            let Best { group, by, value, .. } = self.best()?;
            let entries = [
                (swept.key(), swept.json(group.point())),
                ("by", Value::Text(by.key.into())),
                ("value", Value::Float(value)),
            ];
            Some(object(entries))
        });
        put("best", best.unwrap_or(Value::Null));
        Value::Object(entries).write(out)
    }

    /// Whether all runs that were asked for are there, to their ends.
    fn is_complete(&self) -> bool {
        self.tried.iter().filter(|tried| !tried.partial).count() == self.list.points.len()
    }

    fn value(&self, group: &Group<'_>) -> Value {
        let mut entries = Vec::new();
        if let Some(swept) = self.list.swept {
            entries.push((swept.key().to_owned(), swept.json(group.point())));
        }
        entries.push(("runs".to_owned(), Value::List(group.0.iter().map(run).collect())));
        let summary =
            group.figures().into_iter().filter_map(|figure| Some((figure.key(), statistics(group.over(figure)?))));
        entries.push(("summary".to_owned(), Value::Object(summary.collect())));
        Value::Object(entries)
    }
}

fn run(run: &Tried) -> Value {
    let files = run.files.iter().map(|path| Value::Text(path.display().to_string())).collect();
    let mut entries = vec![
        ("files".to_owned(), Value::List(files)),
        ("partial".to_owned(), Value::Bool(run.partial)),
        ("num_prompts".to_owned(), Value::Int(run.num_prompts)),
        ("completed".to_owned(), Value::Int(run.completed)),
        ("failed".to_owned(), Value::Int(run.failed)),
    ];
    entries.extend(run.figures.iter().map(|(figure, value)| (figure.key(), Value::Float(*value))));
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

#[cfg(test)]
#[path = "study_test.rs"]
mod tests;
