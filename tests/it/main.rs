//! The real binary against scripted servers and the simulator: what it sends, what it reports, how it ends.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod architecture;
mod audio;
mod command;
mod files;
mod moments;
mod nonsense;
mod pooling;
mod recorded;
mod requests;
mod responses;
mod secrets;
mod server;
mod stream;
mod success;
mod tls;
mod truth;
mod usage;
mod whole;
mod wire;
