//! A text of a wanted number of tokens: token ids come in, a text goes out that encodes to as many ids as wanted, if ten
//! corrections reach that.
//!
//! Decoding ids and encoding the text again can give more or fewer ids than there were. Too many are cut off; for too few
//! the caller supplies random ids. Since those come from one generator in request order, a fit stops where it needs
//! them: everything up to there can run on any thread.

use crate::error::Result;
use crate::rng::{Generator, Legacy};
use crate::token::{Special, Tokenizer};

/// How often a length is corrected before it is left as it is.
const CORRECTIONS: u32 = 10;

/// Where random ids come from.
pub(in crate::dataset) trait Filler {
    /// One id for a tokenizer whose base vocabulary is of this size: special tokens can be among what generators give.
    fn id(&mut self, vocab_size: u32) -> u32;
}

impl Filler for Generator {
    fn id(&mut self, vocab_size: u32) -> u32 {
        self.integer(0, vocab_size - 1)
    }
}

impl Filler for Legacy {
    fn id(&mut self, vocab_size: u32) -> u32 {
        self.up_to(vocab_size - 1)
    }
}

/// A sequence on its way to its length.
#[derive(Debug)]
pub(in crate::dataset) struct Fit {
    ids: Vec<u32>,
    target: usize,
    corrections_left: u32,
}

/// A text and the ids it encodes to.
#[derive(Debug, PartialEq)]
pub(in crate::dataset) struct Fitted {
    pub(in crate::dataset) text: String,
    pub(in crate::dataset) ids: Vec<u32>,
    /// How many ids more than wanted.
    pub(in crate::dataset) excess: i64,
}

/// How far a fit came.
#[derive(Debug)]
pub(in crate::dataset) enum Step {
    /// To its end.
    Done(Fitted),
    /// It lacks ids: [`Fit::fill`] it.
    Short(Fit),
}

impl Fit {
    /// A fit of `ids` to a length of `target`.
    pub(in crate::dataset) fn new(ids: Vec<u32>, target: usize) -> Self {
        Fit { ids, target, corrections_left: CORRECTIONS }
    }

    /// Decodes and encodes until the length is right, the corrections are used up, or random ids are needed.
    pub(in crate::dataset) fn advance(mut self, tokenizer: &Tokenizer) -> Result<Step> {
        loop {
            let text = tokenizer.decode(&self.ids)?;
            self.ids = tokenizer.encode(&text, Special::Skip)?;
            if self.corrections_left == 0 || self.ids.len() == self.target {
                let excess = self.ids.len() as i64 - self.target as i64;
                return Ok(Step::Done(Fitted { text, ids: self.ids, excess }));
            }
            self.corrections_left -= 1;
            if self.ids.len() < self.target {
                return Ok(Step::Short(self));
            }
            self.ids.truncate(self.target);
        }
    }

    /// Adds the missing ids.
    fn fill(&mut self, filler: &mut impl Filler, vocab_size: u32) {
        let missing = self.target - self.ids.len();
        self.ids.extend((0..missing).map(|_| filler.id(vocab_size)));
    }
}

impl Step {
    /// Goes on to the end, with ids from `filler` where they are needed.
    pub(in crate::dataset) fn finish(self, tokenizer: &Tokenizer, filler: &mut impl Filler) -> Result<Fitted> {
        let mut step = self;
        loop {
            match step {
                Step::Done(fitted) => return Ok(fitted),
                Step::Short(mut fit) => {
                    fit.fill(filler, tokenizer.vocab_size());
                    step = fit.advance(tokenizer)?;
                }
            }
        }
    }
}
