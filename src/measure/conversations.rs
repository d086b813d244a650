//! Conversations: how many there were, and how first and later turns differ, since a later one finds its history in the
//! server's prefix cache.

use super::request::{done, ttft};
use super::{OWN_PERCENTILES, Summary};
use crate::record::{Record, Run};

/// What a run of conversations comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversations {
    /// Conversations that the plan held.
    pub planned: u64,
    /// Conversations of which every turn succeeded.
    pub completed: u64,
    /// Conversations that a failed turn ended.
    pub failed: u64,
    /// Turns that were planned and never sent.
    pub turns_not_started: u64,
    /// Successful turns of a conversation that was begun, on average.
    pub turns: f64,
    /// First output - sent, in seconds, over successful first turns.
    pub first_ttft: Summary,
    /// The same over successful later turns.
    pub later_ttft: Summary,
}

impl Conversations {
    /// The conversations of `run`; `None` where requests stood alone.
    pub(super) fn of(run: &Run) -> Option<Self> {
        if run.conversations.is_empty() {
            return None;
        }
        let (mut completed, mut failed, mut begun) = (0, 0, 0_u64);
        for talk in talks(run).filter(|talk| !talk.records.is_empty()) {
            begun += 1;
            let well = done(talk.records).count();
            completed += u64::from(well == talk.planned as usize);
            failed += u64::from(well < talk.records.len());
        }
        let (first, later): (Vec<&Record>, Vec<&Record>) =
            done(&run.records).partition(|record| run.conversations.binary_search(&record.id).is_ok());
        let turns = (first.len() + later.len()) as f64;
        let ttft = |records: Vec<&Record>| Summary::of(records.into_iter().map(ttft).collect(), &OWN_PERCENTILES);
        Some(Conversations {
            planned: run.conversations.len() as u64,
            completed,
            failed,
            turns_not_started: run.planned.saturating_sub(run.records.len() as u64),
            turns: if begun > 0 { turns / begun as f64 } else { 0.0 },
            first_ttft: ttft(first),
            later_ttft: ttft(later),
        })
    }
}

/// The turns of one conversation.
pub(super) struct Talk<'a> {
    /// How many were planned.
    pub(super) planned: u32,
    /// Those that were sent, in order.
    pub(super) records: &'a [Record],
}

/// The conversations of a run, in order of their first ids; each request is one of its own where they stand alone.
pub(super) fn talks(run: &Run) -> impl Iterator<Item = Talk<'_>> {
    let ends = run.conversations.iter().skip(1).copied().chain([run.planned as u32]);
    let mut rest = run.records.as_slice();
    run.conversations.iter().zip(ends).map(move |(&first, end)| {
        let (records, after) = rest.split_at(rest.partition_point(|record| record.id < end));
        rest = after;
        Talk { planned: end.saturating_sub(first), records }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Outcome, Tick};

    fn turn(id: u32, ttft_millis: u64) -> Record {
        let first = Tick::from_nanos(ttft_millis * 1_000_000);
        Record { id, first, last: first, end: first, ..Record::default() }
    }

    fn run(records: Vec<Record>) -> Run {
        Run { records, planned: 8, conversations: vec![0, 3, 6], ..Run::default() }
    }

    #[test]
    fn first_and_later_turns_are_told_apart() {
        let mut records: Vec<Record> = [(0, 30), (1, 10), (2, 20), (3, 50), (4, 1)].map(|(id, ms)| turn(id, ms)).into();
        records[4].outcome = Outcome::Failed(Failure::Reset);
        let found = Conversations::of(&run(records)).unwrap();
        assert_eq!((found.planned, found.completed, found.failed, found.turns), (3, 1, 1, 2.0));
        assert_eq!((found.first_ttft.count, found.first_ttft.mean), (2, 0.04));
        assert_eq!((found.later_ttft.count, found.later_ttft.mean), (2, 0.015));
    }

    #[test]
    fn requests_that_stand_alone_are_no_conversations() {
        assert_eq!(Conversations::of(&Run { records: vec![turn(0, 1)], planned: 1, ..Run::default() }), None);
        let none = Conversations::of(&run(Vec::new())).unwrap();
        assert_eq!((none.completed, none.failed, none.turns), (0, 0, 0.0));
    }
}
