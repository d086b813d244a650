//! The records of a run while it goes on: kept where the user wants them, else in a passing file where something is made of the
//! details of requests.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::legible::word;
use crate::record::file::{Reader, Writer};
use crate::record::{Finished, Run, Setup};
use crate::report::{Files, Keep, Output};
use crate::ui::Ui;

/// A file of records that is being written.
pub(super) struct Details {
    path: PathBuf,
    /// Whether the file stays once all that was asked for is made of it.
    kept: bool,
    writer: Writer,
    /// Why it has stopped taking records.
    broken: Option<Error>,
    /// Takes a new file away again where no run begins.
    unbegun: Unbegun,
}

/// A file that goes away with this value, if there is one.
struct Unbegun(Option<PathBuf>);

impl Drop for Unbegun {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

impl Details {
    /// Opens the file that is to be kept, or else one beside the results where they need the details of requests.
    ///
    /// # Errors
    /// If it cannot be written, or is there already and is to stay.
    pub(super) fn open(output: &Output, files: &Files) -> Result<Option<Self>> {
        let (writer, new) = match &output.record {
            Some(Keep { path, existing, .. }) => {
                let new = !path.exists();
                (Writer::create(path, *existing)?, new)
            }
            None if output.needs_details() => (Writer::passing(&files.records_path())?, true),
            None => return Ok(None),
        };
        let path = writer.path().to_owned();
        let unbegun = Unbegun(new.then(|| path.clone()));
        Ok(Some(Details { path, kept: output.record.is_some(), writer, broken: None, unbegun }))
    }

    /// What the file is good for, in a sentence.
    pub(super) fn said(&self) -> String {
        let file = word(&self.path);
        format!(
            "every request is recorded as it ends: should the run be killed, `llmbench report {file}` reports what it has done"
        )
    }

    /// Begins the file.
    pub(super) fn begin(&mut self, setup: &Setup, planned: u64, conversations: &[u32]) {
        self.unbegun.0 = None;
        self.broken = self.writer.begin(setup, planned, conversations).err();
    }

    /// Takes in a request that has ended.
    pub(super) fn append(&mut self, finished: &Finished) {
        if self.broken.is_none() {
            self.broken = self.writer.append(finished).err();
        }
    }

    /// Completes the file, so that it is read as a run that came to its end.
    ///
    /// # Errors
    /// If it was to be kept and could not be written.
    pub(super) fn end(&mut self, run: &Run) -> Result<()> {
        if self.broken.is_none() {
            self.broken = self.writer.end(run).err();
        }
        match &self.broken {
            Some(cause) if self.kept => Err(Error::new(format!("the records of the run are incomplete: {cause}"))
                .hint("give `--record` a file on a disk with room for it")),
            _ => Ok(()),
        }
    }

    /// Goes over to reading, where that is `wanted`. A file with a hole is not read.
    pub(super) fn read(self, wanted: bool) -> Ended {
        let (reader, hole) = match self.broken {
            None if !wanted => (None, None),
            None => self.writer.into_reader().map_or_else(|cause| (None, Some(cause)), |reader| (Some(reader), None)),
            Some(cause) => (None, Some(cause)),
        };
        Ended { path: self.path, kept: self.kept, reader, hole }
    }
}

/// A file of records that is complete, or as complete as it will be.
pub(super) struct Ended {
    path: PathBuf,
    kept: bool,
    /// Gives the details back, where they are wanted and whole.
    pub(super) reader: Option<Reader>,
    /// Why they are not whole.
    hole: Option<Error>,
}

impl Ended {
    /// Takes a passing file away, unless it is all that there is of the requests and `there_is_room` for it; says what the result
    /// lacks.
    ///
    /// # Errors
    /// If it cannot be taken away.
    pub(super) fn clear(self, there_is_room: bool, ui: &Ui) -> Result<()> {
        let Ended { path, kept, hole, .. } = self;
        let stays = kept || hole.is_some() && there_is_room;
        if let Some(cause) = hole {
            let rest = match stays {
                true => format!("; `llmbench report {}` reads what there is of them", word(&path)),
                false => String::new(),
            };
            ui.warn(&format!("the result lacks the details of requests: {cause}{rest}"));
        }
        if stays {
            return Ok(());
        }
        let removed = fs::remove_file(&path).or_else(|cause| if path.exists() { Err(cause) } else { Ok(()) });
        removed.map_err(|cause| Error::new(format!("cannot remove the passing file `{}`: {cause}", path.display())))
    }
}
