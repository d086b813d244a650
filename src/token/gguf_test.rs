//! Vocabularies of GGUF files give what llama.cpp gave for them, and SentencePiece's library for its own.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::token::files::Files;
use crate::token::{Special, Tokenizer};

/// A value as the format has it.
enum Is<'a> {
    Text(&'a str),
    Number(u32),
    Flag(bool),
    Texts(Vec<String>),
    Numbers(Vec<i32>),
    Floats(Vec<f32>),
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn list(of: u32, items: Vec<Vec<u8>>) -> Vec<u8> {
    [of.to_le_bytes().to_vec(), (items.len() as u64).to_le_bytes().to_vec(), items.concat()].concat()
}

/// A file with these fields and some that do not count.
fn file(fields: &[(&str, Is<'_>)]) -> Vec<u8> {
    let others = [
        ("general.name", Is::Text("m")),
        ("llama.block_count", Is::Number(2)),
        ("general.tags", Is::Texts(vec!["a".into()])),
    ];
    let mut bytes = [&b"GGUF"[..], &3_u32.to_le_bytes(), &0_u64.to_le_bytes()].concat();
    bytes.extend(((fields.len() + others.len()) as u64).to_le_bytes());
    for (name, value) in others.iter().chain(fields) {
        let (kind, value): (u32, Vec<u8>) = match value {
            Is::Text(value) => (8, text(value)),
            Is::Number(number) => (4, number.to_le_bytes().to_vec()),
            Is::Flag(flag) => (7, vec![u8::from(*flag)]),
            Is::Texts(texts) => (9, list(8, texts.iter().map(|one| text(one)).collect())),
            Is::Numbers(numbers) => (9, list(5, numbers.iter().map(|one| one.to_le_bytes().to_vec()).collect())),
            Is::Floats(floats) => (9, list(6, floats.iter().map(|one| one.to_le_bytes().to_vec()).collect())),
        };
        bytes.extend([text(name), kind.to_le_bytes().to_vec(), value].concat());
    }
    bytes
}

/// The built-in vocabulary as byte-level pairs that are cut so.
fn builtin(pre: &str) -> Vec<u8> {
    let builtin: Value = serde_json::from_slice(include_bytes!("builtin.json")).unwrap();
    let vocab = builtin["model"]["vocab"].as_object().unwrap();
    let tokens: Vec<String> = vocab.keys().cloned().collect();
    assert!(vocab.values().zip(0..).all(|(id, place)| *id == place), "ids count up");
    let merges = builtin["model"]["merges"].as_array().unwrap().iter().map(|pair| match pair {
        Value::String(pair) => pair.clone(),
        pair => format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()),
    });
    let kinds = (0..tokens.len()).map(|id| if id < 5 { 3 } else { 1 }).collect();
    file(&[
        ("tokenizer.ggml.model", Is::Text("gpt2")),
        ("tokenizer.ggml.pre", Is::Text(pre)),
        ("tokenizer.ggml.tokens", Is::Texts(tokens)),
        ("tokenizer.ggml.token_type", Is::Numbers(kinds)),
        ("tokenizer.ggml.merges", Is::Texts(merges.collect())),
        ("tokenizer.ggml.bos_token_id", Is::Number(0)),
        ("tokenizer.ggml.eos_token_id", Is::Number(1)),
        ("tokenizer.ggml.add_bos_token", Is::Flag(false)),
        ("tokenizer.chat_template", Is::Text("{{ bos_token }}{{ messages[0].content }}")),
    ])
}

/// Reads `bytes` as a file of its own.
fn load(name: &str, bytes: &[u8]) -> Result<Tokenizer> {
    let path: PathBuf = std::env::temp_dir().join(format!("llmbench-{}-{name}.gguf", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let read = read(&path);
    std::fs::remove_file(&path).unwrap();
    let (tokenizer, config) = read?;
    Tokenizer::from_files(name, &Files { tokenizer, config, ..Files::default() })
}

#[test]
fn byte_level_pairs_give_the_ids_of_llama_cpp() {
    let vectors: Value = serde_json::from_slice(include_bytes!("fixtures/gguf.json")).unwrap();
    let texts = vectors["texts"].as_array().unwrap();
    for (pre, expected) in vectors["ids"].as_object().unwrap() {
        let tokenizer = load(pre, &builtin(pre)).unwrap();
        for (text, expected) in texts.iter().zip(expected.as_array().unwrap()) {
            let ids = tokenizer.encode(text.as_str().unwrap(), Special::Add).unwrap();
            assert_eq!(json!(ids), *expected, "{pre}: {text}");
        }
        assert_eq!((tokenizer.vocab_size(), tokenizer.special_ids()), (8192, &[0, 1][..]));
        assert_eq!(tokenizer.render_user("hi", &Map::new()).unwrap(), "<|bos|>hi");
    }
}

#[test]
fn pieces_give_the_ids_of_sentencepiece() {
    let vectors: Value = serde_json::from_slice(include_bytes!("fixtures/sentencepiece.json")).unwrap();
    let model = &vectors[2];
    let pieces = || model["pieces"].as_array().unwrap().iter();
    let fields = |add_bos: bool| {
        file(&[
            ("tokenizer.ggml.model", Is::Text("llama")),
            ("tokenizer.ggml.tokens", Is::Texts(pieces().map(|piece| piece[0].as_str().unwrap().to_owned()).collect())),
            ("tokenizer.ggml.scores", Is::Floats(pieces().map(|piece| piece[1].as_f64().unwrap() as f32).collect())),
            (
                "tokenizer.ggml.token_type",
                Is::Numbers(pieces().map(|piece| piece[2].as_i64().unwrap() as i32).collect()),
            ),
            ("tokenizer.ggml.bos_token_id", Is::Number(1)),
            ("tokenizer.ggml.eos_token_id", Is::Number(2)),
            ("tokenizer.ggml.add_bos_token", Is::Flag(add_bos)),
        ])
    };
    let tokenizer = load("pieces", &fields(false)).unwrap();
    for row in model["encode"].as_array().unwrap() {
        let ids = tokenizer.encode(row[0].as_str().unwrap(), Special::Add).unwrap();
        assert_eq!(json!(ids), row[1], "{}", row[0]);
    }
    assert_eq!(load("begun", &fields(true)).unwrap().encode("the", Special::Add).unwrap()[0], 1);
}

#[test]
fn what_cannot_be_read_exactly_is_refused_by_name() {
    let unknown = builtin("falcon");
    let other = |model: &str| {
        file(&[("tokenizer.ggml.model", Is::Text(model)), ("tokenizer.ggml.tokens", Is::Texts(vec!["a".into()]))])
    };
    let endless =
        [&b"GGUF"[..], &3_u32.to_le_bytes(), &0_u64.to_le_bytes(), &u64::MAX.to_le_bytes(), &u64::MAX.to_le_bytes()]
            .concat();
    let good = builtin("gpt-2");
    let table: [(&str, &[u8], &str); 9] = [
        ("unknown", &unknown, "its way to cut texts is `falcon`, and those that are read exactly are gpt-2, "),
        ("kind", &other("bert"), "vocabularies of the kind `bert` are not read exactly"),
        ("uneven", &other("llama"), "are not of one number"),
        ("none", &file(&[]), "this GGUF has no vocabulary"),
        ("empty", &file(&[("tokenizer.ggml.model", Is::Text("gpt2"))]), "the vocabulary of this GGUF is empty"),
        ("old", b"GGUF\x01\0\0\0", "it is of version 1 of GGUF"),
        ("endless", &endless, "it ends within its fields"),
        ("cut", &good[..good.len() / 2], "it ends within its fields"),
        ("other", b"PK\x03\x04", "it does not begin as a GGUF does"),
    ];
    for (name, bytes, expected) in table {
        let error = load(name, bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}
