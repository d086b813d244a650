//! `help`, and `--help` of any command: a topic of the manual or the help of a command, on stdout.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Id};

use crate::args::grammar::SHORT;
use crate::dataset::{self, Kind};
use crate::error::{Error, Exit, Result};
use crate::manual::{self, TOPICS, Topic, help};
use crate::ui::out::{to_stdout, written};

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct HelpArgs {
    /// A topic of the manual, or a command; without it, all of both are listed
    #[arg(value_name = "TOPIC", value_parser = AnyWord)]
    words: Vec<String>,
}

/// Takes every word, since an unknown one gets an answer of its own. Completions know the topics by it.
#[derive(Clone)]
struct AnyWord;

impl TypedValueParser for AnyWord {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(TOPICS.iter().map(|topic| PossibleValue::new(topic.name).help(topic.about))))
    }
}

impl HelpArgs {
    /// Prints what is asked for; `root` holds the definitions of all commands.
    ///
    /// # Errors
    /// If there is no such topic: the topics are named.
    pub(super) fn run(self, root: Command) -> Result<Exit> {
        // vLLM spells it `bench serve`.
        let mut words = self.words.iter().skip_while(|word| *word == "bench");
        let Some(name) = words.next() else { return print(root, &[], None, None) };
        let topic = Topic::named(name).filter(|_| words.next().is_none());
        if root.find_subcommand(name).is_some() {
            return print(root, std::slice::from_ref(name), None, None);
        }
        let topic = topic.ok_or_else(|| {
            Error::new(format!("there is no topic `{}`", self.words.join(" ")))
                .hint(format!("give a command, or one of these topics: {}", manual::names()))
        })?;
        to_stdout(&mut |out| out.write_all(topic.text(&root).as_bytes()))?;
        Ok(Exit::Done)
    }
}

/// Prints the help of the subcommand that `path` leads to: of the flags that are used most ([`SHORT`]), of all, in full
/// (`all`), or of what is about a word; where a dataset is `chosen`, for that dataset. An unknown topic is an error that names the groups.
pub(super) fn print(mut root: Command, path: &[String], topic: Option<String>, chosen: Option<&str>) -> Result<Exit> {
    let mut command = &mut root;
    for name in path {
        command = command.find_subcommand_mut(name).expect("the path was read off these definitions");
    }
    let result = match topic.as_deref() {
        None => match chosen.and_then(dataset::named) {
            Some(kind) => of_dataset(command.clone(), kind).print_help(),
            None => command.print_help(),
        },
        Some(SHORT) => help::short(command.clone()).print_help(),
        Some("all") => command.print_long_help(),
        Some(word) => help::about(command.clone(), word)?.print_help(),
    };
    written(result).map(|()| Exit::Done)
}

/// The help of a command beside one dataset.
fn of_dataset(command: Command, kind: &Kind) -> Command {
    let of_datasets: Vec<Id> = dataset::KINDS.iter().flat_map(|kind| kind.flags()).collect();
    help::with_dataset(command, kind.name, &kind.flags(), &of_datasets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::Cli;
    use clap::CommandFactory;

    fn serve() -> Command {
        let mut root = Cli::command();
        root.build();
        root.find_subcommand("serve").unwrap().clone()
    }

    #[test]
    fn the_flags_of_a_dataset_stand_apart_and_those_of_others_are_left_out() {
        let shown = |id: &Id, help: &str| {
            let flag = format!("      --{}", id.as_str().replace('_', "-"));
            help.lines().any(|line| line == flag || line.starts_with(&format!("{flag} ")))
        };
        let all = serve().render_help().to_string();
        for kind in dataset::KINDS {
            let (help, own) = (of_dataset(serve(), kind).render_help().to_string(), kind.flags());
            for id in dataset::KINDS.iter().flat_map(|kind| kind.flags()) {
                assert!(shown(&id, &all), "{id}");
                assert_eq!(shown(&id, &help), own.contains(&id), "{id} beside `{}`", kind.name);
            }
            assert!(help.contains(&format!("only those that `{}` reads are shown", kind.name)), "{help}");
        }
    }
}
