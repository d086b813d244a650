//! How words become values. A command line is brought into strict form ([`grammar`]), flags of a file ([`config`]) and what
//! differs from run to run ([`words`]) are put in, and clap reads what comes of it; the number and JSON syntax that all groups
//! of flags share stands here: in comes one argument, out comes a plain value or one line that says what is wrong with it. No
//! flag is defined here but the one that names a file of flags.
//!
//! Numbers are written as Python writes them, since command lines of the reference must keep their meaning.

pub mod config;
mod dotted;
mod foreign;
pub mod grammar;
pub mod options;
pub mod range;
pub mod words;

pub use words::{Change, Words};

use serde_json::{Map, Value};

/// A whole number: surrounding blanks, a sign and `_` between digits are allowed (`1_000`).
pub fn int(text: &str) -> Result<i64, String> {
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let wrong = || format!("not a whole number{}", spelled_out(trimmed, &SIZES));
    let plain = without_separators(trimmed).ok_or_else(wrong)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return Err(wrong());
    }
    plain.parse().map_err(|_| format!("out of range: {} to {}", i64::MIN, i64::MAX))
}

/// A number: `1e3`, `.5`, `1_000.0`, `inf`, `Infinity`, `nan`, in any case, with surrounding blanks and a sign.
pub fn float(text: &str) -> Result<f64, String> {
    let plain = without_separators(text.trim()).ok_or("not a number")?;
    plain.parse().map_err(|_| format!("not a number{}", spelled_out(&plain, &TIMES)))
}

/// Letters behind a number of things, and what they multiply it by.
const SIZES: [(&str, f64); 4] = [("k", 1e3), ("m", 1e6), ("K", 1e3), ("M", 1e6)];

/// Units behind a number of seconds.
const TIMES: [(&str, f64); 7] =
    [("ms", 1e-3), ("sec", 1.0), ("min", 60.0), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("%", 0.01)];

/// What to write in the place of a number that has a unit, or an exponent where a whole one is wanted; nothing where that is not clear.
fn spelled_out(text: &str, units: &[(&str, f64)]) -> String {
    let unit = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1.0));
    let meant = number.trim().parse::<f64>().ok().map(|number| number * factor).filter(|meant| meant.is_finite());
    meant.map_or(String::new(), |meant| format!(": write {meant}"))
}

/// A whole number from 0.
pub fn count(text: &str) -> Result<usize, String> {
    usize::try_from(int(text)?).map_err(|_| "must be 0 or more".into())
}

/// `text` without the `_` between its digits; nothing if one stands elsewhere.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'_' && !(index > 0 && is_digit(index - 1) && is_digit(index + 1)) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

/// The value of a flag that takes a JSON object. An empty or falsy value (`{}`, `[]`, `null`, `0`, `""`, `false`) is the
/// empty object. Flags of this type take dotted keys too (`--flag.a.b 1`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JsonObject(pub Map<String, Value>);

