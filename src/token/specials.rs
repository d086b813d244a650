//! Special tokens: which tokens the configuration files name, what that teaches the tokenizer, and their ids.

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::files::Files;
use crate::error::{Error, Result};

/// The special tokens that a tokenizer's configuration names.
#[derive(Debug, Default)]
pub(super) struct Specials {
    /// Tokens with a name of their own, such as `bos_token`: name and content.
    pub(super) named: Vec<(String, String)>,
    /// Additional special tokens, which have no names.
    extra: Vec<String>,
    /// Tokens that the configuration adds, with how they match.
    added: Vec<AddedToken>,
}

impl Specials {
    /// Reads the configuration. `special_tokens_map.json` counts only where the configuration does not say by itself which
    /// tokens were added; there it goes before the configuration.
    pub(super) fn of(files: &Files) -> Self {
        let mut config = files.config.clone();
        if let (Some(map), false) = (&files.special_tokens, config.contains_key("added_tokens_decoder")) {
            config.extend(map.clone());
        }
        let mut specials = Specials { added: added(&config), ..Specials::default() };
        for (name, value) in &config {
            if let (true, Some(token)) = (name.ends_with("_token"), content(value)) {
                specials.named.push((name.clone(), token.to_owned()));
            }
        }
        let assumed = defaults(&config).iter().filter(|(name, _)| !config.contains_key(*name));
        specials.named.extend(assumed.map(|(name, token)| ((*name).to_owned(), (*token).to_owned())));
        let newer = config.get("extra_special_tokens").filter(|value| !is_empty(value));
        match newer.or_else(|| config.get("additional_special_tokens")) {
            Some(Value::Array(tokens)) => {
                specials.extra = tokens.iter().filter_map(content).map(str::to_owned).collect()
            }
            Some(Value::Object(tokens)) => {
                let named = tokens.iter().filter_map(|(name, value)| Some((name.clone(), content(value)?.to_owned())));
                specials.named.extend(named);
            }
            _ => {}
        }
        specials
    }

