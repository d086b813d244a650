//! Starts jobs when they are due: a thread of its own that sleeps to absolute deadlines on the monotonic clock, because a
//! runtime's timer rounds up to a millisecond.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::error::SendError;

use super::clock::monotonic;
use super::gate::Gate;
use super::worker::{Gauge, Order};
use crate::record::Finished;

/// A worker as the pacer sees it.
pub(super) struct Lane {
    pub(super) orders: UnboundedSender<Order>,
    pub(super) thread: Thread,
    pub(super) gauge: Arc<Gauge>,
}

/// From the pacer's waking to a worker's write it takes about so long.
const HANDING_OVER_NANOS: u64 = 20_000;
/// A job is handed over at most this much before it is due; the worker watches the clock for what is left.
const EARLY_NANOS: u64 = 80_000;

/// Hands due jobs to the workers in turn, until the gate has closed: as long as a request is in flight, another may follow.
pub(super) fn pace(gate: &Gate, until: &Arc<AtomicU64>, lanes: &[Lane], finished: &SyncSender<Finished>) {
    let mut turn = 0;
    let mut oversleep = 0;
    loop {
        let now = monotonic();
        while let Some(job) = gate.take(now + EARLY_NANOS) {
            // Whoever has a connection at hand saves opening one.
            let waits = |offset: &usize| lanes[(turn + offset) % lanes.len()].gauge.idle.load(Ordering::Relaxed) > 0;
            turn = (turn + (0..lanes.len()).find(waits).unwrap_or(0)) % lanes.len();
            let lane = &lanes[turn];
            turn += 1;
            match lane.orders.send(Order::Start(job)) {
                Ok(()) => lane.thread.unpark(),
                // The worker has died, which ends the run.
                Err(SendError(order)) => order.fail(gate, finished),
            }
        }
        if gate.look().closed {
            return;
        }
        let next = gate.next();
        until.store(next, Ordering::SeqCst);
        if gate.next() < next {
            continue;
        }
        if next == u64::MAX {
            thread::park();
        } else {
            sleep_until(next, &mut oversleep);
        }
    }
}

/// Sleeps until shortly before `due`, or until somebody unparks this thread; `oversleep` is a running mean of how late the
/// system ends a sleep.
fn sleep_until(due: u64, oversleep: &mut u64) {
    let (now, wake) = (monotonic(), due.saturating_sub(*oversleep + HANDING_OVER_NANOS));
    if now < wake {
        thread::park_timeout(Duration::from_nanos(wake - now));
        let late = monotonic().checked_sub(wake);
        *oversleep = late.map_or(*oversleep, |late| (*oversleep * 7 + late) / 8).min(EARLY_NANOS - HANDING_OVER_NANOS);
    }
}
