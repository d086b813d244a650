//! Records as JSON lines: written as requests finish, so that a killed run loses nothing that was measured, and read back by
//! id. A header line names the format and its version; times are whole nanoseconds since the run began.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Finished, Outcome, Record, ServerTimes, Tick};
use crate::error::{Error, Result};

/// What the header calls the format.
const FORMAT: &str = "llmbench records";

/// The version that is written; those up to it are read.
const VERSION: u32 = 1;

/// Bytes that are read ahead.
const BUFFER: usize = 1 << 18;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
}

/// One line: a [`Finished`], flat.
#[derive(Serialize, Deserialize)]
struct Line {
    id: u32,
    input_tokens: u32,
    output_tokens: u32,
    counted_by_server: bool,
    outcome: String,
    detail: String,
    due: u64,
    connected: u64,
    sent: u64,
    first: u64,
    last: u64,
    end: u64,
    chunks: Vec<u64>,
    tokens: Vec<u32>,
    text: String,
    #[serde(default = "one_input")]
    inputs: u32,
    #[serde(default)]
    audio_seconds: f64,
    server_queue: Option<f64>,
    server_ttft: Option<f64>,
    #[serde(default)]
    workload: u64,
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

/// Appends records to a file.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    line: Vec<u8>,
}

impl Writer {
    /// Creates the file at `path`, over one that is there, and writes the header.
    ///
    /// # Errors
    /// If the file cannot be created or written.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
        let file = file.map_err(|cause| at(path, "create", &cause))?;
        let mut writer = Writer { file, path: path.to_owned(), line: Vec::new() };
        writer.put(&Header { format: FORMAT.to_owned(), version: VERSION })?;
        Ok(writer)
    }

    /// Appends one record: a single write, so that it is in the file when this returns, whatever happens to the process.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, finished: &Finished) -> Result<()> {
        self.put(&line(finished))
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
        serde_json::to_writer(&mut self.line, value).expect("a record has no map and no failing part");
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
    /// Offset and length of a line, by id; length 0 for an id that is not there.
    lines: Vec<(u64, u32)>,
}

impl Reader {
    /// Opens the file at `path` and finds its records. A last line that a kill cut short is left out.
    ///
    /// # Errors
    /// If it cannot be read, is of another format or a newer version, or has a line that is no record.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|cause| at(path, "read", &cause))?;
        Reader::index(file, path.to_owned())
    }

    /// The ids that are there, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u32> + use<'_> {
        self.lines.iter().zip(0..).filter(|((_, length), _)| *length > 0).map(|(_, id)| id)
    }

    /// The record of request `id`, if it is there.
    ///
    /// # Errors
    /// If the file cannot be read or the line is no record.
    pub fn record(&mut self, id: u32) -> Result<Option<Finished>> {
        let Some(&(offset, length)) = self.lines.get(id as usize).filter(|(_, length)| *length > 0) else {
            return Ok(None);
        };
        let text = self.text(offset, length as usize).map_err(|cause| at(&self.path, "read", &cause))?;
        let line: Line = serde_json::from_slice(&text).map_err(|cause| self.bad(id, &cause))?;
        let outcome = outcome(&line.outcome).ok_or_else(|| self.bad(id, &format!("outcome `{}`", line.outcome)))?;
        Ok(Some(finished(line, outcome)))
    }

    /// Requests end nearly in order, so the next line asked for is mostly in the buffer already.
    fn text(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.input.seek_relative(offset as i64 - self.position as i64)?;
        self.position = offset;
        let mut text = vec![0; length];
        self.input.read_exact(&mut text)?;
        self.position += length as u64;
        Ok(text)
    }

    fn index(mut file: File, path: PathBuf) -> Result<Self> {
        file.rewind().map_err(|cause| at(&path, "read", &cause))?;
        let mut input = BufReader::with_capacity(BUFFER, file);
        let mut text = Vec::new();
        let (mut offset, mut position, mut number, mut lines) = (0_u64, 0_u64, 0_u64, Vec::new());
        loop {
            text.clear();
            let length = input.read_until(b'\n', &mut text).map_err(|cause| at(&path, "read", &cause))?;
            position += length as u64;
            if length == 0 || (number > 0 && text.last() != Some(&b'\n')) {
                break;
            }
            number += 1;
            if number == 1 {
                check_header(&text).map_err(|error| error.context(format!("cannot read `{}`", path.display())))?;
            } else {
                let key: Key = serde_json::from_slice(&text).map_err(|cause| {
                    Error::new(format!("cannot read `{}`: line {number} is no record: {cause}", path.display()))
                })?;
                place(&mut lines, key.id, (offset, length as u32));
            }
            offset += length as u64;
        }
        if number == 0 {
            return Err(Error::new(format!("cannot read `{}`: the file is empty", path.display())));
        }
        Ok(Reader { input, position, path, lines })
    }

    fn bad(&self, id: u32, cause: &dyn std::fmt::Display) -> Error {
        Error::new(format!("cannot read `{}`: record {id}: {cause}", self.path.display()))
    }
}

