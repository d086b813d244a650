//! That files make no circle by what they import: whoever reads one can read what it is made of first. A module and the files
//! below it are one thing here, as `mod.rs` holds what its files share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::architecture::{code, sources};

/// Files that are one thing in two, and so import each other.
const TWINS: [[&str; 2]; 1] = [["drive::flight", "drive::worker"]];

/// What a file imports, as paths from the crate's root.
#[derive(Default)]
struct Imports {
    all: Vec<Vec<String>>,
    /// Those that it passes on, by their names.
    passed_on: BTreeMap<String, Vec<String>>,
}

type Modules = BTreeMap<Vec<String>, Imports>;

#[test]
fn files_import_each_other_in_no_circle() {
    let modules = modules();
    let imported: BTreeMap<String, BTreeSet<String>> = modules
        .iter()
        .map(|(module, imports)| {
            let files =
                imports.all.iter().filter_map(|path| file(path, &modules)).filter(|file| is_apart(file, module));
            (module.join("::"), files.map(|file| file.join("::")).collect())
        })
        .collect();
    let wrong: Vec<String> = imported
        .iter()
        .flat_map(|(from, files)| files.iter().map(move |to| [from.as_str(), to.as_str()]))
        .filter(|[from, to]| !TWINS.contains(&[from, to]) && !TWINS.contains(&[to, from]))
        .filter(|[from, to]| reaches(to, from, &imported))
        .map(|[from, to]| format!("{from} imports {to}, which leads back to it"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The modules of the crate, without what only tests see.
fn modules() -> Modules {
    let files = sources("src").into_iter().filter(|(path, _)| !path.to_string_lossy().ends_with("_test.rs"));
    let read = |(path, text): (PathBuf, String)| {
        let module = module(&path);
        let imports = imports(&text, &module);
        (module, imports)
    };
    files.map(read).collect()
}

/// The module that a file is: `record::file` for `src/record/file.rs`, `record` for `src/record/mod.rs`.
fn module(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    let names = parts.iter().skip(1).map(|part| part.to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

fn imports(text: &str, module: &[String]) -> Imports {
    let mut imports = Imports::default();
    let code = code(text).map(str::trim).collect::<Vec<_>>().join(" ");
    for statement in code.split(';') {
        // What stands before the last word `use` are items that need no semicolon, or who may see it.
        let Some((before, tree)) = statement.rsplit_once("use ").filter(|(before, _)| !before.ends_with('_')) else {
            continue;
        };
        for path in paths(tree) {
            let path = absolute(&path, module);
            if before.trim_end().ends_with("pub") || before.trim_end().ends_with(')') {
                imports.passed_on.extend(path.last().map(|name| (name.clone(), path.clone())));
            }
            imports.all.push(path);
        }
    }
    imports
}

/// The paths of a tree of imports: `a::{b, c::{d, e}}` has three.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, within)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        return if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    };
    let within = within.rsplit_once('}').map_or(within, |(within, _)| within);
    let mut depth = 0;
    let parts = within.split(|char: char| {
        depth += i32::from(char == '{') - i32::from(char == '}');
        char == ',' && depth == 0
    });
    parts.flat_map(paths).map(|path| format!("{before}{path}")).collect()
}

/// A path that `module` imports, from the crate's root; one of another crate stays as it is, and is no file here.
fn absolute(path: &str, module: &[String]) -> Vec<String> {
    let mut names = path.split("::").map(str::to_owned).peekable();
    let mut root = match names.peek().map(String::as_str) {
        Some("crate") => Vec::new(),
        Some("super" | "self") => module.to_vec(),
        _ => return module.iter().cloned().chain(names).collect(),
    };
    while let Some(name) = names.next_if(|name| ["crate", "super", "self"].contains(&name.as_str())) {
        if name == "super" {
            root.pop();
        }
    }
    root.extend(names);
    root
}

/// The file that something imported stands in: where it is passed on, that which it comes from.
fn file(path: &[String], modules: &Modules) -> Option<Vec<String>> {
    let (module, rest) =
        (1..=path.len()).rev().map(|at| path.split_at(at)).find(|(head, _)| modules.contains_key(*head))?;
    let passed_on = rest.first().and_then(|name| modules[module].passed_on.get(name));
    match passed_on.filter(|from| from.as_slice() != path) {
        Some(from) => file(&[from, &rest[1..]].concat(), modules),
        None => Some(module.to_vec()),
    }
}

/// Whether neither of two modules is within the other.
fn is_apart(one: &[String], other: &[String]) -> bool {
    !one.starts_with(other) && !other.starts_with(one)
}

/// Whether imports lead from one file to another, but for twins.
fn reaches(from: &str, to: &str, imported: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
    while let Some(file) = next.pop() {
        if file == to {
            return true;
        }
        next.extend(imported.get(file).into_iter().flatten().map(String::as_str).filter(|file| seen.insert(file)));
    }
    false
}

#[test]
fn imports_are_read_as_they_are_written() {
    assert_eq!(paths("a::{b, c::{d, e as f},}"), ["a::b", "a::c::d", "a::c::e"]);
    let module = ["report", "vllm", "json"].map(str::to_owned);
    let at = |path| absolute(path, &module).join("::");
    assert_eq!(at("super::lines::Row"), "report::vllm::lines::Row");
    assert_eq!(at("super::super::Report"), "report::Report");
    assert_eq!(at("crate::json::Value"), "json::Value");
    let found = imports("use super::a;\nfn f() {}\n\npub(super) use b::C;\n", &module);
    assert_eq!((found.all.len(), found.passed_on.len()), (2, 1));
}
