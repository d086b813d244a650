//! `generate`: the manual page and shell completions, on stdout.

use clap::Command;

use crate::error::{Exit, Result};
use crate::manual::generate::Document;
use crate::ui::out::to_stdout;

/// The flags of `generate`.
#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    /// What to print
    what: Document,
}

impl GenerateArgs {
    /// Prints the document about `command`.
    pub(super) fn run(self, command: Command) -> Result<Exit> {
        to_stdout(&mut |out| out.write_all(&self.what.render(command.clone())?))?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::Cli;
    use clap::{CommandFactory, ValueEnum};

    #[test]
    fn zsh_takes_flags_behind_bench_and_in_the_other_spelling() {
        let script = String::from_utf8(Document::Zsh.render(Cli::command()).unwrap()).unwrap();
        assert_eq!(script.matches("_arguments_options=(-M 'm:_=- ").count(), 2);
        assert_eq!(script.matches("'--backend=").count(), 2);
    }

    #[test]
    fn every_document_knows_every_flag() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        for document in Document::value_variants() {
            let text = String::from_utf8(document.render(command.clone()).unwrap()).unwrap();
            for long in serve.get_arguments().filter_map(clap::Arg::get_long) {
                let spelled = if *document == Document::Man { long.replace('-', "\\-") } else { long.into() };
                assert!(text.contains(&spelled), "{document:?} lacks {long}");
            }
        }
    }
}
