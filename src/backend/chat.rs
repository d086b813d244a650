//! `/v1/chat/completions`: the prompt as one user message, an answer in `choices[0].delta`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::json;

use super::event::{self, Chunk, Holds, Others, Text};
use super::prompt;
use super::quick::{self, Shape};
use super::reading::{Delivery, Reading};
use super::template::{Body, Field, Fixed, Place, Template};

pub(super) fn template(fixed: &Fixed<'_>) -> Template {
    let mut fields = vec![
        ("model", Field::from(Place::Model)),
        ("messages", Place::Of(prompt::write_messages).into()),
        ("max_completion_tokens", Place::OutputTokens.into()),
        ("stream", json!(fixed.delivery == Delivery::Stream).into()),
    ];
    if fixed.delivery == Delivery::Stream {
        fields.push(("stream_options", json!({"include_usage": true}).into()));
    }
    Template::new(Body::Generation, fields, fixed)
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
    quick::read(data, Shape::Delta).map_or_else(|| by_serde(data), Ok)
}

pub(super) fn by_serde(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let (error, server) = (chunk.error(data), event::server_times(chunk.metrics));
    let (output, finished) = match chunk.choices.0 {
        Some(choice) => (output_of(choice.delta.unwrap_or_default()), choice.finish_reason.0),
        None => (None, false),
    };
    Ok(Reading { output, usage: chunk.usage, finished, error, server })
}

#[derive(Deserialize)]
struct WholeChoice<'a> {
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
}

/// What an answer that comes whole says.
pub(super) fn read_document(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, WholeChoice<'_>> = serde_json::from_slice(data)?;
    let (error, usage, server) = (chunk.error(data), chunk.usage, event::server_times(chunk.metrics));
    let message = chunk.choices.0.and_then(|choice| choice.message).unwrap_or_default();
    let others = if message.holds_others() { Others::Some } else { Others::None };
    let output = event::whole_output(message.content, others, usage);
    Ok(Reading { output, usage, finished: true, error, server })
}

impl Delta<'_> {
    /// Whether there is output beside the content.
    fn holds_others(&self) -> bool {
        self.reasoning.0 || self.reasoning_content.0 || self.tool_calls.0 || self.function_call.0
    }
}

/// The opening role and a finish chunk without content are no output; an empty content without a role is: a token that
/// decodes to nothing.
fn output_of(delta: Delta<'_>) -> Option<Cow<'_, str>> {
    let others = delta.holds_others();
    match delta.content {
        Some(Text(content)) if !content.is_empty() || delta.role.is_none() => Some(content),
        _ => others.then_some(Cow::Borrowed("")),
    }
}

#[cfg(test)]
#[path = "chat_test.rs"]
mod tests;
