//! The requests of one run: a ready check, warm-ups, the run itself, all through the same hot path.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::align::{Iter, Supply};
use super::count::Counting;
use super::probing::Probing;
use super::{Experiment, Schedule, Site, around, setup};
use crate::backend::template::Fixed;
use crate::backend::{Connect, Server};
use crate::dataset::Sample;
use crate::drive::{self, Observation, Patience, Settings, Stop, Target, limits};
use crate::error::{Error, Result};
use crate::plan::request::Encoder;
use crate::plan::turns::{self, Turns};
use crate::plan::{Load, probe};
use crate::record::{Collector, Counters, Moment, Overdue, Partition, Record, Run, Setup, Tell, Tick};
use crate::secrets::Secrets;

/// How long requests may take where the user sets no limit.
const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);
/// Connections that are opened beforehand at most: one address has some 28,000 ports to connect from.
const MOST_CONNECTIONS: usize = 20_000;

/// Encoded requests that wait for their turn.
pub(super) const AHEAD_BYTES: usize = 8 * 1024 * 1024;
/// Encoded requests that wait where all are sent at once.
const AT_ONCE_BYTES: usize = 64 * 1024 * 1024;

/// What is needed to send the requests of a run.
pub(super) struct Session {
    /// What the run is.
    pub(super) setup: Setup,
    pub(super) targets: Arc<[Target]>,
    pub(super) server: Server,
    pub(super) secrets: Secrets,
    pub(super) load: Load,
    pub(super) encoder: Encoder,
    /// The first sample, which the ready check and warm-ups send too where they have none of their own.
    pub(super) first: Sample,
    /// The warm-ups' own.
    pub(super) warm_ups: Vec<Sample>,
    samples: Iter,
    /// How the samples belong together, where requests do not stand alone.
    turns: Option<Turns>,
    /// The id of the first turn of each conversation.
    pub(super) conversations: Vec<u32>,
    count: usize,
    due: Vec<Tick>,
    /// Whether the record of a request has its body.
    keep_requests: bool,
    late_warnings: Receiver<String>,
}

/// A run that has been sent.
pub(super) struct Sent {
    pub(super) setup: Setup,
    pub(super) collector: Collector,
    pub(super) counting: Counting,
    /// What turned out while samples were made.
    pub(super) late_warnings: Vec<String>,
    /// When the last answer ended.
    end: Tick,
    ending: drive::End,
    /// The id of the first turn of each conversation.
    conversations: Vec<u32>,
    /// The probes that were sent beside it.
    probes: Vec<Record>,
    /// Requests that were due and never started.
    overdue: Overdue,
}

impl Sent {
    /// The whole run, and why it ended early where something broke.
    pub(super) fn into_run(self, counted: Option<(Counters, Counters)>) -> (Run, Option<Error>) {
        let drive::End { health, stopped, gave_up, error, .. } = self.ending;
        let run = Run {
            setup: self.setup,
            conversations: self.conversations,
            probes: self.probes,
            overdue: self.overdue,
            counted,
            partial: stopped || gave_up || error.is_some(),
            gave_up,
            ..self.collector.finish(self.end, health)
        };
        (run, error.map(|error| error.context("the run ended early")))
    }
}

