//! Hands the command line to [`cmd::run`] and turns the result into an exit status.

use std::process::ExitCode;

use llmbench::cmd;

fn main() -> ExitCode {
    cmd::run(std::env::args_os()).into()
}
