//! What a run tells, taken in: records, details on disk, progress.

use std::path::PathBuf;
use std::time::Duration;

use crate::drive::Observation;
use crate::error::Error;
use crate::record::file::Writer;
use crate::record::{Collector, Finished, Outcome, Spread, Tick, spread};
use crate::ui::{Progress, Snapshot};

/// Gathers what a run tells.
pub(super) struct Watch {
    pub(super) collector: Collector,
    /// Where details go as they happen.
    pub(super) details: Option<Details>,
    /// When the last answer ended.
    pub(super) end: Tick,
    progress: Progress,
    seen: Seen,
}

/// A file of details.
pub(super) struct Details {
    pub(super) path: PathBuf,
    pub(super) writer: Writer,
    /// Why it has stopped taking records.
    pub(super) broken: Option<Error>,
}

/// What the progress line shows.
struct Seen {
    total: u64,
    done: u64,
    failed: u64,
    chunks: u64,
    tokens: u64,
    ttft: Spread,
    itl: Spread,
}

impl Watch {
    /// Watches a run of `total` requests.
    pub(super) fn new(total: u64, details: Option<Details>, progress: Progress) -> Self {
        let seen = Seen { total, done: 0, failed: 0, chunks: 0, tokens: 0, ttft: spread(), itl: spread() };
        Watch { collector: Collector::new(total), details, end: Tick::ZERO, progress, seen }
    }

    /// Takes in one observation.
    pub(super) fn observe(&mut self, observation: Observation) {
        match observation {
            Observation::Began => {}
            Observation::Finished(finished) => self.finished(*finished),
            Observation::Beat { at, in_flight, chunks } => {
                let snapshot = self.seen.snapshot(at, in_flight, chunks);
                self.progress.update(&snapshot);
            }
        }
    }

    fn finished(&mut self, finished: Finished) {
        if let Some(details) = self.details.as_mut().filter(|details| details.broken.is_none()) {
            details.broken = details.writer.append(&finished).err();
        }
        self.end = self.end.max(finished.record.end);
        self.seen.add(&finished);
        self.collector.push(finished);
    }

    /// Takes the progress line away.
    pub(super) fn into_parts(self) -> (Collector, Option<Details>, Tick) {
        self.progress.finish();
        (self.collector, self.details, self.end)
    }
}

impl Seen {
    fn add(&mut self, finished: &Finished) {
        let record = &finished.record;
        self.done += 1;
        if record.outcome != Outcome::Done {
            self.failed += 1;
            return;
        }
        self.chunks += u64::from(record.chunks);
        self.tokens += u64::from(record.output_tokens.max(record.chunks));
        self.ttft.saturating_record(record.first.since(record.sent));
        for pair in finished.chunks.windows(2) {
            self.itl.saturating_record(pair[1].since(pair[0]));
        }
    }

    fn snapshot(&self, at: Tick, in_flight: u64, chunks: u64) -> Snapshot {
        let elapsed = Duration::from_nanos(at.nanos());
        let a_second = |count: f64| if elapsed.is_zero() { 0.0 } else { count / elapsed.as_secs_f64() };
        let tokens_a_chunk = if self.chunks == 0 { 1.0 } else { self.tokens as f64 / self.chunks as f64 };
        let millis =
            |spread: &Spread, quantile| (!spread.is_empty()).then(|| spread.value_at_quantile(quantile) as f64 / 1e6);
        Snapshot {
            elapsed,
            done: self.done,
            total: self.total,
            in_flight,
            failed: self.failed,
            req_per_s: a_second(self.done as f64),
            tok_per_s: a_second(chunks as f64 * tokens_a_chunk),
            ttft_p50: millis(&self.ttft, 0.5),
            ttft_p99: millis(&self.ttft, 0.99),
            itl_p50: millis(&self.itl, 0.5),
            itl_p99: millis(&self.itl, 0.99),
        }
    }
}
