//! Prompts from a file, one in each of its rows: the datasets that EvalScope knows by name, and files of the user's own.

use std::path::PathBuf;

use serde_json::Value;

use super::asked::Asked;
use super::draw::Draw;
use super::origin::Origin;
use super::shaping::{Form, Shaping};
use super::usable::Point;
use crate::dataset::file::open::from_file;
use crate::dataset::kind::Dataset;
use crate::dataset::needs::Needs;
use crate::dataset::rows::{self, Row};
use crate::error::Result;

/// The settings of datasets with a prompt in each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// What the rows are like.
    pub rows: Rows,
    /// The file, or a folder with a file of the dataset's own name; without it, the dataset comes from the hub, if it is there.
    pub path: Option<PathBuf>,
    /// Which rows are taken.
    pub draw: Draw,
    /// How long they are to be, and what they are sent as.
    pub shaping: Shaping,
}

/// What the rows of a file are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// `line_by_line` and `custom`: a text, a list of messages or a whole body a line.
    Lines,
    /// `openqa`: objects with `question`.
    OpenQa,
    /// `longalpaca`: objects with `instruction`.
    LongAlpaca,
    /// `share_gpt_zh`: conversations, of which the first question is asked.
    ShareGptZh,
    /// `share_gpt_en`: the same in English.
    ShareGptEn,
}

/// How a conversation looks.
pub(super) const CONVERSATION: &str = "write {\"conversation\": [{\"human\": \"Hello\", \"assistant\": \"Hi\"}]}, or \
                                       {\"conversations\": [{\"from\": \"human\", \"value\": \"Hello\"}]}";

impl Texts {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { token_ids: self.shaping.form == Form::Ids, ..Needs::default() };
        let origin = Origin { own: self.rows.own(), path: self.path.clone() };
        Dataset {
            needs,
            check: origin.check(),
            ..Dataset::new(self.rows.name(), move |carries, tokenizer, _| {
                let point = Point { draw: &self.draw, shaping: &self.shaping, carries, tokenizer };
                let path = origin.find()?;
                from_file(&path, |bytes| self.rows.read(&bytes, |rows| point.samples(rows, self.rows.looked_for())))
            })
        }
    }
}

impl Rows {
    /// The name of the dataset.
    fn name(self) -> &'static str {
        match self {
            Rows::Lines => "line_by_line",
            Rows::OpenQa => "openqa",
            Rows::LongAlpaca => "longalpaca",
            Rows::ShareGptZh => "share_gpt_zh",
            Rows::ShareGptEn => "share_gpt_en",
        }
    }

    /// The repository on the hub, and the file there.
    fn own(self) -> Option<(&'static str, &'static str)> {
        match self {
            Rows::Lines => None,
            Rows::OpenQa => Some(("Hello-SimpleAI/HC3-Chinese", "open_qa.jsonl")),
            Rows::LongAlpaca => Some(("Yukang/LongAlpaca-12k", "LongAlpaca-12k.json")),
            Rows::ShareGptZh => Some(SHARE_GPT_ZH),
            Rows::ShareGptEn => Some(SHARE_GPT_EN),
        }
    }

    fn looked_for(self) -> &'static str {
        match self {
            Rows::Lines => "line",
            Rows::OpenQa => "`question`",
            Rows::LongAlpaca => "`instruction`",
            Rows::ShareGptZh | Rows::ShareGptEn => "`conversation`",
        }
    }

    /// What `make` makes of the rows in a file's content.
    fn read<T>(
        self,
        bytes: &[u8],
        make: impl FnOnce(Box<dyn Iterator<Item = Result<Asked>> + '_>) -> Result<T>,
    ) -> Result<T> {
        let field = |field: &'static str, form: &'static str| {
            objects(bytes, form).map(move |rows| rows.map(move |row| Ok(Asked::text(&row?.text(field)?))))
        };
        match self {
            Rows::Lines => make(Box::new(lines(rows::text(bytes)?))),
            Rows::OpenQa => {
                make(Box::new(field("question", "write an object a line, such as {\"question\": \"Why?\"}")?))
            }
            Rows::LongAlpaca => {
                make(Box::new(field("instruction", "write objects such as {\"instruction\": \"Do!\"}")?))
            }
            Rows::ShareGptZh | Rows::ShareGptEn => {
                let first =
                    |row: Result<Row>| Ok(questions(&mut row?)?.into_iter().next().map(|text| Asked::text(&text)));
                make(Box::new(objects(bytes, CONVERSATION)?.filter_map(move |row| first(row).transpose())))
            }
        }
    }
}

/// The Chinese conversations of ShareGPT on the hub.
pub(super) const SHARE_GPT_ZH: (&str, &str) =
    ("shareAI/ShareGPT-Chinese-English-90k", "sharegpt_jsonl/common_zh_70k.jsonl");

/// The English ones.
pub(super) const SHARE_GPT_EN: (&str, &str) =
    ("shareAI/ShareGPT-Chinese-English-90k", "sharegpt_jsonl/common_en_70k.jsonl");

/// The lines that are not blank.
fn lines(text: &str) -> impl Iterator<Item = Result<Asked>> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| Asked::line(line, number))
}

/// The objects of a file, a line each or in one list.
pub(super) fn objects<'a>(bytes: &'a [u8], form: &'static str) -> Result<Box<dyn Iterator<Item = Result<Row>> + 'a>> {
    match bytes.trim_ascii_start().first() {
        Some(b'[') => Ok(Box::new(rows::read(bytes, form, |row| Ok(Some(row)))?.into_iter().map(Ok))),
        _ => Ok(Box::new(rows::lines(bytes, form))),
    }
}

/// What the human says in a conversation, in both of its forms; what is blank does not count.
///
/// # Errors
/// Where the row has no conversation.
pub(super) fn questions(row: &mut Row) -> Result<Vec<String>> {
    let field = if row.get("conversation").is_some() { "conversation" } else { "conversations" };
    let Some(Value::Array(turns)) = row.get(field) else {
        return Err(row.without("list of turns", field));
    };
    let asked = turns.iter().filter_map(|turn| {
        let asks = |role: &str| matches!(turn[role].as_str(), Some("human" | "user"));
        match turn["human"].as_str() {
            Some(text) => Some(text),
            None if asks("from") => turn["value"].as_str(),
            None if asks("role") => turn["content"].as_str(),
            None => None,
        }
    });
    Ok(asked.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
#[path = "texts_test.rs"]
mod tests;
