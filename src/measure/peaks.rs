//! The largest values of a run: the reference's, by one-second buckets, and exact ones.

use crate::record::{Flow, Outcome, Record, Tick};

const SECOND: u64 = 1_000_000_000;

/// The largest values of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peaks {
    /// Pieces of output in the fullest of the one-second buckets that start at the earliest send of a success. The reference
    /// calls them tokens.
    pub chunks_in_a_bucket: u64,
    /// Successful requests that touch the same one-second bucket, at most. Not how many were in flight at once.
    pub concurrent_in_a_bucket: u64,
    /// Requests in flight at one moment, at most: over all requests, from sent up to and without their end.
    pub in_flight: u64,
    /// Output tokens within one second, at most, wherever that second starts (to the width of a bin).
    pub tokens_in_a_second: f64,
}

impl Peaks {
    /// The peaks of these records and their output.
    pub fn of(records: &[Record], flow: &Flow) -> Self {
        let done = || records.iter().filter(|record| record.outcome == Outcome::Done);
        let start = done().map(|record| record.sent).min().unwrap_or(Tick::ZERO);
        Peaks {
            chunks_in_a_bucket: fullest_bucket(flow, start),
            concurrent_in_a_bucket: busiest_bucket(done(), start),
            in_flight: in_flight(records),
            tokens_in_a_second: fullest_second(flow),
        }
    }
}

/// The flow is known by bins of a millisecond or more, each of which counts where its middle lies.
fn fullest_bucket(flow: &Flow, start: Tick) -> u64 {
    let mut buckets: Vec<u64> = Vec::new();
    for (time, bin) in flow.bins() {
        let bucket = (Tick::from_nanos(time.start.midpoint(time.end)).since(start) / SECOND) as usize;
        if bucket >= buckets.len() {
            buckets.resize(bucket + 1, 0);
        }
        buckets[bucket] += u64::from(bin.chunks);
    }
    buckets.into_iter().max().unwrap_or(0)
}

/// Each request counts in every bucket from that of its send to that of its last output, both included.
fn busiest_bucket<'a>(done: impl Iterator<Item = &'a Record>, start: Tick) -> u64 {
    let mut changes: Vec<i64> = Vec::new();
    for record in done {
        let first = (record.sent.since(start) / SECOND) as usize;
        let after = first.max((record.last.since(start) / SECOND) as usize) + 1;
        if after >= changes.len() {
            changes.resize(after + 1, 0);
        }
        changes[first] += 1;
        changes[after] -= 1;
    }
    highest(changes.into_iter())
}

/// A sweep over all starts and ends. An end at the moment of a start comes first: such requests never overlap.
fn in_flight(records: &[Record]) -> u64 {
    let real = || records.iter().filter(|record| record.end > record.sent);
    let mut starts: Vec<Tick> = real().map(|record| record.sent).collect();
    let mut ends: Vec<Tick> = real().map(|record| record.end).collect();
    starts.sort_unstable();
    ends.sort_unstable();
    let mut ended = 0;
    let open = starts.iter().zip(1..).map(|(start, started)| {
        while ends[ended] <= *start {
            ended += 1;
        }
        started - ended
    });
    open.max().unwrap_or(0) as u64
}

fn fullest_second(flow: &Flow) -> f64 {
    let mut passed = flow.bins().peekable();
    let (mut within, mut most) = (0.0_f64, 0.0_f64);
    for (time, bin) in flow.bins() {
        while let Some((_, bin)) = passed.next_if(|(first, _)| first.end + SECOND <= time.end) {
            within -= bin.tokens();
        }
        within += bin.tokens();
        most = most.max(within);
    }
    most
}

/// The highest value that a running sum of `changes` reaches.
fn highest(changes: impl Iterator<Item = i64>) -> u64 {
    let mut level = 0_i64;
    changes.fold(0, |most, change| {
        level += change;
        most.max(level)
    }) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::Failure;

    const MILLISECOND: u64 = 1_000_000;

    fn request(sent: u64, end: u64, outcome: Outcome) -> Record {
        let (sent, end) = (Tick::from_nanos(sent), Tick::from_nanos(end));
        Record {
            id: 0,
            input_tokens: 0,
            output_tokens: 0,
            chunks: 0,
            inputs: 1,
            due: sent,
            sent,
            first: sent,
            last: end,
            end,
            outcome,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn peak_in_flight_equals_a_count_at_every_start(spans in prop::collection::vec((0_u64..60, 0_u64..30), 0..40)) {
            let records: Vec<Record> =
                spans.iter().map(|&(sent, length)| request(sent, sent + length, Outcome::Done)).collect();
            let at = |moment: u64| spans.iter().filter(|(sent, length)| *sent <= moment && moment < sent + length).count();
            let naive = spans.iter().map(|&(sent, _)| at(sent)).max().unwrap_or(0);
            prop_assert_eq!(in_flight(&records), naive as u64);
        }

        #[test]
        fn the_fullest_second_equals_a_look_at_every_window(
            pieces in prop::collection::vec((0_u64..4000, 1_u8..9), 0..200),
        ) {
            let mut flow = Flow::default();
            pieces.iter().for_each(|&(ms, tokens)| flow.add(Tick::from_nanos(ms * MILLISECOND), u32::from(tokens)));
            let window = |start: u64| {
                let within = pieces.iter().filter(|(ms, _)| (start..start + 1000).contains(ms));
                within.map(|(_, tokens)| f64::from(*tokens)).sum::<f64>()
            };
            let naive = (0..4000).map(window).fold(0.0, f64::max);
            prop_assert_eq!(fullest_second(&flow), naive);
        }
    }

    #[test]
    fn failed_requests_are_in_flight_and_in_no_bucket() {
        let records = [
            request(0, 9, Outcome::Failed(Failure::Reset)),
            request(5, 20, Outcome::Done),
            request(20, 30, Outcome::Done),
        ];
        let peaks = Peaks::of(&records, &Flow::default());
        assert_eq!((peaks.in_flight, peaks.concurrent_in_a_bucket), (2, 2));
        assert_eq!((peaks.chunks_in_a_bucket, peaks.tokens_in_a_second), (0, 0.0));
    }

    #[test]
    fn buckets_start_at_the_first_send() {
        let half = SECOND / 2;
        let records = [request(half, half + 10, Outcome::Done), request(half + SECOND, 4 * half, Outcome::Done)];
        let mut flow = Flow::default();
        flow.add(Tick::from_nanos(half + SECOND - 2 * MILLISECOND), 1);
        flow.add(Tick::from_nanos(half), 1);
        flow.add(Tick::from_nanos(half + SECOND), 1);
        let peaks = Peaks::of(&records, &flow);
        assert_eq!((peaks.chunks_in_a_bucket, peaks.concurrent_in_a_bucket), (2, 1));
    }

    #[test]
    fn a_run_without_requests_has_no_peaks() {
        assert_eq!(Peaks::of(&[], &Flow::default()), Peaks::default());
    }
}
