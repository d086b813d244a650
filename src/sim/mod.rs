//! A server to measure against: it speaks the OpenAI API on loopback, with dictated times and dictated faults, in one thread of
//! its own. What comes in is a [`Config`]; what goes out is answers, and [`Stats`] that say how late they were. It shares no
//! code with the client, binds nothing but loopback, and generates no language.
//!
//! - A request arrives when the kernel received its last byte; its deadlines are counted from there and are absolute.
//! - `POST /v1/chat/completions` and `/v1/completions` read `model`, `max_tokens`, `max_completion_tokens`, `stream`,
//!   `stream_options`, `ignore_eos` and `n`; the rest of the body is skipped unread.
//! - `GET /sim/stats` is the account ([`Stats`]) as JSON; `POST /sim/reset` begins it anew.
//! - A prompt counts for as many tokens as its array has ids, or for a quarter of its bytes. For `/tokenize` and
//!   `/detokenize` a token is a byte.

mod args;
mod batch;
mod clock;
mod config;
mod conn;
mod event;
mod fault;
mod handle;
mod pace;
mod reply;
mod request;
mod routes;
mod script;
mod server;
mod serving;
mod stats;
mod text;
mod timers;
mod wire;

pub use args::SimArgs;
pub use config::{Batching, Config, Delta, Detail, Flow, HeadTime, Models, Pace, RoleChunk, Shape, Text, Time, Usage};
pub use fault::{Ending, Fault, Kind, When};
pub use handle::{Handle, start};
pub use server::Sim;
pub use stats::{Lateness, Stats};
pub use text::expected;
