//! A few members out of a large JSON object: bytes come in, however they were cut, and only what is wanted is kept. Vectors
//! of megabytes pass by without being parsed or held; of them only brackets and quotes are looked at.

use memchr::memchr2;

use super::reading::Malformed;

/// Members that are kept.
const WANTED: [&[u8]; 5] = [b"usage", b"error", b"object", b"message", b"detail"];
/// So much is kept in all.
const KEPT_LIMIT: usize = 64 * 1024;
const DEPTH_LIMIT: usize = 128;

/// An object as far as it has come.
#[derive(Debug)]
pub(super) struct Skim {
    at: At,
    /// The brackets that are open inside the member's value.
    open: Vec<u8>,
    /// What was seen of the current key; keys longer than the wanted ones are none of them.
    key: Vec<u8>,
    /// The wanted members: an object without its last bracket.
    kept: Vec<u8>,
    /// Whether the current value is kept.
    keeping: bool,
    /// Whether there was more to keep than there is room for.
    overflown: bool,
    /// Whether a member is a list with something in it, or all there is is one.
    pub(super) has_list: bool,
    /// Whether it is no object but one list, as Text Embeddings Inference answers.
    bare: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// Before the first key, where the object may end.
    FirstKey,
    /// Before a key.
    NextKey,
    Key,
    KeyEscape,
    Colon,
    Value,
    /// In a number, `true`, `false` or `null`.
    Scalar,
    Text,
    TextEscape,
    /// In a list or an object, outside its texts.
    Nested,
    AfterValue,
    End,
}

impl Skim {
    pub(super) fn new() -> Self {
        let kept = b"{".to_vec();
        Skim {
            at: At::Start,
            open: Vec::new(),
            key: Vec::new(),
            kept,
            keeping: false,
            overflown: false,
            has_list: false,
            bare: false,
        }
    }

    /// Takes in the next bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while !bytes.is_empty() {
            let used = match self.at {
                At::Key => self.key(bytes),
                At::Text => self.text(bytes),
                At::Nested => self.nested(bytes)?,
                At::Scalar => self.scalar(bytes),
                At::TextEscape => self.pass(bytes, 1, At::Text),
                _ => self.step(bytes[0])?,
            };
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// The wanted members as an object of their own, once the whole object has come.
    pub(super) fn end(&self) -> Result<Vec<u8>, Malformed> {
        if self.at != At::End {
            return Err(Malformed("the object has no end".into()));
        }
        if self.overflown {
            return Err(Malformed(format!("counts and messages of more than {KEPT_LIMIT} bytes")));
        }
        Ok([&self.kept, &b"}"[..]].concat())
    }

    /// Reads one byte between values.
    fn step(&mut self, byte: u8) -> Result<usize, Malformed> {
        self.at = match (self.at, byte) {
            (at, b' ' | b'\t' | b'\r' | b'\n') if at != At::KeyEscape => at,
            // The bytes of a byte-order mark, which begin nothing else.
            (At::Start, 0xef | 0xbb | 0xbf) => At::Start,
            (At::Start, b'{') => At::FirstKey,
            (At::Start, b'[') => {
                self.bare = true;
                return self.begin(byte);
            }
            (At::Start, _) => return Err(Malformed("expected an object".into())),
            (At::FirstKey | At::NextKey, b'"') => {
                self.key.clear();
                At::Key
            }
            (At::KeyEscape, _) => {
                self.remember(&[byte]);
                At::Key
            }
            (At::Colon, b':') => At::Value,
            (At::Value, _) => return self.begin(byte),
            (At::AfterValue, b',') => At::NextKey,
            (At::FirstKey | At::AfterValue, b'}') => At::End,
            _ => return Err(unexpected(byte)),
        };
        Ok(1)
    }

    fn key(&mut self, bytes: &[u8]) -> usize {
        let Some(end) = memchr2(b'"', b'\\', bytes) else {
            self.remember(bytes);
            return bytes.len();
        };
        self.remember(&bytes[..end]);
        if bytes[end] == b'"' {
            self.at = At::Colon;
        } else {
            self.remember(b"\\");
            self.at = At::KeyEscape;
        }
        end + 1
    }

    /// Keeps so much of a key that it is told from others.
    fn remember(&mut self, bytes: &[u8]) {
        let room = 16_usize.saturating_sub(self.key.len()).min(bytes.len());
        self.key.extend_from_slice(&bytes[..room]);
    }

