//! The simulator's tokenizer: the words of a text, as the byte-level pre-tokenizer of GPT-2 cuts them, and the tokens of each in
//! the built-in vocabulary. A text comes in; ids, or their number word by word, go out. Requests, `/tokenize` and the prefix
//! cache all count by it, and so does a client with the built-in tokenizer.
//!
//! Counting must not keep the thread from its deadlines: the tokenizer's library takes a millisecond for a thousand tokens, so
//! a word is given to it once and its number of tokens is kept.

use std::collections::HashMap;

use regex::Regex;
use tokenizers::Tokenizer;

/// The number of tokens of words. The hash is a quick one: words come over loopback only.
type Counts = HashMap<Box<str>, u32, foldhash::fast::RandomState>;

/// The built-in vocabulary, and what is known of words.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    special: Regex,
    words: Regex,
    counts: Counts,
}

const VOCABULARY: &[u8] = include_bytes!("../token/builtin.json");
/// Texts that are a token whatever stands around them.
const SPECIAL: &str = r"<\|(?:bos|eos|user|assistant|system)\|>";
/// Words as GPT-2's pre-tokenizer cuts them, but for the last of several blanks: see [`any_word`].
const WORDS: &str = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";
/// Words that are kept, some megabytes; then all are forgotten.
const MOST_WORDS: usize = 1 << 16;
/// Longer words are not kept.
const LONGEST_WORD: usize = 64;

impl Tokens {
    pub(super) fn new() -> Self {
        Tokens {
            tokenizer: Tokenizer::from_bytes(VOCABULARY).expect("the built-in vocabulary is one"),
            special: Regex::new(SPECIAL).expect("the pattern is one"),
            words: Regex::new(WORDS).expect("the pattern is one"),
            counts: Counts::default(),
        }
    }

    /// The ids of a text.
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode_fast(text, false).map(|encoding| encoding.get_ids().to_vec()).unwrap_or_default()
    }

    /// The text of ids; an id that there is not is left out.
    pub(super) fn decode(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids, false).unwrap_or_default()
    }

    /// Calls `visit` with each word of a text and its number of tokens.
    pub(super) fn for_each_word(&mut self, text: &str, mut visit: impl FnMut(&str, u32)) {
        let Tokens { tokenizer, special, words, counts } = self;
        let mut count = |word: &str| count(tokenizer, counts, word);
        let mut from = 0;
        for special in special.find_iter(text) {
            plain_words(words, &text[from..special.start()], |word| visit(word, count(word)));
            visit(special.as_str(), 1);
            from = special.end();
        }
        plain_words(words, &text[from..], |word| visit(word, count(word)));
    }
}

/// Calls `visit` with each word of a text without special tokens.
fn plain_words(words: &Regex, text: &str, mut visit: impl FnMut(&str)) {
    let mut from = 0;
    while from < text.len() {
        let end = ascii_word(text.as_bytes(), from).unwrap_or_else(|| any_word(words, text, from));
        visit(&text[from..end]);
        from = end;
    }
}

/// Where the word ends that begins here. Of several blanks before something else, the last is a word of its own or begins the next.
fn any_word(words: &Regex, text: &str, from: usize) -> usize {
    let Some(found) = words.find_at(text, from) else { return text.len() };
    match found.as_str().char_indices().next_back() {
        // Only blanks end with one.
        Some((last, blank)) if found.end() < text.len() && last > 0 && blank.is_whitespace() => from + last,
        _ => found.end(),
    }
}

/// What a character of ASCII is to the pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Letter,
    Digit,
    Mark,
}

/// The class of an ASCII character; of others only the pattern knows it.
fn class(byte: u8) -> Option<Class> {
    match byte {
        b' ' | b'\t'..=b'\r' => Some(Class::Blank),
        b'a'..=b'z' | b'A'..=b'Z' => Some(Class::Letter),
        b'0'..=b'9' => Some(Class::Digit),
        0x80.. => None,
        _ => Some(Class::Mark),
    }
}

