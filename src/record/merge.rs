//! Several runs become one: parts of a load that were sent or written apart. Nothing depends on their order, so that however
//! a run was cut, what is put together again is the same run.

use std::collections::HashSet;
use std::path::PathBuf;

use super::collect::in_order;
use super::{Health, Run};
use crate::error::{Error, Result};

impl Run {
    /// The run that these files of records hold: one, or the parts of one.
    ///
    /// # Errors
    /// If one cannot be read, or they are no parts of one run.
    pub fn of_parts(files: &[PathBuf]) -> Result<Run> {
        let mut files = files.iter();
        let mut run = files.next().map_or_else(|| Err(Error::new("no file is named")), |first| Run::read(first))?;
        for path in files {
            let part = Run::read(path)?;
            fits(&run, &part).map_err(|error| error.context(format!("cannot read `{}`", path.display())))?;
            run.merge(part);
        }
        Ok(run)
    }

    /// Takes in all that `other` has, which was set up alike. Both count time from the same moment; the whole lasts as long as
    /// the longer of them. What the server counted is told by one of them.
    pub fn merge(&mut self, other: Run) {
        self.records.extend(other.records);
        self.gaps.merge(other.gaps);
        in_order(&mut self.records, &mut self.gaps);
        self.errors.merge(other.errors);
        self.flow.merge(&other.flow);
        self.duration = self.duration.max(other.duration);
        self.planned += other.planned;
        self.workload = self.workload.wrapping_add(other.workload);
        self.conversations.extend(other.conversations);
        self.conversations.sort_unstable();
        self.partial |= other.partial;
        self.sound_nanos = self.sound_nanos.saturating_add(other.sound_nanos);
        self.server_times |= other.server_times;
        self.uncounted += other.uncounted;
        self.health.merge(&other.health);
        self.probes.extend(other.probes);
        self.counted = self.counted.take().or(other.counted);
        self.missing.extend(other.missing);
    }
}

impl Health {
    /// Takes in what another part of the program, or another process, saw.
    pub fn merge(&mut self, other: &Health) {
        let same_bounds = "all spreads have the same bounds";
        self.lag.add(&other.lag).expect(same_bounds);
        self.connect.add(&other.connect).expect(same_bounds);
        self.kernel_stamps |= other.kernel_stamps;
        self.merged_chunks += other.merged_chunks;
        self.stale_connections += other.stale_connections;
        self.clock_steps += other.clock_steps;
        self.cpu_seconds += other.cpu_seconds;
        self.max_rss_bytes = self.max_rss_bytes.max(other.max_rss_bytes);
    }
}

/// Whether `part` can be of the same run.
fn fits(run: &Run, part: &Run) -> Result<()> {
    if run.setup.task != part.setup.task {
        return Err(Error::new("its requests ask for something else than those of the files before it")
            .hint("name the files of one run; `llmbench compare` holds several against each other"));
    }
    let ids: HashSet<u32> = run.records.iter().map(|record| record.id).collect();
    match part.records.iter().find(|record| ids.contains(&record.id)) {
        None => Ok(()),
        Some(record) => Err(Error::new(format!("its request {} is in a file before it too", record.id))
            .hint("name the parts of one run; `llmbench compare` holds several runs against each other")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Record, Setup, Task};

    #[test]
    fn parts_of_a_run_share_no_request_and_ask_for_the_same() {
        let run = |id, task| Run {
            setup: Setup { task, ..Setup::default() },
            records: vec![Record { id, ..Default::default() }],
            ..Run::default()
        };
        let [text, vectors] = [Task::Generation, Task::Pooling];
        assert!(fits(&run(0, text), &run(1, text)).is_ok());
        for other in [run(0, text), run(1, vectors)] {
            assert!(fits(&run(0, text), &other).unwrap_err().advice().is_some());
        }
    }
}
