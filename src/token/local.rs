//! A tokenizer from files: from their content to text and ids and back, as the model's own library does it.

use std::panic;

use tokenizers::models::ModelWrapper;
use tokenizers::tokenizer::PostProcessor;

use super::Special;
use super::chat::Chat;
use super::files::Files;
use super::specials::Specials;
use crate::error::{Error, Result};

/// A tokenizer that runs in this process.
#[derive(Debug)]
pub(super) struct Local {
    inner: tokenizers::Tokenizer,
    special_ids: Vec<u32>,
    clean_up: CleanUp,
    /// Why there is no chat matters only to who asks for one.
    chat: Result<Chat>,
}

/// What happens to decoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CleanUp {
    /// Nothing.
    Keep,
    /// Blanks before punctuation and contractions go, as models of words ask for.
    Tidy,
}

impl Local {
    /// Builds the tokenizer that `files` describe.
    ///
    /// # Errors
    /// Where `tokenizer.json` is not one that the library knows.
    pub(super) fn of(files: &Files) -> Result<Self> {
        let mut inner =
            read(&files.tokenizer).map_err(|cause| Error::new(format!("not a `tokenizer.json`: {cause}")))?;
        // A limit or a padding stored with the tokenizer is for training: prompts keep their length.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|cause| Error::new(cause.to_string()))?;
        let specials = Specials::of(files);
        specials.teach(&mut inner)?;
        let flag = |name: &str| files.config.get(name) == Some(&serde_json::Value::Bool(true));
        inner.set_encode_special_tokens(flag("split_special_tokens"));
        let byte_pairs = matches!(inner.get_model(), ModelWrapper::BPE(_));
        Ok(Local {
            special_ids: specials.ids(&inner),
            clean_up: if flag("clean_up_tokenization_spaces") && !byte_pairs { CleanUp::Tidy } else { CleanUp::Keep },
            chat: Chat::of(files, &specials.named),
            inner,
        })
    }

