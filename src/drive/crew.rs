//! The threads of a run. One that dies ends the run, and what was measured until then is kept.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::clock::Clock;
use super::gate::{Gate, Line, Pushed};
use super::hold::Hold;
use super::pacer::{self, Lane};
use super::worker::{Gauge, Order, Wake, Worker};
use super::{Settings, Stream};
use crate::error::{Error, Result};
use crate::plan::Job;
use crate::record::{Finished, Health};

/// So many requests that have finished may wait for the caller. A worker that finishes more waits as well: where a disk is slower than
/// the server, requests are sent late, which the run tells, and the memory is not filled.
const WAITING: usize = 1 << 13;

/// The threads of a run.
pub(super) struct Crew<'scope> {
    pub(super) gate: Arc<Gate>,
    feeder: ScopedJoinHandle<'scope, Option<Error>>,
    pacer: ScopedJoinHandle<'scope, ()>,
    wake: Wake,
    workers: Vec<ScopedJoinHandle<'scope, Health>>,
    orders: Vec<UnboundedSender<Order>>,
    pub(super) gauges: Vec<Arc<Gauge>>,
    pub(super) finished: Receiver<Finished>,
    /// Disconnected once all connections are open that are opened beforehand.
    pub(super) opened: Receiver<()>,
    pub(super) ready: usize,
    pub(super) duration: Option<Duration>,
    pub(super) max_failures: Option<u64>,
}

impl<'scope> Crew<'scope> {
    /// Starts the threads, which open connections and encode requests, and wait for the clock.
    pub(super) fn start(
        scope: &'scope Scope<'scope, '_>,
        stream: Stream,
        settings: Settings,
        gate: &Arc<Gate>,
    ) -> Result<Crew<'scope>> {
        let pacer_until = Arc::new(AtomicU64::new(u64::MAX));
        let (finished_sender, finished) = mpsc::sync_channel(WAITING);
        let (opened_sender, opened) = mpsc::channel::<()>();
        let (lanes_sender, lanes) = mpsc::channel::<Vec<Lane>>();
        let pacer = spawn(scope, ("pacer", "the thread that starts requests"), gate, {
            let (gate, until, finished) = (Arc::clone(gate), Arc::clone(&pacer_until), finished_sender.clone());
            move || {
                if let Ok(lanes) = lanes.recv() {
                    pacer::pace(&gate, &until, &lanes, &finished);
                }
            }
        })?;
        let wake = Wake { pacer: pacer.thread().clone(), pacer_until, caller: thread::current() };
        let feeder = spawn(scope, ("feeder", "the thread that makes requests"), gate, {
            let (gate, wake, jobs) = (Arc::clone(gate), wake.clone(), stream.jobs);
            move || feed(&gate, &wake, jobs)
        })?;
        let mut crew = Crew {
            gate: Arc::clone(gate),
            feeder,
            pacer,
            wake,
            workers: Vec::new(),
            orders: Vec::new(),
            gauges: Vec::new(),
            finished,
            opened,
            ready: stream.ready,
            duration: stream.duration,
            max_failures: stream.max_failures,
        };
        let settings = Arc::new(settings);
        for index in 0..stream.workers {
            let share = stream.connections / stream.workers + usize::from(index < stream.connections % stream.workers);
            let ends = (finished_sender.clone(), opened_sender.clone());
            crew.hire(scope, &settings, (index, share), ends)?;
        }
        drop((opened_sender, finished_sender));
        let parts = crew.orders.iter().zip(&crew.workers).zip(&crew.gauges);
        let lanes = parts.map(|((orders, worker), gauge)| Lane {
            orders: orders.clone(),
            thread: worker.thread().clone(),
            gauge: Arc::clone(gauge),
        });
        let lanes = lanes.collect();
        // A pacer that has died has ended the run.
        let _ = lanes_sender.send(lanes);
        Ok(crew)
    }

    /// Starts the worker `index`, which opens so many `connections`, drops `opened`, and sends what is `finished`.
    fn hire(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        settings: &Arc<Settings>,
        (index, connections): (usize, usize),
        (finished, opened): (SyncSender<Finished>, Sender<()>),
    ) -> Result<()> {
        let (sender, orders) = unbounded_channel();
        let gauge = Arc::new(Gauge::default());
        let hold = Hold::new(Arc::clone(&gauge), Arc::clone(&self.gate), sender.downgrade());
        let (gate, wake, shared) = (Arc::clone(&self.gate), self.wake.clone(), Arc::clone(&gauge));
        let settings = Arc::clone(settings);
        // Before there is a clock, so that a system that is out of files is an error and no request's failure.
        let runtime = runtime(hold)?;
        let work = move || {
            let worker = Worker::new(settings, gate, wake, shared, finished);
            work(worker, &runtime, connections, orders, opened)
        };
        self.workers.push(spawn(scope, (&format!("worker-{index}"), "a worker thread"), &self.gate, work)?);
        self.orders.push(sender);
        self.gauges.push(gauge);
        Ok(())
    }

    /// Tells the workers the clock, and lets due jobs through.
    pub(super) fn begin(&self, clock: Clock) {
        self.tell(clock);
        self.gate.open(clock);
        self.wake.pacer.unpark();
    }

    /// Tells the workers the clock.
    pub(super) fn tell(&self, clock: Clock) {
        for orders in &self.orders {
            // A worker that has died has ended the run.
            let _ = orders.send(Order::Clock(clock));
        }
    }

    /// Cancels what is still in flight, hands on what finishes by that, and waits for the threads: what the workers found out, and
    /// what kept a job from being made.
    pub(super) fn dismiss(self, finished: impl FnMut(Finished)) -> (Health, Option<Error>) {
        self.gate.end(Line::Drop);
        self.wake.pacer.unpark();
        drop(self.orders);
        // The pacer and the workers hold the other ends until they end.
        self.finished.iter().for_each(finished);
        let mut health = Health::default();
        // Whoever has died has said so at the gate.
        self.workers.into_iter().filter_map(|worker| worker.join().ok()).for_each(|found| health.merge(&found));
        let fed = self.feeder.join().unwrap_or(None);
        let _ = self.pacer.join();
        (health, fed)
    }
}

/// A part of the run has panicked.
pub(super) fn broke(what: &str) -> Error {
    Error::new(format!("{what} broke: this is a bug in llmbench"))
        .hint("what was measured until then is reported; please tell the authors what stands above")
}

/// Ends the run when the thread that holds it dies, so that nobody waits for what it would have done.
struct Ender {
    gate: Arc<Gate>,
    what: &'static str,
}

impl Drop for Ender {
    fn drop(&mut self) {
        if thread::panicking() {
            self.gate.break_down(self.what);
        }
    }
}

/// Starts a thread of this name, which is told as `what` where it dies.
fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    (name, what): (&str, &'static str),
    gate: &Arc<Gate>,
    body: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    let ender = Ender { gate: Arc::clone(gate), what };
    let precise = move || {
        let _ender = ender;
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

fn runtime(hold: Hold) -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_io().enable_time().max_io_events_per_tick(4096);
    builder.on_thread_park(move || hold.before_wait());
    builder.build().map_err(|cause| {
        Error::new(format!("cannot start a worker: {cause}")).hint("allow more open files: `ulimit -n 4096`")
    })
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
