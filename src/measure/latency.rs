//! Latencies: records in, a [`Summary`] for each quantity out. The formulas of one request stand in `request`.

use super::conversations::talks;
use super::request::{done, e2el, queued, seconds, tpot, ttft};
use super::{Metric, OWN_PERCENTILES, Summary};
use crate::record::{Gaps, Health, Part, Record, Run, Tick};

/// The percentiles that latencies have, whichever were asked for.
const AT_HAND: [f64; 3] = [50.0, 90.0, 99.0];

/// The reference's latencies, over successful requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Latency {
    /// First output - sent.
    pub ttft: Summary,
    /// (E2EL - TTFT) / (output tokens - 1), of answers with more than one token.
    pub tpot: Summary,
    /// All gaps between pieces of output.
    pub itl: Summary,
    /// Last output - sent.
    pub e2el: Summary,
    /// Sent - due.
    pub client_queue_time: Summary,
    /// E2EL + client queue time.
    pub e2el_including_client_queue: Summary,
}

impl Latency {
    /// The latencies of these records and gaps, with these percentiles and those that are always at hand.
    pub fn of(records: &[Record], gaps: &Gaps, percentiles: &[f64]) -> Self {
        let others = AT_HAND.iter().filter(|p| !percentiles.contains(p));
        let percentiles: Vec<f64> = percentiles.iter().chain(others).copied().collect();
        let percentiles = &percentiles[..];
        let over = |seconds: fn(&Record) -> f64| Summary::of(done(records).map(seconds).collect(), percentiles);
        Latency {
            ttft: over(ttft),
            tpot: Summary::of(done(records).filter_map(tpot).collect(), percentiles),
            itl: Summary::of_gaps(gaps, percentiles),
            e2el: over(e2el),
            client_queue_time: over(queued),
            e2el_including_client_queue: over(|record| e2el(record) + queued(record)),
        }
    }

    /// The summary of one metric.
    pub fn metric(&self, metric: Metric) -> &Summary {
        match metric {
            Metric::Ttft => &self.ttft,
            Metric::Tpot => &self.tpot,
            Metric::Itl => &self.itl,
            Metric::E2el => &self.e2el,
            Metric::ClientQueueTime => &self.client_queue_time,
            Metric::E2elIncludingClientQueue => &self.e2el_including_client_queue,
        }
    }
}

/// What the reference does not measure: latencies as the schedule sees them, and the client's own part in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schedule {
    /// First output - due, over successful requests.
    pub ttft: Summary,
    /// Last output - due, over successful requests.
    pub e2el: Summary,
    /// How much later than it could have been a request was sent, over all requests: from due or, under a concurrency
    /// limit, from the moment a slot was free if that is later.
    pub lateness: Summary,
    /// How long opening a connection took.
    pub connect: Summary,
    /// From the arrival of bytes at this host to the moment they were read.
    pub lag: Summary,
}

impl Schedule {
    /// The client's view of a run.
    pub fn of(run: &Run) -> Self {
        let Health { lag, connect, .. } = &run.health;
        let due = run.knows(Part::Due);
        // Where all is due at once, there is no schedule, and "from due" says how long the run was.
        let scheduled = due && run.has_schedule();
        let over = |seconds: fn(&Record) -> f64| {
            Summary::of(done(&run.records).filter(|_| scheduled).map(seconds).collect(), &OWN_PERCENTILES)
        };
        let lateness = if due && run.knows(Part::Ends) { lateness(run) } else { Vec::new() };
        Schedule {
            ttft: over(|record| seconds(record.first, record.due)),
            e2el: over(|record| seconds(record.last, record.due)),
            lateness: Summary::of(lateness, &OWN_PERCENTILES),
            connect: Summary::of_spread(connect, &OWN_PERCENTILES),
            lag: Summary::of_spread(lag, &OWN_PERCENTILES),
        }
    }
}

