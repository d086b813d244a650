//! Parses, runs, and turns the result into an exit status.

use std::process::ExitCode;

use llmbench::{cmd, ui};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cmd::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            ui::error(&error);
            error.exit().into()
        }
    }
}
