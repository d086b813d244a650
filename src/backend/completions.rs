//! `/v1/completions`: the prompt as it is, an answer in `choices[0].text`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::counts::Counts;
use super::delta::Delta;
use super::event::{self, Chunk, Holds, Others, Reason, Text};
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
    /// There where the key is, whatever its value.
    #[serde(borrow, default, deserialize_with = "written")]
    text: Option<Cow<'a, str>>,
    /// A chat's answer, as some servers give it here too.
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    reasoning: Holds,
    #[serde(default)]
    reasoning_content: Holds,
    #[serde(default)]
    refusal: Holds,
    #[serde(borrow, default)]
    finish_reason: Reason<'a>,
    #[serde(default)]
    usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// A text that is there, though it be null.
fn written<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    Ok(Some(Option::<Text<'de>>::deserialize(deserializer)?.map_or(Cow::Borrowed(""), |text| text.0)))
}

impl<'a> Choice<'a> {
    /// Whether there is output beside the text.
    fn others(&self) -> bool {
        let named = self.reasoning.0 || self.reasoning_content.0 || self.refusal.0;
        named || self.delta.as_ref().is_some_and(|delta| delta.others)
    }

    /// The text, if there is one.
    fn text(self) -> Option<Cow<'a, str>> {
        self.text.or_else(|| self.delta?.content)
    }
}

/// What an event says.
pub(super) fn read(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    match quick::read(data, Shape::Text) {
        Some(usual) => Ok(usual.into()),
        None => by_serde(data),
    }
}

/// Every chunk with a text carries output, even where it is empty; one without, which tells of the end or of counts, does not.
pub(super) fn by_serde(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let chunk: Chunk<'_, Choice<'_>> = serde_json::from_slice(data)?;
    let (error, server, counts) =
        (chunk.error(data), event::server_times(chunk.metrics), chunk.counts(|choice| choice.usage));
    let reading = match chunk.choices.0 {
        Some(mut choice) => {
            let others = choice.others();
            let ended = event::ended(std::mem::take(&mut choice.finish_reason).0, choice.error);
            let output = choice.text().or_else(|| others.then_some(Cow::Borrowed("")));
            Reading { output, ..ended }
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
    let (text, others, ended) = match chunk.choices.0 {
        Some(mut choice) => {
            let others = if choice.others() { Others::Some } else { Others::None };
            let ended = event::ended(std::mem::take(&mut choice.finish_reason).0, choice.error);
            (choice.text(), others, ended)
        }
        None => (None, Others::None, Reading::default()),
    };
    let output = event::whole_output(text, others, counts.usage);
    let error = error.or(ended.error);
    Ok(Reading { output, usage: counts.usage, unread: counts.unread, finished: true, error, server, ..ended })
}

#[cfg(test)]
#[path = "completions_test.rs"]
mod tests;