    /// Begins a value with its first byte, which is used here only where it says where the value ends.
    fn begin(&mut self, byte: u8) -> Result<usize, Malformed> {
        self.keeping = WANTED.contains(&self.key.as_slice());
        if self.keeping {
            let comma = if self.kept.len() > 1 { "," } else { "" };
            let key = String::from_utf8_lossy(&self.key);
            self.kept.extend_from_slice(format!("{comma}\"{key}\":").as_bytes());
        }
        self.at = match byte {
            b'"' => At::Text,
            b'{' | b'[' => {
                self.open.push(byte);
                At::Nested
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => At::Scalar,
            _ => return Err(unexpected(byte)),
        };
        self.keep(&[byte]);
        Ok(1)
    }

    /// Reads on in a text to its end.
    fn text(&mut self, bytes: &[u8]) -> usize {
        match memchr2(b'"', b'\\', bytes) {
            None => self.pass(bytes, bytes.len(), At::Text),
            Some(end) if bytes[end] == b'\\' => self.pass(bytes, end + 1, At::TextEscape),
            Some(end) => self.pass(bytes, end + 1, if self.open.is_empty() { At::AfterValue } else { At::Nested }),
        }
    }

    /// Reads on between the brackets of a value.
    fn nested(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let is_mark = |byte: &u8| matches!(byte, b'"' | b'[' | b']' | b'{' | b'}');
        let end = bytes.iter().position(is_mark).unwrap_or(bytes.len());
        let mark = bytes.get(end).copied();
        // Whatever stands in an outermost list, but its end and blanks, is an item.
        if self.open == b"[" {
            self.has_list |= mark.is_some_and(|mark| mark != b']') || !bytes[..end].trim_ascii().is_empty();
        }
        let Some(mark) = mark else {
            self.keep(bytes);
            return Ok(bytes.len());
        };
        let then = match mark {
            b'"' => At::Text,
            b'[' | b'{' if self.open.len() == DEPTH_LIMIT => {
                return Err(Malformed(format!("values nested deeper than {DEPTH_LIMIT}")));
            }
            b'[' | b'{' => {
                self.open.push(mark);
                At::Nested
            }
            _ => {
                let opened = if mark == b']' { b'[' } else { b'{' };
                if self.open.pop() != Some(opened) {
                    return Err(unexpected(mark));
                }
                match (self.open.is_empty(), self.bare) {
                    (true, true) => At::End,
                    (true, false) => At::AfterValue,
                    (false, _) => At::Nested,
                }
            }
        };
        self.keep(&bytes[..end]);
        Ok(end + self.pass(&bytes[end..], 1, then))
    }

    /// Reads on in a number or a word to its end.
    fn scalar(&mut self, bytes: &[u8]) -> usize {
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let end = bytes.iter().position(|byte| !goes_on(byte)).unwrap_or(bytes.len());
        self.pass(bytes, end, if end < bytes.len() { At::AfterValue } else { At::Scalar })
    }

    /// Goes `count` bytes on.
    fn pass(&mut self, bytes: &[u8], count: usize, then: At) -> usize {
        self.keep(&bytes[..count]);
        self.at = then;
        count
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.keeping && self.kept.len() + bytes.len() > KEPT_LIMIT {
            (self.keeping, self.overflown) = (false, true);
        } else if self.keeping {
            self.kept.extend_from_slice(bytes);
        }
    }
}

fn unexpected(byte: u8) -> Malformed {
    Malformed(format!("unexpected `{}`", (byte as char).escape_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    /// What is kept of `text`, fed in pieces of `size` bytes.
    fn skim(text: &str, size: usize) -> Result<(Value, bool), String> {
        let mut skim = Skim::new();
        for piece in text.as_bytes().chunks(size.max(1)) {
            skim.feed(piece).map_err(|cause| cause.0)?;
        }
        let kept = skim.end().map_err(|cause| cause.0)?;
        Ok((serde_json::from_slice(&kept).map_err(|cause| cause.to_string())?, skim.has_list))
    }

    #[test]
    fn counts_are_found_behind_vectors() {
        let text = r#" {"object" : "list", "data": [{"embedding": [0.1, -2e-3], "usage": "no"}], "usage": {"prompt_tokens": 7}} "#;
        for size in [1, 7, 1000] {
            assert_eq!(skim(text, size), Ok((json!({"object": "list", "usage": {"prompt_tokens": 7}}), true)));
        }
    }

    #[test]
    fn only_a_list_with_something_in_it_counts() {
        for (text, has_list) in [
            (r#"{"data":[]}"#, false),
            (r#"{"data":[ ]}"#, false),
            (r#"{"data":[1]}"#, true),
            (r#"{"data":[[]]}"#, true),
            (r#"{"data":["x"]}"#, true),
            (r#"{"data":{"a":[1]}}"#, false),
            (r#"[{"index": 0, "score": 0.5}] "#, true),
            ("[[0.5]]", true),
            ("\u{feff}[[0.5]]", true),
            ("\u{feff} {\"data\":[1]}", true),
            ("[ ]", false),
        ] {
            for size in [1, 100] {
                assert_eq!(skim(text, size), Ok((json!({}), has_list)), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_whole_object_is_refused() {
        for text in
            ["", "[1", "[1]]", "{", r#"{"a":1"#, r#"{"a":[}]}"#, r#"{"a":1}x"#, r#"{"a" 1}"#, r#"{a:1}"#, r#"{"a":1,}"#]
        {
            assert!(skim(text, 3).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let text = json!({"error": "x".repeat(KEPT_LIMIT)}).to_string();
        assert!(skim(&text, 1000).unwrap_err().contains("more than"));
        assert_eq!(skim(&text.replace("error", "data"), 1000), Ok((json!({}), false)));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f32>().prop_map(|number| json!(number)),
            r#"[a"\\{}\[\]é,:]{0,6}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key(), inner), 0..4).prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    fn key() -> impl Strategy<Value = String> {
        prop_oneof![Just("usage".to_owned()), Just("error".to_owned()), Just("data".to_owned()), r#"[a"\\é]{0,3}"#]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_kept_is_what_a_parser_sees(members in prop::collection::vec((key(), any_json()), 0..5), size in 1_usize..40) {
            let object = Map::from_iter(members);
            let wanted = object.iter().filter(|(key, _)| WANTED.contains(&key.as_bytes()));
            let wanted: Map<String, Value> = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
            let has_list = object.values().any(|value| value.as_array().is_some_and(|list| !list.is_empty()));
            for text in [Value::Object(object.clone()).to_string(), serde_json::to_string_pretty(&object).unwrap()] {
                prop_assert_eq!(skim(&text, size), Ok((Value::Object(wanted.clone()), has_list)), "{}", text);
            }
        }

        #[test]
        fn no_bytes_panic_it(text in r#"[{}\[\]",:1tn\\ é]{0,40}"#, size in 1_usize..9) {
            let _ = skim(&text, size);
        }
    }
}
