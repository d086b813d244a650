//! The tokens that made-up prompts are made of. A tokenizer comes in, ids by their position or by chance go out.

use std::collections::HashSet;
use std::sync::Arc;

use crate::dataset::made::fit::Filler;
use crate::error::{Error, Result};
use crate::rng::Legacy;
use crate::token::Tokenizer;

/// Ids, ascending; at least one.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary(Arc<[u32]>);

impl Vocabulary {
    /// As many ids as there are tokens, added ones too, from 0 on, without special tokens and those that are named as a byte.
    ///
    /// # Errors
    /// Where none is left.
    pub(super) fn whole(tokenizer: &Tokenizer) -> Result<Self> {
        Self::of(tokenizer.ids().len() as u32, tokenizer, &tokenizer.byte_ids())
    }

    /// The same with those that are named as a byte.
    ///
    /// # Errors
    /// As [`Vocabulary::whole`].
    pub(super) fn with_bytes(tokenizer: &Tokenizer) -> Result<Self> {
        Self::of(tokenizer.ids().len() as u32, tokenizer, &[])
    }

    /// The base vocabulary without special tokens.
    ///
    /// # Errors
    /// As [`Vocabulary::whole`].
    pub(super) fn base(tokenizer: &Tokenizer) -> Result<Self> {
        Self::of(tokenizer.vocab_size(), tokenizer, &[])
    }

    fn of(size: u32, tokenizer: &Tokenizer, left_out: &[u32]) -> Result<Self> {
        let left_out: HashSet<u32> = tokenizer.special_ids().iter().chain(left_out).copied().collect();
        let ids: Arc<[u32]> = (0..size).filter(|id| !left_out.contains(id)).collect();
        if ids.is_empty() {
            return Err(Error::new("the tokenizer has no tokens to make prompts of").hint("give another tokenizer"));
        }
        Ok(Vocabulary(ids))
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> u32 {
        self.0.len() as u32
    }

    /// `len` consecutive ids from position `start` on, around the end.
    pub(super) fn ramp(&self, start: u64, len: u32) -> impl Iterator<Item = u32> {
        let size = self.0.len() as u64;
        (start..start + u64::from(len)).map(move |position| self.0[(position % size) as usize])
    }

    /// One id by chance.
    pub(super) fn one(&self, legacy: &mut Legacy) -> u32 {
        self.0[legacy.up_to(self.len() - 1) as usize]
    }

    /// `count` ids by chance.
    pub(super) fn some(&self, count: u32, legacy: &mut Legacy) -> Vec<u32> {
        (0..count).map(|_| self.one(legacy)).collect()
    }

    /// The id that follows another one, and whether it is the first again.
    pub(super) fn after(&self, id: u32) -> (u32, bool) {
        let next = (self.0.partition_point(|&other| other <= id)) % self.0.len();
        (self.0[next], next == 0)
    }
}

/// Ids of a vocabulary, from a generator.
pub(super) struct Filling<'a>(pub(super) &'a Vocabulary, pub(super) &'a mut Legacy);

impl Filler for Filling<'_> {
    fn id(&mut self, _: u32) -> u32 {
        self.0.one(self.1)
    }
}
