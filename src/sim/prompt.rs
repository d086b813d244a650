//! How large a prompt is: its JSON comes in, its tokens go out, and what a prefix cache knows it by. Nothing of it is kept.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};

use serde::Deserialize;

use super::prefix::BLOCK_TOKENS;
use super::tokens::Tokens;
use super::walk::{for_each_field, for_each_item};

/// What a prompt is found to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) tokens: u32,
    /// Prompts, or documents where there are some.
    pub(super) inputs: u32,
}

/// Whether a prompt's blocks are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    Wanted,
    Unwanted,
}

/// Measures prompts: ids count one each, and every text within counts its tokens, whatever else stands around it. An image, a video or
/// a sound inside counts [`MEDIUM_TOKENS`], whatever its size.
pub(super) struct Meter<'a> {
    tokens: &'a mut Tokens,
    blocks: Option<Chain>,
}

/// The blocks of what has been measured so far: each number stands for its block and all before.
#[derive(Default)]
struct Chain {
    hasher: DefaultHasher,
    /// Tokens in the block that is not full yet.
    begun: u32,
    full: Vec<u64>,
}

/// What lies in more lists and objects than this is not looked at.
const DEEPEST: u32 = 16;
/// Tokens of an image, a video or a sound in a message.
const MEDIUM_TOKENS: u32 = 256;

impl<'a> Meter<'a> {
    pub(super) fn new(tokens: &'a mut Tokens, blocks: Blocks) -> Self {
        Meter { tokens, blocks: (blocks == Blocks::Wanted).then(Chain::default) }
    }

    /// The size of a prompt of any shape. A list of texts or of lists of ids is a prompt an item.
    pub(super) fn prompt(&mut self, value: &[u8]) -> Size {
        match (value.first(), first_within(value)) {
            (Some(b'['), Some(b'"' | b'[')) => self.list(value),
            _ => self.one(value),
        }
    }

    /// The size of a list, an input an item; of anything else, as of one.
    pub(super) fn list(&mut self, value: &[u8]) -> Size {
        let mut size = Size::default();
        let walked = for_each_item(value, |item| {
            size.tokens = size.tokens.saturating_add(self.value(item));
            size.inputs += 1;
        });
        if walked.is_err() || size.inputs == 0 { self.one(value) } else { size }
    }

    fn one(&mut self, value: &[u8]) -> Size {
        Size { tokens: self.value(value), inputs: 1 }
    }

    /// The blocks of all that was measured.
    pub(super) fn blocks(self) -> Vec<u64> {
        self.blocks.map(|chain| chain.full).unwrap_or_default()
    }

    /// The tokens of all that lies in a value.
    fn value(&mut self, value: &[u8]) -> u32 {
        let mut sum: u32 = 0;
        for_each_part(value, &mut |part| sum = sum.saturating_add(self.part(part)));
        sum
    }

    fn part(&mut self, part: Part<'_>) -> u32 {
        let Meter { tokens, blocks } = self;
        let mut sum: u32 = 0;
        let mut add = |bytes: &[u8], tokens| {
            sum = sum.saturating_add(tokens);
            if let Some(chain) = blocks {
                chain.add(bytes, tokens);
            }
        };
        match part {
            Part::Text(text) => tokens.for_each_word(&text, |word, tokens| add(word.as_bytes(), tokens)),
            Part::Ids(list) => list[1..list.len() - 1].split(|&byte| byte == b',').for_each(|id| add(id, 1)),
            Part::Medium(value) => add(value, MEDIUM_TOKENS),
        }
        sum
    }
}

impl Chain {
    fn add(&mut self, bytes: &[u8], tokens: u32) {
        self.hasher.write(bytes);
        self.begun += tokens;
        while self.begun >= BLOCK_TOKENS {
            self.begun -= BLOCK_TOKENS;
            self.hasher.write_u32(self.begun);
            self.full.push(self.hasher.finish());
        }
    }
}

impl Size {
    /// A query goes in with each of the documents; several go in with one each.
    pub(super) fn compared_with(self, documents: Size) -> Size {
        let queries = if self.inputs == 1 { self.tokens.saturating_mul(documents.inputs) } else { self.tokens };
        Size { tokens: documents.tokens.saturating_add(queries), inputs: documents.inputs.max(self.inputs) }
    }
}

