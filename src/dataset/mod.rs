//! Where prompts come from. A dataset a file; each turns its flags and a tokenizer into samples, in the reference's order
//! and from the reference's generators, so that the same seed gives the same requests.
//!
//! Flags and a tokenizer come in, [`Samples`] go out: made ahead of need on all cores, handed out in order. Nothing here
//! knows of servers or times, and past [`DatasetArgs::resolve`] nothing knows of flags.

mod ahead;
mod args;
mod custom;
mod fit;
mod hf;
mod lengths;
mod media;
mod part;
mod random;
mod rows;
mod selection;
mod sharegpt;

use std::path::Path;
use std::sync::mpsc;

pub use args::{DatasetArgs, DatasetName};
pub use custom::{Custom, CustomArgs, OutputLen, Template};
pub use hf::{Class, Hf, HfArgs, Lengths, Shape, Takes};
pub use lengths::RangeRatio;
pub use part::{Audio, Json, Part};
pub use random::{Random, RandomArgs};
pub use selection::{Order, Selection, Shortage};
pub use sharegpt::{ShareGpt, ShareGptArgs};

use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// One prompt as the dataset means it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// What is asked.
    pub prompt: Prompt,
    /// Prompt tokens as counted on the client.
    pub input_tokens: u32,
    /// Output tokens to ask for.
    pub output_tokens: u32,
    /// The value of the `x-request-id` header: prefix and index.
    pub request_id: Option<String>,
    /// Images, videos and sounds that belong to the prompt.
    pub media: Vec<Part>,
    /// What is to be transcribed.
    pub audio: Option<Audio>,
    /// Fields that replace those of the body, and come after them where they are new.
    pub overrides: Vec<(String, Json)>,
}

/// The shapes a prompt can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// One text.
    Text(String),
    /// Several texts in one request.
    Batch(Vec<String>),
    /// Token ids.
    Ids(Vec<u32>),
    /// Several prompts of token ids in one request.
    IdBatch(Vec<Vec<u32>>),
    /// The content of one message, part by part.
    Parts(Vec<Part>),
    /// A list of whole messages, which is sent as it is.
    Messages(Json),
}

impl Default for Prompt {
    fn default() -> Self {
        Prompt::Text(String::new())
    }
}

impl Prompt {
    /// How many inputs a request with this prompt holds.
    pub fn inputs(&self) -> usize {
        match self {
            Prompt::Batch(texts) => texts.len(),
            Prompt::IdBatch(prompts) => prompts.len(),
            Prompt::Text(_) | Prompt::Ids(_) | Prompt::Parts(_) | Prompt::Messages(_) => 1,
        }
    }
}

/// The samples of a run, in order. They are made as they are asked for, so that sending need not wait for the last one.
pub struct Samples {
    /// How many there will be; at least one.
    pub count: usize,
    /// Makes the next one.
    pub iter: Box<dyn Iterator<Item = Result<Sample>> + Send>,
    /// What the user should know of them beforehand, a sentence each.
    pub warnings: Vec<String>,
    /// What turns out while they are made, a sentence each: ask with `try_iter` once `iter` has ended.
    pub late_warnings: mpsc::Receiver<String>,
}

impl Samples {
    /// Samples of which there is nothing to warn.
    pub fn new(count: usize, iter: impl Iterator<Item = Result<Sample>> + Send + 'static) -> Self {
        let (_, late_warnings) = mpsc::channel();
        Samples { count, iter: Box::new(iter), warnings: Vec::new(), late_warnings }
    }
}

/// A dataset with all its settings: plain values, ready to be sampled.
#[derive(Debug, Clone, PartialEq)]
pub enum Dataset {
    /// Made-up prompts of drawn lengths.
    Random(Random),
    /// Conversations from a file in the ShareGPT form.
    ShareGpt(ShareGpt),
    /// The user's own prompts, an object a line.
    Custom(Custom),
    /// A dataset of the model hub.
    Hf(Hf),
}

impl Dataset {
    /// Opens the dataset's file, if it has one, so that a wrong path is known before a server is asked for anything.
    ///
    /// # Errors
    ///
    /// Where the file cannot be opened.
    pub fn check_file(&self) -> Result<()> {
        let path = match self {
            Dataset::Random(_) => return Ok(()),
            Dataset::ShareGpt(sharegpt) => &sharegpt.path,
            Dataset::Custom(custom) => &custom.path,
            Dataset::Hf(hf) => return hf.check(),
        };
        std::fs::File::open(path).map(drop).map_err(|cause| unreadable(path, &cause))
    }

    /// Starts making the samples. Without a tokenizer only `custom` can.
    ///
    /// # Errors
    ///
    /// Where lengths and tokenizer do not go together, or a file cannot be read: its name, the place and the field.
    pub fn samples(self, tokenizer: Option<Tokenizer>) -> Result<Samples> {
        match self {
            Dataset::Random(random) => random.samples(needed(tokenizer, "random")?),
            Dataset::ShareGpt(sharegpt) => sharegpt.samples(needed(tokenizer, "sharegpt")?),
            Dataset::Custom(custom) => custom.samples(tokenizer),
            Dataset::Hf(hf) => hf.samples(needed(tokenizer, "hf")?),
        }
    }
}

fn needed(tokenizer: Option<Tokenizer>, name: &str) -> Result<Tokenizer> {
    tokenizer.ok_or_else(|| {
        Error::new(format!("dataset `{name}` needs a tokenizer"))
            .hint("leave out `--skip-tokenizer-init`, or use `--dataset-name custom`")
    })
}

/// The samples that `make` makes of a file's content; its errors name the file.
fn from_file(path: &Path, make: impl FnOnce(Vec<u8>) -> Result<Samples>) -> Result<Samples> {
    let content = std::fs::read(path).map_err(|cause| unreadable(path, &cause))?;
    make(content).map_err(|error| error.context(format!("cannot read dataset `{}`", path.display())))
}

fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    Error::new(format!("cannot read dataset `{}`: {cause}", path.display())).hint("check `--dataset-path`")
}

#[cfg(test)]
#[path = "golden_test.rs"]
mod golden;
