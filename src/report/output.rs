//! What is written where: formats and places, for one run, one of several, and the summary of several.

use super::files::Files;
use super::place::Place;
use super::{Charts, Format};
use crate::error::Result;
use crate::record::Setup;

/// What is written where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// What the screen shows.
    pub screen: Format,
    /// What goes to which place, in order.
    pub files: Vec<(Format, Place)>,
    /// When charts are drawn.
    pub charts: Charts,
    /// Whether results hold the values of every request.
    pub detailed: bool,
}

impl Output {
    /// Opens the files.
    ///
    /// # Errors
    /// If a directory cannot be created or a file not be written.
    pub fn open(&self, setup: &Setup) -> Result<Files> {
        Files::open(&self.files, setup)
    }

    /// What goes to stdout, if anything does: the report then belongs on stderr.
    pub fn on_stdout(&self) -> Option<Format> {
        self.files.iter().find(|(_, place)| *place == Place::Stdout).map(|(format, _)| *format)
    }

    /// Whether the details of every request are needed for what is to be written.
    pub fn needs_details(&self) -> bool {
        let needs = |format: Format| format.needs_details() || (self.detailed && format == Format::VllmJson);
        self.files.iter().any(|(format, _)| needs(*format))
    }

    /// Where the files of one of several runs go: `suffix` says which.
    #[must_use]
    pub fn of_run(&self, suffix: &str) -> Self {
        self.with(|place| place.of_run(suffix))
    }

    /// Where the summary of several runs goes.
    #[must_use]
    pub fn of_summary(&self, setup: &Setup) -> Self {
        self.with(|place| place.of_summary(setup))
    }

    /// The same at other places, without what has none there.
    fn with(&self, place: impl Fn(&Place) -> Option<Place>) -> Self {
        let files = self.files.iter().filter_map(|(format, known)| Some((*format, place(known)?))).collect();
        Output { files, ..self.clone() }
    }
}

#[cfg(test)]
#[path = "output_test.rs"]
mod tests;
