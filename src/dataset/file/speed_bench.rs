//! Prompts of SPEED-Bench: a directory with a file for each subset (or such a file) comes in; samples go out as `custom`
//! makes them of prompts, cut to a length if one is given.
//!
//! The reference shuffles and repeats with a seed of 0 whatever `--seed` says, and so does this.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args, ValueEnum};
use serde_json::Value;

use super::custom::{self, Line, Said};
use super::open::{check, from_file};
use super::spec_bench::{lines, seed_warning};
use crate::args;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::needs::Needs;
use crate::dataset::sample::Samples;
use crate::dataset::selection::Selection;
use crate::dataset::template::Template;
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::{Special, Tokenizer};

const FORM: &str = "write one object a line, such as {\"category\": \"coding\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}";

/// Flags of the dataset `speed_bench`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: speed_bench")]
pub struct SpeedBenchArgs {
    /// Which file of the directory to read.
    #[arg(long, value_enum, value_name = "NAME", default_value = "qualitative", alias = "speed-bench-config")]
    pub speed_bench_dataset_subset: Subset,
    /// Output tokens of a request.
    #[arg(long, value_name = "TOKENS", default_value_t = 4096, allow_negative_numbers = true, value_parser = args::int)]
    pub speed_bench_output_len: i64,
    /// Take the rows of this category only.
    #[arg(long, value_name = "NAME")]
    pub speed_bench_category: Option<String>,
    /// Cut prompts to this number of tokens, before the chat template.
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = args::int)]
    pub speed_bench_max_input_len: Option<i64>,
}

/// A subset of SPEED-Bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Subset {
    /// Prompts of all kinds.
    Qualitative,
    /// Prompts of about 1000 tokens.
    #[value(name = "throughput_1k")]
    Throughput1k,
    /// Prompts of about 2000 tokens.
    #[value(name = "throughput_2k")]
    Throughput2k,
    /// Prompts of about 8000 tokens.
    #[value(name = "throughput_8k")]
    Throughput8k,
    /// Prompts of about 16000 tokens.
    #[value(name = "throughput_16k")]
    Throughput16k,
    /// Prompts of about 32000 tokens.
    #[value(name = "throughput_32k")]
    Throughput32k,
}

/// The settings of `speed_bench`.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeedBench {
    /// The directory, or one of its files.
    pub path: PathBuf,
    /// Which file of the directory.
    pub subset: Subset,
    /// Output tokens of a request.
    pub output_len: u32,
    /// The category to take; `None` for all.
    pub category: Option<String>,
    /// Tokens that a prompt is cut to, before the template.
    pub max_input_len: Option<u32>,
    /// What becomes of a prompt.
    pub template: Template,
    /// Which rows become requests; all of them if it wants none.
    pub selection: Selection,
    /// The seed that was given, which is of no effect.
    pub seed: u32,
}

/// Prompts of SPEED-Bench, from its directory.
pub(in crate::dataset) static KIND: Kind = Kind {
    aliases: &["speed-bench"],
    groups: &[SpeedBenchArgs::augment_args],
    ..Kind::new("speed_bench", "Prompts of SPEED-Bench, from its directory", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<SpeedBench> {
    flags::<SpeedBenchArgs>(matches).resolve(common)
}

impl SpeedBenchArgs {
    fn resolve(self, Common { path, output_len, template, selection, .. }: Common) -> Result<SpeedBench> {
        let path = path.ok_or_else(|| {
            Error::new("dataset `speed_bench` needs a directory")
                .hint("name the directory that SPEED-Bench was prepared in with `--dataset-path`")
        })?;
        let max_input_len =
            self.speed_bench_max_input_len.map(|len| length("--speed-bench-max-input-len", len)).transpose()?;
        Ok(SpeedBench {
            path,
            subset: self.speed_bench_dataset_subset,
            output_len: length("--speed-bench-output-len", output_len.unwrap_or(self.speed_bench_output_len))?,
            category: self.speed_bench_category.filter(|category| !category.is_empty()),
            max_input_len,
            template,
            seed: selection.seed,
            selection: Selection { seed: 0, ..selection },
        })
    }
}

impl SpeedBench {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let checked = self.clone();
        Dataset {
            needs: Needs { templated: self.template != Template::None, ..Needs::default() },
            check: Arc::new(move || check(&checked.file())()),
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, draws| self.clone().samples(tokenizer.clone(), draws))
        }
    }

    /// The file that is read.
    fn file(&self) -> PathBuf {
        if !self.path.is_dir() {
            return self.path.clone();
        }
        let subset = self.subset.to_possible_value().expect("no subset is hidden");
        self.path.join(format!("{}.jsonl", subset.get_name()))
    }

    fn samples(self, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        from_file(&self.file(), |bytes| self.samples_of(&bytes, tokenizer, draws))
    }

    fn samples_of(self, bytes: &[u8], tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let mut lines = lines(bytes, FORM, self.category.as_deref(), |row| {
            let first = row.get("messages").and_then(|messages| messages.get(0));
            match first.and_then(|message| message.get("content")) {
                Some(Value::String(prompt)) => {
                    Ok(Line { prompt: Said::Text(prompt.clone()), output_tokens: self.output_len })
                }
                _ => Err(row.wrong("no string at `messages[0].content`")),
            }
        })?;
        if let Some(longest) = self.max_input_len {
            for line in &mut lines {
                if let Said::Text(prompt) = &mut line.prompt {
                    cut(prompt, longest as usize, &tokenizer)?;
                }
            }
        }
        let mut samples = custom::samples(lines, self.template, self.selection, Some(tokenizer), draws);
        samples.warnings.extend(seed_warning("speed_bench", self.seed));
        Ok(samples)
    }
}

/// Cuts `text` after `longest` tokens.
fn cut(text: &mut String, longest: usize, tokenizer: &Tokenizer) -> Result<()> {
    // A token has a byte at least, as a rule: what is short enough need not be tokenized.
    if text.len() <= longest {
        return Ok(());
    }
    let ids = tokenizer.encode(text, Special::Skip)?;
    if ids.len() > longest {
        *text = tokenizer.decode(&ids[..longest])?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "speed_bench_test.rs"]
mod tests;
