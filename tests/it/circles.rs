//! That files import each other in one direction only: the imports of all files are read, and each name is followed to the file
//! that defines it. What a `mod.rs` takes from its own folder does not count: it is the folder's face.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::architecture::{code, sources};

/// Files that are one thing in two.
const PAIRS: [[&str; 2]; 1] = [["drive::flight", "drive::worker"]];

/// The modules of the program by their paths, each with its code.
type Modules = BTreeMap<String, String>;

fn modules() -> Modules {
    let module = |path: &Path| {
        let inside = path.strip_prefix("src").unwrap().with_extension("");
        let parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let parts = if parts.last().is_some_and(|part| part == "mod" || part == "lib") {
            &parts[..parts.len() - 1]
        } else {
            &parts
        };
        parts.join("::")
    };
    let of_program = |path: &Path| !path.to_string_lossy().ends_with("_test.rs") && !path.ends_with("main.rs");
    let files = sources("src").into_iter().filter(|(path, _)| of_program(path));
    files.map(|(path, text)| (module(&path), code(&text).collect::<Vec<_>>().join("\n"))).collect()
}

/// The path of `name` in `module`.
fn child(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// The paths that a tree of imports such as `a::{b, c::{self, d}}` stands for.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![path.trim_end_matches("::self").to_owned()];
    };
    let inner = rest.strip_suffix('}').unwrap_or_else(|| panic!("`{tree}` has no end"));
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, char) in inner.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&inner[start..]);
    let items = items.into_iter().map(str::trim).filter(|item| !item.is_empty());
    items
        .flat_map(paths)
        .map(|path| if path == "self" { head.trim_end_matches("::").into() } else { format!("{head}{path}") })
        .collect()
}

/// The imports of some code that begin so: `use ` or `pub use `.
fn imports(code: &str, word: &str) -> Vec<String> {
    let mut lines = code.lines();
    let mut imports = Vec::new();
    while let Some(line) = lines.next() {
        let Some(first) = line.trim_start().strip_prefix(word) else { continue };
        let mut statement = first.to_owned();
        while !statement.ends_with(';') {
            statement.push_str(lines.next().unwrap_or(";").trim());
        }
        imports.extend(paths(statement.trim_end_matches(';')));
    }
    imports
}

/// The module that `path`, written in `module`, leads to: the file that defines what it names.
fn target(modules: &Modules, module: &str, path: &str) -> Option<String> {
    let mut parts = path.split("::");
    let mut at = match parts.next()? {
        "crate" => String::new(),
        "self" => module.to_owned(),
        "super" => parent(module).to_owned(),
        name if modules.contains_key(&child(module, name)) => child(module, name),
        _ => return None,
    };
    for part in parts {
        at = match part {
            "super" => parent(&at).to_owned(),
            name if modules.contains_key(&child(&at, name)) => child(&at, name),
            name => return Some(defined(modules, &at, name)),
        };
    }
    Some(at)
}

/// The module that defines `name` where `module` has it: itself, unless it only hands it on.
fn defined(modules: &Modules, module: &str, name: &str) -> String {
    let handed = imports(&modules[module], "pub use ").into_iter().find(|path| path.rsplit("::").next() == Some(name));
    handed.and_then(|path| target(modules, module, &path)).unwrap_or_else(|| module.to_owned())
}

/// The modules that each module takes names from.
fn arrows(modules: &Modules) -> BTreeMap<&str, BTreeSet<String>> {
    let of = |module: &str, code: &str| {
        let written = imports(code, "use ").into_iter().chain(inline(code));
        let targets = written.filter_map(|path| target(modules, module, &path));
        let face = |to: &String| parent(to) == module || to.starts_with(&format!("{module}::"));
        targets.filter(|to| to != module && !face(to)).collect()
    };
    modules.iter().map(|(module, code)| (module.as_str(), of(module, code))).collect()
}

/// Paths that stand in the code itself.
fn inline(code: &str) -> Vec<String> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let words = code.split(|char| !is_word(char)).map(|word| word.trim_end_matches(':'));
    words.filter(|word| word.starts_with("super::") || word.starts_with("crate::")).map(str::to_owned).collect()
}

/// All that can be reached from `from`.
fn reached<'a>(arrows: &'a BTreeMap<&str, BTreeSet<String>>, from: &str) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(module) = next.pop() {
        for to in &arrows[module.as_str()] {
            if seen.insert(to.as_str()) {
                next.push(to.clone());
            }
        }
    }
    seen
}

#[test]
fn imports_of_files_make_no_circle() {
    let modules = modules();
    let mut arrows = arrows(&modules);
    assert!(
        arrows.len() > 150 && arrows.values().map(BTreeSet::len).sum::<usize>() > 500,
        "too few imports were found"
    );
    for [one, other] in PAIRS {
        assert!(arrows[one].contains(other) && arrows[other].contains(one), "{one} and {other} are no pair any more");
        arrows.get_mut(one).unwrap().remove(other);
    }
    let circle = |module: &&&str| reached(&arrows, module).contains(**module);
    let circles: Vec<&&str> = arrows.keys().filter(circle).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_tree_of_imports_is_read_whole() {
    assert_eq!(
        paths("crate::a::{self, b, c::{D, e as f}}"),
        ["crate::a", "crate::a::b", "crate::a::c::D", "crate::a::c::e"]
    );
    assert_eq!(imports("mod a;\n#[cfg(x)]\nuse super::A;\nuse b::{C,\n    d};", "use "), ["super::A", "b::C", "b::d"]);
}
