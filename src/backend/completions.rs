//! `/v1/completions`: the prompt as it is, an answer in `choices[0].text`.

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
        ("prompt", Place::Of(prompt::write_input).into()),
        ("repetition_penalty", json!(1.0).into()),
        ("max_tokens", Place::OutputTokens.into()),
        ("logprobs", json!(fixed.logprobs).into()),
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
    text: Option<Text<'a>>,
    #[serde(default)]
    finish_reason: Holds,
}

/// What an event says.
pub(super) fn read(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    quick::read(data, Shape::Text).map_or_else(|| by_serde(data), Ok)
}

/// Every chunk with a choice carries output, even where its text is empty.
pub(super) fn by_serde(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let error = chunk.error(data);
    let server = event::server_times(chunk.metrics);
    let Some(choice) = chunk.choices.0 else {
        return Ok(Reading { usage: chunk.usage, error, server, ..Reading::default() });
    };
    let text = choice.text.map_or_else(Default::default, |text| text.0);
    Ok(Reading { output: Some(text), usage: chunk.usage, finished: choice.finish_reason.0, error, server })
}

/// What an answer that comes whole says.
pub(super) fn read_document(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let (error, usage, server) = (chunk.error(data), chunk.usage, event::server_times(chunk.metrics));
    let text = chunk.choices.0.and_then(|choice| choice.text);
    Ok(Reading { output: event::whole_output(text, Others::None, usage), usage, finished: true, error, server })
}

#[cfg(test)]
#[path = "completions_test.rs"]
mod tests;
