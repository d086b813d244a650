//! `/v1/chat/completions`: the prompt as one user message, an answer in `choices[0].delta`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::event::{Chunk, Holds, Text};
use super::quick::{self, Place};
use super::template::{Field, Fixed, Template};
use super::{Backend, Reading};

pub(super) fn template(fixed: &Fixed<'_>) -> Template {
    let fields = vec![
        ("model", Field::Value(Value::from(fixed.model))),
        ("messages", Field::Prompt),
        ("max_completion_tokens", Field::OutputTokens),
        ("stream", Field::Value(json!(true))),
        ("stream_options", Field::Value(json!({"include_usage": true}))),
    ];
    Template::new(Backend::OpenaiChat, fields, fixed)
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    finish_reason: Holds,
}

#[derive(Deserialize, Default)]
struct Delta<'a> {
    #[serde(default)]
    role: Option<Holds>,
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(default)]
    reasoning: Holds,
    #[serde(default)]
    reasoning_content: Holds,
    #[serde(default)]
    tool_calls: Holds,
    #[serde(default)]
    function_call: Holds,
}

/// What an event says.
pub(super) fn read(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    quick::read(data, Place::Delta).map_or_else(|| by_serde(data), Ok)
}

pub(super) fn by_serde(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let error = chunk.error(data);
    let (output, finished) = match chunk.choices.0 {
        Some(choice) => (output_of(choice.delta.unwrap_or_default()), choice.finish_reason.0),
        None => (None, false),
    };
    Ok(Reading { output, usage: chunk.usage, finished, error })
}

/// The opening role and a finish chunk without content are no output; an empty content without a role is: a token that
/// decodes to nothing.
fn output_of(delta: Delta<'_>) -> Option<Cow<'_, str>> {
    match delta.content {
        Some(Text(content)) if !content.is_empty() || delta.role.is_none() => Some(content),
        _ => {
            let other = [delta.reasoning, delta.reasoning_content, delta.tool_calls, delta.function_call];
            other.iter().any(|field| field.0).then_some(Cow::Borrowed(""))
        }
    }
}

#[cfg(test)]
#[path = "chat_test.rs"]
mod tests;
