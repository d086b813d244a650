//! Lengths from a table of the BurstGPT form: a CSV file and a tokenizer come in; prompts of the recorded lengths go out, for
//! the rows that the reference's sampling takes. The recorded times are of no effect.

use std::path::PathBuf;

use csv::StringRecord;

use super::open::{check, from_file};
use crate::dataset::ahead::ahead;
use crate::dataset::kind::{Common, Dataset, Kind};
use crate::dataset::rows::{LONGEST_PROMPT, listed, plain};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::table;
use crate::error::{Error, Result};
use crate::rng::Legacy;
use crate::token::Tokenizer;

const FORM: &str = "the columns are those of `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`";
/// Only rows of this model count.
const MODEL: &str = "GPT-4";
/// The columns that count, by their names without case, blanks and underscores.
const COLUMNS: [&str; 3] = ["model", "requesttokens", "responsetokens"];

/// The settings of `burstgpt`.
#[derive(Debug, Clone, PartialEq)]
pub struct BurstGpt {
    /// The file.
    pub path: PathBuf,
    /// Seed of the choice of rows.
    pub seed: u32,
    /// How many requests; above 0.
    pub num_prompts: u32,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// The lengths of one recorded request.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lengths {
    input: u32,
    output: u32,
}

/// Lengths from a table.
pub(in crate::dataset) static KIND: Kind =
    Kind::new("burstgpt", "Lengths from a table of the BurstGPT form", |_, common| {
        Ok(BurstGpt::resolve(common)?.dataset())
    });

impl BurstGpt {
    fn resolve(Common { path, selection, .. }: Common) -> Result<Self> {
        let path = path.ok_or_else(|| {
            Error::new("dataset `burstgpt` needs a file").hint("name a CSV file with `--dataset-path`")
        })?;
        let num_prompts = selection.some_prompts(KIND.name)?;
        Ok(BurstGpt { path, seed: selection.seed, num_prompts, request_id_prefix: selection.request_id_prefix })
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
        let rows = parse(bytes)?;
        if rows.is_empty() {
            return Err(Error::new(format!("no row of model `{MODEL}` with response tokens")).hint(FORM));
        }
        let taken = sample(rows.len(), self.num_prompts as usize, Legacy::new(self.seed));
        let (all, count) = (rows.len(), taken.len());
        let repeated = (count > all).then(|| {
            format!(
                "{count} requests have the lengths of {all} rows: the file has no more, so rows are drawn repeatedly"
            )
        });
        let iter = ahead(count, move |index| {
            let Lengths { input, output } = rows[taken[index] as usize];
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
        Ok(Samples { warnings: repeated.into_iter().collect(), ..Samples::new(count, iter) })
    }
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

/// The rows of the model that were answered.
fn parse(bytes: &[u8]) -> Result<Vec<Lengths>> {
    let mut reader = table::reader(bytes);
    let header = reader.headers().map_err(|cause| table::wrong(&cause, FORM))?.clone();
    let column = |name: &str| {
        let position = header.iter().position(|column| plain(column) == name);
        position.ok_or_else(|| {
            let there = listed(header.iter());
            Error::new(format!("line 1: no column `{}`; the header has {there}", spelled(name))).hint(FORM)
        })
    };
    let [model, asked, answered] = COLUMNS.map(column);
    let (model, asked, answered) = (model?, asked?, answered?);
    let mut rows = Vec::new();
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
        rows.push(Lengths { input: input?, output: output? });
    }
    Ok(rows)
}

/// A column's name as BurstGPT has it.
fn spelled(name: &str) -> &'static str {
    match name {
        "model" => "Model",
        "requesttokens" => "Request tokens",
        _ => "Response tokens",
    }
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
    let line = row.position().map_or(0, csv::Position::line);
    let column = header.get(position).map_or_else(|| format!("column {}", position + 1), |name| format!("`{name}`"));
    Error::new(format!("line {line}: no number of tokens at {column}")).hint(FORM)
}

#[cfg(test)]
#[path = "burstgpt_test.rs"]
mod tests;
