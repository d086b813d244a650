//! `generate`: the manual page and shell completions, made from the flags' own definitions, on stdout.

use clap::{Command, ValueEnum};
use clap_complete::Shell;

use crate::error::{Error, Exit, Result};
use crate::ui::out::to_stdout;

/// The flags of `generate`.
#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    /// What to print
    what: Document,
}

/// What can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// The manual page, for man -l
    Man,
    /// Completions of bash
    Bash,
    /// Completions of zsh
    Zsh,
    /// Completions of fish
    Fish,
}

impl GenerateArgs {
    /// Prints the document about `command`.
    pub(super) fn run(self, command: Command) -> Result<Exit> {
        let document = self.what.render(command)?;
        to_stdout(&mut |out| out.write_all(&document))?;
        Ok(Exit::Done)
    }
}

impl Document {
    fn render(self, mut command: Command) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let shell = match self {
            Document::Man => {
                manual(command, &mut bytes).map_err(|cause| Error::new(format!("cannot write the manual: {cause}")))?;
                return Ok(bytes);
            }
            Document::Bash => Shell::Bash,
            Document::Zsh => Shell::Zsh,
            Document::Fish => Shell::Fish,
        };
        clap_complete::generate(shell, &mut command, "llmbench", &mut bytes);
        Ok(bytes)
    }
}

/// One page: the program, then each subcommand with its flags and examples.
fn manual(mut command: Command, out: &mut Vec<u8>) -> std::io::Result<()> {
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name().to_uppercase();
        out.extend_from_slice(format!(".SH \"{name}\"\n").as_bytes());
        let mut part = Vec::new();
        let section = clap_mangen::Man::new(subcommand.clone());
        section.render_synopsis_section(&mut part)?;
        section.render_description_section(&mut part)?;
        section.render_options_section(&mut part)?;
        section.render_extra_section(&mut part)?;
        // What is a section of a page of its own is a subsection here.
        out.extend_from_slice(String::from_utf8_lossy(&part).replace(".SH ", ".SS ").as_bytes());
    }
    page.render_version_section(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::Cli;
    use clap::CommandFactory;

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
