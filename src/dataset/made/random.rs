//! Made-up prompts of drawn lengths: ramps of consecutive token ids from drawn starts, behind a shared prefix. Settings
//! and a tokenizer come in; the reference's prompts go out, as text or as the token ids themselves.
//!
//! Lengths, output lengths and starts are drawn up front, twelve bytes a prompt; prompts are made as they are asked for.

use std::sync::Arc;

use clap::{ArgMatches, Args};

use super::fit::{Fit, Fitted};
use super::ramp::{Allowed, Drawn, Texts, repeats_warning};
use super::warm::Warm;
use crate::args;
use crate::args::range::outside;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::{Interval, RangeRatio, RatioText, length};
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::selection::Selection;
use crate::error::{Error, Result};
use crate::rng::Generator;
use crate::token::Tokenizer;

/// Flags of the dataset `random`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: random")]
pub struct RandomArgs {
    /// Input tokens of a request, besides the prefix.
    #[arg(long, value_name = "TOKENS", default_value_t = 1024, allow_negative_numbers = true, value_parser = args::int)]
    pub random_input_len: i64,
    /// Output tokens of a request.
    #[arg(long, value_name = "TOKENS", default_value_t = 128, allow_negative_numbers = true, value_parser = args::int)]
    pub random_output_len: i64,
    /// Tokens of a prefix that all requests share, before the input tokens.
    #[arg(long, value_name = "TOKENS", default_value_t = 0, allow_negative_numbers = true, value_parser = args::int)]
    pub random_prefix_len: i64,
    /// How far lengths vary: from length * (1 - RATIO) to length * (1 + RATIO), at least 0 and below 1; or a JSON object
    /// with a ratio each for `input` and `output`.
    #[arg(long, value_name = "RATIO", default_value = "0.0", allow_negative_numbers = true)]
    pub random_range_ratio: RatioText,
    /// Prompts in one request; more than 1 is for embedding and pooling servers.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = args::int)]
    pub random_batch_size: i64,
    /// Send token ids instead of text (`random`; completions and embeddings): the lengths are exact, and no tokenizer works.
    #[arg(long)]
    pub prompt_token_ids: bool,
    /// Fraction of the prompts that begin with a part which they share, as a warm prefix cache would serve it; goes with
    /// `--prompt-token-ids` and `--random-cache-ratio`.
    #[arg(long, value_name = "FRACTION", default_value = "0", allow_negative_numbers = true, value_parser = args::float)]
    pub random_cache_hit_fraction: f64,
    /// How much of such a prompt is shared, as a fraction of its length.
    #[arg(long, value_name = "RATIO", default_value = "0", allow_negative_numbers = true, value_parser = args::float)]
    pub random_cache_ratio: f64,
}

/// What prompts are sent as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// Text that encodes to as many tokens as were drawn.
    Text,
    /// The token ids that were drawn; some share a part of theirs.
    Ids(Warm),
}

/// The settings of `random`.
#[derive(Debug, Clone, PartialEq)]
pub struct Random {
    /// Seed of all draws.
    pub seed: u32,
    /// How many prompts; above 0.
    pub num_prompts: u32,
    /// Nominal input tokens of a prompt, special tokens of the tokenizer included.
    pub input_len: u32,
    /// Nominal output tokens of a request.
    pub output_len: u32,
    /// Tokens of the shared prefix.
    pub prefix_len: u32,
    /// How far lengths vary.
    pub range_ratio: RangeRatio,
    /// Prompts in one request; above 0.
    pub batch_size: u32,
    /// What prompts are sent as.
    pub form: Form,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// Made-up prompts of drawn lengths.
pub(in crate::dataset) static KIND: Kind =
    Kind {
        groups: &[RandomArgs::augment_args],
        own: &[("prompt_token_ids", "")],
        reads_file: false,
        stored_lengths: (Some("random_input_len"), Some("random_output_len")),
        ..Kind::new("random", "Made-up prompts of drawn lengths", |matches, common| {
            Ok(settings(matches, common)?.dataset())
        })
    };

pub(in crate::dataset) fn settings(matches: &ArgMatches, common: Common) -> Result<Random> {
    RandomArgs::read(matches, &common).resolve(KIND.name, common.selection)
}

impl RandomArgs {
    /// The flags as they were given, with the general lengths in the place of their own.
    pub(super) fn read(matches: &ArgMatches, common: &Common) -> Self {
        let args: RandomArgs = flags(matches);
        RandomArgs {
            random_input_len: common.input_len.unwrap_or(args.random_input_len),
            random_output_len: common.output_len.unwrap_or(args.random_output_len),
            ..args
        }
    }

