//! Answers that came without a count of the server's: a collector comes in, and it knows their tokens after.

use crate::error::Error;
use crate::record::{Collector, Moment, Tell};
use crate::token::{Special, Tokenizer};

/// Answers that wait for their count take so many bytes at most: those beyond are counted while the run goes on, the others after it,
/// when nothing is measured.
const WAITING: usize = 16 << 20;

/// Counts the answers of a run that the server did not count. One that the tokenizer cannot encode stays uncounted, which is told.
pub(super) struct Counting {
    tokenizer: Option<Tokenizer>,
    failed: Option<(u64, Error)>,
}

impl Counting {
    /// Counts with `tokenizer`; without one every answer is one token.
    pub(super) fn with(tokenizer: Option<Tokenizer>) -> Self {
        Counting { tokenizer, failed: None }
    }

    /// Counts so many answers that the others take little memory.
    pub(super) fn relieve(&mut self, collector: &mut Collector) {
        self.down_to(WAITING, collector);
    }

    /// Counts all that are left, and tells what could not be counted.
    pub(super) fn end(&mut self, collector: &mut Collector, tell: Tell<'_>) {
        if self.tokenizer.is_some() {
            self.down_to(0, collector);
        }
        if let Some((count, cause)) = self.failed.take() {
            tell(Moment::Noticed(&format!(
                "the tokenizer cannot count {count} of the answers, which count as one token each: {cause}"
            )));
        }
    }

    fn down_to(&mut self, most: usize, collector: &mut Collector) {
        while collector.waiting() > most {
            let Some((id, text)) = collector.uncounted().next() else { return };
            match self.tokens(text) {
                Some(tokens) => collector.count(id, tokens),
                None => collector.assume(id),
            }
        }
    }

    fn tokens(&mut self, text: &str) -> Option<u32> {
        match self.tokenizer.as_ref()?.encode(text, Special::Skip) {
            Ok(tokens) => Some(tokens.len() as u32),
            Err(cause) => {
                self.failed.get_or_insert((0, cause)).0 += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Finished, Health, Record, Tick};
    use crate::token::{self, Choice};

    fn run(tokenizer: Option<&Tokenizer>, answers: u32, relieve: bool) -> (usize, Vec<u32>, u64) {
        let (mut collector, mut counting) = (Collector::new(u64::from(answers)), Counting::with(tokenizer.cloned()));
        let mut most = 0;
        for id in 0..answers {
            let record = Record { id, chunks: 1, ..Record::default() };
            let text = "word ".repeat(100_000 + id as usize);
            collector.push(Finished { record, text, chunks: vec![Tick::ZERO], ..Finished::default() });
            if relieve {
                counting.relieve(&mut collector);
            }
            most = most.max(collector.waiting());
        }
        counting.end(&mut collector, &mut |_| panic!("nothing is to be told"));
        let run = collector.finish(Tick::ZERO, Health::default());
        (most, run.records.iter().map(|record| record.output_tokens).collect(), run.uncounted)
    }

    #[test]
    fn answers_count_the_same_early_and_late_and_few_wait() {
        let builtin = token::load(&Choice::Builtin, "m", None).unwrap().tokenizer;
        let (most, early, _) = run(builtin.as_ref(), 40, true);
        assert!(most <= WAITING, "{most}");
        let (all, late, uncounted) = run(builtin.as_ref(), 40, false);
        assert!(all > WAITING && early == late && early[0] > 1000 && uncounted == 0);
        let (most, assumed, uncounted) = run(None, 40, true);
        assert!(most <= WAITING && assumed == [1; 40] && uncounted == 40);
    }
}
