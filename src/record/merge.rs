//! Files of records become one run: their first and last lines come in, what they say together goes out. Nothing measured
//! depends on the order of the files, so that however a run was cut, what is put together again is the same run.
//!
//! Equal first lines are one plan, which is counted once, and so is its last line, whichever of its files has it: so a file may
//! be cut into several that each keep its first line. Other first lines are parts of a load that were sent apart: what they
//! planned adds up. They were asked for the same and began together; what the server counted is told by the first of them
//! that knows it.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::begin::Begin;
use super::end::End;
use super::{Collector, Health, Part, Run, Setup, Tick};
use crate::error::{Error, Result};

/// Parts of one run begin no further apart.
const TOGETHER: SignedDuration = SignedDuration::from_secs(5);

/// Options that each part has of its own: they say how it names its requests and where it writes, and nothing of the load.
const OWN_OPTIONS: [&str; 11] = [
    "request_id_prefix",
    "workers",
    "record",
    "overwrite",
    "result_dir",
    "result_filename",
    "output_json",
    "charts",
    "progress",
    "disable_tqdm",
    "config",
];

/// What to do about files that are not of one run.
pub(super) const OF_ONE_RUN: &str =
    "name the files of one run; `llmbench compare` holds several runs against each other";

/// The plans that files tell of.
#[derive(Default)]
pub(super) struct Plans(Vec<Plan>);

/// What one first line says, and what became of it.
struct Plan {
    /// The first file that says so.
    path: PathBuf,
    begin: Begin<'static>,
    /// What the last line says, if a file has one.
    end: Option<End>,
    /// How many records there are, and when the last of them ended.
    records: u64,
    last: Tick,
}

impl Plans {
    /// Takes in the first and the last line of the file at `path`, and says which of the plans it belongs to.
    ///
    /// # Errors
    /// If it is no part of the same run.
    pub(super) fn add(&mut self, path: &Path, begin: Begin<'static>, end: Option<End>) -> Result<usize> {
        let Some(number) = self.0.iter().position(|plan| plan.begin == begin) else {
            self.0.iter().try_for_each(|plan| plan.fits(&begin.setup))?;
            self.0.push(Plan { path: path.to_owned(), begin, end, records: 0, last: Tick::ZERO });
            return Ok(self.0.len() - 1);
        };
        let plan = &mut self.0[number];
        match (&plan.end, end) {
            (Some(old), Some(new)) if *old != new => {
                let what = format!("it begins like `{}` and ends otherwise", plan.path.display());
                return Err(Error::new(what).hint(OF_ONE_RUN));
            }
            (None, new) => plan.end = new,
            _ => {}
        }
        Ok(number)
    }

    /// How many requests all of them had.
    pub(super) fn planned(&self) -> u64 {
        self.0.iter().fold(0, |sum, plan| sum.saturating_add(plan.begin.planned))
    }

    /// Counts a record of request `id` to a plan, that ended at `end`. The tokens of the answer, if a tokenizer counted them.
    pub(super) fn count(&mut self, plan: usize, id: u32, end: Tick) -> Option<u32> {
        let plan = &mut self.0[plan];
        plan.records += 1;
        plan.last = plan.last.max(end);
        plan.end.as_ref()?.tokens_of(id)
    }

    /// The run of all records, which `collector` has.
    ///
    /// # Errors
    /// If there are not as many as a last line says.
    pub(super) fn run(self, collector: Collector) -> Result<Run> {
        let (planned, several) = (self.planned(), self.0.len() > 1);
        let mut run = Run::default();
        for (number, plan) in self.0.into_iter().enumerate() {
            plan.complete()?;
            let killed = plan.end.is_none();
            let end = plan.end.unwrap_or_else(|| End::killed(&plan.begin.setup, plan.last));
            let setup = Setup { ended: end.ended, ..plan.begin.setup.into_owned() };
            if number == 0 {
                run.setup = setup;
            } else {
                run.setup.started = run.setup.started.min(setup.started);
                run.setup.ended = run.setup.ended.max(setup.ended);
                run.setup.cores = run.setup.cores.max(setup.cores);
            }
            run.conversations.extend_from_slice(&plan.begin.conversations);
            run.duration = run.duration.max(end.duration);
            run.partial |= end.partial;
            run.gave_up |= end.gave_up;
            run.overdue.requests = run.overdue.requests.saturating_add(end.overdue.requests);
            run.overdue.longest_wait = run.overdue.longest_wait.max(end.overdue.longest_wait);
            run.health.merge(&end.health);
            run.probes.extend(end.probes);
            run.counted = run.counted.or(end.counted);
            if killed {
                run.missing = vec![Part::Health];
            }
        }
        run.conversations.sort_unstable();
        run.conversations.dedup();
        if several {
            run.probes.sort_by_key(|probe| (probe.sent, probe.id));
        }
        let Run { setup, conversations, partial, gave_up, overdue, probes, counted, missing, .. } = run;
        let whole = collector.finish(run.duration, run.health);
        let planned = planned.max(whole.records.len() as u64);
        Ok(Run { setup, conversations, partial, gave_up, overdue, probes, counted, missing, planned, ..whole })
    }
}

