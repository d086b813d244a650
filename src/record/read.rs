//! A whole run from its file: what the end of a live run is made of goes through the same collector, so that the two are
//! equal. Lines are read one at a time and the texts of answers passed over; what is kept is what a live run keeps.

use std::path::Path;

use jiff::SignedDuration;

use super::begin::Begin;
use super::end::End;
use super::file;
use super::lines::Lines;
use super::{Collector, Finished, Run, Setup, Tick};
use crate::error::{Error, Result};

/// No run lasts longer: what lies beyond is no time of a request.
const LONGEST: Tick = Tick::from_nanos(100 * 24 * 3600 * 1_000_000_000);

impl Run {
    /// Whether the file at `path` is one of records, as far as it goes: an empty one and one that was cut short may be.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn is_at(path: &Path) -> Result<bool> {
        file::begins_as_records(path)
    }

    /// Reads the run that the record file at `path` holds. Where its last line is missing the run was killed: it is partial,
    /// ended with its last answer, and answers that the server did not count have one token each.
    ///
    /// # Errors
    /// If the file cannot be read, is of another format or a newer version, or has a line that makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let (lines, begin, end) = Lines::of(file::open(path)?, path)?;
        let Begin { planned, setup, conversations } = begin;
        let mut last = Tick::ZERO;
        // A file may say anything of how much there is to come.
        let mut collector = Collector::new(planned.min(lines.most()));
        lines.each(|_, text| {
            let finished = file::without_text(text)?;
            let id = finished.record.id;
            last = last.max(latest(&finished)?);
            collector.push(finished);
            match end.as_ref().and_then(|end| end.tokens_of(id)) {
                Some(tokens) => collector.count(id, tokens),
                None => collector.assume(id),
            }
            Ok(())
        })?;
        let end = end.unwrap_or_else(|| killed(&setup, last));
        let run = collector.finish(end.duration, end.health);
        Ok(Run {
            setup: Setup { ended: end.ended, ..setup.into_owned() },
            planned: planned.max(run.records.len() as u64),
            conversations: conversations.into_owned(),
            partial: end.partial,
            probes: end.probes,
            counted: end.counted,
            ..run
        })
    }
}

/// When the last thing happened that a line tells of.
fn latest(finished: &Finished) -> Result<Tick> {
    let record = &finished.record;
    let times = [record.due, record.sent, record.first, record.last, record.end];
    let latest = times.into_iter().chain(finished.chunks.iter().copied()).max().unwrap_or_default();
    if latest > LONGEST {
        return Err(Error::new(format!("it has a time of {} s", latest.as_secs_f64())));
    }
    Ok(record.end)
}

/// The end of a run whose last answer came at `last`, and that came to no other.
fn killed(setup: &Setup, last: Tick) -> End {
    let ended = setup.started.saturating_add(SignedDuration::from_nanos(last.nanos() as i64));
    End { duration: last, ended, partial: true, ..End::default() }
}

#[cfg(test)]
#[path = "read_test.rs"]
mod tests;
