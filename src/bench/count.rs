//! Answers that came without a count of the server's: a collector and a tokenizer come in, the collector knows their tokens after.

use crate::record::{Collector, Moment, Tell};
use crate::token::{Special, Tokenizer};

/// Counts the answers that the server did not count. One that the tokenizer cannot encode stays uncounted, which is told.
pub(super) fn count(collector: &mut Collector, tokenizer: &Tokenizer, tell: Tell<'_>) {
    let mut failed = None;
    let counted = |(id, text): (u32, &str)| match tokenizer.encode(text, Special::Skip) {
        Ok(tokens) => Some((id, tokens.len() as u32)),
        Err(cause) => {
            failed.get_or_insert((0, cause)).0 += 1;
            None
        }
    };
    let counts: Vec<(u32, u32)> = collector.uncounted().filter_map(counted).collect();
    counts.into_iter().for_each(|(id, tokens)| collector.count(id, tokens));
    if let Some((count, cause)) = failed {
        tell(Moment::Noticed(&format!(
            "the tokenizer cannot count {count} of the answers, which count as one token each: {cause}"
        )));
    }
}
