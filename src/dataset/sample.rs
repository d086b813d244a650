//! What a dataset gives: prompts with their lengths, made one after the other as they are asked for. Plain values; who makes
//! them, and who sends them, is not known here.

use std::sync::mpsc;

use super::part::{Audio, Json, Part};
use crate::error::Result;
use crate::record::Tick;

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
    /// Fields of the body, in the place of the one that holds a prompt.
    Fields(Json),
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
            Prompt::Text(_) | Prompt::Ids(_) | Prompt::Parts(_) | Prompt::Messages(_) | Prompt::Fields(_) => 1,
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
    /// When each is due, where the dataset says so; never going back.
    pub due: Option<Vec<Tick>>,
}

impl Samples {
    /// Samples of which there is nothing to warn.
    pub fn new(count: usize, iter: impl Iterator<Item = Result<Sample>> + Send + 'static) -> Self {
        let (_, late_warnings) = mpsc::channel();
        Samples { count, iter: Box::new(iter), warnings: Vec::new(), late_warnings, due: None }
    }
}
