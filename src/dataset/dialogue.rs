//! Conversations that somebody had: who said what comes in; the turns to take, and the requests of all conversations, go out.

use super::sample::{Prompt, Sample, Samples};
use super::selection::Selection;
use super::turns::{Conversations, History, Shape, between, count};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// Fewer turns make no conversation, unless they are asked for.
const FEWEST: u32 = 2;

/// Whoever speaks under one of these names asks.
const USERS: [&str; 2] = ["human", "user"];

/// How many turns are taken of a conversation, and how long its answers are to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// A conversation with fewer turns is left out.
    pub(super) fewest: u32,
    /// Later turns are left out.
    pub(super) most: u32,
    /// Output tokens of each turn; `None` takes those of the answer that was given.
    pub(super) output_len: Option<u32>,
}

/// What somebody said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// Who, as the file calls them.
    pub(super) from: Option<&'a str>,
    /// The text, if it is one.
    pub(super) text: Option<&'a str>,
}

/// A turn: what the user says, and how long that and the answer are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    /// What is asked.
    pub(super) asked: String,
    /// Its tokens.
    pub(super) input_tokens: u32,
    /// The tokens of the answer.
    pub(super) output_tokens: u32,
}

impl Wanted {
    /// What `shape` asks of the conversations of `dataset`.
    ///
    /// # Errors
    /// Where there can be none of this shape.
    pub(super) fn of(shape: &Shape, dataset: &str, output_len: Option<u32>) -> Result<Self> {
        if shape.prefixes.is_some() {
            return Err(Error::new(format!("dataset `{dataset}` has no turns with prefixes in common"))
                .hint("use `--dataset-name random` with `--multi-turn-prefix-...-ratio`"));
        }
        let turns = shape.turns;
        let (fewest, most) = between(turns.fewest.unwrap_or(FEWEST), turns.most.unwrap_or(u32::MAX))?;
        Ok(Wanted { fewest, most, output_len })
    }

    /// The turns of a conversation: each a user's message that an answer follows. Others, and empty ones, are left out.
    /// `missing` is the error of a message without text.
    ///
    /// # Errors
    /// Where a message has no text.
    pub(super) fn turns(
        &self,
        said: &[Message<'_>],
        tokenizer: &Tokenizer,
        missing: impl Fn(usize) -> Error,
    ) -> Result<Vec<Turn>> {
        let text = |index: usize| said[index].text.ok_or_else(|| missing(index));
        let mut turns = Vec::new();
        let mut index = 0;
        while index + 1 < said.len() && turns.len() < self.most as usize {
            if !said[index].from.is_some_and(|from| USERS.contains(&from)) {
                index += 1;
                continue;
            }
            let (asked, answer) = (text(index)?, text(index + 1)?);
            index += 2;
            if asked.is_empty() {
                continue;
            }
            let output_tokens = match self.output_len {
                Some(len) => len,
                None => tokenizer.count(answer)?.max(1),
            };
            turns.push(Turn { asked: asked.to_owned(), input_tokens: tokenizer.count(asked)?, output_tokens });
        }
        Ok(turns)
    }

    /// Whether these turns are enough.
    pub(super) fn suffice(&self, turns: &[Turn]) -> bool {
        turns.len() >= self.fewest as usize
    }

    /// The error of a dataset in which no conversation is long enough; `otherwise` is what to do where one turn would do.
    pub(super) fn too_short(&self, longest: &str, otherwise: &str) -> Error {
        let what = format!("no conversation has {} turns{longest}", self.fewest);
        Error::new(what).hint(match self.fewest {
            1 => otherwise,
            _ => "give `--multi-turn-min-turns 1` to take shorter ones",
        })
    }
}

/// The requests of these conversations, of which there is one at least, repeated where they are too few.
///
/// # Errors
/// Where there are too many turns.
pub(super) fn conversations(
    accepted: Vec<Vec<Turn>>,
    selection: Selection,
    mut warnings: Vec<String>,
    draws: &mut Draws,
) -> Result<Conversations> {
    let repeats = selection.repeats(accepted.len(), &mut draws.python);
    warnings.extend(selection.warning(accepted.len(), repeats.len()));
    let sources: Vec<usize> = (0..accepted.len()).chain(repeats.into_iter().map(|source| source as usize)).collect();
    let turns: Vec<u32> = sources.iter().map(|&source| accepted[source].len() as u32).collect();
    let count = count(&turns)?;
    let places = sources.into_iter().flat_map({
        let lengths: Vec<usize> = accepted.iter().map(Vec::len).collect();
        move |source| (0..lengths[source]).map(move |turn| (source, turn))
    });
    let iter = places.enumerate().map(move |(index, (source, turn))| {
        let Turn { asked, input_tokens, output_tokens } = &accepted[source][turn];
        Ok(Sample {
            prompt: Prompt::Text(asked.clone()),
            input_tokens: *input_tokens,
            output_tokens: *output_tokens,
            request_id: selection.request_id(index),
            ..Sample::default()
        })
    });
    let samples = Samples { warnings, ..Samples::new(count, iter) };
    Ok(Conversations { turns, samples, history: History::Kept })
}
