//! `help`: a topic of the manual or the help of a command, on stdout.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use super::help;
use crate::error::{Error, Exit, Result};
use crate::manual::{self, TOPICS, Topic};
use crate::ui::out::to_stdout;

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct HelpArgs {
    /// A topic of the manual, or a command; without it, all of both are listed
    #[arg(value_parser = AnyWord)]
    topic: Option<String>,
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
        let Some(name) = self.topic else { return help::print(root, &[], None, None) };
        if root.find_subcommand(&name).is_some() {
            return help::print(root, &[name], None, None);
        }
        let topic = Topic::named(&name).ok_or_else(|| {
            Error::new(format!("there is no topic `{name}`"))
                .hint(format!("give a command, or one of these topics:\n{}", manual::contents()))
        })?;
        to_stdout(&mut |out| out.write_all(topic.text(&root).as_bytes()))?;
        Ok(Exit::Done)
    }
}
