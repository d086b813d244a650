//! Whole datasets against the reference's own samples, with a tokenizer small enough to read: sixteen letters and their
//! merges to pairs and fours, so that decoding and encoding again often changes the number of tokens.

use clap::{ArgMatches, Parser};

use super::*;
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

pub(super) const TOKENIZER: &str = r#"{"added_tokens": [],
"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
"decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
"model": {"type": "BPE",
"vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6, "h": 7, "i": 8, "j": 9, "k": 10, "l": 11, "m": 12,
"n": 13, "o": 14, "p": 15, "ab": 16, "cd": 17, "ef": 18, "gh": 19, "ij": 20, "kl": 21, "mn": 22, "op": 23, "abcd": 24,
"efgh": 25, "ijkl": 26, "mnop": 27},
"merges": [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"], ["i", "j"], ["k", "l"], ["m", "n"], ["o", "p"],
["ab", "cd"], ["ef", "gh"], ["ij", "kl"], ["mn", "op"]]}}"#;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    dataset: DatasetArgs,
}

pub(super) fn tokenizer() -> Tokenizer {
    Tokenizer::from_json(TOKENIZER.as_bytes()).unwrap()
}

/// The flags in `line`, cut at blanks; request ids start with `r-`.
fn args(line: &str) -> Result<DatasetArgs> {
    let words = ["llmbench", "--request-id-prefix", "r-"].into_iter().chain(line.split_whitespace());
    Ok(Cli::try_parse_from(words).map_err(|error| Error::new(error.to_string()))?.dataset)
}

/// What the flags in `line` resolve to.
pub(super) fn resolve(line: &str) -> Result<Dataset> {
    args(line)?.resolve()
}

/// The settings that `read` makes of the flags in `line`.
pub(super) fn settings<T>(line: &str, read: impl FnOnce(&ArgMatches, Common) -> Result<T>) -> Result<T> {
    args(line)?.read(read)
}

/// The samples that the flags in `line` resolve to, for a backend that carries nothing but texts.
pub(super) fn samples(line: &str) -> Result<Samples> {
    sampled(&resolve(line)?, &tokenizer())
}

/// The samples of `dataset`, for a backend that carries nothing but texts.
pub(super) fn sampled(dataset: &Dataset, tokenizer: &Tokenizer) -> Result<Samples> {
    dataset.samples(&Carries::default(), Some(tokenizer), &mut Draws::new(0))
}

/// All samples, each as (prompt, input tokens, output tokens); ids must count up from 0, and batches are joined by blanks.
pub(super) fn rows(samples: Samples) -> Vec<(String, u32, u32)> {
    let ids = (0..samples.count).map(|index| Some(format!("r-{index}"))).collect();
    rows_of(samples, ids)
}

/// All samples as [`rows`], which must have these ids.
pub(super) fn rows_of(samples: Samples, ids: Vec<Option<String>>) -> Vec<(String, u32, u32)> {
    let count = samples.count;
    let made: Vec<Sample> = samples.iter.map(Result::unwrap).collect();
    assert_eq!(made.len(), count);
    assert_eq!(made.iter().map(|sample| sample.request_id.clone()).collect::<Vec<_>>(), ids);
    let row = |sample: Sample| {
        let text = match sample.prompt {
            Prompt::Text(text) => text,
            Prompt::Batch(texts) => texts.join(" "),
            other => panic!("{other:?} is no text"),
        };
        (text, sample.input_tokens, sample.output_tokens)
    };
    made.into_iter().map(row).collect()
}

/// All samples with their parts, each as (prompt | media, input tokens, output tokens); parts of one message stand in
/// square brackets, media in angle brackets. Ids must count up from 0.
pub(super) fn shown(samples: Samples) -> Vec<(String, u32, u32)> {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Lead(text) => text.clone(),
        Part::Image { url, more } => format!("<{url} {more}").trim_end().to_owned() + ">",
        Part::Video { url } => format!("<video {url}>"),
        Part::Audio { data, format } => format!("<{format} {data}>"),
    };
    let all = |parts: &[Part]| parts.iter().map(part).collect::<Vec<_>>().join(" ");
    let row = |(index, sample): (usize, Sample)| {
        assert_eq!(sample.request_id, Some(format!("r-{index}")));
        let prompt = match sample.prompt {
            Prompt::Text(text) => text,
            Prompt::Parts(parts) => format!("[{}]", all(&parts)),
            other => panic!("{other:?} is neither a text nor parts"),
        };
        let shown = format!("{prompt} | {}", all(&sample.media));
        (shown.trim_end().to_owned(), sample.input_tokens, sample.output_tokens)
    };
    samples.iter.map(Result::unwrap).enumerate().map(row).collect()
}

fn made(line: &str) -> Vec<(String, u32, u32)> {
    rows(samples(line).unwrap())
}

pub(super) fn owned(wanted: &[(&str, u32, u32)]) -> Vec<(String, u32, u32)> {
    wanted.iter().map(|&(text, input, output)| (text.to_owned(), input, output)).collect()
}

/// FNV-1a over the prompts, a newline after each.
pub(super) fn hash(rows: &[(String, u32, u32)]) -> u64 {
    let bytes = rows.iter().flat_map(|(text, ..)| text.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn random_prompts_of_one_length_are_the_reference_s() {
    let wanted = [
        ("opabcdefghijklmnopa", 6, 3),
        ("efghijklmnopibc", 6, 3),
        ("abcdefghijklaemn", 6, 3),
        ("klmnopefefghoab", 6, 3),
    ];
    assert_eq!(made("--num-prompts 4 --random-input-len 6 --random-output-len 3"), owned(&wanted));
}

#[test]
fn random_prompts_with_prefix_and_drawn_lengths_are_the_reference_s() {
    let line = r#"--num-prompts 5 --random-input-len 9 --random-prefix-len 4 --random-output-len 10 --seed 42
        --random-range-ratio {"input":0.5,"output":0.3}"#;
    let wanted = [
        ("mnodopopabcdmo", 8, 13),
        ("mnodopabcdefghijklkfefghklefloppm", 16, 7),
        ("mnodopmnopabcdefghijklmnopabcdemgcp", 15, 11),
        ("mnodopabcdefghijklmnopabcdabcdbabcd", 12, 8),
        ("mnodopabcdefghijklmnopabcdophcd", 12, 7),
    ];
    assert_eq!(made(line), owned(&wanted));
}

#[test]
fn random_batches_are_the_reference_s() {
    let wanted = [("nopabcdeop pabcdefghijklg", 10, 0), ("opabcdefghijklmnop bcdefiabcd", 10, 0), ("efghilhop", 5, 0)];
    assert_eq!(made("--num-prompts 5 --random-input-len 5 --random-batch-size 2 --seed 1"), owned(&wanted));
}

#[test]
fn many_random_prompts_are_the_reference_s() {
    let rows = made("--num-prompts 500 --random-input-len 20 --random-prefix-len 7 --random-range-ratio 0.4 --seed 9");
    assert_eq!(hash(&rows), 0x2787_8946_c31d_f217);
    let sums = rows.iter().fold((0, 0), |(inputs, outputs), row| (inputs + row.1, outputs + row.2));
    assert_eq!(sums, (13_667, 63_214));
}
