//! Made-up prompts of drawn lengths: a prefix, if one is wanted, and consecutive tokens from a drawn place of the vocabulary on.
//! The prompts are those that EvalScope sends for the same seed and tokenizer.
//!
//! A point draws its prefixes, then the lengths of all prompts, then their places, then a seed for each, which random tokens come
//! from where a text encodes to fewer tokens than it was made of.

use std::collections::HashSet;
use std::sync::mpsc::{self, Receiver};

use super::draw::Draw;
use super::shaping::{Form, Shaping};
use super::vocabulary::{Filling, Vocabulary};
use crate::dataset::ahead::ahead;
use crate::dataset::kind::Dataset;
use crate::dataset::made::fit::{Fit, Fitted};
use crate::dataset::made::ramp::Misses;
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::rng::{Draws, Legacy};
use crate::token::Tokenizer;

/// The largest seed of a prompt: that of `randint(0, 2**32 - 1)`, which leaves out its end.
const LAST_SEED: u32 = u32::MAX - 1;

/// The settings of `random`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    /// How much is drawn, and after what.
    pub draw: Draw,
    /// What the prompts are like: the lengths are drawn from its range, the chat template included.
    pub shaping: Shaping,
    /// What goes before them, in addition to their lengths.
    pub prefixes: Prefixes,
}

/// Prefixes of random tokens, which prompts take in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefixes {
    /// Tokens of each.
    pub length: u32,
    /// How many different ones there are; above 0.
    pub count: u32,
}

/// The tokens of prompts before any is made.
struct Plan {
    vocabulary: Vocabulary,
    prefixes: Vec<Vec<u32>>,
    lengths: Vec<u32>,
    places: Vec<u32>,
    seeds: Vec<u32>,
    offset: u32,
}

impl Random {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { token_ids: self.shaping.form == Form::Ids, made_to_length: true, ..Needs::default() };
        Dataset { needs, ..Dataset::tokenized("random", move |_, tokenizer, draws| self.samples(tokenizer, draws)) }
    }

    /// The samples; gaps between them are drawn from where they leave the generator.
    pub(super) fn samples(&self, tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let (plan, legacy) = self.plan(tokenizer)?;
        draws.legacy = legacy;
        let outputs = self.shaping.outputs(self.draw.seed, self.draw.earlier_requests(), self.draw.requests());
        let (shaping, tokenizer, count) = (self.shaping, tokenizer.clone(), outputs.len());
        let made = ahead(count, move |index| {
            let (prompt, input_tokens, excess) = match shaping.form {
                Form::Ids => {
                    let ids = plan.ids(index);
                    let tokens = ids.len() as u32;
                    (Prompt::Ids(ids), tokens, 0)
                }
                Form::Chat | Form::Text => {
                    let Fitted { text, excess, .. } = plan.text(index, &tokenizer)?;
                    let tokens = shaping.tokens(&text, &tokenizer)?;
                    (Prompt::Text(text), tokens, excess)
                }
            };
            Ok((Sample { prompt, input_tokens, output_tokens: outputs[index], ..Sample::default() }, excess))
        });
        let (iter, late_warnings) = told(made);
        Ok(Samples { late_warnings, ..Samples::new(count, iter) })
    }

    /// What is drawn for this point, and the generator behind it.
    fn plan(&self, tokenizer: &Tokenizer) -> Result<(Plan, Legacy)> {
        let vocabulary = Vocabulary::whole(tokenizer)?;
        let (low, high) = self.lengths(tokenizer)?;
        let last = vocabulary.len() - 1;
        let mut legacy = self.draw.begin(|requests, legacy| {
            for _ in 0..self.prefixes.draws() {
                legacy.up_to(last);
            }
            let seeds = if self.shaping.form == Form::Ids { 0 } else { LAST_SEED };
            for span in [high - low, last, seeds] {
                for _ in 0..requests {
                    legacy.up_to(span);
                }
            }
        });
        let prefixes = self.prefixes.draw(&vocabulary, &mut legacy)?;
        let count = self.draw.requests();
        let lengths = (0..count).map(|_| low + legacy.up_to(high - low)).collect();
        let places = (0..count).map(|_| legacy.up_to(last)).collect();
        let seeds = match self.shaping.form {
            Form::Ids => Vec::new(),
            Form::Chat | Form::Text => (0..count).map(|_| legacy.up_to(LAST_SEED)).collect(),
        };
        Ok((Plan { vocabulary, prefixes, lengths, places, seeds, offset: self.draw.offset }, legacy))
    }

    /// The shortest and the longest drawn length: what the template around a prompt leaves of them.
    fn lengths(&self, tokenizer: &Tokenizer) -> Result<(u32, u32)> {
        let Shaping { min_prompt_length: shortest, max_prompt_length: longest, .. } = self.shaping;
        self.shaping.check()?;
        let around = self.shaping.template_tokens(tokenizer)?;
        let all = u64::from(longest) + u64::from(self.prefixes.length);
        if longest < around || all <= u64::from(around) {
            let why = match around {
                0 => String::new(),
                around => format!(": the chat template around it has {around}"),
            };
            return Err(Error::new(format!("a prompt of {longest} tokens at most has none of its own{why}"))
                .hint("raise `--max-prompt-length`"));
        }
        Ok((shortest.saturating_sub(around), longest - around))
    }
}

