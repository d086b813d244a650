//! Work done ahead of need on all cores, handed out in order: a source and a function come in, an iterator of what the
//! function makes of each item goes out.
//!
//! The source is asked by one thread only, so it may draw; how far ahead is bounded, so memory depends on what is in flight
//! and not on how many items there will be.

use std::iter::Fuse;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// Pieces of work that a thread has before it, or done and not yet asked for.
const DEPTH: usize = 8;

/// The same where each holds pictures or sound.
pub(super) const DEPTH_OF_MEDIA: usize = 2;

/// What a function makes of each item of a source, in the source's order.
///
/// The threads take the items in turn, each from a lane of its own, so reading the lanes in turn restores the order.
/// Dropping this ends the threads.
pub(super) struct Relay<S: Iterator, T> {
    source: Fuse<S>,
    lanes: Vec<Lane<S::Item, T>>,
    /// Items that may be in the lanes at once.
    most: usize,
    given: usize,
    taken: usize,
}

/// The results of a function for 0, 1, 2, ... in that order.
pub(super) type Ahead<T> = Relay<Range<usize>, T>;

struct Lane<I, T> {
    work: SyncSender<I>,
    done: Receiver<T>,
}

/// Makes `make(0)` to `make(count - 1)`.
pub(super) fn ahead<T: Send + 'static>(count: usize, make: impl Fn(usize) -> T + Send + Sync + 'static) -> Ahead<T> {
    relay(0..count, DEPTH, make)
}

/// Passes the items of `source` through `make`, `depth` of them at once in each thread.
pub(super) fn relay<S, T>(source: S, depth: usize, make: impl Fn(S::Item) -> T + Send + Sync + 'static) -> Relay<S, T>
where
    S: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let make = Arc::new(make);
    let lanes = (0..threads).map(|_| lane(depth, Arc::clone(&make))).collect();
    Relay { source: source.fuse(), lanes, most: depth * threads, given: 0, taken: 0 }
}

fn lane<I, T>(depth: usize, make: Arc<impl Fn(I) -> T + Send + Sync + 'static>) -> Lane<I, T>
where
    I: Send + 'static,
    T: Send + 'static,
{
    let (work, items) = mpsc::sync_channel(depth);
    let (results, done) = mpsc::sync_channel(depth);
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
        while self.given - self.taken < self.most
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
    fn results_come_in_order_whoever_made_them() {
        let squares: Vec<usize> = ahead(1000, |index| index * index).collect();
        assert!(squares.iter().enumerate().all(|(index, square)| *square == index * index));
        assert_eq!(squares.len(), 1000);
        assert_eq!(ahead(0, |index| index).next(), None);
    }

    #[test]
    fn the_source_is_asked_by_one_thread_and_no_further_than_a_bound() {
        let asked = Rc::new(Cell::new(0));
        let counter = Rc::clone(&asked);
        let source = (0..1_000_000).inspect(move |_| counter.set(counter.get() + 1));
        let mut results = relay(source, DEPTH_OF_MEDIA, |item| item);
        let lanes = results.lanes.len();
        for _ in 0..10 {
            results.next();
        }
        assert!(asked.get() <= 10 + DEPTH_OF_MEDIA * lanes, "{}", asked.get());
    }
}
