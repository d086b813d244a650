//! Continuous batching, as a model: requests wait in a queue, at most so many run, and all that run advance by one token a
//! step. What comes in is who joined and who left; what goes out is when a step ends and who got a token. It knows no clock.
//!
//! A step takes `base + per_request × running + per_prefill_token × p`, where `p` is the number of prompt tokens taken up in
//! that step, at most `step_tokens` of them over all requests (a longer prompt spreads over several steps). A request
//! gets its first token at the end of the step that took up the last of its prompt. A step begins where the one before it
//! ended; after a pause it begins when a request arrives.

use std::collections::VecDeque;

use super::config::Batching;
use super::timers::Key;

/// The requests of the model and the step under way.
pub(super) struct Batch {
    model: Batching,
    waiting: VecDeque<Member>,
    running: Vec<Member>,
    stepping: bool,
}

struct Member {
    key: Key,
    /// Prompt tokens that no step has taken up.
    prefill: u32,
}

impl Batch {
    pub(super) fn new(model: Batching) -> Self {
        Batch { model, waiting: VecDeque::new(), running: Vec::new(), stepping: false }
    }

    /// Puts a request at the end of the queue.
    pub(super) fn join(&mut self, key: Key, prompt_tokens: u32) {
        self.waiting.push_back(Member { key, prefill: prompt_tokens.max(1) });
    }

    /// Takes a request out: it has all its tokens, or its client has gone.
    pub(super) fn leave(&mut self, key: Key) {
        self.running.retain(|member| member.key != key);
        self.waiting.retain(|member| member.key != key);
    }

    /// How many requests run, and how many wait.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.running.len(), self.waiting.len())
    }

    /// Begins a step at `at` unless one is under way or there is nothing to do; returns when it ends.
    pub(super) fn begin(&mut self, at: u64) -> Option<u64> {
        if self.stepping {
            return None;
        }
        while self.running.len() < self.model.max_running as usize {
            let Some(member) = self.waiting.pop_front() else { break };
            self.running.push(member);
        }
        if self.running.is_empty() {
            return None;
        }
        self.stepping = true;
        let mut budget = self.model.step_tokens;
        for member in &mut self.running {
            let taken = member.prefill.min(budget);
            member.prefill -= taken;
            budget -= taken;
        }
        let prefill = u64::from(self.model.step_tokens - budget);
        let requests = self.running.len() as u64;
        Some(at + self.model.base_ns + self.model.per_request_ns * requests + self.model.per_prefill_token_ns * prefill)
    }

    /// Ends the step: appends those who got a token.
    pub(super) fn end(&mut self, served: &mut Vec<Key>) {
        self.stepping = false;
        served.extend(self.running.iter().filter(|member| member.prefill == 0).map(|member| member.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: Batching =
        Batching { max_running: 2, base_ns: 1_000, per_request_ns: 100, per_prefill_token_ns: 10, step_tokens: 50 };

    fn key(slot: u32) -> Key {
        Key { slot, generation: 0 }
    }

    fn step(batch: &mut Batch, at: u64) -> (u64, Vec<Key>) {
        let end = batch.begin(at).unwrap();
        let mut served = Vec::new();
        batch.end(&mut served);
        (end, served)
    }

    #[test]
    fn a_step_grows_with_the_batch_and_the_prompt() {
        let mut batch = Batch::new(MODEL);
        batch.join(key(0), 20);
        assert_eq!(step(&mut batch, 0), (1_300, vec![key(0)]));
        assert_eq!(step(&mut batch, 1_300), (2_400, vec![key(0)]));
        batch.join(key(1), 5);
        assert_eq!(step(&mut batch, 2_400), (3_650, vec![key(0), key(1)]));
    }

    #[test]
    fn a_long_prompt_spreads_over_steps_and_others_go_on() {
        let mut batch = Batch::new(MODEL);
        batch.join(key(0), 1);
        step(&mut batch, 0);
        batch.join(key(1), 90);
        assert_eq!(step(&mut batch, 0), (1_700, vec![key(0)]));
        assert_eq!(step(&mut batch, 0), (1_600, vec![key(0), key(1)]));
    }

    #[test]
    fn the_third_waits_until_one_leaves() {
        let mut batch = Batch::new(MODEL);
        (0..3).for_each(|slot| batch.join(key(slot), 1));
        assert_eq!(step(&mut batch, 0).1, [key(0), key(1)]);
        assert_eq!(batch.load(), (2, 1));
        batch.leave(key(0));
        assert_eq!(step(&mut batch, 0).1, [key(1), key(2)]);
    }

    #[test]
    fn one_step_at_a_time_and_none_for_nobody() {
        let mut batch = Batch::new(MODEL);
        assert_eq!(batch.begin(0), None);
        batch.join(key(0), 1);
        assert!(batch.begin(0).is_some());
        assert_eq!(batch.begin(0), None);
        batch.leave(key(0));
        let mut served = Vec::new();
        batch.end(&mut served);
        assert_eq!((served.len(), batch.begin(0)), (0, None));
    }
}
