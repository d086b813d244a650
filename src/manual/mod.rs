//! The manual inside the program. In come the name of a topic and clap's definitions; out comes text: a topic, the list of
//! them, the manual page, completions. Nothing here prints, and no flag is told of: a flag's own help does that.
//!
//! A topic is a Markdown file beside this one that reads well as text. A line such as `<!-- values of --backend -->` in it
//! becomes the list of what that flag of `serve` takes, so that no list is kept twice.

pub mod generate;
pub mod help;
mod roff;

use clap::Command;
use clap::builder::PossibleValue;

/// Columns of a terminal, which the lines of the topics keep to.
const WIDTH: usize = 80;

/// A page of the manual.
#[derive(Debug)]
pub struct Topic {
    /// What `llmbench help` calls it; never the name of a command.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    source: &'static str,
}

/// All topics, in the order in which one reads them.
pub static TOPICS: &[Topic] = &[
    topic("reading", "How to read the report", include_str!("reading.md")),
    topic("warnings", "What each warning means and what to do", include_str!("warnings.md")),
    topic("metrics", "What is measured, by which formula and key", include_str!("metrics.md")),
    topic("flags", "How flags are written, and a file of them", include_str!("flags.md")),
    topic("datasets", "Where prompts come from", include_str!("datasets.md")),
    topic("backends", "What is asked of the server", include_str!("backends.md")),
    topic("runs", "Several runs: repetitions, sweeps, comparison", include_str!("runs.md")),
    topic("files", "Results and other files", include_str!("files.md")),
    topic("records", "Keeping a run, and reporting it anew", include_str!("records.md")),
    topic("exit", "Exit status, and what an interrupt does", include_str!("exit.md")),
    topic("differences", "What differs from `vllm bench serve`", include_str!("differences.md")),
    topic("differences-evalscope", "What differs from EvalScope", include_str!("differences-evalscope.md")),
    topic("perf-datasets", "The datasets of `perf`", include_str!("perf-datasets.md")),
    topic("simulator", "The simulated server, and what it can be told", include_str!("simulator.md")),
    topic("speed", "What the client costs and how exact it is", include_str!("speed.md")),
    topic("tests", "The tests of the program itself", include_str!("tests.md")),
];

const fn topic(name: &'static str, about: &'static str, source: &'static str) -> Topic {
    Topic { name, about, source }
}

/// Names of topics, each with what it is about on a line of its own.
pub fn contents() -> String {
    let width = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    let lines = TOPICS.iter().map(|topic| format!("  {:width$}  {}", topic.name, topic.about));
    lines.collect::<Vec<_>>().join("\n")
}

/// The names of all topics.
pub fn names() -> String {
    TOPICS.iter().map(|topic| format!("`{}`", topic.name)).collect::<Vec<_>>().join(", ")
}

impl Topic {
    /// The topic of this name.
    pub fn named(name: &str) -> Option<&'static Topic> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// Its text, with the lists of values that the flags of `root`'s `serve` take.
    pub fn text(&self, root: &Command) -> String {
        let mut text = String::new();
        for line in self.source.lines() {
            let flag = line.strip_prefix("<!-- values of --").and_then(|rest| rest.strip_suffix(" -->"));
            text += &flag.map_or_else(|| line.to_owned(), |flag| values(root, flag));
            text.push('\n');
        }
        text
    }
}

/// A list of the values that a flag of `serve` takes, each with its help.
fn values(root: &Command, flag: &str) -> String {
    let serve = root.find_subcommand("serve").expect("`serve` is a command");
    let arg = serve.get_arguments().find(|arg| arg.get_long() == Some(flag));
    let values = arg.expect("a topic lists the values of flags that exist").get_possible_values();
    let item = |value: &PossibleValue| match value.get_help() {
        Some(help) => folded(&format!("- `{}`: {help}", value.get_name())),
        None => format!("- `{}`", value.get_name()),
    };
    values.iter().filter(|value| !value.is_hide_set()).map(item).collect::<Vec<_>>().join("\n")
}

/// An item of a list, in lines that fit a terminal.
fn folded(item: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in item.split_inclusive(' ') {
        let width = word.trim_end().chars().count();
        if column + width > WIDTH {
            lines.truncate(lines.trim_end().len());
            lines.push_str("\n  ");
            column = 2;
        }
        lines.push_str(word);
        column += word.chars().count();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Command {
        let values =
            [PossibleValue::new("a").help("First"), PossibleValue::new("b"), PossibleValue::new("c").hide(true)];
        let flag = clap::Arg::new("kind").long("kind").value_parser(values);
        Command::new("llmbench").subcommand(Command::new("serve").arg(flag))
    }

    #[test]
    fn a_mark_becomes_the_list_of_what_a_flag_takes() {
        let topic = topic("x", "X", "Kinds:\n\n<!-- values of --kind -->\n\nEnd\n");
        assert_eq!(topic.text(&definitions()), "Kinds:\n\n- `a`: First\n- `b`\n\nEnd\n");
    }

    #[test]
    fn a_long_item_goes_on_below_its_text() {
        let words = "word ".repeat(14);
        assert_eq!(folded(&format!("- `a`: {words}ends")), format!("- `a`: {}\n  ends", words.trim_end()));
    }

    #[test]
    fn topics_are_found_by_their_whole_name() {
        assert_eq!(Topic::named("reading").map(|topic| topic.name), Some("reading"));
        assert!(Topic::named("read").is_none());
    }
}
