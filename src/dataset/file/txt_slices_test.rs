//! What `txt-slices` cuts out of a text, against what the reference's converter writes, and what it refuses.

use super::*;
use crate::dataset::golden::{self, owned, resolve, rows, tokenizer};

fn samples(line: &str, text: &[u8]) -> Result<Samples> {
    let txt_slices = golden::settings(&format!("--dataset-name txt-slices --dataset-path a.txt {line}"), settings)?;
    txt_slices.samples_of(text, tokenizer())
}

#[test]
fn slices_are_the_reference_s() {
    let line = "--num-prompts 5 --txt-slices-input-len 9 --txt-slices-output-len 10 --random-range-ratio 0.4 --seed 4";
    let text = "abcdefgh ponmlkji ".repeat(3) + "\n";
    let wanted = [
        ("kjiabcdefghponmlk", 11, 14),
        ("iabcdefghponmlkjiabcdefgh", 13, 14),
        ("onmlkjiabcdefghpon", 12, 6),
        ("onmlkjiabcdefgh", 9, 10),
        ("ponmlkjiabcdefghpon", 13, 11),
    ];
    assert_eq!(rows(samples(line, text.as_bytes()).unwrap()), owned(&wanted));
}

#[test]
fn the_general_lengths_win() {
    let one = rows(samples("--num-prompts 1 --input-len 3 --output-len 4", b"aaaa").unwrap());
    assert_eq!(one, owned(&[("aaa", 3, 4)]));
}

#[test]
fn what_is_no_text_is_refused() {
    let why = |text: &[u8]| samples("--num-prompts 1", text).err().unwrap().to_string();
    assert_eq!(why(b""), "a text without tokens");
    assert_eq!(why(b"a\nb\xff"), "line 2: not UTF-8");
    let why = |line: &str| resolve(line).unwrap_err().to_string();
    assert_eq!(why("--dataset-name txt-slices"), "dataset `txt-slices` needs a file");
    let url = "--dataset-name txt-slices --dataset-path https://example.com/a.txt";
    assert_eq!(why(url), "cannot read dataset `https://example.com/a.txt`: not a file");
}
