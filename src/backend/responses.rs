//! `/v1/responses`: the prompt as it is, an answer in events that are told apart by their `type` and end with one of their own.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::counts::Counts;
use super::event::{self, Others, Text};
use super::prompt;
use super::reading::{Delivery, Reading};
use super::template::{Body, Field, Fixed, Place, Template};

pub(super) fn template(fixed: &Fixed<'_>) -> Template {
    let fields = vec![
        ("model", Field::from(Place::Model)),
        ("input", Place::Of(prompt::write_input).into()),
        ("max_output_tokens", Place::OutputTokens.into()),
        ("stream", json!(fixed.delivery == Delivery::Stream).into()),
        // A server that stores answers keeps each of them in memory for as long as it lives.
        ("store", json!(false).into()),
    ];
    Template::new(Body::Generation, fields, fixed)
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<Response<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// The whole answer: alone, or in the event that ends a stream.
#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    output: Option<Vec<Item<'a>>>,
    #[serde(default)]
    usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metrics: Option<&'a RawValue>,
    #[serde(borrow, default)]
    incomplete_details: Option<Incomplete<'a>>,
}

/// Why an answer is not complete.
#[derive(Deserialize)]
struct Incomplete<'a> {
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Option<Vec<Content<'a>>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
}

impl<'a> Response<'a> {
    /// Why it ended, as chats say it.
    fn reason(&self) -> Cow<'a, str> {
        let why = self.incomplete_details.as_ref().and_then(|details| details.reason.as_ref());
        match why.map(|reason| &*reason.0) {
            Some("max_output_tokens") => Cow::Borrowed("length"),
            Some(other) => Cow::Owned(other.to_owned()),
            None => Cow::Borrowed("stop"),
        }
    }
}

/// What an event says. Reasoning, refusals and calls are output that is no text; what surrounds them is none.
pub(super) fn read(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let event: Event<'_> = serde_json::from_slice(data)?;
    let error = event::error_of(event.error);
    let reading = match event.kind.as_ref().map_or("", |kind| &*kind.0) {
        "response.output_text.delta" => {
            let delta: Option<Option<Text<'_>>> =
                event.delta.map(|delta| serde_json::from_str(delta.get())).transpose()?;
            let text = delta.flatten().map_or(Cow::Borrowed(""), |text| text.0);
            Reading { output: Some(text), choice: true, ..Reading::default() }
        }
        "response.reasoning_text.delta"
        | "response.refusal.delta"
        | "response.function_call_arguments.delta"
        | "response.mcp_call_arguments.delta"
        | "response.custom_tool_call_input.delta"
        | "response.code_interpreter_call_code.delta" => {
            Reading { output: Some(Cow::Borrowed("")), choice: true, ..Reading::default() }
        }
        "response.completed" | "response.incomplete" => {
            let response = event.response.as_ref();
            let Counts { usage, unread } = response.map_or_else(Counts::default, |response| response.usage);
            let server = event::server_times(response.and_then(|response| response.metrics));
            let reason = response.map(Response::reason);
            Reading { usage, unread, choice: true, finished: true, reason, server, ..Reading::default() }
        }
        "error" | "response.failed" | "response.cancelled" => {
            let nested = event.response.and_then(|response| event::error_of(response.error));
            let whole = || event::error_message(&String::from_utf8_lossy(data));
            return Ok(Reading { error: Some(error.or(nested).unwrap_or_else(whole)), ..Reading::default() });
        }
        // Every other delta is output by a name that is not known here.
        other => {
            let output = other.ends_with(".delta") && !other.contains("summary");
            Reading { output: output.then_some(Cow::Borrowed("")), choice: true, ..Reading::default() }
        }
    };
    Ok(Reading { error, ..reading })
}

/// What an answer that comes whole says.
pub(super) fn read_document(data: &[u8]) -> serde_json::Result<Reading<'_>> {
    let response: Response<'_> = serde_json::from_slice(data)?;
    let failed = response.status.as_ref().is_some_and(|status| event::is_failure(&status.0));
    let reason = Some(response.reason());
    let error = event::error_of(response.error)
        .or_else(|| failed.then(|| event::error_message(&String::from_utf8_lossy(data))));
    let (mut text, mut others) = (String::new(), Others::None);
    for item in response.output.unwrap_or_default() {
        if item.kind.is_none_or(|kind| kind.0 != "message") {
            others = Others::Some;
            continue;
        }
        for content in item.content.unwrap_or_default() {
            match content.text {
                Some(piece) if content.kind.is_none_or(|kind| kind.0 == "output_text") => text.push_str(&piece.0),
                _ => others = Others::Some,
            }
        }
    }
    let Counts { usage, unread } = response.usage;
    let output = event::whole_output(Some(text.into()), others, usage);
    let server = event::server_times(response.metrics);
    Ok(Reading { output, usage, unread, choice: true, finished: true, reason, error, server })
}

#[cfg(test)]
#[path = "responses_test.rs"]
mod tests;
