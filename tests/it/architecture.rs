//! The house rules that a reader of one file cannot see: who may use whom, how long files are, who prints, which flags have a
//! help text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Llmbench;

/// A stage and the stages that it may use.
const ARROWS: [(&str, &[&str]); 23] = [
    ("args", &["content", "error", "json", "secrets"]),
    ("error", &[]),
    ("json", &[]),
    ("content", &[]),
    ("legible", &[]),
    ("secrets", &[]),
    ("rng", &[]),
    ("record", &["error", "json"]),
    ("hub", &["error", "net"]),
    ("token", &["content", "error", "hub", "json", "net"]),
    ("net", &["error", "reach"]),
    ("reach", &["error", "secrets"]),
    ("manual", &["error"]),
    ("ui", &["error", "legible", "measure"]),
    ("sim", &["error"]),
    ("dataset", &["content", "error", "hub", "net", "token", "rng", "record"]),
    ("backend", &["error", "dataset", "reach", "record", "secrets"]),
    ("plan", &["error", "dataset", "backend", "rng", "record"]),
    ("drive", &["error", "backend", "plan", "reach", "record"]),
    ("bench", &["error", "json", "net", "token", "rng", "dataset", "backend", "plan", "drive", "record", "secrets"]),
    ("measure", &["error", "record"]),
    ("study", &["error", "args", "json", "measure"]),
    ("report", &["error", "json", "legible", "measure", "record", "study"]),
];

const LONGEST_FILE: usize = 400;

/// The Rust files under `dir` of this package, by their path in it.
pub(crate) fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut dirs, mut files) = (vec![root.join(dir)], Vec::new());
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|cause| panic!("{}: {cause}", dir.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((path.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty());
    files
}

/// The stage that a file under `src/` belongs to.
fn stage(path: &Path) -> String {
    let part = path.components().nth(1).unwrap().as_os_str().to_string_lossy();
    part.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its comments and without what only tests see.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    code.filter(|line| !line.trim_start().starts_with("//"))
}

/// The stages that a file uses, wherever in it.
fn used(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect::<String>();
    let uses = code(text).flat_map(|line| line.split("crate::").skip(1).map(name).collect::<Vec<_>>());
    uses.filter(|name| !name.is_empty()).collect()
}

#[test]
fn stages_use_only_whom_they_may() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let stage = stage(&path);
        if ["cmd", "main", "lib"].contains(&stage.as_str()) || path.to_string_lossy().ends_with("_test.rs") {
            continue;
        }
        let arrows = ARROWS.iter().find(|(name, _)| *name == stage);
        let (_, allowed) = arrows.unwrap_or_else(|| panic!("`{stage}` is no stage that the table knows"));
        let flags = path.file_name().unwrap().to_string_lossy().ends_with("args.rs") || text.contains(", clap::Args)]");
        // Whoever reads the value of a flag reads numbers as flags do.
        let flags = flags || text.contains("impl FromStr for");
        for name in used(&text) {
            let may = name == stage || allowed.contains(&name.as_str()) || (name == "args" && flags);
            if !may {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    let files = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let long: Vec<_> =
        files.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LONGEST_FILE).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn nobody_prints_but_the_user_interface_and_the_final_write() {
    let marks = ["println!", "print!", "eprintln!", "eprint!", "stdout()", "stderr()", "dbg!"];
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let stage = stage(&path);
        let tells = |line: &str| marks.iter().any(|mark| line.contains(mark)) && !line.contains("is_terminal");
        if !["ui", "cmd", "main"].contains(&stage.as_str()) && code(&text).any(tells) {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_flag_of_serve_has_a_help_text() {
    let help = Llmbench::new().args(["serve", "--help=all"]).run().stdout;
    let lines: Vec<&str> = help.lines().take_while(|line| *line != "Examples:").collect();
    let mut flags = 0;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("      --")) {
        flags += 1;
        let next = lines.get(index + 1).map_or("", |next| next.trim());
        assert!(next.len() > 10 && !next.starts_with("--"), "`{}` has no help", line.trim());
        assert!(!next.ends_with('.'), "`{}`: the first line of help has no full stop: {next}", line.trim());
    }
    assert!(flags > 60, "{flags}");
}
