//! The tokenizer inside the binary, for tests, for the simulator and for machines without any model's files.
//!
//! A byte-level BPE of 8,192 ids: two special tokens for the ends, three for the roles of a chat, the 256 bytes, and merges.
//! It was trained by the `tokenizers` crate (`BpeTrainer`: at least 2 occurrences, tokens of at most 16 characters; the
//! pre-tokenizer is `ByteLevel` with its own pattern and no prefix space) on 7.5 million characters in the public domain:
//! Jane Austen's six novels, the Jargon File 4.4.7 without its table borders, and the first two million characters of the
//! SQLite 3.46 amalgamation, so that prose, technical English and code all tokenize well. Encoding adds no special token.

use serde_json::json;

use super::files::Files;

/// The name that asks for this tokenizer.
pub const BUILTIN: &str = "builtin";

const TOKENIZER: &[u8] = include_bytes!("builtin.json");

const CHAT_TEMPLATE: &str = "\
{{- bos_token }}
{%- for message in messages %}
    {{- '<|' + message.role + '|>' + message.content + eos_token }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|assistant|>' }}
{%- endif %}";

/// The files of the built-in tokenizer.
pub(super) fn files() -> Files {
    let tokens = [
        ("bos_token", json!("<|bos|>")),
        ("eos_token", json!("<|eos|>")),
        ("additional_special_tokens", json!(["<|user|>", "<|assistant|>", "<|system|>"])),
        ("chat_template", json!(CHAT_TEMPLATE)),
    ];
    let config = tokens.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Files { tokenizer: TOKENIZER.to_vec(), config, ..Files::default() }
}

#[cfg(test)]
mod tests {
    use super::super::{Special, Tokenizer};
    use serde_json::Map;

    #[test]
    fn the_builtin_tokenizer_reads_back_what_it_wrote() {
        let tokenizer = Tokenizer::builtin().unwrap();
        for text in ["Hello, world!", "  if (x == 1) {\n\treturn;\n}", "日本語 🦀 naïve", "", "\u{0}\u{7f}"] {
            let ids = tokenizer.encode(text, Special::Skip).unwrap();
            assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        }
    }

    #[test]
    fn the_builtin_tokenizer_has_its_size_and_its_special_tokens() {
        let tokenizer = Tokenizer::builtin().unwrap();
        assert_eq!(tokenizer.vocab_size(), 8192);
        assert_eq!(tokenizer.special_ids(), [0, 1, 2, 3, 4]);
        assert_eq!(tokenizer.special_count(), 0);
        assert_eq!(tokenizer.name(), "builtin");
    }

    #[test]
    fn common_words_are_one_token() {
        let tokenizer = Tokenizer::builtin().unwrap();
        assert_eq!(tokenizer.count(" the").unwrap(), 1);
        assert_eq!(tokenizer.count(" return").unwrap(), 1);
    }

    #[test]
    fn the_builtin_template_marks_roles_and_ends() {
        let tokenizer = Tokenizer::builtin().unwrap();
        let text = tokenizer.render_user("Hi\n", &Map::new()).unwrap();
        assert_eq!(text, "<|bos|><|user|>Hi\n<|eos|><|assistant|>");
        assert_eq!(tokenizer.encode(&text, Special::Skip).unwrap()[..2], [0, 2]);
    }
}
