//! HOT: sends the jobs when they are due and stamps what comes back. It never waits for a disk, a terminal or a lock
//! while tokens arrive.
//!
//! ```text
//! jobs ──feeder──> gate ──pacer──> worker: flight ──> finished ──> caller
//!                    ^               │  one connection, one write, reads
//!                    └── next job ───┘
//! ```

mod answer;
mod beginning;
pub mod body;
mod clock;
mod coding;
mod connect;
mod crew;
mod flight;
mod gate;
mod hold;
pub mod limits;
mod pacer;
mod reply;
mod run;
mod socket;
pub mod sse;
pub mod target;
mod wire;
mod worker;

use std::sync::Arc;
use std::time::Duration;

pub use run::{End, Observation, Stop, run};
pub use target::Target;

use crate::backend::{Backend, Connect, Delivery};
use crate::error::Result;
use crate::plan::Job;

/// The time since an arbitrary moment, on a clock that nobody sets.
pub fn now() -> Duration {
    Duration::from_nanos(clock::monotonic())
}

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// So long.
    pub limit: Duration,
    /// The flag that says so.
    pub flag: &'static str,
}

/// What is the same for all requests of a run.
#[derive(Debug)]
pub struct Settings {
    /// Where requests go: each job names its target by its position. At least one.
    pub targets: Arc<[Target]>,
    /// How their answers read.
    pub backend: Backend,
    /// How they come.
    pub delivery: Delivery,
    /// How long one may take.
    pub patience: Patience,
    /// Events, and whole answers with a text, larger than this fail their request.
    pub max_event_bytes: usize,
    /// When connections are opened.
    pub connect: Connect,
    /// Whether what is told of a request has its body.
    pub keep_requests: bool,
}

/// The requests of a run and how they are let out.
pub struct Stream {
    /// The requests, in order; made as they are asked for.
    pub jobs: Box<dyn Iterator<Item = Result<Job>> + Send>,
    /// How many may be in flight.
    pub max_in_flight: Option<usize>,
    /// How many threads carry the load.
    pub workers: usize,
    /// Connections that are opened before the clock starts.
    pub connections: usize,
    /// Requests that are encoded before the clock starts, within the budget.
    pub ready: usize,
    /// Encoded requests that wait take at most so many bytes, or are one.
    pub budget: usize,
    /// After this time no request starts.
    pub duration: Option<Duration>,
    /// With more failures than this the run gives up.
    pub max_failures: Option<u64>,
}
