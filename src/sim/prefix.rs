//! A prefix cache, as a model: blocks of 16 tokens, each known by what it holds and by all that goes before it. A prompt's bytes come
//! in, the number of its tokens that were seen before goes out. The oldest blocks leave first.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hasher};

use memchr::memchr_iter;

/// Tokens in a block.
pub(super) const BLOCK_TOKENS: u32 = 16;
/// Bytes of text in a block: a token is a quarter of its bytes.
const BLOCK_BYTES: usize = BLOCK_TOKENS as usize * 4;

/// The blocks that are kept.
pub(super) struct PrefixCache {
    capacity: usize,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

/// The full blocks of a prompt: 16 ids of a list of ids, else 64 bytes of its JSON. Each number stands for its block and all before.
pub(super) fn blocks(prompt: &[u8]) -> Vec<u64> {
    let mut hasher = DefaultHasher::new();
    let mut number = |block: &[u8]| {
        hasher.write(block);
        hasher.finish()
    };
    let ids = prompt.first() == Some(&b'[')
        && prompt[1..].trim_ascii_start().first().is_some_and(|first| first.is_ascii_digit());
    if !ids {
        return prompt.chunks_exact(BLOCK_BYTES).map(number).collect();
    }
    let ends = memchr_iter(b',', prompt).chain(std::iter::once(prompt.len() - 1));
    let mut from = 0;
    let mut one = |end: usize| number(&prompt[std::mem::replace(&mut from, end)..end]);
    ends.skip(BLOCK_TOKENS as usize - 1).step_by(BLOCK_TOKENS as usize).map(&mut one).collect()
}

impl PrefixCache {
    pub(super) fn new(capacity: u32) -> Self {
        PrefixCache { capacity: capacity as usize, known: HashSet::new(), order: VecDeque::new() }
    }

    /// How many of a prompt's tokens are known, and from now on all are. The last token is never taken from the cache.
    pub(super) fn look_up(&mut self, blocks: &[u64], prompt_tokens: u32) -> u32 {
        let most = prompt_tokens.saturating_sub(1) / BLOCK_TOKENS;
        let hits = blocks.iter().take_while(|block| self.known.contains(block)).count();
        for &block in &blocks[hits..] {
            if self.known.insert(block) {
                self.order.push_back(block);
            }
        }
        while self.order.len() > self.capacity {
            let Some(oldest) = self.order.pop_front() else { break };
            self.known.remove(&oldest);
        }
        u32::try_from(hits).unwrap_or(most).min(most) * BLOCK_TOKENS
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u32>) -> Vec<u8> {
        format!("{:?}", range.collect::<Vec<u32>>()).into_bytes()
    }

    #[test]
    fn a_prompt_hits_as_far_as_it_was_seen() {
        let mut cache = PrefixCache::new(100);
        assert_eq!(cache.look_up(&blocks(&ids(0..40)), 40), 0);
        assert_eq!(cache.look_up(&blocks(&ids(0..40)), 40), 32, "a block that is not full is not kept");
        assert_eq!(cache.look_up(&blocks(&ids(0..64)), 64), 32);
        assert_eq!(cache.look_up(&blocks(&ids(0..64)), 64), 48, "the last token is computed again");
        assert_eq!(cache.look_up(&blocks(&ids(16..48)), 32), 0, "the same ids at another place are others");
        cache.clear();
        assert_eq!(cache.look_up(&blocks(&ids(0..40)), 40), 0);
    }

    #[test]
    fn the_oldest_blocks_leave_first() {
        let mut cache = PrefixCache::new(2);
        cache.look_up(&blocks(&ids(0..40)), 40);
        cache.look_up(&blocks(&ids(100..116)), 16);
        assert_eq!(cache.look_up(&blocks(&ids(0..40)), 40), 0, "its first block made room");
    }

    #[test]
    fn a_text_has_a_block_every_64_bytes() {
        let text = format!("\"{}\"", "x".repeat(199));
        assert_eq!(blocks(text.as_bytes()).len(), 3);
        assert_eq!(blocks(b"\"\"").len() + blocks(b"[]").len(), 0);
        assert_eq!(blocks(&ids(0..16)).len(), 1);
        assert_eq!(blocks(&ids(0..15)).len(), 0);
    }
}