impl Session {
    /// Finds the server's address and makes the first sample. The requests of the run go to adapters, where there are some; the
    /// ready check, warm-ups and probes go to the model itself.
    pub(super) fn new(experiment: &Experiment, site: &Site, schedule: Schedule, tell: Tell<'_>) -> Result<Self> {
        let (server, content) = (&experiment.server, &experiment.workload.content);
        let fixed = Fixed {
            model: &site.model.name,
            logprobs: content.logprobs,
            ignore_eos: content.ignore_eos,
            delivery: content.delivery,
            overlay: &content.overlay,
            dropped: &content.dropped,
            base: content.base.as_ref(),
        };
        let targets = Target::resolve_all(server)?;
        let encoder = Encoder::new(targets.iter().map(Target::start), &server.all_headers(), server.backend, &fixed);
        let Schedule { mut samples, turns, due, recorded, adapters, warm_ups } = schedule;
        let first = samples.iter.next().expect("a schedule has a sample")?;
        encoder.check(&first)?;
        let proxy = targets.iter().find_map(Target::proxy).map(str::to_owned);
        if let Some(proxy) = &proxy {
            tell(Moment::Noticed(&format!(
                "requests go through the proxy `{proxy}` of the environment: its buffering shows in latencies; NO_PROXY names \
                 servers that are reached without it"
            )));
        }
        around::reaches(&experiment.around, targets.len(), site)?;
        let routes = targets.len() * server.local.len().max(1);
        limits::room_for(at_once(&due, experiment.load.max_concurrency), routes)?;
        let servers = in_turn(&targets, due.len());
        let servers = servers.map(|assigned| Arc::new(Turns::spread(turns.as_ref(), assigned)));
        let setup = setup(experiment, site);
        let rate_changes = setup.ramp.map_or(Vec::new(), |ramp| ramp.changes(&due));
        Ok(Session {
            setup: Setup { rate_changes, recorded, adapters, servers, proxy, ..setup },
            targets: targets.into(),
            server: server.clone(),
            secrets: server.secrets(),
            load: experiment.load.clone(),
            encoder,
            first,
            warm_ups,
            samples: samples.iter,
            conversations: turns.as_ref().map_or(Vec::new(), Turns::first_ids),
            turns,
            count: samples.count,
            due,
            keep_requests: experiment.workload.keep_requests,
            late_warnings: samples.late_warnings,
        })
    }

    /// How many requests the run has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many servers the requests go to.
    pub(super) fn servers(&self) -> usize {
        self.targets.len()
    }

    /// When the last request of the schedule is due.
    pub(super) fn last_due(&self) -> Tick {
        self.due.last().copied().unwrap_or_default()
    }

    /// Replaces the samples, all of which are still to be sent, if there are others.
    pub(super) fn replace(self, with: impl FnOnce(Supply) -> Result<Option<Supply>>) -> Result<Option<Self>> {
        let replaced = with(Supply { first: self.first, rest: self.samples })?;
        Ok(replaced.map(|Supply { first, rest }| Session { first, samples: rest, ..self }))
    }

    /// Sends all requests, and gathers, counts and tells what happens.
    pub(super) fn run(self, mut counting: Counting, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<Sent> {
        let (settings, stream) = (self.settings(), self.stream());
        let (mut collector, mut end) = (Collector::new(self.count as u64), Tick::ZERO);
        let probing = self.load.probe_rate.map(|rate| {
            let first = probe::probes(&self.encoder, &self.first, rate)?;
            Probing::start(first, self.settings())
        });
        let probing = probing.transpose()?;
        // Of conversations only the first turns are due by a schedule.
        let due = if self.turns.is_none() { self.due.clone() } else { Vec::new() };
        let samples = std::iter::once(Ok(self.first)).chain(self.samples);
        let encoder = self.encoder.with_adapters(self.setup.adapters.clone()).with_servers(self.setup.servers.clone());
        let jobs = match self.turns {
            None => encoder.jobs(samples, self.due),
            Some(turns) => turns::jobs(encoder, samples, turns.course(&self.load, self.due)),
        };
        let stream = drive::Stream { jobs, ..stream };
        let ending = drive::run(stream, settings, stop, &mut |observation| match observation {
            Observation::Began => {}
            Observation::Finished(mut finished) => {
                finished.detail = self.secrets.mask(finished.detail);
                tell(Moment::Ended(&finished));
                end = end.max(finished.record.end);
                collector.push(*finished);
                counting.relieve(&mut collector);
            }
            Observation::Beat { at, in_flight, chunks } => tell(Moment::Beat { at, in_flight, chunks }),
            Observation::Stopping { in_flight, grace } => tell(Moment::Stopping { in_flight, grace }),
        });
        let (probes, unprobed) = probing.map_or((Vec::new(), None), Probing::end);
        let ending = ending?;
        let late_warnings = self.late_warnings.try_iter().collect();
        let overdue = ending.closed.map_or_else(Overdue::default, |closed| overdue(&due, collector.finished(), closed));
        Ok(Sent {
            setup: self.setup,
            collector,
            counting,
            late_warnings,
            end,
            ending: drive::End { error: ending.error.or(unprobed), ..ending },
            conversations: self.conversations,
            probes,
            overdue,
        })
    }

    /// How long one request may take.
    pub(super) fn patience(&self) -> Patience {
        Patience { limit: self.server.request_timeout.unwrap_or(NO_TIMEOUT), flag: "--request-timeout" }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            targets: Arc::clone(&self.targets),
            backend: self.server.backend,
            delivery: self.encoder.delivery(),
            patience: self.patience(),
            max_event_bytes: self.server.max_event_bytes,
            connect: self.server.connect,
            keep_requests: self.keep_requests,
        }
    }

