//! Files that appear only when they are whole: opened under a passing name before the run, so that a path that cannot be written
//! is known before anything is sent, and moved into place after it, so that nobody ever reads half a result.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use super::names::{numbered, parent};
use crate::error::{Error, Result};
use crate::record::own_file::{Readers, own_file};

/// A file that goes away unless it is moved into place.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    path: PathBuf,
}

impl Draft {
    /// Opens a file beside `target`.
    pub(super) fn of(target: &Path) -> Result<Self> {
        let (file, path) =
            own_file(&with_passing(target), Readers::AsUsual).map_err(|cause| cannot("write", target, &cause))?;
        Ok(Draft { file, path })
    }

    /// Where it is meanwhile.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it, to the disk itself; what was in it before is gone.
    pub(super) fn fill(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        (&self.file).rewind()?;
        self.file.set_len(0)?;
        fill(&self.file, write).and_then(|()| self.file.sync_all())
    }

    /// Moves it to `path`. Where its directory has gone meanwhile, that is made anew.
    pub(super) fn place(&self, path: &Path) -> io::Result<()> {
        match fs::rename(&self.path, path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(parent(path))?;
                let (copy, copied) = own_file(&with_passing(path), Readers::AsUsual)?;
                (&self.file).rewind()?;
                io::copy(&mut &self.file, &mut &copy).and_then(|_| copy.sync_all())?;
                fs::rename(copied, path)
            }
            moved => moved,
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a move there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a directory that was there is no more.
fn is_gone(dir: &Path) -> bool {
    !dir.as_os_str().is_empty() && !dir.exists()
}

/// The name that a file has until it is whole.
fn with_passing(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    target.with_file_name(name)
}

/// Writes `file` where it stands.
pub(super) fn fill(file: &File, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    out.flush()
}

/// A path that nobody had before: `wanted`, or `wanted` with the first number that is free.
pub(super) fn reserve(wanted: &Path) -> Result<PathBuf> {
    for path in numbered(wanted) {
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            // The directory was there when the run began.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && is_gone(parent(&path)) => {
                result_dir(parent(&path))?;
                return reserve(wanted);
            }
            Err(cause) => return Err(cannot("write", &path, &cause)),
        }
    }
    Err(Error::new(format!("cannot write `{}`: every name is taken", wanted.display())))
}

/// Creates the directory of results.
pub(super) fn result_dir(dir: &Path) -> Result<()> {
    if dir.as_os_str().is_empty() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|cause| {
        Error::new(format!("cannot create `--result-dir {}`: {cause}", dir.display()))
            .hint("name a directory that can be written")
    })
}

/// What is said of a file that cannot be written.
pub(super) fn cannot(action: &str, path: &Path, cause: &io::Error) -> Error {
    Error::new(format!("cannot {action} `{}`: {cause}", path.display()))
        .hint("name a file in a directory that exists and can be written")
}
