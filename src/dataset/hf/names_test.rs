//! Names of files as the datasets on the hub have them.

use super::*;

fn chosen(files: &[&str], subset: Option<&str>, split: &str) -> Result<Vec<String>> {
    let names: Vec<String> = files.iter().map(|name| (*name).to_owned()).collect();
    let files = data_files(&names);
    choose(&files, Wanted { subset, split }).map(|files| files.into_iter().map(str::to_owned).collect())
}

#[test]
fn parquet_goes_before_json_and_what_is_no_data_is_left_out() {
    let all = ["README.md", "a.parquet", "b.jsonl", ".gitattributes", "dataset_infos.json"];
    assert_eq!(chosen(&all, None, "train").unwrap(), ["a.parquet"]);
    assert_eq!(chosen(&["x/metadata.json", "x/b.json"], None, "train").unwrap(), ["x/b.json"]);
}

#[test]
fn splits_are_found_as_the_hub_names_them() {
    let table: &[(&[&str], &str, &[&str])] = &[
        (
            &[
                "data/test-00000-of-00001.parquet",
                "data/train-00000-of-00002.parquet",
                "data/train-00001-of-00002.parquet",
            ],
            "train",
            &["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        ),
        (&["dpo.jsonl", "eval.jsonl", "train.jsonl"], "train", &["train.jsonl"]),
        (
            &["clean/train.100/0000.parquet", "clean/train.360/0000.parquet", "clean/test/0000.parquet"],
            "train.100",
            &["clean/train.100/0000.parquet"],
        ),
        (
            &["default/partial-train/0000.parquet", "default/test/0000.parquet"],
            "train",
            &["default/partial-train/0000.parquet"],
        ),
        (&["my_val.json", "my_train.json"], "validation", &["my_val.json"]),
        (&["validation.json"], "validation", &["validation.json"]),
        (&["a/dev/1.jsonl", "a/train/1.jsonl"], "val", &["a/dev/1.jsonl"]),
        (&["x/latest.json", "x/contest.json"], "test", &["x/contest.json", "x/latest.json"]),
        (&["mmstar.parquet"], "val", &["mmstar.parquet"]),
        (&["test-0.jsonl", "test-1.jsonl", "train-0.jsonl"], "test", &["test-0.jsonl", "test-1.jsonl"]),
    ];
    for (files, split, wanted) in table {
        assert_eq!(chosen(files, None, split).unwrap(), *wanted, "{split} of {files:?}");
    }
}

#[test]
fn a_subset_is_a_folder_or_the_beginning_of_a_name() {
    let folders = [
        "main/test-00000-of-00001.parquet",
        "main/train-00000-of-00001.parquet",
        "socratic/test-00000-of-00001.parquet",
    ];
    assert_eq!(chosen(&folders, Some("main"), "test").unwrap(), [folders[0]]);
    let names = ["en-test.jsonl", "de-test.jsonl", "en-train.jsonl"];
    assert_eq!(chosen(&names, Some("en"), "test").unwrap(), [names[0]]);
    let plain = ["test.jsonl", "train.jsonl"];
    assert_eq!(chosen(&plain, Some("main"), "test").unwrap(), ["test.jsonl"], "one subset has no need of a name");
}

#[test]
fn what_there_is_not_is_told_with_what_there_is() {
    let folders = ["main/test-00000-of-00001.parquet", "socratic/test-00000-of-00001.parquet"];
    let told = |subset, split| {
        let error = chosen(&folders, subset, split).unwrap_err();
        format!("{error}; {}", error.advice().unwrap())
    };
    let wanted = "several subsets have a split `test`: `main`, `socratic`; choose one with `--hf-subset`";
    assert_eq!(told(None, "test"), wanted);
    let wanted = "no subset `x`; the subsets in its folders: `main`, `socratic`; choose one with `--hf-subset`";
    assert_eq!(told(Some("x"), "test"), wanted);
    let wanted = "no split `train`; its files are named after: `test`; choose one with `--hf-split`";
    assert_eq!(told(Some("main"), "train"), wanted);
}

#[test]
fn numbers_at_the_end_are_no_part_of_a_name() {
    let table =
        [("train-00000-of-00002", "train"), ("train-0", "train"), ("train", "train"), ("a-b", "a-b"), ("-1", "")];
    for (stem, wanted) in table {
        assert_eq!(unnumbered(stem), wanted);
    }
}
