//! Made-up conversations: what the user says in each turn is made as `random` makes prompts, but without room for a template.
//!
//! A point draws its prefixes, then how many turns conversations have, then the lengths of all turns and their places. Tokens
//! that texts lack come from the same generator, so only the conversations of a first point are the reference's.

use super::draw::Draw;
use super::random::Prefixes;
use super::shaping::Shaping;
use super::talks::only_talks;
use super::vocabulary::{Filling, Vocabulary};
use crate::dataset::kind::Dataset;
use crate::dataset::made::fit::{Fit, Fitted};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::turns::{Conversations, History, Shape, count};
use crate::error::{Error, Result};
use crate::rng::Legacy;
use crate::token::Tokenizer;

/// The settings of `random_multi_turn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomTalks {
    /// How many conversations there are.
    pub draw: Draw,
    /// What each turn is like.
    pub shaping: Shaping,
    /// What goes before the turns.
    pub prefixes: Prefixes,
    /// Conversations at once: at least four times as many are drawn.
    pub parallel: u32,
}

/// What is drawn before any turn is made.
struct Plan {
    turns: Vec<u32>,
    lengths: Vec<u32>,
    places: Vec<u32>,
}

impl RandomTalks {
    /// Ready for conversations, whose turns are in the range of their shape.
    pub fn dataset(self) -> Dataset {
        only_talks("random_multi_turn", move |shape: &Shape| {
            let fewest = shape.turns.fewest.unwrap_or(1).max(1);
            let most = shape.turns.most.ok_or_else(|| {
                Error::new("random conversations need to know how many turns they have at most")
                    .hint("give `--max-turns`")
            })?;
            if fewest > most {
                return Err(Error::new(format!(
                    "conversations cannot have {fewest} turns at least and {most} at most"
                ))
                .hint("give `--min-turns` and `--max-turns` together"));
            }
            let talks = self.clone();
            Ok(Box::new(move |tokenizer, _| talks.made((fewest, most), tokenizer.clone())))
        })
    }

    fn made(&self, range: (u32, u32), tokenizer: Tokenizer) -> Result<Conversations> {
        self.shaping.check()?;
        let Shaping { max_prompt_length: longest, .. } = self.shaping;
        if longest == 0 && self.prefixes.length == 0 {
            return Err(Error::new("turns of 0 tokens say nothing").hint("raise `--max-prompt-length`"));
        }
        let vocabulary = Vocabulary::whole(&tokenizer)?;
        let mut legacy = self.draw.begin(|requests, legacy| {
            for _ in 0..self.prefixes.draws() {
                vocabulary.one(legacy);
            }
            self.plan(requests, range, &vocabulary, legacy);
        });
        let prefixes = self.prefixes.draw(&vocabulary, &mut legacy)?;
        let mut plan = self.plan(self.draw.requests(), range, &vocabulary, &mut legacy);
        // More are drawn than are asked for.
        plan.turns.truncate(self.draw.requests() as usize);
        let (turns, count) = (plan.turns.clone(), count(&plan.turns)?);
        let outputs = self.shaping.outputs(self.draw.seed, 0, count as u32);
        let (shaping, offset) = (self.shaping, u64::from(self.draw.offset));
        let mut begins = vec![false; count];
        let mut first = 0;
        for turns in &plan.turns {
            begins[first] = true;
            first += *turns as usize;
        }
        let iter = (0..count).map(move |slot| {
            let place = u64::from(plan.places[slot]) + offset + slot as u64;
            let prefix = &prefixes[slot % prefixes.len()];
            let ids: Vec<u32> = prefix.iter().copied().chain(vocabulary.ramp(place, plan.lengths[slot])).collect();
            let target = ids.len();
            let mut filling = Filling(&vocabulary, &mut legacy);
            let Fitted { text, ids, .. } =
                Fit::new(ids, target).advance(&tokenizer)?.finish(&tokenizer, &mut filling)?;
            let input_tokens = if begins[slot] { shaping.tokens(&text, &tokenizer)? } else { ids.len() as u32 };
            Ok(Sample { prompt: Prompt::Text(text), input_tokens, output_tokens: outputs[slot], ..Sample::default() })
        });
        Ok(Conversations { turns, samples: Samples::new(count, iter), history: History::Kept })
    }

    fn plan(&self, requests: u32, range: (u32, u32), vocabulary: &Vocabulary, legacy: &mut Legacy) -> Plan {
        let drawn = self.parallel.saturating_mul(4).max(requests.saturating_add(1));
        let turns: Vec<u32> = (0..drawn).map(|_| range.0 + legacy.up_to(range.1 - range.0)).collect();
        let all: u64 = turns.iter().map(|&turns| u64::from(turns)).sum();
        let Shaping { min_prompt_length: low, max_prompt_length: high, .. } = self.shaping;
        let lengths = (0..all).map(|_| low + legacy.up_to(high - low)).collect();
        let places = (0..all).map(|_| legacy.up_to(vocabulary.len() - 1)).collect();
        Plan { turns, lengths, places }
    }
}

#[cfg(test)]
#[path = "random_talks_test.rs"]
mod tests;
