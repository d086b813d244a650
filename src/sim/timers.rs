//! Deadlines in order: what is due next, and for whom. A deadline is never taken back: one whose owner has gone carries an
//! old generation, and the owner's slot tells them apart.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A connection: its slot, and which of the slot's tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl Key {
    /// The key as the number under which its socket is watched.
    pub(super) fn pack(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    /// The key that [`Key::pack`] made the number from.
    pub(super) fn unpack(data: u64) -> Self {
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
        Key { slot: half(data), generation: half(data >> 32) }
    }
}

/// The deadlines, in nanoseconds on the monotonic clock.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(u64, Key)>>,
}

impl Timers {
    /// Wakes `key` at `deadline`.
    pub(super) fn add(&mut self, deadline: u64, key: Key) {
        self.heap.push(Reverse((deadline, key)));
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<u64> {
        self.heap.peek().map(|&Reverse((deadline, _))| deadline)
    }

    /// Takes the earliest deadline if it has come.
    pub(super) fn due(&mut self, now: u64) -> Option<(u64, Key)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(slot: u32) -> Key {
        Key { slot, generation: 7 }
    }

    #[test]
    fn deadlines_come_out_in_order_and_only_when_due() {
        let mut timers = Timers::default();
        for (at, slot) in [(30, 3), (10, 1), (20, 2)] {
            timers.add(at, key(slot));
        }
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.due(9), None);
        assert_eq!(timers.due(20), Some((10, key(1))));
        assert_eq!(timers.due(20), Some((20, key(2))));
        assert_eq!(timers.due(20), None);
        assert_eq!(timers.next(), Some(30));
    }

    #[test]
    fn a_key_survives_being_a_number() {
        let key = Key { slot: 4_999, generation: u32::MAX };
        assert_eq!(Key::unpack(key.pack()), key);
    }
}
