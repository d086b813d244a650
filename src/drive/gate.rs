//! The order and the limits of starting: jobs wait here until they are due and a place is free, or are due in a place that
//! is kept for them. One lock a request, none a token; whoever is awake may ask, the pacer or a worker that has just finished
//! a request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

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
            clock: None,
        };
        Gate { next: AtomicU64::new(NEVER), state: Mutex::new(state), room: Condvar::new(), budget }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the gate")
    }

    /// Puts a job at the end of the line; waits while the line is full.
    pub(super) fn push(&self, job: Job) -> Pushed {
        let mut state = self.lock();
        while state.bytes + job.size() > self.budget && !state.line.is_empty() && !state.ended {
            state.crowded = true;
            state = self.room.wait(state).expect("nobody panics while holding the gate");
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
        self.next.store(next, Ordering::Release);
    }

    /// How the line stands.
    pub(super) fn look(&self) -> Look {
        let state = self.lock();
        Look {
            waiting: state.line.len(),
            bytes: state.bytes,
            in_flight: state.in_flight,
            ended: state.ended,
            closed: state.closed,
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
    pub(super) bytes: usize,
    pub(super) in_flight: usize,
    pub(super) ended: bool,
    pub(super) closed: bool,
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

    fn job(id: u32, due: u64) -> Job {
        Job {
            id,
            due: Tick::from_nanos(due),
            bytes: vec![0; 10],
            input_tokens: 1,
            inputs: 1,
            audio_seconds: 0.0,
            then: None,
        }
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
        assert!(gate.give_back(20).is_none());
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
        assert!(gate.give_back(0).is_none());
        assert!(gate.look().is_over());
    }

    #[test]
    fn a_job_that_follows_keeps_its_place_while_it_waits() {
        let gate = Gate::new(Some(1), 1000);
        gate.push(job(0, 0));
        gate.push(job(9, 0));
        gate.end(Line::Keep);
        gate.open(Clock::starting_at(0));
        assert_eq!(ids(&gate, 0), [0]);
        assert_eq!(gate.keep(job(1, 20), 20).map(|job| job.id), Some(1), "it is due at once");
        assert!(gate.keep(job(2, 50), 30).is_none());
        assert!(ids(&gate, 49).is_empty());
        assert_eq!(gate.next(), 50);
        assert_eq!(ids(&gate, 50), [2]);
        assert!(!gate.look().is_over());
        assert_eq!(gate.give_back(60).map(|job| job.id), Some(9));
        assert!(gate.give_back(70).is_none() && gate.look().is_over());
    }

    #[test]
    fn jobs_that_follow_start_by_when_they_are_due_beside_the_line() {
        let gate = Gate::new(Some(3), 1000);
        for (id, due) in [(0, 0), (1, 0), (2, 40)] {
            gate.push(job(id, due));
        }
        gate.open(Clock::starting_at(0));
        assert_eq!(ids(&gate, 0), [0, 1]);
        assert!(gate.keep(job(10, 60), 5).is_none());
        assert!(gate.keep(job(11, 30), 5).is_none());
        assert_eq!(ids(&gate, 35), [11]);
        assert_eq!(ids(&gate, 100), [10, 2]);
    }

    #[test]
    fn nothing_follows_once_the_gate_has_closed() {
        let gate = Gate::new(None, 1000);
        gate.push(job(0, 0));
        gate.push(job(1, 0));
        gate.open(Clock::starting_at(0));
        assert_eq!(ids(&gate, 0), [0, 1]);
        assert!(gate.keep(job(2, 50), 10).is_none());
        gate.end(Line::Drop);
        assert_eq!(gate.next(), NEVER);
        assert!(gate.keep(job(3, 10), 10).is_none());
        assert!(gate.look().is_over());
    }
}
