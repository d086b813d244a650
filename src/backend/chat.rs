//! `/v1/chat/completions`: the prompt as one user message, an answer in `choices[0].delta`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::counts::Counts;
use super::delta::Delta;
use super::event::{self, Chunk, Others, Reason, Text};
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

/// A choice of an event, or of a document.
#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    /// The answer as completions have it, as some servers give it here too.
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    finish_reason: Reason<'a>,
    #[serde(default)]
    usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// What an event says.
pub(super) fn read(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    match quick::read(data, Shape::Delta) {
        Some(usual) => Ok(usual.into()),
        None => by_serde(data),
    }
}

pub(super) fn by_serde(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let (error, server, counts) =
        (chunk.error(data), event::server_times(chunk.metrics), chunk.counts(|choice| choice.usage));
    let reading = match chunk.choices.0 {
        Some(choice) => {
            let text = choice.text.map(|text| text.0);
            let output = output_of(choice.delta.or(choice.message).unwrap_or_default()).or(text);
            Reading { output, ..event::ended(choice.finish_reason.0, choice.error) }
        }
        None => Reading::default(),
    };
    Ok(Reading { usage: counts.usage, unread: counts.unread, error: error.or(reading.error), server, ..reading })
}

/// What an answer that comes whole says.
pub(super) fn read_document(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let (error, server, counts) =
        (chunk.error(data), event::server_times(chunk.metrics), chunk.counts(|choice| choice.usage));
    let (delta, text, ended) = match chunk.choices.0 {
        Some(choice) => {
            let ended = event::ended(choice.finish_reason.0, choice.error);
            (choice.message.or(choice.delta).unwrap_or_default(), choice.text.map(|text| text.0), ended)
        }
        None => Default::default(),
    };
    let others = if delta.others { Others::Some } else { Others::None };
    let output = event::whole_output(delta.content.or(text), others, counts.usage);
    let error = error.or(ended.error);
    Ok(Reading { output, usage: counts.usage, unread: counts.unread, finished: true, error, server, ..ended })
}

/// The opening role and a finish chunk without content are no output; an empty content without a role is: a token that
/// decodes to nothing.
fn output_of(delta: Delta<'_>) -> Option<Cow<'_, str>> {
    match delta.content {
        Some(content) if !content.is_empty() || !delta.role => Some(content),
        _ => delta.others.then_some(Cow::Borrowed("")),
    }
}

#[cfg(test)]
#[path = "chat_test.rs"]
mod tests;
