//! The real binary against scripted servers and the simulator: what it sends, what it reports, how it ends.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod architecture;
mod command;
mod files;
mod instead;
mod media;
mod moments;
mod nonsense;
mod probes;
mod recorded;
mod requests;
mod secrets;
mod series;
mod server;
mod stream;
mod success;
mod tls;
mod truth;
mod turns;
mod usage;
mod wire;
