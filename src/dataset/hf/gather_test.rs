//! Which rows become requests, in which order, and what is refused.

use super::super::kind::settings;
use super::super::testing::Folder;
use super::*;
use crate::dataset::golden::{self, resolve, rows};
use crate::dataset::sample::Sample;

pub(in super::super) fn hf(path: &str, line: &str) -> Result<Hf> {
    golden::settings(&format!("--dataset-name hf --dataset-path {path} {line}"), settings)
}

pub(in super::super) fn samples(folder: &Folder, line: &str) -> Result<Samples> {
    hf(folder.path().to_str().unwrap(), line)?.samples(Tokenizer::builtin().unwrap(), &mut Draws::new(0))
}

pub(in super::super) fn made(folder: &Folder, line: &str) -> Vec<Sample> {
    samples(folder, line).unwrap().iter.map(Result::unwrap).collect()
}

/// Ten problems in two files of a split, numbered from 0.
fn ten(name: &str) -> Folder {
    let line = |number: usize| format!("{{\"question\": \"q{number}\"}}\n");
    let part = |numbers: std::ops::Range<usize>| numbers.map(line).collect::<String>();
    let files = [("data/test-00000-of-00002.jsonl", part(0..4)), ("data/test-00001-of-00002.jsonl", part(4..10))];
    Folder::new(name, &files.each_ref().map(|(name, content)| (*name, content.as_str())))
}

const PROBLEMS: &str = "--hf-name openai/gsm8k --skip-chat-template";

fn asked(folder: &Folder, line: &str) -> Vec<String> {
    rows(samples(folder, line).unwrap()).into_iter().map(|row| row.0).collect()
}

fn questions(numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|number| format!("q{number}")).collect()
}

#[test]
fn rows_are_shuffled_as_the_reference_shuffles_whole_datasets() {
    let folder = ten("shuffled");
    // The permutation of ten of numpy's generator with seed 0.
    let shuffled = questions(&[4, 6, 2, 7, 3, 5, 9, 0, 8, 1]);
    assert_eq!(asked(&folder, &format!("{PROBLEMS} --num-prompts 10")), shuffled);
    assert_eq!(asked(&folder, &format!("{PROBLEMS} --num-prompts 4 --no-stream")), shuffled[..4]);
    let in_order = format!("{PROBLEMS} --num-prompts 6 --disable-shuffle");
    assert_eq!(asked(&folder, &in_order), questions(&[0, 1, 2, 3, 4, 5]));
}

#[test]
fn a_shortage_is_filled_or_left_as_the_flags_say() {
    let folder = ten("shortage");
    let line = format!("{PROBLEMS} --disable-shuffle --num-prompts 12");
    let many = samples(&folder, &line).unwrap();
    assert!(many.warnings[0].starts_with("2 of 12 requests repeat"));
    // The first two draws of CPython's generator with seed 0 below ten.
    assert_eq!(rows(many)[10..].iter().map(|row| &*row.0).collect::<Vec<_>>(), ["q6", "q6"]);
    assert_eq!(asked(&folder, &format!("{line} --no-oversample")).len(), 10);
}

#[test]
fn files_beyond_those_that_are_needed_are_not_read() {
    let folder = ten("lazy");
    folder.write("data/test-00001-of-00002.jsonl", b"no JSON\n");
    assert_eq!(asked(&folder, &format!("{PROBLEMS} --num-prompts 3 --disable-shuffle")).len(), 3);
}

