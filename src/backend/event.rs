//! Borrowed looks at the few JSON fields of an event that matter, shared by the protocols.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::counts::Counts;
use super::reading::{Reading, Usage};
use crate::record::ServerTimes;

/// One event of a stream, with what a protocol wants to see of its first choice.
#[derive(Deserialize)]
#[serde(bound(deserialize = "C: Deserialize<'de>"))]
pub(super) struct Chunk<'a, C> {
    #[serde(default)]
    pub(super) choices: First<C>,
    #[serde(default)]
    pub(super) usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<Text<'a>>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) metrics: Option<&'a RawValue>,
    /// Where Groq counts, and says what went wrong.
    #[serde(borrow, default)]
    x_groq: Option<&'a RawValue>,
}

/// Whether an answer holds output beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    None,
    Some,
}

/// The output of an answer that comes whole: there is some where there is text or other output, or tokens were counted.
pub(super) fn whole_output<'a>(
    text: Option<Cow<'a, str>>,
    others: Others,
    usage: Option<Usage>,
) -> Option<Cow<'a, str>> {
    let text = text.unwrap_or_default();
    let counted = usage.and_then(|usage| usage.completion_tokens).is_some_and(|tokens| tokens > 0);
    (!text.is_empty() || others == Others::Some || counted).then_some(text)
}

#[derive(Deserialize)]
struct Metrics {
    #[serde(default)]
    queue_time_ms: Option<f64>,
    #[serde(default)]
    time_to_first_token_ms: Option<f64>,
}

/// The times in a `metrics` object; what is none says nothing.
pub(super) fn server_times(metrics: Option<&RawValue>) -> Option<Box<ServerTimes>> {
    let metrics: Metrics = serde_json::from_str(metrics?.get()).ok()?;
    let seconds = |millis: Option<f64>| millis.map(|millis| millis / 1e3);
    let times = ServerTimes { queue: seconds(metrics.queue_time_ms), ttft: seconds(metrics.time_to_first_token_ms) };
    (times != ServerTimes::default()).then(|| Box::new(times))
}

#[derive(Deserialize, Default)]
struct Groq<'a> {
    #[serde(default)]
    usage: Counts,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl<C> Chunk<'_, C> {
    /// What stands in Groq's place; nothing where that has another shape.
    fn groq(&self) -> Groq<'_> {
        self.x_groq.and_then(|place| serde_json::from_str(place.get()).ok()).unwrap_or_default()
    }

    /// The counts, at whichever of their places they are; `of_choice` are those of a choice, where Moonshot counts.
    pub(super) fn counts(&self, of_choice: impl FnOnce(&C) -> Counts) -> Counts {
        let places = [Some(self.usage), self.choices.0.as_ref().map(of_choice)];
        let said = places.into_iter().flatten().find(|counts| *counts != Counts::default());
        said.unwrap_or_else(|| self.groq().usage)
    }

    /// The server's message, if the event is an error: by an `error` field, or as a whole, as it is where words stand in the place
    /// of choices and counts. `data` is the event.
    pub(super) fn error(&self, data: &[u8]) -> Option<String> {
        let is_text = |value: &RawValue| value.get().starts_with('"') && value.get() != "\"\"";
        let words = [self.message, self.detail].into_iter().flatten().any(is_text);
        let alone = self.choices.0.is_none() && self.usage.usage.is_none();
        let whole = (words && alone) || self.object.as_ref().is_some_and(|object| object.0 == "error");
        let said = error_of(self.error).or_else(|| error_of(self.groq().error));
        said.or_else(|| whole.then(|| error_message(&String::from_utf8_lossy(data))))
    }
}

/// Why an answer ended: a reason where there is a text that says one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reason<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Reason<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let said = match serde_json::from_str::<Text<'de>>(raw) {
            Ok(Text(text)) => Some(text).filter(|text| is_reason(text)),
            // Some name reasons by numbers, or by objects that have one as their type.
            Err(_) => match serde_json::from_str::<Typed<'de>>(raw) {
                Ok(typed) => Some(typed.kind.0),
                Err(_) => {
                    serde_json::from_str::<Holds>(raw).is_ok_and(|holds| holds.0).then(|| Cow::Owned(raw.to_owned()))
                }
            },
        };
        Ok(Reason(said))
    }
}

/// A reason in an object.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
}

/// Whether a reason, or an error, is one: some servers spell none as a text.
pub(super) fn is_reason(text: &str) -> bool {
    let text = text.trim();
    !["", "null", "none"].iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// Whether a finish reason names a failure, in the words of whatever server: `error`, `network_error`, `ABORTED`, `cancelled`,
/// `failed`, `timeout`, `insufficient_system_resource`.
pub(super) fn is_failure(reason: &str) -> bool {
    const SIGNS: [&str; 6] = ["error", "abort", "cancel", "fail", "timeout", "insufficient"];
    // Nearly all answers end for one of these.
    if matches!(reason, "stop" | "length" | "tool_calls") {
        return false;
    }
    let reason = reason.to_ascii_lowercase();
    SIGNS.iter().any(|sign| reason.contains(sign))
}

/// The end of an answer: a reason that names a failure is an error, in the words of `error` where there are any.
pub(super) fn ended<'a>(reason: Option<Cow<'a, str>>, error: Option<&RawValue>) -> Reading<'a> {
    let failed = reason.as_ref().filter(|reason| is_failure(reason));
    let error =
        error_of(error).or_else(|| failed.map(|reason| format!("the server ended it with finish reason `{reason}`")));
    Reading { choice: true, finished: reason.is_some(), reason, error, ..Reading::default() }
}

