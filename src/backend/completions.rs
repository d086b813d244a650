//! `/v1/completions`: the prompt as it is, an answer in `choices[0].text`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::event::{Chunk, Holds, Text};
use super::quick::{self, Place};
use super::template::{Field, Fixed, Template};
use super::{Backend, Reading};

pub(super) fn template(fixed: &Fixed<'_>) -> Template {
    let fields = vec![
        ("model", Field::Value(Value::from(fixed.model))),
        ("prompt", Field::Prompt),
        ("repetition_penalty", Field::Value(json!(1.0))),
        ("max_tokens", Field::OutputTokens),
        ("logprobs", Field::Value(json!(fixed.logprobs))),
        ("stream", Field::Value(json!(true))),
        ("stream_options", Field::Value(json!({"include_usage": true}))),
    ];
    Template::new(Backend::Openai, fields, fixed)
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
    quick::read(data, Place::Text).map_or_else(|| by_serde(data), Ok)
}

/// Every chunk with a choice carries output, even where its text is empty.
pub(super) fn by_serde(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let error = chunk.error(data);
    let Some(choice) = chunk.choices.0 else {
        return Ok(Reading { usage: chunk.usage, error, ..Reading::default() });
    };
    let text = choice.text.map_or_else(Default::default, |text| text.0);
    Ok(Reading { output: Some(text), usage: chunk.usage, finished: choice.finish_reason.0, error })
}

#[cfg(test)]
#[path = "completions_test.rs"]
mod tests;
