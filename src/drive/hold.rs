//! Lets arrivals gather for a moment before each round of reads.
//!
//! A round that finds many sockets ready costs far less CPU an event than many rounds that find one each, and kernel stamps
//! lose nothing by the wait. The wait ends early when a job comes due; it is left out where few streams are open (one
//! of them might wait for it), and for a while after events of one stream were found merged (their gaps are too short).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;

use super::clock::monotonic;
use super::gate::Gate;
use super::worker::{Gauge, Order};

/// The shortest time from one round of reads to the next.
const ROUND_NANOS: u64 = 300_000;
/// Streams that must be open for a round to wait.
const MIN_STREAMS: u64 = 64;
/// How long no round waits after events were found merged.
const MERGED_NANOS: u64 = 20_000_000;

/// The pauses of one worker's rounds.
pub(super) struct Hold {
    gauge: Arc<Gauge>,
    gate: Arc<Gate>,
    orders: WeakUnboundedSender<Order>,
    /// When the last round of reads began.
    round: AtomicU64,
}

impl Hold {
    pub(super) fn new(gauge: Arc<Gauge>, gate: Arc<Gate>, orders: WeakUnboundedSender<Order>) -> Self {
        Hold { gauge, gate, orders, round: AtomicU64::new(0) }
    }

    /// Called by the worker's thread when it has nothing left to do and is about to wait for events.
    pub(super) fn before_wait(&self) {
        if self.gauge.in_flight.load(Ordering::Relaxed) < MIN_STREAMS {
            return;
        }
        let mut now = monotonic();
        let merged = now.saturating_sub(self.gauge.merged_at.load(Ordering::Relaxed)) < MERGED_NANOS;
        let until = self.round.load(Ordering::Relaxed) + ROUND_NANOS;
        if !merged && now < until {
            let until = until.min(self.gate.next());
            thread::park_timeout(Duration::from_nanos(until.saturating_sub(now)));
            now = monotonic();
        }
        self.round.store(now, Ordering::Relaxed);
        // Sending to itself keeps the worker from waiting any longer.
        if let Some(orders) = self.orders.upgrade() {
            while let Some(job) = self.gate.take(now) {
                let _ = orders.send(Order::Start(job));
            }
        }
    }
}
