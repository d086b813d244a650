//! Flags from a YAML file: keys are the names of flags. In come a file and clap's definitions of a subcommand; out
//! come the flags of the file as strict words.
//!
//! * `_` and `-` are alike in keys. A switch takes true or false; false and null are as if the key were not there.
//! * A list flag takes a list; a flag that takes a comma-separated list may have a list too. A JSON flag takes a mapping.
//! * Plain values are passed on as they are written, so `1_000`, `1e3` and `inf` mean what they mean on the command line.

use std::any::TypeId;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};
use saphyr::{MarkedYaml, Scalar, ScalarStyle, YamlData, YamlLoader};
use saphyr_parser::Parser;
use serde_json::{Map, Value};

use super::JsonObject;
use crate::content;
use crate::error::{Error, Result};

/// The largest file of flags that is read.
const LARGEST: u64 = 16 << 20;

/// Which file to read, on the command line of a subcommand: it is read before clap reads the line.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// Read flags from a YAML file: keys are the names of flags; the command line wins
    ///
    /// Switches take true or false, list flags take lists, JSON flags take mappings. A key that is no flag is an error.
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    config: Option<std::path::PathBuf>,
}

/// The flags of a file.
#[derive(Debug)]
pub struct Config {
    path: String,
    flags: Vec<Flag>,
}

/// A flag as a file gives it.
#[derive(Debug)]
pub(super) struct Flag {
    /// With its two dashes.
    pub(super) name: String,
    line: usize,
    /// Its strict words.
    pub(super) words: Vec<String>,
}

impl Config {
    /// The flags, in the file's order.
    pub(super) fn flags(&self) -> impl Iterator<Item = &Flag> {
        self.flags.iter()
    }

    /// Reads the flags of `command` in the file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read, or a key is no flag or cannot have its value: with file, line and key.
    pub(super) fn read(command: &Command, path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let content = content::of(path, LARGEST)
            .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
            .map_err(|cause| Error::new(format!("cannot read config `{shown}`: {cause}")).hint("check `--config`"))?;
        let flags = flags(command, &content).map_err(|error| error.context(format!("cannot read config `{shown}`")))?;
        Ok(Config { path: shown, flags })
    }

    /// What clap refuses, said of the file if that is where the flag was given.
    pub fn blame(&self, error: &clap::Error) -> Option<Error> {
        let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return None };
        let name = arg.split([' ', '=']).next()?;
        let flag = self.flags.iter().find(|flag| flag.name == name)?;
        let text = error.to_string();
        let cause = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Some(
            Error::new(format!("cannot read config `{}`: line {}: {cause}", self.path, flag.line))
                .hint(format!("see `--help={}`", name.trim_start_matches('-'))),
        )
    }
}

/// The flags that a file's content gives.
fn flags(command: &Command, content: &str) -> Result<Vec<Flag>> {
    let at = |line: usize, what: String| Error::new(format!("line {line}: {what}"));
    let mut loader = YamlLoader::<MarkedYaml<'_>>::default();
    loader.early_parse(false);
    let loaded = Parser::new_from_str(content).load(&mut loader, true);
    if let Some(cause) = loaded.err().as_ref().or(loader.error()) {
        return Err(at(cause.marker().line(), cause.info().to_owned()).hint("write `key: value` lines"));
    }
    let mut documents = loader.into_documents().into_iter();
    let entries = match (documents.next().map(|document| (document.span.start.line(), document.data)), documents.next())
    {
        (_, Some(second)) => return Err(at(second.span.start.line(), "a second document".into()).hint("use one")),
        (None, None) => return Ok(Vec::new()),
        (Some((_, YamlData::Mapping(entries))), None) => entries,
        (Some((_, YamlData::Representation(text, ScalarStyle::Plain, None))), None) if text.is_empty() => {
            return Ok(Vec::new());
        }
        (Some((line, _)), None) => return Err(at(line, "not a mapping".into()).hint("write `key: value` lines")),
    };
    let mut flags: Vec<Flag> = Vec::new();
    for (key, value) in &entries {
        let line = key.span.start.line();
        let key =
            text(key).ok_or_else(|| at(line, "a key is not a text".into()).hint("keys are the names of flags"))?;
        let arg = named(command, &key).ok_or_else(|| unknown(command, line, &key))?;
        let name = format!("--{}", arg.get_long().unwrap_or_else(|| arg.get_id().as_str()));
        if let Some(first) = flags.iter().find(|flag| flag.name == name) {
            let what = format!("`{key}` is given in line {} too", first.line);
            return Err(at(line, what).hint("keep one of them"));
        }
        let values = values(arg, value)
            .map_err(|cause| at(line, format!("`{key}`: {cause}")).hint(format!("see `--help={key}`")))?;
        flags.push(Flag { words: words(&name, values), name, line });
    }
    Ok(flags)
}

/// What a key stands for on the command line.
enum Values {
    Absent,
    Switch,
    Given(Vec<String>),
}

