//! A run from its first thread to its last: prepares, starts the clock, gathers what finishes, stops in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::clock::{Clock, monotonic};
use super::gate::{Gate, Line, Pushed};
use super::hold::Hold;
use super::pacer::{self, Lane};
use super::worker::{Gauge, Order, Wake, Worker};
use super::{Settings, Stream};
use crate::error::{Error, Result};
use crate::plan::Job;
use crate::record::{Finished, Health, Tick};

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
}

/// How a run ended.
#[derive(Debug)]
pub struct End {
    /// How well the measurement itself went.
    pub health: Health,
    /// Whether it was stopped by [`Stop`].
    pub stopped: bool,
    /// What kept further jobs from being made.
    pub error: Option<Error>,
}

/// Runs `stream` and tells `observe` what happens; returns when all requests have ended.
///
/// # Errors
/// If the threads cannot be started. A request that fails is an observation; jobs that cannot be made end the run early.
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
        crew.lead(stop, observe)
    })
}

/// The threads of a run.
struct Crew<'scope> {
    gate: Arc<Gate>,
    feeder: ScopedJoinHandle<'scope, Option<Error>>,
    wake: Wake,
    workers: Vec<ScopedJoinHandle<'scope, Health>>,
    orders: Vec<UnboundedSender<Order>>,
    gauges: Vec<Arc<Gauge>>,
    finished: Receiver<Finished>,
    ready: usize,
    budget: usize,
    duration: Option<Duration>,
}

