//! The values of every flag of a subcommand, given or by default, under the names that the reference stores options by.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::json::{Value, float};
use crate::secrets::{self, MASK};

/// Flags that say nothing of the run.
const SILENT: [&str; 3] = ["help", "color", "api_key"];

/// Flags whose values may be secret: that they were given is all that is said of them.
const SECRET: [&str; 4] = ["header", "headers", "wandb_api_key", "swanlab_api_key"];

/// Puts flags in the place of those that they overrule, as the reference does before it looks at them. `overruled` names a
/// flag and one in whose place it is put, where it is given.
pub fn settle(options: &mut Vec<(String, Value)>, overruled: impl Iterator<Item = (&'static str, &'static str)>) {
    let value = |name: &str| options.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let given = |name: &str| value(name).filter(|value| *value != Value::Null);
    let on = |name: &str| value(name) == Some(Value::Bool(true));
    let timed = match value("dataset_name") {
        Some(Value::Text(name)) if name == "timed_trace" => !on("no_self_timed"),
        Some(Value::Text(name)) if name == "burstgpt" => on("self_timed"),
        _ => false,
    };
    let settled: Vec<(&str, Value)> = overruled.filter_map(|(name, other)| Some((other, given(name)?))).collect();
    settled.into_iter().for_each(|(name, value)| set(options, name, value));
    set(options, "self_timed", Value::Bool(timed));
    options.retain(|(name, _)| name != "no_self_timed");
}

/// Changes an option, if there is one of this name.
pub fn set(options: &mut [(String, Value)], name: &str, value: Value) {
    if let Some((_, old)) = options.iter_mut().find(|(known, _)| known == name) {
        *old = value;
    }
}

/// The values of the flags that `command` knows, as they stand in `matches`. Of a key there is nothing, and of headers no more
/// than that there are some.
pub fn options(command: &Command, matches: &ArgMatches) -> Vec<(String, Value)> {
    let flags = command.get_arguments().filter_map(|arg| Some((arg.get_long()?.replace('-', "_"), arg)));
    let told = flags.filter(|(name, _)| !SILENT.contains(&name.as_str()));
    told.map(|(name, arg)| match value(arg, matches) {
        given if SECRET.contains(&name.as_str()) && given != Value::Null => (name, Value::Text(MASK.into())),
        plain => (name, shown(arg, plain)),
    })
    .collect()
}

/// The value of a flag without what may be secret in it.
fn shown(arg: &Arg, value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(secrets::shown(arg.get_long().unwrap_or_default(), &text)),
        Value::List(items) => Value::List(items.into_iter().map(|item| shown(arg, item)).collect()),
        other => other,
    }
}

fn value(arg: &Arg, matches: &ArgMatches) -> Value {
    let id = arg.get_id().as_str();
    if matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse) {
        return Value::Bool(matches.get_flag(id));
    }
    let Some(raw) = matches.get_raw(id) else { return Value::Null };
    let mut texts = raw.map(|text| Value::Text(text.to_string_lossy().into_owned()));
    if arg.get_num_args().is_some_and(|range| range.max_values() > 1) {
        return Value::List(texts.collect());
    }
    let text = texts.next_back().unwrap_or(Value::Null);
    match &text {
        Value::Text(json) if !is_text(arg) => number(id, matches).or_else(|| of_json(json)).unwrap_or(text),
        _ => text,
    }
}

/// Whether a flag takes any text as it stands.
fn is_text(arg: &Arg) -> bool {
    let of = arg.get_value_parser().type_id();
    [TypeId::of::<String>(), TypeId::of::<OsString>(), TypeId::of::<PathBuf>()].iter().any(|text| of == *text)
}

/// The number or the object that a text is, for flags that make one of it in a type of their own.
fn of_json(text: &str) -> Option<Value> {
    let json = serde_json::from_str::<serde_json::Value>(text).ok()?;
    (json.is_number() || json.is_object()).then(|| Value::of_json(json))
}

/// The value of a flag that takes a number.
fn number(id: &str, matches: &ArgMatches) -> Option<Value> {
    let float = |value: f64| if value.is_finite() { Value::Float(value) } else { Value::Text("inf".into()) };
    let int = |value: i64| u64::try_from(value).map_or(Value::Float(value as f64), Value::Int);
    let found = [
        one::<i64>(id, matches).map(int),
        one::<f64>(id, matches).map(float),
        one::<u64>(id, matches).map(Value::Int),
        one::<usize>(id, matches).map(|value| Value::Int(value as u64)),
        one::<u32>(id, matches).map(|value| Value::Int(value.into())),
        one::<u16>(id, matches).map(|value| Value::Int(value.into())),
    ];
    found.into_iter().flatten().next()
}

