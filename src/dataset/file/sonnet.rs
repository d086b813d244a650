//! Lines of poems: a few first lines that all requests share, and drawn ones after them. A file of lines (or Shakespeare's
//! sonnets, which are inside the program) and a tokenizer come in; the reference's prompts go out.
//!
//! Prompts that turn out too long are drawn again, so all are made up front.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};

use super::open::{check, from_file};
use crate::args;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::needs::Needs;
use crate::dataset::rows;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::template::{Template, render};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// Twenty-seven sonnets by William Shakespeare (1609).
const SONNETS: &str = include_str!("sonnets.txt");
/// What is asked of the model.
const BASE: &str = "Pick as many lines as you can from these poem lines:\n";
/// How many prompts in a row may be too long.
const PATIENCE: usize = 1000;

/// Flags of the dataset `sonnet`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: sonnet")]
pub struct SonnetArgs {
    /// Input tokens of a request at most, chat template included.
    #[arg(long, value_name = "TOKENS", default_value_t = 550, allow_negative_numbers = true, value_parser = args::int)]
    pub sonnet_input_len: i64,
    /// Output tokens of a request.
    #[arg(long, value_name = "TOKENS", default_value_t = 150, allow_negative_numbers = true, value_parser = args::int)]
    pub sonnet_output_len: i64,
    /// Input tokens that all requests share.
    #[arg(long, value_name = "TOKENS", default_value_t = 200, allow_negative_numbers = true, value_parser = args::int)]
    pub sonnet_prefix_len: i64,
}

/// The settings of `sonnet`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sonnet {
    /// The file of lines; `None` for the sonnets inside.
    pub path: Option<PathBuf>,
    /// How many requests; above 0.
    pub num_prompts: u32,
    /// Input tokens of a request at most.
    pub input_len: u32,
    /// Output tokens of a request.
    pub output_len: u32,
    /// Input tokens that all requests share.
    pub prefix_len: u32,
    /// What prompts are counted with.
    pub template: Template,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// Who puts prompts into the chat template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TemplatedBy {
    /// This program.
    Client,
    /// The server; prompts are sent without it and counted with it.
    Server,
}

/// Lines of poems.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[SonnetArgs::augment_args],
    all_at_first: true,
    ..Kind::new("sonnet", "Lines of poems, Shakespeare's or from a file", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<Sonnet> {
    flags::<SonnetArgs>(matches).resolve(common)
}

impl SonnetArgs {
    fn resolve(self, common: Common) -> Result<Sonnet> {
        let Common { path, input_len, output_len, template, selection } = common;
        Ok(Sonnet {
            path,
            num_prompts: selection.some_prompts(KIND.name)?,
            input_len: length("--sonnet-input-len", input_len.unwrap_or(self.sonnet_input_len))?,
            output_len: length("--sonnet-output-len", output_len.unwrap_or(self.sonnet_output_len))?,
            prefix_len: length("--sonnet-prefix-len", self.sonnet_prefix_len)?,
            template,
            request_id_prefix: selection.request_id_prefix,
        })
    }
}

impl Sonnet {
    /// Ready to be sampled. The template is left to a server of messages, which applies it itself, as the reference does.
    pub fn dataset(self) -> Dataset {
        let templated = self.template != Template::None;
        Dataset {
            needs: Needs { templated, yields_template: true, ..Needs::default() },
            check: self.path.as_deref().map_or_else(|| Arc::new(|| Ok(())) as _, check),
            ..Dataset::tokenized(KIND.name, move |carries, tokenizer, draws| {
                let by = if carries.messages { TemplatedBy::Server } else { TemplatedBy::Client };
                self.clone().samples(by, tokenizer, draws)
            })
        }
    }

    fn samples(self, by: TemplatedBy, tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Samples> {
        match self.path.clone() {
            None => self.samples_of(SONNETS, by, tokenizer, draws),
            Some(path) => from_file(&path, |bytes| self.samples_of(rows::text(&bytes)?, by, tokenizer, draws)),
        }
    }

    fn samples_of(self, text: &str, by: TemplatedBy, tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (first, drawn) = self.line_counts(&lines, tokenizer)?;
        let head = format!("{BASE}{}", lines[..first.min(lines.len())].concat());
        let (mut samples, mut refused) = (Vec::new(), 0);
        while samples.len() < self.num_prompts as usize {
            let mut prompt = head.clone();
            prompt.extend((0..drawn).map(|_| lines[draws.python.index(lines.len())]));
            let (rendered, input_tokens) = self.counted(&prompt, tokenizer)?;
            if input_tokens > self.input_len {
                refused += 1;
                if refused == PATIENCE {
                    return Err(Error::new(format!("no prompt of {} tokens or fewer found", self.input_len))
                        .hint("lower `--sonnet-prefix-len`, or raise `--sonnet-input-len`"));
                }
                continue;
            }
            refused = 0;
            let sent = if by == TemplatedBy::Client { rendered } else { prompt };
            samples.push(Sample {
                prompt: Prompt::Text(sent),
                input_tokens,
                output_tokens: self.output_len,
                request_id: Some(format!("{}{}", self.request_id_prefix, samples.len())),
                ..Sample::default()
            });
        }
        let count = samples.len();
        Ok(Samples::new(count, samples.into_iter().map(Ok)))
    }

    /// How many lines from the start all prompts share, and how many are drawn after them, by the mean length of a line.
    fn line_counts(&self, lines: &[&str], tokenizer: &Tokenizer) -> Result<(usize, usize)> {
        if lines.is_empty() {
            return Err(Error::new("no lines").hint("give a text file with a line of a poem in each line"));
        }
        let mut tokens = 0;
        for line in lines {
            tokens += u64::from(tokenizer.count(line)?);
        }
        let mean = tokens as f64 / lines.len() as f64;
        let (_, base) = self.counted(BASE, tokenizer)?;
        if self.input_len <= base {
            return Err(Error::new(format!(
                "`--sonnet-input-len {}`: the question alone has {base} tokens",
                self.input_len
            ))
            .hint(format!("give more than {base}")));
        }
        let fitting = |len: u32| ((f64::from(len) - f64::from(base)) / mean).round_ties_even().max(0.0) as usize;
        let first = fitting(self.prefix_len);
        Ok((first, fitting(self.input_len).saturating_sub(first)))
    }

    fn counted(&self, prompt: &str, tokenizer: &Tokenizer) -> Result<(String, u32)> {
        let rendered = render(prompt, &self.template, tokenizer)?;
        let count = tokenizer.count(&rendered)?;
        Ok((rendered, count))
    }
}

#[cfg(test)]
#[path = "sonnet_test.rs"]
mod tests;
