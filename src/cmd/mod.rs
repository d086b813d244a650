//! The subcommands, a file each: its flags and its story. They wire the stages and decide nothing.

use std::ffi::OsString;

use clap::Parser;

use crate::error::{Error, Exit, Result};

pub mod sim;

#[derive(Debug, Parser)]
#[command(name = "llmbench", version)]
enum Command {
    Sim(sim::SimCommand),
}

/// Runs the program with these arguments, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<Exit> {
    match Command::try_parse_from(args) {
        Ok(Command::Sim(sim)) => sim.run(),
        Err(error) => Err(Error::new(error.to_string())),
    }
}