/// The value of a flag, if it is of this type.
fn one<T: Copy + Send + Sync + 'static>(id: &str, matches: &ArgMatches) -> Option<T> {
    matches.try_get_one::<T>(id).ok().flatten().copied()
}

/// The value that an option was stored with as strict words; `name` has its two dashes.
pub fn words(name: &str, value: &Value) -> Vec<String> {
    let given = |text: &str| format!("{name}={text}");
    match value {
        Value::Null | Value::Bool(false) | Value::Object(_) => Vec::new(),
        Value::Bool(true) => vec![name.to_owned()],
        Value::Int(value) => vec![given(&value.to_string())],
        Value::Float(value) => vec![given(&float(*value))],
        Value::Text(text) => vec![given(text)],
        Value::List(items) => items.iter().flat_map(|item| words(name, item)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[arg(long)]
        api_key: Option<String>,
        #[arg(long)]
        save_result: bool,
        #[arg(long, default_value_t = 7)]
        num_prompts: i64,
        #[arg(long)]
        request_rate: Option<f64>,
        #[arg(long, num_args = 1..)]
        header: Vec<String>,
        #[arg(long)]
        model: Option<String>,
        #[arg(long, value_parser = crate::args::json_object)]
        extra_body: Option<crate::args::JsonObject>,
        #[arg(long)]
        output_len: Option<i64>,
        #[arg(long, default_value_t = 256, allow_negative_numbers = true)]
        custom_output_len: i64,
        #[arg(long)]
        dataset_name: Option<String>,
        #[arg(long)]
        self_timed: bool,
        #[arg(long)]
        no_self_timed: bool,
    }

    fn settled(args: &[&str]) -> String {
        use clap::CommandFactory;
        let mut found = options(&Cli::command(), &Cli::command().get_matches_from([&["x"], args].concat()));
        settle(&mut found, [("output_len", "custom_output_len")].into_iter());
        found[7..].iter().map(|(name, value)| format!("{name}={value:?} ")).collect()
    }

    #[test]
    fn flags_that_overrule_others_stand_in_their_place() {
        let plain = settled(&["--custom-output-len=-1"]);
        assert!(
            plain.contains("custom_output_len=Float(-1.0) ") && plain.ends_with("self_timed=Bool(false) "),
            "{plain}"
        );
        let trace = settled(&["--output-len=9", "--dataset-name=timed_trace"]);
        assert!(trace.contains("custom_output_len=Int(9) ") && trace.ends_with(" self_timed=Bool(true) "), "{trace}");
        assert!(settled(&["--dataset-name=timed_trace", "--no-self-timed"]).ends_with("self_timed=Bool(false) "));
    }

    #[test]
    fn json_stays_json() {
        let given = told(&["--extra-body", r#"{"a": {"b": [1, -2.5, null, true, "x"]}}"#]);
        let list = r#"List([Int(1), Float(-2.5), Null, Bool(true), Text("x")])"#;
        assert!(given.contains(&format!(r#"extra_body=Object([("a", Object([("b", {list})]))])"#)), "{given}");
    }

    fn told(args: &[&str]) -> String {
        use clap::CommandFactory;
        let matches = Cli::command().get_matches_from([&["x"], args].concat());
        Cli::parse_from([&["x"], args].concat());
        options(&Cli::command(), &matches).iter().map(|(name, value)| format!("{name}={value:?} ")).collect()
    }

    #[test]
    fn every_flag_has_its_value_or_its_default_but_for_what_is_secret() {
        let given = told(&["--api-key", "hidden", "--request-rate", "inf", "--header", "a=1", "b=2", "--model=m"]);
        let expected = concat!(
            r#"save_result=Bool(false) num_prompts=Int(7) request_rate=Text("inf") "#,
            r#"header=Text("***") model=Text("m") "#
        );
        assert!(given.starts_with(expected), "{given}");
        assert!(told(&["--save-result"]).starts_with("save_result=Bool(true) num_prompts=Int(7) request_rate=Null "));
    }

    #[test]
    fn a_stored_option_is_read_as_it_was_given() {
        let list = Value::List(vec![Value::Text("ttft:1".into()), Value::Text("e2el:2".into())]);
        assert_eq!(words("--goodput", &list), ["--goodput=ttft:1", "--goodput=e2el:2"]);
        assert_eq!(words("--steady-state-threshold", &Value::Float(0.95)), ["--steady-state-threshold=0.95"]);
        assert_eq!(words("--no-steady-state", &Value::Bool(true)), ["--no-steady-state"]);
        for nothing in [Value::Null, Value::Bool(false), Value::List(Vec::new())] {
            assert!(words("--x", &nothing).is_empty());
        }
    }
}
