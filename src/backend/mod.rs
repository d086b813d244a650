//! Server dialects, a file each: how a sample becomes a JSON body, and what an event of the answer means. No sockets, no
//! clock.

pub mod args;
mod chat;
mod completions;
mod event;
mod prompt;
mod quick;
pub mod request_args;
pub mod template;
pub mod url;

use std::borrow::Cow;

use serde::Deserialize;

pub use args::{Connect, Key, Server, ServerArgs};
pub use request_args::{RequestArgs, RequestContent};
pub use url::{Scheme, Url};

use crate::dataset::Sample;
use template::Template;

/// A server dialect, by the name that users give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// vLLM's completions; the same dialect as [`Backend::Openai`].
    Vllm,
    /// OpenAI's completions.
    Openai,
    /// OpenAI's chat completions.
    OpenaiChat,
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
    /// All of them.
    pub const ALL: [Backend; 3] = [Backend::Vllm, Backend::Openai, Backend::OpenaiChat];

    /// The name as it is given, printed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Vllm => "vllm",
            Backend::Openai => "openai",
            Backend::OpenaiChat => "openai-chat",
        }
    }

    /// The path that is appended to the base URL where none is given.
    pub fn default_endpoint(self) -> &'static str {
        match self {
            Backend::Vllm | Backend::Openai => "/v1/completions",
            Backend::OpenaiChat => "/v1/chat/completions",
        }
    }

    /// Whether a path, without its query, is one that this dialect is spoken at.
    pub fn speaks_at(self, path: &str) -> bool {
        match self {
            Backend::Vllm | Backend::Openai => path.ends_with("completions") && !path.ends_with("chat/completions"),
            Backend::OpenaiChat => path.ends_with("chat/completions"),
        }
    }

    /// The body of requests: the dialect's own fields with `overlay` merged over them.
    pub fn template(self, fixed: &template::Fixed<'_>) -> Template {
        match self {
            Backend::Vllm | Backend::Openai => completions::template(fixed),
            Backend::OpenaiChat => chat::template(fixed),
        }
    }

    /// Writes the part of the body that is the sample's prompt.
    fn write_prompt(self, sample: &Sample, body: &mut Vec<u8>) {
        match self {
            Backend::Vllm | Backend::Openai => prompt::write_input(&sample.prompt, body),
            Backend::OpenaiChat => prompt::write_messages(sample, body),
        }
    }

    /// Reads the data of one event; `[DONE]` is not one.
    ///
    /// # Errors
    /// If the data is not JSON, or not of this dialect's shape.
    pub fn read(self, data: &[u8]) -> Result<Reading<'_>, Malformed> {
        let reading = match self {
            Backend::Vllm | Backend::Openai => completions::read(data),
            Backend::OpenaiChat => chat::read(data),
        };
        reading.map_err(|cause| Malformed(cause.to_string()))
    }
}

/// The server's own words in an error object or text: its `message` where there is one, else all of it, on one line.
pub fn error_message(body: &str) -> String {
    event::error_message(body)
}
