//! What is sent and when: arrivals, encoded requests, made ahead of need. Pure but for the threads that encode.

pub mod adapters;
pub mod args;
pub mod arrivals;
mod before;
mod hash;
pub mod pairing;
mod patience;
mod preview;
pub mod probe;
pub mod request;
mod then;
pub mod turns;
mod workload;

pub use adapters::{AdapterArgs, AdapterMix};
pub use args::{Load, LoadArgs};
pub use before::{ReadyCheck, WarmUp};
pub use patience::MaxFailures;
pub use preview::Preview;
pub use then::Then;
pub use workload::Workload;

use crate::record::Tick;

/// One request, ready to go: nothing is left to decide or encode.
#[derive(Debug)]
pub struct Job {
    /// Position in the plan, from 0.
    pub id: u32,
    /// Which of the run's servers it goes to, by position.
    pub server: u16,
    /// When it should start.
    pub due: Tick,
    /// The whole HTTP request: head and body.
    pub bytes: Vec<u8>,
    /// Prompt tokens as counted on the client.
    pub input_tokens: u32,
    /// Output tokens that are asked for.
    pub output_tokens: u32,
    /// How many inputs it holds; 1 for generation.
    pub inputs: u32,
    /// Seconds of sound that it holds.
    pub audio_seconds: f64,
    /// What it adds to the hash of the run's workload.
    pub workload: u64,
    /// What follows it in its place.
    pub then: Option<Then>,
}

impl Job {
    /// The body of its request.
    pub fn body(&self) -> &[u8] {
        let head = memchr::memmem::find(&self.bytes, b"\r\n\r\n").map_or(0, |blank| blank + 4);
        &self.bytes[head..]
    }

    /// Bytes that it keeps in memory until it is sent, those of what follows it included.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.then.as_ref().map_or(0, Then::size)
    }
}
