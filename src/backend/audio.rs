//! `/v1/audio/transcriptions` and `/v1/audio/translations`: a file of sound as a form, an answer in `choices[0].delta`, as a
//! chat's.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::chat;
use super::counts::Counts;
use super::event::{self, Text};
use super::reading::{Delivery, Reading};
use super::template::{Body, Field, Fixed, Place, Template};
use crate::dataset::Sample;
use crate::error::{Error, Result};

pub(super) fn template(fixed: &Fixed<'_>) -> Template {
    let streamed = fixed.delivery == Delivery::Stream;
    let mut fields = vec![
        ("model", Field::from(Place::Model)),
        ("max_completion_tokens", Place::OutputTokens.into()),
        ("stream", json!(streamed).into()),
        ("language", json!("en").into()),
    ];
    if streamed {
        // A form has no objects: what `stream_options` would hold stands beside it.
        fields.push(("stream_include_usage", json!(true).into()));
        fields.push(("stream_continuous_usage_stats", json!(true).into()));
    }
    Template::new(Body::Form, fields, fixed)
}

/// Whether there is anything to transcribe.
pub(super) fn check(sample: &Sample) -> Result<()> {
    match sample.audio {
        Some(_) => Ok(()),
        None => {
            Err(Error::new("there is no sound to transcribe").hint("use a dataset of sound, such as `custom_audio`"))
        }
    }
}

/// Says that another protocol would send the prompt without its sound.
pub(super) fn misplaced() -> Result<()> {
    Err(Error::new("it has no place for a sound beside the prompt")
        .hint("give `--backend openai-audio`, or put the sound into the message with `--enable-multimodal-chat`"))
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// An event as OpenAI's own service streams it.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    delta: Option<Text<'a>>,
    #[serde(default)]
    usage: Counts,
}

/// What an event says: a chat's, as vLLM streams it, or one that is told by its type.
pub(super) fn read(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let reading = chat::read(data)?;
    if reading.choice || reading.error.is_some() {
        return Ok(reading);
    }
    let Ok(Event { kind, delta, usage }) = serde_json::from_slice::<Event<'_>>(data) else { return Ok(reading) };
    Ok(match kind.as_ref().map_or("", |kind| &*kind.0) {
        "transcript.text.delta" => Reading { output: delta.map(|delta| delta.0), choice: true, ..Reading::default() },
        "transcript.text.done" => {
            let Counts { usage, unread } = usage;
            Reading { usage, unread, choice: true, finished: true, ..Reading::default() }
        }
        _ => reading,
    })
}

/// What an answer that comes whole says.
pub(super) fn read_document(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let document: Document<'_> = serde_json::from_slice(data)?;
    let Counts { usage, unread } = document.usage;
    let output = event::whole_output(document.text.map(|text| text.0), event::Others::None, usage);
    let error = event::error_of(document.error);
    Ok(Reading { output, usage, unread, choice: true, finished: true, error, ..Reading::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_either_kind_are_read() {
        let table = [
            (r#"{"type":"transcript.text.delta","delta":" word"}"#, Some(" word"), false),
            (r#"{"choices":[{"delta":{"content":"word"},"finish_reason":null}]}"#, Some("word"), false),
            (r#"{"type":"transcript.text.done","text":"word","usage":{"output_tokens":3}}"#, None, true),
            (r#"{"type":"transcript.text.segment"}"#, None, false),
        ];
        for (data, output, finished) in table {
            let reading = read(data.as_bytes()).unwrap();
            assert_eq!((reading.output.as_deref(), reading.finished), (output, finished), "{data}");
            assert_eq!(reading.usage.is_some(), finished);
        }
    }
}
