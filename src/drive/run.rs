//! A run from its first request to its last: waits for what it needs, starts the clock, gathers what finishes, stops in time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

use super::clock::{Clock, monotonic};
use super::crew::{Crew, broke};
use super::gate::{Gate, Line};
use super::{Settings, Stream};
use crate::error::{Error, Result};
use crate::record::{Finished, Health, Outcome, Tick};

/// How long requests in flight may go on after a run was asked to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How often the caller's thread looks at what has finished.
const LOOK: Duration = Duration::from_millis(20);

/// Somebody wants the run to stop: the first time nothing more starts, the second time what is in flight is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Observation {
    /// The clock has started.
    Began,
    /// A request has finished.
    Finished(Box<Finished>),
    /// Requests in flight, and pieces of output so far; some fifty times a second.
    Beat {
        /// The moment of the run.
        at: Tick,
        /// Requests in flight.
        in_flight: u64,
        /// Pieces of output since the clock started.
        chunks: u64,
    },
    /// The run was asked to stop: nothing more starts.
    Stopping {
        /// Requests in flight.
        in_flight: u64,
        /// They are cancelled after so long.
        grace: Duration,
    },
}

/// How a run ended.
#[derive(Debug)]
pub struct End {
    /// How well the measurement itself went.
    pub health: Health,
    /// Whether it was stopped by [`Stop`].
    pub stopped: bool,
    /// Whether it ended early since more requests failed than may.
    pub gave_up: bool,
    /// When no more requests were let out, if that was before all had started.
    pub closed: Option<Tick>,
    /// What ended the run early: a job that could not be made, or a thread that died.
    pub error: Option<Error>,
}

/// Runs `stream` and tells `observe` what happens; returns when all requests have ended.
///
/// # Errors
/// If the threads cannot be started. A request that fails is an observation; jobs that cannot be made, and threads that die,
/// end the run early.
pub fn run(
    stream: Stream,
    settings: Settings,
    stop: &Receiver<Stop>,
    observe: &mut dyn FnMut(Observation),
) -> Result<End> {
    let gate = Arc::new(Gate::new(stream.max_in_flight, stream.budget));
    thread::scope(|scope| {
        let started = Crew::start(scope, stream, settings, &gate);
        // Whatever went wrong, nobody may be left waiting at the gate.
        let crew = started.inspect_err(|_| gate.end(Line::Drop))?;
        Ok(lead(crew, stop, &mut Observer { observe, gate: &gate, broke: false, failures: 0 }))
    })
}

/// Whoever watches the run. One that panics ends the run and sees no more of it.
struct Observer<'a> {
    observe: &'a mut dyn FnMut(Observation),
    gate: &'a Gate,
    broke: bool,
    failures: u64,
}

impl Observer<'_> {
    fn tell(&mut self, observation: Observation) {
        let failed = |finished: &Finished| finished.record.outcome != Outcome::Done;
        self.failures += u64::from(matches!(&observation, Observation::Finished(finished) if failed(finished)));
        if !self.broke && catch_unwind(AssertUnwindSafe(|| (self.observe)(observation))).is_err() {
            self.broke = true;
            self.gate.break_down("what watches the run");
        }
    }
}

/// Starts the clock and sees the run to its end.
fn lead(crew: Crew<'_>, stop: &Receiver<Stop>, observer: &mut Observer<'_>) -> End {
    let stopped_early = crew.wait_until_open(stop) || crew.wait_for_jobs(stop);
    let cpu = cpu_seconds();
    let clock = Clock::starting_at(monotonic());
    observer.tell(Observation::Began);
    crew.begin(clock);
    let Watched { stopped, closed, cut, steps } = crew.watch(clock, stop, observer);
    let stopped = stopped || stopped_early;
    // Failures of which the last came when nothing was left to do are no reason to give up.
    let gave_up = crew.gives_up(observer.failures) && cut;
    let cpu = cpu_seconds() - cpu;
    let (found, unmade) = crew.dismiss(|finished| observer.tell(Observation::Finished(Box::new(finished))));
    let health =
        Health { cpu_seconds: cpu, max_rss_bytes: max_rss_bytes(), clock_steps: found.clock_steps + steps, ..found };
    let error = unmade.or_else(|| observer.gate.look().broken.map(broke));
    End { health, stopped, gave_up, closed, error }
}

