//! Where something is written: a [`Place`] comes in, a file that is open for it goes out.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Format;
use super::draft::{Draft, cannot, fill, reserve, result_dir};
use super::names::{parent, result_name, summary_name, with_ending, with_suffix};
use crate::error::{Error, Result};
use crate::record::Setup;

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// To exactly this file.
    File(PathBuf),
    /// To stdout: the report then belongs on stderr.
    Stdout,
    /// To a file in the reference's manner.
    Saved {
        /// Its directory, created if missing.
        dir: Option<PathBuf>,
        /// Its name, if not a generated one.
        name: Option<PathBuf>,
        /// What happens to a file of that name.
        mode: Mode,
    },
    /// Beside a result, under its name with another ending, whether or not there is a result.
    Beside {
        /// The result's directory.
        dir: Option<PathBuf>,
        /// The result's name, if not a generated one.
        name: Option<PathBuf>,
    },
}

/// What happens to a file that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is replaced if it was named, and left alone if the name was generated.
    Replace,
    /// The result becomes its next line.
    Append,
    /// It is left alone: the result gets the next name that is free.
    Number,
}

/// A place with a file that is open for it.
#[derive(Debug)]
pub(super) enum Opened {
    /// A new file under a passing name, which becomes `target` when it is complete.
    New { draft: Draft, dir: PathBuf, target: Target },
    /// A file that is written where it stands: one to append to, or a device.
    Open { file: File, path: PathBuf },
}

/// What a new file is called in the end.
#[derive(Debug)]
pub(super) enum Target {
    /// Asked for by name: replaces what is there.
    Named(PathBuf),
    /// Of a name that nobody asked for: next to what is there.
    Numbered(PathBuf),
    /// Named after the run, next to what is there.
    Generated,
}

impl Place {
    /// Where the same of one of several runs goes: `suffix` says which. A name that nobody asked for replaces nothing, and what is
    /// at a place of its own is the summary.
    pub(super) fn of_run(&self, suffix: &str) -> Option<Place> {
        match self {
            Place::File(_) | Place::Stdout => None,
            Place::Saved { dir, name: Some(name), mode: Mode::Replace } => {
                Some(Place::Saved { dir: dir.clone(), name: Some(with_suffix(name, suffix)), mode: Mode::Number })
            }
            Place::Saved { .. } => Some(self.clone()),
            Place::Beside { dir, name } => {
                let name = name.as_deref().map(|name| with_suffix(name, suffix));
                Some(Place::Beside { dir: dir.clone(), name })
            }
        }
    }

    /// Where the summary of several runs goes: to the file that was named, unless the runs are appended to it.
    pub(super) fn of_summary(&self, setup: &Setup) -> Option<Place> {
        let Place::Saved { dir, name, mode } = self else {
            return Some(self.clone()).filter(|place| !matches!(place, Place::Beside { .. }));
        };
        let (name, mode) = match (name, mode) {
            (None, _) => (summary_name(setup).into(), Mode::Number),
            (Some(name), Mode::Append) => (with_suffix(name, "summary"), Mode::Number),
            (Some(name), mode) => (name.clone(), *mode),
        };
        Some(Place::Saved { dir: dir.clone(), name: Some(name), mode })
    }

    /// The file that `format` goes to, where its name is known beforehand.
    pub(super) fn named(&self, format: Format) -> Option<PathBuf> {
        let of =
            |dir: &Option<PathBuf>, name: &Option<PathBuf>| Some(dir.clone().unwrap_or_default().join(name.as_ref()?));
        match self {
            Place::File(path) => Some(path.clone()),
            Place::Stdout => None,
            Place::Saved { dir, name, .. } => of(dir, name),
            Place::Beside { dir, name } => Some(with_ending(&of(dir, name)?, format.ending())),
        }
    }

    /// Opens the file; `None` where there is none of its own to open.
    pub(super) fn open(&self, setup: &Setup) -> Result<Option<Opened>> {
        match self {
            Place::Stdout | Place::Beside { .. } => Ok(None),
            Place::File(path) => open_named(path.clone(), Mode::Replace).map(Some),
            Place::Saved { dir, name, mode } => open_saved(dir.as_deref(), name.as_deref(), *mode, setup).map(Some),
        }
    }
}

