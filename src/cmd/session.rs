//! The requests of one `serve`: a ready check, warm-ups, the run, all through the same hot path.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime};

use super::align::Iter;
use super::probing::Probing;
use super::watch::{Details, Watch};
use crate::backend::template::Fixed;
use crate::backend::{Connect, Server};
use crate::dataset::{Sample, Samples};
use crate::drive::{self, Certificates, Ending, Observation, Settings, Stop, Target, limits};
use crate::error::{Error, Result};
use crate::plan::request::Encoder;
use crate::plan::turns::{self, Turns};
use crate::plan::{Job, Load, probe};
use crate::record::{Adapters, Finished, Outcome, Record, Tick};
use crate::ui::Progress;
use crate::ui::out::say;

/// How long requests may take where the user sets no limit.
const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The longest pause between two tries of the ready check.
const PAUSE: Duration = Duration::from_secs(1);
/// Connections that are opened beforehand at most: one address has some 28,000 ports to connect from.
const MOST_CONNECTIONS: usize = 20_000;

/// Encoded requests that wait for their turn.
const AHEAD_BYTES: usize = 8 * 1024 * 1024;
/// Encoded requests that wait where all are sent at once.
const AT_ONCE_BYTES: usize = 64 * 1024 * 1024;

/// What is needed to send the requests of a run.
pub(super) struct Session {
    target: Arc<Target>,
    server: Server,
    load: Load,
    encoder: Encoder,
    /// The first sample, which the ready check and warm-ups send too.
    first: Sample,
    samples: Iter,
    /// How the samples belong together, where requests do not stand alone.
    turns: Option<Turns>,
    count: usize,
    due: Vec<Tick>,
    adapters: Option<Arc<Adapters>>,
    late_warnings: Receiver<String>,
}

/// A run that has been sent.
pub(super) struct Sent {
    pub(super) watch: Watch,
    pub(super) ending: Ending,
    pub(super) late_warnings: Vec<String>,
    /// The id of the first turn of each conversation.
    pub(super) conversations: Vec<u32>,
    /// The probes that were sent beside it.
    pub(super) probes: Vec<Record>,
}

impl Session {
    /// Finds the server's address and makes the first sample.
    pub(super) fn new(
        server: &Server,
        load: &Load,
        fixed: &Fixed<'_>,
        ((mut samples, turns), due): ((Samples, Option<Turns>), Vec<Tick>),
    ) -> Result<Self> {
        let certificates = if server.insecure { Certificates::Ignore } else { Certificates::Verify };
        let target = Arc::new(Target::resolve(&server.url, certificates)?);
        let template = server.backend.template(fixed);
        let line = target.request_line("POST", &server.url.path);
        let encoder = Encoder::new(&line, &server.url.authority(), &server.all_headers(), template);
        let first = samples.iter.next().expect("an empty dataset is refused before")?;
        encoder.check(&first)?;
        let server = server.clone();
        let (samples, count, late_warnings) = (samples.iter, samples.count, samples.late_warnings);
        let (load, adapters) = (load.clone(), None);
        Ok(Session { target, server, load, encoder, first, samples, turns, count, due, adapters, late_warnings })
    }

    /// The requests of the run go to adapters; the ready check, warm-ups and probes go to the model itself.
    pub(super) fn with_adapters(self, adapters: Option<Arc<Adapters>>) -> Self {
        Session { adapters, ..self }
    }

    /// How many requests the run has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Replaces the samples, all of which are still to be sent.
    pub(super) fn replace(mut self, with: impl FnOnce(Sample, Iter) -> Result<(Sample, Iter)>) -> Result<Self> {
        (self.first, self.samples) = with(self.first, self.samples)?;
        Ok(self)
    }

    /// The ready check, if it was asked for; tells whether the run may go on.
    pub(super) fn check_ready(&self, stop: &Receiver<Stop>, out: &mut dyn Write) -> Result<bool> {
        say(out, "Starting initial single prompt test run...")?;
        match self.load.ready_check {
            None => say(out, "Skipping endpoint ready check.")?,
            Some(limit) => {
                say(out, &format!("Waiting for endpoint to become up in {} seconds", limit.as_secs()))?;
                if !self.wait_until_ready(limit, stop)? {
                    return Ok(false);
                }
                say(out, "Initial test run completed.")?;
            }
        }
        Ok(true)
    }

    /// The warm-ups, as far as they were asked for; tells whether the run may go on.
    pub(super) fn warm_up(&self, stop: &Receiver<Stop>, out: &mut dyn Write) -> Result<bool> {
        if self.load.warmups > 0 {
            say(out, &format!("Warming up with {} requests...", self.load.warmups))?;
            let (_, stopped) = self.test(self.load.warmups, stop)?;
            if stopped {
                return Ok(false);
            }
            say(out, "Warmup run completed.")?;
        }
        say(out, "Starting main benchmark run...")?;
        Ok(true)
    }