/// From due to sent, without waiting for a slot. A turn that follows another has its slot, so its wait is all lateness.
fn lateness(run: &Run) -> Vec<f64> {
    let records = &run.records;
    let Some(slots) = run.setup.max_concurrency.map(|slots| slots as usize) else {
        return records.iter().map(queued).collect();
    };
    if run.conversations.is_empty() {
        let ends = records.iter().map(|record| record.end).collect();
        return wait_for_more_than_slots(records, ends, slots);
    }
    let begun = || talks(run).filter_map(|talk| talk.records.split_first());
    let firsts = begun().map(|(first, _)| first);
    let ends = begun().map(|(first, later)| later.last().unwrap_or(first).end).collect();
    let mut lateness = wait_for_more_than_slots(firsts, ends, slots);
    lateness.extend(begun().flat_map(|(_, later)| later.iter().map(queued)));
    lateness
}

/// What begins is sent in order, so under a limit of `c` that at position `i` has a slot once `i - c + 1` others have ended;
/// those that end before it is sent are all before it, so that is when the `i - c`-th (from 0) of all ends happens.
fn wait_for_more_than_slots<'a>(
    begun: impl IntoIterator<Item = &'a Record>,
    mut ends: Vec<Tick>,
    slots: usize,
) -> Vec<f64> {
    ends.sort_unstable();
    let free = |position: usize| position.checked_sub(slots).map_or(Tick::ZERO, |ended| ends[ended]);
    begun.into_iter().zip(0..).map(|(record, position)| seconds(record.sent, record.due.max(free(position)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Outcome, Setup};

    fn limited(slots: u32) -> Setup {
        Setup { max_concurrency: Some(slots), ..Setup::default() }
    }

    fn request(due: u64, sent: u64, end: u64) -> Record {
        let [due, sent, end] = [due, sent, end].map(|secs| Tick::from_nanos(secs * 1_000_000_000));
        let outcome = Outcome::Done;
        Record {
            id: 0,
            input_tokens: 0,
            output_tokens: 1,
            chunks: 1,
            inputs: 1,
            due,
            sent,
            first: end,
            last: end,
            end,
            outcome,
        }
    }

    #[test]
    fn waiting_for_a_slot_is_not_lateness() {
        // Two slots: the third request has one at 10, the fourth at 11.
        let records = [request(0, 0, 10), request(0, 1, 11), request(0, 12, 20), request(0, 12, 20)];
        let mut run = Run { setup: limited(2), records: records.into(), ..Run::default() };
        assert_eq!(lateness(&run), [0.0, 1.0, 2.0, 1.0]);
        run.setup.max_concurrency = None;
        assert_eq!(lateness(&run), [0.0, 1.0, 12.0, 12.0]);
    }

    #[test]
    fn a_turn_that_follows_another_has_its_slot() {
        // One slot: the second conversation begins when the first one has ended, at 9.
        let turns = [request(0, 0, 3), request(5, 6, 9), request(0, 11, 12)];
        let numbered = turns.into_iter().zip(0..).map(|(record, id)| Record { id, ..record });
        let (setup, records) = (limited(1), numbered.collect());
        let run = Run { setup, records, planned: 4, conversations: vec![0, 2], ..Run::default() };
        assert_eq!(lateness(&run), [0.0, 2.0, 1.0]);
    }

    #[test]
    fn from_due_latencies_include_the_wait() {
        let run = Run { records: vec![request(1, 3, 6), request(2, 3, 6)], ..Run::default() };
        let schedule = Schedule::of(&run);
        assert_eq!((schedule.e2el.mean, schedule.ttft.max, schedule.lateness.mean), (4.5, 5.0, 1.5));
        assert!(schedule.lag.is_empty());
    }

    #[test]
    fn nothing_is_from_due_where_all_is_due_at_once() {
        let run = Run { records: vec![request(1, 3, 6), request(1, 7, 9)], ..Run::default() };
        let schedule = Schedule::of(&run);
        assert!(schedule.e2el.is_empty() && schedule.ttft.is_empty() && !schedule.lateness.is_empty());
    }
}
