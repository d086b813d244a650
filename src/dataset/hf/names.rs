//! Which files of a dataset hold a subset and a split, by the conventions that their names follow. Names come in, names go
//! out; nothing is opened.
//!
//! A split is named by a folder (`test/0.parquet`), by the file (`test.jsonl`, `data/test-00000-of-00002.parquet`) or by a
//! word in either (`my_test.json`); a subset by a folder above (`main/test-00000-of-00001.parquet`) or before the split
//! (`main-test.jsonl`). Source: the hub's documentation, "File names and splits".

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// The forms of table that can be read, the ones to prefer first.
const FORMS: [&[&str]; 2] = [&["parquet"], &["jsonl", "json", "ndjson"]];

/// Files beside the data that are JSON too.
const OTHERS: [&str; 6] = ["dataset_info", "dataset_infos", "dataset_dict", "state", "config", "metadata"];

/// The names that each split goes by; the first one is the usual one.
const SPLITS: [&[&str]; 3] =
    [&["train", "training"], &["validation", "valid", "val", "dev"], &["test", "testing", "eval", "evaluation"]];

/// The part of a dataset that is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// None where the dataset has only one, or all are wanted.
    pub(super) subset: Option<&'a str>,
    /// Such as `train`.
    pub(super) split: &'a str,
}

/// How well a name fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// By a word in it.
    Word,
    /// By a whole part of it.
    Exact,
}

/// The files of a dataset that are data, in their best form.
pub(super) fn data_files(names: &[String]) -> Vec<&str> {
    let of_form = |form: &[&str]| -> Vec<&str> {
        let fits = |name: &&str| {
            let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
            form.contains(&extension) && !OTHERS.contains(&stem.rsplit('/').next().unwrap_or(stem))
        };
        names.iter().map(String::as_str).filter(fits).collect()
    };
    FORMS.iter().map(|form| of_form(form)).find(|files| !files.is_empty()).unwrap_or_default()
}

/// Those of `files` that hold what is wanted, in the order of their names.
///
/// # Errors
/// Where no file holds it, or the files belong to several subsets and none was asked for: with those there are.
pub(super) fn choose<'a>(files: &[&'a str], wanted: Wanted<'_>) -> Result<Vec<&'a str>> {
    let mut chosen = of_split(&of_subset(files, wanted)?, wanted.split)?;
    let subsets: BTreeSet<String> = chosen.iter().map(|name| subset_of(name, wanted.split)).collect();
    if wanted.subset.is_none() && subsets.len() > 1 {
        return Err(Error::new(format!("several subsets have a split `{}`: {}", wanted.split, list(subsets)))
            .hint("choose one with `--hf-subset`"));
    }
    chosen.sort_unstable();
    Ok(chosen)
}

fn of_subset<'a>(files: &[&'a str], wanted: Wanted<'_>) -> Result<Vec<&'a str>> {
    let Some(subset) = wanted.subset else { return Ok(files.to_vec()) };
    let best = best(files, |name| match parts(name).any(|part| part == subset) {
        true => Some(Fit::Exact),
        false => {
            let file = name.rsplit('/').next()?.strip_prefix(subset)?;
            file.starts_with(['-', '_', '.']).then_some(Fit::Word)
        }
    });
    // A dataset of one subset seldom names it.
    let only_one = files.iter().map(|name| subset_of(name, wanted.split)).all(|subset| subset.is_empty());
    if best.is_empty() && !(only_one && ["main", "default"].contains(&subset)) {
        let subsets = files.iter().map(|name| subset_of(name, wanted.split)).filter(|subset| !subset.is_empty());
        return Err(Error::new(format!("no subset `{subset}`"))
            .hint(format!("the subsets in its folders: {}; choose one with `--hf-subset`", list(subsets.collect()))));
    }
    Ok(if best.is_empty() { files.to_vec() } else { best })
}

fn of_split<'a>(files: &[&'a str], split: &str) -> Result<Vec<&'a str>> {
    let named = best(files, |name| fit(name, split));
    let others: BTreeSet<String> = files.iter().filter_map(|name| split_of(name)).map(str::to_owned).collect();
    match named.is_empty() {
        false => Ok(named),
        // Where no name tells a split there is only one.
        true if others.is_empty() => Ok(files.to_vec()),
        true => Err(Error::new(format!("no split `{split}`"))
            .hint(format!("its files are named after: {}; choose one with `--hf-split`", list(others)))),
    }
}

/// The files that fit best.
fn best<'a>(files: &[&'a str], fit: impl Fn(&str) -> Option<Fit>) -> Vec<&'a str> {
    let best = files.iter().filter_map(|name| fit(name)).max();
    files.iter().copied().filter(|name| best.is_some() && fit(name) == best).collect()
}

/// How well `name` fits a split.
fn fit(name: &str, split: &str) -> Option<Fit> {
    if parts(name).any(|part| part == split) {
        return Some(Fit::Exact);
    }
    let words = SPLITS.iter().find(|words| words.contains(&split)).copied().unwrap_or(&[]);
    let has = |word: &str| words_of(name).any(|other| other == word);
    (words.iter().any(|word| has(word)) || has(split)).then_some(Fit::Word)
}

/// The usual name of the split that a name tells, if any.
fn split_of(name: &str) -> Option<&'static str> {
    SPLITS.iter().map(|words| words[0]).find(|split| fit(name, split).is_some())
}

/// The folders of a name that neither tell the split nor only mean data.
fn subset_of(name: &str, split: &str) -> String {
    let folders = name.rsplit_once('/').map_or("", |(folders, _)| folders);
    let tells = |folder: &&str| !folder.is_empty() && *folder != "data" && fit(folder, split).is_none();
    folders.split('/').filter(tells).collect::<Vec<_>>().join("/")
}

/// The folders of a name, and its file without extension and number.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = match file.rsplit_once('.') {
        Some((stem, extension)) if FORMS.iter().any(|form| form.contains(&extension)) => stem,
        _ => file,
    };
    folders.split('/').chain([unnumbered(stem)])
}

/// `train-00000-of-00002` and `train-0` are parts of `train`.
fn unnumbered(stem: &str) -> &str {
    let cut = |stem: &'_ str| -> Option<usize> {
        let (rest, number) = stem.rsplit_once('-')?;
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(rest.len())
    };
    let Some(end) = cut(stem) else { return stem };
    let rest = &stem[..end];
    match rest.strip_suffix("-of").and_then(cut) {
        Some(end) => &rest[..end],
        None => rest,
    }
}

/// The words of a name: runs of letters.
fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|char: char| !char.is_ascii_alphabetic()).filter(|word| !word.is_empty())
}

fn list(names: BTreeSet<String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

#[cfg(test)]
#[path = "names_test.rs"]
mod tests;
