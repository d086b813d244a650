//! Result files: opened before the run, so that a path that cannot be written is known before anything is sent, and moved into
//! place after it, so that nobody ever reads half a result.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::beside::{Drafts, Kind};
use super::{Export, Mode, Output, Report, Save};
use crate::error::{Error, Result};
use crate::json::float;
use crate::record::Setup;
use crate::record::file::Reader;

/// The files that a run's result goes to, and those beside it.
#[derive(Debug)]
pub struct Files {
    results: Vec<Place>,
    beside: Drafts,
}

/// Where results are, and what is still to be written beside them.
#[derive(Debug)]
pub struct Saved {
    /// Each result's path.
    pub results: Vec<PathBuf>,
    beside: Drafts,
    /// Whether the first of the results has a name that was found for it, which others then stand beside.
    named: bool,
}

/// One file that a result goes to.
#[derive(Debug)]
enum Place {
    /// A new file under a passing name, which becomes `target` when it is complete.
    New { draft: Draft, dir: PathBuf, target: Target },
    /// A file that is written where it stands: one to append to, or a device.
    Open { file: File, path: PathBuf },
}

#[derive(Debug)]
enum Target {
    /// Asked for by name: replaces what is there.
    Named(PathBuf),
    /// Of a name that nobody asked for: next to what is there.
    Numbered(PathBuf),
    /// Named after the run, next to what is there.
    Generated,
}

/// A file that goes away unless it is moved into place.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a move there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

impl Output {
    /// Opens what the result and what stands beside it will be written to. Creates the result directory.
    ///
    /// # Errors
    /// If a directory cannot be created or a file not be written.
    pub fn open(&self, setup: &Setup) -> Result<Files> {
        let mut places = Vec::new();
        if let Some(save) = &self.save {
            places.push(open_save(save, setup)?);
        }
        if let Some(Export::File(path)) = &self.export {
            places.push(open_named(path.clone(), Mode::Replace)?);
        }
        Ok(Files { results: places, beside: self.beside.open(setup)? })
    }
}

impl Files {
    /// Writes the result to every file by `write`, and moves it into place. `setup` has the time at which the run ended.
    ///
    /// # Errors
    /// If one cannot be written; the others are written all the same.
    pub fn save(self, setup: &Setup, mut write: impl FnMut(&mut dyn Write) -> io::Result<()>) -> Result<Saved> {
        let named = self.results.first().is_some_and(|place| place.is_named_after_run());
        let saved: Vec<Result<PathBuf>> = self.results.into_iter().map(|place| place.save(setup, &mut write)).collect();
        Ok(Saved { results: saved.into_iter().collect::<Result<_>>()?, beside: self.beside, named })
    }

    /// Where the records of the run can be kept meanwhile: beside the first result, else with temporary files.
    pub fn records_path(&self) -> PathBuf {
        let name = format!("llmbench-{}.records.jsonl", std::process::id());
        match self.results.first() {
            Some(Place::New { dir, .. }) => dir.join(name),
            Some(Place::Open { path, .. }) if path.metadata().is_ok_and(|at| at.is_file()) => parent(path).join(name),
            _ => self.beside.place().map_or_else(std::env::temp_dir, Path::to_owned).join(name),
        }
    }
}

impl Saved {
    /// Writes what was asked for beside the result, each on its own: of one that fails the cause comes back, and the others
    /// are there.
    pub fn write_beside(self, report: &Report, details: Option<&mut Reader>) -> Vec<(Kind, Result<PathBuf>)> {
        let result = self.results.first().filter(|_| self.named);
        self.beside.write(report, details, result.map(PathBuf::as_path))
    }
}

impl Place {
    fn is_named_after_run(&self) -> bool {
        matches!(self, Place::New { target: Target::Generated | Target::Numbered(_), .. })
    }

