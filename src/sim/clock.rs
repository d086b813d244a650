//! The simulator's own clock: nanoseconds of the system's monotonic clock, and the tie to the wall clock that the kernel
//! stamps received segments with. It never sleeps.

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// How long a tie between the two clocks is trusted before it is measured again.
const TIE_NS: u64 = 100_000_000;

/// Nanoseconds on the monotonic clock.
pub(super) fn now() -> u64 {
    read(ClockId::CLOCK_MONOTONIC)
}

fn read(id: ClockId) -> u64 {
    clock_gettime(id).map_or(0, nanoseconds)
}

fn nanoseconds(time: TimeSpec) -> u64 {
    let whole = u64::try_from(time.tv_sec()).unwrap_or(0);
    whole * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or(0)
}

/// The wall clock told in monotonic time.
pub(super) struct Tie {
    wall: u64,
    monotonic: u64,
}

impl Tie {
    /// Reads both clocks; of a few readings the one with the least time between counts.
    pub(super) fn measure() -> Self {
        let best = (0..4).map(|_| (now(), read(ClockId::CLOCK_REALTIME), now())).min_by_key(|&(a, _, b)| b - a);
        let (before, wall, after) = best.unwrap_or_default();
        Tie { wall, monotonic: before + (after - before) / 2 }
    }

    /// Measures anew when the last reading is older than a tenth of a second, so that a slewed wall clock does no harm.
    pub(super) fn refresh(&mut self, now: u64) {
        if now.saturating_sub(self.monotonic) > TIE_NS {
            *self = Tie::measure();
        }
    }

    /// A kernel stamp as monotonic time, never later than `now`.
    pub(super) fn monotonic(&self, stamp: TimeSpec, now: u64) -> u64 {
        let since = i128::from(nanoseconds(stamp)) - i128::from(self.wall);
        u64::try_from(i128::from(self.monotonic) + since).map_or(now, |at| at.min(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_told_in_monotonic_time_and_is_never_in_the_future() {
        let tie = Tie { wall: 5_000_000_000, monotonic: 1_000 };
        assert_eq!(tie.monotonic(TimeSpec::new(5, 200), 10_000), 1_200);
        assert_eq!(tie.monotonic(TimeSpec::new(4, 999_999_500), 10_000), 500);
        assert_eq!(tie.monotonic(TimeSpec::new(6, 0), 10_000), 10_000);
    }

    #[test]
    fn the_clock_goes_forward() {
        let first = now();
        assert!(now() >= first && first > 0);
    }
}
