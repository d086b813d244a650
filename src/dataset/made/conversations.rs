//! Made-up conversations: the settings of `random`, the [`Shape`] of conversations and a tokenizer come in; the turns of all
//! conversations go out, the first of each as `random` makes it alone.

use std::sync::mpsc::{self, Receiver, Sender};
use std::vec;

use super::fit::Fit;
use super::random::Random;
use crate::dataset::kind::Talk;
use crate::dataset::lengths::RangeRatio;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::turns::{Conversations, History, Prefixes, Shape, TurnRange, between, count};
use crate::error::{Error, Result};
use crate::rng::Generator;
use crate::token::{Special, Tokenizer};

impl Random {
    /// What makes conversations of this shape, whose first turns are the requests of a run without turns.
    ///
    /// # Errors
    ///
    /// Where there can be none.
    pub(super) fn talk(&self, shape: &Shape) -> Result<Talk> {
        if self.batch_size > 1 {
            return Err(Error::new("`--random-batch-size` does not go with `--multi-turn`").hint("leave it out"));
        }
        range(shape.turns)?;
        let (random, shape) = (self.clone(), shape.clone());
        Ok(Box::new(move |tokenizer, _| made_up(random.clone(), &shape, tokenizer.clone())))
    }
}

/// The fewest and the most turns of a made-up conversation.
fn range(turns: TurnRange) -> Result<(u32, u32)> {
    between(turns.fewest.unwrap_or(turns.usual), turns.most.unwrap_or(turns.usual))
}

/// Made-up conversations. Their first turns are the requests of a run without turns; what else is drawn comes from a stream of
/// its own.
fn made_up(random: Random, shape: &Shape, tokenizer: Tokenizer) -> Result<Conversations> {
    let (fewest, most) = range(shape.turns)?;
    // Another stream than that of the first turns: a seed of theirs has 32 bits.
    let mut draws = Generator::new(1 << 32 | u64::from(random.seed));
    let turns = draws.integers(random.num_prompts as usize, fewest, most);
    let count = count(&turns)?;
    let later = Random {
        seed: draws.next_u32(),
        num_prompts: (count - turns.len()) as u32,
        input_len: shape.later_input_len.unwrap_or(random.input_len),
        prefix_len: 0,
        ..random.clone()
    };
    let prefixed = shape.prefixes.map(|prefixes| Prefixed::new(prefixes, &random, (&mut draws, &tokenizer)));
    let prefixed = prefixed.transpose()?;
    if let Some(Prefixed { shared, .. }) = prefixed
        && (later.input_len.saturating_sub(tokenizer.special_count()) as usize) <= shared
    {
        return Err(Error::new(format!(
            "later turns of {} input tokens have none of their own behind {shared} in common",
            later.input_len
        ))
        .hint("raise `--per-turn-input-len`, or lower the prefix ratios"));
    }
    let (seed, request_id_prefix) = (draws.next_u32(), random.request_id_prefix.clone());
    // Where turns have prefixes in common, so has every turn the one that is asked for in tokens.
    let prefix_len = if prefixed.is_some() { 0 } else { random.prefix_len };
    let first = Random { prefix_len, ..random }.samples(tokenizer.clone())?;
    let later = later.samples(tokenizer.clone())?;
    let (late, late_warnings) = mpsc::channel();
    let warnings = first.warnings.into_iter().chain(later.warnings).collect();
    let made = MadeUp {
        first: (first.iter, first.late_warnings),
        later: (later.iter, later.late_warnings),
        lengths: turns.clone().into_iter(),
        left: 0,
        prefixed,
        tokenizer,
        filler: Generator::new(u64::from(seed)),
        next: 0,
        request_id_prefix,
        late,
    };
    let history = if shape.prefixes.is_some() { History::Dropped } else { History::Kept };
    let samples = Samples { warnings, late_warnings, ..Samples::new(count, made) };
    Ok(Conversations { turns, samples, history })
}

type Iter = Box<dyn Iterator<Item = Result<Sample>> + Send>;

/// The turns of made-up conversations: first and later ones are made apart and put in order here.
struct MadeUp {
    first: (Iter, Receiver<String>),
    later: (Iter, Receiver<String>),
    /// How many turns the next conversations have.
    lengths: vec::IntoIter<u32>,
    /// Turns of the present conversation that are to come.
    left: u32,
    prefixed: Option<Prefixed>,
    tokenizer: Tokenizer,
    filler: Generator,
    next: usize,
    request_id_prefix: String,
    late: Sender<String>,
}

