//! Help beyond clap's own: `--help=WORD` for one group of flags or those about a word, and beside a `--dataset-name` the flags
//! of that dataset without those of the others. In comes a command, out comes the same command with the other flags hidden.

use clap::{Arg, Command, Id};

use crate::error::{Error, Result};

/// The flags that are used most, by their names.
const MOST_USED: [&str; 18] = [
    "backend",
    "base-url",
    "model",
    "api-key",
    "tokenizer",
    "sim",
    "dataset-name",
    "dataset-path",
    "num-prompts",
    "random-input-len",
    "random-output-len",
    "temperature",
    "request-rate",
    "max-concurrency",
    "duration",
    "goodput",
    "save-result",
    "output-json",
];

/// The command with only the flags that are used most, and where the others are told; all of them where it has few.
pub fn short(command: Command) -> Command {
    let used = |arg: &Arg| arg.get_long().is_some_and(|name| MOST_USED.contains(&name));
    let all = command.get_arguments().filter(|arg| !arg.is_hide_set()).count();
    if all <= 2 * MOST_USED.len() {
        return command;
    }
    let name = command.get_name().to_owned();
    let command = command.mut_args(|arg| match used(&arg) {
        true => arg.help_heading("Flags that are used most").hide_possible_values(true),
        false if arg.get_id() == "help" => arg,
        false => arg.hide(true),
    });
    command.after_help(format!(
        "See it work, against a simulated server inside the program:\n  \
         llmbench {name} --sim --num-prompts 200 --request-rate 50\n\n\
         `llmbench {name} --help` shows all {all} flags, --help=WORD those about a word, and --help=all tells more of each.\n\
         `llmbench help` lists the topics of the manual."
    ))
}

/// The command with only the flags of the group that `word` names, or else those that have it in name or help.
///
/// # Errors
/// If no flag is about it: the groups are named.
pub fn about(command: Command, word: &str) -> Result<Command> {
    let wanted = plain(word.trim_start_matches('-'));
    let heading = |arg: &Arg| plain(arg.get_help_heading().unwrap_or("Options"));
    let has_group = command.get_arguments().any(|arg| heading(arg) == wanted);
    let matches = move |arg: &Arg| match has_group {
        true => heading(arg) == wanted,
        false => {
            let name = arg.get_long().unwrap_or_else(|| arg.get_id().as_str());
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            plain(&format!("{name} {help}")).contains(&wanted)
        }
    };
    if !command.get_arguments().any(|arg| matches(arg) && !arg.is_hide_set()) {
        let mut groups: Vec<&str> = Vec::new();
        for heading in command.get_arguments().filter_map(Arg::get_help_heading) {
            if !groups.contains(&heading) {
                groups.push(heading);
            }
        }
        let hint = format!("give `all`, a word, or a group: {}", groups.join(", "));
        return Err(Error::new(format!("no flag is about `{word}`")).hint(hint));
    }
    let command = command.mut_args(|arg| if matches(&arg) { arg } else { arg.hide(true) });
    Ok(command.help_template("{all-args}"))
}

/// The command with the flags of the dataset `name`, which are its `own`, in a group of theirs, and without what else only
/// datasets read.
pub fn with_dataset(command: Command, name: &str, own: &[Id], of_datasets: &[Id]) -> Command {
    let heading = format!("Dataset: {name}");
    let left_out =
        format!("Of the flags of datasets, only those that `{name}` reads are shown; --help=all shows all of them.");
    let end = command.get_after_help().map(|end| format!("{left_out}\n\n{}", end.ansi())).unwrap_or(left_out);
    let grouped = command.mut_args(|arg| match arg.get_id() {
        id if own.contains(id) => arg.help_heading(heading.clone()),
        id if of_datasets.contains(id) => arg.hide(true),
        _ => arg,
    });
    grouped.after_help(end)
}

/// Upper and lower case, blanks, `-` and `_` are alike.
fn plain(text: &str) -> String {
    text.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve_about(word: &str) -> Result<String> {
        let flag = |name: &'static str, heading: &'static str| Arg::new(name).long(name).help_heading(heading);
        let serve = Command::new("serve").args([
            flag("base-url", "Server"),
            flag("request-rate", "Load"),
            flag("max-concurrency", "Load"),
            flag("header", "Server"),
            flag("workers", "Load").help("Threads"),
        ]);
        about(serve, word).map(|mut command| command.render_help().to_string())
    }

    #[test]
    fn a_group_is_shown_whole_and_alone() {
        let help = serve_about("load").unwrap();
        assert!(help.contains("--request-rate") && help.contains("--workers"), "{help}");
        assert!(!help.contains("--base-url") && !help.contains("Usage"), "{help}");
    }

    #[test]
    fn a_word_shows_the_flags_that_are_about_it() {
        let help = serve_about("max_conc").unwrap();
        assert!(help.contains("--max-concurrency") && !help.contains("--request-rate"), "{help}");
    }

    #[test]
    fn few_flags_are_shown_whole_and_of_many_those_that_are_used_most() {
        let flag = |name: String| Arg::new(name.clone()).long(name);
        let shown = |count: usize| {
            let others = (0..count).map(|number| flag(format!("other-{number}")));
            let command = Command::new("serve").args(others).arg(flag("base-url".into()));
            short(command).render_help().to_string()
        };
        assert!(shown(9).contains("--other-8"));
        let many = shown(90);
        assert!(many.contains("--base-url") && !many.contains("--other-8"), "{many}");
        assert!(many.contains("`llmbench serve --help` shows all 91 flags"), "{many}");
    }

    #[test]
    fn an_unknown_topic_names_the_groups() {
        let error = serve_about("xyzzy").unwrap_err();
        assert_eq!(error.to_string(), "no flag is about `xyzzy`");
        assert!(error.advice().unwrap().ends_with(": Server, Load"), "each once: {error:?}");
    }
}
