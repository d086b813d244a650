//! The flags of `perf` that go into every request body.

use serde_json::{Map, Value};

use crate::args::{self, JsonObject};
use crate::backend::{Delivery, RequestContent};
use crate::content;
use crate::error::{Error, Result};

/// The largest file that a flag may name.
const MOST_BYTES: u64 = 64 << 20;

/// What goes into every body.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Request content")]
pub(super) struct RequestArgs {
    /// Most output tokens: a number, or two for a range that each request draws from
    #[arg(long, value_name = "N", num_args = 1..=2, default_value = "2048", value_parser = args::int)]
    pub(super) max_tokens: Vec<i64>,
    /// Fewest output tokens
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) min_tokens: Option<i64>,
    /// Penalty on tokens by how often they have occurred
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = args::float)]
    pub(super) frequency_penalty: Option<f64>,
    /// Factor on tokens that have occurred; above 1 discourages them
    #[arg(long, value_name = "X", value_parser = args::float)]
    pub(super) repetition_penalty: Option<f64>,
    /// Ask for log probabilities
    #[arg(long)]
    pub(super) logprobs: bool,
    /// Answers to ask for in each request
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) n_choices: Option<i64>,
    /// Seed of the prompts, which is sent too; without it one is drawn and told, and not sent
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) seed: Option<i64>,
    /// Texts that end an answer
    #[arg(long, value_name = "TEXT", num_args = 1..)]
    pub(super) stop: Vec<String>,
    /// Tokens that end an answer
    #[arg(long, value_name = "ID", num_args = 1.., value_parser = args::int)]
    pub(super) stop_token_ids: Vec<i64>,
    /// Ask for streams, which is the default
    #[arg(long, overrides_with = "no_stream")]
    pub(super) stream: bool,
    /// Ask for each answer as one document instead of a stream; TTFT and TPOT are then not measured
    #[arg(long)]
    pub(super) no_stream: bool,
    /// Sampling temperature; 0 is greedy
    #[arg(long, value_name = "X", default_value = "0.0", value_parser = args::float)]
    pub(super) temperature: f64,
    /// Sample from the likeliest tokens that reach this probability together
    #[arg(long, value_name = "P", value_parser = args::float)]
    pub(super) top_p: Option<f64>,
    /// Sample from this many of the likeliest tokens
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) top_k: Option<i64>,
    /// Fields of every request body, over all others
    #[arg(long, value_name = "JSON", value_parser = args::json_object)]
    pub(super) extra_args: Option<JsonObject>,
    /// A body that prompt and flags go into, as JSON or as @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    pub(super) query_template: Option<String>,
}

impl RequestArgs {
    /// What goes into every body.
    ///
    /// # Errors
    /// If a number cannot be written as JSON, or the template is no JSON object.
    pub(super) fn content(&self) -> Result<RequestContent> {
        let base = self.query_template.as_deref().map(template).transpose()?;
        let of_base = base.as_ref().and_then(|base| base.get("stream")).and_then(Value::as_bool);
        let stream = !self.no_stream && (self.stream || of_base.unwrap_or(true));
        let mut overlay: Map<String, Value> = self.sampling()?.into_iter().flatten().collect();
        overlay.extend(self.extra_args.clone().unwrap_or_default().0);
        Ok(RequestContent {
            overlay,
            dropped: Vec::new(),
            base,
            ignore_eos: false,
            logprobs: None,
            delivery: if stream { Delivery::Stream } else { Delivery::Document },
            warnings: Vec::new(),
        })
    }

    /// The fewest and the most output tokens to ask for.
    ///
    /// # Errors
    /// If they are no range from 1 on.
    pub(super) fn outputs(&self) -> Result<(u32, u32)> {
        let (low, high) = match self.max_tokens[..] {
            [low, high] => (low, high),
            [both] => (both, both),
            _ => (0, 0),
        };
        match (u32::try_from(low), u32::try_from(high)) {
            (Ok(low), Ok(high)) if 0 < low && low <= high => Ok((low, high)),
            _ => Err(Error::new(format!("`--max-tokens {low} {high}` is no range from 1 on"))
                .hint("give a number of tokens, or the least and the most")),
        }
    }

    fn sampling(&self) -> Result<Vec<Option<(String, Value)>>> {
        let field = |name: &str, value: Option<Value>| value.map(|value| (name.to_owned(), value));
        let some = |list: bool, value: Value| list.then_some(value);
        Ok(vec![
            field("min_tokens", self.min_tokens.map(Value::from)),
            field("frequency_penalty", finite("--frequency-penalty", self.frequency_penalty)?),
            field("repetition_penalty", finite("--repetition-penalty", self.repetition_penalty)?),
            field("logprobs", self.logprobs.then_some(Value::Bool(true))),
            field("n", self.n_choices.map(Value::from)),
            field("seed", self.seed.map(Value::from)),
            field("stop", some(!self.stop.is_empty(), Value::from(self.stop.clone()))),
            field("stop_token_ids", some(!self.stop_token_ids.is_empty(), Value::from(self.stop_token_ids.clone()))),
            field("temperature", finite("--temperature", Some(self.temperature))?),
            field("top_p", finite("--top-p", self.top_p)?),
            field("top_k", self.top_k.map(Value::from)),
        ])
    }
}

/// The object that `--query-template` gives.
fn template(text: &str) -> Result<Map<String, Value>> {
    let (text, place) = match text.strip_prefix('@') {
        Some(path) => (read(path)?, format!("`{path}`")),
        None => (text.to_owned(), "`--query-template`".to_owned()),
    };
    let object = serde_json::from_str(&text);
    object.map_err(|cause| {
        Error::new(format!("{place} holds no JSON object: {cause}"))
            .hint("give the body of a request, such as '{\"model\": \"%m\", \"think\": false}'")
    })
}

/// The text of a file that a flag names.
pub(super) fn read(path: &str) -> Result<String> {
    let cannot = |cause: &dyn std::fmt::Display| {
        Error::new(format!("cannot read `{path}`: {cause}")).hint("name a file of text")
    };
    let bytes = content::of(path.as_ref(), MOST_BYTES).map_err(|cause| cannot(&cause))?;
    String::from_utf8(bytes).map_err(|cause| cannot(&cause.utf8_error()))
}

fn finite(flag: &str, value: Option<f64>) -> Result<Option<Value>> {
    match value {
        Some(number) if !number.is_finite() => {
            Err(Error::new(format!("`{flag} {number}` cannot be written as JSON")).hint("give a finite number"))
        }
        number => Ok(number.map(Value::from)),
    }
}