    /// The token ids of `text`.
    pub(super) fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>> {
        let encoding = self
            .inner
            .encode_fast(text, special == Special::Add)
            .map_err(|cause| Error::new(format!("cannot tokenize: {cause}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of `ids`.
    pub(super) fn decode(&self, ids: &[u32]) -> Result<String> {
        let text =
            self.inner.decode(ids, false).map_err(|cause| Error::new(format!("cannot decode tokens: {cause}")))?;
        Ok(match self.clean_up {
            CleanUp::Keep => text,
            CleanUp::Tidy => tidy(text),
        })
    }

    /// Size of the base vocabulary.
    pub(super) fn vocab_size(&self) -> u32 {
        self.inner.get_vocab_size(false) as u32
    }

    /// The ids of the whole vocabulary, ascending.
    pub(super) fn ids(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.inner.get_vocab(true).into_values().collect();
        ids.sort_unstable();
        ids
    }

    /// The ids of the tokens that stand for single bytes by their names, as in `<0x0A>`, ascending.
    pub(super) fn byte_ids(&self) -> Vec<u32> {
        let vocabulary = self.inner.get_vocab(true);
        let mut ids: Vec<u32> = vocabulary.iter().filter(|(name, _)| names_byte(name)).map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// The ids of the named and additional special tokens, ascending.
    pub(super) fn special_ids(&self) -> &[u32] {
        &self.special_ids
    }

    /// The ids of all added tokens that are flagged as special, ascending.
    pub(super) fn flagged_ids(&self) -> Vec<u32> {
        let added = self.inner.get_added_tokens_decoder();
        let mut ids: Vec<u32> = added.iter().filter(|(_, token)| token.special).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// How many special tokens the encoding of one sequence adds.
    pub(super) fn special_count(&self) -> u32 {
        self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(false)) as u32
    }

    /// The chat template.
    pub(super) fn chat(&self) -> Result<&Chat> {
        self.chat.as_ref().map_err(|cause| {
            let error = Error::new(cause.to_string());
            match cause.advice() {
                Some(advice) => error.hint(advice),
                None => error,
            }
        })
    }
}

/// Whether a token's name is that of a byte.
fn names_byte(name: &str) -> bool {
    let digits = name.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// The replacements that decoders of words make, in their order.
fn tidy(text: String) -> String {
    const REPLACEMENTS: [(&str, &str); 10] = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    REPLACEMENTS.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

/// The tokenizer in the content of a `tokenizer.json`. The library panics on some files that are none; what it says then is an
/// error like any other.
fn read(json: &[u8]) -> std::result::Result<tokenizers::Tokenizer, String> {
    let told = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let read = panic::catch_unwind(|| tokenizers::Tokenizer::from_bytes(json));
    panic::set_hook(told);
    match read {
        Ok(read) => read.map_err(|cause| cause.to_string()),
        Err(panic) => Err(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "its parts do not fit".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A model of words that adds an end, cuts at two tokens and pads to eight.
    fn words(config: serde_json::Value) -> Local {
        let tokenizer = json!({
            "version": "1.0",
            "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
            "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                        "pad_type_id": 0, "pad_token": "x"},
            "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[E]", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 0}}], "special_tokens": {"[E]": {"id": "[E]", "ids": [1], "tokens": ["[E]"]}}},
            "decoder": null,
            "model": {"type": "WordLevel", "vocab": {"x": 0, "[E]": 1, "yes": 2, ".": 3}, "unk_token": "x"}
        });
        let config = config.as_object().unwrap().clone();
        Local::of(&Files { tokenizer: tokenizer.to_string().into_bytes(), config, ..Files::default() }).unwrap()
    }

    #[test]
    fn a_file_that_the_library_panics_on_is_an_error() {
        let files = Files { tokenizer: b"{\"decoder\":{\"type\":x}}".to_vec(), ..Files::default() };
        let error = Local::of(&files).unwrap_err().to_string();
        assert!(error.starts_with("not a `tokenizer.json`: "), "{error}");
    }

    #[test]
    fn nothing_is_cut_or_padded() {
        assert_eq!(words(json!({})).encode("yes yes yes.", Special::Skip).unwrap(), [2, 2, 2, 3]);
    }

    #[test]
    fn special_tokens_are_added_where_asked_for() {
        let words = words(json!({"eos_token": "[E]"}));
        assert_eq!(words.encode("yes", Special::Add).unwrap(), [2, 1]);
        assert_eq!(words.special_count(), 1);
        assert_eq!((words.special_ids(), words.flagged_ids()), (&[1][..], vec![1]));
        assert_eq!(words.vocab_size(), 4);
        assert_eq!(words.encode("[E]yes", Special::Skip).unwrap(), [1, 2], "a named token is found in text");
    }

    #[test]
    fn names_of_bytes_are_told_from_others() {
        assert!(["<0x00>", "<0xfF>"].into_iter().all(names_byte));
        assert!(!["<0x0>", "<0x0G>", "<0x000>", "0x00", "<0x+1>", "<s>"].into_iter().any(names_byte));
    }

    #[test]
    fn words_are_tidied_where_the_configuration_says_so() {
        assert_eq!(words(json!({"clean_up_tokenization_spaces": true})).decode(&[2, 3]).unwrap(), "yes.");
        assert_eq!(words(json!({})).decode(&[2, 3]).unwrap(), "yes .");
    }

    #[test]
    fn a_missing_template_fails_only_who_asks() {
        let error = words(json!({})).chat().unwrap_err();
        assert!(error.advice().is_some());
        let error = words(json!({"chat_template": "{% if %}"})).chat().unwrap_err();
        assert!(error.to_string().starts_with("the chat template failed"), "{error}");
    }

    #[test]
    fn every_replacement_is_made() {
        assert_eq!(
            tidy("a . b ? c ! d , e ' f do n't I 'm it 's we 've you 're".into()),
            "a. b? c! d, e'f don't I'm it's we've you're"
        );
    }
}
