//! Server dialects: a sample to a JSON body, a stream event to its meaning. No sockets, no clock.

pub mod args;
pub mod request_args;
pub mod url;

pub use args::{Connect, Key, Server, ServerArgs};
pub use request_args::{RequestArgs, RequestContent};
pub use url::{Scheme, Url};

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
}
