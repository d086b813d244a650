//! The stages of `llmbench`, as a library for its own tests and benches. It promises no semver: the public interface is
//! the command line, the exit status, the JSON keys and the record files.
//!
//! ```text
//! dataset ──> plan ──> drive ──> record ──> measure ──> report
//!  samples     jobs    (hot)     records    metrics     text
//!               ^        ^
//!               └ backend ┘   one protocol: sample to body, stream event to meaning
//! ```
//!
//! `cmd` wires the stages, a subcommand a file. `token` and `rng` serve `dataset`; `args` is the syntax of numbers and JSON in
//! flags; `json` writes JSON as Python does; `net` makes the calls that are not measured, `hub` fetches files of the model hub;
//! `sim` is a server of our own to measure against and shares no code with the client; `manual` is the text of `llmbench help`;
//! `ui` is the only stage that writes to a terminal while a run is going on.
//! Data flows one way, through plain owned types; time between stages is a [`record::Tick`].

pub mod args;
pub mod backend;
pub mod bench;
pub mod cmd;
pub mod dataset;
pub mod drive;
pub mod error;
pub mod hub;
pub mod json;
pub mod manual;
pub mod measure;
pub mod net;
pub mod plan;
pub mod record;
pub mod report;
pub mod rng;
pub mod sim;
pub mod study;
pub mod token;
pub mod ui;
