//! Two results side by side: the texts of two result files come in, a table of every number that both hold goes out, with
//! what changed and which is better.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value};

use super::table::table;
use super::vllm::lines::banner;
use crate::error::{Error, Result};
use crate::measure::{Better, Figure};

/// Keys that say what a run was, not what came of it.
const SETTINGS: [&str; 10] = [
    "model_id",
    "tokenizer_id",
    "backend",
    "num_prompts",
    "request_rate",
    "burstiness",
    "max_concurrency",
    "ramp_up_strategy",
    "ramp_up_start_rps",
    "ramp_up_end_rps",
];

/// Numbers that every result has.
const ALWAYS: [&str; 3] = ["duration", "completed", "request_throughput"];

/// Objects that count what went wrong.
const FAILURES: [&str; 2] = ["failures.", "http_statuses."];

/// Two results.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    a: Named,
    b: Named,
}

/// One number of a result.
#[derive(Debug, Clone, PartialEq)]
struct Number {
    /// Its key; within objects with theirs before it, and dots between.
    path: String,
    better: Option<Better>,
    value: f64,
}

/// A result and where it is from.
#[derive(Debug, Clone, PartialEq)]
struct Named {
    path: String,
    entries: Map<String, Value>,
}

impl Comparison {
    /// Reads two result files.
    ///
    /// # Errors
    /// If one cannot be read or holds no result: with its name, and the line or the field.
    pub fn read(a: &Path, b: &Path) -> Result<Self> {
        Ok(Comparison { a: Named::read(a)?, b: Named::read(b)? })
    }

    /// Writes the table: a line for every number that both results have.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn console(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", banner(" Comparison ", '='))?;
        for (letter, result) in [("A", &self.a), ("B", &self.b)] {
            let text = |key: &str| result.entries.get(key).map(shown).unwrap_or_default();
            writeln!(out, "{letter}: {} ({}, {})", result.path, text("model_id"), text("date"))?;
        }
        for key in SETTINGS.into_iter().filter(|key| self.a.entries.get(*key) != self.b.entries.get(*key)) {
            let side = |result: &Named| result.entries.get(key).map_or_else(|| "none".to_owned(), shown);
            writeln!(out, "The runs differ in `{key}`: {} and {}.", side(&self.a), side(&self.b))?;
        }
        let head = ["", "A", "B", "Change", "Change (%)", "Better"].map(str::to_owned);
        table(out, &head, &self.rows())?;
        for (letter, one, other) in [("A", &self.a, &self.b), ("B", &self.b, &self.a)] {
            let there: BTreeSet<String> = other.numbers().into_iter().map(|number| number.path).collect();
            let paths = one.numbers().into_iter().map(|number| number.path);
            let only: Vec<String> = paths.filter(|path| !there.contains(path)).collect();
            if !only.is_empty() {
                writeln!(out, "Only in {letter}: {}.", only.join(", "))?;
            }
        }
        writeln!(out, "{}", banner("", '='))
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let others: BTreeMap<String, f64> =
            self.b.numbers().into_iter().map(|number| (number.path, number.value)).collect();
        let row = |Number { path, better, value: a }| {
            let b = *others.get(&path)?;
            let relative = if a == b { Some(0.0) } else { Some((b - a) / a.abs() * 100.0).filter(|_| a != 0.0) };
            let percent = relative.map_or_else(|| "n/a".to_owned(), |relative| format!("{relative:+.2}"));
            Some(vec![
                path,
                figure(a),
                figure(b),
                format!("{}{}", if b > a { "+" } else { "" }, figure(b - a)),
                percent,
                which(better, a, b).to_owned(),
            ])
        };
        self.a.numbers().into_iter().filter_map(row).collect()
    }
}

impl Named {
    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let content = std::fs::read_to_string(path)
            .map_err(|cause| Error::new(format!("cannot read result `{shown}`: {cause}")).hint("check the path"))?;
        let entries = result(&content).map_err(|error| error.context(format!("cannot read result `{shown}`")))?;
        Ok(Named { path: shown.to_string(), entries })
    }

    /// What came of the run in numbers, in the order of the file.
    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        gather(&self.entries, "", &mut numbers);
        numbers.retain(|number| !SETTINGS.contains(&number.path.as_str()));
        numbers
    }
}

/// Takes in the numbers of an object and of those within it.
fn gather(entries: &Map<String, Value>, within: &str, numbers: &mut Vec<Number>) {
    for (key, value) in entries {
        let path = format!("{within}{key}");
        let better = if FAILURES.contains(&within) { Some(Better::Less) } else { direction(key) };
        match value {
            Value::Object(inner) => gather(inner, &format!("{path}."), numbers),
            _ => numbers.extend(value.as_f64().map(|value| Number { path, better, value })),
        }
    }
}

/// Which way a number of this key is better, if it is a figure.
fn direction(key: &str) -> Option<Better> {
    key.parse::<Figure>().ok()?.better()
}

