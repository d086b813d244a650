//! JSON that Python reads and RFC 8259 forbids or leaves open, so that what the reference measures is measured here too: halves of
//! characters (`\ud83e` with no second half behind it, as a server writes that cuts texts in UTF-16), `NaN` and `Infinity`, and keys
//! that come twice, of which the last counts. JSON comes in and goes out.

use memchr::memchr;
use serde_json::Value;

/// The JSON as others read it: U+FFFD in the place of each half, null in the place of what is no number, each key once. Nothing where
/// it is no such JSON either.
pub(super) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let whole = replaced(json);
    let finite = finite(whole.as_deref().unwrap_or(json));
    serde_json::from_slice::<Value>(&finite).ok().map(|value| value.to_string().into_bytes())
}

/// The JSON with null in the place of `NaN`, `Infinity` and `-Infinity`.
fn finite(json: &[u8]) -> Vec<u8> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let (mut out, mut rest, mut in_text) = (Vec::with_capacity(json.len()), json, false);
    while let Some(&byte) = rest.first() {
        let word = WORDS.into_iter().find(|word| !in_text && rest.starts_with(word));
        let escapes = in_text && byte == b'\\';
        let taken = word.map_or(1 + usize::from(escapes), <[u8]>::len).min(rest.len());
        out.extend_from_slice(if word.is_some() { b"null" } else { &rest[..taken] });
        in_text ^= byte == b'"';
        rest = &rest[taken..];
    }
    out
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
                Some(r#"{"a":null,"b":[null,null],"c":"NaN \" NaN"}"#),
            ),
            (r#"{"a":1,"b":2,"a":3}"#, Some(r#"{"a":3,"b":2}"#)),
            (r#"{"a":"\ud83e"}"#, Some("{\"a\":\"\u{fffd}\"}")),
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
        fn any_string_of_units_can_be_read(units in prop::collection::vec(any::<u16>().prop_map(|unit| if unit % 2 == 0 { unit } else { 0xd800 | (unit % 0x800) }), 0..20)) {
            let json = format!("\"{}\"", units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            let mended = replaced(json.as_bytes()).unwrap_or(json.into_bytes());
            prop_assert_eq!(serde_json::from_slice::<String>(&mended).unwrap(), String::from_utf16_lossy(&units));
        }
    }
}
