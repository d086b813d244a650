//! Texts to be embedded, one or a batch in each request: random ones, or those of a file.

use std::path::PathBuf;

use serde_json::Value;

use super::draw::Draw;
use super::maker::Maker;
use super::shaping::Shaping;
use super::usable::repeats;
use crate::dataset::file::open::{check, from_file};
use crate::dataset::kind::Dataset;
use crate::dataset::needs::Needs;
use crate::dataset::rows;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// The settings of `embedding`, `embedding_batch`, `random_embedding` and `random_embedding_batch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    /// The file with a text a line, or strings or objects with `text` in JSON; `None` makes random texts.
    pub path: Option<PathBuf>,
    /// Texts in each request, which is then a list; `None` sends each alone.
    pub batch: Option<u32>,
    /// Which texts are taken, or made.
    pub draw: Draw,
    /// How long they are to be.
    pub shaping: Shaping,
}

/// The fields that a text may be at.
const FIELDS: [&str; 4] = ["text", "input", "sentence", "content"];

const FORM: &str = "write a text a line, or an object a line such as {\"text\": \"Hello\"}, or one JSON list of either";

type Counted = (String, u32);

impl Embedding {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { batches: self.batch.is_some(), made_to_length: self.path.is_none(), ..Needs::default() };
        match self.path.clone() {
            None => {
                let dataset = Dataset::tokenized("random_embedding", move |_, tokenizer, _| self.made(tokenizer));
                Dataset { needs, ..dataset }
            }
            Some(path) => {
                let check = check(&path);
                let read = move |bytes: Vec<u8>, tokenizer: Option<&Tokenizer>| self.read(&bytes, tokenizer);
                let make = move |tokenizer: Option<&Tokenizer>| from_file(&path, |bytes| read(bytes, tokenizer));
                Dataset { needs, check, ..Dataset::new("embedding", move |_, tokenizer, _| make(tokenizer)) }
            }
        }
    }

    fn made(&self, tokenizer: &Tokenizer) -> Result<Samples> {
        let size = self.batch.unwrap_or(1).max(1) as usize;
        let mut maker = Maker::new(&self.draw, &self.shaping, tokenizer, &vec![vec![1.0]; size])?;
        let (count, batch) = (self.draw.requests() as usize, self.batch.is_some());
        let iter = (0..count).map(move |_| {
            let mut text = || {
                let length = maker.length();
                maker.text(length)
            };
            Ok(request((0..size).map(|_| text()).collect::<Result<_>>()?, batch))
        });
        Ok(Samples::new(count, iter))
    }

    fn read(&self, bytes: &[u8], tokenizer: Option<&Tokenizer>) -> Result<Samples> {
        self.shaping.check()?;
        let (all, mut usable) = (texts(bytes)?, Vec::new());
        let there = all.len();
        for text in all {
            let tokens = tokenizer.map(|tokenizer| self.shaping.tokens(&text, tokenizer)).transpose()?;
            if self.shaping.takes(tokens.unwrap_or_else(|| text.chars().count() as u32)) {
                usable.push((text, tokens.unwrap_or(0)));
            }
        }
        if usable.is_empty() {
            let Shaping { min_prompt_length: low, max_prompt_length: high, .. } = self.shaping;
            return Err(Error::new(format!("none of the {there} texts in it has a length of {low} to {high}")).hint(
                match there {
                    0 => FORM,
                    _ => "set `--min-prompt-length` and `--max-prompt-length`",
                },
            ));
        }
        let requests: Vec<Vec<Counted>> =
            usable.chunks(self.batch.unwrap_or(1).max(1) as usize).map(<[Counted]>::to_vec).collect();
        let (count, batch, first) = (self.draw.requests() as usize, self.batch.is_some(), self.draw.offset as usize);
        let warnings = repeats(count, requests.len()).into_iter().collect();
        let iter = (0..count).map(move |index| Ok(request(requests[(first + index) % requests.len()].clone(), batch)));
        Ok(Samples { warnings, ..Samples::new(count, iter) })
    }
}

/// The request of these texts.
fn request(texts: Vec<Counted>, batch: bool) -> Sample {
    let input_tokens = texts.iter().map(|(_, tokens)| tokens).sum();
    let mut texts: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
    let prompt = match texts.pop() {
        Some(text) if !batch => Prompt::Text(text),
        last => Prompt::Batch(texts.into_iter().chain(last).collect()),
    };
    Sample { prompt, input_tokens, ..Sample::default() }
}

/// The texts of a file, in each of its forms.
fn texts(bytes: &[u8]) -> Result<Vec<String>> {
    let content = rows::text(bytes)?;
    if content.trim_start().starts_with('[')
        && let Ok(Value::Array(items)) = serde_json::from_str(content)
    {
        let wrong = |index| Error::new(format!("entry {index}: no text")).hint(FORM);
        let said = |(index, item): (usize, &Value)| of_value(item).ok_or_else(|| wrong(index));
        return items.iter().enumerate().map(said).collect();
    }
    let lines = content.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let said = |(index, line): (usize, &str)| match serde_json::from_str(line) {
        Ok(value @ (Value::Object(_) | Value::String(_))) => of_value(&value).ok_or_else(|| {
            let fields = rows::listed(value.as_object().into_iter().flat_map(|fields| fields.keys()));
            Error::new(format!("line {}: no string at `{}`; it has {fields}", index + 1, FIELDS.join("`, `")))
                .hint(FORM)
        }),
        _ => Ok(line.to_owned()),
    };
    lines.map(said).collect()
}

fn of_value(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => Some(text.as_str()),
        _ => FIELDS.iter().find_map(|field| value[*field].as_str().filter(|text| !text.is_empty())),
    };
    text.map(str::to_owned)
}

#[cfg(test)]
#[path = "embedding_test.rs"]
mod tests;