    /// The settings for `dataset`, whose texts are those of `random`.
    pub(super) fn resolve(self, dataset: &str, selection: Selection) -> Result<Random> {
        Ok(Random {
            seed: selection.seed,
            num_prompts: selection.some_prompts(dataset)?,
            input_len: length("--random-input-len", self.random_input_len)?,
            output_len: length("--random-output-len", self.random_output_len)?,
            prefix_len: length("--random-prefix-len", self.random_prefix_len)?,
            range_ratio: self.random_range_ratio.0.parse()?,
            batch_size: self.random_batch_size.clamp(1, i64::from(u32::MAX)) as u32,
            form: self.form()?,
            request_id_prefix: selection.request_id_prefix,
        })
    }

    fn form(&self) -> Result<Form> {
        let (fraction, ratio) = (self.random_cache_hit_fraction, self.random_cache_ratio);
        for (flag, value) in [("--random-cache-hit-fraction", fraction), ("--random-cache-ratio", ratio)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(outside(flag, value, "a fraction").hint("give a number from 0 to 1"));
            }
        }
        let warm = Warm::of(fraction, ratio)?;
        if self.prompt_token_ids {
            if warm.is_some() && self.random_prefix_len != 0 {
                return Err(Error::new("`--random-prefix-len` does not go with `--random-cache-hit-fraction`")
                    .hint("give the shared part with `--random-cache-ratio` only"));
            }
            return Ok(Form::Ids(warm.unwrap_or_default()));
        }
        match warm {
            Some(_) => Err(Error::new("`--random-cache-hit-fraction` needs `--prompt-token-ids`")
                .hint("give both: only token ids are sure to share what was drawn")),
            None => Ok(Form::Text),
        }
    }
}

