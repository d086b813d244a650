//! The first turns of Spec-Bench: its `question.jsonl` comes in; samples go out as `custom` makes them of prompts.
//!
//! The reference shuffles and repeats with a seed of 0 whatever `--seed` says, and so does this.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use serde_json::Value;

use super::custom::{self, Line, Said};
use super::open::{check, from_file};
use crate::args;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::needs::Needs;
use crate::dataset::rows::{self, Row};
use crate::dataset::sample::Samples;
use crate::dataset::selection::Selection;
use crate::dataset::template::Template;
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

const FORM: &str = "write one object a line, such as {\"category\": \"writing\", \"turns\": [\"Hello\"]}";

/// Flags of the dataset `spec_bench`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: spec_bench")]
pub struct SpecBenchArgs {
    /// Output tokens of a request.
    #[arg(long, value_name = "TOKENS", default_value_t = 256, allow_negative_numbers = true, value_parser = args::int)]
    pub spec_bench_output_len: i64,
    /// Take the rows of this category only.
    #[arg(long, value_name = "NAME")]
    pub spec_bench_category: Option<String>,
}

/// The settings of `spec_bench`.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecBench {
    /// The file.
    pub path: PathBuf,
    /// Output tokens of a request.
    pub output_len: u32,
    /// The category to take; `None` for all.
    pub category: Option<String>,
    /// What becomes of a prompt.
    pub template: Template,
    /// Which rows become requests; all of them if it wants none.
    pub selection: Selection,
    /// The seed that was given, which is of no effect.
    pub seed: u32,
}

/// The first turns of Spec-Bench, from its file.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[SpecBenchArgs::augment_args],
    stored_lengths: (None, Some("spec_bench_output_len")),
    ..Kind::new("spec_bench", "The first turns of Spec-Bench, from its file", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<SpecBench> {
    flags::<SpecBenchArgs>(matches).resolve(common)
}

impl SpecBenchArgs {
    fn resolve(self, Common { path, output_len, template, selection, .. }: Common) -> Result<SpecBench> {
        let path = path.ok_or_else(|| {
            Error::new("dataset `spec_bench` needs a file")
                .hint("name the file `question.jsonl` of Spec-Bench with `--dataset-path`")
        })?;
        let output_len = output_len.unwrap_or(self.spec_bench_output_len);
        let output_len = length("--spec-bench-output-len", output_len)?;
        let category = self.spec_bench_category.filter(|category| !category.is_empty());
        let seed = selection.seed;
        Ok(SpecBench { path, output_len, category, template, selection: Selection { seed: 0, ..selection }, seed })
    }
}

impl SpecBench {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        Dataset {
            needs: Needs { templated: self.template != Template::None, ..Needs::default() },
            check: check(&self.path),
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, draws| self.clone().samples(tokenizer.clone(), draws))
        }
    }

    fn samples(self, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let path = self.path.clone();
        from_file(&path, |bytes| self.samples_of(&bytes, tokenizer, draws))
    }

    fn samples_of(self, bytes: &[u8], tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let lines = lines(bytes, FORM, self.category.as_deref(), |row| {
            let Some(Value::Array(turns)) = row.take("turns") else { return Err(row.wrong("no list at `turns`")) };
            match turns.into_iter().next() {
                Some(Value::String(prompt)) => Ok(Line { prompt: Said::Text(prompt), output_tokens: self.output_len }),
                _ => Err(row.wrong("no string at `turns[0]`")),
            }
        })?;
        let mut samples = custom::samples(lines, self.template, self.selection, Some(tokenizer), draws);
        samples.warnings.extend(seed_warning("spec_bench", self.seed));
        Ok(samples)
    }
}

/// The lines that `make` makes of the rows of one category, or of all; at least one.
pub(super) fn lines(
    bytes: &[u8],
    form: &'static str,
    category: Option<&str>,
    make: impl Fn(&mut Row) -> Result<Line>,
) -> Result<Vec<Line>> {
    let lines = rows::read(bytes, form, |mut row| {
        if let Some(wanted) = category {
            let found = row.get("category").and_then(Value::as_str);
            let found = found.ok_or_else(|| row.wrong("no string at `category`"))?;
            if found != wanted {
                return Ok(None);
            }
        }
        make(&mut row).map(Some)
    })?;
    match category {
        _ if !lines.is_empty() => Ok(lines),
        Some(category) => {
            Err(Error::new(format!("no row of category `{category}`")).hint("give a category of the file"))
        }
        None => Err(Error::new("no rows").hint(form)),
    }
}

/// What to warn of where `seed` is not the one that the dataset always has.
pub(super) fn seed_warning(dataset: &str, seed: u32) -> Option<String> {
    (seed != 0).then(|| format!("`--seed {seed}` does not change the prompts of `{dataset}`, which always has seed 0"))
}

#[cfg(test)]
#[path = "spec_bench_test.rs"]
mod tests;
