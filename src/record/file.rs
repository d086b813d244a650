//! Records as JSON lines: written as requests finish, so that a killed run loses nothing that was measured, and read back by
//! id. The first line names the format and its version and tells what the run is to be; the last tells how it ended, and is
//! missing where it did not. Times are whole nanoseconds since the run began.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::begin::{Begin, FirstLine};
use super::end::{End, LastLine};
use super::input::{at, open};
use super::lines::{AS_WRITTEN, FIRST, Lines, senseless};
use super::own_file::{Readers, own_file};
use super::{Finished, Outcome, Record, Run, Said, ServerTimes, Setup, Tick, as_text};
use crate::error::{Error, Result};

/// The line of a request: a [`Finished`], flat. What it takes its text for says whether that is wanted.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "Text: Deserialize<'de>"))]
struct Line<'a, Text> {
    id: u32,
    input_tokens: u32,
    output_tokens: u32,
    counted_by_server: bool,
    #[serde(with = "as_text")]
    outcome: Outcome,
    #[serde(borrow)]
    detail: Cow<'a, str>,
    due: Tick,
    connected: Tick,
    sent: Tick,
    first: Tick,
    last: Tick,
    end: Tick,
    chunks: Cow<'a, [Tick]>,
    tokens: Cow<'a, [u32]>,
    text: Text,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    request: Cow<'a, str>,
    #[serde(default = "one_input")]
    inputs: u32,
    #[serde(default)]
    audio_seconds: f64,
    server_queue: Option<f64>,
    server_ttft: Option<f64>,
    #[serde(default)]
    workload: u64,
    #[serde(default, skip_serializing_if = "Said::is_nothing")]
    said: Said,
}

/// What a line without the field means.
fn one_input() -> u32 {
    1
}

/// All that the index needs of a line.
#[derive(Deserialize)]
struct Key {
    id: u32,
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no record is written.
    Kept,
    /// It is written over.
    Replaced,
}

/// Writes the records of one run to a file: [`Writer::begin`] once, then a line a request, then [`Writer::end`].
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    line: Vec<u8>,
    /// How many records were written.
    records: u64,
    /// The answers that the server did not count.
    uncounted: Vec<u32>,
}

impl Writer {
    /// Creates a file of its own at about `path`, for the owner's eyes; where it stands is to be asked for.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn passing(path: &Path) -> Result<Self> {
        let (file, path) = own_file(path, Readers::Owner).map_err(|cause| at(path, "create", &cause))?;
        Ok(Writer { file, path, line: Vec::new(), records: 0, uncounted: Vec::new() })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the file at `path`.
    ///
    /// # Errors
    /// If it is there already and is to be kept, or cannot be created.
    pub fn create(path: &Path, existing: Existing) -> Result<Self> {
        let mut options = File::options();
        options.read(true).write(true);
        match existing {
            Existing::Kept => options.create_new(true),
            // What is there is gone only when a run begins.
            Existing::Replaced => options.create(true).truncate(false),
        };
        let file = options.open(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => is_there(path),
            _ => at(path, "create", &cause),
        })?;
        Ok(Writer { file, path: path.to_owned(), line: Vec::new(), records: 0, uncounted: Vec::new() })
    }

    /// Writes the first line: a run of `planned` requests begins. Of each conversation, if there are any, the id of its first
    /// turn is given.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn begin(&mut self, setup: &Setup, planned: u64, conversations: &[u32]) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|cause| at(&self.path, "write", &cause))?;
        let (setup, conversations) = (Cow::Borrowed(setup), conversations.into());
        self.put(&FirstLine::of(Begin { planned, setup, conversations }))
    }

    /// Appends one record: a single write, so that it is in the file when this returns, whatever happens to the process.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, finished: &Finished) -> Result<()> {
        if finished.record.outcome == Outcome::Done && !finished.counted_by_server {
            self.uncounted.push(finished.record.id);
        }
        self.records += 1;
        self.put(&line(finished))
    }

    /// Writes the last line: `run` is what the records and all else came to.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn end(&mut self, run: &Run) -> Result<()> {
        let end = End::of(run, self.records, &self.uncounted);
        self.put(&LastLine { end })
    }

    /// Goes over to reading what was written.
    ///
    /// # Errors
    /// If the file cannot be read back.
    pub fn into_reader(self) -> Result<Reader> {
        Reader::index(self.file, self.path)
    }

    fn put(&mut self, value: &impl Serialize) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).expect("all keys are texts or numbers, and nothing else can fail");
        self.line.push(b'\n');
        self.file.write_all(&self.line).map_err(|cause| at(&self.path, "write", &cause))
    }
}

/// Reads records by id. Holds where each one is, not what it says.
#[derive(Debug)]
pub struct Reader {
    input: BufReader<File>,
    /// Where `input` stands.
    position: u64,
    path: PathBuf,
    /// Where each record is, in order of their ids.
    places: Vec<Place>,
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
struct Place {
    id: u32,
    length: u32,
    offset: u64,
}

impl Reader {
    /// Opens the file at `path` and finds its records. A last line that a kill cut short is left out.
    ///
    /// # Errors
    /// If it cannot be read, is of another format or a newer version, or has a line that is no record or a second one of a
    /// request.
    pub fn open(path: &Path) -> Result<Self> {
        Reader::index(open(path)?, path.to_owned())
    }

