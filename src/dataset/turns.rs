//! What conversations are, wherever they come from: the [`Shape`] that is asked for, and the turns of all conversations as
//! [`Samples`], one after the other. What is answered, and how it goes into the next request, is not known here.

use super::sample::Samples;
use crate::error::{Error, Result};

/// What conversations are like.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// How many turns they have.
    pub turns: TurnRange,
    /// Nominal input tokens of a made-up turn after the first; `None` takes those of the first.
    pub later_input_len: Option<u32>,
    /// What made-up turns have in common; `None` where a turn brings along what was said before it.
    pub prefixes: Option<Prefixes>,
}

/// How many turns conversations have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnRange {
    /// Of made-up conversations, where the other two say nothing.
    pub usual: u32,
    /// At least so many.
    pub fewest: Option<u32>,
    /// At most so many.
    pub most: Option<u32>,
}

/// How much of the first turn's nominal input goes before every turn, each as a share in `[0, 1)`, below 1 together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prefixes {
    /// The same in all conversations.
    pub global: f64,
    /// The same in all turns of a conversation.
    pub conversation: f64,
}

/// Whether a turn brings along what was said before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// It does.
    Kept,
    /// It stands alone.
    Dropped,
}

/// The conversations of a run.
pub struct Conversations {
    /// How many turns each has; above 0.
    pub turns: Vec<u32>,
    /// Their turns, one after the other.
    pub samples: Samples,
    /// Whether a turn brings along what was said before it.
    pub history: History,
}

/// `fewest` and `most`, unless there is nothing between them.
pub(super) fn between(fewest: u32, most: u32) -> Result<(u32, u32)> {
    if fewest > most {
        return Err(Error::new(format!("conversations cannot have {fewest} turns at least and {most} at most"))
            .hint("give `--multi-turn-min-turns` and `--multi-turn-max-turns` together"));
    }
    Ok((fewest, most))
}

/// The turns of all conversations.
pub(super) fn count(turns: &[u32]) -> Result<usize> {
    let count: u64 = turns.iter().map(|&turns| u64::from(turns)).sum();
    match u32::try_from(count) {
        Ok(count) => Ok(count as usize),
        Err(_) => Err(Error::new(format!("{count} turns are too many")).hint("lower `--num-prompts`")),
    }
}