/// As [`any_word`], where the word and what stands behind it are ASCII: several times as fast.
fn ascii_word(text: &[u8], from: usize) -> Option<usize> {
    if text[from] == b'\'' {
        let rest = &text[from + 1..];
        let short = rest.first().is_some_and(|letter| b"stmd".contains(letter));
        let long = [b"re", b"ve", b"ll"].iter().any(|end| rest.starts_with(&end[..]));
        if short || long {
            return Some(from + if short { 2 } else { 3 });
        }
    }
    let blank =
        usize::from(text[from] == b' ' && text.get(from + 1).is_some_and(|&next| class(next) != Some(Class::Blank)));
    let kind = class(text[from + blank])?;
    let mut end = from + blank + 1;
    while let Some(&byte) = text.get(end) {
        match class(byte)? {
            same if same == kind => end += 1,
            _ if kind == Class::Blank && end - from > 1 => return Some(end - 1),
            _ => break,
        }
    }
    Some(end)
}

fn count(tokenizer: &Tokenizer, counts: &mut Counts, word: &str) -> u32 {
    if let Some(&known) = counts.get(word) {
        return known;
    }
    let tokens = tokenizer.encode_fast(word, false).map_or(0, |encoding| encoding.len() as u32);
    if word.len() <= LONGEST_WORD {
        if counts.len() == MOST_WORDS {
            counts.clear();
        }
        counts.insert(word.into(), tokens);
    }
    tokens
}

#[cfg(test)]
impl Tokens {
    /// One for all tests: a vocabulary takes a while to be read.
    pub(super) fn shared() -> std::sync::MutexGuard<'static, Self> {
        static SHARED: std::sync::LazyLock<std::sync::Mutex<Tokens>> =
            std::sync::LazyLock::new(|| Tokens::new().into());
        SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn count(&mut self, text: &str) -> usize {
        let mut sum = 0;
        self.for_each_word(text, |_, tokens| sum += tokens as usize);
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_cut_as_the_tokenizer_does() {
        let mut tokens = Tokens::shared();
        let table = [
            ("it's  two\n\n\tthree ", &["it", "'s", " ", " two", "\n\n", "\t", "three", " "] as &[&str]),
            ("a1 !?\u{a0}\u{a0}b", &["a", "1", " !?", "\u{a0}", "\u{a0}", "b"]),
            ("日本語 🦀é\u{fffd}", &["日本語", " 🦀", "é", "\u{fffd}"]),
            (".<|bos|> <|user|", &[".", "<|bos|>", " <|", "user", "|"]),
            ("   ", &["   "]),
            ("", &[]),
        ];
        for (text, expected) in table {
            let mut words = Vec::new();
            tokens.for_each_word(text, |word, _| words.push(word.to_owned()));
            assert_eq!(words, expected, "{text:?}");
        }
    }

    #[test]
    fn ids_are_those_of_the_vocabulary_and_unknown_ones_are_left_out() {
        let tokens = Tokens::shared();
        let ids = tokens.encode("né 🦀");
        assert_eq!(tokens.decode(&ids), "né 🦀");
        assert_eq!(tokens.decode(&[ids[0], u32::MAX]), "n");
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let mut tokens = Tokens::new();
        let text: String = (0..=MOST_WORDS).map(|number| format!(" {number}")).collect();
        tokens.count(&text);
        assert_eq!(tokens.counts.len(), 1);
        tokens.count(&"x".repeat(LONGEST_WORD + 1));
        assert_eq!(tokens.counts.len(), 1);
    }

    proptest! {
        #[test]
        fn a_text_counts_as_many_tokens_as_it_has(texts in prop::collection::vec("[a-c'stll 0-9\\s.!é日\u{a0}]{0,40}|\\PC{0,20}|( <\\|(bos|user|eo)\\|>){1,3}", 1..8)) {
            let mut tokens = Tokens::shared();
            for text in texts {
                prop_assert_eq!(tokens.count(&text), tokens.encode(&text).len(), "{:?}", text);
            }
        }
    }
}
