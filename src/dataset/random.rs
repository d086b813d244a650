//! Made-up prompts of drawn lengths: ramps of consecutive token ids from drawn starts, behind a shared prefix. Settings
//! and a tokenizer come in, the reference's prompts go out.
//!
//! Lengths, output lengths and starts are drawn up front, twelve bytes a prompt. Texts are made as they are asked for:
//! the part that draws nothing ahead on all cores, the filler draws in order.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};

use super::ahead::{Ahead, ahead};
use super::fit::{Fit, Fitted, Step};
use super::lengths::{Interval, RangeRatio, length};
use super::{Prompt, Sample, Samples};
use crate::args;
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
    pub random_range_ratio: String,
    /// Prompts in one request; more than 1 is for embedding and pooling servers.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = args::int)]
    pub random_batch_size: i64,
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
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

impl RandomArgs {
    pub(super) fn resolve(self, seed: u32, num_prompts: i64, request_id_prefix: String) -> Result<Random> {
        let num_prompts = u32::try_from(num_prompts).ok().filter(|&count| count > 0).ok_or_else(|| {
            Error::new(format!("`--num-prompts {num_prompts}`: dataset `random` makes 1 prompt or more"))
                .hint("give a number above 0")
        })?;
        Ok(Random {
            seed,
            num_prompts,
            input_len: length("--random-input-len", self.random_input_len)?,
            output_len: length("--random-output-len", self.random_output_len)?,
            prefix_len: length("--random-prefix-len", self.random_prefix_len)?,
            range_ratio: self.random_range_ratio.parse()?,
            batch_size: self.random_batch_size.clamp(1, i64::from(u32::MAX)) as u32,
            request_id_prefix,
        })
    }
}

impl Random {
    pub(super) fn samples(self, tokenizer: Tokenizer) -> Result<Samples> {
        let allowed = allowed(&tokenizer)?;
        let mut generator = Generator::new(u64::from(self.seed));
        let draws = self.draw(&tokenizer, allowed.len(), &mut generator)?;
        let mut warnings = Vec::new();
        let prefix = self.prefix(&allowed, &tokenizer, &mut generator)?;
        if prefix.excess != 0 {
            let (wanted, got) = (self.prefix_len, prefix.ids.len());
            warnings
                .push(format!("the shared prefix has {got} tokens instead of {wanted}: no text of that length found"));
        }
        warnings.extend(draws.repeats_warning());
        let (late, late_warnings) = mpsc::channel();
        let prefix_len = self.prefix_len as usize;
        let Draws { inputs, outputs, starts } = draws;
        let making = tokenizer.clone();
        let steps = ahead(starts.len(), move |index| {
            let (start, len) = (starts[index] as usize, inputs[index] as usize);
            let inner = (start..start + len).map(|position| allowed[position % allowed.len()]);
            Fit::new(prefix.ids.iter().copied().chain(inner).collect(), prefix_len + len).advance(&making)
        });
        let texts =
            Texts { steps, outputs: outputs.into_iter(), tokenizer, filler: generator, misses: Misses::default() };
        let requests = Requests { texts, next: 0, batch: self.batch_size, prefix: self.request_id_prefix, late };
        let count = self.num_prompts.div_ceil(self.batch_size) as usize;
        Ok(Samples { warnings, late_warnings, ..Samples::new(count, requests) })
    }

    /// Input lengths, then output lengths, then offsets: in this order, each kind for all prompts.
    fn draw(&self, tokenizer: &Tokenizer, allowed: usize, generator: &mut Generator) -> Result<Draws> {
        let input_len = self.input_len.saturating_sub(tokenizer.special_count());
        let input = Interval::around(input_len, self.range_ratio.input, 0);
        let output = Interval::around(self.output_len, self.range_ratio.output, 1);
        if self.prefix_len + input.low == 0 {
            return Err(Error::new(format!("an input length of {} can leave a prompt without tokens", self.input_len))
                .hint("raise `--random-input-len`, or lower `--random-range-ratio`"));
        }
        let count = self.num_prompts as usize;
        let inputs = generator.integers(count, input.low, input.high);
        let outputs = generator.integers(count, output.low, output.high);
        let mut starts = generator.integers(count, 0, tokenizer.vocab_size() - 1);
        for (index, start) in starts.iter_mut().enumerate() {
            *start = ((u64::from(*start) + index as u64) % allowed as u64) as u32;
        }
        Ok(Draws { inputs, outputs, starts })
    }

    /// The shared prefix: random tokens, fitted like a prompt.
    fn prefix(&self, allowed: &[u32], tokenizer: &Tokenizer, generator: &mut Generator) -> Result<Fitted> {
        if self.prefix_len == 0 {
            return Ok(Fitted { text: String::new(), ids: Vec::new(), excess: 0 });
        }
        let last = allowed.len() as u32 - 1;
        let ids = (0..self.prefix_len).map(|_| allowed[generator.integer(0, last) as usize]).collect();
        Fit::new(ids, self.prefix_len as usize).advance(tokenizer)?.finish(tokenizer, generator)
    }
}

