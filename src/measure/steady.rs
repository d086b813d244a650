//! The steady part of a run under a limit: without its start, when the line fills, and its end, when it drains. Records in, a
//! [`Steady`] out.

use std::ops::Range;

use super::Summary;
use super::request::{done, e2el, seconds, tpot, ttft};
use crate::record::{Part, Record, Run, Tick};

/// A window should last this many seconds at least, where nobody says otherwise.
const LEAST_SECONDS: f64 = 10.0;

/// And this share of the run.
const LEAST_SHARE: f64 = 0.1;

/// What part of a run counts as steady.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SteadyRule {
    /// Share of the limit that must be in flight, above 0 and up to 1.
    pub threshold: f64,
    /// Seconds that it should last; `None` for 10, or a tenth of the run if that is more.
    pub min_window: Option<f64>,
}

/// The steady part of a run: the window from the first moment to the last at which at least threshold x limit requests were in
/// flight. Fewer may be so in between, for the moments between an answer and the next request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Steady {
    /// When it begins.
    pub start: Tick,
    /// When it ends.
    pub end: Tick,
    /// Seconds that it should last.
    pub least: f64,
    /// Successful requests that were sent and ended within it: those that latencies are made from.
    pub requests: u64,
    /// Successful requests that ended within it, a second.
    pub request_rate: f64,
    /// Output tokens of successful requests that arrived within it (to a millisecond), a second.
    pub output_token_rate: f64,
    /// Time to first token.
    pub ttft: Summary,
    /// Time per output token after the first.
    pub tpot: Summary,
    /// End-to-end latency.
    pub e2el: Summary,
}

impl Steady {
    /// The steady part of a run under a limit in which nothing else held requests back; `None` where something else did, or where
    /// the run never had enough requests in flight, or nothing is known of that.
    pub(super) fn of(run: &Run, rule: SteadyRule, percentiles: &[f64]) -> Option<Self> {
        let limit = run.setup.max_concurrency.filter(|_| run.setup.all_at_once())?;
        if !(run.knows(Part::Sent) && run.knows(Part::Ends)) {
            return None;
        }
        let (start, end) = window(&run.records, rule.threshold * f64::from(limit))?;
        let within = |record: &&Record| start <= record.sent && record.end <= end;
        let of = |seconds: fn(&Record) -> f64| {
            Summary::of(done(&run.records).filter(within).map(seconds).collect(), percentiles)
        };
        let by_second = |amount: f64| amount / seconds(end, start);
        let ended = done(&run.records).filter(|record| start < record.end && record.end <= end).count();
        let inside = |time: &Range<u64>| (start.nanos()..end.nanos()).contains(&time.start.midpoint(time.end));
        let tokens = run.flow.bins().filter(|(time, _)| inside(time)).map(|(_, bin)| bin.tokens());
        Some(Steady {
            start,
            end,
            least: rule.min_window.unwrap_or_else(|| LEAST_SECONDS.max(LEAST_SHARE * run.duration.as_secs_f64())),
            requests: done(&run.records).filter(within).count() as u64,
            request_rate: by_second(ended as f64),
            output_token_rate: by_second(tokens.sum()),
            ttft: of(ttft),
            tpot: Summary::of(done(&run.records).filter(within).filter_map(tpot).collect(), percentiles),
            e2el: of(e2el),
        })
    }

    /// How long it lasts, in seconds.
    pub fn duration(&self) -> f64 {
        seconds(self.end, self.start)
    }
}

/// The first and the last moment at which at least `enough` requests are in flight, failed ones included: from sent up to
/// their end. At one moment ends come before starts.
fn window(records: &[Record], enough: f64) -> Option<(Tick, Tick)> {
    let real = records.iter().filter(|record| record.end > record.sent);
    let mut changes: Vec<(Tick, i64)> = real.flat_map(|record| [(record.sent, 1), (record.end, -1)]).collect();
    changes.sort_unstable();
    let (mut level, mut first, mut last) = (0_i64, None, None);
    for (at, change) in changes {
        let before = level;
        level += change;
        if change > 0 && level as f64 >= enough {
            first = first.or(Some(at));
        }
        if change < 0 && before as f64 >= enough {
            last = Some(at);
        }
    }
    first.zip(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Flow, Outcome, Setup};

    const SECOND: u64 = 1_000_000_000;

    fn request(sent: u64, end: u64) -> Record {
        let [sent, end] = [sent, end].map(|seconds| Tick::from_nanos(seconds * SECOND));
        let middle = Tick::from_nanos((sent.nanos() + end.nanos()) / 2);
        Record { output_tokens: 3, chunks: 3, sent, due: sent, first: middle, last: end, end, ..Record::default() }
    }

    fn found(run: &Run, threshold: f64) -> Option<Steady> {
        Steady::of(run, SteadyRule { threshold, min_window: None }, &[99.0])
    }

    fn limited(limit: u32) -> Setup {
        Setup { request_rate: f64::INFINITY, max_concurrency: Some(limit), ..Setup::default() }
    }

    /// Two at once from 1 s to 9 s, with a second of one in between; a third of the requests fail.
    fn run() -> Run {
        let mut records = vec![request(0, 4), request(1, 5), request(6, 9), request(5, 10)];
        records[1].outcome = Outcome::Failed(Failure::Reset);
        let mut flow = Flow::default();
        [0, 2, 4, 9].iter().for_each(|&at| flow.add(Tick::from_nanos(at * SECOND), 8));
        Run { setup: limited(2), records, flow, duration: Tick::from_nanos(10 * SECOND), ..Run::default() }
    }

    #[test]
    fn the_window_lasts_from_the_first_to_the_last_moment_with_enough_in_flight() {
        let steady = found(&run(), 0.95).unwrap();
        assert_eq!((steady.start.as_secs_f64(), steady.end.as_secs_f64(), steady.duration()), (1.0, 9.0, 8.0));
        assert_eq!((steady.requests, steady.e2el.count, steady.e2el.mean, steady.ttft.mean), (1, 1, 3.0, 1.5));
        assert_eq!((steady.request_rate, steady.output_token_rate), (2.0 / 8.0, 16.0 / 8.0));
        assert_eq!((steady.tpot.mean, steady.least), (0.75, 10.0));
    }

    #[test]
    fn a_lower_share_takes_in_more() {
        let steady = found(&run(), 0.5).unwrap();
        assert_eq!((steady.start.as_secs_f64(), steady.end.as_secs_f64()), (0.0, 10.0));
    }

    #[test]
    fn a_run_that_never_reached_its_limit_has_no_steady_part() {
        assert_eq!(found(&Run { setup: limited(3), ..run() }, 0.95), None);
        assert_eq!(found(&Run { setup: limited(1), ..Run::default() }, 0.95), None);
    }

    #[test]
    fn only_a_run_that_nothing_but_a_limit_holds_back_has_a_steady_part() {
        let rated = Setup { request_rate: 4.0, ..limited(2) };
        let unlimited = Setup { max_concurrency: None, ..limited(2) };
        for setup in [rated, unlimited] {
            assert_eq!(found(&Run { setup, ..run() }, 0.95), None);
        }
    }
}