/// The one result in `content`.
fn result(content: &str) -> Result<Map<String, Value>> {
    let hint = "name a file that `--save-result` or `--output-json` has written";
    let strict = strict(content);
    let mut values = serde_json::Deserializer::from_str(&strict).into_iter::<Value>();
    let first = values.next().ok_or_else(|| Error::new("it is empty").hint(hint))?;
    let first = first.map_err(|cause| Error::new(format!("not JSON: {cause}")).hint(hint))?;
    match values.next() {
        None => {}
        Some(Ok(_)) => {
            let what = format!("line {}: a second result", lines(&strict[..values.byte_offset()]));
            return Err(Error::new(what).hint("put the line that you mean into a file of its own"));
        }
        Some(Err(cause)) => return Err(Error::new(format!("not JSON: {cause}")).hint(hint)),
    }
    let Value::Object(entries) = first else { return Err(Error::new("line 1: not an object").hint(hint)) };
    if entries.contains_key("points") {
        let what = "it is the summary of several runs";
        return Err(Error::new(what).hint("name the file of one run: the summary lists them as `files`"));
    }
    match ALWAYS.into_iter().find(|key| !entries.get(*key).is_some_and(Value::is_number)) {
        Some(key) => Err(Error::new(format!("no number at `{key}`")).hint(hint)),
        None => Ok(entries),
    }
}

/// The number of the line that `before` ends in.
fn lines(before: &str) -> usize {
    before.trim_end().lines().count()
}

/// JSON as it should be: the words that Python writes for numbers that JSON does not have become null.
fn strict(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    let mut quoted = false;
    while let Some(first) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| !quoted && rest.starts_with(word));
        let taken = match (word, first) {
            (Some(word), _) => word.len(),
            (None, '\\') if quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (None, '"') => {
                quoted = !quoted;
                1
            }
            (None, _) => first.len_utf8(),
        };
        out.push_str(if word.is_some() { "null" } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    out
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whole numbers as such, small ones with more digits.
fn figure(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        small if small < 0.1 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}

fn which(better: Option<Better>, a: f64, b: f64) -> &'static str {
    match better {
        _ if a == b => "",
        None => "",
        Some(Better::More) if b > a => "B",
        Some(Better::Less) if b < a => "B",
        Some(_) => "A",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(path: &str, content: &str) -> Named {
        Named { path: path.into(), entries: result(content).unwrap() }
    }

    const A: &str = r#"{"date": "1", "model_id": "m", "num_prompts": 10, "burstiness": Infinity, "duration": 2.0,
        "completed": 10, "failed": 0, "request_throughput": 5.0, "mean_ttft_ms": 20.0, "p99_itl_ms": 0.0,
        "rtfx": 1.0, "latencies": [1.0], "partial": false,
        "failures": {}, "steady_state": {"mean_ttft_ms": 9.0}}"#;
    const B: &str = r#"{"date": "2", "model_id": "m", "num_prompts": 20, "duration": 2.0, "completed": 20,
        "failed": 1, "request_throughput": 10.0, "mean_ttft_ms": 25.0, "p99_itl_ms": 0.05, "mean_e2el_ms": 3.0,
        "failures": {"timeout": 1}, "steady_state": {"mean_ttft_ms": 8.0}}"#;

    #[test]
    fn every_number_of_both_is_compared_by_its_direction() {
        let comparison = Comparison { a: named("a.json", A), b: named("b.json", B) };
        let mut out = Vec::new();
        comparison.console(&mut out).unwrap();
        let expected = format!(
            "{}\n\
             A: a.json (m, 1)\n\
             B: b.json (m, 2)\n\
             The runs differ in `num_prompts`: 10 and 20.\n\
             The runs differ in `burstiness`: null and none.\n\
             {:<26}  A       B   Change  Change (%)  Better\n\
             duration                    2       2        0       +0.00\n\
             completed                  10      20      +10     +100.00       B\n\
             failed                      0       1       +1         n/a       A\n\
             request_throughput          5      10       +5     +100.00       B\n\
             mean_ttft_ms               20      25       +5      +25.00       A\n\
             p99_itl_ms                  0  0.0500  +0.0500         n/a       A\n\
             steady_state.mean_ttft_ms   9       8       -1      -11.11       B\n\
             Only in A: rtfx.\n\
             Only in B: mean_e2el_ms, failures.timeout.\n{}\n",
            banner(" Comparison ", '='),
            "",
            banner("", '=')
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_is_no_result_is_refused_by_line_or_field() {
        let table = [
            ("", "it is empty"),
            ("[1]", "line 1: not an object"),
            ("{\n\"a\": }", "not JSON: expected value at line 2 column 6"),
            (r#"{"duration": 1.0, "completed": 1}"#, "no number at `request_throughput`"),
            (r#"{"duration": "1"}"#, "no number at `duration`"),
            (r#"{"points": []}"#, "it is the summary of several runs"),
            ("{}\n{}\n", "line 2: a second result"),
        ];
        for (content, message) in table {
            let error = result(content).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.advice().is_some());
        }
    }

    #[test]
    fn only_words_outside_of_texts_become_null() {
        let json = r#"{"a": NaN, "b": [-Infinity, Infinity], "NaN \" NaN": "Infinity"}"#;
        let value: Value = serde_json::from_str(&strict(json)).unwrap();
        let expected = serde_json::json!({"a": null, "b": [null, null], "NaN \" NaN": "Infinity"});
        assert_eq!(value, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_content_panics_and_json_stays_as_it_is(content in "\\PC{0,40}", text in any::<String>()) {
            let _ = result(&content);
            let json = serde_json::json!({ "a": text }).to_string();
            prop_assert_eq!(strict(&json), json);
        }
    }
}
