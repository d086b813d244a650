//! Made-up prompts, many behind each of a few prefixes: what a prefix cache is tried with. Settings and a tokenizer come in;
//! the reference's prompts go out, from its two global generators.
//!
//! All tokens are drawn up front, since arrival times go on with the generator that they come from.

use clap::Args;

use super::fit::Fit;
use super::ramp::Misses;
use crate::args;
use crate::args::range::outside;
use crate::dataset::ahead::ahead;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::selection::Order;
use crate::error::{Error, Result};
use crate::rng::{Draws, Legacy};
use crate::token::Tokenizer;

/// Flags of the dataset `prefix_repetition`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: prefix_repetition")]
pub struct PrefixRepetitionArgs {
    /// Tokens of each prefix.
    #[arg(long, value_name = "TOKENS", default_value_t = 256, allow_negative_numbers = true, value_parser = args::int)]
    pub prefix_repetition_prefix_len: i64,
    /// Tokens of what follows the prefix, new in each request.
    #[arg(long, value_name = "TOKENS", default_value_t = 256, allow_negative_numbers = true, value_parser = args::int)]
    pub prefix_repetition_suffix_len: i64,
    /// How many prefixes there are; each is used in as many requests.
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = args::int)]
    pub prefix_repetition_num_prefixes: i64,
    /// Output tokens of a request.
    #[arg(long, value_name = "TOKENS", default_value_t = 128, allow_negative_numbers = true, value_parser = args::int)]
    pub prefix_repetition_output_len: i64,
}

/// The settings of `prefix_repetition`.
#[derive(Debug, Clone, PartialEq)]
pub struct PrefixRepetition {
    /// How many requests are wanted; at least as many as prefixes.
    pub num_prompts: u32,
    /// How many prefixes; above 0.
    pub prefixes: u32,
    /// Tokens of a prefix.
    pub prefix_len: u32,
    /// Tokens after it.
    pub suffix_len: u32,
    /// Output tokens of a request.
    pub output_len: u32,
    /// Whether the requests of all prefixes are mixed.
    pub order: Order,
}

/// Made-up prompts behind a few prefixes.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[PrefixRepetitionArgs::augment_args],
    reads_file: false,
    all_at_first: true,
    stored_lengths: (None, Some("prefix_repetition_output_len")),
    ..Kind::new("prefix_repetition", "Made-up prompts, many behind each of a few prefixes", |matches, common| {
        Ok(flags::<PrefixRepetitionArgs>(matches).resolve(common)?.dataset())
    })
};

impl PrefixRepetitionArgs {
    fn resolve(self, Common { selection, output_len, .. }: Common) -> Result<PrefixRepetition> {
        let num_prompts = selection.some_prompts(KIND.name)?;
        let output_len = output_len.unwrap_or(self.prefix_repetition_output_len);
        let asked = self.prefix_repetition_num_prefixes;
        let prefixes = u32::try_from(asked).ok().filter(|prefixes| (1..=num_prompts).contains(prefixes));
        let settings = PrefixRepetition {
            num_prompts,
            prefixes: prefixes.ok_or_else(|| {
                outside("--prefix-repetition-num-prefixes", asked, "a number of prefixes")
                    .hint(format!("give a number from 1 to {num_prompts}, which is `--num-prompts`"))
            })?,
            prefix_len: length("--prefix-repetition-prefix-len", self.prefix_repetition_prefix_len)?,
            suffix_len: length("--prefix-repetition-suffix-len", self.prefix_repetition_suffix_len)?,
            output_len: length("--prefix-repetition-output-len", output_len)?,
            order: selection.order,
        };
        if settings.prefix_len + settings.suffix_len == 0 {
            return Err(Error::new("prompts without tokens").hint("raise `--prefix-repetition-suffix-len`"));
        }
        Ok(settings)
    }
}

impl PrefixRepetition {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { made_to_length: true, ..Needs::default() };
        let make = move |_: &_, tokenizer: &Tokenizer, draws: &mut _| self.samples(tokenizer.clone(), draws);
        Dataset { needs, ..Dataset::tokenized(KIND.name, make) }
    }

    fn samples(&self, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let mut misses = Misses::default();
        let mut draw = |len| tokens(len, &tokenizer, &mut draws.legacy, &mut misses);
        let each = self.num_prompts / self.prefixes;
        let mut prompts = Vec::with_capacity((each * self.prefixes) as usize);
        for _ in 0..self.prefixes {
            let prefix = draw(self.prefix_len)?;
            for _ in 0..each {
                prompts.push([prefix.clone(), draw(self.suffix_len)?].concat());
            }
        }
        if self.order == Order::Shuffled {
            draws.python.shuffle(&mut prompts);
        }
        let (count, output_tokens) = (prompts.len(), self.output_len);
        let iter = ahead(count, move |index| {
            let ids = &prompts[index];
            let prompt = Prompt::Text(tokenizer.decode(ids)?);
            Ok(Sample { prompt, input_tokens: ids.len() as u32, output_tokens, ..Sample::default() })
        });
        let fewer = (count < self.num_prompts as usize).then(|| {
            let (asked, prefixes) = (self.num_prompts, self.prefixes);
            format!("{count} requests instead of {asked}, the same number for each of {prefixes} prefixes")
        });
        let warnings = fewer.into_iter().chain(misses.warning()).collect();
        Ok(Samples { warnings, ..Samples::new(count, iter) })
    }
}

/// `len` tokens drawn from the whole vocabulary, changed until they survive as text.
fn tokens(len: u32, tokenizer: &Tokenizer, legacy: &mut Legacy, misses: &mut Misses) -> Result<Vec<u32>> {
    let last = tokenizer.vocab_size() - 1;
    let ids = (0..len).map(|_| legacy.up_to(last)).collect();
    let fitted = Fit::new(ids, len as usize).advance(tokenizer)?.finish(tokenizer, legacy)?;
    misses.count(&fitted);
    Ok(fitted.ids)
}

#[cfg(test)]
#[path = "prefix_repetition_test.rs"]
mod tests;
