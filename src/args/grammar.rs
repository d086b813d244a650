//! The argument grammar in front of clap: what users of Python's argument parsers write, turned into the one strict form
//! that clap reads (`--flag=value`). In come the words of a command line and clap's own definitions, which are the only
//! list of flags; out come strict words and warnings, or a wish for help. Values are not checked here.
//!
//! * `_` and `-` are alike in the name of a flag, up to its first `.` or `=`.
//! * An unambiguous prefix names its flag, unless that takes a secret; an exact name always does. A word of another tool is an
//!   error with a tip, though it be a prefix.
//! * Of a flag given twice the last occurrence counts, for lists too, and a warning says so.
//! * A list flag takes every word up to the next flag; one written `--flag=value` takes one.
//! * Negative numbers are values. Other words that begin with `-` need the `=` form, unless a blank is in them.
//! * A JSON flag takes dotted keys: see `dotted`.
//! * `bench` before the subcommand is skipped, since the reference spells it `bench serve`.

use std::any::TypeId;
use std::ffi::OsString;
use std::iter::Peekable;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};

use super::dotted::{Dotted, Entry};
use super::foreign;
use super::{JsonObject, Words};

/// The topic of `-h`: the flags that are used most.
pub const SHORT: &str = "short";

/// What a command line asks for.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// To do something: words for clap, and what to warn of.
    Run {
        /// Every flag that takes a value has it attached by `=`.
        words: Words,
        /// One line each.
        warnings: Vec<String>,
    },
    /// To explain: the subcommands that lead there, and the word after `--help=`.
    Help {
        /// Names of subcommands, outermost first.
        path: Vec<String>,
        /// `all`, [`SHORT`], or a word to look for.
        topic: Option<String>,
        /// What else is given, as far as it is right.
        words: Words,
    },
}

/// Reads a command line against the definitions of `root`, which is built. Errors are usage errors.
pub fn read(root: &Command, args: impl IntoIterator<Item = OsString>) -> Result<Line, clap::Error> {
    let mut words = Vec::new();
    for (index, arg) in args.into_iter().enumerate() {
        let word = arg.into_string().map_err(|arg| {
            let message = format!("argument {index} is not UTF-8: {}", arg.to_string_lossy());
            root.clone().error(ErrorKind::InvalidUtf8, message)
        })?;
        words.push(word);
    }
    let mut rest = words.iter().peekable();
    let program = rest.next().map_or("llmbench", String::as_str).to_string();
    rest.next_if(|word| *word == "bench");
    let mut line = Strict { words: vec![program], warnings: Vec::new() };
    let mut level = Level::new(root);
    let mut path = Vec::new();
    while let Some(word) = rest.next() {
        if word == "--" {
            level.free.push(word.clone());
            level.free.extend(rest.by_ref().cloned());
        } else if level.looks_like_option(word) {
            if let Read::Help(topic) = level.option(word, &mut rest)? {
                level.skim(&mut rest);
                level.write(&mut line);
                return Ok(Line::Help { path, topic, words: Words::strict(line.words) });
            }
        } else if let Some(command) = level.command.find_subcommand(word).filter(|_| level.free.is_empty()) {
            level.write(&mut line);
            line.words.push(word.clone());
            path.push(command.get_name().to_string());
            level = Level::new(command);
        } else if let Some(tip) = foreign::command(word).filter(|_| path.is_empty() && level.free.is_empty()) {
            let message = format!("'{word}' is no command here\n\n  tip: {tip}");
            return Err(level.usage(ErrorKind::InvalidSubcommand, message));
        } else {
            level.free.push(word.clone());
        }
    }
    level.write(&mut line);
    Ok(Line::Run { words: Words::strict(line.words), warnings: line.warnings })
}

/// The strict form, as far as it is written.
struct Strict {
    words: Vec<String>,
    warnings: Vec<String>,
}

/// The words between one subcommand and the next.
struct Level<'a> {
    command: &'a Command,
    given: Vec<Given<'a>>,
    /// Words that are no known flag and no value of one: positional arguments, and flags for clap to refuse.
    free: Vec<String>,
}

/// One occurrence of a flag.
struct Given<'a> {
    arg: &'a Arg,
    values: Values,
}

enum Values {
    Plain(Vec<String>),
    Dotted(Entry),
}

/// What an option was.
enum Read {
    /// A flag, taken in.
    Flag,
    /// A wish for help, with its topic.
    Help(Option<String>),
}

/// The words that are not read yet.
type Rest<'w> = Peekable<std::slice::Iter<'w, String>>;

/// A word that names a flag, taken apart: `--name`, `--name=rest`, `--name.rest`.
struct Spelled<'w> {
    name: String,
    attached: Option<&'w str>,
    keys: Option<&'w str>,
}

