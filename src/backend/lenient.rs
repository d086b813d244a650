//! JSON that Python reads and RFC 8259 forbids or leaves open, so that what the reference measures is measured here too: halves of
//! characters (`\ud83e` with no second half behind it, as a server writes that cuts texts in UTF-16), `NaN` and `Infinity`, numbers
//! too large for a float, and keys that come twice, of which the last counts. JSON comes in and goes out.

use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr, memchr2};
use serde::de::IgnoredAny;

/// Python reads no values nested deeper.
const DEPTH_LIMIT: usize = 1000;

/// The JSON as others read it: U+FFFD in the place of each half, null in the place of what is no number, each key once. Nothing where
/// it is no such JSON either.
pub(super) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let whole = replaced(json);
    let finite = finite(whole.as_deref().unwrap_or(json));
    serde_json::from_slice::<IgnoredAny>(&finite).ok()?;
    let doubles = doubles(&finite)?;
    let (mut out, mut at) = (Vec::with_capacity(finite.len()), 0);
    // Of two that lie in each other the outer comes first.
    for double in doubles {
        if double.start >= at {
            out.extend_from_slice(&finite[at..double.start]);
            at = double.end;
        }
    }
    out.extend_from_slice(&finite[at..]);
    Some(out)
}

/// The JSON with null in the place of `NaN`, `Infinity`, `-Infinity` and numbers that are as large.
fn finite(json: &[u8]) -> Vec<u8> {
    let is_finite = |token: &[u8]| match token {
        b"NaN" | b"Infinity" | b"-Infinity" => false,
        [b'-' | b'0'..=b'9', .., b'0'..=b'9'] => {
            !std::str::from_utf8(token).is_ok_and(|token| token.parse().is_ok_and(f64::is_infinite))
        }
        _ => true,
    };
    let (mut out, mut rest) = (Vec::with_capacity(json.len()), json);
    while !rest.is_empty() {
        let (token, behind) = rest.split_at(token(rest));
        out.extend_from_slice(if is_finite(token) { token } else { b"null" });
        rest = behind;
    }
    out
}

/// Of an object that is open, each key with its member's place, and the member that has begun.
#[derive(Default)]
struct Members {
    ended: HashMap<String, Range<usize>>,
    begun: Option<(String, usize)>,
}

impl Members {
    /// Ends the member that has begun; gives the place of an earlier one of the same key.
    fn end(&mut self, end: usize) -> Option<Range<usize>> {
        let (key, start) = self.begun.take()?;
        self.ended.insert(key, start..end)
    }
}

/// The places of members, with the comma behind, whose key comes again in their object, in order; nothing where values are nested too
/// deep.
fn doubles(json: &[u8]) -> Option<Vec<Range<usize>>> {
    // Each list and each object that is open; only objects have members.
    let mut open: Vec<Option<Members>> = Vec::new();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < json.len() {
        let end = at + token(&json[at..]);
        let depth = open.len();
        let members = open.last_mut().and_then(Option::as_mut);
        match json[at] {
            b'[' | b'{' if depth == DEPTH_LIMIT => return None,
            b'[' => open.push(None),
            b'{' => open.push(Some(Members::default())),
            b',' => found.extend(members.and_then(|members| members.end(end))),
            b']' | b'}' => {
                found.extend(members.and_then(|members| members.end(at)));
                open.pop();
            }
            b'"' => {
                if let Some(members) = members.filter(|members| members.begun.is_none()) {
                    members.begun = Some((serde_json::from_slice(&json[at..end]).ok()?, at));
                }
            }
            _ => {}
        }
        at = end;
    }
    found.sort_by_key(|double| double.start);
    Some(found)
}

/// The length of what the JSON begins with: a text with its quotes, a number or a word, or one byte.
fn token(json: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if json[0] != b'"' {
        return json.iter().take_while(|byte| is_part(byte)).count().max(1);
    }
    let mut at = 1;
    while let Some(found) = memchr2(b'"', b'\\', json.get(at..).unwrap_or_default()) {
        let is_end = json[at + found] == b'"';
        at += found + if is_end { 1 } else { 2 };
        if is_end {
            return at;
        }
    }
    json.len()
}

