//! The subcommands, a file each: its flags and its story. They wire the stages and decide nothing.

mod dotted;
mod grammar;

use std::ffi::OsString;

use crate::error::{Error, Exit, Result};

/// Runs the program with these arguments, the program's name first.
pub fn run(_args: impl IntoIterator<Item = OsString>) -> Result<Exit> {
    Err(Error::new("no subcommand"))
}
