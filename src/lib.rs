//! The stages of `llmbench`, as a library for its own tests and benches. It promises no semver: the public interface is
//! the command line, the exit status, the JSON keys and the record files.
//!
//! ```text
//! words ──> experiment ──> bench ─────────────────────────> run ──> figures ──> format
//!  args  cmd   (values)    │ dataset > plan > drive > record │ measure    report
//!               ^          └──────────── backend ────────────┘    │
//!               └───────────── study: which is next ──────────────┘
//!                                        run on disk ──> report, compare
//! ```
//!
//! Words become an experiment; `bench` carries it out and gives a run; `measure` makes figures of it; a format of `report`
//! writes them. A `study` decides which experiment is next, and a run on disk is the same run.
//!
//! `cmd` wires the stages, a subcommand a file, and nobody uses it. A `backend` is a server's protocol: sample to body, stream
//! event to meaning; `drive` is hot. `token` and `rng` serve `dataset`; `json` writes JSON as Python does; `net` makes the calls
//! that are not measured, `hub` fetches files of the model hub; `legible` makes text from outside fit to be shown; `sim` is a
//! server of our own to measure against and shares no code with the client; `manual` is the text of `llmbench help`; `ui` is the
//! only stage that writes to a terminal while a run is going on.
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
pub mod legible;
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
