//! The flags that go into every request body, and the object they come to. The protocol's own fields and what a dataset
//! adds to single requests are not made here.

use serde_json::{Map, Value};

use super::kinds::Backend;
use super::reading::Delivery;
use crate::args::{self, JsonObject};
use crate::error::{Error, Result};
use crate::record::Task;

/// The flags that go into every request body.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Request content")]
pub struct RequestArgs {
    /// Log probabilities to ask for at each token; completions only
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub logprobs: Option<i64>,
    /// Keep generating past an end-of-sequence token
    #[arg(long)]
    pub ignore_eos: bool,
    /// Ask for each answer as one document instead of a stream; TTFT then equals E2EL
    ///
    /// There are no gaps between tokens to measure: ITL is empty and TPOT is 0.
    #[arg(long)]
    pub no_stream_response: bool,
    /// Accepted for compatibility; has no effect
    #[arg(long)]
    pub use_beam_search: bool,
    /// Sampling temperature, left to the server unless given, as all below; 0 is greedy
    #[arg(long, value_name = "X", value_parser = args::float)]
    pub temperature: Option<f64>,
    /// Sample from the likeliest tokens that reach this probability together
    #[arg(long, value_name = "P", value_parser = args::float)]
    pub top_p: Option<f64>,
    /// Sample from this many of the likeliest tokens
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub top_k: Option<i64>,
    /// Least probability, relative to the likeliest token's
    #[arg(long, value_name = "P", value_parser = args::float)]
    pub min_p: Option<f64>,
    /// Penalty on tokens by how often they have occurred
    #[arg(long, value_name = "X", value_parser = args::float)]
    pub frequency_penalty: Option<f64>,
    /// Penalty on tokens that have occurred
    #[arg(long, value_name = "X", value_parser = args::float)]
    pub presence_penalty: Option<f64>,
    /// Factor on tokens that have occurred; above 1 discourages them
    #[arg(long, value_name = "X", value_parser = args::float)]
    pub repetition_penalty: Option<f64>,
    /// Fields of every request body, over all others; --extra-body.KEY VALUE sets one
    ///
    /// Dotted keys build the object step by step: --extra-body.a.b 1 is {"a": {"b": 1}}. Several of them merge, and a `+`
    /// at the end (--extra-body.stop+ x,y) appends to a list.
    #[arg(long, value_name = "JSON", value_parser = args::json_object)]
    pub extra_body: Option<JsonObject>,
    /// Fields to leave out of every request body, for servers that refuse what they do not know
    ///
    /// `--drop-field ignore_eos max_completion_tokens` sends neither; dots lead into objects: `stream_options.include_usage`.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub drop_field: Vec<String>,
}

/// What goes into every request body.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestContent {
    /// Top-level fields over the protocol's own, in order: sampling flags, then the extra body on top of them.
    pub overlay: Map<String, Value>,
    /// Fields that are left out of bodies.
    pub dropped: Vec<String>,
    /// A body that the protocol's fields go into, where there is one.
    pub base: Option<Map<String, Value>>,
    /// Whether the user asked for answers of the full length.
    pub ignore_eos: bool,
    /// Log probabilities to ask for.
    pub logprobs: Option<i64>,
    /// Whether generated answers are asked for as streams or as documents.
    pub delivery: Delivery,
    /// What looks unintended, a line each.
    pub warnings: Vec<String>,
}

impl RequestArgs {
    /// Merges the flags into the fields of a body of `backend`. Numbers that JSON cannot express are refused, and sampling flags
    /// where the protocol has no place for them.
    pub fn resolve(&self, backend: Backend) -> Result<RequestContent> {
        let mut warnings = Vec::new();
        let mut overlay = self.sampling()?;
        let given = overlay.keys().next().map(|key| format!("--{}", key.replace('_', "-")));
        match (backend.task(), given) {
            (Task::Generation, Some(flag)) if !backend.takes_sampling() => {
                let what = format!("`{flag}` cannot be sent by `--backend {}`", backend.name());
                return Err(Error::new(what).hint("leave it out, or give it as a field of `--extra-body`"));
            }
            (Task::Pooling, Some(_)) => {
                overlay.clear();
                warnings.push(format!("sampling flags have no effect with `--backend {}`", backend.name()));
            }
            _ => {}
        }
        overlay.extend(self.extra_body.clone().unwrap_or_default().0);
        if self.use_beam_search {
            warnings.push("`--use-beam-search` has no effect".into());
        }
        if self.logprobs.is_some() && !backend.takes_logprobs() {
            warnings.push(format!("`--logprobs` has no effect with `--backend {}`", backend.name()));
        }
        if self.no_stream_response && backend.task() == Task::Pooling {
            warnings.push(format!("`--no-stream-response` has no effect with `--backend {}`", backend.name()));
        }
        if backend.takes_sampling() && !overlay.contains_key("temperature") {
            warnings.push("no `--temperature` is given, so the server decides: give 0 for greedy decoding".into());
        }
        let delivery = if self.no_stream_response { Delivery::Document } else { Delivery::Stream };
        let (dropped, ignore_eos) = (self.drop_field.clone(), self.ignore_eos);
        Ok(RequestContent { overlay, dropped, ignore_eos, logprobs: self.logprobs, delivery, base: None, warnings })
    }

