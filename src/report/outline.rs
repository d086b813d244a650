//! What matters of a run, on less than a screen: a report comes in, 22 lines at most go out. They begin with how it went and end with
//! where the results stand.

use std::io::{self, Write};

use super::Report;
use super::vllm::labels::word;
use crate::json::Value;
use crate::legible::legible;
use crate::measure::{Kept, Metric, Overload};
use crate::record::{Outcome, Part, Task};

/// Columns of a screen that is not known: a report can be quoted in a mail.
const USUAL: usize = 76;

/// The latencies that are told.
const TOLD: [Metric; 4] = [Metric::Ttft, Metric::Tpot, Metric::Itl, Metric::E2el];

/// Columns between the name of a latency and its limit: what they are called, and the percentile where it is one.
const COLUMNS: [(&str, Column); 5] = [
    ("mean", Column::Mean),
    ("p50", Column::Percentile(50.0)),
    ("p90", Column::Percentile(90.0)),
    ("p99", Column::Percentile(99.0)),
    ("max", Column::Max),
];

/// Characters of a column, of the names before them, and of limit and share behind them.
const WIDTH: usize = 9;
const NAME: usize = 10;
const LIMIT: usize = 11;
const KEPT: usize = 8;

/// Lines that an outline has at most, and those that a sentence has at most.
const MOST: usize = 22;
const MOST_OF_ONE: usize = 3;

/// Files that are named one by one.
const NAMED: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    Mean,
    Percentile(f64),
    Max,
}

