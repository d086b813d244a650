//! A table in a JSON file: an object a line, an array of objects, or an object that has such an array in it. A file comes in,
//! rows by their position go out, and of them only the columns that are wanted.
//!
//! Of lines only where they begin is kept; an array stays in memory as it is in the file.

use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::cell::{Cell, Row};
use crate::dataset::rows::{self, BYTE_ORDER_MARK};
use crate::error::{Error, Result};

/// What right content looks like.
const FORM: &str = "write an object a line, or one array of objects";

/// The fields that hold the rows where a file is one object.
const HOLDERS: [&str; 4] = ["rows", "data", "examples", "instances"];

/// An open file.
pub(super) enum JsonFile {
    /// An object a line: where each begins, how long it is and its number from 1.
    Lines { file: File, lines: Vec<(u64, usize, usize)> },
    /// An array: its text, and where in it each object is.
    Array { text: Vec<u8>, spans: Vec<Range<usize>> },
}

impl JsonFile {
    /// Finds the rows of a file, whatever its form.
    ///
    /// # Errors
    /// Where it cannot be read, or has none of these forms.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let broken = |cause: std::io::Error| Error::new(cause.to_string());
        let mut reader = BufReader::new(File::open(path).map_err(broken)?);
        if reader.fill_buf().map_err(broken)?.starts_with(BYTE_ORDER_MARK) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        let mut first = Vec::new();
        while first.trim_ascii().is_empty() {
            first.clear();
            if reader.read_until(b'\n', &mut first).map_err(broken)? == 0 {
                return Ok(JsonFile::Array { text: Vec::new(), spans: Vec::new() });
            }
        }
        let named_so = path.extension().is_some_and(|extension| extension != "json");
        // A lone object may hold all rows.
        let one_object_a_line = first.trim_ascii_start().starts_with(b"{")
            && (named_so || serde_json::from_slice::<IgnoredAny>(&first).is_ok() && rows_within(&first).is_none());
        if one_object_a_line {
            let file = File::open(path).map_err(broken)?;
            return Ok(JsonFile::Lines { lines: lines(&file).map_err(broken)?, file });
        }
        JsonFile::of_value(rows::unmarked(fs::read(path).map_err(broken)?)?)
    }

    fn of_value(text: Vec<u8>) -> Result<Self> {
        let array = match text.trim_ascii_start().starts_with(b"[") {
            true => text.as_slice(),
            false => rows_within(&text)
                .ok_or_else(|| {
                    match serde_json::from_slice::<IgnoredAny>(&text) {
                        Ok(_) => Error::new("no array of rows in it"),
                        Err(cause) => misread(&cause),
                    }
                    .hint(FORM)
                })?
                .as_bytes(),
        };
        let rows: Vec<&RawValue> = serde_json::from_slice(array).map_err(|cause| misread(&cause).hint(FORM))?;
        let spans = rows.iter().map(|row| span(&text, unwrapped(row))).collect();
        Ok(JsonFile::Array { spans, text })
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        match self {
            JsonFile::Lines { lines, .. } => lines.len() as u64,
            JsonFile::Array { spans, .. } => spans.len() as u64,
        }
    }

    /// The names of the columns of the first row.
    ///
    /// # Errors
    /// Where it is no object.
    pub(super) fn columns(&mut self, name: &str) -> Result<Vec<String>> {
        let rows = if self.count() == 0 { Vec::new() } else { self.read(name, &[0], None)? };
        Ok(rows.into_iter().flat_map(|row| row.cells).map(|(column, _)| column).collect())
    }

    /// The rows at `positions`, with the cells of `columns` (of all, for none) as far as there are such.
    ///
    /// # Errors
    /// Where a row is no object, with its place.
    pub(super) fn read(&mut self, name: &str, positions: &[u64], columns: Option<&[&str]>) -> Result<Vec<Row>> {
        let mut line = Vec::new();
        let row = |position: &u64| {
            let position = *position as usize;
            let (place, text) = match self {
                JsonFile::Lines { file, lines } => {
                    let (start, length, number) = lines[position];
                    line.resize(length, 0);
                    let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut line));
                    read.map_err(|cause| Error::new(format!("`{name}`: line {number}: {cause}")))?;
                    (format!("`{name}`: line {number}"), line.as_slice())
                }
                JsonFile::Array { text, spans } => {
                    (format!("`{name}`: entry {position}"), &text[spans[position].clone()])
                }
            };
            let mut parser = serde_json::Deserializer::from_slice(text);
            match Columns(columns).deserialize(&mut parser).and_then(|cells| parser.end().map(|()| cells)) {
                Ok(cells) => Ok(Row { place, cells }),
                Err(cause) => {
                    let column = cause.column();
                    Err(Error::new(format!("{place}: column {column}: {}", reason(&cause))).hint(FORM))
                }
            }
        };
        positions.iter().map(row).collect()
    }
}

/// Where each line begins that is not blank, how long it is and its number.
fn lines(file: &File) -> std::io::Result<Vec<(u64, usize, usize)>> {
    let (mut reader, mut line, mut lines) = (BufReader::new(file), Vec::new(), Vec::new());
    let (mut start, mut number) = (0, 0);
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
        start = BYTE_ORDER_MARK.len() as u64;
    }
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(lines);
        }
        number += 1;
        if !line.trim_ascii().is_empty() {
            lines.push((start, length, number));
        }
        start += length as u64;
    }
}

/// The array of rows inside an object.
fn rows_within(text: &[u8]) -> Option<&str> {
    let fields: Vec<(String, &RawValue)> = Pairs::of(text)?;
    let rows = |name: &&str| fields.iter().find(|(key, value)| key == name && value.get().starts_with('['));
    HOLDERS.iter().find_map(rows).map(|(_, value)| value.get())
}

/// The fields of an object, unread.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Pairs<'a> {
    fn of(text: &'a [u8]) -> Option<Vec<(String, &'a RawValue)>> {
        serde_json::from_slice::<Pairs<'a>>(text).ok().map(|pairs| pairs.0)
    }
}

impl<'a> serde::Deserialize<'a> for Pairs<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'a> Visitor<'a> for Fields {
            type Value = Pairs<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Pairs<'a>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Pairs(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A row as the hub's own API writes it has its cells one level down, in `row`.
fn unwrapped(row: &RawValue) -> &str {
    let fields = if row.get().starts_with("{\"row_idx\"") { Pairs::of(row.get().as_bytes()) } else { None };
    let inner =
        fields.and_then(|fields| fields.into_iter().find(|(key, _)| key == "row").map(|(_, value)| value.get()));
    inner.unwrap_or_else(|| row.get())
}

/// Where `part`, which lies in `text`, is there.
fn span(text: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

/// Reads the cells of some columns, or of all, and passes over the others.
struct Columns<'a>(Option<&'a [&'a str]>);

impl<'de> DeserializeSeed<'de> for Columns<'_> {
    type Value = Vec<(String, Cell)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Columns<'_> {
    type Value = Vec<(String, Cell)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut cells = Vec::new();
        while let Some(column) = map.next_key::<String>()? {
            if self.0.is_none_or(|columns| columns.contains(&&*column)) {
                cells.push((column, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(cells)
    }
}

fn misread(cause: &serde_json::Error) -> Error {
    Error::new(format!("line {}, column {}: {}", cause.line(), cause.column(), reason(cause)))
}

/// What is wrong, without the place.
fn reason(cause: &serde_json::Error) -> String {
    cause.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "json_test.rs"]
mod tests;
