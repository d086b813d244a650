//! One core's share of the load: a current-thread runtime with connections of its own. Nothing here is shared with another
//! worker but the gate, asked once a request.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{Thread, panicking};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinSet, LocalSet};

use super::clock::{Clock, monotonic};
use super::connect::{self, Connection};
use super::flight::{Flight, unsent};
use super::gate::Gate;
use super::reply::Reply;
use super::socket::{Arrival, Scratch};
use super::target::Target;
use super::{Patience, Settings};
use crate::backend::Connect;
use crate::plan::{Job, Then};
use crate::record::{Finished, Health, Task, Tick};

/// How long opening a connection beforehand may take.
const OPENING: Duration = Duration::from_secs(5);

/// A connection that was opened longer ago and carried nothing may be gone.
const FRESH_NANOS: u64 = 1_000_000_000;
/// How often a worker that opens connections looks whether the run has been stopped.
const GLANCE: Duration = Duration::from_millis(50);

/// What a worker is told.
pub(super) enum Order {
    /// The run's clock, when it begins and after a step.
    Clock(Clock),
    /// Start this request now.
    Start(Job),
}

impl Order {
    /// What becomes of an order that nobody carries out: its request has failed, and its place is free.
    pub(super) fn fail(self, gate: &Gate, finished: &mpsc::SyncSender<Finished>) {
        if let Order::Start(job) = self {
            // The receiver lives until all workers have ended.
            let _ = finished.send(unsent(job));
            // A worker that dies closes the gate first.
            gate.give_back(0);
        }
    }
}

/// The orders of a worker. When the worker dies, the run ends, and the orders that are left fail.
struct Post<'a> {
    orders: UnboundedReceiver<Order>,
    worker: &'a Worker,
}

impl Drop for Post<'_> {
    fn drop(&mut self) {
        if panicking() {
            self.worker.gate.break_down("a worker thread");
        }
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            order.fail(&self.worker.gate, &self.worker.finished);
        }
    }
}

/// What others may see of a worker while it runs; written by the worker alone.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    /// Requests in flight.
    pub(super) in_flight: AtomicU64,
    /// Pieces of output so far.
    pub(super) chunks: AtomicU64,
    /// The monotonic moment of the latest read that held several pieces of one answer.
    pub(super) merged_at: AtomicU64,
    /// Open connections that carry no request.
    pub(super) idle: AtomicU64,
}

/// Where so many connections are dropped at the end of a run, the ports of this host would not suffice for the next.
const MANY: usize = 1_000;

/// Connections to one server that carry no request.
#[derive(Default)]
struct Idle {
    /// Those that have carried one, the latest last: the server keeps them longest.
    used: Vec<Connection>,
    /// Those that have carried none, in the order in which they were opened: a server that gives each connection a thread serves
    /// them in that order.
    fresh: VecDeque<Connection>,
}

impl Idle {
    fn take(&mut self) -> Option<Connection> {
        self.used.pop().or_else(|| {
            let mut connection = self.fresh.pop_front()?;
            // What lies between may have dropped it meanwhile, as one that has been used.
            connection.used |= monotonic().saturating_sub(connection.opened) > FRESH_NANOS;
            Some(connection)
        })
    }
}

/// Threads to wake when something changes that they wait for.
#[derive(Debug, Clone)]
pub(super) struct Wake {
    /// Learns when the gate's next job can start earlier than it thinks.
    pub(super) pacer: Thread,
    /// When the pacer will wake by itself.
    pub(super) pacer_until: Arc<AtomicU64>,
    /// Learns when the run is over.
    pub(super) caller: Thread,
}

impl Wake {
    /// Wakes the pacer if the next job can start before it would look again.
    pub(super) fn tell_pacer(&self, gate: &Gate) {
        if gate.next() < self.pacer_until.load(Ordering::SeqCst) {
            self.pacer.unpark();
        }
    }
}

