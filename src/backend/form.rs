//! Bodies of `multipart/form-data` (RFC 7578), in the reference's words: a file, then text fields whose values read as Python
//! prints them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::dataset::Sample;

/// The media type of a form, with the line that its parts are told apart by: no file or field has that in it.
pub(super) const MEDIA_TYPE: &str = "multipart/form-data; boundary=llmbench-3f0a6c9be1d2478f85b7c41e9d60a2f3";
const BOUNDARY: &str = "llmbench-3f0a6c9be1d2478f85b7c41e9d60a2f3";

/// Appends the part `file`: what is to be transcribed.
pub(super) fn write_file(sample: &Sample, out: &mut Vec<u8>) {
    let Some(audio) = &sample.audio else { return };
    let head = format!(
        "--{BOUNDARY}\r\nContent-Type: {}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n",
        audio.media_type,
        quoted(&audio.name)
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&audio.bytes);
    out.extend_from_slice(b"\r\n");
}

/// What stands before the value of the field `name`.
pub(super) fn field_head(name: &str) -> String {
    let name = quoted(name);
    format!(
        "--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"
    )
}

/// What stands behind the last field.
pub(super) fn end() -> String {
    format!("--{BOUNDARY}--\r\n")
}

/// A name inside quotes: all but letters, digits and a few marks is percent-encoded.
fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => write!(out, "%{byte:02X}").expect("a String takes all text"),
        }
    }
    out
}

/// A value as Python's `str` has it: a text as it is, all else as [`repr`] has it.
pub(super) fn python_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// A value as Python's `repr` has it.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) if number.is_f64() => float(number.as_f64().unwrap_or_default()),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text_repr(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{}: {}", text_repr(key), repr(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Single quotes, unless only they are inside; control characters escaped.
fn text_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if char == quote => out.extend(['\\', char]),
            _ if char.is_control() => write!(out, "\\x{:02x}", char as u32).expect("a String takes all text"),
            _ => out.push(char),
        }
    }
    out.push(quote);
    out
}

/// The shortest digits that read back as `number`; with an exponent from 1e16 on and below 1e-4.
fn float(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').expect("this format has an exponent");
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::backend::template::Fixed;
    use crate::backend::{Backend, Delivery};
    use crate::dataset::{Audio, Json};

    /// The form of a sound, without what repeats in each field.
    fn body(delivery: Delivery, ignore_eos: bool) -> String {
        let overlay: Map<String, Value> =
            serde_json::from_value(json!({"temperature": 0.0, "a": {"b": [true]}})).unwrap();
        let fixed =
            Fixed { model: "m", logprobs: None, ignore_eos, delivery, overlay: &overlay, dropped: &[], base: None };
        let audio =
            Audio { bytes: b"RIFF\r".into(), name: "a b.wav".into(), media_type: "audio/wav".into(), seconds: 1.5 };
        let overrides = vec![("language".to_owned(), Json::of(&json!("de"))), ("x".to_owned(), Json::of(&json!(null)))];
        let sample = Sample { audio: Some(audio), output_tokens: 448, overrides, ..Sample::default() };
        let template = Backend::named("openai-audio").unwrap().template(&fixed);
        let mut out = Vec::new();
        template.write(&sample, None, &mut out);
        let text = String::from_utf8(out).unwrap();
        let repeated = "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; ";
        text.replace(repeated, "").replace(BOUNDARY, "B").replace("\r\n\r\n", "|").replace("\r\n--B\r\n", "\n")
    }

    #[test]
    fn a_form_has_the_fields_of_the_reference_in_its_order() {
        assert_eq!(
            body(Delivery::Stream, true),
            "--B\r\nContent-Type: audio/wav\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%20b.wav\"|RIFF\r\n\
             name=\"model\"|m\nname=\"max_completion_tokens\"|448\nname=\"stream\"|True\nname=\"language\"|de\n\
             name=\"stream_include_usage\"|True\nname=\"stream_continuous_usage_stats\"|True\nname=\"ignore_eos\"|True\n\
             name=\"temperature\"|0.0\nname=\"a\"|{'b': [True]}\nname=\"x\"|None\r\n--B--\r\n"
        );
        let whole = body(Delivery::Document, false);
        assert!(whole.contains("name=\"stream\"|False\n") && !whole.contains("stream_include_usage"), "{whole}");
    }

    #[test]
    fn values_read_as_python_prints_them() {
        let table = [
            (json!("as it is\n"), "as it is\n"),
            (json!(true), "True"),
            (json!(null), "None"),
            (json!(448), "448"),
            (json!([0.0, 1e16, 1e15, 1.5e-7, 0.0001, -2.5]), "[0.0, 1e+16, 1000000000000000.0, 1.5e-07, 0.0001, -2.5]"),
            (
                json!({"a": [false, {}], "b": "it's", "c": "\"'\\\u{7}é"}),
                "{'a': [False, {}], 'b': \"it's\", 'c': '\"\\'\\\\\\x07é'}",
            ),
        ];
        for (value, text) in table {
            assert_eq!(python_text(&value), text);
        }
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a é\".wav\r\n"), "a%20%C3%A9%22.wav%0D%0A");
        assert!(MEDIA_TYPE.ends_with(BOUNDARY));
    }
}