    /// The stream without its jobs: how many connections, encoded requests and threads it wants from the start.
    fn stream(&self) -> drive::Stream {
        let limit = self.load.max_concurrency.unwrap_or(usize::MAX);
        let a_second = busiest_second(&self.due);
        let count = self.due.len();
        let busy = a_second.min(limit).min(count);
        let connections = match self.server.connect {
            Connect::Beforehand => busy.min(MOST_CONNECTIONS).min(limits::connections()),
            Connect::InRequest => 0,
        };
        drive::Stream {
            jobs: Box::new(std::iter::empty()),
            max_in_flight: self.load.max_concurrency,
            workers: workers(self.load.workers, busy),
            connections,
            ready: a_second.min(limit.saturating_mul(2)).min(count),
            budget: if busy == count { AT_ONCE_BYTES } else { AHEAD_BYTES },
            duration: self.load.duration,
            max_failures: self.load.max_failures.map(|limit| limit.of(self.count as u64)),
        }
    }
}

/// The servers of so many requests, or conversations, that go to them in turn, where there are several.
pub(super) fn in_turn(targets: &[Target], count: usize) -> Option<Partition> {
    let names = || targets.iter().map(|target| target.name().to_owned()).collect();
    (targets.len() > 1).then(|| Partition::in_turn(names(), count))
}

/// What was due by the moment `closed` beyond the `started` requests, which started in the order of their schedule.
fn overdue(due: &[Tick], started: usize, closed: Tick) -> Overdue {
    let waiting = due.iter().skip(started).take_while(|at| **at <= closed);
    let longest = due.get(started).filter(|at| **at <= closed).map_or(0, |at| closed.since(*at));
    Overdue { requests: waiting.count() as u64, longest_wait: Tick::from_nanos(longest) }
}

/// So many requests are in flight at once, as far as that is known: those of the limit, or all where all are due at once.
fn at_once(due: &[Tick], limit: Option<usize>) -> usize {
    match limit {
        Some(limit) => limit.min(due.len()),
        None if due.iter().all(|at| *at == due[0]) => due.len(),
        None => 0,
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

/// Threads that carry the load: what the user asked for, else one a core, and no more than requests of a busy second.
fn workers(asked: Option<NonZeroUsize>, busy: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.map_or(cores.min(16).min(busy).max(1), NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_due_and_never_started_is_counted_with_its_longest_wait() {
        let due: Vec<Tick> = [0, 10, 20, 30, 40].map(Tick::from_nanos).to_vec();
        let of = |started, closed| overdue(&due, started, Tick::from_nanos(closed));
        assert_eq!(of(2, 35), Overdue { requests: 2, longest_wait: Tick::from_nanos(15) });
        assert_eq!(of(5, 90), Overdue::default());
        assert_eq!(of(4, 35), Overdue::default());
    }

    #[test]
    fn the_busiest_second_may_be_any() {
        let due = |millis: &[u64]| millis.iter().map(|millis| Tick::from_nanos(millis * 1_000_000)).collect::<Vec<_>>();
        assert_eq!(busiest_second(&due(&[])), 0);
        assert_eq!(busiest_second(&due(&[0, 0, 0])), 3);
        assert_eq!(busiest_second(&due(&[0, 900, 1000, 1899, 1900, 5000])), 3);
    }
}
