//! A record file as lines: the first, which says what the run was to be, the last, if the run came to its end, and the records
//! between them. A last line that a kill or a full disk cut short is left out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::begin::{Begin, VERSION};
use super::end::{End, LastLine};
use crate::error::{Error, Result};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;

/// How every version of the first line begins.
pub(super) const FIRST: &[u8] = b"{\"format\":\"llmbench records\",";

/// Bytes that the first line has at most; it names each conversation of a run.
const LONGEST_FIRST: u64 = 64 << 20;

/// How the last line of a run that came to its end begins.
const LAST: &[u8] = b"{\"end\":";

/// What to do about a file that makes no sense.
pub(super) const AS_WRITTEN: &str = "name a file as `--record` wrote it";

/// A line is not shorter: it has the keys of a record.
const SHORTEST: u64 = 128;

/// What must be known of a file before all else.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The records of an open file.
pub(super) struct Lines {
    input: BufReader<File>,
    path: PathBuf,
    /// Where they stand.
    place: Range<u64>,
}

impl Lines {
    /// Finds the records in a file, and reads what stands before and behind them.
    ///
    /// # Errors
    /// If it cannot be read, is of another format or a newer version, or its first or last line makes no sense.
    pub(super) fn of(file: File, path: &Path) -> Result<(Self, Begin<'static>, Option<End>)> {
        let wrong = |error: Error| error.context(format!("cannot read `{}`", path.display()));
        let mut input = BufReader::with_capacity(BUFFER, file);
        let (begin, start) = first_line(&mut input).map_err(wrong)?;
        let (end, behind) = last_line(&mut input, start).map_err(wrong)?;
        input.seek(SeekFrom::Start(start)).map_err(|cause| wrong(broken(cause)))?;
        Ok((Lines { input, path: path.to_owned(), place: start..behind }, begin, end))
    }

    /// How many records there can be at most.
    pub(super) fn most(&self) -> u64 {
        (self.place.end - self.place.start) / SHORTEST
    }

    /// Gives each whole line to `take`, with where it begins; gives the file back, wherever it stands then.
    ///
    /// # Errors
    /// If the file cannot be read, or for the first line that `take` refuses.
    pub(super) fn each(mut self, mut take: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<BufReader<File>> {
        let name = |error: Error| error.context(format!("cannot read `{}`", self.path.display()));
        let (mut text, mut at) = (Vec::new(), self.place.start);
        for number in 2_u64.. {
            text.clear();
            let mut rest = (&mut self.input).take(self.place.end - at);
            let length = rest.read_until(b'\n', &mut text).map_err(|cause| name(broken(cause)))?;
            if text.last() != Some(&b'\n') {
                break;
            }
            take(at, &text).map_err(|error| {
                let hint = error.advice().unwrap_or(AS_WRITTEN).to_owned();
                name(error.context(format!("line {number} is no record")).hint(hint))
            })?;
            at += length as u64;
        }
        Ok(self.input)
    }
}

/// What the first line says, and how long it is.
fn first_line(input: &mut BufReader<File>) -> Result<(Begin<'static>, u64)> {
    input.rewind().map_err(broken)?;
    let known = input.fill_buf().map_err(broken)?;
    if known.is_empty() {
        return Err(Error::new("the file is empty").hint(AS_WRITTEN));
    }
    if !known.starts_with(FIRST) {
        return Err(Error::new("not a file of llmbench records").hint(AS_WRITTEN));
    }
    let mut text = Vec::new();
    let length = input.by_ref().take(LONGEST_FIRST).read_until(b'\n', &mut text).map_err(broken)?;
    let of_line = |cause: serde_json::Error| senseless(&cause).context("line 1 makes no sense");
    let Version { version } = serde_json::from_slice(&text).map_err(of_line)?;
    if version > VERSION {
        let what = format!("it has version {version}, this program reads up to {VERSION}");
        return Err(Error::new(what).hint("use the program that wrote it, or a newer one"));
    }
    let begin: Begin<'_> = serde_json::from_slice(&text).map_err(of_line)?;
    if !begin.conversations.is_sorted_by(|one, next| one < next) {
        return Err(Error::new("line 1 makes no sense: its conversations are in no order"));
    }
    Ok((begin, length as u64))
}

/// What the last line says of the end of the run, and where the records end, which begin at `start`.
fn last_line(input: &mut BufReader<File>, start: u64) -> Result<(Option<End>, u64)> {
    let length = input.seek(SeekFrom::End(0)).map_err(broken)?;
    let Some((at, whole)) = last_start(input, start..length).map_err(broken)? else { return Ok((None, length)) };
    input.seek(SeekFrom::Start(at)).map_err(broken)?;
    let mut text = vec![0; LAST.len()];
    if input.read_exact(&mut text).is_err() || text != LAST {
        return Ok((None, length));
    }
    input.read_to_end(&mut text).map_err(broken)?;
    let wrong = match serde_json::from_slice::<LastLine>(&text) {
        Ok(LastLine { end }) => match end.possible() {
            Ok(()) => return Ok((Some(end), at)),
            Err(cause) => cause,
        },
        // A kill or a full disk cut it short.
        Err(cause) if !whole && cause.is_eof() => return Ok((None, at)),
        Err(cause) => senseless(&cause),
    };
    let number = 1 + line_breaks(input, at).map_err(broken)?;
    Err(wrong.context(format!("line {number}, the last, does not tell the end of a run")).hint(AS_WRITTEN))
}

/// How many lines end before `behind`.
fn line_breaks(input: &mut BufReader<File>, behind: u64) -> io::Result<u64> {
    input.rewind()?;
    let (mut rest, mut found) = (input.take(behind), 0);
    loop {
        let block = rest.fill_buf()?;
        if block.is_empty() {
            return Ok(found);
        }
        found += memchr::memchr_iter(b'\n', block).count() as u64;
        let length = block.len();
        rest.consume(length);
    }
}

/// Where the last line within `place` begins, if there is one, and whether it has its end.
fn last_start(input: &mut BufReader<File>, place: Range<u64>) -> io::Result<Option<(u64, bool)>> {
    let (mut end, mut block, mut whole) = (place.end, Vec::new(), false);
    while end > place.start {
        let from = end.saturating_sub(BUFFER as u64).max(place.start);
        block.resize((end - from) as usize, 0);
        input.seek(SeekFrom::Start(from))?;
        input.read_exact(&mut block)?;
        if end == place.end && block.last() == Some(&b'\n') {
            whole = true;
            block.pop();
        }
        if let Some(before) = memchr::memrchr(b'\n', &block) {
            return Ok(Some((from + before as u64 + 1, whole)));
        }
        end = from;
    }
    Ok((place.start < place.end).then_some((place.start, whole)))
}

fn broken(cause: io::Error) -> Error {
    Error::new(cause.to_string())
}

/// What is wrong with the JSON of a line.
pub(super) fn senseless(cause: &serde_json::Error) -> Error {
    let text = cause.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    // It repeats what the file says, which may hold ends of lines.
    let what = what.replace(char::is_control, " ");
    Error::new(format!("column {}: {what}", cause.column()))
}
