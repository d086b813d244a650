//! Server dialects, a file each: how a sample becomes a JSON body, and what an event of the answer means. No sockets, no
//! clock, no flags past [`args`].

mod chat;
mod completions;
mod event;
pub mod template;

use std::borrow::Cow;

use serde::Deserialize;

use crate::dataset::Sample;
use template::Template;

/// The protocol of a server's endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `/v1/completions`: the names `vllm` and `openai`.
    Completions,
    /// `/v1/chat/completions`: the name `openai-chat`.
    Chat,
}

/// What one event of a streamed answer says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading<'a> {
    /// Output that counts as generated, with its text; the text is empty for a token that decodes to nothing and for
    /// output that is no answer text (reasoning, tool calls).
    pub output: Option<Cow<'a, str>>,
    /// Token counts so far.
    pub usage: Option<Usage>,
    /// Whether a finish reason was given.
    pub finished: bool,
    /// The server's message, if the event is an error.
    pub error: Option<String>,
}

/// Token counts as the server gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    #[serde(default)]
    pub prompt_tokens: Option<u32>,
    /// Tokens generated.
    #[serde(default)]
    pub completion_tokens: Option<u32>,
}

/// An event is not a JSON object of the shape that the dialect demands.
#[derive(Debug)]
pub struct Malformed(pub String);

impl Backend {
    /// The body of requests: the dialect's own fields with `overlay` merged over them.
    pub fn template(self, fixed: &template::Fixed<'_>) -> Template {
        match self {
            Backend::Completions => completions::template(fixed),
            Backend::Chat => chat::template(fixed),
        }
    }

    /// Writes the part of the body that is the sample's prompt.
    fn write_prompt(self, sample: &Sample, body: &mut Vec<u8>) {
        match self {
            Backend::Completions => completions::write_prompt(&sample.prompt, body),
            Backend::Chat => chat::write_prompt(&sample.prompt, body),
        }
    }

    /// Reads the data of one event; `[DONE]` is not one.
    ///
    /// # Errors
    /// If the data is not JSON, or not of this dialect's shape.
    pub fn read(self, data: &[u8]) -> Result<Reading<'_>, Malformed> {
        let reading = match self {
            Backend::Completions => completions::read(data),
            Backend::Chat => chat::read(data),
        };
        reading.map_err(|cause| Malformed(cause.to_string()))
    }

    /// The path of the endpoint where the user names none.
    pub fn endpoint(self) -> &'static str {
        match self {
            Backend::Completions => "/v1/completions",
            Backend::Chat => "/v1/chat/completions",
        }
    }
}

/// The server's own words in an error object or text: its `message` where there is one, else all of it, on one line.
pub fn error_message(body: &str) -> String {
    event::error_message(body)
}
