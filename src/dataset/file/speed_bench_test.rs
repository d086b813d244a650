//! What `speed_bench` takes from a file, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, resolve, rows, tokenizer};

fn speed_bench(line: &str) -> Result<SpeedBench> {
    golden::settings(&format!("--dataset-name speed_bench --dataset-path dir --skip-chat-template {line}"), settings)
}

fn samples(line: &str, json: &str) -> Result<Samples> {
    drawn(line, json, &mut Draws::new(0))
}

fn drawn(line: &str, json: &str, draws: &mut Draws) -> Result<Samples> {
    speed_bench(line)?.samples_of(json.as_bytes(), tokenizer(), draws)
}

fn prompts() -> String {
    let row = |k: usize| {
        let (category, prompt) = (["ab", "cd"][k % 2], "abcd".repeat(k));
        format!(
            "{{\"category\": \"{category}\", \"messages\": [{{\"role\": \"user\", \"content\": \"{prompt}ace\"}}]}}\n"
        )
    };
    (0..6).map(row).collect()
}

fn row(k: u32, output: u32) -> (String, u32, u32) {
    ("abcd".repeat(k as usize) + "ace", k + 3, output)
}

#[test]
fn prompts_are_taken_and_repeated_as_in_the_reference() {
    let mut draws = Draws::new(5);
    let made = drawn("--num-prompts 8 --seed 5 --speed-bench-output-len 7", &prompts(), &mut draws).unwrap();
    assert!(made.warnings[1].starts_with("`--seed 5` does not change"), "{:?}", made.warnings);
    assert_eq!([draws.python.random(), draws.python.random()], [0.04048437818077755, 0.9654648863619172]);
    assert_eq!(rows(made), [4, 2, 1, 0, 5, 3, 0, 0].map(|k| row(k, 7)));
}

#[test]
fn one_category_in_file_order_is_the_reference_s() {
    let mut draws = Draws::new(5);
    let made = drawn("--num-prompts -1 --speed-bench-category ab --disable-shuffle", &prompts(), &mut draws).unwrap();
    assert_eq!(draws.python.random(), 0.8444218515250481);
    assert_eq!(rows(made), [0, 2, 4].map(|k| row(k, 4096)));
}

#[test]
fn prompts_are_cut_to_a_length() {
    let made = samples("--num-prompts -1 --disable-shuffle --speed-bench-max-input-len 4", &prompts()).unwrap();
    let texts: Vec<(String, u32)> = rows(made).into_iter().map(|row| (row.0, row.1)).collect();
    let (long, longest) = ("abcd".repeat(3) + "a", "abcd".repeat(4));
    assert_eq!(texts[..2], [("ace".to_owned(), 3), ("abcdace".to_owned(), 4)]);
    assert_eq!(texts[3..], [(long, 4), (longest.clone(), 4), (longest, 4)]);
}

#[test]
fn subset_and_name_have_two_spellings() {
    let both = ["--speed-bench-dataset-subset throughput_8k", "--speed-bench-config throughput_8k"];
    assert_eq!(both.map(|line| speed_bench(line).unwrap().subset), [Subset::Throughput8k; 2]);
    assert_eq!(resolve("--dataset-name speed-bench --dataset-path a").unwrap().name, "speed_bench");
    assert_eq!(speed_bench("--output-len 9").unwrap().output_len, 9);
    assert_eq!(speed_bench("").unwrap().subset, Subset::Qualitative);
}

#[test]
fn a_directory_has_a_file_for_each_subset() {
    let mut dataset = speed_bench("--speed-bench-config throughput_1k").unwrap();
    dataset.path = std::env::temp_dir();
    assert_eq!(dataset.file(), std::env::temp_dir().join("throughput_1k.jsonl"));
    dataset.path = "one.jsonl".into();
    assert_eq!(dataset.file(), PathBuf::from("one.jsonl"));
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_line_and_field() {
    for json in ["{}", "{\"messages\": []}", "{\"messages\": [{\"content\": 1}]}"] {
        let error = samples("", json).err().unwrap();
        assert_eq!(error.to_string(), "line 1: no string at `messages[0].content`");
        assert!(error.advice().is_some());
    }
    let why = resolve("--dataset-name speed_bench").unwrap_err().to_string();
    assert_eq!(why, "dataset `speed_bench` needs a directory");
}
