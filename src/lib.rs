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
//! that are not measured, `reach` says whom TLS trusts and which proxy leads there, for these and for requests, `hub` fetches files of the model hub;
//! `content` reads files of strangers, `legible` makes text from outside fit to be shown, and `secrets` takes out what must not be; `sim` is a server of our own to
//! measure against and shares no code with the client; `manual` is the text of `llmbench help`; `ui` is the only stage that
//! writes to a terminal while a run is going on.
//! Data flows one way, through plain owned types; time between stages is a [`record::Tick`].

#[cfg(not(unix))]
compile_error!("llmbench runs on Linux and macOS: on Windows use it inside WSL 2 or a container");

#[cfg(unix)]
pub mod args;
#[cfg(unix)]
pub mod backend;
#[cfg(unix)]
pub mod bench;
#[cfg(unix)]
pub mod cmd;
#[cfg(unix)]
pub mod content;
#[cfg(unix)]
pub mod dataset;
#[cfg(unix)]
pub mod drive;
#[cfg(unix)]
pub mod error;
#[cfg(unix)]
pub mod hub;
#[cfg(unix)]
pub mod json;
#[cfg(unix)]
pub mod legible;
#[cfg(unix)]
pub mod manual;
#[cfg(unix)]
pub mod measure;
#[cfg(unix)]
pub mod net;
#[cfg(unix)]
pub mod plan;
#[cfg(unix)]
pub mod reach;
#[cfg(unix)]
pub mod record;
#[cfg(unix)]
pub mod report;
#[cfg(unix)]
pub mod rng;
#[cfg(unix)]
pub mod secrets;
#[cfg(unix)]
pub mod sim;
#[cfg(unix)]
pub mod study;
#[cfg(unix)]
pub mod token;
#[cfg(unix)]
pub mod ui;