    fn wait_until_ready(&self, limit: Duration, stop: &Receiver<Stop>) -> Result<bool> {
        let begun = SystemTime::now();
        loop {
            let (finished, stopped) = self.test(1, stop)?;
            let Some(finished) = finished.filter(|_| !stopped) else { return Ok(false) };
            if finished.record.outcome == Outcome::Done {
                return Ok(true);
            }
            let left = limit.saturating_sub(begun.elapsed().unwrap_or(limit));
            if left.is_zero() {
                let what = format!("the server was not ready within {} s: {}", limit.as_secs(), finished.detail);
                return Err(Error::new(what).hint("check the address, or raise `--ready-check-timeout-sec`"));
            }
            if !matches!(stop.recv_timeout(left.min(PAUSE)), Err(mpsc::RecvTimeoutError::Timeout)) {
                return Ok(false);
            }
        }
    }

    /// Sends the first sample `count` times, without a request id; gives the last that finished, and whether it was stopped.
    fn test(&self, count: usize, stop: &Receiver<Stop>) -> Result<(Option<Finished>, bool)> {
        let sample = Sample { request_id: None, ..self.first.clone() };
        let jobs: Vec<Job> = (0..count).map(|id| self.encoder.job(id as u32, Tick::ZERO, &sample)).collect();
        let load = drive::Load {
            jobs: Box::new(jobs.into_iter().map(Ok)),
            max_in_flight: self.load.max_concurrency,
            workers: 1,
            connections: 0,
            ready: count,
            budget: AHEAD_BYTES,
            duration: None,
        };
        let mut last = None;
        let ending = drive::run(load, self.settings(), stop, &mut |observation| {
            if let Observation::Finished(finished) = observation {
                last = Some(*finished);
            }
        })?;
        Ok((last, ending.stopped))
    }

    /// Sends all requests and gathers what happens.
    pub(super) fn run(self, stop: &Receiver<Stop>, details: Option<Details>, progress: Progress) -> Result<Sent> {
        let (settings, load) = (self.settings(), self.drive_load());
        let mut watch = Watch::new(self.count as u64, details, progress);
        let probing = self.load.probe_rate.map(|rate| {
            let first = probe::probes(&self.encoder, &self.first, rate)?;
            Probing::start(first, self.settings())
        });
        let probing = probing.transpose()?;
        let samples = std::iter::once(Ok(self.first)).chain(self.samples);
        let encoder = self.encoder.with_adapters(self.adapters);
        let (jobs, conversations) = match self.turns {
            None => (encoder.jobs(samples, self.due), Vec::new()),
            Some(turns) => {
                let course = turns.course(&self.load, self.due);
                let first_ids = turns::first_ids(&course.turns);
                (turns::jobs(encoder, samples, course), first_ids)
            }
        };
        let load = drive::Load { jobs, ..load };
        let ending = drive::run(load, settings, stop, &mut |observation| watch.observe(observation));
        let probes = probing.map_or(Ok(Vec::new()), Probing::end)?;
        let late_warnings = self.late_warnings.try_iter().collect();
        Ok(Sent { watch, ending: ending?, late_warnings, conversations, probes })
    }

    fn settings(&self) -> Settings {
        Settings {
            target: Arc::clone(&self.target),
            backend: self.server.backend,
            delivery: self.encoder.delivery(),
            request_timeout: self.server.request_timeout.unwrap_or(NO_TIMEOUT),
            max_event_bytes: self.server.max_event_bytes,
            connect: self.server.connect,
        }
    }

    /// The load without its jobs: how many connections, encoded requests and threads it wants from the start.
    fn drive_load(&self) -> drive::Load {
        let limit = self.load.max_concurrency.unwrap_or(usize::MAX);
        let a_second = busiest_second(&self.due);
        let count = self.due.len();
        let busy = a_second.max(16).min(limit).min(count);
        let connections = match self.server.connect {
            Connect::Beforehand => busy.min(MOST_CONNECTIONS).min(limits::connections()),
            Connect::InRequest => 0,
        };
        drive::Load {
            jobs: Box::new(std::iter::empty()),
            max_in_flight: self.load.max_concurrency,
            workers: workers(self.load.workers, limit.min(count)),
            connections,
            ready: a_second.min(limit.saturating_mul(2)).min(count),
            budget: if busy == count { AT_ONCE_BYTES } else { AHEAD_BYTES },
            duration: self.load.duration,
        }
    }
}

/// The most requests that are due within any one second; `due` never goes back.
fn busiest_second(due: &[Tick]) -> usize {
    let mut first = 0;
    let within = |(index, at): (usize, &Tick)| {
        while at.since(due[first]) >= 1_000_000_000 {
            first += 1;
        }
        index + 1 - first
    };
    due.iter().enumerate().map(within).max().unwrap_or(0)
}

/// Threads that carry the load: what the user asked for, else one a core.
fn workers(asked: Option<NonZeroUsize>, most_in_flight: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.map_or(cores.min(16).min(most_in_flight).max(1), NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_may_be_any() {
        let due = |millis: &[u64]| millis.iter().map(|millis| Tick::from_nanos(millis * 1_000_000)).collect::<Vec<_>>();
        assert_eq!(busiest_second(&due(&[])), 0);
        assert_eq!(busiest_second(&due(&[0, 0, 0])), 3);
        assert_eq!(busiest_second(&due(&[0, 900, 1000, 1899, 1900, 5000])), 3);
    }
}