/// A worker's state, shared by its requests.
pub(super) struct Worker {
    settings: Arc<Settings>,
    gate: Arc<Gate>,
    wake: Wake,
    gauge: Arc<Gauge>,
    finished: mpsc::SyncSender<Finished>,
    clock: Cell<Clock>,
    /// By the position of their server.
    idle: RefCell<Vec<Idle>>,
    scratch: RefCell<Scratch>,
    health: RefCell<Health>,
}

impl Worker {
    pub(super) fn new(
        settings: Arc<Settings>,
        gate: Arc<Gate>,
        wake: Wake,
        gauge: Arc<Gauge>,
        finished: mpsc::SyncSender<Finished>,
    ) -> Rc<Self> {
        let idle = settings.targets.iter().map(|_| Idle::default()).collect();
        Rc::new(Worker {
            settings,
            gate,
            wake,
            gauge,
            finished,
            clock: Cell::new(Clock::starting_at(monotonic())),
            idle: RefCell::new(idle),
            scratch: RefCell::new(Scratch::new()),
            health: RefCell::default(),
        })
    }

    /// Starts what it is told to until nobody can tell it more; requests still in flight then are cancelled.
    pub(super) fn serve(self: &Rc<Self>, runtime: &tokio::runtime::Runtime, orders: UnboundedReceiver<Order>) {
        let local = LocalSet::new();
        local.block_on(runtime, async {
            let mut post = Post { orders, worker: self };
            while let Some(order) = post.orders.recv().await {
                match order {
                    Order::Clock(clock) => self.clock.set(clock),
                    Order::Start(job) => self.start(job),
                }
            }
        });
    }

    /// Opens `count` connections; stops at the first that fails or takes too long, since requests will meet the same and tell.
    pub(super) fn open(self: &Rc<Self>, runtime: &tokio::runtime::Runtime, count: usize) {
        const AT_ONCE: usize = 128;
        LocalSet::new().block_on(runtime, async {
            let (mut tasks, mut begun) = (JoinSet::new(), 0);
            loop {
                while begun < count && tasks.len() < AT_ONCE {
                    let worker = Rc::clone(self);
                    let (limit, server) = (worker.patience().limit.min(OPENING), begun % worker.settings.targets.len());
                    tasks.spawn_local(async move {
                        let target = &worker.settings.targets[server];
                        let opened = tokio::time::timeout(limit, connect::open(target)).await;
                        opened.ok()?.ok().map(|connection| (server, connection))
                    });
                    begun += 1;
                }
                // Who stops the run does not wait for slow handshakes.
                let opened = match tokio::time::timeout(GLANCE, tasks.join_next()).await {
                    Ok(opened) => opened,
                    Err(_) if self.gate.look().closed => return,
                    Err(_) => continue,
                };
                let Some(Ok(Some((server, connection)))) = opened else { return };
                self.note_connection(connection.took);
                self.idle.borrow_mut()[server].fresh.push_back(connection);
                self.tell_idle();
            }
        });
    }

    /// What the worker found out about its own measurement.
    pub(super) fn into_health(self: Rc<Self>) -> Health {
        let idle = self.idle.take();
        let connections = || idle.iter().flat_map(|idle| idle.used.iter().chain(&idle.fresh));
        if connections().count() >= MANY {
            connections().for_each(|connection| connection.wire.forget());
        }
        self.health.take()
    }

    /// Starts a request.
    pub(super) fn start(self: &Rc<Self>, job: Job) {
        self.gauge.in_flight.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_local(Flight::start(Rc::clone(self), job).run());
    }

    /// Starts what has come due by the monotonic moment `now`, so that a busy worker need not wait to be told.
    pub(super) fn start_due(self: &Rc<Self>, now: u64) {
        while let Some(job) = self.gate.take(now) {
            self.start(job);
        }
    }

