//! Queries and documents for rerankers: random ones, or those of a file. A request holds the query first, then its documents.

use std::path::PathBuf;

use serde_json::Value;

use super::draw::Draw;
use super::maker::{Maker, scaled};
use super::shaping::Shaping;
use super::texts::objects;
use super::usable::repeats;
use crate::dataset::file::open::{check, from_file};
use crate::dataset::kind::Dataset;
use crate::dataset::needs::Needs;
use crate::dataset::rows::Row;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// The settings of `rerank` and `random_rerank`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// The file with objects of `query` and `documents`; `None` makes random ones.
    pub path: Option<PathBuf>,
    /// Random documents of a query.
    pub documents: u32,
    /// How much longer than their query they are.
    pub ratio: f64,
    /// Which queries are taken, or made.
    pub draw: Draw,
    /// How long random queries are.
    pub shaping: Shaping,
}

const FORM: &str = "write an object a line, such as {\"query\": \"What?\", \"documents\": [\"This.\", \"That.\"]}";

impl Pairs {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { batches: true, ..Needs::default() };
        match self.path.clone() {
            None => {
                let dataset = Dataset::tokenized("random_rerank", move |_, tokenizer, _| self.made(tokenizer));
                Dataset { needs, ..dataset }
            }
            Some(path) => {
                let check = check(&path);
                let make = move |tokenizer: Option<&Tokenizer>| from_file(&path, |bytes| self.read(&bytes, tokenizer));
                Dataset { needs, check, ..Dataset::new("rerank", move |_, tokenizer, _| make(tokenizer)) }
            }
        }
    }

    fn made(&self, tokenizer: &Tokenizer) -> Result<Samples> {
        if self.documents == 0 || !(self.ratio.is_finite() && self.ratio >= 0.0) {
            let what = format!("{} documents of {} times the length of the query", self.documents, self.ratio);
            return Err(Error::new(what).hint("set `num_documents` and `document_length_ratio` to numbers above 0"));
        }
        let (documents, ratio, count) = (self.documents as usize, self.ratio, self.draw.requests() as usize);
        let times = std::iter::once(1.0).chain(std::iter::repeat_n(ratio, documents)).collect();
        let mut maker = Maker::new(&self.draw, &self.shaping, tokenizer, &[times])?;
        let iter = (0..count).map(move |_| {
            let length = maker.length();
            let query = maker.text(length)?;
            let of_query = (0..documents).map(|_| maker.text(scaled(length, ratio)));
            let all: Vec<(String, u32)> = std::iter::once(Ok(query)).chain(of_query).collect::<Result<_>>()?;
            let input_tokens = all.iter().map(|(_, tokens)| tokens).sum();
            let prompt = Prompt::Batch(all.into_iter().map(|(text, _)| text).collect());
            Ok(Sample { prompt, input_tokens, ..Sample::default() })
        });
        Ok(Samples::new(count, iter))
    }

    fn read(&self, bytes: &[u8], tokenizer: Option<&Tokenizer>) -> Result<Samples> {
        let pairs: Vec<Vec<String>> = objects(bytes, FORM)?.map(|row| pair(row?)).collect::<Result<_>>()?;
        if pairs.is_empty() {
            return Err(Error::new("no `query` in it").hint(FORM));
        }
        let (count, first, tokenizer) = (self.draw.requests() as usize, self.draw.offset as usize, tokenizer.cloned());
        let warnings = repeats(count, pairs.len()).into_iter().collect();
        let iter = (0..count).map(move |index| {
            let pair = &pairs[(first + index) % pairs.len()];
            let tokens = |text: &String| tokenizer.as_ref().map_or(Ok(0), |tokenizer| tokenizer.count(text));
            let input_tokens = pair.iter().map(tokens).sum::<Result<u32>>()?;
            Ok(Sample { prompt: Prompt::Batch(pair.clone()), input_tokens, ..Sample::default() })
        });
        Ok(Samples { warnings, ..Samples::new(count, iter) })
    }
}

/// The query of a row, and its documents.
fn pair(mut row: Row) -> Result<Vec<String>> {
    let query = row.text("query")?;
    let there = ["documents", "passages", "texts"].into_iter().find(|field| row.get(field).is_some());
    let field = there.unwrap_or("documents");
    let Some(Value::Array(documents)) = row.take(field) else { return Err(row.without("list", field)) };
    let texts = documents.iter().map(|document| document.as_str().or_else(|| document["text"].as_str()));
    let texts: Option<Vec<String>> = texts.map(|text| text.map(str::to_owned)).collect();
    match texts {
        Some(texts) if !texts.is_empty() => Ok(std::iter::once(query).chain(texts).collect()),
        _ => Err(row.wrong(format!("no texts in `{field}`"))),
    }
}

#[cfg(test)]
#[path = "pairs_test.rs"]
mod tests;
