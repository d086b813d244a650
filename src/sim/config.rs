//! What a simulator is told: plain values, past the flags.

use std::net::{IpAddr, Ipv4Addr};

use super::fault::Fault;

/// Everything that a simulator is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// A loopback address.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// The name of the one model.
    pub model: String,
    /// What happens to a request for another model.
    pub models: Models,
    /// When tokens come.
    pub pace: Pace,
    /// The batching model, which takes the place of the dictated times.
    pub batching: Option<Batching>,
    /// What answers look like.
    pub shape: Shape,
    /// What the engine behind the API has and claims.
    pub engine: Engine,
    /// Output tokens of a request that states no limit.
    pub output_tokens: u32,
    /// What goes wrong, and for whom.
    pub faults: Vec<Fault>,
    /// How long before a deadline the simulator stops sleeping and watches the clock.
    pub spin_ns: u64,
}

impl Default for Config {
    /// On a port that the system chooses: 50 ms to the first token, 10 ms from token to token.
    fn default() -> Self {
        Config {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            model: "sim".to_owned(),
            models: Models::Any,
            pace: Pace::default(),
            batching: None,
            shape: Shape::default(),
            engine: Engine::default(),
            output_tokens: 16,
            faults: Vec::new(),
            spin_ns: 50_000,
        }
    }
}

/// Which models are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Models {
    /// A request may name any model.
    Any,
    /// Another model is answered with 404.
    Strict,
}

/// When the tokens of a request come, counted from the arrival of its last byte at this host.
///
/// Chunk `k` of `t` tokens each is due at `arrival + ttft + delay + k × t × itl`: deadlines are absolute, so a late token
/// delays no other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// From the arrival to the first chunk.
    pub ttft: Time,
    /// From token to token.
    pub itl: Time,
    /// Seed of the draws of both.
    pub seed: u64,
    /// One write a chunk, or all at once.
    pub flow: Flow,
    /// When the response's head is sent.
    pub head: HeadTime,
    /// From the role chunk to the first content, in nanoseconds.
    pub content_delay_ns: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            ttft: Time::fixed(50_000_000),
            itl: Time::fixed(10_000_000),
            seed: 0,
            flow: Flow::Paced,
            head: HeadTime::FirstToken,
            content_delay_ns: 0,
        }
    }
}

/// A time that is dictated: the same each time, or drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Time {
    /// The mean, in nanoseconds.
    pub mean_ns: u64,
    /// The sigma of the lognormal distribution it is drawn from; 0 gives the mean each time.
    pub sigma: f64,
}

impl Time {
    /// The same time each time.
    pub fn fixed(mean_ns: u64) -> Self {
        Time { mean_ns, sigma: 0.0 }
    }
}

/// How an answer leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Each chunk when it is due.
    Paced,
    /// All of it when the first token is due.
    Whole,
}

/// When the head of a streamed answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum HeadTime {
    /// With the first chunk: one write less.
    FirstToken,
    /// As soon as the request has arrived.
    Arrival,
}

/// The constants of the batching model; see `batch` for the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// How many requests run at once; the others wait in a queue.
    pub max_running: u32,
    /// A step's time, before what follows.
    pub base_ns: u64,
    /// More for each running request.
    pub per_request_ns: u64,
    /// More for each prompt token taken up in the step.
    pub per_prefill_token_ns: u64,
    /// Most prompt tokens that a step takes up.
    pub step_tokens: u32,
}

/// What the engine behind the API has, and what it claims in its counters and answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Engine {
    /// Adapters: models beside the one, listed under it.
    pub adapters: Vec<String>,
    /// Blocks of 16 tokens that the prefix cache keeps; none without a cache.
    pub prefix_blocks: Option<u32>,
    /// Speculative decoding.
    pub speculation: Option<Speculation>,
    /// Diffusion decoding.
    pub canvas: Option<Canvas>,
    /// The last usage tells how long a request waited and how long its first token took; it claims to have waited so many
    /// nanoseconds.
    pub queue_ns: Option<u64>,
}

/// Speculative decoding as the counters tell it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speculation {
    /// Tokens of a draft.
    pub draft: u32,
    /// Share of them that is accepted.
    pub rate: f64,
}

/// Diffusion decoding as the counters tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Tokens of a canvas.
    pub positions: u32,
    /// Steps that denoise one.
    pub steps: u32,
}

/// What answers look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Tokens in one event.
    pub tokens_per_chunk: u32,
    /// Where the usage stands.
    pub usage: Usage,
    /// Whether a chat stream begins with a chunk that only names the role.
    pub role_chunk: RoleChunk,
    /// The first so many tokens are reasoning.
    pub reasoning: u32,
    /// What carries the other tokens.
    pub delta: Delta,
    /// The tokens' text.
    pub text: Text,
    /// How much an event says.
    pub detail: Detail,
}

impl Default for Shape {
    fn default() -> Self {
        Shape {
            tokens_per_chunk: 1,
            usage: Usage::Asked,
            role_chunk: RoleChunk::On,
            reasoning: 0,
            delta: Delta::Content,
            text: Text::Words,
            detail: Detail::Full,
        }
    }
}

/// Where a stream carries the usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Usage {
    /// As the request's `stream_options` ask.
    Asked,
    /// In an event of its own at the end.
    End,
    /// In the last event that has choices.
    LastChunk,
    /// In every event.
    EveryChunk,
    /// Nowhere, whatever the request asks.
    None,
}

/// Whether a chat stream begins with a chunk that only names the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RoleChunk {
    /// It does.
    On,
    /// The first chunk has content.
    Off,
}

/// What carries the tokens of a chat stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Delta {
    /// `content`.
    Content,
    /// The arguments of a tool call.
    ToolCall,
    /// The arguments of a function call.
    FunctionCall,
}

/// The text of the tokens: a table that repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Text {
    /// Plain words.
    Words,
    /// Blanks, escapes and characters of two to four bytes.
    Mixed,
    /// Every second token has no text.
    Gaps,
}

/// How much an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All that vLLM says.
    Full,
    /// The delta alone.
    Compact,
}