impl<'w> Spelled<'w> {
    fn new(word: &'w str) -> Self {
        let body = word.strip_prefix("--").unwrap_or(word);
        let (name, rest) = body.split_at(body.find(['.', '=']).unwrap_or(body.len()));
        let (keys, attached) = match rest.strip_prefix('.') {
            Some(dotted) => match dotted.split_once('=') {
                Some((keys, value)) => (Some(keys), Some(value)),
                None => (Some(dotted), None),
            },
            None => (None, rest.strip_prefix('=')),
        };
        Spelled { name: name.replace('_', "-"), attached, keys }
    }
}

impl<'a> Level<'a> {
    fn new(command: &'a Command) -> Self {
        Level { command, given: Vec::new(), free: Vec::new() }
    }

    /// Whether a word stands for a flag and not for a value.
    fn looks_like_option(&self, word: &str) -> bool {
        if !word.starts_with('-') || word == "-" {
            return false;
        }
        let is_known = word.starts_with("--") && !self.named(&Spelled::new(word).name).is_empty();
        is_known || (super::float(word).is_err() && !word.contains(' '))
    }

    /// The flags that a name can mean: the one of exactly that name, else all that begin with it.
    fn named(&self, name: &str) -> Vec<(&'a str, &'a Arg)> {
        let mut found = Vec::new();
        if name.is_empty() {
            return found;
        }
        for arg in self.command.get_arguments() {
            let names = arg.get_long().into_iter().chain(arg.get_all_aliases().into_iter().flatten());
            for long in names.filter(|long| long.starts_with(name)) {
                if long == name {
                    return vec![(long, arg)];
                }
                // What is meant for another flag must not be sent as a key.
                if !arg.is_hide_env_values_set() {
                    found.push((long, arg));
                }
            }
        }
        found
    }

    /// The one flag that a word names, if any.
    fn resolve(&self, spelled: &Spelled<'_>) -> Result<Option<&'a Arg>, clap::Error> {
        let found = self.named(&spelled.name);
        let Some((_, first)) = found.first() else { return Ok(None) };
        if found.iter().all(|(_, arg)| arg.get_id() == first.get_id()) {
            return Ok(Some(first));
        }
        let names: Vec<String> = found.iter().map(|(long, _)| format!("'--{long}'")).collect();
        let message = format!("'--{}' is ambiguous: it could be {}", spelled.name, names.join(", "));
        Err(self.usage(ErrorKind::UnknownArgument, message))
    }

    fn usage(&self, kind: ErrorKind, message: String) -> clap::Error {
        self.command.clone().error(kind, message)
    }

    /// Refuses the numbers of a list that stand apart, where they are to have commas between.
    fn refuse_numbers_apart(&self, arg: &Arg, values: &Values, rest: &mut Rest<'_>) -> Result<(), clap::Error> {
        let takes_a_list = arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.contains(',')));
        let (true, Values::Plain(given)) = (takes_a_list, values) else { return Ok(()) };
        let mut all = given.clone();
        all.extend(std::iter::from_fn(|| rest.next_if(|word| word.parse::<f64>().is_ok()).cloned()));
        if all.len() == given.len() {
            return Ok(());
        }
        let name = arg.get_long().unwrap_or_default();
        let message = format!("'--{name}' takes one list\n\n  tip: write '--{name} {}'", all.join(","));
        Err(self.usage(ErrorKind::UnknownArgument, message))
    }

    /// Takes in a flag and its values; a request for help comes back with its topic.
    fn option(&mut self, word: &str, rest: &mut Rest<'_>) -> Result<Read, clap::Error> {
        if word == "-h" {
            return Ok(Read::Help(Some(SHORT.to_owned())));
        }
        let spelled = Spelled::new(word);
        let exact = self.named(&spelled.name).iter().any(|(long, _)| *long == spelled.name);
        let name = word.split('=').next().unwrap_or(word);
        // Other tools have one command, which does what `serve` does here.
        let foreign = !exact && self.command.get_name() == "serve";
        if let Some(ours) = foreign.then(|| foreign::instead(name)).flatten() {
            return Err(
                self.usage(ErrorKind::UnknownArgument, format!("'{name}' is no flag here\n\n  tip: write {ours}"))
            );
        }
        let arg = if word.starts_with("--") { self.resolve(&spelled)? } else { None };
        let Some(arg) = arg else {
            self.free.push(word.into());
            return Ok(Read::Flag);
        };
        if matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong) {
            return Ok(Read::Help(spelled.attached.map(String::from)));
        }
        let values = if let Some(keys) = spelled.keys {
            self.dotted(arg, keys, spelled.attached.or_else(|| self.next_value(rest)))?
        } else {
            Values::Plain(self.plain(arg, spelled.attached, rest)?)
        };
        self.refuse_numbers_apart(arg, &values, rest)?;
        self.given.push(Given { arg, values });
        Ok(Read::Flag)
    }

    fn dotted(&self, arg: &Arg, keys: &str, value: Option<&str>) -> Result<Values, clap::Error> {
        if !is_json(arg) {
            let message = format!("'{}' takes no dotted keys", long(arg));
            return Err(self.usage(ErrorKind::UnknownArgument, message));
        }
        if keys.strip_suffix('+').unwrap_or(keys).split('.').any(str::is_empty) {
            let message = format!("a key of '{}.{keys}' is empty", long(arg));
            return Err(self.usage(ErrorKind::UnknownArgument, message));
        }
        let spelled = format!("{}.{keys}", long(arg));
        let value = value.ok_or_else(|| self.missing(&spelled, &spelled))?;
        Ok(Values::Dotted(Entry::new(keys, value)))
    }

    fn plain(&self, arg: &Arg, attached: Option<&str>, rest: &mut Rest<'_>) -> Result<Vec<String>, clap::Error> {
        let range = arg.get_num_args().unwrap_or_else(|| 1.into());
        if let Some(value) = attached {
            return match arg.get_action().takes_values() {
                true => Ok(vec![value.into()]),
                false => {
                    let message = format!("'{}' takes no value, but got '{value}'", long(arg));
                    Err(self.usage(ErrorKind::TooManyValues, message))
                }
            };
        }
        if !arg.get_action().takes_values() {
            return Ok(Vec::new());
        }
        let mut values = Vec::new();
        while values.len() < range.max_values() {
            let Some(value) = self.next_value(rest) else { break };
            values.push(value.to_string());
        }
        if values.len() < range.min_values() {
            return Err(self.missing(&arg.to_string(), &long(arg)));
        }
        Ok(values)
    }

    fn next_value<'w>(&self, rest: &mut Rest<'w>) -> Option<&'w str> {
        rest.next_if(|word| *word != "--" && !self.looks_like_option(word)).map(String::as_str)
    }

    fn missing(&self, flag: &str, name: &str) -> clap::Error {
        let tip = format!("a value that begins with '-' is written '{name}=-...'");
        let message = format!("a value is required for '{flag}' but none was supplied\n\n  tip: {tip}");
        self.usage(ErrorKind::InvalidValue, message)
    }

    /// Takes in the flags behind a wish for help, up to one that is wrong: help is given all the same.
    fn skim(&mut self, rest: &mut Rest<'_>) {
        while let Some(word) = rest.next() {
            if self.looks_like_option(word) && self.option(word, rest).is_err() {
                return;
            }
        }
    }

    /// Writes the last occurrence of each flag, then the free words.
    fn write(self, line: &mut Strict) {
        let mut given = self.given;
        while !given.is_empty() {
            let arg = given[0].arg;
            let (same, others): (Vec<_>, Vec<_>) =
                given.into_iter().partition(|other| other.arg.get_id() == arg.get_id());
            given = others;
            write_flag(arg, same, line);
        }
        line.words.extend(self.free);
    }
}

