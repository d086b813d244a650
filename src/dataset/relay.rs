//! Work on what one source gives, done ahead of need on all cores, handed out in the source's order. The source itself is
//! asked by one thread only, so it may draw; how far ahead is bounded, so memory depends on what is in flight.

use std::iter::Fuse;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// Pieces of work that a thread has before it, or done and not yet asked for.
const DEPTH: usize = 2;

/// What a function makes of each item of a source, in the source's order.
///
/// The threads take the items in turn, each from a lane of its own, so reading the lanes in turn restores the order.
/// Dropping this ends the threads.
pub(super) struct Relay<S: Iterator, T> {
    source: Fuse<S>,
    lanes: Vec<Lane<S::Item, T>>,
    given: usize,
    taken: usize,
}

struct Lane<I, T> {
    work: SyncSender<I>,
    done: Receiver<T>,
}

/// Passes the items of `source` through `make`.
pub(super) fn relay<S, T>(source: S, make: impl Fn(S::Item) -> T + Send + Sync + 'static) -> Relay<S, T>
where
    S: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let make = Arc::new(make);
    let lanes = (0..threads).map(|_| lane(Arc::clone(&make))).collect();
    Relay { source: source.fuse(), lanes, given: 0, taken: 0 }
}

fn lane<I: Send + 'static, T: Send + 'static>(make: Arc<impl Fn(I) -> T + Send + Sync + 'static>) -> Lane<I, T> {
    let (work, items) = mpsc::sync_channel(DEPTH);
    let (results, done) = mpsc::sync_channel(DEPTH);
    thread::spawn(move || {
        for item in items {
            if results.send(make(item)).is_err() {
                return;
            }
        }
    });
    Lane { work, done }
}

impl<S: Iterator, T> Iterator for Relay<S, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let lanes = self.lanes.len();
        while self.given - self.taken < DEPTH * lanes
            && let Some(item) = self.source.next()
        {
            // A lane never holds more than fits, so this does not block; a thread that is gone shows below.
            let _ = self.lanes[self.given % lanes].work.send(item);
            self.given += 1;
        }
        if self.taken == self.given {
            return None;
        }
        let lane = &self.lanes[self.taken % lanes];
        self.taken += 1;
        Some(lane.done.recv().expect("a thread answers each item unless it panics"))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_source() {
        let squares: Vec<usize> = relay(0..1000, |item| item * item).collect();
        assert!(squares.iter().enumerate().all(|(index, square)| *square == index * index));
        assert_eq!(squares.len(), 1000);
        assert_eq!(relay(0..0, |item: usize| item).next(), None);
    }

    #[test]
    fn the_source_is_asked_by_one_thread_and_no_further_than_a_bound() {
        let asked = Rc::new(Cell::new(0));
        let counter = Rc::clone(&asked);
        let source = (0..1_000_000).inspect(move |_| counter.set(counter.get() + 1));
        let mut results = relay(source, |item| item);
        let lanes = results.lanes.len();
        for _ in 0..10 {
            results.next();
        }
        assert!(asked.get() <= 10 + DEPTH * lanes, "{}", asked.get());
    }
}
