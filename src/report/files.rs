//! The files of a run: opened before it, so that a path that cannot be written is known before anything is sent, and written
//! after it, results first and then what stands beside them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::draft::{Draft, cannot, fill, result_dir};
use super::names::{numbered, parent, result_name, with_ending};
use super::place::{Opened, Place};
use super::{Format, Report};
use crate::error::{Error, Result};
use crate::record::Setup;
use crate::record::file::Reader;
use crate::record::own_file::{Readers, own_file};

/// The files that a run's results go to, and those beside them.
#[derive(Debug)]
pub struct Files {
    results: Vec<(Format, Opened)>,
    beside: Vec<(Format, Aside)>,
}

/// A new file that will stand beside a result: in `dir`, and under `name` if that is no generated one.
#[derive(Debug)]
struct Aside {
    draft: Draft,
    dir: PathBuf,
    name: Option<PathBuf>,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The files that hold results.
    pub results: Vec<PathBuf>,
    /// Why others could not be written.
    pub failures: Vec<Error>,
    /// What was to stand beside them, each on its own: where it is, or why it could not be written.
    pub beside: Vec<(Format, Result<PathBuf>)>,
}

impl Files {
    /// Opens what is to be written, as far as it goes to files. Creates directories of results.
    ///
    /// # Errors
    /// If a directory cannot be created or a file not be written.
    pub(super) fn open(wanted: &[(Format, Place)], setup: &Setup) -> Result<Self> {
        let (mut results, mut beside) = (Vec::new(), Vec::new());
        for (format, place) in wanted {
            results.extend(place.open(setup)?.map(|opened| (*format, opened)));
            if let Place::Beside { dir, name } = place {
                let dir = dir.clone().unwrap_or_default();
                result_dir(&dir)?;
                let passing = dir.join(name.clone().unwrap_or_else(|| result_name(setup).into()));
                let draft = Draft::of(&with_ending(&passing, format.ending()))?;
                beside.push((*format, Aside { draft, dir, name: name.clone() }));
            }
        }
        Ok(Files { results, beside })
    }

    /// Writes everything and moves it into place. What cannot be written costs nothing else, and can be written again.
    pub fn write(&mut self, report: &Report, mut details: Option<&mut Reader>) -> Written {
        let found = self.results.first().is_some_and(|(_, opened)| opened.finds_its_name());
        let (results, failures) =
            self.save_all(&report.run.setup, &mut |format, out| format.write(report, details.as_deref_mut(), out));
        let beside = std::mem::take(&mut self.beside);
        let base = results.first().filter(|_| found).cloned().or_else(|| base(&beside, &report.run.setup));
        let wanted =
            beside.into_iter().filter(|(format, _)| *format != Format::PyTorch || report.has_pytorch_figures());
        let write = |(format, aside): (Format, Aside)| {
            let path = with_ending(base.as_deref().unwrap_or(Path::new("")), format.ending());
            if let Some(cause) = format.refusal(report) {
                return (format, Err(Error::new(cause)));
            }
            let written = aside.draft.fill(&mut |out| format.write(report, details.as_deref_mut(), out));
            let placed = written.and_then(|()| aside.draft.place(&path));
            (format, placed.map(|()| path.clone()).map_err(|cause| cannot("write", &path, &cause)))
        };
        let beside = wanted.map(write).collect();
        Written { results, failures, beside }
    }

    /// Writes the results that could not be written where they were wanted, each as [`Files::rescue_as`] does.
    pub fn rescue(&mut self, report: &Report) -> Vec<Result<PathBuf>> {
        std::mem::take(&mut self.results).into_iter().map(|(format, _)| Files::rescue_as(format, report)).collect()
    }

    /// Writes a result among the system's temporary files.
    ///
    /// # Errors
    /// If that is no place for it either; nothing of it stays there.
    pub fn rescue_as(format: Format, report: &Report) -> Result<PathBuf> {
        let wanted = std::env::temp_dir().join(result_name(&report.run.setup));
        let cannot = |cause: &io::Error| cannot("write", &wanted, cause);
        let (file, path) = own_file(&wanted, Readers::AsUsual).map_err(|cause| cannot(&cause))?;
        match fill(&file, &mut |out| format.write(report, None, out)) {
            Ok(()) => Ok(path),
            Err(cause) => {
                let _ = fs::remove_file(&path);
                Err(cannot(&cause))
            }
        }
    }

    /// Writes the results by `write`, and keeps those that could not be written.
    fn save_all(
        &mut self,
        setup: &Setup,
        write: &mut dyn FnMut(Format, &mut dyn Write) -> io::Result<()>,
    ) -> (Vec<PathBuf>, Vec<Error>) {
        let (mut saved, mut failures) = (Vec::new(), Vec::new());
        self.results.retain_mut(|(format, opened)| match opened.save(setup, &mut |out| write(*format, out)) {
            Ok(path) => {
                saved.push(path);
                false
            }
            Err(cause) => {
                failures.push(cause);
                true
            }
        });
        (saved, failures)
    }

    /// Writes what there is so far to every result by `write`, under the passing name that a kill leaves it with.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn keep(&self, mut write: impl FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.results.iter().try_for_each(|(_, opened)| opened.keep(&mut write))
    }

    /// Writes the same to every result by `write`, and moves it into place. `setup` has the time at which the last run ended.
    ///
    /// # Errors
    /// If one cannot be written; the others are written all the same.
    pub fn save(
        &mut self,
        setup: &Setup,
        mut write: impl FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Vec<PathBuf>> {
        let (saved, failures) = self.save_all(setup, &mut |_, out| write(out));
        failures.into_iter().next().map_or(Ok(saved), Err)
    }

    /// Where the records of the run can be kept meanwhile: beside the first file, else with temporary files.
    pub fn records_path(&self) -> PathBuf {
        let name = format!("llmbench-{}.records.jsonl", std::process::id());
        let of_result = self.results.first().and_then(|(_, opened)| opened.dir());
        let beside = self.beside.first().map(|(_, aside)| parent(aside.draft.path()));
        of_result.or(beside).map_or_else(std::env::temp_dir, Path::to_owned).join(name)
    }
}

/// What files beside a result are named after where no result has found a name: the name that was asked for, or a generated one
/// of which no file is there yet.
fn base(beside: &[(Format, Aside)], setup: &Setup) -> Option<PathBuf> {
    let (_, Aside { dir, name, .. }) = beside.first()?;
    if let Some(name) = name {
        return Some(dir.join(name));
    }
    let taken = |base: &PathBuf| beside.iter().any(|(format, _)| with_ending(base, format.ending()).exists());
    numbered(&dir.join(result_name(setup))).find(|base| !taken(base))
}

#[cfg(test)]
#[path = "beside_test.rs"]
mod beside_tests;
#[cfg(test)]
#[path = "files_test.rs"]
mod tests;