fn open_saved(dir: Option<&Path>, name: Option<&Path>, mode: Mode, setup: &Setup) -> Result<Opened> {
    let dir = dir.unwrap_or(Path::new("")).to_owned();
    result_dir(&dir)?;
    match name {
        Some(name) if mode == Mode::Number => {
            let path = dir.join(name);
            Ok(Opened::New { draft: Draft::of(&path)?, dir: parent(&path).to_owned(), target: Target::Numbered(path) })
        }
        Some(name) => open_named(dir.join(name), mode),
        None => {
            let draft = Draft::of(&dir.join(result_name(setup)))?;
            // A label may name a folder, as it may in the reference.
            Ok(Opened::New { draft, dir, target: Target::Generated })
        }
    }
}

fn open_named(path: PathBuf, mode: Mode) -> Result<Opened> {
    // A link is followed: what it points to is replaced, not the link.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let there = fs::metadata(&path).ok();
    if there.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(Error::new(format!("cannot write `{}`: it is a directory", path.display())).hint("name a file"));
    }
    if mode == Mode::Append || there.is_some_and(|there| !there.is_file()) {
        let file =
            File::options().append(true).create(true).open(&path).map_err(|cause| cannot("write", &path, &cause))?;
        return Ok(Opened::Open { file, path });
    }
    let dir = parent(&path).to_owned();
    Ok(Opened::New { draft: Draft::of(&path)?, dir, target: Target::Named(path) })
}

impl Opened {
    /// Whether its name is found when it is written, so that what stands beside it has to follow.
    pub(super) fn finds_its_name(&self) -> bool {
        matches!(self, Opened::New { target: Target::Generated | Target::Numbered(_), .. })
    }

    /// The directory that passing files can be kept in beside it.
    pub(super) fn dir(&self) -> Option<&Path> {
        match self {
            Opened::New { dir, .. } => Some(dir),
            Opened::Open { path, .. } => path.metadata().is_ok_and(|at| at.is_file()).then(|| parent(path)),
        }
    }

    /// Writes what there is so far under its passing name, where a kill leaves it; what is written where it stands has none.
    pub(super) fn keep(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        match self {
            Opened::New { draft, .. } => draft.fill(write).map_err(|cause| cannot("write", draft.path(), &cause)),
            Opened::Open { .. } => Ok(()),
        }
    }

    /// Writes it by `write`, and moves it into place. `setup` has the time at which the run ended.
    pub(super) fn save(
        &mut self,
        setup: &Setup,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<PathBuf> {
        match self {
            Opened::New { draft, dir, target } => {
                draft.fill(write).map_err(|cause| cannot("write", draft.path(), &cause))?;
                let path = match target {
                    Target::Named(path) => path.clone(),
                    Target::Numbered(path) => reserve(path)?,
                    Target::Generated => reserve(&dir.join(result_name(setup)))?,
                };
                draft.place(&path).map_err(|cause| cannot("write", &path, &cause))?;
                Ok(path)
            }
            Opened::Open { file, path } => {
                append(file, write).map_err(|cause| cannot("write", path, &cause))?;
                Ok(path.clone())
            }
        }
    }
}

/// Locks a file against others that add lines to it, for as long as one of them may take. Where it stays locked, or the file system
/// knows no locks, a line that may lie across another is better than none.
fn wait_for_turn(file: &File) {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(50)),
            Ok(()) | Err(fs::TryLockError::Error(_)) => return,
        }
    }
}

/// Writes the next line of a file, which other processes may add lines to at the same time; or to a device.
fn append(file: &mut File, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if !file.metadata()?.is_file() {
        return fill(file, write);
    }
    wait_for_turn(file);
    let before = file.metadata()?.len();
    let separated = if before > 0 { file.write_all(b"\n") } else { Ok(()) };
    let written = separated.and_then(|()| fill(file, write));
    if written.is_err() {
        // Half a line would spoil those before it.
        let _ = file.set_len(before);
    }
    // The lock ends with the file too.
    let _ = file.unlock();
    written
}
