//! What happened: plain data between `drive`, which fills it, and `measure`, which reads it. No clock, no statistics.

mod as_text;
mod begin;
pub mod collect;
pub mod counters;
mod end;
pub mod errors;
pub mod file;
pub mod flow;
pub mod gaps;
mod health;
pub mod input;
mod lines;
mod merge;
mod missing;
mod moment;
pub mod own_file;
pub mod partition;
mod read;
mod said;
pub mod setup;

#[cfg(test)]
#[path = "scratch_test.rs"]
mod scratch;

use std::fmt;
use std::str::FromStr;

pub use collect::Collector;
pub use counters::Counters;
pub use errors::Errors;
pub use flow::Flow;
pub use gaps::Gaps;
pub use health::{Health, Spread, spread};
pub use missing::Part;
pub use moment::{Moment, Profiled, Tell};
pub use partition::Partition;
pub use said::{Answers, Said};
pub use setup::{Ramp, RateChange, Setup, Strategy};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A moment of a run: nanoseconds since the run began. The one unit of time between stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tick(u64);

impl Tick {
    /// The moment the run began.
    pub const ZERO: Tick = Tick(0);

    /// The moment `nanos` nanoseconds after the run began.
    pub const fn from_nanos(nanos: u64) -> Self {
        Tick(nanos)
    }

    /// The moment `secs` seconds after the run began, to the nearest nanosecond; negative values and NaN are zero.
    pub fn from_secs_f64(secs: f64) -> Self {
        Tick((secs * 1e9).round() as u64)
    }

    /// Nanoseconds since the run began.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the run began.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Nanoseconds from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Tick) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// One request as it went: a small fixed record, kept for every request of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Position of the request in the plan, from 0.
    pub id: u32,
    /// Prompt tokens: the server's figure where it gave one, else the plan's.
    pub input_tokens: u32,
    /// Output tokens: the server's figure where it gave one, else counted by tokenizer; 0 for a failed request.
    pub output_tokens: u32,
    /// Pieces of the answer that carried output.
    pub chunks: u32,
    /// Inputs that the request held: texts to embed, documents to rank; 1 for generation.
    pub inputs: u32,
    /// When the schedule wanted the request to start.
    pub due: Tick,
    /// Right before its bytes were written.
    pub sent: Tick,
    /// When the first output arrived; equals `sent` if none did.
    pub first: Tick,
    /// When the last output arrived; equals `sent` if none did.
    pub last: Tick,
    /// When the answer had been read to its end, or had failed.
    pub end: Tick,
    /// How it ended.
    #[serde(with = "as_text")]
    pub outcome: Outcome,
}

/// What requests ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Text, token by token.
    #[default]
    Generation,
    /// Vectors or scores of their inputs, all at once.
    Pooling,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// A 2xx status, at least one output, no error event, and a proper end.
    #[default]
    Done,
    /// Anything else.
    Failed(Failure),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done => f.write_str("done"),
            Outcome::Failed(failure) => failure.fmt(f),
        }
    }
}

impl FromStr for Outcome {
    type Err = Error;

    /// Reads what [`Outcome`] displays as.
    fn from_str(name: &str) -> Result<Self> {
        if name == "done" { Ok(Outcome::Done) } else { name.parse().map(Outcome::Failed) }
    }
}

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// No connection could be opened.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The request took longer than its limit.
    Timeout,
    /// The server answered with this status, which is not a success.
    HttpStatus(u16),
    /// The connection was reset.
    Reset,
    /// The answer ended before its proper end.
    Truncated,
    /// The stream carried an error object.
    ErrorEvent,
    /// The answer is not HTTP, not an event stream, not JSON, or over a size limit.
    Malformed,
    /// The answer ended properly and carried no output.
    NoOutput,
    /// The run was stopped before the request ended.
    Cancelled,
    /// Anything else.
    Other,
}

impl Failure {
    /// The class as it is printed, counted and stored: `http_status` without its code.
    pub fn class(self) -> &'static str {
        match self {
            Failure::Connect => "connect",
            Failure::Tls => "tls",
            Failure::Timeout => "timeout",
            Failure::HttpStatus(_) => "http_status",
            Failure::Reset => "reset",
            Failure::Truncated => "truncated",
            Failure::ErrorEvent => "error_event",
            Failure::Malformed => "malformed",
            Failure::NoOutput => "no_output",
            Failure::Cancelled => "cancelled",
            Failure::Other => "other",
        }
    }
}

impl FromStr for Failure {
    type Err = Error;

