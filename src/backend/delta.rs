//! What a piece of a chat's answer carries, by whatever name and in whatever shape: every member with a value is output but those
//! that only say what the piece is.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::event::{Holds, Text};

/// Members that are no output, whatever they hold.
const ABOUT: [&str; 8] = ["role", "index", "id", "name", "type", "tool_call_id", "object", "provider_specific_fields"];

/// A piece of an answer, or all of it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Delta<'a> {
    /// Whether it says whose message it is.
    pub(super) role: bool,
    /// The text, where there is one.
    pub(super) content: Option<Cow<'a, str>>,
    /// Whether there is output beside the text: reasoning, calls, refusals, sound, whatever else.
    pub(super) others: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Delta<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Delta<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_unit<E>(self) -> Result<Delta<'de>, E> {
                Ok(Delta::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Delta<'de>, A::Error> {
                let mut delta = Delta::default();
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "content" => {
                            let Content { text, others } = map.next_value()?;
                            delta.content = text;
                            delta.others |= others;
                        }
                        "role" => delta.role = map.next_value::<Holds>()?.0,
                        about if ABOUT.contains(&about) => drop(map.next_value::<IgnoredAny>()?),
                        _ => delta.others |= map.next_value::<Holds>()?.0,
                    }
                }
                Ok(delta)
            }
        }
        deserializer.deserialize_any(Look)
    }
}

/// Content: a text, or a list of parts of which some are text.
#[derive(Default)]
pub(super) struct Content<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    /// Whether it holds anything else.
    pub(super) others: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Content<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("content")
            }
            fn visit_unit<E>(self) -> Result<Content<'de>, E> {
                Ok(Content::default())
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Content<'de>, E> {
                Ok(Content { text: Some(Cow::Borrowed(text)), others: false })
            }
            fn visit_str<E>(self, text: &str) -> Result<Content<'de>, E> {
                Ok(Content { text: Some(Cow::Owned(text.to_owned())), others: false })
            }
            fn visit_bool<E>(self, value: bool) -> Result<Content<'de>, E> {
                Ok(Content { text: None, others: value })
            }
            fn visit_u64<E>(self, _: u64) -> Result<Content<'de>, E> {
                Ok(Content { text: None, others: true })
            }
            fn visit_i64<E>(self, _: i64) -> Result<Content<'de>, E> {
                Ok(Content { text: None, others: true })
            }
            fn visit_f64<E>(self, _: f64) -> Result<Content<'de>, E> {
                Ok(Content { text: None, others: true })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content<'de>, A::Error> {
                let mut content = Content::default();
                while let Some(part) = list.next_element::<Content<'de>>()? {
                    content.others |= part.others;
                    if let Some(text) = part.text {
                        content.text = Some(content.text.map_or(text.clone(), |before| before + text));
                    }
                }
                Ok(content)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content<'de>, A::Error> {
                let (mut text, mut others) = (Content::default(), false);
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "text" => text = map.next_value()?,
                        about if ABOUT.contains(&about) => drop(map.next_value::<IgnoredAny>()?),
                        _ => others |= map.next_value::<Holds>()?.0,
                    }
                }
                Ok(Content { others: others || text.others, ..text })
            }
        }
        deserializer.deserialize_any(Look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_member_with_a_value_is_output_but_those_about_the_piece() {
        let table = [
            (r#"{"content":"a"}"#, Some("a"), false),
            (r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, Some("ab"), false),
            (r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#, None, true),
            (r#"{"content":["a",{"type":"image_url","image_url":{"url":"x"}}]}"#, Some("a"), true),
            (r#"{"content":{"text":"a"}}"#, Some("a"), false),
            (r#"{"content":7}"#, None, true),
            (r#"{"content":null,"refusal":"no"}"#, None, true),
            (r#"{"content":"","reasoning_details":[{"type":"reasoning.text","text":"r"}]}"#, Some(""), true),
            (r#"{"audio":{"data":"AA=="}}"#, None, true),
            (r#"{"tool_calls":[{"index":0}]}"#, None, true),
            (r#"{"a_member_of_tomorrow":"x"}"#, None, true),
            (r#"{"role":"assistant","content":""}"#, Some(""), false),
            (r#"{"role":"assistant","refusal":null,"tool_calls":[],"audio":{},"reasoning":""}"#, None, false),
            (r#"{"tool_call_id":"x","index":0,"name":"f","provider_specific_fields":{"a":1}}"#, None, false),
            ("null", None, false),
        ];
        for (json, content, others) in table {
            let delta: Delta<'_> = serde_json::from_str(json).unwrap();
            assert_eq!((delta.content.as_deref(), delta.others), (content, others), "{json}");
        }
    }
}
