//! `/v1/responses`: the prompt as it is, an answer in events that are told apart by their `type` and end with one of their own.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::counts::Counts;
use super::delta::Content;
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

/// The whole answer: alone, or in the event that ends a stream. What is looked at in one case only, or may have any shape, is read
/// when it is wanted.
#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    #[serde(default)]
    usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metrics: Option<&'a RawValue>,
    #[serde(borrow, default)]
    incomplete_details: Option<&'a RawValue>,
}

/// Why an answer is not complete.
#[derive(Deserialize)]
struct Incomplete<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Content<'a>,
}

impl<'a> Response<'a> {
    /// How far it has come, in the server's word.
    fn status(&self) -> Option<Text<'a>> {
        self.status.and_then(|status| serde_json::from_str(status.get()).ok())
    }

    /// Why it ended, as chats say it.
    fn reason(&self) -> Cow<'a, str> {
        let why =
            self.incomplete_details.and_then(|details| serde_json::from_str::<Incomplete<'a>>(details.get()).ok());
        match why.map(|why| why.reason.0) {
            Some(reason) if reason == "max_output_tokens" => Cow::Borrowed("length"),
            Some(reason) => reason,
            None => Cow::Borrowed("stop"),
        }
    }

    /// Why it failed, if it did; `data` is all that the server said.
    fn error(&self, data: &[u8]) -> Option<String> {
        let failed = self.status().is_some_and(|status| event::is_failure(&status.0));
        event::error_of(self.error).or_else(|| failed.then(|| event::error_message(&String::from_utf8_lossy(data))))
    }

    /// Its text, and whether there is output beside it.
    fn output(&self) -> (String, Others) {
        let (mut text, mut others) = (String::new(), Others::None);
        let Some(output) = self.output else { return (text, others) };
        let Ok(items) = serde_json::from_str::<Vec<Item<'_>>>(output.get()) else {
            let held = serde_json::from_str::<Content<'_>>(output.get()).unwrap_or_default();
            return (held.text.unwrap_or_default().into_owned(), if held.others { Others::Some } else { others });
        };
        for item in items {
            let is_message = item.kind.is_none_or(|kind| kind.0 == "message");
            if !is_message || item.content.others {
                others = Others::Some;
            }
            if is_message {
                text.push_str(&item.content.text.unwrap_or_default());
            }
        }
        (text, others)
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
            let error = error.or_else(|| response.and_then(|response| response.error(data)));
            return Ok(Reading {
                usage,
                unread,
                choice: true,
                finished: true,
                reason,
                error,
                server,
                ..Reading::default()
            });
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
    let (reason, error) = (Some(response.reason()), response.error(data));
    // One that is being made is none yet.
    let finished = response.status().is_none_or(|status| !matches!(&*status.0, "in_progress" | "queued"));
    let (text, others) = response.output();
    let Counts { usage, unread } = response.usage;
    let output = event::whole_output(Some(text.into()), others, usage);
    let server = event::server_times(response.metrics);
    Ok(Reading { output, usage, unread, choice: true, finished, reason, error, server })
}

#[cfg(test)]
#[path = "responses_test.rs"]
mod tests;
