//! The rows of a dataset's file: JSON lines, or one JSON array of objects. Bytes come in, one [`Row`] after the other goes
//! out; whatever is wrong is told with its line or entry and its field, and with a row that would be right.
//!
//! Which file it is, the caller adds; nothing is opened here.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Which some programs write at the start of a file in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The most tokens that a row may ask of a prompt: ten times what any model takes, while it can still be made.
pub(super) const LONGEST_PROMPT: u32 = 100_000_000;

/// One object of a file, and where it stands there.
#[derive(Debug)]
pub(super) struct Row {
    place: Place,
    fields: Map<String, Value>,
    form: &'static str,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A line, from 1.
    Line(usize),
    /// A position in the array, from 0.
    Entry(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "line {line}"),
            Place::Entry(index) => write!(f, "entry {index}"),
        }
    }
}

/// A value as a message shows it: in backticks, and no more than its beginning.
pub(super) fn beginning(value: &str) -> String {
    const SHOWN: usize = 40;
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}...`", &value[..end]),
        None => format!("`{value}`"),
    }
}

impl Row {
    /// One of these fields; `form` tells how it looks where it is right.
    pub(super) fn new(place: Place, fields: Map<String, Value>, form: &'static str) -> Self {
        Row { place, fields, form }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// All that it holds.
    pub(super) fn into_fields(self) -> Map<String, Value> {
        self.fields
    }

    /// The value at `field`; null counts as absent.
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// Moves the value at `field` out; null counts as absent.
    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.get_mut(field).map(Value::take).filter(|value| !value.is_null())
    }

    /// Moves the string at `field` out.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub(super) fn text(&mut self, field: &str) -> Result<String> {
        match self.fields.get_mut(field) {
            Some(Value::String(text)) => Ok(std::mem::take(text)),
            _ => Err(self.without("string", field)),
        }
    }

    /// The name of the field that `wanted` means: that field, else one of the same name but for case, blanks and underscores.
    pub(super) fn field(&self, wanted: &str) -> Option<&str> {
        let (name, _) = self.fields.get_key_value(wanted).or_else(|| {
            let wanted = plain(wanted);
            self.fields.iter().find(|(name, _)| plain(name) == wanted)
        })?;
        Some(name)
    }

    /// The number of tokens at `field`: an integer, a float (its fraction is cut off) or a string of digits.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is negative.
    pub(super) fn tokens(&self, field: &str) -> Result<u32> {
        let count = self.get(field).and_then(count);
        count.ok_or_else(|| self.without("number of tokens", field))
    }

    /// The number of tokens at `field`, of which a prompt can be made.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is more than any model takes.
    pub(super) fn prompt_tokens(&self, field: &str) -> Result<u32> {
        match self.tokens(field)? {
            tokens if tokens <= LONGEST_PROMPT => Ok(tokens),
            _ => Err(self.wrong(format_args!("more than {LONGEST_PROMPT} tokens at `{field}`"))),
        }
    }

    /// The error that there is no `what` at `field`, but what there is: another value, or other fields.
    pub(super) fn without(&self, what: &str, field: &str) -> Error {
        let there = match self.fields.get(field) {
            Some(value) => format!(", which is {}", beginning(&value.to_string())),
            None => format!("; it has {}", listed(self.fields.keys())),
        };
        self.wrong(format_args!("no {what} at `{field}`{there}"))
    }

    /// The error that says `why` this row cannot be used; `why` names the field.
    pub(super) fn wrong(&self, why: impl fmt::Display) -> Error {
        Error::new(format!("{}: {why}", self.place)).hint(self.form)
    }
}

/// What `make` makes of each row, without those of which it makes nothing. A file whose first character is `[` is one
/// array, any other has an object a line. `form` tells how a row looks that is right.
///
/// # Errors
///
/// Where a row is no object, or `make` fails.
pub(super) fn read<T>(bytes: &[u8], form: &'static str, make: impl Fn(Row) -> Result<Option<T>>) -> Result<Vec<T>> {
    let made = |row: Result<Row>| row.and_then(&make).transpose();
    if bytes.trim_ascii_start().starts_with(b"[") {
        return array(bytes, form)?.filter_map(|row| made(Ok(row))).collect();
    }
    lines(bytes, form).filter_map(made).collect()
}

/// The rows of a file with an object a line; blank lines are skipped.
pub(super) fn lines(bytes: &[u8], form: &'static str) -> impl Iterator<Item = Result<Row>> {
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(move |(index, line)| {
        let place = Place::Line(index + 1);
        let fields = serde_json::from_slice(line).map_err(|cause| {
            Error::new(format!("{place}: column {}: {}", cause.column(), reason(&cause))).hint(form)
        })?;
        Ok(Row { place, fields, form })
    })
}

/// The text that a file is.
///
/// # Errors
///
/// Where it is not UTF-8, with its line.
pub(super) fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|cause| {
        let line = 1 + bytes[..cause.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        Error::new(format!("line {line}: not UTF-8")).hint("give a text file in UTF-8")
    })
}

/// Whether a file is what it is said to be, and not what stands in its place.
///
/// # Errors
///
/// Where it is a pointer of Git LFS, or a web page.
pub(super) fn is_data(bytes: &[u8]) -> Result<()> {
    let begin = bytes.trim_ascii_start();
    let begin = begin[..begin.len().min(64)].to_ascii_lowercase();
    if begin.starts_with(b"version https://git-lfs.github.com/spec") {
        return Err(Error::new("it is a pointer of Git LFS, not the file").hint("fetch the file with `git lfs pull`"));
    }
    if begin.starts_with(b"<!doctype html") || begin.starts_with(b"<html") {
        let hint = "download the file itself: on the hub its address has `/resolve/` in it, and not `/blob/`";
        return Err(Error::new("it is a web page, not the file").hint(hint));
    }
    Ok(())
}

/// What a file says in UTF-8, without the mark that some programs put before it.
///
/// # Errors
///
/// Where a mark says that it is UTF-16.
pub(super) fn unmarked(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::new("line 1: UTF-16, not UTF-8").hint("save the file as UTF-8"));
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

fn array(bytes: &[u8], form: &'static str) -> Result<impl Iterator<Item = Row>> {
    let entries: Vec<Map<String, Value>> = serde_json::from_slice(bytes).map_err(|cause| misread(&cause, form))?;
    let row = move |(index, fields)| Row { place: Place::Entry(index), fields, form };
    Ok(entries.into_iter().enumerate().map(row))
}

/// The error of a file that is one JSON value and does not read as such.
pub(super) fn misread(cause: &serde_json::Error, form: &str) -> Error {
    Error::new(format!("line {}, column {}: {}", cause.line(), cause.column(), reason(cause))).hint(form)
}

/// What is wrong, without the place.
fn reason(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// A name without case, blanks and underscores.
pub(super) fn plain(name: &str) -> String {
    name.to_lowercase().replace([' ', '_'], "")
}

/// Names as a message lists them; of very many, the first.
pub(super) fn listed<N: AsRef<str>>(names: impl Iterator<Item = N>) -> String {
    const SHOWN: usize = 20;
    let names: Vec<String> = names.map(|name| format!("`{}`", name.as_ref())).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        1..=SHOWN => names.join(", "),
        all => format!("{} and {} more", names[..SHOWN].join(", "), all - SHOWN),
    }
}

fn count(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => {
            let number = number.as_f64()?.trunc();
            (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
        }
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    const FORM: &str = "write {\"a\": \"x\"}";

    fn texts(content: &str) -> Result<Vec<String>> {
        read(content.as_bytes(), FORM, |mut row| row.text("a").map(Some))
    }

    #[test]
    fn what_stands_in_the_place_of_a_file_is_known() {
        for (content, part) in [
            ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
            ("  <!DOCTYPE HTML>\n<html>", "web page"),
            ("<html><body>", "web page"),
        ] {
            let error = is_data(content.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(part) && error.advice().is_some(), "{content}");
        }
        assert!(is_data(b"{\"a\": \"<html>\"}").is_ok() && is_data(b"").is_ok());
    }

    #[test]
    fn lines_and_arrays_have_the_same_rows() {
        let wanted = ["x", "y"];
        assert_eq!(texts("{\"a\": \"x\"}\r\n \n{\"a\": \"y\"}").unwrap(), wanted);
        assert_eq!(texts(" [{\"a\": \"x\"},\n{\"a\": \"y\"}]").unwrap(), wanted);
        assert!(texts("\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_field() {
        let table = [
            ("{\"a\": \"x\"}\n\n{\"a\": 1}", "line 3: no string at `a`, which is `1`"),
            ("[{\"a\": \"x\"}, {\"b\": 1}]", "entry 1: no string at `a`; it has `b`"),
            ("{\"a\": \"x\"}\n5", "line 2: column 1: invalid type: integer `5`, expected a map"),
            ("[{\"a\": \"x\"},\n 5]", "line 2, column 2: invalid type: integer `5`, expected a map"),
            ("[{\"a\":", "line 1, column 6: EOF while parsing a value"),
        ];
        for (content, why) in table {
            let error = texts(content).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.advice()), (why, Some(FORM)));
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        assert_eq!(unmarked(b"\xef\xbb\xbf{}".to_vec()).unwrap(), b"{}");
        assert_eq!(unmarked(b"{}".to_vec()).unwrap(), b"{}");
        for utf16 in [b"\xff\xfe{\0".to_vec(), b"\xfe\xff\0{".to_vec()] {
            assert_eq!(unmarked(utf16).unwrap_err().to_string(), "line 1: UTF-16, not UTF-8");
        }
    }

    #[test]
    fn numbers_of_tokens_come_in_three_shapes() {
        let counted = |value: &str| {
            let line = format!("{{\"n\": {value}}}");
            lines(line.as_bytes(), FORM).next().unwrap().unwrap().tokens("n").ok()
        };
        assert_eq!(["12", "12.9", "\" 12 \""].map(counted), [Some(12); 3]);
        assert_eq!(["-1", "null", "\"x\"", "[1]", "1e10"].map(counted), [None; 5]);
    }

    #[test]
    fn rows_of_which_nothing_is_made_are_left_out() {
        let some = read(b"{\"a\": 1}\n{\"b\": 2}", FORM, |mut row| Ok(row.take("b"))).unwrap();
        assert_eq!(some, [Value::from(2)]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes: Vec<u8>) {
            if let Err(error) = read(&bytes, FORM, |_| Ok(Some(()))) {
                prop_assert!(error.to_string().starts_with("line "));
            }
        }
    }
}
