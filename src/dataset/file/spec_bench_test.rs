//! What `spec_bench` takes from a file, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, resolve, rows, tokenizer};

fn samples(line: &str, json: &str) -> Result<Samples> {
    drawn(line, json, &mut Draws::new(0))
}

fn drawn(line: &str, json: &str, draws: &mut Draws) -> Result<Samples> {
    let line = format!("--dataset-name spec_bench --dataset-path a --skip-chat-template {line}");
    golden::settings(&line, settings)?.samples_of(json.as_bytes(), tokenizer(), draws)
}

fn questions() -> String {
    let row = |k: usize| {
        let (category, prompt) = (["ab", "cd"][k % 2], "abcd".repeat(k));
        format!("{{\"question_id\": {k}, \"category\": \"{category}\", \"turns\": [\"{prompt}ace\", \"x\"]}}\n")
    };
    (0..6).map(row).collect()
}

#[test]
fn first_turns_are_taken_and_repeated_as_in_the_reference() {
    let mut draws = Draws::new(5);
    let made = drawn("--num-prompts 8 --seed 5 --spec-bench-output-len 7", &questions(), &mut draws).unwrap();
    assert_eq!(made.warnings[1], "`--seed 5` does not change the prompts of `spec_bench`, which always has seed 0");
    assert_eq!([draws.python.random(), draws.python.random()], [0.04048437818077755, 0.9654648863619172]);
    let wanted = [4, 2, 1, 0, 5, 3, 0, 0].map(|k: u32| ("abcd".repeat(k as usize) + "ace", k + 3, 7));
    assert_eq!(rows(made), wanted);
}

#[test]
fn one_category_is_taken_as_in_the_reference() {
    let made = samples("--num-prompts 2 --spec-bench-category cd", &questions()).unwrap();
    assert!(made.warnings.is_empty());
    assert_eq!(rows(made), [1, 5].map(|k: u32| ("abcd".repeat(k as usize) + "ace", k + 3, 256)));
}

#[test]
fn the_general_output_length_wins_and_the_template_is_on_by_default() {
    let line = "--dataset-name spec_bench --dataset-path a --output-len 9";
    let spec_bench = golden::settings(line, settings).unwrap();
    assert_eq!((spec_bench.output_len, spec_bench.selection.seed), (9, 0));
    assert!(spec_bench.dataset().needs.templated);
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_line_and_field() {
    let table = [
        ("", "{\"turns\": 5}", "line 1: no list at `turns`"),
        ("", "{\"turns\": []}", "line 1: no string at `turns[0]`"),
        ("", "{}", "line 1: no list at `turns`"),
        ("", "", "no rows"),
        ("--spec-bench-category cd", "{\"turns\": [\"a\"]}", "line 1: no string at `category`"),
        ("--spec-bench-category x", "{\"turns\": [\"a\"], \"category\": \"y\"}", "no row of category `x`"),
        ("--spec-bench-output-len -1", "", "`--spec-bench-output-len -1`: not a number of tokens"),
    ];
    for (line, json, why) in table {
        let error = samples(line, json).err().unwrap();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some());
    }
    assert_eq!(resolve("--dataset-name spec_bench").unwrap_err().to_string(), "dataset `spec_bench` needs a file");
}