impl Iterator for MadeUp {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        let turn = self.turn()?;
        let request_id = Some(format!("{}{}", self.request_id_prefix, self.next));
        self.next += 1;
        Some(turn.map(|sample| Sample { request_id, ..sample }))
    }
}

impl MadeUp {
    fn turn(&mut self) -> Option<Result<Sample>> {
        let begins = self.left == 0;
        let sample = if begins {
            let Some(length) = self.lengths.next() else {
                self.pass_on_warnings();
                return None;
            };
            self.left = length;
            self.first.0.next()?
        } else {
            self.later.0.next()?
        };
        self.left -= 1;
        let ends = (&self.tokenizer, &mut self.filler);
        Some(sample.and_then(|sample| match &mut self.prefixed {
            Some(prefixed) => prefixed.prepend(sample, begins, ends),
            None => text(&sample).map(drop).map(|()| sample),
        }))
    }

    /// What was found out while the turns were made is told at their end.
    fn pass_on_warnings(&mut self) {
        for (iter, warnings) in [&mut self.first, &mut self.later] {
            let _ = iter.next();
            // Nobody who wants warnings is left if the other end is gone.
            warnings.try_iter().for_each(|warning| drop(self.late.send(warning)));
        }
    }
}

/// Turns that begin alike.
struct Prefixed {
    global: Vec<u32>,
    /// A prefix each conversation.
    conversations: Iter,
    /// That of the present conversation.
    conversation: Vec<u32>,
    /// Nominal tokens that the shares take away from a turn's own.
    shared: usize,
}

impl Prefixed {
    /// The prefixes of turns whose first ones are as `random` says.
    fn new(prefixes: Prefixes, random: &Random, (draws, tokenizer): (&mut Generator, &Tokenizer)) -> Result<Self> {
        let special = tokenizer.special_count();
        let share = |ratio: f64| (f64::from(random.input_len.saturating_sub(special)) * ratio).floor() as u32;
        let (global, conversation) = (share(prefixes.global), share(prefixes.conversation));
        let mut texts = |num_prompts: u32, len: u32| match len {
            0 => Ok(Box::new(std::iter::empty()) as Iter),
            len => Ok(Random {
                seed: draws.next_u32(),
                num_prompts,
                input_len: len + special,
                prefix_len: 0,
                range_ratio: RangeRatio { input: 0.0, output: 0.0 },
                ..random.clone()
            }
            .samples(tokenizer.clone())?
            .iter),
        };
        let everywhere = texts(1, random.prefix_len + global)?.next();
        Ok(Prefixed {
            global: everywhere.map_or(Ok(Vec::new()), |sample| ids(&sample?, tokenizer))?,
            conversations: texts(random.num_prompts, conversation)?,
            conversation: Vec::new(),
            shared: (global + conversation) as usize,
        })
    }

    /// Puts the prefixes in the place of the first tokens of `sample`.
    fn prepend(
        &mut self,
        sample: Sample,
        begins: bool,
        (tokenizer, filler): (&Tokenizer, &mut Generator),
    ) -> Result<Sample> {
        if begins {
            let next = self.conversations.next();
            self.conversation = next.map_or(Ok(Vec::new()), |sample| ids(&sample?, tokenizer))?;
        }
        let own = ids(&sample, tokenizer)?;
        // However short a turn is, something in it is its own.
        let own = &own[self.shared.min(own.len().saturating_sub(1))..];
        let all = [&self.global, &self.conversation, own].concat();
        let target = all.len();
        let fitted = Fit::new(all, target).advance(tokenizer)?.finish(tokenizer, filler)?;
        Ok(Sample { prompt: Prompt::Text(fitted.text), input_tokens: fitted.ids.len() as u32, ..sample })
    }
}

fn ids(sample: &Sample, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    tokenizer.encode(text(sample)?, Special::Skip)
}

/// What a turn says.
fn text(sample: &Sample) -> Result<&str> {
    match &sample.prompt {
        Prompt::Text(text) => Ok(text),
        _ => Err(Error::new("conversations are made of texts").hint("leave out `--prompt-token-ids`")),
    }
}

#[cfg(test)]
#[path = "conversations_test.rs"]
mod tests;
