//! The backends there are, a row each: all that the rest of the program knows of a protocol. What a row points at stands in
//! the protocol's own file.

use std::fmt;

use super::reading::Reading;
use super::template::{Fixed, Template};
use super::{audio, chat, completions, evalscope, lenient, pooling, responses};
use crate::dataset::{Carries, Placement, Sample};
use crate::error::Result;
use crate::record::Task;

/// A server protocol: one of the rows of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Backend(usize);

/// Reads an event or a document of an answer.
type Read = for<'a> fn(&'a [u8]) -> serde_json::Result<Reading<'a>>;

/// A reference whose requests are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// vLLM's `bench`.
    Vllm,
    /// EvalScope's `perf`.
    Evalscope,
}

/// All that differs from one backend to another.
struct Row {
    /// The name as it is given, printed and stored.
    name: &'static str,
    /// Whose bodies they are.
    dialect: Dialect,
    /// What its requests ask for.
    task: Task,
    /// The path that is appended to the base URL where none is given.
    endpoint: &'static str,
    /// How a path, without its query, must end for this protocol to be spoken at it; one of them.
    endings: &'static [&'static str],
    /// Whether its bodies take sampling flags, as the reference has it.
    sampling: bool,
    /// Whether its bodies take a number of log probabilities.
    logprobs: bool,
    /// Whether streams end with an event of their own.
    terminal_event: bool,
    /// What its bodies have a place for.
    carries: Carries,
    /// The body of requests: the protocol's own fields with the user's merged over them.
    template: fn(&Fixed<'_>) -> Template,
    /// Whether there is all that a request needs.
    check: fn(&Sample) -> Result<()>,
    /// How many inputs a request holds.
    inputs: fn(&Sample) -> usize,
    /// Reads an event of a stream.
    read: Read,
    /// Reads an answer that comes whole.
    read_document: Read,
}

/// What bodies of plain texts carry.
const TEXT: Carries =
    Carries { token_ids: false, pictures: false, sound: None, messages: false, fields: false, untemplated: false };

/// OpenAI's completions.
const COMPLETIONS: Row = Row {
    name: "openai",
    dialect: Dialect::Vllm,
    task: Task::Generation,
    endpoint: "/v1/completions",
    endings: &["completions"],
    sampling: true,
    logprobs: true,
    terminal_event: false,
    carries: Carries { token_ids: true, ..TEXT },
    template: completions::template,
    check: |_| Ok(()),
    inputs: |_| 1,
    read: completions::read,
    read_document: completions::read_document,
};

/// OpenAI's chat completions.
const CHAT: Row = Row {
    name: "openai-chat",
    endpoint: "/v1/chat/completions",
    endings: &["chat/completions"],
    logprobs: false,
    carries: Carries { pictures: true, sound: Some(Placement::Within), messages: true, untemplated: true, ..TEXT },
    template: chat::template,
    read: chat::read,
    read_document: chat::read_document,
    ..COMPLETIONS
};

/// OpenAI's embeddings of texts or token ids.
const EMBEDDINGS: Row = Row {
    name: "openai-embeddings",
    task: Task::Pooling,
    endpoint: "/v1/embeddings",
    endings: &["embeddings"],
    sampling: false,
    carries: Carries { token_ids: true, ..TEXT },
    template: pooling::embeddings,
    inputs: pooling::inputs,
    ..CHAT
};

/// vLLM's embeddings of a chat.
const EMBEDDINGS_CHAT: Row = Row {
    name: "openai-embeddings-chat",
    carries: Carries { pictures: true, sound: Some(Placement::Within), ..TEXT },
    template: pooling::chat,
    inputs: |_| 1,
    ..EMBEDDINGS
};

/// OpenAI's responses.
const RESPONSES: Row = Row {
    name: "openai-responses",
    endpoint: "/v1/responses",
    endings: &["responses"],
    logprobs: false,
    terminal_event: true,
    carries: Carries { untemplated: true, ..TEXT },
    template: responses::template,
    read: responses::read,
    read_document: responses::read_document,
    ..COMPLETIONS
};

/// vLLM's reranking: a query and documents.
const RERANK: Row = Row {
    name: "vllm-rerank",
    endpoint: "/rerank",
    endings: &["rerank"],
    carries: TEXT,
    template: pooling::rerank,
    check: pooling::check_rerank,
    inputs: pooling::documents,
    ..EMBEDDINGS
};

