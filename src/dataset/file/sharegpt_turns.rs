//! Whole conversations from a file in the ShareGPT form: what its users say, with answers as long as those in the file.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::open::from_file;
use super::sharegpt::{FORM, ShareGpt, entries, holds_something, no_conversations};
use crate::dataset::ahead::ahead;
use crate::dataset::kind::Talk;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::turns::{Conversations, History, Shape, TurnRange, between, count};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// Fewer turns make no conversation, unless they are asked for.
const FEWEST: u32 = 2;

/// Whoever speaks under one of these names asks.
const USERS: [&str; 2] = ["human", "user"];

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with `conversations`, a list of objects")]
struct Entry {
    #[serde(alias = "conversation", alias = "messages")]
    conversations: Option<Vec<Message>>,
    image: Option<Value>,
    video: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with `from` and `value` in `conversations`")]
struct Message {
    #[serde(alias = "role")]
    from: Option<Value>,
    #[serde(alias = "content")]
    value: Option<Value>,
}

/// A turn: what the user says, its tokens, and those of the answer.
type Turn = (String, u32, u32);

/// The fewest and the most turns of a conversation.
fn range(turns: TurnRange) -> Result<(u32, u32)> {
    between(turns.fewest.unwrap_or(FEWEST), turns.most.unwrap_or(u32::MAX))
}

impl ShareGpt {
    /// What makes conversations of this shape.
    ///
    /// # Errors
    ///
    /// Where there can be none.
    pub(super) fn talk(&self, shape: &Shape) -> Result<Talk> {
        if shape.prefixes.is_some() {
            return Err(Error::new("dataset `sharegpt` has no turns with prefixes in common")
                .hint("use `--dataset-name random` with `--multi-turn-prefix-...-ratio`"));
        }
        range(shape.turns)?;
        let (sharegpt, turns) = (self.clone(), shape.turns);
        Ok(Box::new(move |tokenizer, draws| sharegpt.clone().conversations(turns, tokenizer.clone(), draws)))
    }

    /// The conversations with as many turns as `range` wants, in the order of the seed.
    fn conversations(self, range: TurnRange, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Conversations> {
        let path = self.path.clone();
        let mut turns = Vec::new();
        let samples = from_file(&path, |bytes| {
            let accepted = self.long_enough(&bytes, range, tokenizer, draws)?;
            self.turns_of(accepted, &mut turns, draws)
        })?;
        Ok(Conversations { turns, samples, history: History::Kept })
    }

    /// Counts tokens on all cores until there are as many conversations as wanted.
    fn long_enough(
        &self,
        bytes: &[u8],
        range: TurnRange,
        tokenizer: Tokenizer,
        draws: &mut Draws,
    ) -> Result<Vec<Vec<Turn>>> {
        let (fewest, most) = self::range(range)?;
        let entries: Vec<Entry> = entries(bytes)?;
        if !entries.is_empty() && entries.iter().all(|entry| entry.conversations.is_none()) {
            return Err(no_conversations(bytes));
        }
        let longest = entries.iter().filter_map(|entry| entry.conversations.as_ref().map(Vec::len)).max().unwrap_or(0);
        let long = |entry: &Entry| entry.conversations.as_ref().is_some_and(|said| said.len() >= 2 * fewest as usize);
        let entries: Vec<(usize, Entry)> = entries.into_iter().enumerate().filter(|(_, entry)| long(entry)).collect();
        let order = self.selection.order(entries.len(), &mut draws.python);
        let (entries, output_len) = (Arc::new(entries), self.output_len);
        let made = ahead(order.len(), move |position| {
            let (index, entry) = &entries[order[position] as usize];
            entry.turns(most, output_len, &tokenizer).map_err(|error| error.context(format!("entry {index}")))
        });
        let long = |turns: &Result<Vec<Turn>>| turns.as_ref().map_or(true, |turns| turns.len() >= fewest as usize);
        let accepted: Vec<_> = made.filter(long).take(self.selection.num_prompts as usize).collect::<Result<_>>()?;
        if accepted.is_empty() {
            let what = format!("no conversation has {fewest} turns: the longest has {longest} messages");
            let hint = match fewest {
                1 => FORM,
                _ => "give `--multi-turn-min-turns 1` to take shorter ones",
            };
            return Err(Error::new(what).hint(hint));
        }
        Ok(accepted)
    }

    /// The turns of all conversations, repeated ones included; `lengths` gets how many each has.
    fn turns_of(self, accepted: Vec<Vec<Turn>>, lengths: &mut Vec<u32>, draws: &mut Draws) -> Result<Samples> {
        let selection = self.selection;
        let repeats = selection.repeats(accepted.len(), &mut draws.python);
        let warning = selection.warning(accepted.len(), repeats.len());
        let sources: Vec<usize> =
            (0..accepted.len()).chain(repeats.into_iter().map(|source| source as usize)).collect();
        lengths.extend(sources.iter().map(|&source| accepted[source].len() as u32));
        let count = count(lengths)?;
        let places = sources.into_iter().flat_map({
            let lengths: Vec<usize> = accepted.iter().map(Vec::len).collect();
            move |source| (0..lengths[source]).map(move |turn| (source, turn))
        });
        let iter = places.enumerate().map(move |(index, (source, turn))| {
            let (text, input_tokens, output_tokens) = &accepted[source][turn];
            Ok(Sample {
                prompt: Prompt::Text(text.clone()),
                input_tokens: *input_tokens,
                output_tokens: *output_tokens,
                request_id: selection.request_id(index),
                ..Sample::default()
            })
        });
        Ok(Samples { warnings: warning.into_iter().collect(), ..Samples::new(count, iter) })
    }
}

impl Entry {
    /// At most `most` turns: each a user's message that an answer follows. Others, and empty ones, are left out.
    fn turns(&self, most: u32, output_len: Option<u32>, tokenizer: &Tokenizer) -> Result<Vec<Turn>> {
        for (field, value) in [("image", &self.image), ("video", &self.video)] {
            if value.as_ref().is_some_and(holds_something) {
                return Err(Error::new(format!("`{field}` is set, and only text can be sent"))
                    .hint(format!("take out the entries with `{field}`")));
            }
        }
        let messages = self.conversations.as_deref().unwrap_or_default();
        let mut turns = Vec::new();
        let mut index = 0;
        while index + 1 < messages.len() && turns.len() < most as usize {
            if !messages[index].is_a_users() {
                index += 1;
                continue;
            }
            let (asked, answer) = (self.text(index)?, self.text(index + 1)?);
            index += 2;
            if asked.is_empty() {
                continue;
            }
            let output_tokens = match output_len {
                Some(len) => len,
                None => tokenizer.count(answer)?.max(1),
            };
            turns.push((asked.to_owned(), tokenizer.count(asked)?, output_tokens));
        }
        Ok(turns)
    }

    fn text(&self, index: usize) -> Result<&str> {
        let messages = self.conversations.as_deref().unwrap_or_default();
        let value = messages[index].value.as_ref().and_then(Value::as_str);
        value.ok_or_else(|| Error::new(format!("no string at `conversations[{index}].value`")).hint(FORM))
    }
}

impl Message {
    fn is_a_users(&self) -> bool {
        self.from.as_ref().and_then(Value::as_str).is_some_and(|from| USERS.contains(&from))
    }
}
