//! `help`: a topic of the manual or the help of a command, on stdout.

use clap::Command;

use super::help;
use crate::error::{Error, Exit, Result};
use crate::manual::{self, Topic};
use crate::ui::out::to_stdout;

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct HelpArgs {
    /// A topic of the manual, or a command; without it, all of both are listed
    topic: Option<String>,
}

impl HelpArgs {
    /// Prints what is asked for; `root` holds the definitions of all commands.
    ///
    /// # Errors
    /// If there is no such topic: the topics are named.
    pub(super) fn run(self, root: Command) -> Result<Exit> {
        let Some(name) = self.topic else { return help::print(root, &[], None) };
        if root.find_subcommand(&name).is_some() {
            return help::print(root, &[name], None);
        }
        let topic = Topic::named(&name).ok_or_else(|| {
            Error::new(format!("there is no topic `{name}`"))
                .hint(format!("give a command, or one of these topics:\n{}", manual::contents()))
        })?;
        to_stdout(&mut |out| out.write_all(topic.text(&root).as_bytes()))?;
        Ok(Exit::Done)
    }
}