/// Parses the value of a [`JsonObject`] flag.
pub fn json_object(text: &str) -> Result<JsonObject, String> {
    let value = serde_json::from_str(text).map_err(|cause| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.contains(['{', '"']) => {
            let object = serde_json::json!({ key: dotted_value(value) });
            format!("not JSON: write '{object}'")
        }
        _ => format!("not JSON: {cause}"),
    })?;
    let falsy = match &value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(true) => false,
    };
    match value {
        Value::Object(map) => Ok(JsonObject(map)),
        _ if falsy => Ok(JsonObject::default()),
        other => Err(format!("not a JSON object but {}", kind(&other))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The value behind a dotted key: JSON if it parses as such, else a whole number, else one with a suffix (`k`, `m`, `g`,
/// `t` in powers of 1000, upper case in powers of 1024), else the text itself.
pub fn dotted_value(text: &str) -> Value {
    serde_json::from_str(text)
        .ok()
        .or_else(|| int(text).ok().map(Value::from))
        .or_else(|| suffixed(text).map(Value::from))
        .unwrap_or_else(|| Value::from(text))
}

/// A number with a size suffix. Only the decimal ones take a fraction (`1.5k`), which is then cut to a whole number.
fn suffixed(text: &str) -> Option<i64> {
    let suffix = text.chars().last()?;
    let power = "kmgt".find(suffix.to_ascii_lowercase())? as u32 + 1;
    let number = &text[..text.len() - 1];
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if suffix.is_ascii_uppercase() {
        return is_digits(number).then(|| number.parse::<i64>().ok()?.checked_mul(1024_i64.checked_pow(power)?))?;
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let scale = 1000_i64.pow(power);
    if number.contains('.') {
        return Some((number.parse::<f64>().ok()? * scale as f64) as i64);
    }
    whole.parse::<i64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_are_written_as_in_python() {
        let good = [("1_000", 1000), (" 5 ", 5), ("+7", 7), ("-3", -3), ("007", 7), ("1_0_0", 100)];
        for (text, value) in good {
            assert_eq!(int(text), Ok(value), "{text:?}");
        }
        for text in ["", " ", "1__0", "_1", "1_", "-_1", "0x1", "- 1", "+"] {
            assert_eq!(int(text), Err("not a whole number".into()), "{text:?}");
        }
        for (text, meant) in [("1e3", "1000"), ("1k", "1000"), ("1.5M", "1500000"), ("2.0", "2")] {
            assert_eq!(int(text), Err(format!("not a whole number: write {meant}")), "{text:?}");
        }
        for (text, meant) in [("1m", "60"), ("90s", "90"), ("500ms", "0.5"), ("2 h", "7200"), ("5 min", "300")] {
            assert_eq!(float(text), Err(format!("not a number: write {meant}")), "{text:?}");
        }
        assert_eq!(float("soon"), Err("not a number".into()));
    }

    #[test]
    fn a_pair_is_told_as_the_object_that_it_means() {
        assert_eq!(json_object("temperature=0"), Err("not JSON: write '{\"temperature\":0}'".into()));
        assert_eq!(json_object("stop=end"), Err("not JSON: write '{\"stop\":\"end\"}'".into()));
        assert!(json_object("{\"a\"=1}").unwrap_err().starts_with("not JSON: expected"));
    }

    #[test]
    fn what_is_out_of_range_is_told() {
        assert!(int("9999999999999999999").is_err_and(|why| why.starts_with("out of range")));
    }

    #[test]
    fn numbers_are_written_as_in_python() {
        let good = [
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1", -1.0),
            (" 1 ", 1.0),
            ("1_0.5", 10.5),
            ("inf", f64::INFINITY),
            ("Infinity", f64::INFINITY),
            ("-INF", f64::NEG_INFINITY),
            ("+inf", f64::INFINITY),
        ];
        for (text, value) in good {
            assert_eq!(float(text), Ok(value), "{text:?}");
        }
        assert!(float("NaN").is_ok_and(f64::is_nan));
        for text in ["", "1__0", "_1", "1_", "1_.5", "0x1", "1k", "1,5", "infinit", "."] {
            assert_eq!(float(text), Err("not a number".into()), "{text:?}");
        }
    }

    #[test]
    fn a_falsy_json_value_counts_as_absent_and_other_non_objects_are_refused() {
        for text in ["{}", "[]", "null", "0", "0.0", "\"\"", "false", " {} "] {
            assert_eq!(json_object(text), Ok(JsonObject::default()), "{text}");
        }
        assert_eq!(json_object("3"), Err("not a JSON object but a number".into()));
        assert_eq!(json_object("true"), Err("not a JSON object but a boolean".into()));
        assert!(json_object("{a:1}").is_err_and(|why| why.starts_with("not JSON: ")));
        assert_eq!(json_object(r#"{"a":[1]}"#).unwrap().0["a"], json!([1]));
    }

    #[test]
    fn a_dotted_value_is_json_then_a_number_then_text() {
        let table = [
            ("1", json!(1)),
            ("true", json!(true)),
            ("[1]", json!([1])),
            ("1_000", json!(1000)),
            ("+5", json!(5)),
            ("007", json!(7)),
            ("2k", json!(2000)),
            ("1.5k", json!(1500)),
            ("1.0005k", json!(1000)),
            ("1m", json!(1_000_000)),
            ("1M", json!(1_048_576)),
            ("1G", json!(1_073_741_824)),
            ("2t", json!(2_000_000_000_000_i64)),
            ("0.5M", json!("0.5M")),
            ("-1k", json!("-1k")),
            (".5k", json!(".5k")),
            ("1kb", json!("1kb")),
            ("k", json!("k")),
            ("True", json!("True")),
            ("-inf", json!("-inf")),
            ("", json!("")),
        ];
        for (text, value) in table {
            assert_eq!(dotted_value(text), value, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_a_parser(text in "\\PC*") {
            let _ = (int(&text), float(&text), count(&text), json_object(&text), dotted_value(&text));
        }

        #[test]
        fn a_printed_number_reads_back(number in any::<f64>().prop_filter("a number", |x| !x.is_nan()), whole: i64) {
            prop_assert_eq!(float(&format!("{number:e}")), Ok(number));
            prop_assert_eq!(int(&whole.to_string()), Ok(whole));
        }
    }
}
