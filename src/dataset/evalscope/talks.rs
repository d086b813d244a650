//! Conversations from a file: what the user says in each, turn by turn. What was answered then does not count: answers are the
//! server's own.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::draw::Draw;
use super::origin::Origin;
use super::shaping::Shaping;
use super::texts::{CONVERSATION, SHARE_GPT_EN, SHARE_GPT_ZH, objects, questions};
use super::usable::repeats;
use crate::dataset::file::open::from_file;
use crate::dataset::kind::{Dataset, Talk};
use crate::dataset::rows;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::turns::{Conversations, History, Shape, count};
use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// The settings of datasets with a conversation in each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talks {
    /// What the rows are like.
    pub speakers: Speakers,
    /// The file, or a folder with a file of the dataset's own name; without it, the dataset comes from the hub, if it is there.
    pub path: Option<PathBuf>,
    /// Which conversations are taken.
    pub draw: Draw,
    /// How long the first thing that the user says is to be.
    pub shaping: Shaping,
}

/// What conversations are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speakers {
    /// `custom_multi_turn`: a list of messages a line, or an object with such a list at `messages`.
    Custom,
    /// `swe_smith`: a prepared object whose `conversations` are lists of turns, each an object with `messages`.
    SweSmith,
    /// `share_gpt_zh_multi_turn`.
    ShareGptZh,
    /// `share_gpt_en_multi_turn`.
    ShareGptEn,
}

const MESSAGES: &str = "write a list a line, such as [{\"role\": \"user\", \"content\": \"Hello\"}, {\"role\": \"assistant\", \
                        \"content\": \"Hi\"}, {\"role\": \"user\", \"content\": \"How are you?\"}]";

/// A dataset that has conversations and nothing else.
pub(super) fn only_talks(
    name: &'static str,
    talks: impl Fn(&Shape) -> Result<Talk> + Send + Sync + 'static,
) -> Dataset {
    let alone = move || Error::new(format!("dataset `{name}` is made of conversations")).hint("add `--multi-turn`");
    Dataset { talks: Some(Arc::new(talks)), ..Dataset::new(name, move |_, _, _| Err(alone())) }
}

impl Talks {
    /// Ready for conversations: of those with more turns than their shape wants, the first are taken.
    pub fn dataset(self) -> Dataset {
        let origin = Origin { own: self.speakers.own(), path: self.path.clone() };
        let check = origin.check();
        let dataset = only_talks(self.speakers.name(), move |shape: &Shape| {
            let (talks, origin) = (self.clone(), origin.clone());
            let range = (shape.turns.fewest.unwrap_or(1).max(1), shape.turns.most.unwrap_or(u32::MAX));
            Ok(Box::new(move |tokenizer, _| from_file(&origin.find()?, |bytes| talks.read(&bytes, range, tokenizer))))
        });
        Dataset { check, ..dataset }
    }

    fn read(&self, bytes: &[u8], (fewest, most): (u32, u32), tokenizer: &Tokenizer) -> Result<Conversations> {
        self.shaping.check()?;
        let enough = self.draw.offset as usize + self.draw.requests() as usize;
        let (mut usable, mut others) = (Vec::new(), 0_u64);
        for said in self.speakers.read(bytes)? {
            let mut said = said?;
            said.truncate(most as usize);
            let Some(first) = said.first().filter(|_| said.len() >= fewest as usize) else {
                others += 1;
                continue;
            };
            let tokens = self.shaping.tokens(first, tokenizer)?;
            match self.shaping.takes(tokens) {
                true => usable.push(said.into_iter().map(|text| (text, tokens)).collect::<Vec<_>>()),
                false => others += 1,
            }
            if usable.len() == enough {
                break;
            }
        }
        if usable.is_empty() {
            let Shaping { min_prompt_length: low, max_prompt_length: high, .. } = self.shaping;
            let what = format!(
                "no conversation has {fewest} turns and begins with {low} to {high} tokens: there are {others} others"
            );
            return Err(Error::new(what).hint("set `--min-turns`, `--min-prompt-length` and `--max-prompt-length`"));
        }
        self.conversations(usable, tokenizer.clone())
    }

