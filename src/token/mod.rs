//! Tokenizers: where they come from ([`load`]), and the few operations that datasets and counts need ([`Tokenizer`]). It
//! never downloads weights, never runs code of a model, and talks to a server only where nothing else gives the tokenizer.

mod align;
mod args;
mod around;
mod builtin;
mod chat;
mod files;
#[cfg(test)]
mod forms_test;
mod gguf;
mod gguf_fields;
mod load;
mod local;
mod python;
mod ranks;
mod sentencepiece;
mod server;
mod specials;
mod tekken;
mod tiktoken;
mod tojson;
mod watch;

use std::sync::Arc;

pub use align::{Agreement, Aligner, Unknown, ask};
pub use args::{Choice, TokenizerArgs};
pub use builtin::BUILTIN;
pub use load::{Loaded, load};
pub use server::Served;
pub use watch::{MOST as MOST_MEMORY, begin as limit_memory};

use crate::error::{Error, Result};
use files::Files;
use local::Local;
use server::Server;

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
    name: Arc<str>,
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    Local(Arc<Local>),
    Server(Arc<Server>),
}

impl Tokenizer {
    /// Reads the content of a `tokenizer.json` that has no other files beside it.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        Self::from_files(files::TOKENIZER, &Files { tokenizer: json.to_vec(), ..Files::default() })
    }

    /// The tokenizer inside the binary.
    ///
    /// # Errors
    /// None in practice: its files are part of the program.
    pub fn builtin() -> Result<Self> {
        Self::from_files(BUILTIN, &builtin::files())
    }

    fn from_files(name: &str, files: &Files) -> Result<Self> {
        Ok(Tokenizer { name: name.into(), engine: Engine::Local(Arc::new(Local::of(files)?)) })
    }

    fn from_server(name: &str, server: Server) -> Self {
        Tokenizer { name: name.into(), engine: Engine::Server(Arc::new(server)) }
    }

    /// What the tokenizer was asked for by: the value of `--tokenizer`, or the model's id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token ids of `text`.
    ///
    /// # Errors
    /// Where the library or the server cannot tokenize it.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>> {
        match &self.engine {
            Engine::Local(local) => local.encode(text, special),
            Engine::Server(server) => server.encode(text, special),
        }
    }

    /// How many tokens `text` has, special tokens included.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn count(&self, text: &str) -> Result<u32> {
        Ok(self.encode(text, Special::Add)?.len() as u32)
    }

    /// The text of `ids`, special tokens kept.
    ///
    /// # Errors
    /// Where the library or the server cannot decode them.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        match &self.engine {
            Engine::Local(local) => local.decode(ids),
            Engine::Server(server) => server.decode(ids),
        }
    }

    /// Size of the base vocabulary, without added tokens: ids at or above it are never drawn.
    pub fn vocab_size(&self) -> u32 {
        match &self.engine {
            Engine::Local(local) => local.vocab_size(),
            Engine::Server(server) => server.vocab_size(),
        }
    }

    /// The ids of the whole vocabulary, added tokens too, ascending. Of a server's only the base vocabulary is known.
    pub fn ids(&self) -> Vec<u32> {
        match &self.engine {
            Engine::Local(local) => local.ids(),
            Engine::Server(server) => (0..server.vocab_size()).collect(),
        }
    }

    /// The ids of the tokens that stand for single bytes by their names, as in `<0x0A>`, ascending. A server does not tell
    /// its own.
    pub fn byte_ids(&self) -> Vec<u32> {
        match &self.engine {
            Engine::Local(local) => local.byte_ids(),
            Engine::Server(_) => Vec::new(),
        }
    }

    /// The ids of the named special tokens (bos, eos, unk, pad, ...) and of the additional ones, ascending. A server does not
    /// tell its own.
    pub fn special_ids(&self) -> &[u32] {
        match &self.engine {
            Engine::Local(local) => local.special_ids(),
            Engine::Server(_) => &[],
        }
    }

    /// The ids of all added tokens that are flagged as special, named or not, ascending: placeholders of media are among
    /// them. A server does not tell its own.
    pub fn flagged_ids(&self) -> Vec<u32> {
        match &self.engine {
            Engine::Local(local) => local.flagged_ids(),
            Engine::Server(_) => Vec::new(),
        }
    }

    /// How many special tokens the encoding of one sequence adds.
    pub fn special_count(&self) -> u32 {
        match &self.engine {
            Engine::Local(local) => local.special_count(),
            Engine::Server(server) => server.special_count(),
        }
    }

    /// The chat template rendered for one user message `text`, with `kwargs` as further variables.
    ///
    /// # Errors
    /// Where there is no template, or it fails.
    pub fn render_user(&self, text: &str, kwargs: &serde_json::Map<String, serde_json::Value>) -> Result<String> {
        match &self.engine {
            Engine::Local(local) => local.chat()?.render_user(text, kwargs),
            Engine::Server(_) => Err(no_template()),
        }
    }

    /// The chat template rendered for whole `messages`, with `tools` that the model may call.
    ///
    /// # Errors
    /// As [`render_user`](Self::render_user).
    pub fn render_messages(&self, messages: serde_json::Value, tools: Option<serde_json::Value>) -> Result<String> {
        match &self.engine {
            Engine::Local(local) => local.chat()?.render_messages(messages, tools),
            Engine::Server(_) => Err(no_template()),
        }
    }
}

fn no_template() -> Error {
    Error::new("a tokenizer behind a server has no chat template")
        .hint("use `--skip-chat-template`, or name a tokenizer with `--tokenizer`")
}
