//! Models of llama.cpp: the vocabulary that stands before the weights, as far as the tokens are those of llama.cpp itself.
//! Byte-level pairs name only how they cut texts, and the pattern stands in llama.cpp's code: those that are known here are read.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::around::around;
use super::gguf_fields::{Fields, fields};
use super::ranks::{added, bytes};
use super::sentencepiece::{CONTROL, NORMAL, USER_DEFINED, Vocabulary};
use crate::error::{Error, Result};

/// How a kind of byte-level pairs cuts texts.
struct Cut {
    /// Its names at `tokenizer.ggml.pre`.
    names: &'static [&'static str],
    /// Each cuts what the one before has left.
    patterns: &'static [&'static str],
    /// Whether a piece that is a token is taken as it is, and texts begin with a token of their own where the file says nothing.
    whole_and_begun: bool,
}

const CUTS: [Cut; 5] = [
    Cut {
        names: &["gpt-2", "phi-2"],
        patterns: &[r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"],
        whole_and_begun: false,
    },
    Cut {
        names: &["llama-bpe", "llama3", "llama-v3"],
        patterns: &[
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
        whole_and_begun: true,
    },
    Cut {
        names: &["qwen2", "deepseek-r1-qwen"],
        patterns: &[
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
        whole_and_begun: false,
    },
    Cut {
        names: &["deepseek-v3"],
        patterns: &[
            r"\p{N}{1,3}",
            "[一-龥\u{3040}-ゟ゠-ヿ]+",
            r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
        ],
        whole_and_begun: false,
    },
    Cut {
        names: &["gpt-4o", "llama4"],
        patterns: &[concat!(
            r"[^\r\n\p{L}\p{N}]?(?:(?=\p{L})[^a-z])*(?:(?=\p{L})[^A-Z])+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|",
            r"[^\r\n\p{L}\p{N}]?(?:(?=\p{L})[^a-z])+(?:(?=\p{L})[^A-Z])*(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|",
            r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        )],
        whole_and_begun: false,
    },
];

/// The `tokenizer.json` that gives the same ids, and the configuration that it needs. The weights are not read.
///
/// # Errors
/// Where the file cannot be read, is no GGUF, or has a vocabulary that cannot be read exactly.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, Map<String, Value>)> {
    let file = File::open(path).map_err(|cause| Error::new(cause.to_string()))?;
    let fields = fields(BufReader::new(file))?;
    let kind = fields.text("model").ok_or_else(|| Error::new("this GGUF has no vocabulary"))?;
    let tokens = fields.texts("tokens");
    if tokens.is_empty() {
        return Err(Error::new("the vocabulary of this GGUF is empty"));
    }
    match kind {
        "gpt2" => byte_pairs(&fields, tokens),
        "llama" => pieces(&fields, tokens),
        kind => Err(Error::new(format!("vocabularies of the kind `{kind}` are not read exactly"))),
    }
}

/// What files of the model's own would say.
fn configuration(fields: &Fields, tokens: &[String]) -> Map<String, Value> {
    let named = [("bos_token", "bos_token_id"), ("eos_token", "eos_token_id")].into_iter().filter_map(|(name, id)| {
        let token = tokens.get(usize::try_from(fields.number(id)?).ok()?)?;
        Some((name.to_owned(), json!(token)))
    });
    let template = fields.text("chat_template").map(|template| ("chat_template".to_owned(), json!(template)));
    named.chain(template).collect()
}

fn pieces(fields: &Fields, tokens: &[String]) -> Result<(Vec<u8>, Map<String, Value>)> {
    let (kinds, scores) = (fields.numbers("token_type"), fields.floats("scores"));
    if kinds.len() != tokens.len() || scores.len() != tokens.len() {
        return Err(Error::new("its tokens, their scores and their kinds are not of one number"));
    }
    let mut config = configuration(fields, tokens);
    config.insert("add_bos_token".to_owned(), json!(fields.flag("add_bos_token", true)));
    config.insert("add_eos_token".to_owned(), json!(fields.flag("add_eos_token", false)));
    Vocabulary { tokens, scores, kinds, adds_a_blank: fields.flag("add_space_prefix", true) }.to_json(&config)
}

fn byte_pairs(fields: &Fields, tokens: &[String]) -> Result<(Vec<u8>, Map<String, Value>)> {
    let name = fields.text("pre").unwrap_or_default();
    let cut = CUTS.iter().find(|cut| cut.names.contains(&name)).ok_or_else(|| {
        let known: Vec<&str> = CUTS.iter().flat_map(|cut| cut.names).copied().collect();
        Error::new(format!(
            "its way to cut texts is `{name}`, and those that are read exactly are {}",
            known.join(", ")
        ))
    })?;
    let pairs = fields.texts("merges").iter().map(|pair| pair.split_once(' '));
    let merges: Option<Vec<[&str; 2]>> = pairs.map(|pair| pair.map(|(left, right)| [left, right])).collect();
    let merges = merges.ok_or_else(|| Error::new("a merge of its vocabulary is no pair"))?;
    let config = configuration(fields, tokens);
    let kinds = fields.numbers("token_type");
    let is = |id: usize, kind: i32| kinds.get(id).copied().unwrap_or(NORMAL.into()) == i64::from(kind);
    let named = |(id, token): (usize, &String)| {
        let (special, own) = (is(id, CONTROL), is(id, USER_DEFINED));
        (special || own).then(|| added(id as u32, token, false, special))
    };
    let added: Vec<Value> = tokens.iter().enumerate().filter_map(named).collect();
    let vocab: Map<String, Value> = tokens.iter().enumerate().map(|(id, token)| (token.clone(), json!(id))).collect();
    let cuts = cut.patterns.iter().map(
        |pattern| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false}),
    );
    let around_id = |flag: &str, usual: bool, id: &str| {
        let id = u32::try_from(fields.number(id).filter(|_| fields.flag(flag, usual))?).ok()?;
        Some((tokens.get(id as usize)?.as_str(), id))
    };
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": cuts.chain([bytes()]).collect::<Vec<_>>()},
        "post_processor": around(
            around_id("add_bos_token", cut.whole_and_begun, "bos_token_id"),
            around_id("add_eos_token", false, "eos_token_id"),
        ),
        "decoder": bytes(),
        "model": {"type": "BPE", "ignore_merges": cut.whole_and_begun, "vocab": vocab, "merges": merges},
    });
    Ok((tokenizer.to_string().into_bytes(), config))
}

#[cfg(test)]
#[path = "gguf_test.rs"]
mod tests;
