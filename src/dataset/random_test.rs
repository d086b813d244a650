//! What `random` refuses and warns of, and how its draws are bounded.

use super::super::golden::{resolve, tokenizer};
use super::super::{Dataset, Samples};

fn samples(line: &str) -> crate::error::Result<Samples> {
    resolve(line).and_then(|dataset| dataset.samples(Some(tokenizer())))
}

fn refusal(line: &str) -> String {
    samples(line).err().unwrap().to_string()
}

#[test]
fn a_prompt_that_could_be_empty_is_refused() {
    let why = "can leave a prompt without tokens";
    assert!(refusal("--random-input-len 0").ends_with(why));
    assert!(refusal("--random-input-len 3 --random-range-ratio 0.99").ends_with(why));
    assert!(samples("--random-input-len 0 --random-prefix-len 1 --num-prompts 1").is_ok());
}

#[test]
fn a_run_without_prompts_is_refused() {
    for count in ["0", "-1"] {
        let refused = refusal(&format!("--num-prompts {count}"));
        assert_eq!(refused, format!("`--num-prompts {count}`: dataset `random` makes 1 prompt or more"));
    }
}

#[test]
fn a_missing_tokenizer_is_refused_with_a_way_out() {
    let error = resolve("").unwrap().samples(None).err().unwrap();
    assert_eq!(error.to_string(), "dataset `random` needs a tokenizer");
    assert!(error.advice().is_some_and(|hint| hint.contains("--dataset-name custom")));
}

#[test]
fn a_batch_size_below_one_is_one() {
    let Dataset::Random(random) = resolve("--random-batch-size 0").unwrap() else { panic!("another dataset") };
    assert_eq!(random.batch_size, 1);
}

#[test]
fn prompts_of_the_same_tokens_are_told_beforehand() {
    let repeated = samples("--num-prompts 40 --random-input-len 3").unwrap();
    let distinct: std::collections::HashSet<u32> = {
        let offsets = crate::rng::Generator::new(0).integers(40, 0, 27);
        offsets.iter().zip(0..).map(|(offset, index)| (offset + index) % 28).collect()
    };
    let repeats = 40 - distinct.len();
    assert!(repeated.warnings[0].starts_with(&format!("{repeats} of 40 prompts are made of the same tokens")));
    assert!(samples("--num-prompts 1").unwrap().warnings.is_empty());
}

#[test]
fn lengths_that_were_missed_are_told_afterwards() {
    // Every token decodes to nothing, so no text has a token.
    let json = r#"{"added_tokens": [], "decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": ""},
        "model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": [["a", "a"]]}}"#;
    let tokenizer = crate::token::Tokenizer::from_json(json.as_bytes()).unwrap();
    let dataset = resolve("--num-prompts 3 --random-input-len 7 --random-prefix-len 2").unwrap();
    let Samples { iter, warnings, late_warnings, .. } = dataset.samples(Some(tokenizer)).unwrap();
    assert_eq!(warnings[0], "the shared prefix has 0 tokens instead of 2: no text of that length found");
    assert_eq!(late_warnings.try_iter().count(), 0);
    assert!(iter.map(Result::unwrap).all(|sample| sample.input_tokens == 0));
    let late: Vec<String> = late_warnings.try_iter().collect();
    assert!(late[0].starts_with("3 prompts missed the length drawn for them, by 27 tokens fewer in all"), "{late:?}");
}
