//! Everything that is printed: errors, warnings, notes and progress on stderr, and the final write, which puts the report on
//! stdout. Nothing else in the program prints.

pub mod args;
pub mod out;
pub mod progress;
pub mod style;
pub mod waiting;

use std::io::Write;

pub use args::ProgressArgs;
pub use progress::Progress;
pub use style::{Style, Tone};
pub use waiting::Waiting;

use crate::error::Error;
use crate::legible::legible;

/// The one way to speak to the user while the program runs. Its style is resolved once and passed down with it.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// Plain or coloured.
    pub style: Style,
}

impl Default for Ui {
    /// As the surroundings say, without a choice by the user.
    fn default() -> Self {
        Ui { style: Style::resolve(clap::ColorChoice::Auto) }
    }
}

impl Ui {
    /// Prints an error and its hint.
    pub fn error(&self, error: &Error) {
        self.line(&self.style.paint(Tone::Error, "llmbench:"), &error.to_string());
        if let Some(hint) = error.advice() {
            self.line(&self.style.paint(Tone::Hint, "hint:"), hint);
        }
    }

    /// Prints what looks unintended and does not keep the program from running.
    pub fn warn(&self, warning: &str) {
        self.line(&self.style.paint(Tone::Warning, "warning:"), warning);
    }

    /// Prints what is going on, outside of a progress display.
    pub fn note(&self, note: &str) {
        self.line(&self.style.paint(Tone::Dim, "llmbench:"), note);
    }

    fn line(&self, label: &str, text: &str) {
        // A closed stderr must not hide the exit status.
        let _ = writeln!(std::io::stderr().lock(), "{label} {}", legible(text));
    }
}