impl Report<'_> {
    /// Writes the outline.
    pub(super) fn outline(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = self.went();
        if self.metrics.counts.completed > 0 {
            lines.push(String::new());
            lines.push(self.asked_for());
            lines.push(self.speeds());
            lines.push(String::new());
            lines.extend(self.latency_lines());
            lines.push(String::new());
            lines.push(self.trust());
        }
        lines.extend(self.saved());
        let width = self.screen.width.unwrap_or(USUAL) - 1;
        let lines = lines.iter().flat_map(|line| wrapped(&legible(line), width));
        lines.take(MOST).try_for_each(|line| writeln!(out, "{}", format!(" {line}").trim_end()))
    }

    /// How it went: the gravest first.
    fn went(&self) -> Vec<String> {
        let (good, bad) = self.screen.glyphs.marks();
        let counts = &self.metrics.counts;
        let all = counts.completed + counts.failed;
        let mut lines = Vec::new();
        let cause = self.cause();
        if counts.completed == 0 {
            let why = cause.map_or("none has ended", |(cause, _)| cause);
            return vec![format!("{bad} no request succeeded: {why}")];
        }
        lines.extend(cause.map(|(cause, first)| {
            let first = number(first);
            format!("{bad} {} of {all} requests failed, the first after {first} s: {cause}", counts.failed)
        }));
        if let Some(Overload { asked, answered, backlog, .. }) = self.metrics.overload {
            let (asked, answered) = (number(asked), number(answered));
            let limit = self.run.setup.max_concurrency;
            let limit = limit.map_or(String::new(), |limit| format!(" with {} in flight", grouped(limit.into())));
            lines.push(format!(
                "{bad} {asked} req/s is more than this server takes{limit}: it answered {answered} req/s, and {backlog} requests waited \
                 when the last was due"
            ));
        }
        if self.run.partial {
            lines.push(format!("{bad} the run ended early, after {all} of {} requests", self.run.planned));
        }
        if lines.is_empty() {
            let within = self.share().map_or(String::new(), |share| format!(", {} within the limits", percent(share)));
            lines.push(format!("{good} {} of {all} requests answered{within}", counts.completed));
        }
        lines
    }

    /// The commonest cause of failures, and when the first request failed, in seconds.
    fn cause(&self) -> Option<(&str, f64)> {
        let failed = self.run.records.iter().filter(|record| record.outcome != Outcome::Done);
        let first = failed.map(|record| record.end.as_secs_f64()).reduce(f64::min)?;
        let commonest = self.causes().into_iter().max_by_key(|(cause, count)| (*count, *cause));
        commonest.map(|(cause, _)| (cause, first))
    }

    /// What was asked for.
    fn asked_for(&self) -> String {
        let (setup, counts) = (&self.run.setup, &self.metrics.counts);
        let mean = |tokens: u64| grouped((tokens as f64 / counts.completed as f64).round());
        let tokens = match setup.task {
            Task::Pooling => format!("about {} tokens in", mean(counts.input_tokens)),
            _ => format!("about {} tokens in, {} out", mean(counts.input_tokens), mean(counts.output_tokens)),
        };
        let seed = setup.options.iter().find(|(name, _)| name == "seed");
        let seed = match seed {
            Some((_, Value::Int(seed))) => format!(", seed {seed}"),
            _ => String::new(),
        };
        let model = setup.model_id.rsplit('/').next().unwrap_or_default();
        let duration = number(self.metrics.duration);
        format!("{model}, {}, {} requests in {duration} s, {tokens}{seed}", setup.backend, self.run.records.len())
    }

    /// How fast it was.
    fn speeds(&self) -> String {
        let (setup, rates) = (&self.run.setup, &self.metrics.rates);
        let asked = Some(setup.request_rate).filter(|rate| rate.is_finite());
        let asked = asked.map_or(String::new(), |rate| format!(" of {} asked", number(rate)));
        let requests = format!("{} req/s{asked}", number(rates.requests));
        let tokens = match setup.task {
            Task::Pooling => format!("{} input tok/s", grouped(rates.input_tokens.round())),
            _ => format!("{} output tok/s", grouped(rates.output_tokens.round())),
        };
        let known = self.run.knows(Part::Sent) && self.run.knows(Part::Ends);
        let most = || format!("    {} in flight at most", grouped(self.metrics.peaks.in_flight as f64));
        format!("{tokens}    {requests}{}", known.then(most).unwrap_or_default())
    }

    /// Latencies in milliseconds, a line each, with limits and who kept them.
    fn latency_lines(&self) -> Vec<String> {
        let kept = |metric: Metric| self.metrics.kept.iter().find(|kept| kept.metric == metric);
        let told = |metric: &Metric| {
            self.metrics.has(*metric)
                && self.metrics.measured(*metric)
                && (*metric != Metric::Itl || kept(*metric).is_some())
        };
        let columns = self.fitting_columns();
        let mut head = format!("{:<NAME$}", "ms");
        columns.iter().for_each(|(name, _)| head += &format!("{name:>WIDTH$}"));
        let limited = !self.metrics.kept.is_empty();
        if limited {
            head += &format!("{:>LIMIT$}{:>KEPT$}", "limit", "kept");
        }
        let row = |metric: Metric| {
            let summary = self.metrics.latency.metric(metric);
            let mut line = format!("{:<NAME$}", word(metric));
            for (_, column) in &columns {
                let seconds = match column {
                    Column::Mean => summary.mean,
                    Column::Percentile(p) => summary.percentile(*p).unwrap_or_default(),
                    Column::Max => summary.max,
                };
                line += &format!("{:>WIDTH$}", number(seconds * 1000.0));
            }
            if let Some(Kept { limit, share, .. }) = kept(metric) {
                line += &format!("{:>LIMIT$}{:>KEPT$}", number(*limit), percent(*share));
            }
            line
        };
        let mut lines = vec![head];
        lines.extend(TOLD.into_iter().filter(told).map(row));
        if let Some(share) = self.share().filter(|_| self.metrics.kept.len() > 1) {
            let before = columns.len() * WIDTH + LIMIT;
            lines.push(format!("{:<NAME$}{:before$}{:>KEPT$}", "all limits", "", percent(share)));
        }
        lines
    }

    /// The columns for which there is room.
    fn fitting_columns(&self) -> Vec<(&'static str, Column)> {
        let room =
            self.screen.width.unwrap_or(USUAL) - 2 - NAME - if self.metrics.kept.is_empty() { 0 } else { LIMIT + KEPT };
        let mut columns = COLUMNS.to_vec();
        for least in ["p90", "mean"] {
            if columns.len() * WIDTH > room {
                columns.retain(|(name, _)| *name != least);
            }
        }
        columns
    }

    /// The share of all requests that kept every limit.
    fn share(&self) -> Option<f64> {
        let counts = &self.metrics.counts;
        counts.good.map(|good| good as f64 / (counts.completed + counts.failed).max(1) as f64)
    }

    /// How far the figures are to be trusted.
    fn trust(&self) -> String {
        match self.verdict.doubts.len() {
            0 => "Trust: nothing was seen that distorts these figures.".to_owned(),
            1 => "Trust: read the warning above before you quote these figures.".to_owned(),
            count => format!("Trust: read the {count} warnings above before you quote these figures."),
        }
    }

    /// Where the results stand.
    fn saved(&self) -> Vec<String> {
        let more = self.saved.len().saturating_sub(NAMED);
        let lines = self
            .saved
            .iter()
            .take(NAMED)
            .enumerate()
            .map(|(index, path)| format!("{}{}", if index == 0 { "Saved: " } else { "       " }, path.display()));
        let more = (more > 0).then(|| format!("       and {more} more files"));
        lines.chain(more).collect()
    }
}

/// A line in pieces of `width` characters at most, cut at blanks where there are some; those after the first are indented.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "  ";
    let (mut lines, mut rest) = (Vec::new(), line.to_owned());
    while rest.chars().count() > width && lines.len() + 1 < MOST_OF_ONE {
        let end = rest.char_indices().nth(width).map_or(rest.len(), |(end, _)| end);
        let cut = rest[..end].rfind(' ').filter(|cut| !rest[..*cut].trim().is_empty()).unwrap_or(end);
        let after = format!("{INDENT}{}", rest[cut..].trim_start());
        rest.truncate(cut);
        lines.push(std::mem::replace(&mut rest, after));
    }
    lines.push(rest.chars().take(width).collect());
    lines
}

/// A number for people: three digits or so, thousands apart.
fn number(value: f64) -> String {
    match value.abs() {
        small if small < 9.995 => format!("{value:.2}"),
        medium if medium < 99.95 => format!("{value:.1}"),
        _ => grouped(value.round()),
    }
}

/// A whole number with commas between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share for people: all of them alone are 100 %.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 100.0 || percent == 0.0 {
        return format!("{percent:.0} %");
    }
    format!("{:.1} %", if percent > 99.0 { (percent * 10.0).floor() / 10.0 } else { percent })
}

#[cfg(test)]
#[path = "outline_test.rs"]
mod tests;
