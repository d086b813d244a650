//! What `random` refuses and warns of, and how its draws are bounded.

use crate::dataset::golden::{self, resolve, samples};
use crate::dataset::needs::Carries;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::rng::Draws;

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
    let error = resolve("").unwrap().samples(&Carries::default(), None, &mut Draws::new(0)).err().unwrap();
    assert_eq!(error.to_string(), "dataset `random` needs a tokenizer");
    assert!(error.advice().is_some_and(|hint| hint.contains("--dataset-name custom")));
}

#[test]
fn a_batch_size_below_one_is_one() {
    assert_eq!(golden::settings("--random-batch-size 0", super::settings).unwrap().batch_size, 1);
}

#[test]
fn prompts_of_the_same_tokens_are_told_beforehand() {
    let repeated = samples("--num-prompts 40 --random-input-len 3").unwrap();
    let distinct: std::collections::HashSet<u32> = {
        let offsets = crate::rng::Generator::new(0).integers(40, 0, 27);
        offsets.iter().zip(0..).map(|(offset, index)| (offset + index) % 28).collect()
    };
    let repeats = 40 - distinct.len();
    assert!(
        repeated.warnings[0].starts_with(&format!("{repeats} of the 40 planned prompts are made of the same tokens"))
    );
    assert!(samples("--num-prompts 1").unwrap().warnings.is_empty());
}

#[test]
fn lengths_that_were_missed_are_told_afterwards() {
    // Every token decodes to nothing, so no text has a token.
    let json = r#"{"added_tokens": [], "decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": ""},
        "model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": [["a", "a"]]}}"#;
    let tokenizer = crate::token::Tokenizer::from_json(json.as_bytes()).unwrap();
    let dataset = resolve("--num-prompts 3 --random-input-len 7 --random-prefix-len 2").unwrap();
    let Samples { iter, warnings, late_warnings, .. } = golden::sampled(&dataset, &tokenizer).unwrap();
    assert_eq!(warnings[0], "the shared prefix has 0 tokens instead of 2: no text of that length found");
    assert_eq!(late_warnings.try_iter().count(), 0);
    assert!(iter.map(Result::unwrap).all(|sample| sample.input_tokens == 0));
    let late: Vec<String> = late_warnings.try_iter().collect();
    assert!(late[0].starts_with("3 prompts missed the length drawn for them, by 27 tokens fewer in all"), "{late:?}");
}

fn ids(line: &str) -> Vec<(Vec<u32>, u32)> {
    let ids = |sample: crate::error::Result<Sample>| match sample.unwrap() {
        Sample { prompt: Prompt::Ids(ids), input_tokens, output_tokens, .. } => {
            assert_eq!(ids.len(), input_tokens as usize);
            (ids, output_tokens)
        }
        other => panic!("no token ids: {other:?}"),
    };
    samples(&format!("--prompt-token-ids {line}")).unwrap().iter.map(ids).collect()
}

#[test]
fn token_ids_are_those_that_texts_are_made_of() {
    let line = "--num-prompts 20 --random-input-len 9 --random-output-len 7 --random-range-ratio 0.4 --seed 5";
    let mut generator = crate::rng::Generator::new(5);
    let (inputs, outputs) = (generator.integers(20, 5, 13), generator.integers(20, 4, 10));
    let offsets = generator.integers(20, 0, 27);
    for (index, (ids, output)) in ids(line).into_iter().enumerate() {
        let ramp = (0..inputs[index]).map(|position| (offsets[index] + index as u32 + position) % 28);
        assert_eq!((ids, output), (ramp.collect(), outputs[index]));
    }
}

#[test]
fn token_ids_have_a_prefix_and_come_in_batches() {
    let made = ids("--num-prompts 3 --random-input-len 4 --random-prefix-len 5");
    assert!(made.iter().all(|(ids, _)| ids.len() == 9 && ids[..5] == made[0].0[..5]));
    let batches = samples("--num-prompts 3 --random-input-len 4 --random-batch-size 2 --prompt-token-ids").unwrap();
    let batches: Vec<Sample> = batches.iter.map(Result::unwrap).collect();
    let shape = |sample: &Sample| (sample.prompt.inputs(), sample.input_tokens, sample.output_tokens);
    assert_eq!(batches.iter().map(shape).collect::<Vec<_>>(), [(2, 8, 0), (1, 4, 0)]);
    assert!(matches!(batches[0].prompt, Prompt::IdBatch(_)));
}

#[test]
fn warm_prompts_share_their_part_and_cold_ones_nothing() {
    let line = "--num-prompts 10 --random-input-len 10 --random-cache-hit-fraction 0.6 --random-cache-ratio 0.7";
    let made = ids(line);
    assert!(made.iter().all(|(ids, _)| ids.len() == 10));
    let is_ramp = |ids: &[u32]| ids.windows(2).all(|pair| (pair[0] + 1) % 28 == pair[1]);
    let warm: Vec<&Vec<u32>> = made.iter().map(|(ids, _)| ids).filter(|ids| !is_ramp(ids)).collect();
    assert_eq!(warm.len(), 6);
    assert!(warm.iter().all(|ids| ids[..7] == warm[0][..7] && is_ramp(&ids[7..])));
    assert_eq!(ids(line), made, "the same seed makes the same prompts");
}

#[test]
fn a_mix_that_means_nothing_is_refused() {
    let together = "`--random-cache-hit-fraction` and `--random-cache-ratio` go together only";
    let both = "--random-cache-hit-fraction 0.5 --random-cache-ratio 0.5";
    let table = [
        ("--prompt-token-ids --random-cache-ratio 0.5", together),
        ("--prompt-token-ids --random-cache-hit-fraction 0.5", together),
        (both, "`--random-cache-hit-fraction` needs `--prompt-token-ids`"),
        (
            "--prompt-token-ids --random-cache-hit-fraction 1.5 --random-cache-ratio 1",
            "`--random-cache-hit-fraction 1.5`: not a fraction",
        ),
        (
            "--prompt-token-ids --random-prefix-len 1 --random-cache-hit-fraction 0.5 --random-cache-ratio 0.5",
            "`--random-prefix-len` does not go with `--random-cache-hit-fraction`",
        ),
        (
            "--dataset-name random-rerank --prompt-token-ids",
            "`--prompt-token-ids` does not go with dataset `random-rerank`",
        ),
    ];
    for (line, why) in table {
        assert_eq!(refusal(line), why);
    }
}