impl Random {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs {
            token_ids: self.form != Form::Text,
            batches: self.form == Form::Text && self.batch_size > 1,
            full_answers: true,
            made_to_length: true,
            ..Needs::default()
        };
        let talker = self.clone();
        Dataset {
            needs,
            talks: Some(Arc::new(move |shape| talker.talk(shape))),
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, _| self.clone().samples(tokenizer.clone()))
        }
    }

    pub(super) fn samples(self, tokenizer: Tokenizer) -> Result<Samples> {
        let allowed = Allowed::of(&tokenizer)?;
        let mut generator = Generator::new(u64::from(self.seed));
        let draws = self.draw(&tokenizer, &mut generator)?;
        match self.form {
            Form::Text => self.texts(draws, allowed, tokenizer, generator),
            Form::Ids(warm) => Ok(self.ids(warm, draws, allowed, generator)),
        }
    }

    /// Input lengths, then output lengths, then offsets: in this order, each kind for all prompts.
    fn draw(&self, tokenizer: &Tokenizer, generator: &mut Generator) -> Result<Drawn> {
        // The server adds its special tokens to a text, and none to token ids.
        let added = if self.form == Form::Text { tokenizer.special_count() } else { 0 };
        let input_len = self.input_len.saturating_sub(added);
        if self.prefix_len + Interval::around(input_len, self.range_ratio.input, 0).low == 0 {
            return Err(Error::new(format!("an input length of {} can leave a prompt without tokens", self.input_len))
                .hint("raise `--random-input-len`, or lower `--random-range-ratio`"));
        }
        let (lengths, vocab_size) = ((input_len, self.output_len), tokenizer.vocab_size());
        Ok(Drawn::new(self.num_prompts, lengths, self.range_ratio, vocab_size, generator))
    }

    fn texts(self, draws: Drawn, allowed: Allowed, tokenizer: Tokenizer, mut generator: Generator) -> Result<Samples> {
        let mut warnings = Vec::new();
        let prefix = self.prefix(&allowed, &tokenizer, &mut generator)?;
        warnings.extend(self.prefix_warning(&prefix));
        let ramps = draws.ramps(0, &allowed);
        warnings.extend(repeats_warning(&ramps));
        let (texts, late_warnings) = Texts::new(ramps, (prefix.ids, self.prefix_len), allowed, tokenizer, generator);
        let singles = texts.zip(draws.outputs).map(|(fitted, output_tokens)| {
            fitted.map(|Fitted { text, ids, .. }| {
                let input_tokens = ids.len() as u32;
                Sample { prompt: Prompt::Text(text), input_tokens, output_tokens, ..Sample::default() }
            })
        });
        Ok(Samples { warnings, late_warnings, ..self.requests(singles) })
    }

    /// The shared prefix: random tokens, fitted like a prompt.
    pub(super) fn prefix(&self, allowed: &Allowed, tokenizer: &Tokenizer, generator: &mut Generator) -> Result<Fitted> {
        if self.prefix_len == 0 {
            return Ok(Fitted { text: String::new(), ids: Vec::new(), excess: 0 });
        }
        let ids = allowed.draw(self.prefix_len, generator);
        Fit::new(ids, self.prefix_len as usize).advance(tokenizer)?.finish(tokenizer, generator)
    }

    /// What to warn of where the prefix missed its length.
    pub(super) fn prefix_warning(&self, prefix: &Fitted) -> Option<String> {
        let (wanted, got) = (self.prefix_len, prefix.ids.len());
        (prefix.excess != 0)
            .then(|| format!("the shared prefix has {got} tokens instead of {wanted}: no text of that length found"))
    }

    /// Token ids are sent as they were drawn: nothing has to fit.
    fn ids(self, warm: Warm, draws: Drawn, allowed: Allowed, mut generator: Generator) -> Samples {
        let prefix = allowed.draw(self.prefix_len, &mut generator);
        let shared = warm.draw(&draws.inputs, &allowed, &mut generator);
        let mut ramps = draws.ramps(0, &allowed);
        let heads: Vec<u32> = ramps.iter_mut().enumerate().map(|(index, ramp)| shared.take(index, ramp)).collect();
        let warnings = repeats_warning(&ramps).into_iter().collect();
        let drawn = ramps.into_iter().zip(heads).zip(draws.outputs);
        let singles = drawn.map(move |(((start, len), head), output_tokens)| {
            let before = prefix.iter().chain(&shared.ids()[..head as usize]).copied();
            let ids: Vec<u32> = before.chain(allowed.ramp(start, len)).collect();
            let input_tokens = ids.len() as u32;
            Ok(Sample { prompt: Prompt::Ids(ids), input_tokens, output_tokens, ..Sample::default() })
        });
        Samples { warnings, ..self.requests(singles) }
    }

    /// The prompts as requests, one or a batch in each, with their ids.
    fn requests(self, singles: impl Iterator<Item = Result<Sample>> + Send + 'static) -> Samples {
        let count = self.num_prompts.div_ceil(self.batch_size) as usize;
        let requests: Box<dyn Iterator<Item = Result<Sample>> + Send> = match self.batch_size {
            1 => Box::new(singles),
            size => Box::new(batches(singles, size).map(|members| members.map(batched))),
        };
        let named = move |(index, sample): (usize, Result<Sample>)| {
            let request_id = Some(format!("{}{index}", self.request_id_prefix));
            sample.map(|sample| Sample { request_id, ..sample })
        };
        Samples::new(count, requests.enumerate().map(named))
    }
}

/// Consecutive samples, `size` at a time; the last batch may be smaller.
pub(super) fn batches(
    mut singles: impl Iterator<Item = Result<Sample>>,
    size: u32,
) -> impl Iterator<Item = Result<Vec<Sample>>> {
    std::iter::from_fn(move || {
        let members: Result<Vec<Sample>> = singles.by_ref().take(size as usize).collect();
        Some(members).filter(|members| !matches!(members, Ok(members) if members.is_empty()))
    })
}

/// One request that holds the prompts of `members` and asks for no output.
fn batched(members: Vec<Sample>) -> Sample {
    let input_tokens = members.iter().map(|member| member.input_tokens).sum();
    let (mut texts, mut ids) = (Vec::new(), Vec::new());
    for member in members {
        match member.prompt {
            Prompt::Text(text) => texts.push(text),
            Prompt::Ids(prompt) => ids.push(prompt),
            other => unreachable!("`random` does not make {other:?}"),
        }
    }
    let prompt = if ids.is_empty() { Prompt::Batch(texts) } else { Prompt::IdBatch(ids) };
    Sample { prompt, input_tokens, ..Sample::default() }
}

#[cfg(test)]
#[path = "random_test.rs"]
mod tests;
