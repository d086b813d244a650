//! The user's own prompts from a file of JSON lines, rendered with the model's chat template unless told not to. The file
//! and a tokenizer come in; samples go out, in the reference's order.
//!
//! The whole file is checked before the first sample; rendering and counting run ahead of need.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use serde_json::Value;

use super::chat_row::ChatRow;
use super::open::{check, from_file};
use crate::args;
use crate::dataset::ahead::ahead;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::needs::{Carries, TEMPLATED_TWICE};
use crate::dataset::part::Json;
use crate::dataset::rows;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::selection::{Selection, Taken};
use crate::dataset::template::{Template, render};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::{Special, Tokenizer};

/// Flags of the dataset `custom`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: custom")]
pub struct CustomArgs {
    /// Output tokens of a request; -1 takes `output_tokens` from the file.
    #[arg(long, value_name = "TOKENS", default_value_t = 256, allow_negative_numbers = true, value_parser = args::int)]
    pub custom_output_len: i64,
}

/// The settings of `custom`.
#[derive(Debug, Clone, PartialEq)]
pub struct Custom {
    /// The file; its name ends in `.jsonl`.
    pub path: PathBuf,
    /// How many tokens to ask for.
    pub output_len: OutputLen,
    /// What becomes of a prompt.
    pub template: Template,
    /// Which lines become requests; all of them if it wants none.
    pub selection: Selection,
}

/// Where the output length of a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputLen {
    /// The same for all.
    Fixed(u32),
    /// The line's `output_tokens`.
    File,
}

/// A line of a file: the prompt, and how much is asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) prompt: Said,
    pub(super) output_tokens: u32,
}

/// What a line asks.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// A text.
    Text(String),
    /// Whole messages.
    Chat(ChatRow),
    /// Fields of the body.
    Fields(Json),
}

/// The user's own prompts, an object a line.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[CustomArgs::augment_args],
    reads_lengths: true,
    stored_lengths: (None, Some("custom_output_len")),
    ..Kind::new("custom", "Your own prompts, from a `.jsonl` file", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

pub(in crate::dataset) fn settings(matches: &ArgMatches, common: Common) -> Result<Custom> {
    flags::<CustomArgs>(matches).resolve(KIND.name, common)
}

impl CustomArgs {
    /// The settings for `dataset`, which reads rows as `custom` does.
    pub(super) fn resolve(self, dataset: &str, common: Common) -> Result<Custom> {
        let Common { path, output_len, template, selection, .. } = common;
        let path = path.ok_or_else(|| {
            Error::new(format!("dataset `{dataset}` needs a file")).hint("name a `.jsonl` file with `--dataset-path`")
        })?;
        if !path.to_string_lossy().ends_with(".jsonl") {
            return Err(Error::new(format!("cannot read dataset `{}`: not a `.jsonl` file", path.display()))
                .hint("write one object a line and name the file `.jsonl`"));
        }
        let output_len = match output_len.unwrap_or(self.custom_output_len) {
            -1 => OutputLen::File,
            len => OutputLen::Fixed(length("--custom-output-len", len)?),
        };
        Ok(Custom { path, output_len, template, selection })
    }
}

impl Custom {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        Dataset {
            check: check(&self.path),
            ..Dataset::new(KIND.name, move |carries, tokenizer, draws| {
                self.clone().samples(*carries, tokenizer.cloned(), draws)
            })
        }
    }

    fn samples(self, carries: Carries, tokenizer: Option<Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        let path = self.path.clone();
        from_file(&path, |bytes| self.samples_of(bytes, carries, tokenizer, draws))
    }

    fn samples_of(
        self,
        bytes: Vec<u8>,
        carries: Carries,
        tokenizer: Option<Tokenizer>,
        draws: &mut Draws,
    ) -> Result<Samples> {
        let rows = parse(&bytes, self.output_len, carries)?;
        if rows.is_empty() {
            return Err(Error::new("no lines").hint(form(self.output_len)));
        }
        let templated = self.template != Template::None && carries.untemplated;
        let twice = templated && rows.iter().any(|row| matches!(row.prompt, Said::Text(_)));
        let mut samples = samples(rows, self.template, self.selection, tokenizer, draws);
        samples.warnings.extend(twice.then(|| TEMPLATED_TWICE.to_owned()));
        Ok(samples)
    }
}

