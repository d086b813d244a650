//! What is known of a run only once it has ended: the last line of its file.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::{Counters, Health, Overdue, Record, Run, Setup, Tick, as_text};
use crate::error::Result;

/// The last line.
#[derive(Serialize, Deserialize)]
pub(super) struct LastLine {
    pub(super) end: End,
}

/// What a run had come to when it ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct End {
    /// From the start of sending to the end of the last answer.
    pub(super) duration: Tick,
    /// Local time when the last answer was in.
    #[serde(with = "as_text")]
    pub(super) ended: DateTime,
    pub(super) partial: bool,
    pub(super) gave_up: bool,
    pub(super) overdue: Overdue,
    pub(super) health: Health,
    pub(super) probes: Vec<Record>,
    /// What the server had counted before and after.
    pub(super) counted: Option<(Counters, Counters)>,
    /// The tokens of the answers that a tokenizer counted, by request id, ascending.
    pub(super) tokens: Vec<(u32, u32)>,
    /// How many records there are, so that one that was lost is missed. Older files do not say.
    pub(super) records: Option<u64>,
}

impl End {
    /// The end of `run`, of which `records` were written. The server did not count the answers to `waiting`: a tokenizer has
    /// counted them all, or none.
    pub(super) fn of(run: &Run, records: u64, waiting: &[u32]) -> Self {
        let tokens = |&id: &u32| {
            let position = run.records.binary_search_by_key(&id, |record| record.id).ok()?;
            Some((id, run.records[position].output_tokens))
        };
        let mut tokens: Vec<(u32, u32)> =
            if run.uncounted == 0 { waiting.iter().filter_map(tokens).collect() } else { Vec::new() };
        tokens.sort_unstable();
        End {
            duration: run.duration,
            ended: run.setup.ended,
            partial: run.partial,
            gave_up: run.gave_up,
            overdue: run.overdue,
            health: run.health.clone(),
            probes: run.probes.clone(),
            counted: run.counted.clone(),
            tokens,
            records: Some(records),
        }
    }

    /// Whether its times are those of a run.
    ///
    /// # Errors
    /// If one lies behind any run.
    pub(super) fn possible(&self) -> Result<()> {
        self.probes.iter().try_for_each(|probe| probe.latest().possible())?;
        self.duration.possible()
    }

    /// The end of a run whose last answer came at `last`, and that came to no other.
    pub(super) fn killed(setup: &Setup, last: Tick) -> Self {
        let ended = setup.started.saturating_add(SignedDuration::from_nanos(last.nanos() as i64));
        End { duration: last, ended, partial: true, ..End::default() }
    }

    /// The tokens of the answer to request `id`, if a tokenizer counted it.
    pub(super) fn tokens_of(&self, id: u32) -> Option<u32> {
        let position = self.tokens.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.tokens[position].1)
    }
}
