//! Recorded requests at their recorded times: lines with the whole body of a request and its moment come in, samples that say
//! when they are due go out.

use std::path::PathBuf;

use serde_json::Value;

use super::asked::Asked;
use super::shaping::Shaping;
use crate::dataset::file::open::{check, from_file};
use crate::dataset::file::timing;
use crate::dataset::file::trace_entry::date;
use crate::dataset::kind::Dataset;
use crate::dataset::needs::Carries;
use crate::dataset::rows::{self, Row};
use crate::dataset::sample::{Sample, Samples};
use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// The settings of `workload_trace`.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The file.
    pub path: PathBuf,
    /// Requests, warm-ups among them; `None` takes all lines.
    pub number: Option<u32>,
    /// How many times faster than recorded; above 0.
    pub speed: f64,
    /// Names of models that are sent instead of recorded ones.
    pub renamed: Vec<(String, String)>,
    /// The name that is sent instead of all others.
    pub model: Option<String>,
    /// Whether answers are to be as long as the recorded ones.
    pub full_answers: bool,
    /// What texts are sent as, and how many tokens are asked for where a body does not say.
    pub shaping: Shaping,
}

const FORM: &str = "write an object a line, such as {\"timestamp\": 0.5, \"body\": {\"messages\": [...]}, \
                    \"completion_tokens\": 10}";

/// A line of the trace.
struct Recorded {
    seconds: f64,
    asked: Asked,
    id: Option<String>,
    output_tokens: Option<u32>,
    /// Whether it has headers of its own, which are not sent.
    headers: bool,
}

impl Workload {
    /// Ready to be sampled; only an open loop keeps to its times.
    pub fn dataset(self) -> Dataset {
        let check = check(&self.path);
        let make = move |carries: Carries, tokenizer: Option<&Tokenizer>| {
            from_file(&self.path, |bytes| self.read(&bytes, carries, tokenizer.cloned()))
        };
        Dataset { check, ..Dataset::new("workload_trace", move |carries, tokenizer, _| make(*carries, tokenizer)) }
    }

    fn read(&self, bytes: &[u8], carries: Carries, tokenizer: Option<Tokenizer>) -> Result<Samples> {
        if !(self.speed.is_finite() && self.speed > 0.0) {
            return Err(Error::new(format!("a speed of {}", self.speed)).hint("set `speed` to a number above 0"));
        }
        let mut recorded: Vec<Recorded> =
            rows::lines(bytes, FORM).map(|row| self.recorded(row?)).collect::<Result<_>>()?;
        if recorded.is_empty() {
            return Err(Error::new("no lines").hint(FORM));
        }
        // The sort is stable: lines of one moment keep their order.
        recorded.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        recorded.truncate(self.number.map_or(usize::MAX, |number| number as usize));
        let first = recorded.first().map_or(0.0, |recorded| recorded.seconds);
        let speed = self.speed;
        let times = recorded.iter().map(|recorded| (recorded.seconds - first) / speed);
        let mut warnings = timing::warnings(times.clone(), ": a higher `speed` makes it shorter");
        let due = Some(timing::due(times));
        let headed = recorded.iter().filter(|recorded| recorded.headers).count();
        if headed > 0 {
            warnings.push(format!("{headed} requests of the trace have headers of their own, which are not sent"));
        }
        let (count, shaping) = (recorded.len(), self.shaping);
        let usual = shaping.max_tokens.0;
        let iter = recorded.into_iter().map(move |Recorded { asked, id, output_tokens, .. }| {
            let sample = asked.sample(&shaping, None, &carries, tokenizer.as_ref())?;
            let output_tokens = output_tokens.or(asked.output_tokens()).unwrap_or(usual);
            Ok(Sample { output_tokens, request_id: id, ..sample })
        });
        Ok(Samples { warnings, due, ..Samples::new(count, iter) })
    }

    fn recorded(&self, mut row: Row) -> Result<Recorded> {
        let seconds = seconds(&row)?;
        let output_tokens = match row.get("completion_tokens") {
            Some(_) if self.full_answers => Some(row.tokens("completion_tokens")?),
            _ => None,
        };
        let id = match row.get("request_id") {
            Some(Value::String(id)) => Some(id.clone()),
            _ => None,
        };
        let headers = row.get("headers").is_some();
        let body = match row.take("body") {
            Some(Value::String(text)) => serde_json::from_str(&text).ok(),
            other => other,
        };
        let Some(Value::Object(mut body)) = body else { return Err(row.wrong("no object at `body`")) };
        if let Some(model) = self.model_for(body.get("model").and_then(Value::as_str)) {
            body.insert("model".to_owned(), Value::from(model));
        }
        if let Some(tokens) = output_tokens {
            body.insert("max_tokens".to_owned(), Value::from(tokens));
            if !constrained(&body) {
                body.insert("ignore_eos".to_owned(), Value::from(true));
            }
        }
        let asked = Asked::body(Row::new(row.place(), body, FORM))?;
        Ok(Recorded { seconds, asked, id, output_tokens, headers })
    }

    /// The name that is sent instead of a model's, if another is.
    fn model_for(&self, recorded: Option<&str>) -> Option<&str> {
        let renamed = self.renamed.iter().find(|(from, _)| Some(from.as_str()) == recorded);
        renamed.map(|(_, to)| to.as_str()).or(self.model.as_deref())
    }
}

/// Whether a body binds its answer to a grammar, behind whose end nothing can follow.
fn constrained(body: &serde_json::Map<String, Value>) -> bool {
    let format = body.get("response_format").and_then(|format| format["type"].as_str());
    let choice = body.get("tool_choice").filter(|choice| !choice.is_null());
    let forced = choice.is_some_and(|choice| !matches!(choice.as_str(), Some("none" | "auto")));
    let tools = body.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty());
    matches!(format, Some("json_object" | "json_schema")) || tools && forced
}

/// When a request was recorded: seconds, or a date.
fn seconds(row: &Row) -> Result<f64> {
    let seconds = match row.get("timestamp") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => {
            text.trim().parse().ok().or_else(|| date(text).map(|date| date.as_nanosecond() as f64 / 1e9))
        }
        _ => None,
    };
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite());
    seconds.ok_or_else(|| row.without("number and no date", "timestamp"))
}

#[cfg(test)]
#[path = "workload_test.rs"]
mod tests;
