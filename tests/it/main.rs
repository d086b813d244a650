//! The real binary against scripted servers and the simulator: what it sends, what it reports, how it ends.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod architecture;
mod around;
mod audio;
mod beside;
mod circles;
mod command;
mod documents;
mod files;
mod flags;
mod hub;
mod instead;
mod kept;
mod killed;
mod liveness;
mod manual;
mod media;
mod moments;
mod nonsense;
mod odd;
mod order;
mod places;
mod platforms;
mod pooling;
mod probes;
mod program;
mod raw;
mod recorded;
mod requests;
mod responses;
mod secrets;
mod series;
mod server;
mod simulated;
mod stored;
mod stream;
mod success;
mod tls;
mod trace;
mod truth;
mod turns;
mod usage;
mod whole;
mod wire;
mod workload;