#[test]
fn datasets_that_are_not_known_are_read_by_their_column_of_texts() {
    let folder = Folder::new("unknown", &[("my.json", r#"[{"id": 1, "text": "abc", "words": ["d", "e"]}]"#)]);
    let line = "--num-prompts 1 --skip-chat-template";
    assert_eq!(asked(&folder, line), ["abc"]);
    assert_eq!(asked(&folder, &format!("{line} --hf-text-column words.1")), ["e"]);
    let error = samples(&folder, &format!("{line} --hf-text-column other")).err().unwrap();
    assert!(error.to_string().ends_with("no column `other`"), "{error}");
    assert!(error.advice().unwrap().starts_with("its columns: `id`, `text`, `words`;"));
    let nothing = Folder::new("nothing", &[("my.json", r#"[{"id": 1}]"#)]);
    let error = samples(&nothing, line).err().unwrap().to_string();
    assert!(error.ends_with("no column that is known to hold prompts"), "{error}");
}

#[test]
fn a_row_that_is_wrong_is_told_with_file_row_and_column() {
    let table = [
        ("openai/gsm8k", r#"{"question": 5}"#, "no text at `question`"),
        ("philschmid/mt-bench", r#"{"turns": []}"#, "no text at `turns.0`"),
        ("vdaita/edit_5k_char", r#"{"norm_distance": "far"}"#, "no number at `norm_distance`"),
        ("Aeala/ShareGPT_Vicuna_unfiltered", r#"{"conversations": "x"}"#, "no list at `conversations`"),
        ("lmms-lab/LLaVA-OneVision-Data", r#"{"conversations": [{}, {}]}"#, "no text at `conversations.0.value`"),
        ("openslr/librispeech_asr", r#"{"audio": null}"#, "no sound at `audio`"),
        (
            "openslr/librispeech_asr",
            r#"{"audio": {"array": ["a"], "sampling_rate": 1}}"#,
            "`audio`: no numbers at `array`",
        ),
        ("yale-nlp/MMVU", r#"{"question": "x", "choices": 1}"#, "no object at `choices`"),
        ("Lin-Chen/MMStar", r#"{"question": "x", "image": 7}"#, "`image`: neither an image nor the place of one"),
    ];
    for (name, row, why) in table {
        let folder = Folder::new("wrong", &[("train.jsonl", row)]);
        let line = format!("--hf-name {name} --hf-split train --skip-chat-template --num-prompts 1");
        let error = samples(&folder, &line).map(|mut samples| samples.iter.next().unwrap().unwrap_err());
        let error = error.unwrap_or_else(|error| error).to_string();
        assert!(error.ends_with(&format!("`train.jsonl`: line 1: {why}")), "{error}");
    }
}

#[test]
fn conversations_that_are_too_short_or_long_are_left_out() {
    let row = |first: &str, second: &str| {
        format!(r#"{{"conversations": [{{"value": "{first}"}}, {{"value": "{second}"}}]}}"#)
    };
    let (good, long) = ("What is 1 + 1?", "word ".repeat(1100));
    let lone = r#"{"conversations": [{"value": "What is 1 + 1?"}]}"#.to_owned();
    let content = [row("a", good), row(good, "a"), row(&long, good), lone, row("What is this?", good)].join("\n");
    let folder = Folder::new("limits", &[("train.jsonl", &content)]);
    let line = "--hf-name Aeala/ShareGPT_Vicuna_unfiltered --num-prompts 9 --no-oversample --disable-shuffle";
    assert_eq!(asked(&folder, line), ["What is this?"]);
    let given = asked(&folder, &format!("{line} --output-len 3"));
    assert_eq!(given, ["a", good, long.as_str(), "What is this?"], "a length that is given takes all");
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let told = |line: &str| hf("x", line).unwrap_err().to_string();
    assert_eq!(told("--num-prompts 0"), "`--num-prompts 0`: dataset `hf` makes 1 prompt or more");
    assert_eq!(told("--hf-name other"), "`--hf-name other`: not a dataset that is known");
    assert_eq!(told("--hf-output-len -1"), "`--hf-output-len -1`: not a number of tokens");
    let zero = "--hf-name AI-MO/NuminaMath-1.5 --output-len 0";
    assert_eq!(told(zero), "`--hf-output-len 0`: this dataset asks for one token or more");
    let far = "--blazedit-min-distance 0.6 --blazedit-max-distance 0.5";
    assert_eq!(told(far), "`--blazedit-min-distance 0.6` is above `--blazedit-max-distance 0.5`");
    let long = "--asr-min-audio-len-sec 3 --asr-max-audio-len-sec 2";
    assert_eq!(told(long), "`--asr-min-audio-len-sec 3` is above `--asr-max-audio-len-sec 2`");
    assert_eq!(hf("x", "--asr-max-audio-len-sec 0").unwrap().seconds.1, f64::INFINITY);
    assert_eq!(resolve("--dataset-name hf").unwrap_err().to_string(), "dataset `hf` needs a name or a path");
    let error = hf("/nowhere/at/all", "").unwrap().dataset().check_file().unwrap_err().to_string();
    assert!(error.starts_with("cannot read dataset `/nowhere/at/all`: no such file"), "{error}");
}

#[test]
fn parts_of_datasets_are_those_of_the_reference() {
    let part = |line: &str| {
        let hf = hf("x", line).unwrap();
        (hf.subset, hf.split)
    };
    assert_eq!(part("--hf-name openai/gsm8k"), (Some("main".into()), "test".into()));
    assert_eq!(part("--hf-name openai/gsm8k --hf-subset a --hf-split b"), (Some("a".into()), "b".into()));
    assert_eq!(part("--hf-name yale-nlp/MMVU --hf-subset a"), (None, "validation".into()));
    assert_eq!(part("--hf-name lmms-lab/LLaVA-OneVision-Data"), (None, "train".into()));
    assert!(hf("x", "--hf-name openai/gsm8k").unwrap().templated());
    assert!(!hf("x", "--hf-name openai/gsm8k --skip-chat-template").unwrap().templated());
    assert!(hf("x", "--hf-name mgoin/mlperf-inference-llama2-data --skip-chat-template").unwrap().templated());
}

#[test]
fn which_column_is_sent_is_told_where_nobody_named_it() {
    let rows =
        r#"{"id": 1, "messages": [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Why?"}]}"#;
    let folder = Folder::new("guess", &[("train.jsonl", rows)]);
    let line = "--num-prompts 1 --skip-chat-template";
    let told = samples(&folder, line).unwrap().warnings;
    let wanted =
        "prompts are the first message of a user in `messages`: there is `id` too; `--hf-text-column` names another";
    assert_eq!(told, [wanted]);
    assert_eq!(asked(&folder, line), ["Why?"], "what the model is told before it is asked is no prompt");
    let named = format!("{line} --hf-text-column messages.0.content");
    assert!(samples(&folder, &named).unwrap().warnings.is_empty());
    let bench = Folder::new("context", &[("train.jsonl", r#"{"input": "q", "context": "long"}"#)]);
    let told = samples(&bench, line).unwrap().warnings;
    assert_eq!(told, ["prompts are column `input`: there is `context` too; `--hf-text-column` names another"]);
}