/// All backends, in the order of the help: vLLM's, then what EvalScope sends by the same protocols.
static ROWS: &[Row] = &[
    Row { name: "vllm", ..COMPLETIONS },
    COMPLETIONS,
    CHAT,
    RESPONSES,
    // OpenAI's transcriptions and translations of sound.
    Row {
        name: "openai-audio",
        endpoint: "/v1/audio/transcriptions",
        endings: &["transcriptions", "translations"],
        sampling: false,
        carries: Carries { sound: Some(Placement::Beside), ..TEXT },
        template: audio::template,
        check: audio::check,
        read: audio::read,
        read_document: audio::read_document,
        ..CHAT
    },
    EMBEDDINGS,
    EMBEDDINGS_CHAT,
    // As EMBEDDINGS_CHAT, for models that take either an image or a text (CLIP).
    Row {
        name: "openai-embeddings-clip",
        carries: Carries { pictures: true, ..TEXT },
        template: pooling::clip,
        ..EMBEDDINGS_CHAT
    },
    // As EMBEDDINGS_CHAT, with the instructions that VLM2Vec wants beside an image.
    Row {
        name: "openai-embeddings-vlm2vec",
        carries: Carries { pictures: true, ..TEXT },
        template: pooling::vlm2vec,
        ..EMBEDDINGS_CHAT
    },
    // Infinity's embeddings of a text, or else of an image or a video.
    Row {
        name: "infinity-embeddings",
        carries: TEXT,
        template: pooling::infinity,
        check: pooling::check_infinity,
        inputs: pooling::infinity_inputs,
        ..EMBEDDINGS
    },
    // The same, for models that take either an image or a text (CLIP).
    Row {
        name: "infinity-embeddings-clip",
        carries: Carries { pictures: true, ..TEXT },
        template: pooling::infinity_clip,
        check: pooling::check_infinity_clip,
        inputs: pooling::infinity_clip_inputs,
        ..EMBEDDINGS
    },
    // vLLM's pooling.
    Row {
        name: "vllm-pooling",
        endpoint: "/pooling",
        endings: &["pooling"],
        carries: Carries { fields: true, ..EMBEDDINGS.carries },
        template: pooling::pooling,
        ..EMBEDDINGS
    },
    RERANK,
    Row { dialect: Dialect::Evalscope, template: evalscope::chat, ..CHAT },
    Row { dialect: Dialect::Evalscope, template: evalscope::completions, ..COMPLETIONS },
    Row { dialect: Dialect::Evalscope, template: evalscope::responses, ..RESPONSES },
    Row { dialect: Dialect::Evalscope, template: evalscope::embeddings, ..EMBEDDINGS },
    Row { dialect: Dialect::Evalscope, endings: &["rerank", "reranks"], template: evalscope::rerank, ..RERANK },
];

impl Row {
    /// The length of the ending of `path` that this protocol is spoken at.
    fn ending(&self, path: &str) -> Option<usize> {
        self.endings.iter().filter(|end| path.ends_with(*end)).map(|end| end.len()).max()
    }
}

impl Backend {
    /// All of vLLM's, in the order of the help.
    pub fn all() -> impl Iterator<Item = Backend> {
        Backend::of(Dialect::Vllm)
    }

    fn of(dialect: Dialect) -> impl Iterator<Item = Backend> {
        (0..ROWS.len()).map(Backend).filter(move |backend| backend.row().dialect == dialect)
    }

    /// The same protocol with the bodies that EvalScope's `perf` sends, where it speaks it.
    pub fn as_evalscope(self) -> Option<Backend> {
        Backend::of(Dialect::Evalscope).find(|backend| backend.name() == self.name())
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Backend> {
        Backend::all().find(|backend| backend.name() == name)
    }

    fn row(self) -> &'static Row {
        &ROWS[self.0]
    }

    /// The name as it is given, printed and stored.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What its requests ask for.
    pub fn task(self) -> Task {
        self.row().task
    }

    /// Whether its bodies take sampling flags, as the reference has it: all that generate but `openai-audio`.
    pub fn takes_sampling(self) -> bool {
        self.row().sampling
    }

    /// Whether its bodies take a number of log probabilities.
    pub fn takes_logprobs(self) -> bool {
        self.row().logprobs
    }

    /// The path that is appended to the base URL where none is given.
    pub fn default_endpoint(self) -> &'static str {
        self.row().endpoint
    }

    /// How a path, without its query, must end for this protocol to be spoken at it; one of them.
    pub fn endings(self) -> &'static [&'static str] {
        self.row().endings
    }

    /// Whether a path, without its query, is one that this protocol is spoken at: no other has an ending that fits better.
    pub fn speaks_at(self, path: &str) -> bool {
        let own = self.row().ending(path);
        own.is_some() && ROWS.iter().all(|row| row.ending(path) <= own)
    }

    /// What its bodies have a place for.
    pub fn carries(self) -> Carries {
        self.row().carries
    }

    /// The body of requests: the protocol's own fields with `fixed.overlay` merged over them.
    pub fn template(self, fixed: &Fixed<'_>) -> Template {
        (self.row().template)(fixed)
    }

    /// Whether requests of this protocol can ask for `sample`.
    ///
    /// # Errors
    /// If something that they need is not there: what.
    pub fn check(self, sample: &Sample) -> Result<()> {
        let uploads = self.carries().sound == Some(Placement::Beside);
        let checked = match sample.audio {
            Some(_) if !uploads => audio::misplaced(),
            _ => (self.row().check)(sample),
        };
        checked.map_err(|error| error.context(format!("`--backend {}` cannot send this dataset", self.name())))
    }

    /// How many inputs a request of `sample` holds; 1 for generation.
    pub fn inputs(self, sample: &Sample) -> usize {
        (self.row().inputs)(sample)
    }

    /// Whether streams end with an event of their own, without which they are cut short, whatever else ends them.
    pub fn has_terminal_event(self) -> bool {
        self.row().terminal_event
    }

    /// Reads the data of one event; `[DONE]` is not one.
    ///
    /// # Errors
    /// If the data is not JSON, or not of this protocol's shape.
    pub fn read(self, data: &[u8]) -> serde_json::Result<Reading<'_>> {
        if let Err(cause) = std::str::from_utf8(data) {
            return Err(serde::de::Error::custom(cause));
        }
        by(self.row().read, data)
    }

    /// Reads the document of an answer that comes whole.
    pub(super) fn read_document(self, data: &[u8]) -> serde_json::Result<Reading<'_>> {
        by(self.row().read_document, data.strip_prefix("\u{feff}".as_bytes()).unwrap_or(data))
    }
}

/// What `read` finds, also where only Python reads the JSON. A reading is large: it is handed on where it lies.
fn by(read: Read, data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let reading = read(data);
    if reading.is_ok() { reading } else { again(read, data, reading) }
}

#[cold]
fn again<'a>(read: Read, data: &[u8], failed: serde_json::Result<Reading<'a>>) -> serde_json::Result<Reading<'a>> {
    lenient::mended(data).map_or(failed, |mended| read(&mended).map(Reading::into_owned))
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
