//! The function-calling leaderboard: questions, and functions that the model may call. Its files come in, drafts with
//! messages and tools go out, in the reference's order.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::settings::{Hf, Maker};
use super::source::{DataFile, Source};
use crate::dataset::part::Json;
use crate::dataset::rows;
use crate::dataset::sample::{Prompt, Sample};
use crate::error::{Error, Result};
use crate::rng::Python;

const FORM: &str =
    "a line has `question`, a list of turns, each a list of messages, and `function`, a list of functions";

/// A row: the messages of its first turn, and its functions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    place: String,
    messages: Vec<Value>,
    functions: Vec<Value>,
}

impl Hf {
    /// The rows of all categories that can be asked: one of each in turn, then shuffled.
    pub(super) fn calls(&self, source: &Source) -> Result<Vec<Call>> {
        if self.categories.is_empty() {
            return Err(
                Error::new("`--bfcl-categories`: no category").hint("name one or more, such as `simple,multiple`")
            );
        }
        let read = |category: &String| {
            calls(source, category).map_err(|error| error.context(format!("category `{category}`")))
        };
        let categories = self.categories.iter().map(read).collect::<Result<Vec<_>>>()?;
        let longest = categories.iter().map(Vec::len).max().unwrap_or(0);
        let in_turn: Vec<&Option<Call>> =
            (0..longest).flat_map(|index| categories.iter().filter_map(move |rows| rows.get(index))).collect();
        // A generator of its own: later draws begin at the seed, as if nothing had been shuffled.
        let order = self.selection.order(in_turn.len(), &mut Python::new(0));
        Ok(order.into_iter().filter_map(|index| in_turn[index as usize].clone()).collect())
    }
}

/// The rows of a category; none for a row that asks nothing or has no functions.
fn calls(source: &Source, category: &str) -> Result<Vec<Option<Call>>> {
    let name = format!("BFCL_v3_{category}.json");
    let path = match source {
        Source::File(path) => path.clone(),
        source => source.path(&DataFile::own(&name))?,
    };
    let content = std::fs::read(&path).map_err(|cause| missing(&path, &cause))?;
    rows::lines(&content, FORM)
        .map(|row| row.and_then(|row| call(row, &name)).map_err(|error| error.context(format!("`{name}`"))))
        .collect()
}

fn missing(path: &Path, cause: &std::io::Error) -> Error {
    Error::new(format!("`{}`: {cause}", path.display()))
        .hint("choose categories that are there with `--bfcl-categories`")
}

fn call(mut row: rows::Row, name: &str) -> Result<Option<Call>> {
    let place = row.wrong("").to_string();
    let (Some(Value::Array(turns)), Some(functions)) = (row.take("question"), row.take("function")) else {
        return Ok(None);
    };
    let functions = match functions {
        Value::Array(functions) => functions,
        lone => vec![lone],
    };
    let first = turns.into_iter().next();
    let Some(Value::Array(messages)) = first else { return Ok(None) };
    if messages.is_empty() || functions.is_empty() {
        return Ok(None);
    }
    let place = format!("`{name}`: {}", place.trim_end_matches([' ', ':']));
    Ok(Some(Call { place, messages, functions }))
}

impl Maker {
    /// The messages with their functions as tools, which the server puts both into the chat template; and what its tokens are
    /// counted of instead, where the tokenizer cannot.
    pub(super) fn tools(&self, call: &Call) -> Result<(Draft, Option<Fallback>)> {
        let tools: Vec<Value> = call
            .functions
            .iter()
            .map(|function| json!({"type": "function", "function": translated(function.clone())}))
            .collect();
        let messages = Value::Array(call.messages.clone());
        let tools = Value::Array(tools);
        let (text, fallback) = self.rendered(&messages, &tools);
        let input_tokens = self.tokenizer.count(&text).map_err(|error| error.context(&call.place))?;
        let draft = Draft::of(Sample {
            prompt: Prompt::Messages(Json::of(&messages)),
            input_tokens,
            output_tokens: self.given_length().expect("a class without answers has a length of its own"),
            overrides: vec![("tools".into(), Json::of(&tools)), ("tool_choice".into(), Json::of(&json!("auto")))],
            ..Sample::default()
        });
        Ok((draft, fallback))
    }

    /// Messages and tools in the chat template; without tools where it takes none, and the contents alone where there is none.
    fn rendered(&self, messages: &Value, tools: &Value) -> (String, Option<Fallback>) {
        let render = |tools| self.tokenizer.render_messages(messages.clone(), tools);
        let cause = match render(Some(tools.clone())) {
            Ok(text) => return (text, None),
            Err(cause) => cause.to_string(),
        };
        if let Ok(text) = render(None) {
            return (text, Some(Fallback { counted: "messages without tools", cause }));
        }
        let contents = messages.as_array().into_iter().flatten().filter_map(|message| message["content"].as_str());
        let text = contents.collect::<Vec<_>>().join("\n");
        (text, Some(Fallback { counted: "the contents of messages alone", cause }))
    }
}

/// What tokens were counted of, in the place of messages with tools.
#[derive(Debug, PartialEq)]
pub(super) struct Fallback {
    /// As a message names it.
    counted: &'static str,
    /// Why.
    cause: String,
}

/// What to warn of where so many of `all` requests were counted otherwise than with tools: a sentence for each way.
pub(super) fn doubts(fallbacks: &[Fallback], all: usize) -> Vec<String> {
    let mut ways: Vec<&Fallback> = Vec::new();
    for fallback in fallbacks {
        if ways.iter().all(|way| way.counted != fallback.counted) {
            ways.push(fallback);
        }
    }
    let told = |way: &&Fallback| {
        let Fallback { counted, cause } = way;
        let count = fallbacks.iter().filter(|fallback| fallback.counted == *counted).count();
        let of = if count == all { String::new() } else { format!(" of {count} of {all} requests") };
        format!("prompt tokens{of} are those of {counted}: {cause}")
    };
    ways.iter().map(told).collect()
}

/// A schema whose types have the names of JSON Schema, however deep they lie.
fn translated(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(translated).collect()),
        Value::Object(fields) => {
            let field = |(key, value): (String, Value)| match (key.as_str(), &value) {
                ("type", Value::String(name)) => {
                    let name = json_schema(name);
                    (key, Value::from(name))
                }
                _ => (key, translated(value)),
            };
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn json_schema(name: &str) -> &str {
    match name {
        "dict" => "object",
        "float" => "number",
        "tuple" => "array",
        "any" => "string",
        other => other,
    }
}