impl Prefixes {
    /// How many tokens are drawn for them.
    pub(super) fn draws(self) -> u64 {
        u64::from(self.length) * u64::from(self.count)
    }

    /// As many different ones as there are to be: one that is there already counts on to the next that is not.
    pub(super) fn draw(self, vocabulary: &Vocabulary, legacy: &mut Legacy) -> Result<Vec<Vec<u32>>> {
        let Prefixes { length, count } = self;
        let possible = (0..length).try_fold(1, |all: u32, _| all.checked_mul(vocabulary.len()));
        if possible.is_some_and(|possible| possible < count) {
            return Err(Error::new(format!("there are no {count} different prefixes of {length} tokens"))
                .hint("raise `--prefix-length`, or lower `--prefix-count`"));
        }
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for _ in 0..count {
            let mut prefix = vocabulary.some(length, legacy);
            while !seen.insert(prefix.clone()) {
                count_on(&mut prefix, vocabulary);
            }
            all.push(prefix);
        }
        Ok(all)
    }
}

/// Turns ids into the next ones, as a number is counted on.
fn count_on(ids: &mut [u32], vocabulary: &Vocabulary) {
    for id in ids.iter_mut().rev() {
        let (next, first) = vocabulary.after(*id);
        *id = next;
        if !first {
            return;
        }
    }
}

impl Plan {
    /// The tokens of prompt `index`.
    fn ids(&self, index: usize) -> Vec<u32> {
        let start = u64::from(self.places[index]) + u64::from(self.offset) + index as u64;
        let prefix = &self.prefixes[index % self.prefixes.len()];
        prefix.iter().copied().chain(self.vocabulary.ramp(start, self.lengths[index])).collect()
    }

    /// Its text, with as many tokens if it can be.
    fn text(&self, index: usize, tokenizer: &Tokenizer) -> Result<Fitted> {
        let (ids, mut legacy) = (self.ids(index), Legacy::new(self.seeds[index]));
        let target = ids.len();
        Fit::new(ids, target).advance(tokenizer)?.finish(tokenizer, &mut Filling(&self.vocabulary, &mut legacy))
    }
}

/// Samples without the tokens that each has in excess, which are told of at the end if they are many.
fn told(
    mut made: impl Iterator<Item = Result<(Sample, i64)>> + Send,
) -> (impl Iterator<Item = Result<Sample>> + Send, Receiver<String>) {
    let (late, warnings) = mpsc::channel();
    let mut misses = Misses::default();
    let iter = std::iter::from_fn(move || {
        let Some(next) = made.next() else {
            if let Some(warning) = std::mem::take(&mut misses).warning() {
                // Nobody who wants warnings is left if the other end is gone.
                let _ = late.send(warning);
            }
            return None;
        };
        Some(next.map(|(sample, excess)| {
            misses.add(sample.input_tokens as usize, excess);
            sample
        }))
    });
    (iter, warnings)
}

#[cfg(test)]
#[path = "random_test.rs"]
mod tests;
