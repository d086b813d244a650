//! The formulas of one request: a record comes in, seconds go out. Ticks become seconds first, formulas are applied to seconds.

use super::goal::Taken;
use crate::record::{Outcome, Record, Tick};

/// The successful ones.
pub(super) fn done(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.outcome == Outcome::Done)
}

/// What a successful request took, as goals see it.
pub(super) fn taken(record: &Record) -> Taken {
    Taken { ttft: ttft(record), tpot: tpot(record).unwrap_or(0.0), itl: mean_gap(record), e2el: e2el(record) }
}

/// Seconds from `earlier` to `later`.
pub fn seconds(later: Tick, earlier: Tick) -> f64 {
    Tick::from_nanos(later.since(earlier)).as_secs_f64()
}

/// Time to first token, in seconds; 0 for a request without output.
pub fn ttft(record: &Record) -> f64 {
    seconds(record.first, record.sent)
}

/// End-to-end latency, in seconds; 0 for a request without output.
pub fn e2el(record: &Record) -> f64 {
    seconds(record.last, record.sent)
}

/// Client queue time, in seconds.
pub fn queued(record: &Record) -> f64 {
    seconds(record.sent, record.due)
}

/// The mean gap between pieces of an answer, in seconds; 0 for one piece.
fn mean_gap(record: &Record) -> f64 {
    if record.chunks > 1 { seconds(record.last, record.first) / f64::from(record.chunks - 1) } else { 0.0 }
}

/// Time per output token after the first, in seconds, of answers with more than one.
pub fn tpot(record: &Record) -> Option<f64> {
    (record.output_tokens > 1).then(|| (e2el(record) - ttft(record)) / f64::from(record.output_tokens - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_answers_say_nothing_of_time_per_token() {
        let answer = Record { output_tokens: 1, chunks: 1, last: Tick::from_secs_f64(1.0), ..Record::default() };
        assert_eq!(tpot(&answer), None);
        assert_eq!(taken(&answer).tpot, 0.0);
    }
}
