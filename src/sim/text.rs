//! The words that the simulator's tokens stand for: tables that repeat, so a test can say the exact text of any answer.

use std::ops::Range;

use super::config::Text;

/// The tables, as JSON between the quotes. All words of the plain table are of one length.
const WORDS: [&str; 8] = [" alpha", " bravo", " delta", " hotel", " india", " tango", " oscar", " romeo"];
const MIXED: [&str; 8] = [" ", "\\n\\n", "é", "日本語", "\\u00e9\\ud83d\\ude00", "  \\\"a\\\\b\\\"", "😀", "data: x"];
const GAPS: [&str; 2] = [" alpha", ""];

/// After so many tokens every table begins anew.
pub(super) const PERIOD: u32 = 8;

fn table(text: Text) -> &'static [&'static str] {
    match text {
        Text::Words => &WORDS,
        Text::Mixed => &MIXED,
        Text::Gaps => &GAPS,
    }
}

/// Appends the text of these tokens as a JSON string.
pub(super) fn append(out: &mut Vec<u8>, text: Text, tokens: Range<u32>) {
    let table = table(text);
    out.push(b'"');
    tokens.for_each(|token| out.extend_from_slice(table[token as usize % table.len()].as_bytes()));
    out.push(b'"');
}

/// The text of the first `tokens` tokens of every answer.
pub fn expected(text: Text, tokens: u32) -> String {
    let mut json = Vec::new();
    append(&mut json, text, 0..tokens);
    serde_json::from_slice(&json).expect("the tables hold JSON strings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_answer_can_be_told() {
        assert_eq!(expected(Text::Words, 3), " alpha bravo delta");
        assert_eq!(expected(Text::Gaps, 3), " alpha alpha");
        assert_eq!(expected(Text::Mixed, 9), " \n\né日本語é😀  \"a\\b\"😀data: x ");
    }

    #[test]
    fn every_table_fits_the_period() {
        for text in [Text::Words, Text::Mixed, Text::Gaps] {
            assert_eq!(PERIOD as usize % table(text).len(), 0);
        }
        assert!(WORDS.iter().all(|word| word.len() == WORDS[0].len()));
    }
}
