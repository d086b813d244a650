//! The fields before the weights of a GGUF file (versions 2 and 3), as far as they are about the tokenizer. Bytes come in, values
//! go out; what a file says of its own lengths is believed only as far as it has the bytes.

use std::collections::HashMap;
use std::io::Read;

use crate::error::{Error, Result};

/// Most bytes that are read: the largest vocabularies take some 30 MB.
const MOST: u64 = 1 << 30;
/// The fields that count here, without this beginning.
const OURS: [&str; 2] = ["tokenizer.ggml.", "tokenizer."];

/// The fields about the tokenizer, by the last part of their names.
pub(super) struct Fields(HashMap<String, Field>);

enum Field {
    Text(String),
    Number(i64),
    Float(f32),
    Texts(Vec<String>),
    Numbers(Vec<i64>),
    Floats(Vec<f32>),
}

impl Fields {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Field::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Field::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A yes or no, `usual` where there is none.
    pub(super) fn flag(&self, name: &str, usual: bool) -> bool {
        self.number(name).map_or(usual, |number| number != 0)
    }

    pub(super) fn texts(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(Field::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub(super) fn numbers(&self, name: &str) -> &[i64] {
        match self.0.get(name) {
            Some(Field::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn floats(&self, name: &str) -> &[f32] {
        match self.0.get(name) {
            Some(Field::Floats(floats)) => floats,
            _ => &[],
        }
    }
}

/// The fields of a file.
///
/// # Errors
/// Where it is no GGUF of a known version, or ends within its fields.
pub(super) fn fields(file: impl Read) -> Result<Fields> {
    let mut bytes = Bytes(file.take(MOST));
    if bytes.array()? != *b"GGUF" {
        return Err(Error::new("it does not begin as a GGUF does"));
    }
    let version = u32::from_le_bytes(bytes.array()?);
    if !(2..=3).contains(&version) {
        return Err(Error::new(format!("it is of version {version} of GGUF, and versions 2 and 3 are read")));
    }
    let _tensors = bytes.length()?;
    let count = bytes.length()?;
    let mut fields = HashMap::new();
    for _ in 0..count {
        let name = bytes.text()?;
        let kind = u32::from_le_bytes(bytes.array()?);
        let field = bytes.field(kind)?;
        if let Some(name) = OURS.iter().find_map(|begin| name.strip_prefix(begin)) {
            fields.insert(name.to_owned(), field);
        }
    }
    Ok(Fields(fields))
}

struct Bytes<R>(std::io::Take<R>);

impl<R: Read> Bytes<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        self.0.read_exact(&mut array).map_err(|cause| Error::new(format!("it ends within its fields: {cause}")))?;
        Ok(array)
    }

    fn length(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String> {
        let length = self.length()?;
        let mut bytes = Vec::new();
        let read = self.0.by_ref().take(length).read_to_end(&mut bytes);
        if !read.is_ok_and(|read| read as u64 == length) {
            return Err(Error::new("it ends within its fields"));
        }
        String::from_utf8(bytes).map_err(|_| Error::new("a text of its fields is not UTF-8"))
    }

    /// A value of a kind by its number in the format.
    fn field(&mut self, kind: u32) -> Result<Field> {
        const ARRAY: u32 = 9;
        match kind {
            ARRAY => {
                let (of, count) = (u32::from_le_bytes(self.array()?), self.length()?);
                self.list(of, count)
            }
            kind => self.single(kind),
        }
    }

    fn list(&mut self, of: u32, count: u64) -> Result<Field> {
        let (mut texts, mut numbers, mut floats) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            match self.single(of)? {
                Field::Text(text) => texts.push(text),
                Field::Float(float) => floats.push(float),
                Field::Number(number) => numbers.push(number),
                Field::Texts(_) | Field::Numbers(_) | Field::Floats(_) => {}
            }
        }
        Ok(match (texts.is_empty(), floats.is_empty()) {
            (false, _) => Field::Texts(texts),
            (_, false) => Field::Floats(floats),
            _ => Field::Numbers(numbers),
        })
    }

    /// A value that is no list.
    fn single(&mut self, kind: u32) -> Result<Field> {
        Ok(match kind {
            0 | 7 => Field::Number(i64::from(self.array::<1>()?[0])),
            1 => Field::Number(i64::from(i8::from_le_bytes(self.array()?))),
            2 => Field::Number(i64::from(u16::from_le_bytes(self.array()?))),
            3 => Field::Number(i64::from(i16::from_le_bytes(self.array()?))),
            4 => Field::Number(i64::from(u32::from_le_bytes(self.array()?))),
            5 => Field::Number(i64::from(i32::from_le_bytes(self.array()?))),
            6 => Field::Float(f32::from_le_bytes(self.array()?)),
            8 => Field::Text(self.text()?),
            10 | 11 => Field::Number(i64::from_le_bytes(self.array()?)),
            12 => Field::Float(f64::from_le_bytes(self.array()?) as f32),
            kind => return Err(Error::new(format!("a field is of the kind {kind}, which is not read"))),
        })
    }
}
