//! The manual inside the program and `README.md`: what `help` prints, and that both name only what there is. That their
//! command lines run is tested in `documents`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::architecture::sources;
use crate::command::Llmbench;
use crate::documents::{Document, documents};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// What README may have, so that one reads it in a minute.
const README_BYTES: usize = 6 * 1024;

/// What the program prints when it is asked for help in these words.
fn help(words: &str) -> String {
    let outcome = Llmbench::new().arg_line(words).run();
    assert_eq!(outcome.status, Some(0), "{words}: {}", outcome.stderr);
    outcome.stdout
}

/// The first words of the lines under a heading of `llmbench help`.
fn listed(heading: &str) -> Vec<String> {
    let help = help("help");
    let lines = help.lines().skip_while(|line| !line.starts_with(heading)).skip(1).take_while(|line| !line.is_empty());
    let names: Vec<String> = lines.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect();
    assert!(!names.is_empty(), "{help}");
    names
}

fn topics() -> Vec<String> {
    listed("Topics")
}

/// The flags of all commands, with their dashes.
fn flags() -> BTreeSet<String> {
    let helps = listed("Commands:").into_iter().map(|command| help(&format!("{command} --help=all")));
    let of = |help: String| {
        let flags = help.lines().filter_map(|line| line.trim_start().trim_start_matches("-h, ").strip_prefix("--"));
        let name = |flag: &str| format!("--{}", flag.split([' ', '[', '=']).next().unwrap_or_default());
        flags.map(name).collect::<Vec<_>>()
    };
    helps.flat_map(of).collect()
}

/// All keys of a document of JSON, however deep.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            keys(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// What a reader can find by its name elsewhere: words of the help of `serve`, keys of results, code in other topics.
fn names() -> BTreeSet<String> {
    let help = help("serve --help=all");
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    let mut names: BTreeSet<String> = help.split(|char| !is_part(char)).map(str::to_owned).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden");
    for path in fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "json") {
            keys(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(), &mut names);
        }
    }
    let others = documents().into_iter().filter(|document| document.name != "differences.md");
    names.extend(others.flat_map(|document| document.code()));
    names
}

#[test]
fn help_lists_every_topic_and_prints_each() {
    let topics = topics();
    let sources: BTreeSet<String> = documents().into_iter().map(|document| document.name).collect();
    let expected: BTreeSet<String> = topics.iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(&sources - &expected, BTreeSet::from(["README.md".to_owned()]));
    for topic in topics {
        let text = help(&format!("help {topic}"));
        assert!(text.starts_with("# ") && !text.contains("<!--"), "{topic}: {text}");
    }
}

#[test]
fn a_topic_fits_a_terminal() {
    for topic in topics() {
        let text = help(&format!("help {topic}"));
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
        assert!(wide.is_empty(), "{topic}: {wide:#?}");
    }
}

#[test]
fn help_of_a_command_is_its_own_and_no_topic_bears_its_name() {
    for command in listed("Commands:") {
        assert_eq!(help(&format!("help {command}")), help(&format!("{command} --help")));
        assert!(!topics().contains(&command), "{command}");
    }
    assert_eq!(help("help"), help("--help"));
    assert_eq!(help("bench help exit"), help("help exit"));
}

#[test]
fn an_unknown_topic_is_told_with_those_there_are() {
    let outcome = Llmbench::new().args(["help", "nonsense"]).run();
    assert_eq!((outcome.status, &*outcome.stdout), (Some(2), ""));
    assert!(outcome.stderr.starts_with("llmbench: there is no topic `nonsense`\n"), "{}", outcome.stderr);
    for topic in topics() {
        assert!(outcome.stderr.contains(&format!("`{topic}`")), "{topic}: {}", outcome.stderr);
    }
    for words in ["help reading exit", "help=reading", "hel"] {
        assert_eq!(Llmbench::new().arg_line(words).run().status, Some(2), "{words}");
    }
}

#[test]
fn the_lists_of_datasets_and_backends_are_those_of_the_flags() {
    let shown = help("serve --help=all");
    for (topic, flag) in [("datasets", "--dataset-name"), ("backends", "--backend")] {
        let text = help(&format!("help {topic}"));
        let list = text.lines().skip_while(|line| !line.starts_with("- `"));
        let list: Vec<&str> =
            list.take_while(|line| !line.is_empty()).filter_map(|line| line.split('`').nth(1)).collect();
        assert!(list.len() > 10, "{topic}: {text}");
        assert!(list.iter().all(|name| shown.contains(name)), "{flag}: {list:?}");
    }
}

#[test]
fn the_manual_page_has_every_topic() {
    let page = help("generate man");
    for document in documents().into_iter().filter(|document| document.name != "README.md") {
        let title = document.text.lines().next().unwrap().trim_start_matches("# ").replace('`', "").to_uppercase();
        assert!(page.contains(&format!(".SH \"{title}\"\n")), "{title}");
    }
}

#[test]
fn every_flag_in_the_text_exists() {
    let flags = flags();
    for document in documents() {
        let code = document.code();
        let words = code.iter().filter(|code| !code.starts_with("cargo ")).flat_map(|code| code.split(' '));
        for word in words.filter(|word| word.starts_with("--")) {
            let name = word.split(['=', '[', '.']).next().unwrap();
            assert!(flags.contains(name), "{}: `{name}`", document.name);
        }
    }
}

#[test]
fn every_difference_begins_with_what_it_is_about() {
    let (flags, names) = (flags(), names());
    let Document { text, .. } = documents().into_iter().find(|document| document.name == "differences.md").unwrap();
    let (rows, _) = text.split_once("\n## Not done yet").unwrap();
    let rows: Vec<&str> = rows.split("\n- ").skip(1).collect();
    assert!(rows.len() > 80);
    for row in rows {
        let (head, _) = row.split_once("`: ").unwrap_or_else(|| panic!("no name: {row}"));
        for name in head.split('`').skip(1).step_by(2) {
            let known = if name.starts_with("--") { flags.contains(name) } else { names.contains(name) };
            assert!(known, "`{name}` is nowhere: {row}");
        }
    }
}

#[test]
fn the_warnings_of_the_manual_are_those_of_the_program() {
    let sources: String = sources("src").into_iter().map(|(_, text)| text).collect();
    // A text may go on in the next line of a source.
    let parts = sources.split("\\\n").enumerate();
    let sources: String = parts.map(|(part, text)| if part > 0 { text.trim_start() } else { text }).collect();
    let topic = documents().into_iter().find(|document| document.name == "warnings.md").unwrap();
    let rows: Vec<String> = topic.text.split("\n- *").skip(1).map(|row| row.replace("\n  ", " ")).collect();
    assert!(rows.len() > 15);
    for row in rows {
        let (warning, _) = row.split_once('*').unwrap();
        for fixed in warning.split(['N', 'M']) {
            assert!(sources.contains(fixed.trim()), "no warning has `{fixed}`: {warning}");
        }
    }
}

#[test]
fn readme_is_short_and_names_every_topic() {
    let readme = documents().into_iter().find(|document| document.name == "README.md").unwrap();
    assert!(readme.text.len() <= README_BYTES, "{}", readme.text.len());
    let code = readme.code();
    for topic in topics() {
        assert!(code.contains(&topic), "{topic}");
    }
    let screen: String = readme.text.lines().take(40).collect();
    for shown in ["cargo run --release -- serve --sim", "tests/all", " requests answered", " TTFT "] {
        assert!(screen.contains(shown), "{shown}");
    }
}