    /// The sampling flags that are given, in the order of the reference.
    fn sampling(&self) -> Result<Map<String, Value>> {
        let sampling = [
            ("top_p", finite("--top-p", self.top_p)?),
            ("top_k", self.top_k.map(Value::from)),
            ("min_p", finite("--min-p", self.min_p)?),
            ("temperature", finite("--temperature", self.temperature)?),
            ("frequency_penalty", finite("--frequency-penalty", self.frequency_penalty)?),
            ("presence_penalty", finite("--presence-penalty", self.presence_penalty)?),
            ("repetition_penalty", finite("--repetition-penalty", self.repetition_penalty)?),
        ];
        Ok(sampling.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
    }
}

fn finite(flag: &str, value: Option<f64>) -> Result<Option<Value>> {
    match value {
        Some(number) if !number.is_finite() => Err(Error::new(format!("`{flag} {number}` cannot be written as JSON"))
            .hint("give a finite number, or leave the flag out for the server's default")),
        number => Ok(number.map(Value::from)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::json;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        request: RequestArgs,
    }

    fn resolve(flags: &[&str]) -> Result<RequestContent, String> {
        resolve_for(Backend::named("openai").unwrap(), flags)
    }

    fn resolve_for(backend: Backend, flags: &[&str]) -> Result<RequestContent, String> {
        let flags = Flags::try_parse_from(["x"].iter().chain(flags)).map_err(|error| error.to_string())?;
        flags.request.resolve(backend).map_err(|error| error.to_string())
    }

    #[test]
    fn the_extra_body_counts_over_sampling_flags_and_keeps_their_order() {
        let flags = ["--temperature=0", "--top-k=5", r#"--extra-body={"temperature": 1, "a": {"b": 2}}"#];
        let content = resolve(&flags).unwrap();
        assert_eq!(Value::Object(content.overlay.clone()).to_string(), r#"{"top_k":5,"temperature":1,"a":{"b":2}}"#);
        assert_eq!(content.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_float_flag_is_sent_as_a_float() {
        assert_eq!(resolve(&["--temperature=0"]).unwrap().overlay["temperature"].to_string(), "0.0");
    }

    #[test]
    fn a_falsy_extra_body_counts_as_absent() {
        for body in ["{}", "null", "[]", "0", "false"] {
            let content = resolve(&["--temperature=0", &format!("--extra-body={body}")]).unwrap();
            assert_eq!(Value::Object(content.overlay), json!({"temperature": 0.0}), "{body}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        assert_eq!(resolve(&["--top-p=inf"]), Err("`--top-p inf` cannot be written as JSON".into()));
        let error = resolve(&["--extra-body=[1]"]).unwrap_err();
        assert!(error.contains("'--extra-body <JSON>': not a JSON object but a list"), "{error}");
    }

    #[test]
    fn sampling_flags_go_where_the_protocol_has_a_place_for_them() {
        let flags = ["--top-k=5", r#"--extra-body={"a": 1}"#];
        let refused = resolve_for(Backend::named("openai-audio").unwrap(), &flags).unwrap_err();
        assert_eq!(refused, "`--top-k` cannot be sent by `--backend openai-audio`");
        let pooled = resolve_for(Backend::named("vllm-rerank").unwrap(), &flags).unwrap();
        assert_eq!((Value::Object(pooled.overlay), pooled.warnings.len()), (json!({"a": 1}), 1));
        let chat = resolve_for(Backend::named("openai-chat").unwrap(), &flags).unwrap();
        assert_eq!(Value::Object(chat.overlay), json!({"top_k": 5, "a": 1}));
    }

    #[test]
    fn flags_without_effect_and_a_missing_temperature_are_told() {
        assert_eq!(resolve(&["--use-beam-search"]).unwrap().warnings.len(), 2);
        assert_eq!(resolve(&["--extra-body={\"temperature\":0}"]).unwrap().warnings.len(), 0);
    }
}
