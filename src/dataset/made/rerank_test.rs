//! What `random-rerank` makes, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, owned, resolve, rows};

fn samples(line: &str) -> Result<Samples> {
    golden::samples(&format!("--dataset-name random-rerank {line}"))
}

#[test]
fn pairs_are_the_reference_s() {
    let wanted = [
        ("cdefghijklmnopoabmnop bcdeij ghicd", 23, 0),
        ("cdefghijklmnopoabmnop efghijklmnop mnopp", 21, 0),
        ("cdefghijklmnopoabmnop cdp", 10, 0),
    ];
    let line = "--num-prompts 5 --random-input-len 12 --random-range-ratio 0.3 --random-batch-size 2";
    assert_eq!(rows(samples(line).unwrap()), owned(&wanted));
}

#[test]
fn separate_sequences_are_the_reference_s() {
    let wanted = [
        ("cdefghijklmnopefghan hijklmmndmn defghijdnmni", 20, 0),
        ("cdefghijklmnopefghan lmnopjhij lmnopabhmnopm", 18, 0),
        ("cdefghijklmnopefghan bcdefghnoabp", 14, 0),
    ];
    let line =
        "--num-prompts 6 --random-input-len 5 --random-range-ratio 0.3 --random-batch-size 3 --no-reranker --seed 7";
    assert_eq!(rows(samples(line).unwrap()), owned(&wanted));
}

#[test]
fn a_query_without_documents_is_refused() {
    for line in ["--no-reranker", "--no-reranker --random-batch-size 2 --num-prompts 1"] {
        let error = samples(line).err().unwrap().to_string();
        assert_eq!(error, "`--no-reranker` counts the query as a prompt, which leaves no document");
    }
    assert_eq!(
        samples("--num-prompts 0").err().unwrap().to_string(),
        "`--num-prompts 0`: dataset `random-rerank` makes 1 prompt or more"
    );
}

#[test]
fn a_query_of_another_length_than_drawn_is_told() {
    let json = r#"{"added_tokens": [], "decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": ""},
        "model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": [["a", "a"]]}}"#;
    let tokenizer = Tokenizer::from_json(json.as_bytes()).unwrap();
    let dataset = resolve("--dataset-name random-rerank --num-prompts 1 --random-input-len 9").unwrap();
    let made = golden::sampled(&dataset, &tokenizer).unwrap();
    assert_eq!(made.warnings, ["the query has 0 tokens instead of 3: no text of that length found"]);
}
