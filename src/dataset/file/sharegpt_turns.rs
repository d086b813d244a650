//! Whole conversations from a file in the ShareGPT form: what its users say, with answers as long as those in the file.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::open::from_file;
use super::sharegpt::{FORM, KIND, ShareGpt, entries, holds_something, no_conversations};
use crate::dataset::ahead::ahead;
use crate::dataset::dialogue::{self, Turn, Wanted};
use crate::dataset::kind::Talk;
use crate::dataset::turns::Shape;
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

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

impl ShareGpt {
    /// What makes conversations of this shape.
    ///
    /// # Errors
    ///
    /// Where there can be none.
    pub(super) fn talk(&self, shape: &Shape) -> Result<Talk> {
        let wanted = Wanted::of(shape, KIND.name, self.output_len)?;
        let sharegpt = self.clone();
        Ok(Box::new(move |tokenizer, draws| {
            let accepted = from_file(&sharegpt.path, |bytes| sharegpt.accepted(&bytes, wanted, tokenizer, draws))?;
            dialogue::conversations(accepted, sharegpt.selection.clone(), Vec::new(), draws)
        }))
    }

    /// As many conversations as wanted that are long enough, in the order of the seed; tokens are counted on all cores.
    fn accepted(
        &self,
        bytes: &[u8],
        wanted: Wanted,
        tokenizer: &Tokenizer,
        draws: &mut Draws,
    ) -> Result<Vec<Vec<Turn>>> {
        let entries: Vec<Entry> = entries(bytes)?;
        if !entries.is_empty() && entries.iter().all(|entry| entry.conversations.is_none()) {
            return Err(no_conversations(bytes));
        }
        let longest = entries.iter().filter_map(|entry| entry.conversations.as_ref().map(Vec::len)).max().unwrap_or(0);
        let fewest = 2 * wanted.fewest as usize;
        let long = |entry: &Entry| entry.conversations.as_ref().is_some_and(|said| said.len() >= fewest);
        let entries: Vec<(usize, Entry)> = entries.into_iter().enumerate().filter(|(_, entry)| long(entry)).collect();
        let order = self.selection.order(entries.len(), &mut draws.python);
        let (entries, tokenizer) = (Arc::new(entries), tokenizer.clone());
        let made = ahead(order.len(), move |position| {
            let (index, entry) = &entries[order[position] as usize];
            entry.turns(wanted, &tokenizer).map_err(|error| error.context(format!("entry {index}")))
        });
        let long = |turns: &Result<Vec<Turn>>| turns.as_ref().map_or(true, |turns| wanted.suffice(turns));
        let accepted: Vec<_> = made.filter(long).take(self.selection.num_prompts as usize).collect::<Result<_>>()?;
        if accepted.is_empty() {
            return Err(wanted.too_short(&format!(": the longest has {longest} messages"), FORM));
        }
        Ok(accepted)
    }
}

impl Entry {
    fn turns(&self, wanted: Wanted, tokenizer: &Tokenizer) -> Result<Vec<Turn>> {
        for (field, value) in [("image", &self.image), ("video", &self.video)] {
            if value.as_ref().is_some_and(holds_something) {
                return Err(Error::new(format!("`{field}` is set, and only text can be sent"))
                    .hint(format!("take out the entries with `{field}`")));
            }
        }
        let said = self.conversations.iter().flatten();
        let said: Vec<dialogue::Message<'_>> = said
            .map(|Message { from, value }| dialogue::Message {
                from: from.as_ref().and_then(Value::as_str),
                text: value.as_ref().and_then(Value::as_str),
            })
            .collect();
        wanted.turns(&said, tokenizer, |index| {
            Error::new(format!("no string at `conversations[{index}].value`")).hint(FORM)
        })
    }
}
