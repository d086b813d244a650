//! What a run was asked to do, as far as reports repeat it: plain data, free of flags.

use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Partition, Task, Tick, as_text};
use crate::json::Value;

/// The description of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// The server protocol by the name it was asked for.
    pub backend: String,
    /// What its requests ask for.
    pub task: Task,
    /// `--label` as given.
    pub label: Option<String>,
    /// The model by its own name.
    pub model_id: String,
    /// The tokenizer by name or path; `None` if none was loaded.
    pub tokenizer_id: Option<String>,
    /// `--num-prompts`, which may be more than there were samples.
    pub num_prompts: u64,
    /// `--metadata`: keys and values in order.
    pub metadata: Vec<(String, String)>,
    /// Requests a second; infinite if all were sent at once.
    #[serde(deserialize_with = "or_infinite")]
    pub request_rate: f64,
    /// Shape of the gaps between requests.
    #[serde(deserialize_with = "or_infinite")]
    pub burstiness: f64,
    /// Limit of requests in flight.
    pub max_concurrency: Option<u32>,
    /// A rate that changes over the run.
    pub ramp: Option<Ramp>,
    /// The ramp's start rate, and each whole rate that was reached after it; empty without a ramp.
    pub rate_changes: Vec<RateChange>,
    /// Whether requests start when the dataset says, whatever the rate.
    pub recorded: bool,
    /// Small requests a second that are sent beside the run, if any.
    pub probe_rate: Option<f64>,
    /// The adapters that requests were spread over, if any.
    #[serde(serialize_with = "shared", deserialize_with = "to_share")]
    pub adapters: Option<Arc<Partition>>,
    /// The servers that requests were spread over, if there were several.
    #[serde(serialize_with = "shared", deserialize_with = "to_share")]
    pub servers: Option<Arc<Partition>>,
    /// The command's options under the names that the reference stores them by, for the PyTorch-format file.
    pub options: Vec<(String, Value)>,
    /// The command line, without keys.
    pub command: Vec<String>,
    /// Host and port of the proxy that requests went through, if they did.
    pub proxy: Option<String>,
    /// Local time when sending began.
    #[serde(with = "as_text")]
    pub started: DateTime,
    /// Local time when the last answer was in; until then, when sending began.
    #[serde(with = "as_text")]
    pub ended: DateTime,
    /// Processor cores that this process may use.
    pub cores: usize,
}

impl Setup {
    /// Whether every request was due at once, so that nothing but the limit held any back.
    pub fn all_at_once(&self) -> bool {
        self.ramp.is_none() && self.request_rate.is_infinite()
    }

    /// The seconds after which no request was to start, if there was such a limit.
    pub fn asked_duration(&self) -> Option<f64> {
        match self.option("duration")? {
            Value::Float(seconds) => Some(*seconds),
            Value::Int(seconds) => Some(*seconds as f64),
            _ => None,
        }
    }

    /// Whether answers were asked for as streams.
    pub fn streams(&self) -> bool {
        let is = |name: &str, wanted: bool| self.option(name) == Some(&Value::Bool(wanted));
        self.task == Task::Generation && !is("stream", false) && !is("no_stream_response", true)
    }

    /// The option of this name, if the command has it.
    pub(super) fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// A rate that grows over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp {
    /// How it grows.
    pub strategy: Strategy,
    /// Requests a second at the first request.
    pub start: u32,
    /// Requests a second at the last request.
    pub end: u32,
}

/// How a ramp grows from request to request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// By equal steps.
    Linear,
    /// By equal factors.
    Exponential,
}

impl Strategy {
    /// Its name on the command line and in results.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Linear => "linear",
            Strategy::Exponential => "exponential",
        }
    }
}

/// A moment at which the rate reached a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateChange {
    /// Requests a second.
    pub rps: u32,
    /// When the first request at that rate was due.
    pub at: Tick,
}

/// JSON has no infinity: null stands for it.
fn or_infinite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

fn shared<S: Serializer>(partition: &Option<Arc<Partition>>, serializer: S) -> Result<S::Ok, S::Error> {
    partition.as_deref().serialize(serializer)
}

fn to_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<Partition>>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(Arc::new))
}
