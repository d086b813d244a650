//! Token counts in every spelling that servers have: a value of any shape comes in, the counts that can be believed come out.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::reading::Usage;

/// No answer and no prompt has more tokens: a larger count is a mistake of the server's.
const MOST: f64 = 16_777_216.0;

/// What a `usage` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// The counts; none where there is none that can be read.
    pub(super) usage: Option<Usage>,
    /// Whether there was a count that cannot be read.
    pub(super) unread: bool,
}

/// One number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Count {
    #[default]
    None,
    Tokens(u32),
    Unread,
}

impl Count {
    fn of(number: f64) -> Self {
        if number.fract() == 0.0 && (0.0..=MOST).contains(&number) {
            Count::Tokens(number as u32)
        } else {
            Count::Unread
        }
    }

    fn tokens(self) -> Option<u32> {
        match self {
            Count::Tokens(tokens) => Some(tokens),
            Count::None | Count::Unread => None,
        }
    }
}

/// The parts of a count.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    reasoning_tokens: Count,
    cached_tokens: Count,
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Counts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("token counts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counts, A::Error> {
        let (mut prompt, mut output, mut total) = (Count::None, Count::None, Count::None);
        let (mut of_prompt, mut of_output) = (Details::default(), Details::default());
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Prompt => prompt = map.next_value()?,
                Key::Output => output = map.next_value()?,
                Key::Total => total = map.next_value()?,
                Key::PromptDetails => of_prompt = map.next_value::<Lenient<Details>>()?.0,
                Key::OutputDetails => of_output = map.next_value::<Lenient<Details>>()?.0,
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let unread = prompt == Count::Unread || output == Count::Unread;
        let (prompt_tokens, mut completion_tokens) = (prompt.tokens(), output.tokens());
        // Some count what was reasoned beside the answer, and both in the total.
        if let (Some(prompt), Some(answer), Some(total), Some(reasoned)) =
            (prompt_tokens, completion_tokens, total.tokens(), of_output.reasoning_tokens.tokens())
            && total.checked_sub(prompt) == Some(answer + reasoned)
        {
            completion_tokens = Some(answer + reasoned);
        }
        let usage = Usage { prompt_tokens, completion_tokens, cached_tokens: of_prompt.cached_tokens.tokens() };
        let any = prompt_tokens.is_some() || completion_tokens.is_some();
        Ok(Counts { usage: any.then_some(usage), unread })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Counts, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Counts { usage: None, unread: true })
    }

    fn visit_unit<E>(self) -> Result<Counts, E> {
        Ok(Counts::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Counts, E> {
        Ok(Counts { usage: None, unread: true })
    }

    fn visit_str<E>(self, _: &str) -> Result<Counts, E> {
        Ok(Counts { usage: None, unread: true })
    }

    fn visit_f64<E>(self, _: f64) -> Result<Counts, E> {
        Ok(Counts { usage: None, unread: true })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Counts, E> {
        Ok(Counts { usage: None, unread: true })
    }

    fn visit_u64<E>(self, _: u64) -> Result<Counts, E> {
        Ok(Counts { usage: None, unread: true })
    }
}

/// The names of counts, in the words of all protocols.
#[derive(Deserialize)]
#[serde(field_identifier)]
enum Key {
    #[serde(rename = "prompt_tokens", alias = "input_tokens")]
    Prompt,
    #[serde(rename = "completion_tokens", alias = "output_tokens")]
    Output,
    #[serde(rename = "total_tokens")]
    Total,
    #[serde(rename = "prompt_tokens_details", alias = "input_tokens_details")]
    PromptDetails,
    #[serde(rename = "completion_tokens_details", alias = "output_tokens_details")]
    OutputDetails,
    #[serde(other)]
    Other,
}

/// A value, or its default where it has another shape.
struct Lenient<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Lenient(serde_json::from_str(raw.get()).unwrap_or_default()))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of tokens")
            }
            fn visit_unit<E>(self) -> Result<Count, E> {
                Ok(Count::None)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
                Ok(Count::Unread)
            }
            fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
                Ok(Count::of(number as f64))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
                Ok(Count::of(number as f64))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
                Ok(Count::of(number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Count, E> {
                Ok(text.trim().parse().map_or(Count::Unread, Count::of))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Count, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Count::Unread)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Count::Unread)
            }
        }
        deserializer.deserialize_any(Look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_in_every_spelling() {
        let table = [
            (r#"{"prompt_tokens":3,"completion_tokens":2}"#, Some((3, 2)), false),
            (r#"{"input_tokens":3.0,"output_tokens":"2"}"#, Some((3, 2)), false),
            (r#"{"prompt_tokens":" 3 ","completion_tokens":2e0,"more":[1,{}]}"#, Some((3, 2)), false),
            // Reasoning beside the answer, in it, and a total that does not say.
            (
                r#"{"prompt_tokens":16,"completion_tokens":2,"total_tokens":24,"completion_tokens_details":{"reasoning_tokens":6}}"#,
                Some((16, 8)),
                false,
            ),
            (
                r#"{"prompt_tokens":16,"completion_tokens":8,"total_tokens":24,"completion_tokens_details":{"reasoning_tokens":6}}"#,
                Some((16, 8)),
                false,
            ),
            (r#"{"prompt_tokens":16,"completion_tokens":2,"completion_tokens_details":[]}"#, Some((16, 2)), false),
            ("null", None, false),
            ("{}", None, false),
            (r#"{"prompt_tokens":null,"completion_tokens":null}"#, None, false),
            (r#""no""#, None, true),
            ("[]", None, true),
            ("7", None, true),
        ];
        for (json, counts, unread) in table {
            let read: Counts = serde_json::from_str(json).unwrap();
            let found = read.usage.map(|usage| (usage.prompt_tokens.unwrap(), usage.completion_tokens.unwrap()));
            assert_eq!((found, read.unread), (counts, unread), "{json}");
        }
    }

    #[test]
    fn a_count_that_cannot_be_is_none() {
        for count in ["-1", "7.5", "4294967295", "9223372036854775808", "1e300", "true", "{}", "[2]", r#""many""#] {
            let read: Counts =
                serde_json::from_str(&format!(r#"{{"prompt_tokens":3,"completion_tokens":{count}}}"#)).unwrap();
            let usage = read.usage.unwrap();
            assert_eq!((usage.prompt_tokens, usage.completion_tokens, read.unread), (Some(3), None, true), "{count}");
        }
    }

    #[test]
    fn tokens_of_the_prompt_that_were_cached_are_read() {
        let json = r#"{"prompt_tokens":30,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":16}}"#;
        let read: Counts = serde_json::from_str(json).unwrap();
        assert_eq!(read.usage.unwrap().cached_tokens, Some(16));
    }
}
