//! Byte-level pairs by rank, as tiktoken has them, told as a `tokenizer.json`: every split of a token into two others is a
//! merge, in the order of the ranks.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// The bytes of a token, each as the printable character that stands for it in a `tokenizer.json`.
fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| character(byte)).collect()
}

/// Printable bytes of Latin-1 stand for themselves, the 68 others for the characters from U+0100 on.
fn character(byte: u8) -> char {
    let shift = match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => return char::from(byte),
        0..=b' ' => u32::from(byte),
        0x7f..=0xa0 => u32::from(byte) - 0x7f + 33,
        0xad => 67,
    };
    char::from_u32(0x100 + shift).unwrap_or_default()
}

/// A vocabulary of ranks, and how text comes to it.
pub(super) struct Ranks<'a> {
    /// The bytes of each token, by ascending rank.
    pub(super) tokens: Vec<Vec<u8>>,
    /// The id of the token with rank 0.
    pub(super) first: u32,
    /// What cuts text into pieces; text between pieces is dropped.
    pub(super) pattern: &'a str,
    /// The tokens that have names instead of bytes.
    pub(super) specials: Vec<(String, u32)>,
    /// What happens to the text before.
    pub(super) normalizer: Value,
    /// What encoding adds.
    pub(super) post_processor: Value,
    /// What turns tokens to bytes.
    pub(super) decoder: Value,
}

impl Ranks<'_> {
    /// The content of a `tokenizer.json` that gives the same ids.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let added: Vec<Value> = self.specials.iter().map(|(name, id)| added(*id, name, true, true)).collect();
        let ids = (self.first..).zip(&self.tokens).map(|(id, token)| (printable(token), Value::from(id)));
        let names = self.specials.iter().map(|(name, id)| (name.clone(), Value::from(*id)));
        let vocabulary: Map<String, Value> = ids.chain(names).collect();
        let pieces =
            json!({"type": "Split", "pattern": {"Regex": self.pattern}, "behavior": "Removed", "invert": true});
        json!({
            "version": "1.0",
            "added_tokens": added,
            "normalizer": self.normalizer,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [pieces, bytes()]},
            "post_processor": self.post_processor,
            "decoder": self.decoder,
            "model": {"type": "BPE", "ignore_merges": true, "vocab": vocabulary, "merges": self.merges()},
        })
        .to_string()
        .into_bytes()
    }

    fn merges(&self) -> Vec<[String; 2]> {
        let ranks: HashMap<&[u8], usize> = self.tokens.iter().enumerate().map(|(rank, t)| (&t[..], rank)).collect();
        let mut merges = Vec::new();
        for token in &self.tokens {
            let split = |at: usize| {
                let (left, right) = token.split_at(at);
                Some(((*ranks.get(left)?, *ranks.get(right)?), [printable(left), printable(right)]))
            };
            let mut splits: Vec<_> = (1..token.len()).filter_map(split).collect();
            splits.sort_by_key(|(ranks, _)| *ranks);
            merges.extend(splits.into_iter().map(|(_, pair)| pair));
        }
        merges
    }
}

/// A token that is found in texts as a whole: before or after they are normalised, and as a name or as text.
pub(super) fn added(id: u32, content: &str, normalized: bool, special: bool) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": normalized, "special": special})
}

/// The step between text and the printable characters of its bytes, in both directions.
pub(super) fn bytes() -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own() {
        let mut all: Vec<char> = (0..=255).map(character).collect();
        assert_eq!([b' ', b'\n', b'a', 0x7f, 0xad].map(character), ['Ġ', 'Ċ', 'a', 'ġ', '\u{143}']);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 256);
    }
}
