//! One request of a recorded trace: a row of its file comes in, whatever its fields are called; how much is asked and answered,
//! and when, goes out.
//!
//! Fields are found by their names: those of the flags in any spelling of case, blanks and underscores, else those of Azure's
//! traces. A time is a number of units from the start of the run, or a date, which counts from the first row's.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::timing::LONGEST_TRACE;
use crate::dataset::rows::Row;
use crate::error::Result;

/// Where a text is, if there is no number of input tokens.
const TEXT: &str = "text_input";

/// The fields of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// When.
    pub timestamp: String,
    /// How many input tokens.
    pub input: String,
    /// How many output tokens.
    pub output: String,
    /// What they are.
    pub hashes: String,
}

/// A request of the trace.
pub(super) struct Entry {
    /// What is asked.
    pub(super) asked: Asked,
    /// How many tokens the answer has.
    pub(super) output: u32,
    /// When, in seconds from the start of the run.
    pub(super) seconds: f64,
}

/// What an entry says of its prompt.
pub(super) enum Asked {
    /// So many tokens, which are those of the hash ids.
    Tokens(u32, Vec<String>),
    /// This text.
    Text(String),
}

/// Reads the entries of a trace, one after the other.
pub(super) struct Reading<'a> {
    /// The names of the fields.
    pub(super) labels: &'a Labels,
    /// The seconds of a unit of time, where times count.
    pub(super) unit: Option<f64>,
    /// How long the answer is where an entry does not tell.
    pub(super) output: Option<u32>,
    /// The first date, where times are dates.
    pub(super) first: Option<Timestamp>,
    /// Fields that are not called as the flags say, each with what it stands for.
    pub(super) renamed: Vec<(String, String)>,
}

impl Reading<'_> {
    /// What a row says.
    ///
    /// # Errors
    ///
    /// Where something is missing or out of its range, with the row's place, the field, and those that there are.
    pub(super) fn entry(&mut self, mut row: Row) -> Result<Entry> {
        let labels = self.labels;
        let seconds = match self.unit {
            Some(unit) => self.seconds(&row, unit)?,
            None => 0.0,
        };
        let output = self.name(&row, &labels.output);
        let output = match (row.get(&output), self.output) {
            (None, Some(output)) => output,
            (None, None) => {
                return Err(row.without("number of tokens", &output).hint(
                    "give each row the length of its answer, name its field with `--timed-trace-label-output-length`, \
                     or give one for all with `--output-len`",
                ));
            }
            (Some(_), _) => row.tokens(&output)?,
        };
        let input = self.name(&row, &labels.input);
        if row.get(&input).is_none() && row.get(TEXT).is_some() {
            return Ok(Entry { asked: Asked::Text(row.text(TEXT)?), output, seconds });
        }
        let asked = Asked::Tokens(row.prompt_tokens(&input)?, self.hashes(&row)?);
        Ok(Entry { asked, output, seconds })
    }

    /// The field of the row that is meant by a label.
    fn name(&mut self, row: &Row, label: &str) -> String {
        let azure = match label {
            "input_length" => "ContextTokens",
            "output_length" => "GeneratedTokens",
            _ => label,
        };
        let name = row.field(label).or_else(|| row.field(azure)).unwrap_or(label);
        if name != label && !self.renamed.iter().any(|(renamed, _)| renamed == name) {
            self.renamed.push((name.to_owned(), label.to_owned()));
        }
        name.to_owned()
    }

    fn hashes(&mut self, row: &Row) -> Result<Vec<String>> {
        let name = self.name(row, &self.labels.hashes);
        let hashes = match row.get(&name) {
            None => Some(Vec::new()),
            Some(Value::Array(ids)) => ids.iter().map(hash_id).collect(),
            Some(_) => None,
        };
        hashes.ok_or_else(|| row.wrong(format_args!("no list of whole numbers at `{name}`")))
    }

    fn seconds(&mut self, row: &Row, unit: f64) -> Result<f64> {
        let name = self.name(row, &self.labels.timestamp);
        let units = match row.get(&name) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let dated = || row.get(&name).and_then(Value::as_str).and_then(date);
        let seconds = match units {
            Some(units) => Some(units * unit).filter(|seconds| seconds.is_finite()),
            None => dated().map(|date| {
                let first = *self.first.get_or_insert(date);
                (date.as_nanosecond() - first.as_nanosecond()) as f64 / 1e9
            }),
        };
        let Some(seconds) = seconds else {
            let error = row.without("number and no date", &name);
            return Err(match row.get("delay") {
                Some(_) => error.hint(
                    "`delay` counts from the answer before, which a trace of times does not wait for: give each row its \
                     time, or let the flags of the load say when, with `--no-self-timed`",
                ),
                None => error,
            });
        };
        if seconds > LONGEST_TRACE {
            let why = format!("`{name}` is more than a year after the start of the run");
            return Err(row.wrong(why).hint(
                "times count from the start of the run: subtract the first, or set `--timed-trace-sec-multiplier`",
            ));
        }
        Ok(seconds)
    }
}

/// The moment that a date means, in UTC unless it says otherwise.
pub(in crate::dataset) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let local = || Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    text.parse().ok().or_else(local)
}

/// A hash id as it stands in the key of its chunk.
fn hash_id(id: &Value) -> Option<String> {
    match id {
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