/// What was seen of a run while it went on.
#[derive(Default)]
struct Watched {
    /// Whether it was stopped.
    stopped: bool,
    /// When it was closed before its end.
    closed: Option<Tick>,
    /// Whether there were requests, in flight or to come, that it was too early for.
    cut: bool,
    /// How often the wall clock was stepped.
    steps: u64,
}

impl Crew<'_> {
    /// Waits until the connections are open that are opened beforehand; tells whether the run was stopped meanwhile.
    fn wait_until_open(&self, stop: &Receiver<Stop>) -> bool {
        while let Err(RecvTimeoutError::Timeout) = self.opened.recv_timeout(LOOK) {
            if stop.try_recv().is_ok() {
                self.gate.end(Line::Drop);
                return true;
            }
        }
        false
    }

    /// Waits until the first requests are encoded; tells whether the run was stopped meanwhile.
    fn wait_for_jobs(&self, stop: &Receiver<Stop>) -> bool {
        loop {
            if stop.try_recv().is_ok() {
                self.gate.end(Line::Drop);
                return true;
            }
            let look = self.gate.look();
            if look.ended || look.crowded || look.waiting >= self.ready {
                return false;
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Passes on what finishes until the run is over; tells what was seen of it. Where a thread has died, what is in flight
    /// gets as long to end as after a stop.
    fn watch(&self, mut clock: Clock, stop: &Receiver<Stop>, observer: &mut Observer<'_>) -> Watched {
        let mut close_at = self.duration.map(|duration| clock.moment(Tick::ZERO) + nanos(duration));
        let (mut leave_at, mut watched) = (None, Watched::default());
        loop {
            while let Ok(finished) = self.finished.try_recv() {
                observer.tell(Observation::Finished(Box::new(finished)));
            }
            if let Some(stepped) = clock.stepped() {
                watched.steps += 1;
                clock = stepped;
                self.tell(clock);
            }
            observer.tell(self.beat(clock.now()));
            let now = monotonic();
            if close_at.is_some_and(|at| now >= at) {
                close_at = None;
                self.gate.end(Line::Drop);
            }
            match stop.try_recv() {
                Ok(Stop) if watched.stopped => return watched,
                Ok(Stop) => {
                    watched.stopped = true;
                    leave_at = Some(now + nanos(GRACE));
                    self.gate.end(Line::Drop);
                    observer.tell(Observation::Stopping { in_flight: self.in_flight(), grace: GRACE });
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
            let look = self.gate.look();
            let hopeless = self.gives_up(observer.failures);
            if hopeless && !look.closed {
                watched.cut |= !look.ended || look.waiting > 0;
                self.gate.end(Line::Drop);
            }
            if hopeless || look.broken.is_some() {
                leave_at.get_or_insert(now + nanos(GRACE));
            }
            if look.is_over() || leave_at.is_some_and(|at| now >= at) {
                watched.cut |= !look.is_over();
                return watched;
            }
            if look.closed {
                watched.closed.get_or_insert(clock.now());
            }
            let wait = close_at.map_or(LOOK, |at| LOOK.min(Duration::from_nanos(at - now)));
            thread::park_timeout(wait);
        }
    }

    /// Whether more requests have failed than may.
    fn gives_up(&self, failures: u64) -> bool {
        self.max_failures.is_some_and(|most| failures > most)
    }

    fn beat(&self, at: Tick) -> Observation {
        let chunks = self.gauges.iter().map(|gauge| gauge.chunks.load(Ordering::Relaxed)).sum();
        Observation::Beat { at, in_flight: self.in_flight(), chunks }
    }

    fn in_flight(&self) -> u64 {
        self.gauges.iter().map(|gauge| gauge.in_flight.load(Ordering::Relaxed)).sum()
    }
}

fn cpu_seconds() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| {
        let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds(usage.user_time()) + seconds(usage.system_time())
    })
}

/// The process's own peak. `getrusage` would also count what the process was before it became this program.
fn max_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    // Bytes on Apple's systems, kilobytes elsewhere.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let other = || getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss() as u64 * unit);
    peak.map_or_else(other, |kilobytes: u64| kilobytes * 1024)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}
