//! JSON as Python's `json.dumps` writes it: `, ` and `: ` between things, ASCII only, floats as `repr` shows them. Values
//! come in, text goes out; it reads nothing. To files of our own values go as any other JSON.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JSON value that is held in memory.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(u64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// Values by key, in order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// A float, or null where there is none.
    pub fn maybe(value: Option<f64>) -> Self {
        value.map_or(Value::Null, Value::Float)
    }

    /// The same value; a negative number is a float.
    pub fn of_json(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(value) => {
                value.as_u64().map_or_else(|| Value::Float(value.as_f64().unwrap_or(f64::NAN)), Value::Int)
            }
            serde_json::Value::String(value) => Value::Text(value),
            serde_json::Value::Array(values) => Value::List(values.into_iter().map(Value::of_json).collect()),
            serde_json::Value::Object(map) => {
                Value::Object(map.into_iter().map(|(key, value)| (key, Value::of_json(value))).collect())
            }
        }
    }

    /// Writes the value.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Value::Null => out.write_all(b"null"),
            Value::Bool(true) => out.write_all(b"true"),
            Value::Bool(false) => out.write_all(b"false"),
            Value::Int(value) => write!(out, "{value}"),
            Value::Float(value) => out.write_all(float(*value).as_bytes()),
            Value::Text(value) => out.write_all(text(value).as_bytes()),
            Value::List(values) => list(out, values, |value, out| value.write(out)),
            Value::Object(entries) => object(out, entries, |value, out| value.write(out)),
        }
    }

    /// Writes the value on many lines, four blanks deeper at each level. What is no number is null.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write_indented(&self, out: &mut dyn Write) -> io::Result<()> {
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(out, formatter);
        Ok(self.serialize(&mut serializer)?)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_u64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::List(values) => serializer.collect_seq(values),
            Value::Object(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(Value::of_json)
    }
}

/// Writes `items` as an array, each by `write`, without holding more than one.
///
/// # Errors
/// If `out` cannot be written.
pub fn list<T>(
    out: &mut dyn Write,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.write_all(b", ")?;
        }
        write(item, out)?;
    }
    out.write_all(b"]")
}

/// Writes `entries` as an object, each value by `write`.
///
/// # Errors
/// If `out` cannot be written.
pub fn object<'a, T: 'a>(
    out: &mut dyn Write,
    entries: impl IntoIterator<Item = &'a (String, T)>,
    mut write: impl FnMut(&T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"{")?;
    for (index, (key, value)) in entries.into_iter().enumerate() {
        let before = if index > 0 { ", " } else { "" };
        write!(out, "{before}{}: ", text(key))?;
        write(value, out)?;
    }
    out.write_all(b"}")
}

/// A float as Python's `repr` shows it, with JSON's names of what is not finite: the shortest digits that read back as the
/// same number, with an exponent of at least two digits below 1e-4 and from 1e16.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("`{:e}` always has an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` always has a whole exponent");
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A JSON string of ASCII characters: anything else is escaped by its UTF-16 code units.
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for char in value.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_look_like_python_s() {
        let table = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (4.0, "4.0"),
            (0.1, "0.1"),
            (1130.4999999999998, "1130.4999999999998"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (123456789012345.6, "123456789012345.6"),
            (1e16, "1e+16"),
            (1.2345678901234568e17, "1.2345678901234568e+17"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ];
        for (value, shown) in table {
            assert_eq!(float(value), shown);
        }
    }

    #[test]
    fn strings_are_escaped_to_ascii_as_python_does() {
        assert_eq!(text("a\"\\\n\r\t\u{8}\u{c}/"), r#""a\"\\\n\r\t\b\f/""#);
        assert_eq!(text("\u{1}\u{7f} é \u{20ac} \u{1f600}"), r#""\u0001\u007f \u00e9 \u20ac \ud83d\ude00""#);
    }

    #[test]
    fn values_nest_with_a_blank_after_commas_and_colons() {
        let inner = Value::Object(vec![("a".into(), Value::Int(1)), ("b".into(), Value::Null)]);
        let mut out = Vec::new();
        Value::List(vec![inner, Value::Bool(true), Value::maybe(Some(0.5))]).write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"[{"a": 1, "b": null}, true, 0.5]"#);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_reads_back_as_it_was(string in any::<String>(), bits in any::<u64>()) {
            prop_assert!(text(&string).is_ascii());
            prop_assert_eq!(serde_json::from_str::<String>(&text(&string)).unwrap(), string);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                prop_assert_eq!(float(value).parse::<f64>().unwrap(), value);
            }
        }
    }
}
