//! The subcommands, a file each: its flags and its story. They wire the stages and decide nothing.

mod compare;
mod desk;
mod details;
mod dry_run;
mod generate;
mod help;
mod order;
mod perf;
mod report;
mod runs;
mod serve;
mod sim;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write;

use clap::error::ContextValue;
use clap::{ArgAction, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::{Words, grammar, options};
use crate::error::{self, Error, Exit, Result};
use crate::legible::{legible, legible_lines};
use crate::token;
use crate::ui::{Style, Ui};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "llmbench", version, about, max_term_width = 120, arg_required_else_help = true)]
#[command(disable_help_subcommand = true, disable_help_flag = true, after_help = topics())]
struct Cli {
    /// Print help: -h for the flags used most, --help=all with every detail, --help=WORD for those about a word
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    /// When to use colour; auto is on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Display")]
    color: ColorChoice,
    #[command(subcommand)]
    action: Action,
}

/// The end of the program's own help.
fn topics() -> String {
    format!("Topics of the manual, for `llmbench help TOPIC`:\n{}", crate::manual::contents())
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Action {
    /// Put load on a server and report what happened
    Serve(Box<serve::ServeArgs>),
    /// Put load on a server at several points, in EvalScope's words and tables
    Perf(Box<perf::PerfArgs>),
    /// Make any report of a stored run anew, also with other percentiles or limits
    Report(Box<report::ReportArgs>),
    /// Hold two or more stored runs against each other
    Compare(compare::CompareArgs),
    /// Serve a simulated model on this host, with dictated times and faults
    Sim(Box<sim::SimCommand>),
    /// Print a topic of the manual, or the help of a command
    Help(help::HelpArgs),
    /// Print the manual page or the completions of a shell
    Generate(generate::GenerateArgs),
}

/// Runs the program with these arguments, the program's name first, and prints its errors.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    error::contain();
    let command = definitions();
    let line = match grammar::read(&command, args) {
        Ok(line) => line,
        Err(error) => return refuse(&error),
    };
    let (words, warnings) = match line {
        grammar::Line::Run { words, warnings } => (words, warnings),
        grammar::Line::Help { path, topic, words } => {
            let chosen = words.value("--dataset-name");
            return finish(Ui::default(), help::print(command, &path, topic, chosen));
        }
    };
    let config = match words.config(&command) {
        Ok(config) => config,
        Err(error) => return finish(Ui::default(), Err(error)),
    };
    let words = match &config {
        Some(config) => words.under(config),
        None => words,
    };
    let parsed = Cli::read(&command, words);
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            return match config.and_then(|config| config.blame(&error)) {
                Some(blamed) => finish(Ui::default(), Err(blamed)),
                None => refuse(&error),
            };
        }
    };
    let ui = Ui { style: Style::resolve(cli.color) };
    for warning in warnings {
        ui.warn(&warning);
    }
    finish(ui, cli.action.run(&ui))
}

impl Action {
    fn run(self, ui: &Ui) -> Result<Exit> {
        match self {
            Action::Serve(args) => args.run(ui),
            Action::Perf(args) => args.run(ui),
            Action::Report(args) => args.run(ui),
            Action::Compare(args) => args.run(),
            Action::Sim(args) => args.run(),
            Action::Help(args) => args.run(definitions()),
            Action::Generate(args) => args.run(Cli::command()),
        }
    }
}

impl Cli {
    /// Reads a strict command line; `command` holds the definitions of all commands.
    fn read(command: &clap::Command, words: Words) -> Result<Cli, clap::Error> {
        let matches = Cli::command().color(color(words.as_slice())).try_get_matches_from(words.as_slice());
        let mut matches = matches.map_err(on_its_lines)?;
        let options = matches.subcommand().and_then(|(name, matches)| {
            command.find_subcommand(name).map(|command| options::options(command, matches))
        });
        // The definitions that made the matches read them back, so this can only fail in a debug assertion.
        let mut cli = Cli::from_arg_matches_mut(&mut matches)?;
        match &mut cli.action {
            Action::Serve(args) => {
                args.options = options.unwrap_or_default();
                args.words = words;
            }
            Action::Perf(args) => {
                args.options = options.unwrap_or_default();
                args.words = words;
            }
            Action::Report(args) => args.words = words,
            Action::Compare(_) | Action::Sim(_) | Action::Help(_) | Action::Generate(_) => {}
        }
        Ok(cli)
    }
}

/// What a strict command line asks for that the program has made itself.
fn reread(words: Words) -> Result<Action> {
    let cli = Cli::read(&definitions(), words);
    let told = |error: clap::Error| error.to_string().lines().next().unwrap_or_default().replacen("error: ", "", 1);
    cli.map(|cli| cli.action).map_err(|error| Error::new(told(error)))
}

