//! Lengths from a table of the BurstGPT form: a CSV file and a tokenizer come in; prompts of the recorded lengths go out, for
//! the rows that the reference's sampling takes, or for the first rows at their recorded times.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use csv::StringRecord;

use super::open::{check, from_file};
use super::timing::{self, LONGEST_TRACE, Timing, TimingArgs};
use crate::dataset::ahead::ahead;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::rows::{LONGEST_PROMPT, beginning, listed, plain};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::table;
use crate::error::{Error, Result};
use crate::rng::Legacy;
use crate::token::Tokenizer;

const FORM: &str = "the columns are those of `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`";
/// Only rows of this model count.
const MODEL: &str = "GPT-4";
/// The columns that count, as BurstGPT spells them.
const COLUMNS: [&str; 3] = ["Model", "Request tokens", "Response tokens"];
/// The column of the times, in seconds.
const TIME: &str = "Timestamp";

/// The settings of `burstgpt`.
#[derive(Debug, Clone, PartialEq)]
pub struct BurstGpt {
    /// The file.
    pub path: PathBuf,
    /// Seed of the choice of rows.
    pub seed: u32,
    /// How many requests; above 0.
    pub num_prompts: u32,
    /// Who says when requests start.
    pub timing: Timing,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// One recorded request.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Recorded {
    /// Tokens of the prompt.
    input: u32,
    /// Tokens of the answer.
    output: u32,
    /// When, in seconds; 0 where times are not read.
    seconds: f64,
}

/// Lengths from a table.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[TimingArgs::augment_args],
    own: timing::OWN,
    ..Kind::new("burstgpt", "Lengths from a table of the BurstGPT form", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<BurstGpt> {
    BurstGpt::resolve(common, flags::<TimingArgs>(matches).resolve(Timing::Load))
}

impl BurstGpt {
    fn resolve(Common { path, selection, .. }: Common, timing: Timing) -> Result<Self> {
        let path = path.ok_or_else(|| {
            Error::new("dataset `burstgpt` needs a file").hint("name a CSV file with `--dataset-path`")
        })?;
        let num_prompts = selection.some_prompts(KIND.name)?;
        Ok(BurstGpt { path, seed: selection.seed, num_prompts, timing, request_id_prefix: selection.request_id_prefix })
    }

    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let check = check(&self.path);
        Dataset {
            check,
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, _| self.clone().samples(tokenizer.clone()))
        }
    }

    fn samples(self, tokenizer: Tokenizer) -> Result<Samples> {
        let path = self.path.clone();
        from_file(&path, |bytes| self.samples_of(&bytes, tokenizer))
    }

    fn samples_of(self, bytes: &[u8], tokenizer: Tokenizer) -> Result<Samples> {
        let rows = parse(bytes, self.timing)?;
        if rows.is_empty() {
            return Err(Error::new(format!("no row of model `{MODEL}` with response tokens")).hint(FORM));
        }
        let (taken, warnings) = match self.timing {
            Timing::Load => self.sampled(&rows),
            Timing::Trace => self.in_turn(&rows),
        };
        let due = (self.timing == Timing::Trace).then(|| timing::due(since_the_first(&taken)));
        let count = taken.len();
        let iter = ahead(count, move |index| {
            let Recorded { input, output, .. } = taken[index];
            let vocab_size = u64::from(tokenizer.vocab_size());
            let ids: Vec<u32> =
                (0..u64::from(input)).map(|position| ((index as u64 + position) % vocab_size) as u32).collect();
            Ok(Sample {
                prompt: Prompt::Text(tokenizer.decode(&ids)?),
                input_tokens: input,
                output_tokens: output,
                request_id: Some(format!("{}{index}", self.request_id_prefix)),
                ..Sample::default()
            })
        });
        Ok(Samples { warnings, due, ..Samples::new(count, iter) })
    }

    /// As many rows as are wanted, as the reference draws them, and what to tell of it.
    fn sampled(&self, rows: &[Recorded]) -> (Vec<Recorded>, Vec<String>) {
        let taken = sample(rows.len(), self.num_prompts as usize, Legacy::new(self.seed));
        let (all, count) = (rows.len(), taken.len());
        let repeated = (count > all).then(|| {
            format!(
                "{count} requests have the lengths of {all} rows: the file has no more, so rows are drawn repeatedly"
            )
        });
        (taken.into_iter().map(|row| rows[row as usize]).collect(), repeated.into_iter().collect())
    }

    /// The first rows, as many as are wanted, and what to tell of them.
    fn in_turn(&self, rows: &[Recorded]) -> (Vec<Recorded>, Vec<String>) {
        let (all, wanted) = (rows.len(), self.num_prompts as usize);
        let taken = &rows[..wanted.min(all)];
        let mut warnings = timing::warnings(since_the_first(taken), "");
        if all < wanted {
            warnings.push(format!("{all} requests instead of {wanted}, because the trace has no more rows"));
        }
        (taken.to_vec(), warnings)
    }
}