/// Writes one flag from all its occurrences. Dotted keys count over whole values, wherever they stand.
fn write_flag(arg: &Arg, occurrences: Vec<Given<'_>>, line: &mut Strict) {
    let name = long(arg);
    let mut plain = Vec::new();
    let mut dotted: Option<Dotted> = None;
    for given in occurrences {
        match given.values {
            Values::Plain(values) => plain.push(values),
            Values::Dotted(entry) => dotted.get_or_insert_default().add(entry),
        }
    }
    if let Some(dotted) = dotted {
        if !plain.is_empty() {
            line.warnings.push(format!("`{name}` is given whole and by dotted keys: only the dotted keys count"));
        }
        line.warnings.extend(
            dotted.replaced.iter().map(|keys| format!("`{name}{keys}` is given more than once: the last one counts")),
        );
        line.words.push(format!("{name}={}", serde_json::Value::Object(dotted.object)));
        return;
    }
    let list = arg.get_num_args().is_some_and(is_list);
    // What takes one value and many occurrences is meant to be repeated; whatever else is, is given anew.
    let values = if matches!(arg.get_action(), ArgAction::Append) && !list {
        plain.concat()
    } else {
        if plain.len() > 1 {
            line.warnings.push(format!("`{name}` is given {} times: only the last one counts", plain.len()));
        }
        plain.pop().unwrap_or_default()
    };
    if values.is_empty() && !list {
        line.words.push(name.clone());
    }
    line.words.extend(values.into_iter().map(|value| format!("{name}={value}")));
}

fn is_list(range: clap::builder::ValueRange) -> bool {
    range.max_values() > 1
}

fn is_json(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<JsonObject>()
}

fn long(arg: &Arg) -> String {
    format!("--{}", arg.get_long().unwrap_or_else(|| arg.get_id().as_str()))
}

#[cfg(test)]
#[path = "grammar_test.rs"]
mod tests;