impl Plan {
    /// Whether a part of the same run may have been set up so.
    fn fits(&self, setup: &Setup) -> Result<()> {
        let Some(other) = difference(&self.begin.setup, setup) else { return Ok(()) };
        let what = format!("it is of another run than `{}`: {other} differs", self.path.display());
        Err(Error::new(what).hint(OF_ONE_RUN))
    }

    /// Whether all records are there that the last line tells of.
    fn complete(&self) -> Result<()> {
        match self.end.as_ref().and_then(|end| end.records) {
            Some(told) if told != self.records => {
                let what = format!("its last line tells of {told} requests, and there are lines of {}", self.records);
                Err(Error::new(what)
                    .context(format!("cannot read `{}`", self.path.display()))
                    .hint("name every file of the run, as it was written"))
            }
            _ => Ok(()),
        }
    }
}

/// A setting that parts of one run share and these do not.
fn difference(one: &Setup, other: &Setup) -> Option<String> {
    let shared = [
        ("what requests ask for", one.task == other.task),
        ("the backend", one.backend == other.backend),
        ("the model", one.model_id == other.model_id),
        ("the tokenizer", one.tokenizer_id == other.tokenizer_id),
        ("the label", one.label == other.label),
        ("the metadata", one.metadata == other.metadata),
        ("the number of prompts", one.num_prompts == other.num_prompts),
        ("the request rate", one.request_rate == other.request_rate && one.ramp == other.ramp),
        ("the burstiness", one.burstiness == other.burstiness),
        ("the limit of requests in flight", one.max_concurrency == other.max_concurrency),
        ("whether requests start when the dataset says", one.recorded == other.recorded),
        ("the rate of probes", one.probe_rate == other.probe_rate),
        ("the spread over adapters", one.adapters == other.adapters),
        ("the spread over servers", one.servers == other.servers),
    ];
    if let Some((name, _)) = shared.into_iter().find(|(_, same)| !same) {
        return Some(name.to_owned());
    }
    let either = one.options.iter().chain(&other.options);
    let unlike = |name: &str| !OWN_OPTIONS.contains(&name) && one.option(name) != other.option(name);
    if let Some((name, _)) = either.into_iter().find(|(name, _)| unlike(name)) {
        return Some(format!("`{name}`"));
    }
    let apart = one.started.duration_since(other.started).abs();
    (apart > TOGETHER).then(|| format!("the start ({} and {})", one.started, other.started))
}

impl Health {
    /// Takes in what another part of the program, or another process, saw.
    pub fn merge(&mut self, other: &Health) {
        let same_bounds = "all spreads have the same bounds";
        self.lag.add(&other.lag).expect(same_bounds);
        self.connect.add(&other.connect).expect(same_bounds);
        self.kernel_stamps |= other.kernel_stamps;
        self.merged_chunks = self.merged_chunks.saturating_add(other.merged_chunks);
        self.stale_connections = self.stale_connections.saturating_add(other.stale_connections);
        self.clock_steps = self.clock_steps.saturating_add(other.clock_steps);
        self.cpu_seconds += other.cpu_seconds;
        self.max_rss_bytes = self.max_rss_bytes.max(other.max_rss_bytes);
    }
}

#[cfg(test)]
#[path = "merge_test.rs"]
mod tests;
