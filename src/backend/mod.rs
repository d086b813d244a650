//! Server dialects, a file each: how a sample becomes a JSON body, and what an event of the answer means. No sockets, no
//! clock.

pub mod args;
mod audio;
mod chat;
mod completions;
mod event;
mod form;
mod pooling;
mod prompt;
mod quick;
pub mod request_args;
mod responses;
mod skim;
pub mod template;
pub mod url;
pub mod whole;

use std::borrow::Cow;

use serde::Deserialize;

pub use args::{Connect, Key, Server, ServerArgs};
pub use request_args::{RequestArgs, RequestContent};
pub use url::{Scheme, Url};

use crate::dataset::{Carries, Placement, Sample};
use crate::error::Result;
use crate::record::{ServerTimes, Task};
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
    /// OpenAI's responses.
    OpenaiResponses,
    /// OpenAI's transcriptions and translations of sound.
    OpenaiAudio,
    /// OpenAI's embeddings of texts or token ids.
    OpenaiEmbeddings,
    /// vLLM's embeddings of a chat.
    OpenaiEmbeddingsChat,
    /// As [`Backend::OpenaiEmbeddingsChat`], for models that take either an image or a text (CLIP).
    OpenaiEmbeddingsClip,
    /// As [`Backend::OpenaiEmbeddingsChat`], with the instructions that VLM2Vec wants beside an image.
    OpenaiEmbeddingsVlm2vec,
    /// Infinity's embeddings of a text, or else of an image, a video or a sound.
    InfinityEmbeddings,
    /// As [`Backend::InfinityEmbeddings`], for models that take either an image or a text (CLIP).
    InfinityEmbeddingsClip,
    /// vLLM's pooling.
    VllmPooling,
    /// vLLM's reranking: a query and documents.
    VllmRerank,
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
    /// What the server says of its own times; boxed, since few events have any.
    pub server: Option<Box<ServerTimes>>,
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Piece by piece, as server-sent events.
    Stream,
    /// Whole, as a JSON document.
    Document,
    /// Whole, as bytes, with the counts in a header.
    Bytes,
    /// Whole, as bytes and nothing else.
    BareBytes,
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
    pub const ALL: [Backend; 13] = [
        Backend::Vllm,
        Backend::Openai,
        Backend::OpenaiChat,
        Backend::OpenaiResponses,
        Backend::OpenaiAudio,
        Backend::OpenaiEmbeddings,
        Backend::OpenaiEmbeddingsChat,
        Backend::OpenaiEmbeddingsClip,
        Backend::OpenaiEmbeddingsVlm2vec,
        Backend::InfinityEmbeddings,
        Backend::InfinityEmbeddingsClip,
        Backend::VllmPooling,
        Backend::VllmRerank,
    ];

    /// The name as it is given, printed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Vllm => "vllm",
            Backend::Openai => "openai",
            Backend::OpenaiChat => "openai-chat",
            Backend::OpenaiResponses => "openai-responses",
            Backend::OpenaiAudio => "openai-audio",
            Backend::OpenaiEmbeddings => "openai-embeddings",
            Backend::OpenaiEmbeddingsChat => "openai-embeddings-chat",
            Backend::OpenaiEmbeddingsClip => "openai-embeddings-clip",
            Backend::OpenaiEmbeddingsVlm2vec => "openai-embeddings-vlm2vec",
            Backend::InfinityEmbeddings => "infinity-embeddings",
            Backend::InfinityEmbeddingsClip => "infinity-embeddings-clip",
            Backend::VllmPooling => "vllm-pooling",
            Backend::VllmRerank => "vllm-rerank",
        }
    }

    /// What its requests ask for.
    pub fn task(self) -> Task {
        match self {
            Backend::Vllm | Backend::Openai | Backend::OpenaiChat | Backend::OpenaiResponses | Backend::OpenaiAudio => {
                Task::Generation
            }
            Backend::OpenaiEmbeddings
            | Backend::OpenaiEmbeddingsChat
            | Backend::OpenaiEmbeddingsClip
            | Backend::OpenaiEmbeddingsVlm2vec
            | Backend::InfinityEmbeddings
            | Backend::InfinityEmbeddingsClip
            | Backend::VllmPooling
            | Backend::VllmRerank => Task::Pooling,
        }
    }

    /// Whether its bodies take sampling flags, as the reference has it: all that generate but `openai-audio`.
    pub fn is_openai_compatible(self) -> bool {
        self.task() == Task::Generation && self != Backend::OpenaiAudio
    }

    /// The path that is appended to the base URL where none is given.
    pub fn default_endpoint(self) -> &'static str {
        match self {
            Backend::Vllm | Backend::Openai => "/v1/completions",
            Backend::OpenaiChat => "/v1/chat/completions",
            Backend::OpenaiResponses => "/v1/responses",
            Backend::OpenaiAudio => "/v1/audio/transcriptions",
            Backend::OpenaiEmbeddings
            | Backend::OpenaiEmbeddingsChat
            | Backend::OpenaiEmbeddingsClip
            | Backend::OpenaiEmbeddingsVlm2vec
            | Backend::InfinityEmbeddings
            | Backend::InfinityEmbeddingsClip => "/v1/embeddings",
            Backend::VllmPooling => "/pooling",
            Backend::VllmRerank => "/rerank",
        }
    }

    /// How a path, without its query, must end for this dialect to be spoken at it; one of them.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Backend::Vllm | Backend::Openai => &["completions"],
            Backend::OpenaiChat => &["chat/completions"],
            Backend::OpenaiResponses => &["responses"],
            Backend::OpenaiAudio => &["transcriptions", "translations"],
            Backend::OpenaiEmbeddings
            | Backend::OpenaiEmbeddingsChat
            | Backend::OpenaiEmbeddingsClip
            | Backend::OpenaiEmbeddingsVlm2vec
            | Backend::InfinityEmbeddings
            | Backend::InfinityEmbeddingsClip => &["embeddings"],
            Backend::VllmPooling => &["pooling"],
            Backend::VllmRerank => &["rerank"],
        }
    }

    /// Whether a path, without its query, is one that this dialect is spoken at.
    pub fn speaks_at(self, path: &str) -> bool {
        let completes = matches!(self, Backend::Vllm | Backend::Openai);
        self.endings().iter().any(|end| path.ends_with(end)) && !(completes && path.ends_with("chat/completions"))
    }

    /// The body of requests: the dialect's own fields with `overlay` merged over them.
    pub fn template(self, fixed: &template::Fixed<'_>) -> Template {
        match self {
            Backend::Vllm | Backend::Openai => completions::template(fixed),
            Backend::OpenaiChat => chat::template(fixed),
            Backend::OpenaiResponses => responses::template(fixed),
            Backend::OpenaiAudio => audio::template(fixed),
            _ => pooling::template(self, fixed),
        }
    }

    /// Whether requests of this dialect can ask for `sample`.
    ///
    /// # Errors
    /// If something that they need is not there: what.
    pub fn check(self, sample: &Sample) -> Result<()> {
        let checked = match self.task() {
            Task::Generation if self == Backend::OpenaiAudio => audio::check(sample),
            _ if sample.audio.is_some() => audio::misplaced(),
            Task::Pooling => pooling::check(self, sample),
            Task::Generation => Ok(()),
        };
        checked.map_err(|error| error.context(format!("`--backend {}` cannot send this dataset", self.name())))
    }

    /// How many inputs a request of `sample` holds; 1 for generation.
    pub fn inputs(self, sample: &Sample) -> usize {
        match self.task() {
            Task::Generation => 1,
            Task::Pooling => pooling::inputs(self, sample),
        }
    }

    /// What its bodies have a place for.
    pub fn carries(self) -> Carries {
        let text = Carries::default();
        let pictured = Carries { pictures: true, ..text };
        match self {
            Backend::Vllm | Backend::Openai | Backend::OpenaiEmbeddings | Backend::VllmPooling => {
                Carries { token_ids: true, ..text }
            }
            Backend::OpenaiChat => {
                Carries { sound: Some(Placement::Within), messages: true, untemplated: true, ..pictured }
            }
            Backend::OpenaiResponses => Carries { untemplated: true, ..text },
            Backend::OpenaiAudio => Carries { sound: Some(Placement::Beside), ..text },
            Backend::OpenaiEmbeddingsChat => Carries { sound: Some(Placement::Within), ..pictured },
            Backend::OpenaiEmbeddingsClip | Backend::OpenaiEmbeddingsVlm2vec | Backend::InfinityEmbeddingsClip => {
                pictured
            }
            Backend::InfinityEmbeddings | Backend::VllmRerank => text,
        }
    }

    /// Whether bodies are forms, not JSON.
    fn sends_form(self) -> bool {
        self == Backend::OpenaiAudio
    }

    /// Writes the part of the body that is the sample's prompt.
    fn write_prompt(self, sample: &Sample, body: &mut Vec<u8>) {
        match self {
            Backend::Vllm | Backend::Openai | Backend::OpenaiResponses => prompt::write_input(&sample.prompt, body),
            Backend::OpenaiChat => prompt::write_messages(sample, body),
            _ => pooling::write_prompt(self, sample, body),
        }
    }

    /// Whether streams end with an event of their own, without which they are cut short, whatever else ends them.
    pub fn has_terminal_event(self) -> bool {
        self == Backend::OpenaiResponses
    }

    /// Reads the data of one event; `[DONE]` is not one.
    ///
    /// # Errors
    /// If the data is not JSON, or not of this dialect's shape.
    pub fn read(self, data: &[u8]) -> Result<Reading<'_>, Malformed> {
        let reading = match self {
            Backend::Vllm | Backend::Openai => completions::read(data),
            Backend::OpenaiResponses => responses::read(data),
            _ => chat::read(data),
        };
        reading.map_err(|cause| Malformed(cause.to_string()))
    }

    /// Reads the document of an answer that comes whole.
    fn read_document(self, data: &[u8]) -> serde_json::Result<Reading<'_>> {
        match self {
            Backend::Vllm | Backend::Openai => completions::read_document(data),
            Backend::OpenaiResponses => responses::read_document(data),
            Backend::OpenaiAudio => audio::read_document(data),
            _ => chat::read_document(data),
        }
    }
}

/// The server's own words in an error object or text: its `message` where there is one, else all of it, on one line.
pub fn error_message(body: &str) -> String {
    event::error_message(body)
}