    /// The ids that are there, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u32> + use<'_> {
        self.places.iter().map(|place| place.id)
    }

    /// The record of request `id`, if it is there.
    ///
    /// # Errors
    /// If the file cannot be read or the line is no record.
    pub fn record(&mut self, id: u32) -> Result<Option<Finished>> {
        let Ok(found) = self.places.binary_search_by_key(&id, |place| place.id) else { return Ok(None) };
        let text = self.text(self.places[found]).map_err(|cause| at(&self.path, "read", &cause))?;
        let of_record =
            |cause| senseless(&cause).context(format!("cannot read `{}`: record {id}", self.path.display()));
        let line: Line<'_, String> = serde_json::from_slice(&text).map_err(of_record)?;
        Ok(Some(line.finished(|text| text)))
    }

    /// Requests end nearly in order, so the next line asked for is mostly in the buffer already.
    fn text(&mut self, place: Place) -> io::Result<Vec<u8>> {
        self.input.seek_relative(place.offset as i64 - self.position as i64)?;
        self.position = place.offset;
        let mut text = vec![0; place.length as usize];
        self.input.read_exact(&mut text)?;
        self.position += text.len() as u64;
        Ok(text)
    }

    fn index(file: File, path: PathBuf) -> Result<Self> {
        let (lines, ..) = Lines::of(file, &path)?;
        let (mut places, mut seen) = (Vec::new(), HashSet::new());
        let mut input = lines.each(|offset, text| {
            let Key { id } = serde_json::from_slice(text).map_err(|cause| senseless(&cause))?;
            if !seen.insert(id) {
                return Err(twice(id));
            }
            places.push(Place { id, length: text.len() as u32, offset });
            Ok(())
        })?;
        places.sort_by_key(|place| place.id);
        let position = input.stream_position().map_err(|cause| at(&path, "read", &cause))?;
        Ok(Reader { input, position, path, places })
    }
}

/// What is said of a file that is there already and is to stay.
pub fn is_there(path: &Path) -> Error {
    Error::new(format!("`{}` is there already", path.display()))
        .hint("give `--overwrite` to write over it, or another name")
}

/// Whether a file begins as one of records does, as far as it goes.
pub(super) fn begins_as_records(path: &Path) -> Result<bool> {
    let mut begin = Vec::new();
    let read = open(path)?.take(FIRST.len() as u64).read_to_end(&mut begin);
    read.map_err(|cause| at(path, "read", &cause))?;
    Ok(FIRST.starts_with(&begin))
}

/// The request of a line, without the answer's text, which is passed over.
pub(super) fn without_text(text: &[u8]) -> Result<Finished> {
    let line: Line<'_, IgnoredAny> = serde_json::from_slice(text).map_err(|cause| senseless(&cause))?;
    Ok(line.finished(|_| String::new()))
}

/// What is said of a second record of a request.
pub(super) fn twice(id: u32) -> Error {
    Error::new(format!("request {id} is on a line before it too")).hint(AS_WRITTEN)
}

/// The line of a request.
fn line(finished: &Finished) -> Line<'_, &str> {
    let record = &finished.record;
    Line {
        id: record.id,
        input_tokens: record.input_tokens,
        output_tokens: record.output_tokens,
        counted_by_server: finished.counted_by_server,
        outcome: record.outcome,
        detail: finished.detail.as_str().into(),
        due: record.due,
        connected: finished.connected,
        sent: record.sent,
        first: record.first,
        last: record.last,
        end: record.end,
        chunks: finished.chunks.as_slice().into(),
        tokens: finished.tokens.as_slice().into(),
        text: &finished.text,
        request: finished.request.as_str().into(),
        inputs: record.inputs,
        audio_seconds: finished.audio_seconds,
        server_queue: finished.server.queue,
        server_ttft: finished.server.ttft,
        workload: finished.workload,
        said: finished.said.clone(),
    }
}

impl<Text> Line<'_, Text> {
    /// The request that it tells of; `text` makes the answer's.
    fn finished(self, text: impl FnOnce(Text) -> String) -> Finished {
        let record = Record {
            id: self.id,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            chunks: self.chunks.len() as u32,
            inputs: self.inputs,
            due: self.due,
            sent: self.sent,
            first: self.first,
            last: self.last,
            end: self.end,
            outcome: self.outcome,
        };
        Finished {
            record,
            connected: self.connected,
            chunks: self.chunks.into_owned(),
            tokens: self.tokens.into_owned(),
            text: text(self.text),
            request: self.request.into_owned(),
            counted_by_server: self.counted_by_server,
            detail: self.detail.into_owned(),
            audio_seconds: self.audio_seconds,
            server: ServerTimes { queue: self.server_queue, ttft: self.server_ttft },
            workload: self.workload,
            said: self.said,
        }
    }
}

#[cfg(test)]
#[path = "file_test.rs"]
mod tests;
