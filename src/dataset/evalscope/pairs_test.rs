use super::super::shaping::Form;
use super::*;

fn pairs(number: u32, documents: u32) -> Pairs {
    Pairs {
        path: None,
        documents,
        ratio: 2.0,
        draw: Draw { seed: 4, earlier: Vec::new(), number, warmups: 0, offset: 1 },
        shaping: Shaping { min_prompt_length: 2, max_prompt_length: 3, form: Form::Text, max_tokens: (1, 1) },
    }
}

fn batch(texts: &[&str]) -> Prompt {
    Prompt::Batch(texts.iter().map(ToString::to_string).collect())
}

#[test]
fn random_pairs_are_the_reference_s() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let samples: Vec<Sample> = pairs(2, 2).made(&tokenizer).unwrap().iter.collect::<Result<_>>().unwrap();
    let wanted = batch(&["\u{fffd}", " might\n\n         embarrasscation", " ne apparentlywat"]);
    assert_eq!((&samples[0].prompt, samples.len()), (&wanted, 2));
    assert_eq!(
        pairs(2, 0).made(&tokenizer).err().unwrap().to_string(),
        "0 documents of 2 times the length of the query"
    );
}

#[test]
fn pairs_of_a_file_go_on_from_the_offset() {
    let content =
        b"{\"query\": \"q\", \"documents\": [\"a\", \"b\"]}\n{\"query\": \"r\", \"passages\": [{\"text\": \"c\"}]}\n";
    let samples = pairs(2, 1).read(content, None).unwrap();
    let prompts: Vec<Prompt> = samples.iter.map(|sample| sample.unwrap().prompt).collect();
    assert_eq!(prompts, [batch(&["r", "c"]), batch(&["q", "a", "b"])]);
}

#[test]
fn rows_without_a_pair_are_refused() {
    let why = |content: &str| pairs(1, 1).read(content.as_bytes(), None).err().unwrap().to_string();
    assert_eq!(why("{\"query\": \"q\"}"), "line 1: no list at `documents`; it has `query`");
    assert_eq!(why("{\"query\": \"q\", \"texts\": []}"), "line 1: no texts in `texts`");
    assert_eq!(why("\n"), "no `query` in it");
}
