//! The one error of the program: what went wrong, where, and what to do about it; and the table of exit statuses.
//!
//! A request that fails is data ([`crate::record::Outcome`]), never an `Error`.

use std::process::ExitCode;
use std::time::Duration;
use std::{fmt, panic, thread};

/// Something that keeps the program from doing what it was asked.
///
/// `what` is lower case without a full stop, with names in backticks and causes after colons.
#[derive(Debug)]
pub struct Error {
    what: String,
    hint: Option<String>,
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that says what went wrong and where.
    pub fn new(what: impl Into<String>) -> Self {
        Error { what: what.into(), hint: None }
    }

    /// Adds an action that the user can take.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts a wider description before this one: `context: what`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.what = format!("{context}: {}", self.what);
        self
    }

    /// The action to take, if there is one to name.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit status that belongs to an error: always [`Exit::Unable`].
    pub fn exit(&self) -> Exit {
        Exit::Unable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {}

/// A time as a message says it: in seconds, with three digits, or all that a whole number has.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let rounded = if seconds < 1000.0 { format!("{seconds:.2e}").parse().unwrap_or(seconds) } else { seconds.round() };
    format!("{rounded} s")
}

/// The name of threads whose panics are errors.
const CONTAINED: &str = "contained";

/// Does work of libraries on what comes from strangers, on a thread with a stack of so many bytes: where it panics, that is an error
/// like another.
///
/// # Errors
/// If it panics, or no thread can be started.
pub fn contained<T: Send>(stack: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(CONTAINED.to_owned()).stack_size(stack).spawn_scoped(scope, work);
        let thread = thread.map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
        thread.join().map_err(|_| Error::new("it is damaged, or of a kind that is not known here"))
    })
}

/// Keeps panics off the screen that are errors.
pub fn contain() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        if thread::current().name() != Some(CONTAINED) {
            usual(about);
        }
    }));
}

/// What the process says when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done: status 0.
    Done,
    /// Done, and the answer is no (no request succeeded, a goal missed, a regression found): status 1.
    No,
    /// Could not be done (flags, files, server not ready): status 2.
    Unable,
    /// Interrupted, after the report of what ran: status 130.
    Interrupted,
}

impl Exit {
    /// The numeric exit status.
    pub fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Unable => 2,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_round_figures() {
        let table = [
            (1.999_999_499, "2 s"),
            (1.9, "1.9 s"),
            (0.000_25, "0.00025 s"),
            (599.234, "599 s"),
            (999.99, "1000 s"),
            (21_600.000_4, "21600 s"),
            (0.0, "0 s"),
        ];
        for (time, said) in table {
            assert_eq!(seconds(Duration::from_secs_f64(time)), said);
        }
    }

    #[test]
    fn every_exit_has_its_status() {
        let table = [(Exit::Done, 0), (Exit::No, 1), (Exit::Unable, 2), (Exit::Interrupted, 130)];
        for (exit, status) in table {
            assert_eq!(exit.status(), status);
        }
    }

    #[test]
    fn a_panic_of_others_is_an_error() {
        assert_eq!(contained(1 << 20, || 7).unwrap(), 7);
        let broken = contained(1 << 20, || panic!("a slice of -1"));
        assert_eq!(broken.map(|()| 7).unwrap_err().to_string(), "it is damaged, or of a kind that is not known here");
    }

    #[test]
    fn context_goes_before_the_cause() {
        let error = Error::new("no such file").context("cannot read dataset `a.jsonl`").hint("check the path");
        assert_eq!(error.to_string(), "cannot read dataset `a.jsonl`: no such file");
        assert_eq!(error.advice(), Some("check the path"));
    }
}