/// Something inside a prompt that has tokens.
pub(super) enum Part<'a> {
    Text(Cow<'a, str>),
    /// A list of ids as it is written.
    Ids(&'a [u8]),
    /// An image, a video or a sound.
    Medium(&'a [u8]),
}

/// Calls `visit` with all parts that lie in a value. What cannot be walked over is visited as far as it can.
pub(super) fn for_each_part<'a>(value: &'a [u8], visit: &mut dyn FnMut(Part<'a>)) {
    within(value, DEEPEST, visit);
}

fn within<'a>(value: &'a [u8], depth: u32, visit: &mut dyn FnMut(Part<'a>)) {
    match value.first() {
        Some(b'"') => visit(Part::Text(text(value))),
        Some(b'[') if first_within(value).is_some_and(u8::is_ascii_digit) => visit(Part::Ids(value)),
        Some(b'[') if depth > 0 => {
            let _ = for_each_item(value, |item| within(item, depth - 1, visit));
        }
        Some(b'{') if depth > 0 => {
            let _ = for_each_field(value, |key, value| {
                if is_medium(key, value) {
                    visit(Part::Medium(value))
                } else {
                    within(value, depth - 1, visit)
                }
                Ok(())
            });
        }
        _ => {}
    }
}

/// What comes first in a list.
fn first_within(list: &[u8]) -> Option<&u8> {
    list.get(1..)?.trim_ascii_start().first()
}

/// Whether a field of a message holds an image, a video or a sound.
fn is_medium(key: &[u8], value: &[u8]) -> bool {
    value.starts_with(b"\"data:") || (key == b"data" && value.starts_with(b"\""))
}

/// What a string of JSON says; one that says nothing is taken as it is written.
fn text(json: &[u8]) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Said<'a>(#[serde(borrow)] Cow<'a, str>);

    serde_json::from_slice(json).map_or_else(|_| String::from_utf8_lossy(json), |Said(text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Blocks::{Unwanted, Wanted};

    fn measured(value: &str, blocks: Blocks) -> (Size, Vec<u64>) {
        let mut tokens = Tokens::shared();
        let mut meter = Meter::new(&mut tokens, blocks);
        (meter.prompt(value.as_bytes()), meter.blocks())
    }

    #[test]
    fn every_text_counts_its_tokens_and_what_stands_around_counts_none() {
        let table = [
            (r"[1, 22,333]", 3, 1),
            (r#"" the return""#, 2, 1),
            (r#""\u0020the\n""#, 2, 1),
            (r#"[" the return", " the"]"#, 3, 2),
            ("[[1,2],[3],[4, 5]]", 5, 3),
            (r#"[[[1,2],[3]],[" the"]]"#, 4, 2),
            ("[]", 0, 1),
            (r#"[{"role":" the","content":" the return","n":12,"x":null}]"#, 3, 1),
            (r#"[{"content":[{"type":" the","text":" the"}]},{"content":" the"}]"#, 3, 1),
            (r#"[{"u":"data:image/jpeg;base64,AAAA"},{"input_audio":{"data": "RIFF", "f":" the"}}]"#, 513, 1),
            (r#"[{"t":"\"data: the"}]"#, 4, 1),
            (r#"[{"data":{"a":" the"}}]"#, 1, 1),
        ];
        for (value, tokens, inputs) in table {
            assert_eq!(measured(value, Unwanted), (Size { tokens, inputs }, Vec::new()), "{value}");
        }
        let deep = format!("{}\"a\"{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(measured(&deep, Unwanted).0, Size { tokens: 0, inputs: 1 });
    }

    #[test]
    fn a_prompt_has_a_block_every_16_tokens() {
        let ids = |range: std::ops::Range<u32>| measured(&format!("{:?}", range.collect::<Vec<u32>>()), Wanted).1;
        let words = |count: usize| measured(&format!("\"{}\"", " the".repeat(count)), Wanted).1;
        assert_eq!((ids(0..15).len(), ids(0..16).len(), ids(0..47).len()), (0, 1, 2));
        assert_eq!((words(15).len(), words(16).len(), words(47).len()), (0, 1, 2));
        assert_eq!(ids(0..40)[..], ids(0..33)[..], "what is not full has no block");
        assert_eq!(words(40)[..1], words(16)[..]);
        assert!(ids(0..32)[1] != ids(16..32)[0], "a block is known by all before it");
        let media = measured(r#"[{"u":"data:a"}]"#, Wanted).1;
        assert_eq!(media.iter().collect::<std::collections::HashSet<_>>().len(), 16);
    }
}