/// The times of rows, from the first one's.
fn since_the_first(rows: &[Recorded]) -> impl Iterator<Item = f64> + Clone {
    let first = rows.first().map_or(0.0, |row| row.seconds);
    rows.iter().map(move |row| row.seconds - first)
}

/// Which of `rows` rows to take: without replacement where they suffice.
fn sample(rows: usize, wanted: usize, mut legacy: Legacy) -> Vec<u32> {
    let last = rows as u32 - 1;
    if wanted > rows {
        return (0..wanted).map(|_| legacy.up_to(last)).collect();
    }
    let mut order: Vec<u32> = (0..=last).collect();
    for i in (1..rows).rev() {
        let j = legacy.up_to(i as u32) as usize;
        order.swap(i, j);
    }
    order.truncate(wanted);
    order
}

/// The rows of the model that were answered; of times, only where they count.
fn parse(bytes: &[u8], timing: Timing) -> Result<Vec<Recorded>> {
    let mut reader = table::reader(bytes);
    let header = reader.headers().map_err(|cause| table::wrong(&cause, FORM))?.clone();
    let column = |name: &str| {
        let position = header.iter().position(|column| plain(column) == plain(name));
        position.ok_or_else(|| {
            let there = listed(header.iter());
            Error::new(format!("line 1: no column `{name}`; the header has {there}")).hint(FORM)
        })
    };
    let [model, asked, answered] = COLUMNS.map(column);
    let (model, asked, answered) = (model?, asked?, answered?);
    let time = (timing == Timing::Trace).then(|| column(TIME)).transpose()?;
    let (mut rows, mut first) = (Vec::new(), None);
    for row in reader.records() {
        let row = row.map_err(|cause| table::wrong(&cause, FORM))?;
        if row.get(model) != Some(MODEL) {
            continue;
        }
        // What was not answered has no tokens, or nothing where they would stand.
        if row.get(answered).is_none_or(str::is_empty) || number(&row, &header, answered)? <= 0.0 {
            continue;
        }
        let [input, output] = [asked, answered].map(|position| tokens(&row, &header, position));
        let seconds = time.map_or(Ok(0.0), |position| seconds(&row, &header, position, &mut first))?;
        rows.push(Recorded { input: input?, output: output?, seconds });
    }
    Ok(rows)
}

/// A time in seconds, not more than a run can last after the `first`.
fn seconds(row: &StringRecord, header: &StringRecord, position: usize, first: &mut Option<f64>) -> Result<f64> {
    let value = row.get(position).and_then(|value| value.trim().parse().ok()).filter(|value: &f64| value.is_finite());
    let seconds = value.ok_or_else(|| wrong(row, header, position, "no number of seconds"))?;
    if seconds - *first.get_or_insert(seconds) > LONGEST_TRACE {
        return Err(wrong(row, header, position, "more than a year after the first row"));
    }
    Ok(seconds)
}

fn tokens(row: &StringRecord, header: &StringRecord, position: usize) -> Result<u32> {
    let value = number(row, header, position)?.trunc();
    if (0.0..=f64::from(LONGEST_PROMPT)).contains(&value) {
        Ok(value as u32)
    } else {
        Err(no_number(row, header, position))
    }
}

fn number(row: &StringRecord, header: &StringRecord, position: usize) -> Result<f64> {
    let value = row.get(position).and_then(|value| value.trim().parse().ok());
    value.ok_or_else(|| no_number(row, header, position))
}

fn no_number(row: &StringRecord, header: &StringRecord, position: usize) -> Error {
    wrong(row, header, position, "no number of tokens")
}

/// What is wrong with a place of the table.
fn wrong(row: &StringRecord, header: &StringRecord, position: usize, what: &str) -> Error {
    let line = row.position().map_or(0, csv::Position::line);
    let column = header.get(position).map_or_else(|| format!("column {}", position + 1), |name| format!("`{name}`"));
    let there = row.get(position).map_or(String::new(), |value| format!(", which is {}", beginning(value)));
    Error::new(format!("line {line}: {what} at {column}{there}")).hint(FORM)
}

#[cfg(test)]
#[path = "burstgpt_test.rs"]
mod tests;
