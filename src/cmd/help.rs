//! Help beyond clap's own: `--help=all` with every detail, `--help=WORD` for one group of flags or those about a word, and
//! beside a `--dataset-name` the flags of that dataset without those of the others.

use clap::Command;

use crate::dataset::{self, Kind};
use crate::error::{Error, Exit, Result};
use crate::ui::out::written;

/// Prints the help of the subcommand that `path` leads to, where a dataset is `chosen` for that dataset. An unknown topic is an
/// error that names the groups.
pub(super) fn print(mut root: Command, path: &[String], topic: Option<String>, chosen: Option<&str>) -> Result<Exit> {
    let mut command = &mut root;
    for name in path {
        command = command.find_subcommand_mut(name).expect("the path was read off these definitions");
    }
    let result = match topic.as_deref() {
        None => match chosen.and_then(dataset::named) {
            Some(kind) => with_dataset(command.clone(), kind).print_help(),
            None => command.print_help(),
        },
        Some("all") => command.print_long_help(),
        Some(word) => about(command.clone(), word)?.print_help(),
    };
    written(result).map(|()| Exit::Done)
}

/// The command with only the flags of the group that `word` names, or else those that have it in name or help.
fn about(command: Command, word: &str) -> Result<Command> {
    let wanted = plain(word.trim_start_matches('-'));
    let heading = |arg: &clap::Arg| plain(arg.get_help_heading().unwrap_or("Options"));
    let has_group = command.get_arguments().any(|arg| heading(arg) == wanted);
    let matches = move |arg: &clap::Arg| match has_group {
        true => heading(arg) == wanted,
        false => {
            let name = arg.get_long().unwrap_or_else(|| arg.get_id().as_str());
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            plain(&format!("{name} {help}")).contains(&wanted)
        }
    };
    if !command.get_arguments().any(|arg| matches(arg) && !arg.is_hide_set()) {
        let mut groups: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_help_heading).collect();
        groups.dedup();
        let hint = format!("give `all`, a word, or a group: {}", groups.join(", "));
        return Err(Error::new(format!("no flag is about `{word}`")).hint(hint));
    }
    let command = command.mut_args(|arg| if matches(&arg) { arg } else { arg.hide(true) });
    Ok(command.help_template("{all-args}"))
}

/// The command with the flags of one dataset in a group of their own, and without flags that only others read.
fn with_dataset(command: Command, kind: &Kind) -> Command {
    let heading = format!("Dataset: {}", kind.name);
    let left_out = format!(
        "Of the flags of datasets, only those that `{}` reads are shown; --help=all shows all of them.",
        kind.name
    );
    let end = command.get_after_help().map(|end| format!("{left_out}\n\n{}", end.ansi())).unwrap_or(left_out);
    let (own, single): (Vec<_>, Vec<_>) = (kind.flags(), dataset::KINDS.iter().flat_map(|kind| kind.flags()).collect());
    let grouped = command.mut_args(|arg| match arg.get_id() {
        id if own.contains(id) => arg.help_heading(heading.clone()),
        id if single.contains(id) => arg.hide(true),
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
    use crate::cmd::Cli;
    use clap::CommandFactory;

    fn serve() -> Command {
        let mut root = Cli::command();
        root.build();
        root.find_subcommand("serve").unwrap().clone()
    }

    fn serve_about(word: &str) -> Result<String> {
        about(serve(), word).map(|mut command| command.render_help().to_string())
    }

    #[test]
    fn the_flags_of_a_dataset_stand_apart_and_those_of_others_are_left_out() {
        let shown = |id: &clap::Id, help: &str| {
            let flag = format!("      --{}", id.as_str().replace('_', "-"));
            help.lines().any(|line| line == flag || line.starts_with(&format!("{flag} ")))
        };
        let all = serve().render_help().to_string();
        for kind in dataset::KINDS {
            let (help, own) = (with_dataset(serve(), kind).render_help().to_string(), kind.flags());
            for id in dataset::KINDS.iter().flat_map(|kind| kind.flags()) {
                assert!(shown(&id, &all), "{id}");
                assert_eq!(shown(&id, &help), own.contains(&id), "{id} beside `{}`", kind.name);
            }
            assert!(help.contains(&format!("only those that `{}` reads are shown", kind.name)), "{help}");
        }
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
    fn an_unknown_topic_names_the_groups() {
        let error = serve_about("xyzzy").unwrap_err();
        assert_eq!(error.to_string(), "no flag is about `xyzzy`");
        assert!(error.advice().unwrap().contains("Server, "), "{error:?}");
    }
}