/// The samples of `rows`, of which there is at least one: in their order, rendered, and repeated where they are too few.
pub(super) fn samples(
    rows: Vec<Line>,
    template: Template,
    selection: Selection,
    tokenizer: Option<Tokenizer>,
    draws: &mut Draws,
) -> Samples {
    let Taken { rows: taken, warning } = selection.take(rows.len(), &mut draws.python);
    let count = taken.len();
    let first = taken.first().map(|&row| &rows[row as usize]);
    let doubled = first.zip(tokenizer.as_ref()).is_some_and(|(row, tokenizer)| begins_twice(row, &template, tokenizer));
    let warning = warning.into_iter().chain(
        doubled.then(|| "prompts begin with the token that completions servers put before prompts too".to_owned()),
    );
    let warnings = warning.collect();
    let iter = ahead(count, move |index| {
        let row = &rows[taken[index] as usize];
        row.sample(tokenizer.as_ref(), &template, selection.request_id(index))
    });
    Samples { warnings, ..Samples::new(count, iter) }
}

impl Line {
    /// The request of this line. Without a tokenizer the prompt counts as one token and goes out unchanged.
    fn sample(&self, tokenizer: Option<&Tokenizer>, template: &Template, request_id: Option<String>) -> Result<Sample> {
        let sample = match (&self.prompt, tokenizer) {
            (Said::Chat(chat), tokenizer) => chat.sample(tokenizer)?,
            (Said::Fields(fields), _) => {
                Sample { prompt: Prompt::Fields(fields.clone()), input_tokens: 1, ..Sample::default() }
            }
            (Said::Text(prompt), None) => {
                Sample { prompt: Prompt::Text(prompt.clone()), input_tokens: 1, ..Sample::default() }
            }
            (Said::Text(prompt), Some(tokenizer)) => {
                let text = render(prompt, template, tokenizer)?;
                Sample { input_tokens: tokenizer.count(&text)?, prompt: Prompt::Text(text), ..Sample::default() }
            }
        };
        Ok(Sample { output_tokens: self.output_tokens, request_id, ..sample })
    }
}

/// Whether a tokenizer puts a special token before the rendered text, which begins with that token already.
fn begins_twice(row: &Line, template: &Template, tokenizer: &Tokenizer) -> bool {
    let Said::Text(prompt) = &row.prompt else { return false };
    let encoded = render(prompt, template, tokenizer).and_then(|text| tokenizer.encode(&text, Special::Add));
    matches!(encoded.as_deref(), Ok([first, second, ..]) if first == second && tokenizer.flagged_ids().contains(first))
}

/// The lines of a file, all of which must be right.
fn parse(bytes: &[u8], output_len: OutputLen, carries: Carries) -> Result<Vec<Line>> {
    rows::read(bytes, form(output_len), |mut row| {
        let prompt = match ChatRow::of(&mut row, carries.messages)? {
            Some(chat) => Said::Chat(chat),
            None if row.get("prompt").is_some_and(Value::is_object) => {
                if !carries.fields {
                    return Err(row
                        .wrong("the prompt is an object, for which requests of this backend have no place")
                        .hint("give a text, or `--backend vllm-pooling`, which sends the fields of the object"));
                }
                Said::Fields(Json::of(&row.take("prompt").unwrap_or_default()))
            }
            None => Said::Text(row.text("prompt")?),
        };
        let output_tokens = match output_len {
            OutputLen::Fixed(len) => len,
            OutputLen::File => row.tokens("output_tokens")?,
        };
        Ok(Some(Line { prompt, output_tokens }))
    })
}

/// A line that is right.
fn form(output_len: OutputLen) -> &'static str {
    match output_len {
        OutputLen::Fixed(_) => "write one object a line, such as {\"prompt\": \"Hello\"}",
        OutputLen::File => "write one object a line, such as {\"prompt\": \"Hello\", \"output_tokens\": 10}",
    }
}

#[cfg(test)]
#[path = "custom_test.rs"]
mod tests;
