//! A rate that the server does not keep up with: a run in, an [`Overload`] out where more and more requests waited for their ends.

use super::request::seconds;
use crate::record::{Outcome, Part, Record, Run, Tick};

/// With fewer requests nothing can be said of their course.
const FEWEST: usize = 20;

/// A backlog that has grown by this factor in the second half of a run, and by so many requests, is no matter of chance.
const GROWTH: f64 = 1.5;
const MORE: u64 = 4;

/// So much longer the last quarter of requests has to take than the first: under a load that the server keeps up with they take as
/// long.
const SLOWER: f64 = 1.5;

/// How a server fell behind the rate at which it was asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overload {
    /// Requests a second that were due.
    pub asked: f64,
    /// Requests a second that were answered while others were still due.
    pub answered: f64,
    /// Requests that were due and had not ended when the last one was due.
    pub backlog: u64,
    /// How much longer the last quarter of requests took from due to last output than the first: the ratio of the medians.
    pub slowdown: f64,
}

impl Overload {
    /// What a run at a steady rate shows of it, if anything.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let steady = run.has_schedule() && run.setup.ramp.is_none() && !run.setup.recorded;
        let alone = run.conversations.is_empty() && run.knows(Part::Due) && run.knows(Part::Ends);
        if !(steady && alone && run.records.len() >= FEWEST) {
            return None;
        }
        let mut due: Vec<&Record> = run.records.iter().collect();
        due.sort_unstable_by_key(|record| record.due);
        let (first, last) = (due[0].due, due[due.len() - 1].due);
        let half = Tick::from_nanos(first.nanos().midpoint(last.nanos()));
        let backlog = |at: Tick| due.iter().filter(|record| record.due <= at && record.end > at).count() as u64;
        let (before, after) = (backlog(half), backlog(last));
        let quarter = due.len() / 4;
        let slowdown = median(&due[due.len() - quarter..])? / median(&due[..quarter])?.max(f64::MIN_POSITIVE);
        let grows = after as f64 > GROWTH * before as f64 && after >= before + MORE;
        let span = seconds(last, first);
        let answered = due.iter().filter(|record| record.end <= last).count() as f64 / span;
        let overload = Overload { asked: due.len() as f64 / span, answered, backlog: after, slowdown };
        (grows && slowdown > SLOWER).then_some(overload)
    }
}

/// The middle of what successful requests took from due to their last output, in seconds; `None` without one.
fn median(records: &[&Record]) -> Option<f64> {
    let done = records.iter().filter(|record| record.outcome == Outcome::Done);
    let mut took: Vec<u64> = done.map(|record| record.last.since(record.due)).collect();
    let middle = took.len() / 2;
    (!took.is_empty()).then(|| *took.select_nth_unstable(middle).1 as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Setup;

    const MS: u64 = 1_000_000;

    /// Requests every `gap` milliseconds for a server that takes `busy` milliseconds for each, one after the other, and `delay` on
    /// top.
    fn run(count: u64, gap: u64, busy: u64, delay: u64) -> Run {
        let mut free = 0;
        let record = |id: u64| {
            let due = id * gap;
            free = free.max(due) + busy;
            let [due, end] = [due, free + delay].map(|ms| Tick::from_nanos(ms * MS));
            Record { id: id as u32, due, sent: due, first: end, last: end, end, ..Record::default() }
        };
        Run { records: (0..count).map(record).collect(), ..Run::default() }
    }

    #[test]
    fn a_server_that_falls_behind_is_told_with_how_far() {
        let found = Overload::of(&run(200, 10, 15, 30)).unwrap();
        assert!((found.asked - 100.5).abs() < 0.1 && (found.answered - 66.0).abs() < 2.0, "{found:?}");
        assert!((65..72).contains(&found.backlog) && found.slowdown > 4.0, "{found:?}");
    }

    #[test]
    fn a_server_that_keeps_up_is_not() {
        for (count, gap, busy, delay) in [(200, 10, 9, 30), (200, 10, 1, 900), (30, 10, 1, 5_000), (10, 10, 50, 0)] {
            assert_eq!(Overload::of(&run(count, gap, busy, delay)), None, "{count} {gap} {busy} {delay}");
        }
        let behind = run(200, 10, 15, 30);
        assert_eq!(Overload::of(&Run { setup: Setup { recorded: true, ..Setup::default() }, ..behind }), None);
    }
}
