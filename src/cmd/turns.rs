//! Runs of conversations: the flags that belong together, and what sending needs beside the samples.

use crate::backend::Backend;
use crate::dataset::{ConversationArgs, Conversations, Dataset, History, Samples, Shape};
use crate::error::{Error, Result};
use crate::plan::turns::{Count, Course};
use crate::plan::{Load, LoadArgs};
use crate::record::{Adapters, Tick};
use crate::token::{Special, Tokenizer};

/// How the samples of a run belong together.
pub(super) struct Turns {
    lengths: Vec<u32>,
    history: History,
    count: Box<Count>,
}

impl Turns {
    /// Takes conversations apart: their turns, and how these belong together. Without a tokenizer, an answer that the server
    /// did not count has no tokens.
    pub(super) fn of(conversations: Conversations, tokenizer: Option<Tokenizer>) -> (Samples, Self) {
        let Conversations { turns, samples, history } = conversations;
        let tokens = move |text: &str| tokenizer.as_ref()?.encode(text, Special::Skip).ok().map(|ids| ids.len() as u32);
        (samples, Turns { lengths: turns, history, count: Box::new(move |text| tokens(text).unwrap_or(0)) })
    }

    /// How many conversations there are.
    pub(super) fn conversations(&self) -> usize {
        self.lengths.len()
    }

    /// Each turn goes to the adapter of its conversation.
    pub(super) fn spread(&self, adapters: &Adapters) -> Adapters {
        let turns = self.lengths.iter().zip(&adapters.of);
        let of = turns.flat_map(|(&length, &adapter)| std::iter::repeat_n(adapter, length as usize)).collect();
        Adapters { names: adapters.names.clone(), of }
    }

    /// How they go under `load`, when they begin at `due`.
    pub(super) fn course(self, load: &Load, due: Vec<Tick>) -> Course {
        let think_nanos = u64::try_from(load.think_time.as_nanos()).unwrap_or(u64::MAX);
        Course { turns: self.lengths, due, think_nanos, history: self.history, count: self.count }
    }
}

/// The load, and the shape of conversations where they are asked for.
pub(super) fn check(
    conversations: &ConversationArgs,
    load: &LoadArgs,
    (backend, dataset): (Backend, &Dataset),
) -> Result<(Load, Option<Shape>)> {
    let mut resolved = load.resolve()?;
    let Some(shape) = conversations.resolve()? else {
        let idle = [
            ("--multi-turn-concurrency", load.multi_turn_concurrency.is_some()),
            ("--multi-turn-delay-ms", load.multi_turn_delay_ms != 0),
        ];
        let idle = idle.into_iter().find(|(_, given)| *given);
        let idle = idle.map(|(flag, _)| format!("`{flag}` has no effect without `--multi-turn`"));
        resolved.warnings.extend(conversations.warning().or(idle));
        return Ok((resolved, None));
    };
    if backend != Backend::OpenaiChat {
        return Err(Error::new(format!("`--multi-turn` does not go with backend `{}`", backend.name()))
            .hint("give `--backend openai-chat`: conversations are made of messages"));
    }
    dataset.check_conversations(&shape)?;
    Ok((resolved.of_conversations(), Some(shape)))
}
