//! Tokenizers of other forms give what their own libraries (tiktoken, mistral-common, sentencepiece) gave for small vocabularies.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::files::Files;
use super::{Special, Tokenizer, sentencepiece, tekken, tiktoken};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/token/fixtures");

/// The tokenizers, in the order of the columns of the vectors.
fn tokenizers() -> [Tokenizer; 3] {
    let content = |name: &str| std::fs::read(Path::new(FIXTURES).join(name)).unwrap();
    let table = content("ranks.tiktoken");
    let base = table.iter().filter(|&&byte| byte == b'\n').count();
    let named = json!({"added_tokens_decoder": {base.to_string(): {"content": "[BOS]", "special": true, "lstrip": false,
        "rstrip": false, "single_word": false, "normalized": false}}, "bos_token": "[BOS]"});
    let config = named.as_object().unwrap().clone();
    let kimi = tiktoken::to_json(&table, tiktoken::Family::Kimi, &config).unwrap();
    let qwen = tiktoken::to_json(&table, tiktoken::Family::Qwen, &Files::default().config).unwrap();
    let (mistral, split) = tekken::to_json(&content("tekken.json")).unwrap();
    [(qwen, Files::default().config), (kimi, config), (mistral, split)]
        .map(|(tokenizer, config)| Tokenizer::from_files("", &Files { tokenizer, config, ..Files::default() }).unwrap())
}

#[test]
fn tokenizers_of_other_forms_give_what_their_own_libraries_give() {
    let tokenizers = tokenizers();
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(Path::new(FIXTURES).join("vectors.json")).unwrap()).unwrap();
    for (at, tokenizer) in tokenizers.iter().enumerate() {
        for row in vectors["encode"].as_array().unwrap() {
            let ids = tokenizer.encode(row[0].as_str().unwrap(), Special::Add).unwrap();
            assert_eq!(json!(ids), row[at + 1], "column {at}: {}", row[0]);
        }
        for row in vectors["decode"].as_array().unwrap() {
            let ids: Vec<u32> = serde_json::from_value(row[0].clone()).unwrap();
            assert_eq!(json!(tokenizer.decode(&ids).unwrap()), row[at + 1], "column {at}: {ids:?}");
        }
    }
}

#[test]
fn tokens_with_names_are_special_and_part_of_the_vocabulary() {
    let [qwen, kimi, mistral] = tokenizers();
    let base = qwen.vocab_size() - 208;
    assert_eq!(kimi.vocab_size(), base + 256);
    assert_eq!((kimi.special_ids(), kimi.flagged_ids().len()), (&[base][..], 256));
    assert_eq!(mistral.vocab_size(), base + 37);
    assert_eq!(mistral.special_ids(), (0..40).collect::<Vec<u32>>());
    assert_eq!(mistral.special_count(), 1);
}

#[test]
fn models_of_sentencepiece_give_what_the_library_itself_gives() {
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(Path::new(FIXTURES).join("sentencepiece.json")).unwrap()).unwrap();
    for (at, model) in vectors.as_array().unwrap().iter().enumerate() {
        let content = STANDARD.decode(model["model"].as_str().unwrap()).unwrap();
        let (tokenizer, config) = sentencepiece::to_json(&content, &Map::new()).unwrap();
        let tokenizer = Tokenizer::from_files("", &Files { tokenizer, config, ..Files::default() }).unwrap();
        for row in model["encode"].as_array().unwrap() {
            let ids = tokenizer.encode(row[0].as_str().unwrap(), Special::Add).unwrap();
            assert_eq!(json!(ids), row[1], "model {at}: {}", row[0]);
        }
        for row in model["decode"].as_array().unwrap() {
            let ids: Vec<u32> = serde_json::from_value(row[0].clone()).unwrap();
            assert_eq!(json!(tokenizer.decode(&ids).unwrap()), row[1], "model {at}: {ids:?}");
        }
        assert_eq!(tokenizer.special_ids(), [0, 1, 2], "what is unknown, begin and end");
    }
}

#[test]
fn a_configuration_says_what_stands_around_a_text_and_where_a_blank_goes() {
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(Path::new(FIXTURES).join("sentencepiece.json")).unwrap()).unwrap();
    let content = STANDARD.decode(vectors[0]["model"].as_str().unwrap()).unwrap();
    let ids = |config: Value, text: &str| {
        let (tokenizer, config) = sentencepiece::to_json(&content, config.as_object().unwrap()).unwrap();
        let files = Files { tokenizer, config, ..Files::default() };
        Tokenizer::from_files("", &files).unwrap().encode(text, Special::Add).unwrap()
    };
    let plain = ids(json!({}), "the server");
    let around = |begin: &[u32], end: &[u32]| [begin, &plain[..], end].concat();
    let llama = json!({"tokenizer_class": "LlamaTokenizer"});
    assert_eq!(ids(llama.clone(), "the server"), around(&[1], &[]));
    assert_eq!(ids(json!({"add_bos_token": true, "add_eos_token": true}), "the server"), around(&[1], &[2]));
    assert_eq!(ids(json!({"tokenizer_class": "LlamaTokenizer", "add_bos_token": false}), "the server"), plain);
    let legacy = |legacy: bool| ids(json!({"legacy": legacy}), "a<s>a");
    assert_eq!(legacy(false).len() + 1, legacy(true).len(), "a blank behind a name only in the older way");
}