    /// Adds to `tokenizer` the tokens that the configuration names and `tokenizer.json` lacks or describes differently.
    ///
    /// # Errors
    /// Where the library refuses a token.
    pub(super) fn teach(&self, tokenizer: &mut tokenizers::Tokenizer) -> Result<()> {
        let known = tokenizer.get_added_tokens_decoder();
        let differs = |token: &&AddedToken| !known.values().any(|other| same(token, other));
        let mut lacking: Vec<AddedToken> = self.added.iter().filter(differs).cloned().collect();
        for token in self.contents() {
            let has = |other: &AddedToken| other.content == token;
            if !known.values().any(has) && !lacking.iter().any(has) {
                lacking.push(AddedToken::from(token, true));
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        tokenizer.add_tokens(lacking).map_err(|cause| Error::new(format!("cannot add special tokens: {cause}")))?;
        Ok(())
    }

    /// The ids of the named and the additional special tokens, ascending. Where the configuration names none at all, the
    /// tokens that `tokenizer.json` itself flags as special: old models name theirs in the code of their class.
    pub(super) fn ids(&self, tokenizer: &tokenizers::Tokenizer) -> Vec<u32> {
        let mut ids: Vec<u32> = if self.contents().next().is_some() {
            self.contents().filter_map(|token| tokenizer.token_to_id(token)).collect()
        } else {
            let added = tokenizer.get_added_tokens_decoder();
            added.iter().filter(|(_, token)| token.special).map(|(id, _)| *id).collect()
        };
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn contents(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(_, token)| token).chain(&self.extra).map(String::as_str)
    }
}

/// The names that classes of tokenizers give to tokens where their configuration does not say otherwise.
const CLASSES: [(&str, &[(&str, &str)]); 3] = [
    (
        "GemmaTokenizer",
        &[
            ("unk_token", "<unk>"),
            ("bos_token", "<bos>"),
            ("eos_token", "<eos>"),
            ("pad_token", "<pad>"),
            ("mask_token", "<mask>"),
        ],
    ),
    (
        "CohereTokenizer",
        &[
            ("unk_token", "<UNK>"),
            ("bos_token", "<BOS_TOKEN>"),
            ("eos_token", "<|END_OF_TURN_TOKEN|>"),
            ("pad_token", "<PAD>"),
            ("cls_token", "<CLS>"),
            ("sep_token", "<SEP>"),
            ("mask_token", "<MASK_TOKEN>"),
        ],
    ),
    (
        "Qwen2Tokenizer",
        &[("unk_token", "<|endoftext|>"), ("eos_token", "<|endoftext|>"), ("pad_token", "<|endoftext|>")],
    ),
];

fn defaults(config: &Map<String, Value>) -> &'static [(&'static str, &'static str)] {
    let class = config.get("tokenizer_class").and_then(Value::as_str).unwrap_or_default();
    let class = class.strip_suffix("Fast").unwrap_or(class);
    CLASSES.iter().find(|(name, _)| *name == class).map_or(&[], |(_, tokens)| tokens)
}

/// The `added_tokens_decoder` of a configuration, by ascending id; entries of another shape are left out.
fn added(config: &Map<String, Value>) -> Vec<AddedToken> {
    let Some(Value::Object(entries)) = config.get("added_tokens_decoder") else { return Vec::new() };
    let mut tokens: Vec<(u32, AddedToken)> = entries
        .iter()
        .filter_map(|(id, token)| Some((id.parse().ok()?, serde_json::from_value(token.clone()).ok()?)))
        .collect();
    tokens.sort_by_key(|(id, _)| *id);
    tokens.into_iter().map(|(_, token)| token).collect()
}

/// A token's text: written as a string, or as an object with how it matches.
fn content(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content")?.as_str())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Whether two tokens agree in everything (the library compares contents only).
fn same(a: &AddedToken, b: &AddedToken) -> bool {
    let flags = |token: &AddedToken| (token.single_word, token.lstrip, token.rstrip, token.normalized, token.special);
    a.content == b.content && flags(a) == flags(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn specials(config: Value, map: Option<Value>) -> Specials {
        let object = |value: Value| value.as_object().unwrap().clone();
        Specials::of(&Files { config: object(config), special_tokens: map.map(object), ..Files::default() })
    }

    fn contents(specials: &Specials) -> Vec<&str> {
        specials.contents().collect()
    }

    #[test]
    fn names_come_as_strings_and_as_objects() {
        let specials = specials(
            json!({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "unk_token": null, "add_bos_token": true,
                   "image_token": "<img>", "additional_special_tokens": ["<a>", {"content": "<b>"}]}),
            None,
        );
        assert_eq!(contents(&specials), ["<s>", "</s>", "<img>", "<a>", "<b>"]);
    }

    #[test]
    fn extra_tokens_with_names_are_named() {
        let specials = specials(json!({"extra_special_tokens": {"image_token": "<img>"}}), None);
        assert_eq!(specials.named, [("image_token".to_owned(), "<img>".to_owned())]);
    }

    #[test]
    fn a_class_names_what_its_configuration_leaves_out() {
        let config = json!({"tokenizer_class": "Qwen2TokenizerFast", "unk_token": null, "eos_token": "<end>"});
        assert_eq!(contents(&specials(config, None)), ["<end>", "<|endoftext|>"], "null means none");
    }

    #[test]
    fn the_map_counts_only_without_added_tokens() {
        let map = json!({"eos_token": "<map>"});
        assert_eq!(contents(&specials(json!({"eos_token": "<config>"}), Some(map.clone()))), ["<map>"]);
        let config = json!({"eos_token": "<config>", "added_tokens_decoder": {}});
        assert_eq!(contents(&specials(config, Some(map))), ["<config>"]);
    }

    #[test]
    fn tokens_that_the_configuration_adds_get_ids_in_order() {
        let flags = |content: &str| json!({"content": content, "lstrip": false, "rstrip": false, "normalized": false, "single_word": false, "special": true});
        let specials = specials(
            json!({"added_tokens_decoder": {"10": flags("<b>"), "9": flags("<a>")}, "pad_token": "<pad>"}),
            None,
        );
        let mut tokenizer = tokenizers::Tokenizer::new(tokenizers::models::bpe::BPE::default());
        specials.teach(&mut tokenizer).unwrap();
        assert_eq!(["<a>", "<b>", "<pad>"].map(|token| tokenizer.token_to_id(token)), [Some(0), Some(1), Some(2)]);
        assert_eq!(specials.ids(&tokenizer), [2], "only named tokens are special ids");
    }

    #[test]
    fn without_names_the_flagged_tokens_are_special() {
        let mut tokenizer = tokenizers::Tokenizer::new(tokenizers::models::bpe::BPE::default());
        tokenizer.add_tokens([AddedToken::from("plain", false), AddedToken::from("<end>", true)]).unwrap();
        assert_eq!(Specials::default().ids(&tokenizer), [1]);
    }
}
