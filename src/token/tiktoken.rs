//! Ranks of tiktoken: a token in base64 and its rank a line. How text is cut, and which tokens have names, stands in the code
//! of each model, so only models that are known here can be read.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::ranks::{Ranks, bytes};
use crate::error::{Error, Result};

/// Whose ranks a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// The first Qwen, by `qwen.tiktoken`.
    Qwen,
    /// Kimi, by `tiktoken.model`.
    Kimi,
}

const QWEN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const KIMI: &str = concat!(
    r"[\p{Han}]+|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);

impl Family {
    /// The family whose ranks have this file name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "qwen.tiktoken" => Some(Family::Qwen),
            "tiktoken.model" => Some(Family::Kimi),
            _ => None,
        }
    }

    /// The tokens with names, which follow on `base` ranks; `config` is the model's `tokenizer_config.json`.
    fn specials(self, base: u32, config: &Map<String, Value>) -> Vec<(String, u32)> {
        let names: Vec<String> = match self {
            Family::Qwen => {
                let first = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(str::to_owned);
                first.into_iter().chain((0..205).map(|extra| format!("<|extra_{extra}|>"))).collect()
            }
            Family::Kimi => {
                let added = |id: u32| config.get("added_tokens_decoder")?.get(id.to_string())?.get("content")?.as_str();
                let name = |id| added(id).map_or_else(|| format!("<|reserved_token_{id}|>"), str::to_owned);
                (base..base + 256).map(name).collect()
            }
        };
        names.into_iter().zip(base..).collect()
    }
}

/// The `tokenizer.json` that gives the ids of the ranks in `table`.
///
/// # Errors
/// Where a line is not a token and its rank, or ranks are missing.
pub(super) fn to_json(table: &[u8], family: Family, config: &Map<String, Value>) -> Result<Vec<u8>> {
    let mut tokens = Vec::new();
    for (number, line) in
        table.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty())
    {
        let (rank, token) = entry(line)
            .ok_or_else(|| Error::new(format!("line {} is not a token in base64 and its rank", number + 1)))?;
        tokens.push((rank, token));
    }
    tokens.sort_unstable();
    if tokens.iter().zip(0..).any(|((rank, _), at)| *rank != at) {
        return Err(Error::new("its ranks do not count from 0 up without gaps"));
    }
    let specials = family.specials(tokens.len() as u32, config);
    let (pattern, normalizer) = match family {
        Family::Qwen => (QWEN, json!({"type": "NFC"})),
        Family::Kimi => (KIMI, Value::Null),
    };
    let tokens = tokens.into_iter().map(|(_, token)| token).collect();
    let ranks =
        Ranks { tokens, first: 0, pattern, specials, normalizer, post_processor: Value::Null, decoder: bytes() };
    Ok(ranks.to_json())
}

fn entry(line: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (token, rank) = std::str::from_utf8(line).ok()?.trim_end().split_once(' ')?;
    Some((rank.parse().ok()?, STANDARD.decode(token).ok()?))
}
