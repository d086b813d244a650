//! The simulator's account of itself: how much it served, and how late it was.

use std::fmt;

use hdrhistogram::Histogram;

/// Lateness in nanoseconds, up to a minute, to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are constants that fit")
}

/// What happened since the start or the last reset.
pub(super) struct Counters {
    pub(super) connections: u64,
    pub(super) requests: u64,
    pub(super) finished: u64,
    pub(super) prompt_tokens: u64,
    pub(super) tokens: u64,
    pub(super) writes: u64,
    pub(super) writes_blocked: u64,
    pub(super) prefix_queries: u64,
    pub(super) prefix_hits: u64,
    pub(super) prefix_resets: u64,
    pub(super) profile_starts: u64,
    pub(super) profile_stops: u64,
    first: Histogram<u64>,
    later: Histogram<u64>,
}

/// Which write of an answer was late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    First,
    Later,
}

impl Counters {
    pub(super) fn new() -> Self {
        Counters {
            connections: 0,
            requests: 0,
            finished: 0,
            prompt_tokens: 0,
            tokens: 0,
            writes: 0,
            writes_blocked: 0,
            prefix_queries: 0,
            prefix_hits: 0,
            prefix_resets: 0,
            profile_starts: 0,
            profile_stops: 0,
            first: histogram(),
            later: histogram(),
        }
    }

    /// A write began so many nanoseconds after its deadline.
    pub(super) fn late(&mut self, moment: Moment, nanoseconds: u64) {
        match moment {
            Moment::First => self.first.saturating_record(nanoseconds),
            Moment::Later => self.later.saturating_record(nanoseconds),
        }
    }

    /// The account as plain values.
    pub(super) fn stats(&self, running: usize, waiting: usize) -> Stats {
        Stats {
            connections: self.connections,
            requests: self.requests,
            finished: self.finished,
            running: running as u64,
            waiting: waiting as u64,
            prompt_tokens: self.prompt_tokens,
            tokens: self.tokens,
            writes: self.writes,
            writes_blocked: self.writes_blocked,
            prefix_queries: self.prefix_queries,
            prefix_hits: self.prefix_hits,
            prefix_resets: self.prefix_resets,
            profile_starts: self.profile_starts,
            profile_stops: self.profile_stops,
            first_late: Lateness::of(&self.first),
            later_late: Lateness::of(&self.later),
        }
    }
}

/// How late the writes of one kind began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lateness {
    /// How many writes had a deadline.
    pub count: u64,
    /// The median, in nanoseconds after the deadline.
    pub p50_ns: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
    /// The 99.5th percentile: a late write makes one gap too long and the next too short, so this is the 99th of gaps.
    pub p995_ns: u64,
    /// The worst.
    pub max_ns: u64,
}

impl Lateness {
    fn of(histogram: &Histogram<u64>) -> Self {
        Lateness {
            count: histogram.len(),
            p50_ns: histogram.value_at_quantile(0.5),
            p99_ns: histogram.value_at_quantile(0.99),
            p995_ns: histogram.value_at_quantile(0.995),
            max_ns: histogram.max(),
        }
    }
}

/// The simulator's account of itself since its start or the last reset; as text, one line of JSON with times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests for output of a model that arrived.
    pub requests: u64,
    /// Answers written to their end, those that were told to break off included.
    pub finished: u64,
    /// Answers under way (with a batching model: those in the batch).
    pub running: u64,
    /// Requests in the batching model's queue.
    pub waiting: u64,
    /// Prompt tokens of all requests.
    pub prompt_tokens: u64,
    /// Output tokens written.
    pub tokens: u64,
    /// Writes to sockets.
    pub writes: u64,
    /// Writes that the socket did not take at once, in full.
    pub writes_blocked: u64,
    /// Prompt tokens that were looked up in the prefix cache.
    pub prefix_queries: u64,
    /// Those of them that it had.
    pub prefix_hits: u64,
    /// Calls of `/reset_prefix_cache`.
    pub prefix_resets: u64,
    /// Calls of `/start_profile`.
    pub profile_starts: u64,
    /// Calls of `/stop_profile`.
    pub profile_stops: u64,
    /// Lateness of the first tokens.
    pub first_late: Lateness,
    /// Lateness of the tokens after it.
    pub later_late: Lateness,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"{{"connections":{},"requests":{},"#, self.connections, self.requests)?;
        write!(f, r#""finished":{},"running":{},"waiting":{},"#, self.finished, self.running, self.waiting)?;
        write!(f, r#""prompt_tokens":{},"tokens":{},"#, self.prompt_tokens, self.tokens)?;
        write!(f, r#""writes":{},"writes_blocked":{},"#, self.writes, self.writes_blocked)?;
        write!(f, r#""prefix_queries":{},"prefix_hits":{},"#, self.prefix_queries, self.prefix_hits)?;
        write!(f, r#""prefix_resets":{},"profile_starts":{},"#, self.prefix_resets, self.profile_starts)?;
        write!(f, r#""profile_stops":{},"#, self.profile_stops)?;
        write!(f, r#""first_token_late_ms":{},"later_token_late_ms":{}}}"#, self.first_late, self.later_late)
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |ns: u64| ns as f64 / 1e6;
        write!(f, r#"{{"count":{},"p50":{:.4},"#, self.count, ms(self.p50_ns))?;
        write!(f, r#""p99":{:.4},"p99.5":{:.4},"max":{:.4}}}"#, ms(self.p99_ns), ms(self.p995_ns), ms(self.max_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_json_and_keeps_first_and_later_tokens_apart() {
        let mut counters = Counters::new();
        counters.requests = 2;
        counters.late(Moment::First, 1_000_000);
        (1..=100).for_each(|n| counters.late(Moment::Later, n * 10_000));
        let json: serde_json::Value = serde_json::from_str(&counters.stats(3, 0).to_string()).unwrap();
        assert_eq!((&json["requests"], &json["running"]), (&2.into(), &3.into()));
        assert_eq!(json["first_token_late_ms"]["count"], 1);
        let later = &json["later_token_late_ms"];
        assert!((later["p50"].as_f64().unwrap() - 0.5).abs() < 0.001, "{later}");
        assert!((later["max"].as_f64().unwrap() - 1.0).abs() < 0.001, "{later}");
    }
}
