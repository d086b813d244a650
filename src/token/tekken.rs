//! Mistral's tekken: ranks, the pattern that cuts text, and the tokens with names, all in one file. Names in a text are only
//! text.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::around::around;
use super::ranks::{Ranks, bytes};
use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Tekken {
    config: Config,
    vocab: Vec<Token>,
    special_tokens: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Config {
    pattern: String,
    default_vocab_size: usize,
    default_num_special_tokens: usize,
}

#[derive(Deserialize)]
struct Token {
    rank: usize,
    token_bytes: String,
}

#[derive(Deserialize)]
struct Named {
    rank: u32,
    token_str: String,
}

/// The tokens with names of files that were written before they stood in them.
const NAMES: [&str; 20] = [
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
];

/// Stands before each name in the vocabulary, so that no bytes of a text are taken for one; decoding drops it.
const MARK: char = '\u{10ffff}';

/// The `tokenizer.json` that gives the same ids, and the configuration that it needs.
///
/// # Errors
/// Where `content` is not what tekken writes.
pub(super) fn to_json(content: &[u8]) -> Result<(Vec<u8>, Map<String, Value>)> {
    let tekken: Tekken =
        serde_json::from_slice(content).map_err(|cause| Error::new(format!("not a file of tekken: {cause}")))?;
    let Config { pattern, default_vocab_size, default_num_special_tokens: reserved } = tekken.config;
    let size = default_vocab_size.checked_sub(reserved).filter(|size| *size <= tekken.vocab.len());
    let size = size.ok_or_else(|| Error::new("its vocabulary is smaller than its configuration says"))?;
    let mut tokens = Vec::with_capacity(size);
    for (at, token) in tekken.vocab.into_iter().take(size).enumerate() {
        let bytes = STANDARD.decode(&token.token_bytes).ok().filter(|_| token.rank == at);
        tokens
            .push(bytes.ok_or_else(|| Error::new(format!("the token number {at} is not one of its rank in base64")))?);
    }
    let named = tekken.special_tokens.unwrap_or_else(|| {
        NAMES.iter().zip(0..).map(|(name, rank)| Named { rank, token_str: (*name).to_owned() }).collect()
    });
    let fillers = (named.len()..reserved).map(|id| (format!("{MARK}<SPECIAL_{id}>"), id as u32));
    let names = named.iter().map(|token| (format!("{MARK}{}", token.token_str), token.rank));
    let specials: Vec<(String, u32)> = names.chain(fillers).collect();
    let begin = format!("{MARK}<s>");
    let (_, begin_id) = specials
        .iter()
        .find(|(name, _)| *name == begin)
        .ok_or_else(|| Error::new("it names no `<s>`, which begins every text"))?;
    let post_processor = around(Some((&begin, *begin_id)), None);
    let unmark = json!({"type": "Replace", "pattern": {"String": MARK}, "content": ""});
    let decoder = json!({"type": "Sequence", "decoders": [unmark, bytes()]});
    let first = reserved as u32;
    let ranks = Ranks { tokens, first, pattern: &pattern, specials, normalizer: Value::Null, post_processor, decoder };
    let config = Map::from_iter([("split_special_tokens".to_owned(), Value::Bool(true))]);
    Ok((ranks.to_json(), config))
}