/// The flags of a strict command line of `serve`.
fn serve_args(words: Words) -> Result<Box<serve::ServeArgs>> {
    match reread(words)? {
        Action::Serve(args) => Ok(args),
        _ => Err(Error::new("a run of several is not one of `serve`: this is a bug in llmbench")),
    }
}

/// The flags of a strict command line of `report`.
fn report_args(words: Words) -> Result<Box<report::ReportArgs>> {
    match reread(words)? {
        Action::Report(args) => Ok(args),
        _ => Err(Error::new("a report is not one of `report`: this is a bug in llmbench")),
    }
}

/// Whether the subcommand `name` has this flag, which is given with its two dashes.
fn knows(name: &str, flag: &str) -> bool {
    let command = Cli::command();
    let command = command.find_subcommand(name).expect("the name is one of ours");
    command.get_arguments().any(|arg| arg.get_long() == flag.strip_prefix("--"))
}

/// What clap knows of all commands, with what it adds by itself.
fn definitions() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The colour that a strict command line asks for, so that its own usage errors have it.
fn color(words: &[String]) -> ColorChoice {
    let given = words.iter().rev().find_map(|word| word.strip_prefix("--color="));
    given.and_then(|name| name.parse().ok()).unwrap_or(ColorChoice::Auto)
}

/// What clap says with the user's words each on one line.
fn on_its_lines(mut error: clap::Error) -> clap::Error {
    let readable = |value: &ContextValue| match value {
        ContextValue::String(text) => Some(ContextValue::String(legible(text).into_owned())),
        ContextValue::Strings(texts) => {
            Some(ContextValue::Strings(texts.iter().map(|text| legible(text).into_owned()).collect()))
        }
        _ => None,
    };
    let words: Vec<_> = error.context().filter_map(|(kind, value)| Some((kind, readable(value)?))).collect();
    for (kind, value) in words {
        error.insert(kind, value);
    }
    error
}

/// Prints what clap says: usage errors on stderr, the version on stdout.
fn refuse(error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    // A closed pipe must not hide the exit status.
    let _ = match legible_lines(&text) {
        Cow::Borrowed(_) => error.print(),
        // A word of the command line holds what a terminal would obey: colours are dropped with it.
        Cow::Owned(text) => std::io::stderr().write_all(text.as_bytes()),
    };
    match error.exit_code() {
        0 => Exit::Done,
        _ => Exit::Unable,
    }
}

fn finish(ui: Ui, result: Result<Exit>) -> Exit {
    result.unwrap_or_else(|error| {
        ui.error(&error);
        error.exit()
    })
}

/// Ends the process: a template that fills the memory cannot be stopped, and would take the machine with it.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "nobody is there to hand a result to")]
fn too_much_memory() -> ! {
    let most = token::MOST_MEMORY >> 30;
    let error =
        Error::new(format!("the tokenizer's chat template takes more than {most} GiB of memory for one prompt"));
    Ui::default().error(&error.hint("use `--skip-chat-template` to send prompts as they are"));
    std::process::exit(Exit::Unable.status().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn colour_is_found_on_a_strict_command_line() {
        let color_of = |words: &[&str]| color(&words.iter().map(|word| word.to_string()).collect::<Vec<_>>());
        assert_eq!(color_of(&["x", "serve", "--color=never"]), ColorChoice::Never);
        assert_eq!(color_of(&["x", "--color=nonsense"]), ColorChoice::Auto);
        assert_eq!(color_of(&["x"]), ColorChoice::Auto);
    }

    /// A word of a command line: often a flag that exists, whole or cut short.
    fn word() -> impl Strategy<Value = String> {
        let serve = Cli::command().find_subcommand("serve").expect("serve is a subcommand").clone();
        let longs: Vec<String> = serve.get_arguments().filter_map(|arg| arg.get_long().map(String::from)).collect();
        let flag = (proptest::sample::select(longs), 1usize..30, "([.=].{0,3})?");
        prop_oneof![
            flag.prop_map(|(long, cut, rest)| format!("--{}{rest}", &long[..cut.min(long.len())])),
            "-?[0-9a-z.{}\":=]{0,4}",
            "\\PC{0,4}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn no_command_line_panics(args in proptest::collection::vec(word(), 0..6)) {
            let mut command = Cli::command();
            command.build();
            let words = ["llmbench", "serve"].into_iter().map(OsString::from).chain(args.iter().map(OsString::from));
            if let Ok(grammar::Line::Run { words, .. }) = grammar::read(&command, words)
                && let Ok(Cli { action: Action::Serve(args), .. }) = Cli::try_parse_from(words.as_slice())
            {
                let _ = args.check();
            }
        }
    }
}
