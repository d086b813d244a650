//! The running numbers of a run: requests come in as they end, what is known at a moment goes out.

use std::time::Duration;

use crate::record::{Finished, Outcome, Spread, Tick, spread};

/// A run at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Time since the run began.
    pub elapsed: Duration,
    /// Requests that have ended, well or not.
    pub done: u64,
    /// Requests that will have been made: those planned, or as many as fit into the time that is left if that is less.
    pub total: u64,
    /// Requests that have started and not ended.
    pub in_flight: u64,
    /// Requests that have failed.
    pub failed: u64,
    /// Ended requests a second.
    pub req_per_s: f64,
    /// Output tokens a second.
    pub tok_per_s: f64,
    /// Median time to the first token, in ms.
    pub ttft_p50: Option<f64>,
    /// 99th percentile of the time to the first token, in ms.
    pub ttft_p99: Option<f64>,
    /// Median gap between tokens, in ms.
    pub itl_p50: Option<f64>,
    /// 99th percentile of the gap between tokens, in ms.
    pub itl_p99: Option<f64>,
    /// How long it will take yet, once that can be said.
    pub left: Option<Duration>,
}

/// What is known of a run while it goes on.
#[derive(Debug, Clone)]
pub struct Live {
    total: u64,
    done: u64,
    failed: u64,
    chunks: u64,
    tokens: u64,
    ttft: Spread,
    itl: Spread,
    e2el: Spread,
    last_due: Tick,
    /// No request starts after this.
    closes: Option<Duration>,
}

impl Live {
    /// A run of `total` requests, of which the last is due at `last_due` and none has ended. None starts later than `closes`.
    pub fn new(total: u64, last_due: Tick, closes: Option<Duration>) -> Self {
        let [ttft, itl, e2el] = std::array::from_fn(|_| spread());
        Live { total, done: 0, failed: 0, chunks: 0, tokens: 0, ttft, itl, e2el, last_due, closes }
    }

    /// Takes in a request that has ended.
    pub fn add(&mut self, finished: &Finished) {
        let record = &finished.record;
        self.done += 1;
        if record.outcome != Outcome::Done {
            self.failed += 1;
            return;
        }
        self.chunks += u64::from(record.chunks);
        self.tokens += u64::from(record.output_tokens.max(record.chunks));
        self.ttft.saturating_record(record.first.since(record.sent));
        self.e2el.saturating_record(record.last.since(record.sent));
        for pair in finished.chunks.windows(2) {
            self.itl.saturating_record(pair[1].since(pair[0]));
        }
    }

    /// The run at the moment `at`, when so many requests are in flight and so many pieces of output have arrived.
    pub fn snapshot(&self, at: Tick, in_flight: u64, chunks: u64) -> Snapshot {
        let elapsed = Duration::from_nanos(at.nanos());
        let a_second = |count: f64| if elapsed.is_zero() { 0.0 } else { count / elapsed.as_secs_f64() };
        let tokens_a_chunk = if self.chunks == 0 { 1.0 } else { self.tokens as f64 / self.chunks as f64 };
        let millis =
            |spread: &Spread, quantile| (!spread.is_empty()).then(|| spread.value_at_quantile(quantile) as f64 / 1e6);
        Snapshot {
            elapsed,
            done: self.done,
            total: self.likely(elapsed, in_flight),
            in_flight,
            failed: self.failed,
            req_per_s: a_second(self.done as f64),
            tok_per_s: a_second(chunks as f64 * tokens_a_chunk),
            ttft_p50: millis(&self.ttft, 0.5),
            ttft_p99: millis(&self.ttft, 0.99),
            itl_p50: millis(&self.itl, 0.5),
            itl_p99: millis(&self.itl, 0.99),
            left: self.left(elapsed),
        }
    }

    /// How many requests will have been made, if they start as until now as long as they may.
    fn likely(&self, elapsed: Duration, in_flight: u64) -> u64 {
        let Some(closes) = self.closes.filter(|_| self.done > 0 && !elapsed.is_zero()) else { return self.total };
        let started = self.done + in_flight;
        let rest = closes.saturating_sub(elapsed).as_secs_f64() / elapsed.as_secs_f64();
        self.total.min(started + (started as f64 * rest) as u64)
    }