/// The JSON with U+FFFD in the place of each half, if it has any.
fn replaced(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(found) = memchr(b'\\', json.get(at..).unwrap_or_default()) {
        let escape = at + found;
        at = match (unit(json, escape), unit(json, escape + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => escape + 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.get_or_insert_with(|| json.to_vec())[escape + 2..escape + 6].copy_from_slice(b"fffd");
                escape + 6
            }
            _ => escape + 2,
        };
    }
    mended
}

/// The number of the `\uXXXX` at this place, if there is one.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_python_reads_is_read() {
        let table = [
            (
                r#"{"a":NaN,"b":[-Infinity, Infinity],"c":"NaN \" NaN"}"#,
                Some(r#"{"a":null,"b":[null, null],"c":"NaN \" NaN"}"#),
            ),
            (r#"{"a":1,"b":2,"a":3}"#, Some(r#"{"b":2,"a":3}"#)),
            (r#"{"a":1,"\u0061":2 , "a" :3 }"#, Some(r#"{ "a" :3 }"#)),
            (
                r#"{"a":{"b":1,"b":2},"c":[{"b":",","b":4}, {"b":5}],"a":{}}"#,
                Some(r#"{"c":[{"b":4}, {"b":5}],"a":{}}"#),
            ),
            (r#"{"a":1e999,"a":[-1e999,1e99,123]}"#, Some(r#"{"a":[null,1e99,123]}"#)),
            (r#"{"a":-inf}"#, None),
            (r#"{"a":[1,}],"a":1}"#, None),
            (r#"{"a":1,"a":2"#, None),
            (r#"{"a":"\ud83e"}"#, Some(r#"{"a":"\ufffd"}"#)),
            (r#"{"a":nan}"#, None),
            (r#"{"a":"\"#, None),
            ("NaN", Some("null")),
            ("", None),
        ];
        for (json, expected) in table {
            let read = mended(json.as_bytes()).map(|json| String::from_utf8(json).unwrap());
            assert_eq!(read.as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn values_are_nested_as_deep_as_python_has_them() {
        let nested = |depth: usize| format!("{}NaN{}", "[".repeat(depth), "]".repeat(depth));
        let read = |depth: usize| mended(nested(depth).as_bytes()).map(|json| String::from_utf8(json).unwrap());
        assert_eq!(read(1000), Some(nested(1000).replace("NaN", "null")));
        assert_eq!((read(1001), read(1_000_000)), (None, None));
    }

    #[test]
    fn halves_are_replaced_and_whole_characters_stay() {
        let table = [
            (r#""\ud83e""#, Some(r#""\ufffd""#)),
            (r#""a\udd80\ud83eb\ud83e\n""#, Some(r#""a\ufffd\ufffdb\ufffd\n""#)),
            (r#""\ud83e\ud83e\udd80""#, Some(r#""\ufffd\ud83e\udd80""#)),
            (r#""\ud83e\udd80""#, None),
            (r#""\\ud83e""#, None),
            (r#""\u00e9\ud8""#, None),
            (r#""\ud83e\u"#, Some(r#""\ufffd\u"#)),
            ("\"\\", None),
            ("", None),
        ];
        for (json, expected) in table {
            assert_eq!(replaced(json.as_bytes()).as_deref(), expected.map(str::as_bytes), "{json}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_it(json in r#"[{}\[\]",:1eNa\\\\ é-]{0,40}"#) {
            mended(json.as_bytes());
        }

        #[test]
        fn of_double_keys_a_parser_sees_the_last(members in prop::collection::vec(("[ab]", r#"[12]|\{"a":1,"b":2,"a":3\}|\[\]|"\\",\\\\""#), 0..6)) {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\" : {value}")).collect();
            let json = format!("{{{}}}", members.join(" , "));
            let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
            let mended = mended(json.as_bytes()).unwrap();
            prop_assert_eq!(value(&mended), value(json.as_bytes()));
            prop_assert!(mended.len() <= json.len());
        }

        #[test]
        fn any_string_of_units_can_be_read(units in prop::collection::vec(any::<u16>().prop_map(|unit| if unit % 2 == 0 { unit } else { 0xd800 | (unit % 0x800) }), 0..20)) {
            let json = format!("\"{}\"", units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            let mended = replaced(json.as_bytes()).unwrap_or(json.into_bytes());
            prop_assert_eq!(serde_json::from_slice::<String>(&mended).unwrap(), String::from_utf16_lossy(&units));
        }
    }
}
