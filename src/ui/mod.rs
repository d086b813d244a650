//! Everything that is written to stderr: errors, warnings, progress. Nothing else in the program prints while it runs.

use std::io::Write;

use crate::error::Error;

/// Prints an error and its hint on stderr.
pub fn error(error: &Error) {
    let mut stderr = std::io::stderr().lock();
    // A closed stderr must not hide the exit status.
    let _ = writeln!(stderr, "llmbench: {error}");
    if let Some(hint) = error.advice() {
        let _ = writeln!(stderr, "hint: {hint}");
    }
}