    /// Hands on a finished request and starts the next one in its place, if one is due: what follows it, else the next in
    /// line.
    pub(super) fn landed(self: &Rc<Self>, finished: Finished, then: Option<Then>) {
        self.gauge.in_flight.fetch_sub(1, Ordering::Relaxed);
        // What makes the next job must not cost the record of this one.
        let follower = catch_unwind(AssertUnwindSafe(|| then.and_then(|then| then.job(&finished))));
        let follower = follower.unwrap_or_else(|_| {
            self.gate.break_down("what makes the next request of an answer");
            None
        });
        // The receiver lives until all workers have ended.
        let _ = self.finished.send(finished);
        let next = match follower {
            Some(job) => self.gate.keep(job, monotonic()),
            None => self.gate.give_back(monotonic()),
        };
        match next {
            Some(job) => self.start(job),
            None if self.gate.look().is_over() => self.wake.caller.unpark(),
            None => self.wake.tell_pacer(&self.gate),
        }
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.get()
    }

    /// The server at this position.
    pub(super) fn target(&self, server: u16) -> &Target {
        &self.settings.targets[usize::from(server)]
    }

    pub(super) fn task(&self) -> Task {
        self.settings.backend.task()
    }

    /// Frees the bytes of a request that has been written, unless they are to be kept.
    pub(super) fn let_go(&self, job: &mut Job) {
        if !self.settings.keep_requests {
            job.bytes = Vec::new();
        }
    }

    /// The body of a request that has ended, where that is to be kept.
    pub(super) fn kept(&self, body: &[u8]) -> String {
        if self.settings.keep_requests { String::from_utf8_lossy(body).into_owned() } else { String::new() }
    }

    pub(super) fn patience(&self) -> Patience {
        self.settings.patience
    }

    pub(super) fn connects_in_request(&self) -> bool {
        self.settings.connect == Connect::InRequest
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::new(self.settings.backend, self.settings.delivery, self.settings.max_event_bytes)
    }

    pub(super) fn scratch(&self) -> RefMut<'_, Scratch> {
        self.scratch.borrow_mut()
    }

    /// An open connection to this server that carries no request.
    pub(super) fn idle_connection(&self, server: u16) -> Option<Connection> {
        loop {
            let connection = self.idle.borrow_mut()[usize::from(server)].take();
            self.tell_idle();
            let mut connection = connection?;
            if connection.wire.is_open(&mut self.scratch()) {
                return Some(connection);
            }
            self.note_stale();
        }
    }

    /// Keeps a connection to this server for a later request.
    pub(super) fn keep_connection(&self, server: u16, connection: Connection) {
        if !self.connects_in_request() {
            self.idle.borrow_mut()[usize::from(server)].used.push(connection);
            self.tell_idle();
        }
    }

    fn tell_idle(&self) {
        let open = self.idle.borrow().iter().map(|idle| idle.used.len() + idle.fresh.len()).sum::<usize>();
        self.gauge.idle.store(open as u64, Ordering::Relaxed);
    }

    pub(super) fn note_connection(&self, nanos: u64) {
        self.health.borrow_mut().connect.saturating_record(nanos);
    }

    pub(super) fn note_stale(&self) {
        self.health.borrow_mut().stale_connections += 1;
    }

    /// When the bytes of a read arrived.
    pub(super) fn note_arrival(&self, arrival: &Arrival) -> Tick {
        let stamp = self.clock().stamp(arrival.read, arrival.kernel);
        let mut health = self.health.borrow_mut();
        if let Some(lag) = stamp.lag {
            health.kernel_stamps = true;
            health.lag.saturating_record(lag);
        }
        health.clock_steps += u64::from(stamp.stepped);
        stamp.at
    }

    /// Counts the pieces of output that one read held.
    pub(super) fn note_chunks(&self, count: usize) {
        if count == 0 {
            return;
        }
        let chunks = &self.gauge.chunks;
        chunks.store(chunks.load(Ordering::Relaxed) + count as u64, Ordering::Relaxed);
        if count > 1 {
            self.health.borrow_mut().merged_chunks += count as u64 - 1;
            self.gauge.merged_at.store(monotonic(), Ordering::Relaxed);
        }
    }
}
