//! Lengths and the intervals they are drawn from: a nominal length and a ratio come in, an inclusive interval goes out.
//! The floating-point operations and their order are the reference's, because their rounding shows in the requests.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::args::{self, range};
use crate::error::{Error, Result};

/// The longest length a flag may ask for, in tokens: sums of two of them still count in 32 bits.
const LONGEST: u32 = 1_000_000_000;

/// How far input and output lengths may lie from their nominal value, each as a fraction of it in `[0, 1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RangeRatio {
    /// For input lengths.
    pub input: f64,
    /// For output lengths.
    pub output: f64,
}

/// A ratio as it is given: a number, or an object with two. Whoever keeps flags reads it as such too.
#[derive(Debug, Clone)]
pub struct RatioText(pub(super) String);

impl From<&str> for RatioText {
    fn from(text: &str) -> Self {
        RatioText(text.to_owned())
    }
}

/// An inclusive interval of lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) low: u32,
    pub(super) high: u32,
}

impl Interval {
    /// From `length * (1 - ratio)` rounded down to `length * (1 + ratio)` rounded up, neither below `least`.
    pub(super) fn around(length: u32, ratio: f64, least: u32) -> Self {
        let length = f64::from(length);
        let low = (length * (1.0 - ratio)).floor() as u32;
        let high = (length * (1.0 + ratio)).ceil() as u32;
        Interval { low: low.max(least), high: high.max(least) }
    }
}

impl FromStr for RangeRatio {
    type Err = Error;

    /// One number for both, or a JSON object with `input` and `output`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(format!("`--random-range-ratio {text}`: {why}"))
                .hint("give a number such as 0.2, or an object such as {\"input\": 0.2, \"output\": 0.1}")
        };
        let ratio = match args::float(text) {
            Ok(both) => RangeRatio { input: both, output: both },
            Err(_) => {
                let object: Map<String, Value> =
                    serde_json::from_str(text).map_err(|_| wrong("neither a number nor a JSON object"))?;
                let part = |key: &str| {
                    let value = object.get(key).ok_or_else(|| wrong(&format!("no `{key}`")))?;
                    number(value).ok_or_else(|| wrong(&format!("no number at `{key}`")))
                };
                RangeRatio { input: part("input")?, output: part("output")? }
            }
        };
        let legal = 0.0..1.0;
        if legal.contains(&ratio.input) && legal.contains(&ratio.output) {
            Ok(ratio)
        } else {
            Err(wrong("a ratio is at least 0 and below 1"))
        }
    }
}

/// A JSON number, or a string that holds one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => args::float(text).ok(),
        other => other.as_f64(),
    }
}

/// `value` of `flag` as a length in tokens.
pub(super) fn length(flag: &str, value: i64) -> Result<u32> {
    range::whole(flag, value, 0..=LONGEST, "a number of tokens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_shows_as_in_the_reference() {
        let table = [(100, 0.1, 90, 111), (10, 0.9, 0, 19), (10, 0.7, 3, 17), (1024, 0.1, 921, 1127), (7, 0.0, 7, 7)];
        for (length, ratio, low, high) in table {
            assert_eq!(Interval::around(length, ratio, 0), Interval { low, high }, "{length} by {ratio}");
        }
        assert_eq!(Interval::around(0, 0.5, 1), Interval { low: 1, high: 1 });
    }

    #[test]
    fn a_ratio_is_a_number_or_an_object() {
        let ratio = |text: &str| text.parse::<RangeRatio>().unwrap();
        assert_eq!(ratio("0.25"), RangeRatio { input: 0.25, output: 0.25 });
        assert_eq!(ratio(" 0.2_5"), RangeRatio { input: 0.25, output: 0.25 });
        assert_eq!(ratio(r#"{"input": 0.5, "output": "0.1", "x": 1}"#), RangeRatio { input: 0.5, output: 0.1 });
    }

    #[test]
    fn a_bad_ratio_is_refused_with_its_reason() {
        let table = [
            ("1.0", "a ratio is at least 0 and below 1"),
            ("nan", "a ratio is at least 0 and below 1"),
            ("-0.1", "a ratio is at least 0 and below 1"),
            ("[0.1]", "neither a number nor a JSON object"),
            (r#"{"input": 0.1}"#, "no `output`"),
            (r#"{"input": true, "output": 0}"#, "no number at `input`"),
        ];
        for (text, why) in table {
            let error = text.parse::<RangeRatio>().unwrap_err().to_string();
            assert!(error.ends_with(why), "{error}");
        }
    }

    #[test]
    fn a_negative_length_is_refused_by_its_flag() {
        let error = length("--output-len", -3).unwrap_err();
        assert_eq!(error.to_string(), "`--output-len -3`: not a number of tokens");
    }
}