    fn save(self, setup: &Setup, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<PathBuf> {
        match self {
            Place::New { draft, dir, target } => {
                let written = fill(&draft.file, write).and_then(|()| draft.file.sync_all());
                written.map_err(|cause| cannot("write", &draft.path, &cause))?;
                let path = match target {
                    Target::Named(path) => path,
                    Target::Numbered(path) => reserve(&path)?,
                    Target::Generated => reserve(&dir.join(result_name(setup)))?,
                };
                fs::rename(&draft.path, &path).map_err(|cause| cannot("write", &path, &cause))?;
                Ok(path)
            }
            Place::Open { mut file, path } => {
                let used = file.metadata().is_ok_and(|at| at.is_file() && at.len() > 0);
                let separated = if used { file.write_all(b"\n") } else { Ok(()) };
                separated.and_then(|()| fill(&file, write)).map_err(|cause| cannot("write", &path, &cause))?;
                Ok(path)
            }
        }
    }
}

pub(super) fn fill(file: &File, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    out.flush()
}

fn open_save(save: &Save, setup: &Setup) -> Result<Place> {
    let dir = save.dir.clone().unwrap_or_default();
    result_dir(&dir)?;
    match &save.name {
        Some(name) if save.mode == Mode::Number => {
            let path = dir.join(name);
            Ok(Place::New { draft: draft(&path)?, dir: parent(&path).to_owned(), target: Target::Numbered(path) })
        }
        Some(name) => open_named(dir.join(name), save.mode),
        None => {
            let draft = draft(&dir.join(result_name(setup)))?;
            // A label may name a folder, as it may in the reference.
            Ok(Place::New { draft, dir, target: Target::Generated })
        }
    }
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

fn open_named(path: PathBuf, mode: Mode) -> Result<Place> {
    // A link is followed: what it points to is replaced, not the link.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let there = fs::metadata(&path).ok();
    if there.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(Error::new(format!("cannot write `{}`: it is a directory", path.display())).hint("name a file"));
    }
    if mode == Mode::Append || there.is_some_and(|there| !there.is_file()) {
        let file =
            File::options().append(true).create(true).open(&path).map_err(|cause| cannot("write", &path, &cause))?;
        return Ok(Place::Open { file, path });
    }
    let dir = parent(&path).to_owned();
    Ok(Place::New { draft: draft(&path)?, dir, target: Target::Named(path) })
}

pub(super) fn draft(target: &Path) -> Result<Draft> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let path = target.with_file_name(name);
    let file = File::create(&path).map_err(|cause| cannot("write", target, &cause))?;
    Ok(Draft { file, path })
}

/// A path that nobody had before: `wanted`, or `wanted` with the first number that is free.
fn reserve(wanted: &Path) -> Result<PathBuf> {
    for number in 1_u32.. {
        let path = if number == 1 { wanted.to_owned() } else { with_suffix(wanted, &number.to_string()) };
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cannot("write", &path, &cause)),
        }
    }
    Err(Error::new(format!("cannot write `{}`: every name is taken", wanted.display())))
}

/// `path` with `-suffix` before its `.json` or `.jsonl`, or at its end where it has none.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = [".json", ".jsonl"].into_iter().find_map(|end| Some((name.strip_suffix(end)?, end)));
    let (stem, end) = ends.unwrap_or((&name, ""));
    path.with_file_name(format!("{stem}-{suffix}{end}"))
}

/// The name of the summary of several runs: label or backend, model and time.
pub(super) fn summary_name(setup: &Setup) -> String {
    let model = setup.model_id.rsplit('/').next().unwrap_or_default();
    format!("{}-summary-{model}-{}.json", label(setup), setup.ended.strftime("%Y%m%d-%H%M%S"))
}

fn label(setup: &Setup) -> &str {
    setup.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&setup.backend)
}

/// The name of a result: label or backend, rate, concurrency, model and end of the run.
pub fn result_name(setup: &Setup) -> String {
    let label = label(setup);
    let rate = match &setup.ramp {
        Some(ramp) => format!("ramp-up-{}-{}qps-{}qps", ramp.strategy.name(), ramp.start, ramp.end),
        None if setup.request_rate.is_infinite() => "infqps".to_owned(),
        None => format!("{}qps", float(setup.request_rate)),
    };
    let concurrency = setup.max_concurrency.map_or(String::new(), |limit| format!("-concurrency{limit}"));
    let model = setup.model_id.rsplit('/').next().unwrap_or_default();
    format!("{label}-{rate}{concurrency}-{model}-{}.json", setup.ended.strftime("%Y%m%d-%H%M%S"))
}

pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

pub(super) fn cannot(action: &str, path: &Path, cause: &io::Error) -> Error {
    Error::new(format!("cannot {action} `{}`: {cause}", path.display()))
        .hint("name a file in a directory that exists and can be written")
}

#[cfg(test)]
#[path = "files_test.rs"]
mod tests;
