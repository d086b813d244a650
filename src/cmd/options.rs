//! The values of every flag of a subcommand, given or by default, under the names that the reference stores options by.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::report::Value;

/// Flags that say nothing of the run.
const SILENT: [&str; 3] = ["help", "color", "api_key"];

/// The values of the flags that `command` knows, as they stand in `matches`. Of a key there is nothing.
pub(super) fn options(command: &Command, matches: &ArgMatches) -> Vec<(String, Value)> {
    let flags = command.get_arguments().filter_map(|arg| Some((arg.get_long()?.replace('-', "_"), arg)));
    flags.filter(|(name, _)| !SILENT.contains(&name.as_str())).map(|(name, arg)| (name, value(arg, matches))).collect()
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
    number(id, matches).unwrap_or_else(|| texts.next_back().unwrap_or(Value::Null))
}

/// The value of a flag that takes a number.
fn number(id: &str, matches: &ArgMatches) -> Option<Value> {
    let float = |value: f64| if value.is_finite() { Value::Float(value) } else { Value::Text("inf".into()) };
    let int = |value: i64| u64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int);
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
    }

    fn shown(args: &[&str]) -> String {
        use clap::CommandFactory;
        let matches = Cli::command().get_matches_from([&["x"], args].concat());
        Cli::parse_from([&["x"], args].concat());
        options(&Cli::command(), &matches).iter().map(|(name, value)| format!("{name}={value:?} ")).collect()
    }

    #[test]
    fn every_flag_has_its_value_or_its_default_and_a_key_has_none() {
        let given = shown(&["--api-key", "hidden", "--request-rate", "inf", "--header", "a=1", "b=2", "--model=m"]);
        let expected = concat!(
            r#"save_result=Bool(false) num_prompts=Int(7) request_rate=Text("inf") "#,
            r#"header=List([Text("a=1"), Text("b=2")]) model=Text("m") "#
        );
        assert_eq!(given, expected);
        assert!(shown(&["--save-result"]).starts_with("save_result=Bool(true) num_prompts=Int(7) request_rate=Null "));
    }
}
