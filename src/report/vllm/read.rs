//! The figures of a result that was written before, by this program or by the reference's `bench serve`: its content comes in,
//! what other runs are held against goes out. Of single requests nothing is read.

use std::path::Path;

use serde_json::{Map, Value};

use super::content::{self, Content};
use super::json::Column;
use crate::error::{Error, Result};
use crate::measure::{Better, Figure, INPUT_THROUGHPUT, OUTPUT_THROUGHPUT};
use crate::record::Task;
use crate::report::Report;
use crate::report::markdown::{code, plain};

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

/// Objects that count what went wrong.
const FAILURES: [&str; 2] = ["failures.", "http_statuses."];

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
    /// Whether the run was stopped before its end.
    pub partial: bool,
    /// How many requests it came to.
    pub sent: Sent,
    /// What the run was to be: keys and values.
    pub settings: Vec<(&'static str, Option<Value>)>,
    /// What came of it in numbers, in the order of the file.
    pub numbers: Vec<Number>,
    /// All its keys, without the arrays that have an item a request.
    pub(in crate::report) entries: Map<String, Value>,
}

/// How many requests a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Those that ended, one way or the other.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Those that were planned; results of the reference do not say.
    pub planned: Option<u64>,
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
        let (text, shown) = (content::text(path)?, path.display());
        Stored::parse(&shown.to_string(), &text).map_err(|error| error.context(format!("cannot read result `{shown}`")))
    }

    /// What the result file of this run would say; `path` is where the run is from.
    ///
    /// # Errors
    /// If it would not be one: a bug.
    pub fn of(path: &Path, report: &Report) -> Result<Self> {
        let mut content = Vec::new();
        report.json(None, &mut content).map_err(|cause| Error::new(cause.to_string()))?;
        let shown = path.display().to_string();
        Stored::parse(&shown, &String::from_utf8_lossy(&content))
            .map_err(|error| error.context(format!("cannot make a result of the run in `{shown}`")))
    }

    /// The figures that it has, in the order of the file.
    pub fn figures(&self) -> impl Iterator<Item = (Figure, f64)> {
        self.numbers.iter().filter_map(|number| Some((number.path.parse().ok()?, number.value)))
    }

    /// What it is, in a line of Markdown.
    pub fn title(&self) -> String {
        let label = self.label.as_ref().map_or(String::new(), |label| format!(", {}", plain(label)));
        format!("{}{label}, {}", code(&self.model), plain(&self.date))
    }

    /// What cannot be known from it, in a sentence.
    pub fn limits(&self) -> String {
        format!(
            "`{}` is a result and not the record of a run: it has the figures that were asked for when it was made, and \
             nothing of single requests",
            self.path
        )
    }

    /// The one result in `text`.
    pub(in crate::report) fn parse(path: &str, text: &str) -> Result<Self> {
        Stored::of_entries(path, Content::of(&content::strict(text))?.entries(|_| false)?)
    }

    /// What a result without the values of every request has.
    pub(super) fn of_content(path: &str, content: &Content) -> Result<Self> {
        Stored::of_entries(path, content.entries(Column::always)?)
    }

    fn of_entries(path: &str, entries: Map<String, Value>) -> Result<Self> {
        let mut numbers = Vec::new();
        gather(&entries, "", &mut numbers);
        let set = |path: &str| SETTINGS.contains(&path) || path.starts_with("llmbench.");
        numbers.retain(|number| !set(&number.path));
        let has = |key: &str| entries.contains_key(key);
        let text = |key: &str| entries.get(key).map(shown).unwrap_or_default();
        let count = |key: &str| entries.get(key).and_then(Value::as_u64);
        let [completed, failed] = ["completed", "failed"].map(|key| count(key).unwrap_or_default());
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
            partial: entries.get("partial") == Some(&Value::Bool(true)),
            sent: Sent { ended: completed.saturating_add(failed), failed, planned: count("planned") },
            settings: SETTINGS.map(|key| (key, entries.get(key).cloned())).into(),
            numbers,
            entries,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metric, Statistic};
    use crate::report::tests::{asked, told, worked_example};

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
    fn a_title_is_one_line_whatever_the_file_says() {
        let text = r#"{"duration": 1, "completed": 2, "request_throughput": 2, "model_id": "m\n\u001b[2J", "label": "a|b\nc", "date": "1"}"#;
        assert_eq!(Stored::parse("a.json", text).unwrap().title(), "`m\\n\\u{1b}[2J`, a\\|b\\nc, 1");
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
}