/// A text that is borrowed where it has no escapes.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Look)
    }
}

/// The first item of a list; the rest is checked and dropped.
pub(super) struct First<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Look<T> {
            type Value = First<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E>(self) -> Result<First<T>, E> {
                Ok(First(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<First<T>, E> {
                Ok(First(None))
            }
            fn visit_str<E>(self, _: &str) -> Result<First<T>, E> {
                Ok(First(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<First<T>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(First(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<T>, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_any(Look(std::marker::PhantomData))
    }
}

impl<T> Default for First<T> {
    fn default() -> Self {
        First(None)
    }
}

/// Whether a value holds anything: not null, false, an empty text, list or object.
#[derive(Default)]
pub(super) struct Holds(pub(super) bool);

impl<'de> Deserialize<'de> for Holds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Holds;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Holds, E> {
                Ok(Holds(false))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Holds, E> {
                Ok(Holds(value))
            }
            fn visit_str<E>(self, text: &str) -> Result<Holds, E> {
                Ok(Holds(!text.is_empty()))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Holds, E> {
                Ok(Holds(true))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Holds, E> {
                Ok(Holds(true))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Holds, E> {
                Ok(Holds(true))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Holds, A::Error> {
                let mut holds = false;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    holds = true;
                }
                Ok(Holds(holds))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Holds, A::Error> {
                let mut holds = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    holds = true;
                }
                Ok(Holds(holds))
            }
        }
        deserializer.deserialize_any(Look)
    }
}

/// Whether an error, in JSON or not, says anything: some servers send one with every answer, in which all is empty or zero.
pub fn is_error(error: &str) -> bool {
    fn says(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(said) => *said,
            Value::Number(code) => code.as_f64() != Some(0.0),
            Value::String(text) => is_reason(text),
            Value::Array(items) => items.iter().any(says),
            Value::Object(members) => members.values().any(says),
        }
    }
    serde_json::from_str(error).map_or_else(|_| is_reason(error), |value| says(&value))
}

/// The message of an `error` field, if it says anything.
pub(super) fn error_of(error: Option<&RawValue>) -> Option<String> {
    error.map(RawValue::get).filter(|error| is_error(error)).map(error_message)
}

/// The server's own words in an error object or text: its `message` where there is one, else all of it, on one line of at
/// most 500 characters.
pub fn error_message(body: &str) -> String {
    let body = body.trim_start_matches('\u{feff}');
    let value: Option<Value> = serde_json::from_str(body).ok();
    let message = value.as_ref().and_then(message_in).unwrap_or(body);
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ").chars().take(500).collect()
}

fn message_in(value: &Value) -> Option<&str> {
    if let Some([only]) = value.as_array().map(Vec::as_slice) {
        return message_in(only);
    }
    value.as_str().or_else(|| {
        let inner =
            ["error", "message", "detail"].iter().find_map(|key| value.get(key).filter(|inner| !inner.is_null()));
        inner.and_then(message_in)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_name_a_failure_are_told_from_others() {
        for reason in
            ["error", "network_error", "ABORT", "Cancelled", "canceled", "failed", "insufficient_system_resource"]
        {
            assert!(is_failure(reason), "{reason}");
        }
        for reason in ["stop", "length", "content_filter", "tool_calls", "eos_token", "repetition", "MAX_TOKENS"] {
            assert!(!is_failure(reason), "{reason}");
        }
    }

    #[test]
    fn a_reason_is_read_in_every_form() {
        let table = [
            (r#""stop""#, Some("stop")),
            (r#"{"type":"abort","message":"gone"}"#, Some("abort")),
            (r#"{"kind":1}"#, Some(r#"{"kind":1}"#)),
            ("2", Some("2")),
            ("null", None),
            (r#""none""#, None),
            ("{}", None),
        ];
        for (json, reason) in table {
            assert_eq!(serde_json::from_str::<Reason<'_>>(json).unwrap().0.as_deref(), reason, "{json}");
        }
    }

    #[test]
    fn the_message_is_found_where_servers_put_it() {
        let table = [
            (r#"{"error":{"message":"too long","code":400}}"#, "too long"),
            (r#"{"object":"error","message":"no such model"}"#, "no such model"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (r#"{"error":"busy"}"#, "busy"),
            (r#"[{"error":{"message":"busy"}}]"#, "busy"),
            ("\u{feff} {\"error\":\"busy\"}", "busy"),
            (r#""plain""#, "plain"),
            ("<h1>Bad\n  Gateway</h1>", "<h1>Bad Gateway</h1>"),
            (r#"{"code":7}"#, r#"{"code":7}"#),
        ];
        for (body, message) in table {
            assert_eq!(error_message(body), message);
        }
    }
}
