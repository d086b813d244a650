//! A row that holds a whole chat, as the API takes it: messages, the system's among them, and tools.

use serde_json::Value;

use crate::dataset::part::Json;
use crate::dataset::rows::Row;
use crate::dataset::sample::{Prompt, Sample};
use crate::error::Result;
use crate::token::Tokenizer;

/// The messages that are sent, and the tools beside them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChatRow {
    messages: Value,
    tools: Option<Value>,
    /// Whether requests have a place for messages; else the chat template makes a text of them.
    sent_whole: bool,
}

impl ChatRow {
    /// The chat of a row, if it has one at `messages` or `prompt`. What the assistant says last is the answer, and not sent.
    ///
    /// # Errors
    /// Where nothing is left to be sent.
    pub(super) fn of(row: &mut Row, sent_whole: bool) -> Result<Option<Self>> {
        let field = if row.get("prompt").is_some() { "prompt" } else { "messages" };
        let talks = |value: &Value| {
            value.as_array().is_some_and(|list| list.iter().any(|message| message.get("role").is_some()))
        };
        if !row.get(field).is_some_and(talks) {
            return Ok(None);
        }
        let Some(Value::Array(mut messages)) = row.take(field) else { return Ok(None) };
        while messages.last().is_some_and(|message| message["role"] == "assistant") {
            messages.pop();
        }
        if messages.is_empty() {
            return Err(row.wrong(format_args!("no message of a user at `{field}`")));
        }
        let tools = row.take("tools").filter(|tools| tools.as_array().is_some_and(|tools| !tools.is_empty()));
        Ok(Some(ChatRow { messages: Value::Array(messages), tools, sent_whole }))
    }

    /// The request of this chat; without a tokenizer it counts as one token.
    pub(super) fn sample(&self, tokenizer: Option<&Tokenizer>) -> Result<Sample> {
        let rendered = tokenizer.map(|tokenizer| tokenizer.render_messages(self.messages.clone(), self.tools.clone()));
        let text = match rendered {
            // Where the server puts the template on, ours only counts.
            Some(Err(_)) | None if self.sent_whole => self.contents(),
            None => self.contents(),
            Some(rendered) => {
                rendered.map_err(|error| error.hint("give `--backend openai-chat`, which takes messages"))?
            }
        };
        let input_tokens = tokenizer.map_or(Ok(1), |tokenizer| tokenizer.count(&text))?;
        if !self.sent_whole {
            return Ok(Sample { prompt: Prompt::Text(text), input_tokens, ..Sample::default() });
        }
        let overrides = self.tools.iter().map(|tools| ("tools".to_owned(), Json::of(tools))).collect();
        Ok(Sample { prompt: Prompt::Messages(Json::of(&self.messages)), input_tokens, overrides, ..Sample::default() })
    }

    /// What the messages say, a line each.
    fn contents(&self) -> String {
        let messages = self.messages.as_array().into_iter().flatten();
        messages.filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n")
    }
}
