//! Starts jobs when they are due: a thread of its own that sleeps to absolute deadlines on the monotonic clock, because a
//! runtime's timer rounds up to a millisecond.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::clock::monotonic;
use super::gate::Gate;
use super::worker::Order;

/// A worker as the pacer sees it.
pub(super) struct Lane {
    pub(super) orders: UnboundedSender<Order>,
    pub(super) thread: Thread,
}

/// Hands due jobs to the workers in turn, until the line has ended.
pub(super) fn pace(gate: &Gate, until: &Arc<AtomicU64>, lanes: &[Lane]) {
    let mut turn = (0..lanes.len()).cycle();
    loop {
        let now = monotonic();
        while let Some(job) = gate.take(now) {
            let lane = &lanes[turn.next().expect("a cycle never ends")];
            // A worker that is gone has cancelled the run.
            let _ = lane.orders.send(Order::Start(job));
            lane.thread.unpark();
        }
        let look = gate.look();
        if look.ended && look.waiting == 0 {
            return;
        }
        let next = gate.next();
        until.store(next, Ordering::Release);
        if gate.next() < next {
            continue;
        }
        match next.saturating_sub(monotonic()) {
            _ if next == u64::MAX => thread::park(),
            0 => {}
            wait => thread::park_timeout(Duration::from_nanos(wait)),
        }
    }
}
