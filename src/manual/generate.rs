//! The manual page and shell completions, made from the flags' own definitions and the topics. In come definitions, out come
//! bytes.

use std::io::{Result, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;

use super::{TOPICS, roff};

/// What can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// The manual page, for man -l
    Man,
    /// Completions of bash
    Bash,
    /// Completions of zsh
    Zsh,
    /// Completions of fish
    Fish,
}

impl Document {
    /// The document about `command`.
    ///
    /// # Errors
    /// None that a buffer in memory can have.
    pub fn render(self, command: Command) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let shell = match self {
            Document::Man => {
                page(command, &mut bytes)?;
                return Ok(bytes);
            }
            Document::Bash => Shell::Bash,
            Document::Zsh => Shell::Zsh,
            Document::Fish => Shell::Fish,
        };
        clap_complete::generate(shell, &mut with_bench(command), "llmbench", &mut bytes);
        Ok(with_underscores(shell, &String::from_utf8_lossy(&bytes)).into_bytes())
    }
}

/// The command with what may stand behind `bench`, which the grammar skips.
fn with_bench(command: Command) -> Command {
    let same: Vec<Command> = command.get_subcommands().cloned().collect();
    command
        .subcommand(Command::new("bench").about("The same commands, as scripts for vLLM spell them").subcommands(same))
}

/// The script, where a flag that is begun with `_` is completed as well. Fish knows no such rule.
fn with_underscores(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => script.replace(r#"-W "${opts}" -- "${cur}""#, r#"-W "${opts}" -- "${cur//_/-}""#),
        // Behind the first matcher stand those that zsh has itself.
        Shell::Zsh => script.replace("_arguments_options=(", "_arguments_options=(-M 'm:_=- r:|[_-]=* r:|=*' "),
        _ => script.to_owned(),
    }
}

/// One page: the program, then each subcommand with its flags and examples, then the topics.
fn page(mut command: Command, out: &mut Vec<u8>) -> Result<()> {
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name().to_uppercase();
        writeln!(out, ".SH \"{name}\"")?;
        let mut part = Vec::new();
        let section = clap_mangen::Man::new(subcommand.clone());
        section.render_synopsis_section(&mut part)?;
        section.render_description_section(&mut part)?;
        section.render_options_section(&mut part)?;
        section.render_extra_section(&mut part)?;
        // What is a section of a page of its own is a subsection here.
        out.extend_from_slice(String::from_utf8_lossy(&part).replace(".SH ", ".SS ").as_bytes());
    }
    // Names of flags and keys are not to be broken, nor lines stretched.
    writeln!(out, ".nh\n.ad l")?;
    for topic in TOPICS {
        out.extend_from_slice(roff::sections(&topic.text(&command)).as_bytes());
    }
    page.render_version_section(out)
}