/// The ids that prompts are made of, ascending: the base vocabulary without the named special tokens.
fn allowed(tokenizer: &Tokenizer) -> Result<Arc<[u32]>> {
    let special: HashSet<u32> = tokenizer.special_ids().iter().copied().collect();
    let allowed: Arc<[u32]> = (0..tokenizer.vocab_size()).filter(|id| !special.contains(id)).collect();
    if allowed.is_empty() {
        return Err(Error::new("the tokenizer has no tokens to make prompts of").hint("give another `--tokenizer`"));
    }
    Ok(allowed)
}

/// What is drawn for each prompt before any text is made.
struct Draws {
    /// Input tokens besides the prefix.
    inputs: Vec<u32>,
    /// Output tokens.
    outputs: Vec<u32>,
    /// Where in the allowed ids the ramp starts.
    starts: Vec<u32>,
}

impl Draws {
    /// Prompts of one start and one length are made of the same tokens.
    fn repeats_warning(&self) -> Option<String> {
        let both = |(&start, &input): (&u32, &u32)| u64::from(start) << 32 | u64::from(input);
        let mut ramps: Vec<u64> = self.starts.iter().zip(&self.inputs).map(both).collect();
        ramps.sort_unstable();
        ramps.dedup();
        let (all, repeats) = (self.starts.len(), self.starts.len() - ramps.len());
        (repeats > 0).then(|| {
            format!(
                "{repeats} of {all} prompts are made of the same tokens as another one: a prefix cache may serve them"
            )
        })
    }
}

/// The prompts one by one: what other threads began is finished here, in order, where filler ids can be drawn.
struct Texts {
    steps: Ahead<Result<Step>>,
    outputs: std::vec::IntoIter<u32>,
    tokenizer: Tokenizer,
    filler: Generator,
    misses: Misses,
}

/// Prompts whose length could not be reached.
#[derive(Debug, Default)]
struct Misses {
    prompts: usize,
    tokens: i64,
}

impl Misses {
    fn warning(&self) -> Option<String> {
        let Misses { prompts, tokens } = self;
        let (size, which) = (tokens.abs(), if *tokens < 0 { "fewer" } else { "more" });
        (*prompts > 0).then(|| {
            format!(
                "{prompts} prompts missed the length drawn for them, by {size} tokens {which} in all: the tokenizer \
                     does not encode their text back to as many"
            )
        })
    }
}

impl Iterator for Texts {
    type Item = Result<(Fitted, u32)>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.steps.next()?;
        let output = self.outputs.next()?;
        let fitted = step.and_then(|step| step.finish(&self.tokenizer, &mut self.filler));
        if let Ok(fitted) = &fitted
            && fitted.excess != 0
        {
            self.misses.prompts += 1;
            self.misses.tokens += fitted.excess;
        }
        Some(fitted.map(|fitted| (fitted, output)))
    }
}

/// The prompts as requests, one or a batch in each.
struct Requests {
    texts: Texts,
    next: usize,
    batch: u32,
    prefix: String,
    late: Sender<String>,
}

impl Requests {
    fn single(&mut self) -> Option<Result<Sample>> {
        let fitted = self.texts.next()?;
        Some(fitted.map(|(fitted, output_tokens)| Sample {
            prompt: Prompt::Text(fitted.text),
            input_tokens: fitted.ids.len() as u32,
            output_tokens,
            ..Sample::default()
        }))
    }

    /// Consecutive prompts in one request, which asks for no output.
    fn batch(&mut self) -> Option<Result<Sample>> {
        let members: Result<Vec<(Fitted, u32)>> = self.texts.by_ref().take(self.batch as usize).collect();
        let members = match members {
            Ok(members) if members.is_empty() => return None,
            Ok(members) => members,
            Err(error) => return Some(Err(error)),
        };
        let input_tokens = members.iter().map(|(fitted, _)| fitted.ids.len() as u32).sum();
        let texts = members.into_iter().map(|(fitted, _)| fitted.text).collect();
        Some(Ok(Sample { prompt: Prompt::Batch(texts), input_tokens, ..Sample::default() }))
    }
}

impl Iterator for Requests {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        let made = if self.batch > 1 { self.batch() } else { self.single() };
        let Some(made) = made else {
            if let Some(warning) = std::mem::take(&mut self.texts.misses).warning() {
                // Nobody who wants warnings is left if the other end is gone.
                let _ = self.late.send(warning);
            }
            return None;
        };
        let request_id = Some(format!("{}{}", self.prefix, self.next));
        self.next += 1;
        Some(made.map(|sample| Sample { request_id, ..sample }))
    }
}

#[cfg(test)]
#[path = "random_test.rs"]
mod tests;