    /// From the schedule where there is one, or from the time when nothing more starts: until then, and as long as a request takes.
    /// Else as fast as until now.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        let typical = Duration::from_nanos(self.e2el.value_at_quantile(0.5));
        let left = self.left_of_all(elapsed, typical)?;
        Some(self.closes.map_or(left, |closes| left.min(closes.saturating_sub(elapsed) + typical)))
    }

    fn left_of_all(&self, elapsed: Duration, typical: Duration) -> Option<Duration> {
        let last_due = Duration::from_nanos(self.last_due.nanos());
        if self.done == 0 || elapsed.is_zero() {
            return None;
        }
        let rest = elapsed.mul_f64(self.total.saturating_sub(self.done) as f64 / self.done as f64);
        if last_due.is_zero() {
            return Some(rest);
        }
        // Once all is due, a run lasts as long as the server takes.
        Some(if elapsed > last_due { rest } else { last_due - elapsed + typical })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Record};

    #[test]
    fn rates_and_latencies_are_those_of_what_has_ended() {
        let at = |millis: u64| Tick::from_nanos(millis * 1_000_000);
        let mut live = Live::new(10, Tick::ZERO, None);
        assert_eq!(live.snapshot(Tick::ZERO, 0, 0), Snapshot { total: 10, ..Snapshot::default() });
        let record =
            Record { first: at(20), last: at(40), end: at(40), chunks: 2, output_tokens: 4, ..Record::default() };
        live.add(&Finished { record: record.clone(), chunks: vec![at(20), at(40)], ..Finished::default() });
        let outcome = Outcome::Failed(Failure::Reset);
        live.add(&Finished { record: Record { outcome, ..record }, ..Finished::default() });
        let seen = live.snapshot(at(500), 3, 6);
        assert_eq!((seen.done, seen.failed, seen.in_flight, seen.req_per_s, seen.tok_per_s), (2, 1, 3, 4.0, 24.0));
        for latency in [seen.ttft_p50, seen.itl_p99] {
            assert!((latency.unwrap() - 20.0).abs() < 0.05, "{seen:?}");
        }
    }

    #[test]
    fn what_is_left_follows_the_schedule_where_there_is_one() {
        let at = |millis: u64| Tick::from_nanos(millis * 1_000_000);
        let record = Record { last: at(200), end: at(200), chunks: 1, ..Record::default() };
        let left = |last_due: u64, now: u64, done: u64| {
            let mut live = Live::new(100, at(last_due), None);
            (0..done).for_each(|_| live.add(&Finished { record: record.clone(), ..Finished::default() }));
            live.snapshot(at(now), 0, 0).left.map(|left| (left.as_secs_f64() * 10.0).round() / 10.0)
        };
        assert_eq!(left(15_000, 3_000, 0), None, "nothing is known before anything has ended");
        assert_eq!(left(15_000, 3_000, 4), Some(12.2), "the schedule, and one answer");
        assert_eq!(left(15_000, 20_000, 50), Some(20.0), "behind the schedule it is the server's pace");
        assert_eq!(left(0, 10_000, 25), Some(30.0), "without a schedule too");
    }
    #[test]
    fn a_run_of_some_time_ends_with_it() {
        let at = |millis: u64| Tick::from_nanos(millis * 1_000_000);
        let record = Record { last: at(200), end: at(200), chunks: 1, ..Record::default() };
        let seen = |total: u64, now: u64, in_flight: u64| {
            let mut live = Live::new(total, Tick::ZERO, Some(Duration::from_secs(10)));
            (0..20).for_each(|_| live.add(&Finished { record: record.clone(), ..Finished::default() }));
            let seen = live.snapshot(at(now), in_flight, 0);
            (seen.total, seen.left.map(|left| (left.as_secs_f64() * 10.0).round() / 10.0))
        };
        assert_eq!(seen(1000, 5_000, 10), (60, Some(5.2)));
        assert_eq!(seen(1000, 11_000, 3), (23, Some(0.2)), "the rest is in flight");
        assert_eq!(seen(30, 5_000, 5), (30, Some(2.5)), "the last request comes before");
    }
}