fn words(name: &str, values: Values) -> Vec<String> {
    match values {
        Values::Absent => Vec::new(),
        Values::Switch => vec![name.to_owned()],
        Values::Given(values) => values.into_iter().map(|value| format!("{name}={value}")).collect(),
    }
}

/// The values of a flag. A failure is the rest of a sentence about the key.
fn values(arg: &Arg, node: &MarkedYaml<'_>) -> Result<Values, String> {
    let range = arg.get_num_args().unwrap_or_else(|| 1.into());
    let is_list = range.max_values() > 1;
    let optional = !arg.get_action().takes_values() || (range.min_values() == 0 && !is_list);
    match scalar(node)? {
        Some(Scalar::Null) => return Ok(Values::Absent),
        Some(Scalar::Boolean(true)) if optional => return Ok(Values::Switch),
        Some(Scalar::Boolean(false)) if optional => return Ok(Values::Absent),
        _ if !arg.get_action().takes_values() => return Err("give true or false".into()),
        _ => {}
    }
    if arg.get_value_parser().type_id() == TypeId::of::<JsonObject>() {
        let value = text(node).map_or_else(|| json(node).map(|value| value.to_string()), Ok)?;
        return Ok(Values::Given(vec![value]));
    }
    let one = |node: &MarkedYaml<'_>| {
        let text = text(node).ok_or("a value must not be a list or a mapping here")?;
        // YAML writes `.inf` and `.nan` where the command line has `inf` and `nan`.
        Ok::<_, String>(match scalar(node)? {
            Some(Scalar::FloatingPoint(value)) if !value.is_finite() => text.replacen('.', "", 1),
            _ => text,
        })
    };
    match &node.data {
        YamlData::Sequence(items) => {
            let items: Vec<String> = items.iter().map(one).collect::<Result<_, _>>()?;
            Ok(Values::Given(if is_list { items } else { vec![items.join(",")] }))
        }
        _ => Ok(Values::Given(vec![one(node)?])),
    }
}

/// The flag that a key names.
fn named<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    let key = key.replace('_', "-");
    let mut args = command.get_arguments().filter(|arg| takes_part(arg));
    args.find(|arg| arg.get_long() == Some(&key) || arg.get_all_aliases().is_some_and(|all| all.contains(&&*key)))
}

/// Whether a file may give a flag.
fn takes_part(arg: &Arg) -> bool {
    let helps = matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong);
    !helps && arg.get_long() != Some("config")
}

fn unknown(command: &Command, line: usize, key: &str) -> Error {
    let plain = key.replace('_', "-");
    let names = command.get_arguments().filter(|arg| takes_part(arg)).filter_map(Arg::get_long);
    let nearest = names.map(|name| (strsim::jaro_winkler(&plain, name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest.filter(|(alike, _)| *alike > 0.85) {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => "keys are the names of flags: see `--help`".to_owned(),
    };
    Error::new(format!("line {line}: unknown key `{key}`")).hint(hint)
}

/// A value as it is written, if it is no list or mapping.
fn text(node: &MarkedYaml<'_>) -> Option<String> {
    match &node.data {
        YamlData::Representation(text, ..) => Some(text.to_string()),
        YamlData::Tagged(_, inner) => text(inner),
        _ => None,
    }
}

/// A value as YAML means it; none for lists and mappings.
fn scalar<'a>(node: &'a MarkedYaml<'_>) -> Result<Option<Scalar<'a>>, String> {
    match &node.data {
        YamlData::Representation(text, style, tag) => {
            let scalar = Scalar::parse_from_cow_and_metadata(text.as_ref().into(), *style, tag.as_ref());
            scalar.map(Some).ok_or_else(|| format!("`{text}` is not what its tag says"))
        }
        YamlData::Tagged(_, inner) => scalar(inner),
        _ => Ok(None),
    }
}

/// The JSON that a value of a JSON flag stands for.
fn json(node: &MarkedYaml<'_>) -> Result<Value, String> {
    match (&node.data, scalar(node)?) {
        (_, Some(Scalar::Null)) => Ok(Value::Null),
        (_, Some(Scalar::Boolean(value))) => Ok(value.into()),
        (_, Some(Scalar::Integer(value))) => Ok(value.into()),
        (_, Some(Scalar::FloatingPoint(value))) if value.is_finite() => Ok(value.into_inner().into()),
        (_, Some(Scalar::FloatingPoint(value))) => Err(format!("JSON has no `{value}`")),
        (_, Some(Scalar::String(value))) => Ok(value.as_ref().into()),
        (YamlData::Sequence(items), None) => items.iter().map(json).collect(),
        (YamlData::Mapping(entries), None) => {
            let entry = |(key, value)| Ok((text(key).ok_or("a key is not a text")?, json(value)?));
            entries.iter().map(entry).collect::<Result<Map<_, _>, String>>().map(Value::Object)
        }
        (YamlData::Tagged(_, inner), None) => json(inner),
        (_, None) => Err("an alias leads nowhere".into()),
    }
}

#[cfg(test)]
#[path = "config_test.rs"]
mod tests;
