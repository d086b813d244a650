//! A prefix cache, as a model: blocks of 16 tokens, each known by what it holds and by all that goes before it. The blocks of a
//! prompt come in, the number of its tokens that were seen before goes out. The oldest blocks leave first.

use std::collections::{HashSet, VecDeque};

/// Tokens in a block.
pub(super) const BLOCK_TOKENS: u32 = 16;

/// The blocks that are kept.
pub(super) struct PrefixCache {
    capacity: usize,
    known: HashSet<u64>,
    order: VecDeque<u64>,
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
    use crate::sim::prompt::{Blocks, Meter};
    use crate::sim::tokens::Tokens;

    /// The blocks of a prompt with these ids.
    fn blocks(ids: std::ops::Range<u32>) -> Vec<u64> {
        let mut tokens = Tokens::shared();
        let mut meter = Meter::new(&mut tokens, Blocks::Wanted);
        meter.prompt(format!("{:?}", ids.collect::<Vec<u32>>()).as_bytes());
        meter.blocks()
    }

    #[test]
    fn a_prompt_hits_as_far_as_it_was_seen() {
        let mut cache = PrefixCache::new(100);
        assert_eq!(cache.look_up(&blocks(0..40), 40), 0);
        assert_eq!(cache.look_up(&blocks(0..40), 40), 32, "a block that is not full is not kept");
        assert_eq!(cache.look_up(&blocks(0..64), 64), 32);
        assert_eq!(cache.look_up(&blocks(0..64), 64), 48, "the last token is computed again");
        assert_eq!(cache.look_up(&blocks(16..48), 32), 0, "the same ids at another place are others");
        cache.clear();
        assert_eq!(cache.look_up(&blocks(0..40), 40), 0);
    }

    #[test]
    fn the_oldest_blocks_leave_first() {
        let mut cache = PrefixCache::new(2);
        cache.look_up(&blocks(0..40), 40);
        cache.look_up(&blocks(100..116), 16);
        assert_eq!(cache.look_up(&blocks(0..40), 40), 0, "its first block made room");
    }
}
