//! What a row of a file asks, and how it becomes a request: a text or whole messages come in, a sample goes out.

use serde_json::{Map, Value};

use super::shaping::{Form, Shaping};
use crate::dataset::needs::Carries;
use crate::dataset::part::Json;
use crate::dataset::rows::{Place, Row, beginning};
use crate::dataset::sample::{Prompt, Sample};
use crate::error::{Error, Result};
use crate::token::{Special, Tokenizer};

/// What is asked, and what else a row says of its request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    said: Said,
    /// Fields of the body, which go before those of the command.
    fields: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq)]
enum Said {
    Text(String),
    Messages(Vec<Value>),
}

impl Asked {
    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Asked { said: Said::Text(text.trim().to_owned()), fields: Map::new() }
    }

    /// What a line asks: a JSON list of messages, an object that is a whole body, and any other line as it stands.
    ///
    /// # Errors
    /// Where an object has neither `messages` nor `prompt`.
    pub(super) fn line(line: &str, number: usize) -> Result<Self> {
        const FORM: &str = "write a text a line, a list such as [{\"role\": \"user\", \"content\": \"Hello\"}], or an object \
                            such as {\"messages\": [...], \"max_tokens\": 10}";
        match serde_json::from_str(line) {
            Ok(Value::Array(messages)) if messages.iter().all(|message| message.get("role").is_some()) => {
                let why = || Error::new(format!("line {number}: a list without messages")).hint(FORM);
                (!messages.is_empty()).then_some(()).ok_or_else(why)?;
                Ok(Asked { said: Said::Messages(messages), fields: Map::new() })
            }
            Ok(Value::Object(fields)) => Self::body(Row::new(Place::Line(number), fields, FORM)),
            _ => Ok(Self::text(line)),
        }
    }

    /// What a whole body asks.
    ///
    /// # Errors
    /// Where it has neither `messages` nor `prompt`.
    pub(super) fn body(mut row: Row) -> Result<Self> {
        let said = match row.take("messages") {
            Some(Value::Array(messages)) => Said::Messages(messages),
            Some(other) => {
                return Err(row.wrong(format!("no list at `messages`, which is {}", beginning(&other.to_string()))));
            }
            None => match row.get("prompt") {
                Some(Value::String(_)) => Said::Text(row.text("prompt")?),
                _ => return Err(row.without("string and no `messages`", "prompt")),
            },
        };
        let fields = row.into_fields().into_iter().filter(|(name, _)| name != "messages" && name != "prompt");
        Ok(Asked { said, fields: fields.collect() })
    }

    /// How long a text is, in tokens or, without a tokenizer, in characters; `None` of messages, which have any length.
    pub(super) fn length(&self, shaping: &Shaping, tokenizer: Option<&Tokenizer>) -> Result<Option<u32>> {
        match (&self.said, tokenizer) {
            (Said::Text(_), _) if !self.fields.is_empty() => Ok(None),
            (Said::Text(text), Some(tokenizer)) => shaping.tokens(text, tokenizer).map(Some),
            (Said::Text(text), None) => Ok(Some(text.chars().count() as u32)),
            (Said::Messages(_), _) => Ok(None),
        }
    }

    /// The request, of which `length` is what [`Asked::length`] told.
    ///
    /// # Errors
    /// Where the backend has no place for messages, or there is no tokenizer and token ids are wanted.
    pub(super) fn sample(
        &self,
        shaping: &Shaping,
        length: Option<u32>,
        carries: &Carries,
        tokenizer: Option<&Tokenizer>,
    ) -> Result<Sample> {
        let (prompt, input_tokens) = match (&self.said, shaping.form) {
            (Said::Text(text), Form::Ids) => ids(text, tokenizer)?,
            (Said::Messages(messages), Form::Ids) => {
                let rendered = needed(tokenizer)?.render_messages(Value::Array(messages.clone()), None)?;
                ids(&rendered, tokenizer)?
            }
            (Said::Text(text), Form::Chat | Form::Text) => {
                let tokens = match (tokenizer, length) {
                    (None, _) => 0,
                    (Some(_), Some(tokens)) => tokens,
                    (Some(tokenizer), None) => shaping.tokens(text, tokenizer)?,
                };
                (Prompt::Text(text.clone()), tokens)
            }
            (Said::Messages(messages), Form::Chat | Form::Text) if carries.messages => {
                let messages = Value::Array(messages.clone());
                (Prompt::Messages(Json::of(&messages)), tokens_of(messages, tokenizer)?)
            }
            (Said::Messages(_), Form::Chat | Form::Text) => {
                return Err(Error::new("the file has messages, for which requests of this API have no place")
                    .hint("give a `--url` that ends in `/chat/completions`"));
            }
        };
        let overrides = self.fields.iter().map(|(name, value)| (name.clone(), Json::of(value))).collect();
        Ok(Sample { prompt, input_tokens, overrides, ..Sample::default() })
    }

    /// The output tokens that the row itself asks for.
    pub(super) fn output_tokens(&self) -> Option<u32> {
        let field = self.fields.get("max_tokens").or_else(|| self.fields.get("max_completion_tokens"));
        field.and_then(Value::as_u64).and_then(|tokens| u32::try_from(tokens).ok())
    }
}

fn needed(tokenizer: Option<&Tokenizer>) -> Result<&Tokenizer> {
    tokenizer.ok_or_else(|| Error::new("token ids need a tokenizer").hint("give `--tokenizer-path`"))
}

fn ids(text: &str, tokenizer: Option<&Tokenizer>) -> Result<(Prompt, u32)> {
    let ids = needed(tokenizer)?.encode(text, Special::Skip)?;
    let tokens = ids.len() as u32;
    Ok((Prompt::Ids(ids), tokens))
}

/// The tokens of messages; of those that the template does not take, of what they say.
fn tokens_of(messages: Value, tokenizer: Option<&Tokenizer>) -> Result<u32> {
    let Some(tokenizer) = tokenizer else { return Ok(0) };
    if let Ok(rendered) = tokenizer.render_messages(messages.clone(), None) {
        return Ok(tokenizer.encode(&rendered, Special::Skip)?.len() as u32);
    }
    let said = messages.as_array().into_iter().flatten().filter_map(|message| message["content"].as_str());
    said.map(|text| tokenizer.count(text)).sum()
}
