//! The order and the limits of starting: jobs wait here until they are due and a place is free, or are due in a place that
//! is kept for them. One lock a request, none a token; whoever is awake may ask, the pacer or a worker that has just finished
//! a request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::clock::Clock;
use crate::plan::Job;
use crate::record::Tick;

/// No job can start: none is here, no place is free, or the run has stopped.
const NEVER: u64 = u64::MAX;

/// Where jobs wait for their moment.
pub(super) struct Gate {
    /// The monotonic moment at which the first job in line may start.
    next: AtomicU64,
    state: Mutex<State>,
    room: Condvar,
    /// Jobs that wait take at most so many bytes, or are one.
    budget: usize,
}

struct State {
    line: VecDeque<Job>,
    bytes: usize,
    /// Jobs that follow another in its place and are not due yet, by when they are.
    kept: BTreeMap<(Tick, u32), Job>,
    /// Whether somebody waits for room.
    crowded: bool,
    /// Places that are free; with no limit as many as there can be jobs.
    places: usize,
    /// Places that are taken, by requests in flight and by jobs that are kept.
    in_flight: usize,
    /// Whether no more jobs will come into the line.
    ended: bool,
    /// Whether nothing starts any more.
    closed: bool,
    /// What of the run has died, the first of it.
    broken: Option<&'static str>,
    clock: Option<Clock>,
}

impl Gate {
    /// A gate that lets at most `limit` requests be in flight, and jobs of about `budget` bytes wait. It opens with
    /// [`Gate::open`].
    pub(super) fn new(limit: Option<usize>, budget: usize) -> Self {
        let places = limit.unwrap_or(usize::MAX);
        let state = State {
            line: VecDeque::new(),
            bytes: 0,
            kept: BTreeMap::new(),
            crowded: false,
            places,
            in_flight: 0,
            ended: false,
            closed: false,
            broken: None,
            clock: None,
        };
        Gate { next: AtomicU64::new(NEVER), state: Mutex::new(state), room: Condvar::new(), budget }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job at the end of the line; waits while the line is full.
    pub(super) fn push(&self, job: Job) -> Pushed {
        let mut state = self.lock();
        while state.bytes + job.size() > self.budget && !state.line.is_empty() && !state.ended {
            state.crowded = true;
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.ended {
            return Pushed::Refused;
        }
        state.bytes += job.size();
        state.line.push_back(job);
        self.refresh(&state);
        if state.line.len() == 1 { Pushed::First } else { Pushed::Behind }
    }

    /// Lets no more jobs in; if `line` says so, drops those that wait and closes, so that nothing follows what is in flight.
    pub(super) fn end(&self, line: Line) {
        let mut state = self.lock();
        state.ended = true;
        if line == Line::Drop {
            state.closed = true;
            state.line.clear();
            state.bytes = 0;
            let kept = std::mem::take(&mut state.kept).len();
            state.give_back(kept);
        }
        self.refresh(&state);
        self.room.notify_all();
    }

    /// Ends it since a part of the run has died: nothing starts any more.
    pub(super) fn break_down(&self, what: &'static str) {
        self.lock().broken.get_or_insert(what);
        self.end(Line::Drop);
    }

    /// Starts the clock: from now on due jobs are let through.
    pub(super) fn open(&self, clock: Clock) {
        let mut state = self.lock();
        state.clock = Some(clock);
        self.refresh(&state);
    }

    /// The monotonic moment at which the next job may start, as far as is known without the lock.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    /// Takes the next job, if it may start at the monotonic moment `now`.
    pub(super) fn take(&self, now: u64) -> Option<Job> {
        if self.next() > now {
            return None;
        }
        self.take_locked(&mut self.lock(), now)
    }

    /// Gives a place back, and takes the next job for it if it may start at `now`.
    pub(super) fn give_back(&self, now: u64) -> Option<Job> {
        let mut state = self.lock();
        state.give_back(1);
        self.refresh(&state);
        self.take_locked(&mut state, now)
    }

    /// Keeps a place for the job that follows in it; gives the job if it may start at `now`. A gate that is closed drops it.
    pub(super) fn keep(&self, job: Job, now: u64) -> Option<Job> {
        let mut state = self.lock();
        if state.closed {
            state.give_back(1);
            return None;
        }
        if state.clock.is_some_and(|clock| clock.moment(job.due) <= now) {
            return Some(job);
        }
        state.kept.insert((job.due, job.id), job);
        self.refresh(&state);
        None
    }

    /// Takes what is due: first the jobs whose places are taken already.
    fn take_locked(&self, state: &mut State, now: u64) -> Option<Job> {
        if self.next() > now {
            return None;
        }
        if let Some(kept) = state.take_kept(now) {
            self.refresh(state);
            return Some(kept);
        }
        let job = state.line.pop_front().expect("a moment is set only where a job waits");
        state.bytes -= job.size();
        if state.crowded && state.bytes <= self.budget / 2 {
            state.crowded = false;
            self.room.notify_all();
        }
        state.places -= 1;
        state.in_flight += 1;
        self.refresh(state);
        Some(job)
    }

    fn refresh(&self, state: &State) {
        let first = state.line.front().filter(|_| state.places > 0).map(|job| job.due);
        let kept = state.kept.first_key_value().map(|((due, _), _)| *due);
        let next = match (state.clock, first.into_iter().chain(kept).min()) {
            (Some(clock), Some(due)) => clock.moment(due),
            _ => NEVER,
        };
        // The pacer stores when it will wake and then loads this; who changes this loads when the pacer will wake. With less than
        // a total order of the four, each could miss what the other stored.
        self.next.store(next, Ordering::SeqCst);
    }

    /// How the line stands.
    pub(super) fn look(&self) -> Look {
        let state = self.lock();
        Look {
            waiting: state.line.len(),
            in_flight: state.in_flight,
            crowded: state.crowded,
            ended: state.ended,
            closed: state.closed,
            broken: state.broken,
        }
    }
}

impl State {
    fn give_back(&mut self, places: usize) {
        self.places = self.places.saturating_add(places);
        self.in_flight -= places;
    }

    /// The first of the kept jobs, if it is due at `now`.
    fn take_kept(&mut self, now: u64) -> Option<Job> {
        let clock = self.clock?;
        let first = self.kept.first_entry()?;
        (clock.moment(first.key().0) <= now).then(|| first.remove())
    }
}

/// Where a job ended up that was put into the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It is the next to start.
    First,
    /// Others start before it.
    Behind,
    /// The gate has ended.
    Refused,
}

/// What becomes of the jobs that wait when a gate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// They will start in their turn.
    Keep,
    /// They never start.
    Drop,
}

/// The state of a gate at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) waiting: usize,
    pub(super) in_flight: usize,
    /// Whether the line has no room for the next job.
    pub(super) crowded: bool,
    pub(super) ended: bool,
    pub(super) closed: bool,
    pub(super) broken: Option<&'static str>,
}

impl Look {
    /// Whether nothing is in flight and nothing will start any more.
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.waiting == 0 && self.in_flight == 0
    }
}

#[cfg(test)]
#[path = "gate_test.rs"]
mod tests;
