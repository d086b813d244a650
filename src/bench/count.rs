//! Answers that came without a count of the server's: a collector and a tokenizer come in, the collector knows their tokens after.

use crate::error::Result;
use crate::record::Collector;
use crate::token::{Special, Tokenizer};

/// Counts the answers that the server did not count.
///
/// # Errors
/// If the tokenizer fails.
pub(super) fn count(collector: &mut Collector, tokenizer: &Tokenizer) -> Result<()> {
    let counted = |(id, text): (u32, &str)| Ok((id, tokenizer.encode(text, Special::Skip)?.len() as u32));
    let counts: Vec<(u32, u32)> = collector.uncounted().map(counted).collect::<Result<_>>()?;
    counts.into_iter().for_each(|(id, tokens)| collector.count(id, tokens));
    Ok(())
}
