//! Hands the command line to [`cmd::run`] and turns the result into an exit status.

use std::process::ExitCode;

#[cfg(unix)]
use llmbench::cmd;

#[cfg(unix)]
fn main() -> ExitCode {
    cmd::run(std::env::args_os()).into()
}

/// The library says why there is nothing to run.
#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
