//! The final write: what goes to stdout, or to stderr in its place. A reader that has seen enough is no error.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{FileStat, fstat, stat};
use terminal_size::terminal_size_of;

use crate::error::{Error, Result};

/// Writes one line and hands it on at once.
///
/// # Errors
/// If `out` cannot be written.
pub fn say(out: &mut dyn Write, line: &str) -> Result<()> {
    written(writeln!(out, "{line}").and_then(|()| out.flush()))
}

/// Has `write` write to stdout, and hands all of it on.
///
/// # Errors
/// If stdout cannot be written.
pub fn to_stdout(write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    written(write(&mut stdout).and_then(|()| stdout.flush()))
}

/// Whether what is written to stdout is lost: where it is closed, the standard library has opened the null device in its place, for
/// reading and writing, which a shell's `>/dev/null` does not do.
pub fn is_lost() -> bool {
    let stdout = io::stdout();
    let access = fcntl(&stdout, FcntlArg::F_GETFL).map(|flags| flags & OFlag::O_ACCMODE.bits());
    let device = |found: nix::Result<FileStat>| found.ok().map(|found| found.st_rdev);
    access == Ok(OFlag::O_RDWR.bits())
        && device(fstat(&stdout)).is_some_and(|ours| Some(ours) == device(stat("/dev/null")))
}

/// Columns of the terminal that `stream` leads to, if it does.
pub fn width(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    const USUAL: usize = 80;
    stream.is_terminal().then(|| terminal_size_of(stream).map_or(USUAL, |(width, _)| usize::from(width.0)))
}

/// What came of writing the report: a closed pipe is none of our errors.
///
/// # Errors
/// If anything else kept it from being written.
pub fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            Err(Error::new(format!("cannot write to stdout: {cause}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_pipe_is_no_error() {
        assert!(written(Err(ErrorKind::BrokenPipe.into())).is_ok());
        assert!(written(Err(ErrorKind::StorageFull.into())).is_err());
    }
}