impl<'scope> Crew<'scope> {
    /// Starts the threads; returns when connections are open.
    fn start(
        scope: &'scope Scope<'scope, '_>,
        stream: Stream,
        settings: Settings,
        gate: &Arc<Gate>,
    ) -> Result<Crew<'scope>> {
        let pacer_until = Arc::new(AtomicU64::new(u64::MAX));
        let (lanes_sender, lanes) = mpsc::channel::<Vec<Lane>>();
        let pacer = spawn(scope, "pacer", {
            let (gate, until) = (Arc::clone(gate), Arc::clone(&pacer_until));
            move || {
                if let Ok(lanes) = lanes.recv() {
                    pacer::pace(&gate, &until, &lanes);
                }
            }
        })?;
        let wake = Wake { pacer: pacer.thread().clone(), pacer_until, caller: thread::current() };
        let feeder = spawn(scope, "feeder", {
            let (gate, wake, jobs) = (Arc::clone(gate), wake.clone(), stream.jobs);
            move || feed(&gate, &wake, jobs)
        })?;
        let (finished_sender, finished) = mpsc::channel();
        let (opened_sender, opened) = mpsc::channel::<()>();
        let mut crew = Crew {
            gate: Arc::clone(gate),
            feeder,
            wake,
            workers: Vec::new(),
            orders: Vec::new(),
            gauges: Vec::new(),
            finished,
            ready: stream.ready,
            budget: stream.budget,
            duration: stream.duration,
        };
        let settings = Arc::new(settings);
        for index in 0..stream.workers {
            let share = stream.connections / stream.workers + usize::from(index < stream.connections % stream.workers);
            let ends = (finished_sender.clone(), opened_sender.clone());
            crew.hire(scope, &settings, (index, share), ends)?;
        }
        drop((opened_sender, finished_sender));
        while opened.recv().is_ok() {}
        let lane = |(orders, worker): (&UnboundedSender<Order>, &ScopedJoinHandle<'_, Health>)| Lane {
            orders: orders.clone(),
            thread: worker.thread().clone(),
        };
        let lanes = crew.orders.iter().zip(&crew.workers).map(lane).collect();
        lanes_sender.send(lanes).map_err(|_| Error::new("the pacer thread has ended early"))?;
        Ok(crew)
    }

    /// Starts the worker `index`, which opens so many `connections`, drops `opened`, and sends what is `finished`.
    fn hire(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        settings: &Arc<Settings>,
        (index, connections): (usize, usize),
        (finished, opened): (Sender<Finished>, Sender<()>),
    ) -> Result<()> {
        let (sender, orders) = unbounded_channel();
        let gauge = Arc::new(Gauge::default());
        let hold = Hold::new(Arc::clone(&gauge), Arc::clone(&self.gate), sender.downgrade());
        let (gate, wake, shared) = (Arc::clone(&self.gate), self.wake.clone(), Arc::clone(&gauge));
        let settings = Arc::clone(settings);
        let work = move || {
            let runtime = runtime(hold);
            let worker = Worker::new(settings, gate, wake, shared, finished);
            work(worker, &runtime, connections, orders, opened)
        };
        self.workers.push(spawn(scope, &format!("worker-{index}"), work)?);
        self.orders.push(sender);
        self.gauges.push(gauge);
        Ok(())
    }

    /// Starts the clock and sees the run to its end.
    fn lead(self, stop: &Receiver<Stop>, observe: &mut dyn FnMut(Observation)) -> Result<End> {
        let stopped_early = self.wait_for_jobs(stop);
        let cpu = cpu_seconds();
        let clock = Clock::starting_at(monotonic());
        observe(Observation::Began);
        for orders in &self.orders {
            // A worker lives until its orders are dropped.
            let _ = orders.send(Order::Begin(clock));
        }
        self.gate.open(clock);
        self.wake.pacer.unpark();
        let stopped = self.watch(clock, stop, observe) || stopped_early;
        let cpu = cpu_seconds() - cpu;
        self.gate.end(Line::Drop);
        self.wake.pacer.unpark();
        drop(self.orders);
        let mut health = Health { cpu_seconds: cpu, max_rss_bytes: max_rss_bytes(), ..Health::default() };
        for worker in self.workers {
            let found = worker.join().map_err(|_| Error::new("a worker thread broke: this is a bug in llmbench"))?;
            health.merge(&found);
        }
        for finished in self.finished.try_iter() {
            observe(Observation::Finished(Box::new(finished)));
        }
        let error = self.feeder.join().map_err(|_| Error::new("the feeder thread broke: this is a bug in llmbench"))?;
        Ok(End { health, stopped, error })
    }

    /// Waits until the first requests are encoded; tells whether the run was stopped meanwhile.
    fn wait_for_jobs(&self, stop: &Receiver<Stop>) -> bool {
        loop {
            if stop.try_recv().is_ok() {
                self.gate.end(Line::Drop);
                return true;
            }
            let look = self.gate.look();
            if look.ended || look.waiting >= self.ready || look.bytes > self.budget * 3 / 4 {
                return false;
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Passes on what finishes until the run is over; tells whether it was stopped.
    fn watch(&self, clock: Clock, stop: &Receiver<Stop>, observe: &mut dyn FnMut(Observation)) -> bool {
        let mut close_at = self.duration.map(|duration| clock.moment(Tick::ZERO) + nanos(duration));
        let mut leave_at = None;
        loop {
            while let Ok(finished) = self.finished.try_recv() {
                observe(Observation::Finished(Box::new(finished)));
            }
            observe(self.beat(clock.now()));
            let now = monotonic();
            if close_at.is_some_and(|at| now >= at) {
                close_at = None;
                self.gate.end(Line::Drop);
            }
            match stop.try_recv() {
                Ok(Stop) if leave_at.is_some() => return true,
                Ok(Stop) => {
                    leave_at = Some(now + nanos(GRACE));
                    self.gate.end(Line::Drop);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
            if self.gate.look().is_over() || leave_at.is_some_and(|at| now >= at) {
                return leave_at.is_some();
            }
            let wait = close_at.map_or(LOOK, |at| LOOK.min(Duration::from_nanos(at - now)));
            thread::park_timeout(wait);
        }
    }

    fn beat(&self, at: Tick) -> Observation {
        let sum = |value: fn(&Gauge) -> &AtomicU64| {
            self.gauges.iter().map(|gauge| value(gauge).load(Ordering::Relaxed)).sum()
        };
        Observation::Beat { at, in_flight: sum(|gauge| &gauge.in_flight), chunks: sum(|gauge| &gauge.chunks) }
    }
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    body: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    let precise = move || {
        // Sleeps of the threads that keep time end when they should, not up to 50 µs later.
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_timerslack(1);
        body()
    };
    let started = thread::Builder::new().name(name.into()).spawn_scoped(scope, precise);
    started.map_err(|cause| Error::new(format!("cannot start the thread `{name}`: {cause}")))
}

/// Puts the jobs into the line as there is room; gives back what kept the next one from being made.
fn feed(gate: &Gate, wake: &Wake, jobs: impl Iterator<Item = Result<Job>>) -> Option<Error> {
    let mut error = None;
    for job in jobs {
        match job.map(|job| gate.push(job)) {
            Ok(Pushed::First) => wake.tell_pacer(gate),
            Ok(Pushed::Behind) => {}
            Ok(Pushed::Refused) => break,
            Err(cause) => {
                error = Some(cause);
                break;
            }
        }
    }
    gate.end(Line::Keep);
    wake.pacer.unpark();
    wake.caller.unpark();
    error
}

fn runtime(hold: Hold) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_io().enable_time().event_interval(509).max_io_events_per_tick(4096);
    builder.on_thread_park(move || hold.before_wait());
    builder.build().expect("the system has room for an epoll instance")
}

fn work(
    worker: std::rc::Rc<Worker>,
    runtime: &tokio::runtime::Runtime,
    connections: usize,
    orders: UnboundedReceiver<Order>,
    opened: Sender<()>,
) -> Health {
    worker.open(runtime, connections);
    drop(opened);
    worker.serve(runtime, orders);
    worker.into_health()
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
