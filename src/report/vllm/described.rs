//! What a result says of what its run was to be: keys come in, a [`Setup`] goes out. Its options are those that the keys tell.

use jiff::civil::DateTime;
use serde_json::Value as Json;

use super::content::Content;
use crate::error::{Error, Result};
use crate::json::Value;
use crate::measure::{Figure, Metric, Statistic};
use crate::record::{Ramp, Setup, Strategy, Task};

/// How results write their date.
const DATE: &str = "%Y%m%d-%H%M%S";

/// What to do about a key that says something else.
const HINT: &str = "name a file as it was written";

/// What the run of this result was to be; `entries` are its keys without arrays.
///
/// # Errors
/// If a key says what no run can be: with the key.
pub(super) fn setup(content: &Content, entries: &serde_json::Map<String, Json>, task: Task) -> Result<Setup> {
    let text = |key: &str| content.get::<String>(key);
    let date = text("date")?.unwrap_or_default();
    let ended = DateTime::strptime(DATE, &date)
        .map_err(|_| Error::new(format!("`date`: `{date}` is no date such as 20250314-150926")).hint(HINT))?;
    let backend = text("backend")?.or(text("endpoint_type")?).unwrap_or_default();
    let options = options(entries, task);
    Ok(Setup {
        backend,
        task,
        label: text("label")?,
        model_id: text("model_id")?.unwrap_or_default(),
        tokenizer_id: text("tokenizer_id")?,
        num_prompts: content.get("num_prompts")?.unwrap_or_default(),
        metadata: metadata(entries),
        request_rate: number(entries, "request_rate")?,
        burstiness: number(entries, "burstiness")?,
        max_concurrency: content.get("max_concurrency")?,
        ramp: ramp(content)?,
        options,
        started: ended,
        ended,
        ..Setup::default()
    })
}

/// The options of the run as far as the keys of its result tell, under the names that the reference stores them by.
pub(super) fn options(entries: &serde_json::Map<String, Json>, task: Task) -> Vec<(String, Value)> {
    const SAME: [&str; 9] = [
        "backend",
        "label",
        "num_prompts",
        "request_rate",
        "burstiness",
        "max_concurrency",
        "ramp_up_strategy",
        "ramp_up_start_rps",
        "ramp_up_end_rps",
    ];
    let value = |key: &str| entries.get(key).cloned().map(Value::of_json);
    let same = SAME.into_iter().filter_map(|key| Some((key.to_owned(), value(key)?)));
    let mut options: Vec<(String, Value)> = same.collect();
    options.extend(value("model_id").map(|model| ("model".to_owned(), model)));
    let (metrics, percentiles) = measured(entries);
    let mut list = |name: &str, items: Vec<String>| {
        if !items.is_empty() {
            options.push((name.to_owned(), Value::Text(items.join(","))));
        }
    };
    if metrics != Metric::default_of(task) {
        list("percentile_metrics", metrics.iter().map(|metric| metric.name().to_owned()).collect());
    }
    list("metric_percentiles", percentiles.iter().map(f64::to_string).collect());
    options
}

/// The latencies and the percentiles that a result has, in its order.
fn measured(entries: &serde_json::Map<String, Json>) -> (Vec<Metric>, Vec<f64>) {
    let (mut metrics, mut percentiles) = (Vec::new(), Vec::new());
    for figure in entries.keys().filter_map(|key| key.parse().ok()) {
        let Figure::Latency(metric, statistic) = figure else { continue };
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
        match statistic {
            Statistic::Percentile(p) if !percentiles.contains(&p) => percentiles.push(p),
            _ => {}
        }
    }
    (metrics, percentiles)
}

/// The texts that stand where `--metadata` puts them.
fn metadata(entries: &serde_json::Map<String, Json>) -> Vec<(String, String)> {
    let behind = entries.iter().skip_while(|(key, _)| *key != "num_prompts").skip(1);
    let between = behind.take_while(|(key, _)| *key != "request_rate");
    between.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// A number that may be infinite, as no JSON number is; null is what Python's word for that has become.
fn number(entries: &serde_json::Map<String, Json>, key: &str) -> Result<f64> {
    match entries.get(key) {
        None | Some(Json::Null) => Ok(f64::INFINITY),
        Some(Json::String(text)) if text == "inf" => Ok(f64::INFINITY),
        Some(value) => match value.as_f64().filter(|value| *value >= 0.0) {
            Some(value) => Ok(value),
            None => Err(Error::new(format!("`{key}`: {value} is neither 0 or more nor \"inf\"")).hint(HINT)),
        },
    }
}

fn ramp(content: &Content) -> Result<Option<Ramp>> {
    let Some(name) = content.get::<String>("ramp_up_strategy")? else { return Ok(None) };
    let unknown = || Error::new(format!("`ramp_up_strategy`: `{name}` is neither linear nor exponential")).hint(HINT);
    let known = [Strategy::Linear, Strategy::Exponential].into_iter().find(|strategy| strategy.name() == name);
    let rate = |key: &str| content.get(key).map(Option::unwrap_or_default);
    Ok(Some(Ramp {
        strategy: known.ok_or_else(unknown)?,
        start: rate("ramp_up_start_rps")?,
        end: rate("ramp_up_end_rps")?,
    }))
}
