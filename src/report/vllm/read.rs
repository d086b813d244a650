//! A result that was written before, by this program or by the reference's `bench serve`: a file comes in, what other runs are
//! held against goes out. Of single requests nothing is read.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::measure::{Better, Figure, INPUT_THROUGHPUT, OUTPUT_THROUGHPUT};
use crate::record::Task;
use crate::report::Report;

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

/// What to do about a file that holds no result.
const HINT: &str = "name a file that `--save-result` or `--output-json` has written";

/// A result, as far as other runs are held against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Where it is from.
    pub path: String,
    /// What the user called it.
    pub label: Option<String>,
    /// The model by its own name; empty where the file does not say.
    pub model: String,
    /// When the run ended; empty where the file does not say.
    pub date: String,
    /// What the requests asked for, where it shows.
    pub task: Option<Task>,
    /// A number that is the same for runs that sent the same; results of the reference have none.
    pub workload: Option<String>,
    /// What the run was to be: keys and values.
    pub settings: Vec<(&'static str, Option<Value>)>,
    /// What came of it in numbers, in the order of the file.
    pub numbers: Vec<Number>,
}

/// One number of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Its key; within objects with theirs before it, and dots between.
    pub path: String,
    /// Which way it is better, if any.
    pub better: Option<Better>,
    /// The number.
    pub value: f64,
}

impl Stored {
    /// Reads a result file.
    ///
    /// # Errors
    /// If it cannot be read or holds no result: with its name, and the line or the field.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let content = std::fs::read_to_string(path)
            .map_err(|cause| Error::new(format!("cannot read result `{shown}`: {cause}")).hint("check the path"))?;
        Stored::parse(&shown.to_string(), &content)
            .map_err(|error| error.context(format!("cannot read result `{shown}`")))
    }

    /// What the result file of this run would say; `path` is where the run is from.
    ///
    /// # Errors
    /// If it would not be one: a bug.
    pub fn of(path: &Path, report: &Report) -> Result<Self> {
        let mut content = Vec::new();
        report.json(None, &mut content).map_err(|cause| Error::new(cause.to_string()))?;
        Stored::parse(&path.display().to_string(), &String::from_utf8_lossy(&content))
    }

    /// The figures that it has, in the order of the file.
    pub fn figures(&self) -> impl Iterator<Item = (Figure, f64)> {
        self.numbers.iter().filter_map(|number| Some((number.path.parse().ok()?, number.value)))
    }

    /// What it is, in a line.
    pub fn title(&self) -> String {
        let label = self.label.as_ref().map_or(String::new(), |label| format!(", {label}"));
        format!("`{}`{label}, {}", self.model, self.date)
    }

    /// What cannot be known from it, in a sentence.
    pub fn limits(&self) -> String {
        format!(
            "`{}` is a result and not the record of a run: it has the figures that were asked for when it was made, and \
             nothing of single requests",
            self.path
        )
    }

    /// The one result in `content`.
    pub(in crate::report) fn parse(path: &str, content: &str) -> Result<Self> {
        let entries = result(content)?;
        let mut numbers = Vec::new();
        gather(&entries, "", &mut numbers);
        numbers.retain(|number| !SETTINGS.contains(&number.path.as_str()));
        let has = |key: &str| entries.contains_key(key);
        let text = |key: &str| entries.get(key).map(shown).unwrap_or_default();
        Ok(Stored {
            path: path.to_owned(),
            label: entries.get("label").and_then(Value::as_str).map(str::to_owned),
            model: text("model_id"),
            date: text("date"),
            task: match (has(OUTPUT_THROUGHPUT.key), has(INPUT_THROUGHPUT.key)) {
                (true, false) => Some(Task::Generation),
                (false, true) => Some(Task::Pooling),
                _ => None,
            },
            workload: entries.get("workload").and_then(Value::as_str).map(str::to_owned),
            settings: SETTINGS.map(|key| (key, entries.get(key).cloned())).into(),
            numbers,
        })
    }
}

/// A value as a sentence has it.
pub(in crate::report) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

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

/// The one object in `content`, if it is a result.
fn result(content: &str) -> Result<Map<String, Value>> {
    let strict = strict(content);
    let mut values = serde_json::Deserializer::from_str(&strict).into_iter::<Value>();
    let first = values.next().ok_or_else(|| Error::new("it is empty").hint(HINT))?;
    let first = first.map_err(|cause| Error::new(format!("not JSON: {cause}")).hint(HINT))?;
    match values.next() {
        None => {}
        Some(Ok(_)) => {
            let what = format!("line {}: a second result", lines(&strict[..values.byte_offset()]));
            return Err(Error::new(what).hint("put the line that you mean into a file of its own"));
        }
        Some(Err(cause)) => return Err(Error::new(format!("not JSON: {cause}")).hint(HINT)),
    }
    let Value::Object(entries) = first else { return Err(Error::new("line 1: not an object").hint(HINT)) };
    if entries.contains_key("points") {
        let what = "it is the summary of several runs";
        return Err(Error::new(what).hint("name the file of one run: the summary lists them as `files`"));
    }
    match ALWAYS.into_iter().find(|key| !entries.get(*key).is_some_and(Value::is_number)) {
        Some(key) => Err(Error::new(format!("no number at `{key}`")).hint(HINT)),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::{Metric, Statistic};
    use crate::report::tests::{asked, told, worked_example};

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
    fn a_result_of_ours_is_read_with_the_figures_of_its_run() {
        let told = told(worked_example(), asked());
        let stored = Stored::of(Path::new("a.json"), &told.report()).unwrap();
        let text = (stored.path.as_str(), stored.model.as_str(), stored.date.as_str(), stored.label.as_ref());
        assert_eq!(text, ("a.json", "org/demo-7b", "20250314-150926", None));
        assert_eq!((stored.task, stored.workload.as_deref()), (Some(Task::Generation), Some("0000000000000000")));
        let figures: Vec<(Figure, f64)> = stored.figures().collect();
        for figure in told.report().all_figures() {
            assert!(figures.contains(&figure), "{figure:?}");
        }
        assert!(stored.numbers.iter().all(|number| number.path != "num_prompts"), "a setting is no number");
    }

    #[test]
    fn a_result_of_the_reference_is_read_whatever_arrays_it_has() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/reference_result.json");
        let stored = Stored::read(&path).unwrap();
        assert_eq!((stored.task, stored.workload.as_ref()), (Some(Task::Generation), None));
        let mean = Figure::Latency(Metric::Ttft, Statistic::Mean);
        assert_eq!(stored.figures().find(|(figure, _)| *figure == mean), Some((mean, 225.0)));
        assert!(stored.limits().ends_with("and nothing of single requests"));
    }

    #[test]
    fn a_result_that_is_cut_short_is_refused_wherever_that_is() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/serve_result.json");
        let whole = std::fs::read_to_string(path).unwrap();
        for cut in (0..whole.trim_end().len()).step_by(97).filter(|cut| whole.is_char_boundary(*cut)) {
            assert!(result(&whole[..cut]).unwrap_err().advice().is_some(), "{cut}");
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