fn place(lines: &mut Vec<(u64, u32)>, id: u32, line: (u64, u32)) {
    let index = id as usize;
    if index >= lines.len() {
        lines.resize(index + 1, (0, 0));
    }
    lines[index] = line;
}

fn check_header(text: &[u8]) -> Result<()> {
    let header = serde_json::from_slice::<Header>(text).ok().filter(|header| header.format == FORMAT);
    let header = header.ok_or_else(|| Error::new("not a file of llmbench records"))?;
    if header.version > VERSION {
        let what = format!("it has version {}, this program reads up to {VERSION}", header.version);
        return Err(Error::new(what).hint("use the program that wrote it, or a newer one"));
    }
    Ok(())
}

fn at(path: &Path, action: &str, cause: &io::Error) -> Error {
    Error::new(format!("cannot {action} `{}`: {cause}", path.display()))
}

fn line(finished: &Finished) -> Line {
    let record = &finished.record;
    Line {
        id: record.id,
        input_tokens: record.input_tokens,
        output_tokens: record.output_tokens,
        counted_by_server: finished.counted_by_server,
        outcome: match record.outcome {
            Outcome::Done => "done".to_owned(),
            Outcome::Failed(failure) => failure.to_string(),
        },
        detail: finished.detail.clone(),
        due: record.due.nanos(),
        connected: finished.connected.nanos(),
        sent: record.sent.nanos(),
        first: record.first.nanos(),
        last: record.last.nanos(),
        end: record.end.nanos(),
        chunks: finished.chunks.iter().map(|chunk| chunk.nanos()).collect(),
        tokens: finished.tokens.clone(),
        text: finished.text.clone(),
        inputs: record.inputs,
        audio_seconds: finished.audio_seconds,
        server_queue: finished.server.queue,
        server_ttft: finished.server.ttft,
        workload: finished.workload,
    }
}

fn finished(line: Line, outcome: Outcome) -> Finished {
    let record = Record {
        id: line.id,
        input_tokens: line.input_tokens,
        output_tokens: line.output_tokens,
        chunks: line.chunks.len() as u32,
        inputs: line.inputs,
        due: Tick::from_nanos(line.due),
        sent: Tick::from_nanos(line.sent),
        first: Tick::from_nanos(line.first),
        last: Tick::from_nanos(line.last),
        end: Tick::from_nanos(line.end),
        outcome,
    };
    Finished {
        record,
        connected: Tick::from_nanos(line.connected),
        chunks: line.chunks.into_iter().map(Tick::from_nanos).collect(),
        tokens: line.tokens,
        text: line.text,
        counted_by_server: line.counted_by_server,
        detail: line.detail,
        audio_seconds: line.audio_seconds,
        server: ServerTimes { queue: line.server_queue, ttft: line.server_ttft },
        workload: line.workload,
    }
}

fn outcome(name: &str) -> Option<Outcome> {
    if name == "done" {
        return Some(Outcome::Done);
    }
    name.parse().ok().map(Outcome::Failed)
}

#[cfg(test)]
#[path = "file_test.rs"]
mod tests;
