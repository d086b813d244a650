//! A server to measure against: it speaks the OpenAI API on loopback, with dictated times and dictated faults, in one thread of
//! its own. What comes in is a [`Config`]; what goes out is answers, and [`Stats`] that say how late they were. It shares no
//! code with the client (of its data, the built-in vocabulary), binds nothing but loopback, and generates no language.
//!
//! - A request arrives when the kernel received its last byte; its deadlines are counted from there and are absolute.
//! - Texts come from `/v1/completions`, `/v1/chat/completions`, `/v1/responses`, `/v1/audio/transcriptions` and
//!   `/v1/audio/translations`, streamed or whole: a whole answer comes when its last token would. Vectors, scores and rankings
//!   come from `/v1/embeddings`, `/pooling`, `/score` and `/rerank` when a first token would. Of a body only what matters
//!   is read: model, limits, whether to stream, where usage goes, how vectors are written.
//! - A prompt counts for as many tokens as its array has ids, or as its texts have in the built-in vocabulary, which is that of
//!   `/tokenize` and `/detokenize` too; an image, a video or a sound inside counts 256, a sound file one for each 640 bytes. Several
//!   prompts of one completion are continued side by side.
//! - `GET /sim/stats` is the account ([`Stats`]) as JSON; `POST /sim/reset` begins it anew. `/metrics` has vLLM's counters;
//!   `/start_profile`, `/stop_profile` and `/reset_prefix_cache` are counted.

mod args;
mod batch;
mod clock;
mod config;
mod conn;
mod endpoint;
mod event;
mod fault;
mod form;
mod handle;
mod metrics;
mod order;
mod pace;
mod poller;
mod prefix;
mod prompt;
mod reply;
mod request;
mod responses;
mod routes;
mod script;
mod server;
mod serving;
mod stats;
mod text;
mod timers;
mod tokens;
mod walk;
mod whole;
mod wire;

pub use args::SimArgs;
pub use config::{
    Batching, Canvas, Config, Delta, Detail, Engine, Flow, HeadTime, Models, Pace, RoleChunk, Shape, Speculation, Text,
    Time, Usage,
};
pub use fault::{Ending, Fault, Kind, When};
pub use handle::{Ear, Handle, Line, line, start};
pub use server::Sim;
pub use stats::{Lateness, Stats};
pub use text::expected;
