//! What is written where: formats and places, for one run, one of several, and the summary of several.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::names::with_suffix;
use super::place::Place;
use super::{Charts, Format};
use crate::error::{Error, Result};
use crate::record::Setup;
use crate::record::file::{self, Existing};

/// What is written where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// What the screen shows, one after the other.
    pub screens: Vec<Format>,
    /// What goes to which place, in order.
    pub files: Vec<(Format, Place)>,
    /// The file of records that is kept, if one is.
    pub record: Option<Keep>,
    /// When charts are drawn.
    pub charts: Charts,
    /// Whether results hold the values of every request.
    pub detailed: bool,
}

/// A file of records that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The file.
    pub path: PathBuf,
    /// What becomes of one that is there already.
    pub existing: Existing,
    /// Whether the user is told of it when a run begins.
    pub told: bool,
}

impl Keep {
    /// Looks whether the file may be written.
    fn check(&self) -> Result<()> {
        match self.existing {
            Existing::Kept if self.path.is_file() => Err(file::is_there(&self.path)),
            _ if self.path.exists() && !self.path.is_file() => {
                let what = format!("`--record {}` names no file, and records are read again", self.path.display());
                Err(Error::new(what).hint("name a file on a disk"))
            }
            _ => Ok(()),
        }
    }
}

impl Output {
    /// Looks whether the file of records may be written, before anything is sent.
    ///
    /// # Errors
    /// If it is there already and is to stay, or something else is to be written to it.
    pub fn check(&self) -> Result<()> {
        let Some(keep) = &self.record else { return Ok(()) };
        let taken =
            |(format, place): &(Format, Place)| place.named(*format).is_some_and(|path| same(&path, &keep.path));
        if self.files.iter().any(taken) {
            let what = format!("`{}` is to hold the records and something else too", keep.path.display());
            return Err(Error::new(what).hint("give `--record` a file of its own"));
        }
        keep.check()
    }

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
        let record = self.record.clone().map(|keep| Keep { path: with_suffix(&keep.path, suffix), ..keep });
        // A report of each would hide what they come to together.
        let outlined = |&format: &Format| if format == Format::Vllm { Format::Outline } else { format };
        let screens = self.screens.iter().map(outlined).collect();
        Output { record, screens, ..self.with(|place| place.of_run(suffix)) }
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

/// Whether two paths lead to one file, which need not be there.
pub fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let beside = || Some(dir.canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
    };
    real(one) == real(other)
}

#[cfg(test)]
#[path = "output_test.rs"]
mod tests;