    /// The turns of these conversations, each with the tokens of its first.
    fn conversations(&self, usable: Vec<Vec<(String, u32)>>, tokenizer: Tokenizer) -> Result<Conversations> {
        let (requests, there) = (self.draw.requests() as usize, usable.len());
        let first = self.draw.offset as usize;
        let sources: Vec<usize> = (0..requests).map(|index| (first + index) % there).collect();
        let turns: Vec<u32> = sources.iter().map(|&source| usable[source].len() as u32).collect();
        let count = count(&turns)?;
        let outputs = self.shaping.outputs(self.draw.seed, 0, count as u32);
        let places: Vec<(usize, usize)> =
            sources.into_iter().flat_map(|source| (0..usable[source].len()).map(move |turn| (source, turn))).collect();
        let iter = places.into_iter().zip(outputs).map(move |((source, turn), output_tokens)| {
            let (text, tokens) = &usable[source][turn];
            let input_tokens = if turn == 0 { *tokens } else { tokenizer.count(text)? };
            Ok(Sample { prompt: Prompt::Text(text.clone()), input_tokens, output_tokens, ..Sample::default() })
        });
        let warnings = repeats(requests, there).into_iter().collect();
        let samples = Samples { warnings, ..Samples::new(count, iter) };
        Ok(Conversations { turns, samples, history: History::Kept })
    }
}

/// What the user says in each conversation of a file.
type Said<'a> = Box<dyn Iterator<Item = Result<Vec<String>>> + 'a>;

impl Speakers {
    fn name(self) -> &'static str {
        match self {
            Speakers::Custom => "custom_multi_turn",
            Speakers::SweSmith => "swe_smith",
            Speakers::ShareGptZh => "share_gpt_zh_multi_turn",
            Speakers::ShareGptEn => "share_gpt_en_multi_turn",
        }
    }

    fn own(self) -> Option<(&'static str, &'static str)> {
        match self {
            Speakers::Custom | Speakers::SweSmith => None,
            Speakers::ShareGptZh => Some(SHARE_GPT_ZH),
            Speakers::ShareGptEn => Some(SHARE_GPT_EN),
        }
    }

    fn read(self, bytes: &[u8]) -> Result<Said<'_>> {
        match self {
            Speakers::ShareGptZh | Speakers::ShareGptEn => {
                Ok(Box::new(objects(bytes, CONVERSATION)?.map(|row| questions(&mut row?))))
            }
            Speakers::SweSmith => Ok(Box::new(prepared(bytes)?.into_iter().map(Ok))),
            Speakers::Custom => {
                let lines = rows::text(bytes)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
                let wrong = |number: usize, why: &str| Error::new(format!("line {number}: {why}")).hint(MESSAGES);
                Ok(Box::new(lines.map(move |(index, line)| said(line).map_err(|why| wrong(index + 1, &why)))))
            }
        }
    }
}

/// The turns of a line: all that stands between two answers is one, whoever says it.
fn said(line: &str) -> Result<Vec<String>, String> {
    let value: Value = serde_json::from_str(line).map_err(|cause| format!("column {}: {cause}", cause.column()))?;
    let messages = value.as_array().or_else(|| value["messages"].as_array()).ok_or("no list of messages")?;
    let (mut turns, mut open): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().ok_or_else(|| format!("no string at `role` of message {index}"))?;
        let text = message["content"].as_str().filter(|text| !text.is_empty());
        match (role, text) {
            ("assistant", _) if open.is_empty() => {}
            ("assistant", _) => turns.push(std::mem::take(&mut open).join("\n\n")),
            (_, Some(text)) => open.push(text),
            (_, None) => return Err(format!("no text at `content` of message {index}")),
        }
    }
    if !open.is_empty() {
        turns.push(open.join("\n\n"));
    }
    Ok(turns)
}

/// The turns of a prepared file, which are not those of the assistant.
fn prepared(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
    const FORM: &str = "give the `agentic_dataset.json` that EvalScope's `build_swe_smith_dataset.py` writes";
    let whole: Value = serde_json::from_slice(bytes).map_err(|cause| rows::misread(&cause, FORM))?;
    let wrong = |what: String| Error::new(what).hint(FORM);
    let conversations = whole["conversations"].as_array().ok_or_else(|| wrong("no list at `conversations`".into()))?;
    let turn = |turn: &Value| -> Option<String> {
        let texts: Option<Vec<String>> = turn["messages"].as_array()?.iter().map(content).collect();
        texts.map(|texts| texts.join("\n\n"))
    };
    let turns = |(index, conversation): (usize, &Value)| {
        let turns: Option<Vec<String>> = conversation.as_array().and_then(|all| all.iter().map(turn).collect());
        turns.ok_or_else(|| wrong(format!("conversation {index}: a turn without texts at `messages`")))
    };
    conversations.iter().enumerate().map(turns).collect()
}

/// What a message says, in one piece or in several.
fn content(message: &Value) -> Option<String> {
    match &message["content"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "talks_test.rs"]
mod tests;
