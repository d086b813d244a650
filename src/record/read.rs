//! A whole run from its file: what the end of a live run is made of goes through the same collector, so that the two are
//! equal. Lines are read one at a time and the texts of answers passed over; what is kept is what a live run keeps.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file;
use super::input;
use super::lines::Lines;
use super::merge::{OF_ONE_RUN, Plans};
use super::{Collector, Finished, Record, Run, Tick};
use crate::error::{Error, Result};

/// No run lasts longer: what lies beyond is no time of a request, and the flow would take memory for all the time before it.
const LONGEST: Tick = Tick::from_nanos(7 * 24 * 3600 * 1_000_000_000);

impl Run {
    /// Whether the file at `path` is one of records, as far as it goes: an empty one and one that was cut short may be.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn is_at(path: &Path) -> Result<bool> {
        file::begins_as_records(path)
    }

    /// Reads the run that the record file at `path` holds. Where its last line is missing the run was killed: it is partial,
    /// ended with its last answer, answers that the server did not count have one token each, and nothing is known of how
    /// well it was measured.
    ///
    /// # Errors
    /// If the file cannot be read, is of another format or a newer version, has a line that makes no sense or a second one of
    /// a request, or has fewer records than its last line says.
    pub fn read(path: &Path) -> Result<Self> {
        Run::of_parts(&[path.to_owned()])
    }

    /// Reads the run that these files of records hold together: one, or the parts of one, which share no request. Files with
    /// equal first lines hold one plan, which counts once, and so does its last line; they may be one file that was cut. Files
    /// with other first lines are parts that were sent apart, set up alike and within seconds: what they planned adds up. All
    /// count time from the same moment; the whole lasts as long as the longest of them.
    ///
    /// # Errors
    /// If one cannot be read, or they are no parts of one run.
    pub fn of_parts(files: &[PathBuf]) -> Result<Self> {
        let (mut plans, mut parts) = (Plans::default(), Vec::new());
        for path in files {
            let (lines, begin, end) = Lines::of(input::open(path)?, path)?;
            let plan = plans.add(path, begin, end);
            parts.push((lines, plan.map_err(|error| error.context(format!("cannot read `{}`", path.display())))?));
        }
        // A file may say anything of how much there is to come.
        let most = parts.iter().map(|(lines, _)| lines.most()).sum();
        let mut collector = Collector::new(plans.planned().min(most));
        let mut seen = HashMap::new();
        for ((lines, plan), path) in parts.into_iter().zip(files) {
            lines.each(|_, text| {
                let finished = file::without_text(text)?;
                let id = finished.record.id;
                once(&mut seen, id, path)?;
                let tokens = plans.count(plan, id, ended(&finished)?);
                collector.push(finished);
                match tokens {
                    Some(tokens) => collector.count(id, tokens),
                    None => collector.assume(id),
                }
                Ok(())
            })?;
        }
        plans.run(collector)
    }
}

/// Refuses a second record of a request; `seen` knows the file of each.
fn once<'a>(seen: &mut HashMap<u32, &'a Path>, id: u32, path: &'a Path) -> Result<()> {
    match seen.insert(id, path) {
        None => Ok(()),
        Some(before) if before == path => Err(file::twice(id)),
        Some(before) => Err(Error::new(format!("request {id} is in `{}` too", before.display())).hint(OF_ONE_RUN)),
    }
}

/// When the request of a line ended.
fn ended(finished: &Finished) -> Result<Tick> {
    finished.record.latest().max(finished.chunks.iter().copied().max().unwrap_or_default()).possible()?;
    Ok(finished.record.end)
}

impl Record {
    /// When the last thing happened that it tells of.
    pub(super) fn latest(&self) -> Tick {
        [self.due, self.sent, self.first, self.last, self.end].into_iter().max().unwrap_or_default()
    }
}

impl Tick {
    /// Whether it is the time of a run.
    ///
    /// # Errors
    /// If it lies behind any.
    pub(super) fn possible(self) -> Result<()> {
        if self > LONGEST {
            let days = LONGEST.as_secs_f64() / 86_400.0;
            return Err(Error::new(format!(
                "it has a time of {} s, and no run of over {days} days is read",
                self.as_secs_f64()
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "read_test.rs"]
mod tests;
