//! What is sent in a run, free of when.

use super::AdapterMix;
use crate::backend::RequestContent;
use crate::dataset::{Dataset, Shape};

/// What is sent.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Where prompts come from.
    pub dataset: Dataset,
    /// What conversations are like, where requests do not stand alone.
    pub conversations: Option<Shape>,
    /// Tokens that prompt and answer of a request may have together; `None` for no limit.
    pub longest: Option<u32>,
    /// The adapters of the model that requests are spread over, if any.
    pub adapters: Option<AdapterMix>,
    /// What goes into every body.
    pub content: RequestContent,
    /// Whether prompts are cut to the server's count of their tokens.
    pub aligned: bool,
    /// Whether the record of a request has its body.
    pub keep_requests: bool,
    /// How many requests were asked for, which may be more than the dataset has.
    pub num_prompts: u64,
    /// The seed of every draw.
    pub seed: u32,
}
