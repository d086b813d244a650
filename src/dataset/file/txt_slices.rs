//! Slices of a text: a file and a tokenizer come in; pieces of drawn lengths from drawn places go out, around the end of
//! the text where they reach it, as the reference's converter cuts them.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command};

use super::open::{check, from_file};
use crate::args;
use crate::dataset::ahead::ahead;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::{RangeRatio, length};
use crate::dataset::made::ramp::Drawn;
use crate::dataset::made::random::RandomArgs;
use crate::dataset::rows;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::rng::{Generator, Python};
use crate::token::{Special, Tokenizer};

/// Flags of the dataset `txt-slices`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: txt-slices")]
pub struct TxtSlicesArgs {
    /// Input tokens of a request; `--random-range-ratio` varies them.
    #[arg(long, value_name = "TOKENS", default_value_t = 1024, allow_negative_numbers = true, value_parser = args::int)]
    pub txt_slices_input_len: i64,
    /// Output tokens of a request; `--random-range-ratio` varies them.
    #[arg(long, value_name = "TOKENS", default_value_t = 128, allow_negative_numbers = true, value_parser = args::int)]
    pub txt_slices_output_len: i64,
}

/// The settings of `txt-slices`.
#[derive(Debug, Clone, PartialEq)]
pub struct TxtSlices {
    /// The file, UTF-8.
    pub path: PathBuf,
    /// Seed of all draws.
    pub seed: u32,
    /// How many requests; above 0.
    pub num_prompts: u32,
    /// Nominal input tokens of a request.
    pub input_len: u32,
    /// Nominal output tokens of a request.
    pub output_len: u32,
    /// How far lengths vary.
    pub range_ratio: RangeRatio,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// Slices of a text.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[TxtSlicesArgs::augment_args, range_ratio],
    ..Kind::new("txt-slices", "Slices of a text file", |matches, common| Ok(settings(matches, common)?.dataset()))
};

/// Of the flags of `random`, it reads how far lengths vary.
fn range_ratio(command: Command) -> Command {
    let random = RandomArgs::augment_args(Command::new("random"));
    command.args(random.get_arguments().filter(|arg| arg.get_id() == "random_range_ratio"))
}

fn settings(matches: &ArgMatches, common: Common) -> Result<TxtSlices> {
    let ratio = flags::<RandomArgs>(matches).random_range_ratio.0.parse()?;
    flags::<TxtSlicesArgs>(matches).resolve(common, ratio)
}

impl TxtSlicesArgs {
    fn resolve(self, common: Common, range_ratio: RangeRatio) -> Result<TxtSlices> {
        let Common { path, input_len, output_len, selection, .. } = common;
        let path = path.ok_or_else(|| {
            Error::new("dataset `txt-slices` needs a file").hint("name a text file with `--dataset-path`")
        })?;
        let text = path.to_string_lossy();
        if text.starts_with("http://") || text.starts_with("https://") {
            return Err(Error::new(format!("cannot read dataset `{text}`: not a file"))
                .hint("download it, and give the file: datasets are read from disk only"));
        }
        Ok(TxtSlices {
            seed: selection.seed,
            num_prompts: selection.some_prompts(KIND.name)?,
            input_len: length("--txt-slices-input-len", input_len.unwrap_or(self.txt_slices_input_len))?,
            output_len: length("--txt-slices-output-len", output_len.unwrap_or(self.txt_slices_output_len))?,
            range_ratio,
            request_id_prefix: selection.request_id_prefix,
            path,
        })
    }
}

impl TxtSlices {
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
        let tokens = tokenizer.encode(rows::text(bytes)?, Special::Skip)?;
        let last = (tokens.len() as u32)
            .checked_sub(1)
            .ok_or_else(|| Error::new("a text without tokens").hint("give a text file that is not empty"))?;
        let mut generator = Generator::new(u64::from(self.seed));
        let lengths = (self.input_len.saturating_sub(tokenizer.special_count()), self.output_len);
        let draws = Drawn::new(self.num_prompts, lengths, self.range_ratio, tokenizer.vocab_size(), &mut generator);
        let mut python = Python::new(u64::from(self.seed));
        let starts: Vec<u32> = draws.inputs.iter().map(|_| python.randint(0, last)).collect();
        let iter = ahead(starts.len(), move |index| {
            let (start, len) = (starts[index] as usize, draws.inputs[index] as usize);
            let ids: Vec<u32> = (start..start + len).map(|position| tokens[position % tokens.len()]).collect();
            let text = tokenizer.decode(&ids)?;
            Ok(Sample {
                input_tokens: tokenizer.count(&text)?,
                prompt: Prompt::Text(text),
                output_tokens: draws.outputs[index],
                request_id: Some(format!("{}{index}", self.request_id_prefix)),
                ..Sample::default()
            })
        });
        Ok(Samples::new(self.num_prompts as usize, iter))
    }
}

#[cfg(test)]
#[path = "txt_slices_test.rs"]
mod tests;
