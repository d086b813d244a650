//! The rows of a dataset's table: text with a header and a line a row (CSV), between commas, semicolons or tabs. Bytes come in;
//! what goes out is a reader, or rows whose fields have the names of the header.

use csv::Reader;
use serde_json::{Map, Value};

use super::rows::{Place, Row};
use crate::error::{Error, Result};

/// Reads a table, whichever mark is most frequent in its header.
pub(super) fn reader(bytes: &[u8]) -> Reader<&[u8]> {
    let header = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |mark: &u8| header.iter().filter(|byte| *byte == mark).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(bytes)
}

/// The rows of a table: numbers as such, other text as text, and nothing where a place is empty. `form` tells how a row looks
/// that is right.
///
/// # Errors
///
/// Where the header is not to be read.
pub(super) fn rows<'a>(bytes: &'a [u8], form: &'static str) -> Result<impl Iterator<Item = Result<Row>> + use<'a>> {
    let mut reader = reader(bytes);
    let header = reader.headers().map_err(|cause| wrong(&cause, form))?.clone();
    let row = move |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|cause| wrong(&cause, form))?;
        let place = Place::Line(record.position().map_or(1, csv::Position::line) as usize);
        let fields = header.iter().zip(record.iter());
        let fields: Map<String, Value> =
            fields.map(|(name, text)| (name.trim().to_owned(), value(text.trim()))).collect();
        Ok(Row::new(place, fields, form))
    };
    Ok(reader.into_records().map(row))
}

fn value(text: &str) -> Value {
    match text.parse::<serde_json::Number>() {
        Ok(number) => Value::Number(number),
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text.to_owned()),
    }
}

/// The error of a table that does not read as such, with its line.
pub(super) fn wrong(cause: &csv::Error, form: &str) -> Error {
    let line = cause.position().map_or(1, csv::Position::line);
    let what = match cause.kind() {
        csv::ErrorKind::Utf8 { err, .. } => err.to_string(),
        _ => cause.to_string(),
    };
    Error::new(format!("line {line}: {what}")).hint(form)
}
