//! The order and the limits of starting: jobs wait here until they are due and a place is free. One lock a request, none a
//! token; whoever is awake may ask, the pacer or a worker that has just finished a request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

use super::clock::Clock;
use crate::plan::Job;

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
    /// Whether somebody waits for room.
    crowded: bool,
    /// Places that are free; with no limit as many as there can be jobs.
    places: usize,
    in_flight: usize,
    /// Whether no more jobs will come.
    ended: bool,
    clock: Option<Clock>,
}

impl Gate {
    /// A gate that lets at most `limit` requests be in flight, and jobs of about `budget` bytes wait. It opens with
    /// [`Gate::open`].
    pub(super) fn new(limit: Option<usize>, budget: usize) -> Self {
        let places = limit.unwrap_or(usize::MAX);
        let state =
            State { line: VecDeque::new(), bytes: 0, crowded: false, places, in_flight: 0, ended: false, clock: None };
        Gate { next: AtomicU64::new(NEVER), state: Mutex::new(state), room: Condvar::new(), budget }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the gate")
    }

    /// Puts a job at the end of the line; waits while the line is full.
    pub(super) fn push(&self, job: Job) -> Pushed {
        let mut state = self.lock();
        while state.bytes + job.bytes.len() > self.budget && !state.line.is_empty() && !state.ended {
            state.crowded = true;
            state = self.room.wait(state).expect("nobody panics while holding the gate");
        }
        if state.ended {
            return Pushed::Refused;
        }
        state.bytes += job.bytes.len();
        state.line.push_back(job);
        self.refresh(&state);
        if state.line.len() == 1 { Pushed::First } else { Pushed::Behind }
    }

    /// Lets no more jobs in, and drops those that wait if `line` says so.
    pub(super) fn end(&self, line: Line) {
        let mut state = self.lock();
        state.ended = true;
        if line == Line::Drop {
            state.line.clear();
            state.bytes = 0;
        }
        self.refresh(&state);
        self.room.notify_all();
    }

    /// Starts the clock: from now on due jobs are let through.
    pub(super) fn open(&self, clock: Clock) {
        let mut state = self.lock();
        state.clock = Some(clock);
        self.refresh(&state);
    }

    /// The monotonic moment at which the next job may start, as far as is known without the lock.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
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
        state.places = state.places.saturating_add(1);
        state.in_flight -= 1;
        self.refresh(&state);
        self.take_locked(&mut state, now)
    }

    fn take_locked(&self, state: &mut State, now: u64) -> Option<Job> {
        if self.next() > now {
            return None;
        }
        let job = state.line.pop_front().expect("a moment is set only where a job waits");
        state.bytes -= job.bytes.len();
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
        let next = match (state.clock, state.line.front(), state.places) {
            (Some(clock), Some(job), 1..) => clock.moment(job.due),
            _ => NEVER,
        };
        self.next.store(next, Ordering::Release);
    }

    /// How the line stands.
    pub(super) fn look(&self) -> Look {
        let state = self.lock();
        Look { waiting: state.line.len(), bytes: state.bytes, in_flight: state.in_flight, ended: state.ended }
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
    pub(super) bytes: usize,
    pub(super) in_flight: usize,
    pub(super) ended: bool,
}

impl Look {
    /// Whether nothing is in flight and nothing will start any more.
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.waiting == 0 && self.in_flight == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Tick;

    fn job(id: u32, due: u64) -> Job {
        Job { id, due: Tick::from_nanos(due), bytes: vec![0; 10], input_tokens: 1, inputs: 1, audio_seconds: 0.0 }
    }

    fn ids(gate: &Gate, now: u64) -> Vec<u32> {
        std::iter::from_fn(|| gate.take(now)).map(|job| job.id).collect()
    }

    #[test]
    fn jobs_start_in_order_and_not_before_they_are_due() {
        let gate = Gate::new(None, 1000);
        for (id, due) in [(0, 10), (1, 5), (2, 30)] {
            gate.push(job(id, due));
        }
        assert!(ids(&gate, u64::MAX - 1).is_empty(), "the gate is still closed");
        gate.open(Clock::starting_at(1_000));
        assert!(ids(&gate, 1_009).is_empty());
        assert_eq!(gate.next(), 1_010);
        assert_eq!(ids(&gate, 1_010), [0, 1]);
        assert_eq!(ids(&gate, 1_030), [2]);
    }

    #[test]
    fn the_limit_of_requests_in_flight_is_exact() {
        let gate = Gate::new(Some(2), 1000);
        for id in 0..4 {
            gate.push(job(id, 0));
        }
        gate.open(Clock::starting_at(0));
        assert_eq!(ids(&gate, 0), [0, 1]);
        assert_eq!(gate.give_back(0).map(|job| job.id), Some(2));
        assert!(ids(&gate, 0).is_empty());
        assert_eq!(gate.look().in_flight, 2);
    }

    #[test]
    fn a_place_given_back_early_waits_for_the_next_due_job() {
        let gate = Gate::new(Some(1), 1000);
        gate.push(job(0, 0));
        gate.push(job(1, 50));
        gate.open(Clock::starting_at(0));
        assert_eq!(ids(&gate, 0), [0]);
        assert_eq!(gate.next(), NEVER);
        assert_eq!(gate.give_back(20), None);
        assert_eq!(gate.next(), 50);
    }

    #[test]
    fn a_large_job_gets_in_once_the_line_has_drained() {
        let gate = Gate::new(None, 100);
        gate.open(Clock::starting_at(0));
        let sized = |id, bytes| Job { bytes: vec![0; bytes], ..job(id, 0) };
        gate.push(sized(0, 45));
        std::thread::scope(|scope| {
            let (sender, pushed) = std::sync::mpsc::channel();
            let gate = &gate;
            scope.spawn(move || sender.send(gate.push(sized(1, 90))));
            assert_eq!(pushed.recv_timeout(std::time::Duration::from_millis(50)).ok(), None, "there is no room yet");
            assert_eq!(ids(gate, 0), [0]);
            let inside = pushed.recv_timeout(std::time::Duration::from_secs(5));
            gate.end(Line::Keep);
            assert_eq!(inside.ok(), Some(Pushed::First));
        });
    }

    #[test]
    fn a_run_is_over_when_the_line_has_ended_and_all_are_back() {
        let gate = Gate::new(None, 1000);
        gate.push(job(0, 0));
        gate.push(job(1, 0));
        gate.open(Clock::starting_at(0));
        assert!(gate.take(0).is_some());
        gate.end(Line::Drop);
        assert!(!gate.look().is_over());
        assert_eq!(gate.give_back(0), None);
        assert!(gate.look().is_over());
    }
}
