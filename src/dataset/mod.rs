//! Where prompts come from. A dataset a file; each turns its flags and a tokenizer into samples, in the reference's order
//! and from the reference's generators, so that the same seed gives the same requests.

use crate::error::Result;

/// One prompt as the dataset means it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What is asked.
    pub prompt: Prompt,
    /// Prompt tokens as counted on the client.
    pub input_tokens: u32,
    /// Output tokens to ask for.
    pub output_tokens: u32,
    /// The value of the `x-request-id` header: prefix and index.
    pub request_id: Option<String>,
}

/// The shapes a prompt can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// One text.
    Text(String),
    /// Several texts in one request.
    Batch(Vec<String>),
}

/// The samples of a run, in order. They are made as they are asked for, so that sending need not wait for the last one.
pub struct Samples {
    /// How many there will be.
    pub count: usize,
    /// Makes the next one.
    pub iter: Box<dyn Iterator<Item = Result<Sample>> + Send>,
}
