//! Work done ahead of need on all cores, handed out in order: indices and a function come in, an iterator of its results
//! goes out. How far ahead is bounded, so memory depends on what is in flight and not on how many there will be.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Results that wait for their turn, a thread.
const DEPTH: usize = 8;

/// The results of a function for 0, 1, 2, ... in that order.
///
/// Each thread makes every so many-th result and puts it in a lane of its own, so reading the lanes in turn restores the
/// order. Dropping this ends the threads at their next result.
pub(super) struct Ahead<T> {
    lanes: Vec<Receiver<T>>,
    next: usize,
    count: usize,
}

/// Starts to make `make(0)` to `make(count - 1)`.
pub(super) fn ahead<T: Send + 'static>(count: usize, make: impl Fn(usize) -> T + Send + Sync + 'static) -> Ahead<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(count);
    let make = Arc::new(make);
    let lanes = (0..threads).map(|first| lane((first..count).step_by(threads), Arc::clone(&make))).collect();
    Ahead { lanes, next: 0, count }
}

fn lane<T: Send + 'static>(
    indices: impl Iterator<Item = usize> + Send + 'static,
    make: Arc<impl Fn(usize) -> T + Send + Sync + 'static>,
) -> Receiver<T> {
    let (sender, receiver) = mpsc::sync_channel(DEPTH);
    thread::spawn(move || {
        for index in indices {
            if sender.send(make(index)).is_err() {
                return;
            }
        }
    });
    receiver
}

impl<T> Iterator for Ahead<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next == self.count {
            return None;
        }
        let lane = &self.lanes[self.next % self.lanes.len()];
        self.next += 1;
        Some(lane.recv().expect("a thread fills its lane to the end unless it panics"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count - self.next, Some(self.count - self.next))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_whoever_made_them() {
        let squares: Vec<usize> = ahead(1000, |index| index * index).collect();
        assert!(squares.iter().enumerate().all(|(index, square)| *square == index * index));
        assert_eq!(squares.len(), 1000);
        assert_eq!(ahead(0, |index| index).next(), None);
    }

    #[test]
    fn work_runs_ahead_by_a_bounded_number() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let mut results = ahead(1_000_000, move |_| counter.fetch_add(1, Ordering::Relaxed));
        let threads = results.lanes.len();
        for _ in 0..10 * threads {
            results.next();
        }
        assert!(made.load(Ordering::Relaxed) <= threads * (10 + DEPTH + 1));
    }
}