    /// Reads what [`Failure`] displays as.
    fn from_str(name: &str) -> Result<Self> {
        if let Some(code) = name.strip_prefix("http_status ").and_then(|code| code.parse().ok()) {
            return Ok(Failure::HttpStatus(code));
        }
        let plain = [
            Failure::Connect,
            Failure::Tls,
            Failure::Timeout,
            Failure::Reset,
            Failure::Truncated,
            Failure::ErrorEvent,
            Failure::Malformed,
            Failure::NoOutput,
            Failure::Cancelled,
            Failure::Other,
        ];
        let found = plain.into_iter().find(|failure| failure.class() == name);
        found.ok_or_else(|| Error::new(format!("unknown class of failure `{name}`")))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::HttpStatus(code) => write!(f, "http_status {code}"),
            other => f.write_str(other.class()),
        }
    }
}

/// Everything that is known of one request at the moment it ended: what `drive` hands on, once a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finished {
    /// The moments and counts that are kept for the whole run.
    pub record: Record,
    /// When the connection that carried the request was open.
    pub connected: Tick,
    /// The arrival of each piece of output, in order; the first is `record.first`.
    pub chunks: Vec<Tick>,
    /// Output tokens of each piece, where the server said so (`continuous_usage_stats`); else empty.
    pub tokens: Vec<u32>,
    /// The answer's text.
    pub text: String,
    /// The body of the request, where that is to be kept; else empty.
    pub request: String,
    /// Whether there is nothing to count: `record.output_tokens` is the server's own figure, or the answer is vectors and has
    /// none. If not, it is 0 until the text is counted.
    pub counted_by_server: bool,
    /// For a failed request what happened, in one line; else empty.
    pub detail: String,
    /// Seconds of sound that the request held.
    pub audio_seconds: f64,
    /// What the server says of its own times.
    pub server: ServerTimes,
    /// What the request adds to [`Run::workload`].
    pub workload: u64,
    /// What the answer says beside its output.
    pub said: Said,
}

/// Times of one request as the server measured them, in seconds; `None` where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServerTimes {
    /// Waiting in the server's queue.
    pub queue: Option<f64>,
    /// From the request's arrival at the server to its first token.
    pub ttft: Option<f64>,
}

/// A whole run: what was asked and all that happened. Every number of a report is made from it and from nothing else.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// What it was asked to do.
    pub setup: Setup,
    /// One record a started request, in order of id.
    pub records: Vec<Record>,
    /// Why requests failed.
    pub errors: Errors,
    /// All gaps between consecutive pieces of output of successful requests, pooled.
    pub gaps: Gaps,
    /// Output of successful requests over time.
    pub flow: Flow,
    /// From the start of sending to the end of the last answer.
    pub duration: Tick,
    /// Requests that the plan held; more than `records` where the run was stopped early.
    pub planned: u64,
    /// The id of the first turn of each planned conversation, ascending; its others follow. Empty where requests stand alone.
    pub conversations: Vec<u32>,
    /// The sum of a hash of each request that was started, by its id, when it was due, and its body: the same for runs that
    /// sent the same, whatever came back. A later turn of a conversation counts by its own words, due as if answers took no
    /// time: what the server answers goes into its body too, and when it is sent depends on it.
    pub workload: u64,
    /// Whether the run was interrupted before everything planned had run.
    pub partial: bool,
    /// Whether it ended early since more requests failed than may.
    pub gave_up: bool,
    /// Requests that were due when it was closed, and never started.
    pub overdue: Overdue,
    /// Nanoseconds of sound in successful requests.
    pub sound_nanos: u64,
    /// Whether the server told its own times of any request.
    pub server_times: bool,
    /// Successful requests whose output tokens neither the server nor a tokenizer counted: one token is assumed for each.
    pub uncounted: u64,
    /// What the successful answers say beside their output.
    pub answers: Answers,
    /// How well the measurement itself went.
    pub health: Health,
    /// The small requests that were sent beside it, one at a time, in order.
    pub probes: Vec<Record>,
    /// What the server had counted before it and after it, where it shows its counters.
    pub counted: Option<(Counters, Counters)>,
    /// What is not known of it.
    pub missing: Vec<Part>,
}

/// Requests that were due before a run was closed and never started, since no place was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overdue {
    /// How many.
    pub requests: u64,
    /// How long the first of them had waited.
    pub longest_wait: Tick,
}

impl Run {
    /// Whether requests were due one after the other: where all are due at once there is no schedule to hold latencies against.
    pub fn has_schedule(&self) -> bool {
        self.records.iter().any(|record| record.due != self.records[0].due)
    }
}
