//! Texts of random tokens, one after the other from the generator of a command: what embeddings and rerankers are asked.

use super::draw::Draw;
use super::shaping::Shaping;
use super::vocabulary::{Filling, Vocabulary};
use crate::dataset::made::fit::Fit;
use crate::error::Result;
use crate::rng::Legacy;
use crate::token::Tokenizer;

/// What texts are made with.
pub(super) struct Maker {
    base: Vocabulary,
    filling: Vocabulary,
    lengths: (u32, u32),
    legacy: Legacy,
    tokenizer: Tokenizer,
}

impl Maker {
    /// Begins where the earlier points ended: there, each request had texts of so many times a drawn length. What texts that
    /// missed their length took is not known of those, so only a first point is the reference's.
    ///
    /// # Errors
    /// Where there are no lengths, or no tokens.
    pub(super) fn new(draw: &Draw, shaping: &Shaping, tokenizer: &Tokenizer, texts: &[Vec<f64>]) -> Result<Self> {
        shaping.check()?;
        let (base, filling) = (Vocabulary::base(tokenizer)?, Vocabulary::with_bytes(tokenizer)?);
        let lengths = (shaping.min_prompt_length.max(1), shaping.max_prompt_length.max(1));
        let last = base.len() - 1;
        let legacy = draw.begin(|requests, legacy| {
            for times in (0..requests).flat_map(|_| texts) {
                let length = lengths.0 + legacy.up_to(lengths.1 - lengths.0);
                for _ in 0..times.iter().map(|&times| scaled(length, times)).sum() {
                    legacy.up_to(last);
                }
            }
        });
        Ok(Maker { base, filling, lengths, legacy, tokenizer: tokenizer.clone() })
    }

    /// A length by chance.
    pub(super) fn length(&mut self) -> u32 {
        self.lengths.0 + self.legacy.up_to(self.lengths.1 - self.lengths.0)
    }

    /// A text of so many tokens, if it can be, and how many it has.
    pub(super) fn text(&mut self, length: u32) -> Result<(String, u32)> {
        let ids = self.base.some(length, &mut self.legacy);
        let mut filling = Filling(&self.filling, &mut self.legacy);
        let fitted = Fit::new(ids, length as usize).advance(&self.tokenizer)?.finish(&self.tokenizer, &mut filling)?;
        Ok((fitted.text, fitted.ids.len() as u32))
    }
}

/// A length `times` another, at least 1.
pub(super) fn scaled(length: u32, times: f64) -> u32 {
    ((f64::from(length) * times) as u32).max(1)
}
