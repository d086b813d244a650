//! Ramps: prompts of consecutive token ids from drawn starts, as `random` and its relatives make them. Lengths and starts
//! are drawn first, all of them; the texts are made as they are asked for.
//!
//! What draws nothing runs ahead on all cores; filler ids are drawn in order, when a text is asked for.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use super::fit::{Fit, Fitted, Step};
use crate::dataset::ahead::{Ahead, ahead};
use crate::dataset::lengths::{Interval, RangeRatio};
use crate::error::{Error, Result};
use crate::rng::Generator;
use crate::token::Tokenizer;

/// The ids that ramps run through, ascending: the base vocabulary without the named special tokens.
#[derive(Debug, Clone)]
pub(in crate::dataset) struct Allowed(Arc<[u32]>);

impl Allowed {
    /// What `tokenizer` allows.
    ///
    /// # Errors
    ///
    /// Where that is nothing.
    pub(super) fn of(tokenizer: &Tokenizer) -> Result<Self> {
        Self::without(tokenizer, tokenizer.special_ids())
    }

    /// All that `tokenizer` has but `special`.
    ///
    /// # Errors
    ///
    /// Where that is nothing.
    pub(super) fn without(tokenizer: &Tokenizer, special: &[u32]) -> Result<Self> {
        let special: HashSet<u32> = special.iter().copied().collect();
        let allowed: Arc<[u32]> = (0..tokenizer.vocab_size()).filter(|id| !special.contains(id)).collect();
        if allowed.is_empty() {
            return Err(Error::new("the tokenizer has no tokens to make prompts of").hint("give another `--tokenizer`"));
        }
        Ok(Allowed(allowed))
    }

    /// `len` consecutive ids from position `start` on, around the end.
    pub(super) fn ramp(&self, start: u32, len: u32) -> impl Iterator<Item = u32> {
        let start = start as usize;
        (start..start + len as usize).map(|position| self.0[position % self.0.len()])
    }

    /// `count` ids, each drawn from all.
    pub(super) fn draw(&self, count: u32, generator: &mut Generator) -> Vec<u32> {
        let last = self.0.len() as u32 - 1;
        (0..count).map(|_| self.0[generator.integer(0, last) as usize]).collect()
    }
}

/// What is drawn for each prompt before any is made.
pub(in crate::dataset) struct Drawn {
    /// Tokens of the ramp.
    pub(in crate::dataset) inputs: Vec<u32>,
    /// Output tokens.
    pub(in crate::dataset) outputs: Vec<u32>,
    /// Where in the vocabulary the ramp starts; prompt `i` shifts that by `i`.
    pub(in crate::dataset) offsets: Vec<u32>,
}

impl Drawn {
    /// Drawn `count` input lengths, then as many output lengths, then offsets into the vocabulary. `lengths` are the nominal
    /// ones of input and output.
    pub(in crate::dataset) fn new(
        count: u32,
        lengths: (u32, u32),
        ratio: RangeRatio,
        vocab_size: u32,
        generator: &mut Generator,
    ) -> Self {
        let count = count as usize;
        let input = Interval::around(lengths.0, ratio.input, 0);
        let output = Interval::around(lengths.1, ratio.output, 1);
        Drawn {
            inputs: generator.integers(count, input.low, input.high),
            outputs: generator.integers(count, output.low, output.high),
            offsets: generator.integers(count, 0, vocab_size - 1),
        }
    }

    /// The ramps of prompts `first`, `first` + 1, ..., each as start and length.
    pub(in crate::dataset) fn ramps(&self, first: usize, allowed: &Allowed) -> Vec<(u32, u32)> {
        let size = allowed.0.len() as u64;
        let start = |(index, offset): (usize, &u32)| ((u64::from(*offset) + (first + index) as u64) % size) as u32;
        self.offsets.iter().enumerate().map(start).zip(self.inputs.iter().copied()).collect()
    }
}

/// What to warn of where ramps are equal in start and length: those prompts are made of the same tokens. One in a hundred is nothing
/// that a cache would make much of.
pub(super) fn repeats_warning(ramps: &[(u32, u32)]) -> Option<String> {
    let mut distinct = ramps.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let (all, repeats) = (ramps.len(), ramps.len() - distinct.len());
    (repeats * 100 > all).then(|| {
        format!("{repeats} of the {all} planned prompts are made of the same tokens as another one: a prefix cache may serve them")
    })
}

/// The texts of ramps behind a shared prefix, one by one: what other threads began is finished here, in order.
pub(super) struct Texts {
    steps: Ahead<Result<Step>>,
    tokenizer: Tokenizer,
    filler: Generator,
    misses: Misses,
    late: Sender<String>,
}

impl Texts {
    /// The texts of `ramps`, each behind a prefix of the ids `prefix.0` which counts `prefix.1` tokens; and where a warning
    /// comes from once the last one is made, if lengths were missed.
    pub(super) fn new(
        ramps: Vec<(u32, u32)>,
        prefix: (Vec<u32>, u32),
        allowed: Allowed,
        tokenizer: Tokenizer,
        filler: Generator,
    ) -> (Self, Receiver<String>) {
        let making = tokenizer.clone();
        let steps = ahead(ramps.len(), move |index| {
            let (start, len) = ramps[index];
            let ids = prefix.0.iter().copied().chain(allowed.ramp(start, len)).collect();
            Fit::new(ids, (prefix.1 + len) as usize).advance(&making)
        });
        let (late, warnings) = mpsc::channel();
        (Texts { steps, tokenizer, filler, misses: Misses::default(), late }, warnings)
    }

    /// The generator, as the texts so far have left it.
    pub(super) fn generator(&mut self) -> &mut Generator {
        &mut self.filler
    }
}

impl Iterator for Texts {
    type Item = Result<Fitted>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(step) = self.steps.next() else {
            if let Some(warning) = std::mem::take(&mut self.misses).warning() {
                // Nobody who wants warnings is left if the other end is gone.
                let _ = self.late.send(warning);
            }
            return None;
        };
        let fitted = step.and_then(|step| step.finish(&self.tokenizer, &mut self.filler));
        if let Ok(fitted) = &fitted {
            self.misses.count(fitted);
        }
        Some(fitted)
    }
}

/// Prompts whose length could not be reached.
#[derive(Debug, Default)]
pub(in crate::dataset) struct Misses {
    prompts: usize,
    tokens: i64,
    /// Tokens that were wanted.
    wanted: u64,
}

impl Misses {
    /// Counts a prompt.
    pub(in crate::dataset) fn count(&mut self, fitted: &Fitted) {
        self.add(fitted.ids.len(), fitted.excess);
    }

    /// Counts a prompt of so many tokens, which are `excess` more than wanted.
    pub(in crate::dataset) fn add(&mut self, tokens: usize, excess: i64) {
        self.wanted += (tokens as u64).saturating_add_signed(-excess);
        self.prompts += usize::from(excess != 0);
        self.tokens += excess;
    }

    /// What to warn of: less than a hundredth is nothing that anybody would notice.
    pub(in crate::dataset) fn warning(self) -> Option<String> {
        let Misses { prompts, tokens, wanted } = self;
        let (size, which) = (tokens.abs(), if tokens < 0 { "fewer" } else { "more" });
        (prompts > 0 && tokens.unsigned_abs() * 100 >= wanted).then(|| {
            format!(
                "{prompts} prompts missed the length drawn for them, by {size} tokens {which} in all: the tokenizer \
                     does not encode their text back to as many"
            )
        })
    }
}
