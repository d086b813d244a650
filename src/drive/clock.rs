//! The clocks of a run: the only place of the client that reads one.
//!
//! Moments are monotonic nanoseconds; a [`Clock`] turns them into [`Tick`]s of its run. Arrivals come stamped by the
//! kernel on the wall clock: the difference of the two clocks brings them onto the monotonic one. That difference changes only
//! where the wall clock is stepped. It is taken anew at each beat: what arrived before a step was noticed is stamped when it is
//! read, and so is what lies outside of what is possible.

use nix::time::{ClockId, clock_gettime};

use crate::record::Tick;

/// A stamp that lies further back than this cannot be an arrival: the wall clock was stepped.
const MAX_LAG_NANOS: u64 = 60_000_000_000;

/// The difference of the clocks is known this well; where it has moved further, the wall clock was stepped.
const MAX_DRIFT_NANOS: u64 = 50_000;

/// Monotonic nanoseconds, from an arbitrary origin.
pub(crate) fn monotonic() -> u64 {
    read(ClockId::CLOCK_MONOTONIC)
}

fn read(clock: ClockId) -> u64 {
    let now = clock_gettime(clock).expect("the kernel has both clocks");
    now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
}

/// Where a run lies on the monotonic clock, and where the wall clock lies beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    origin: u64,
    wall_ahead: u64,
    /// Stamps of arrivals before this monotonic moment may be from before a step.
    settled: u64,
}

/// When bytes arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Arrival: the kernel's stamp, or the moment of the read where there is none.
    pub(super) at: Tick,
    /// Nanoseconds from the kernel's stamp to the read; none without a usable stamp.
    pub(super) lag: Option<u64>,
    /// Whether the kernel's stamp could not be true.
    pub(super) stepped: bool,
}

impl Clock {
    /// The clock of a run that begins at the monotonic moment `origin`.
    pub(super) fn starting_at(origin: u64) -> Self {
        Clock { origin, wall_ahead: wall_ahead(), settled: 0 }
    }

    /// The same clock after a step of the wall clock, if there was one since the last look.
    pub(super) fn stepped(&self) -> Option<Self> {
        self.stepped_to(wall_ahead(), monotonic())
    }

    fn stepped_to(&self, wall_ahead: u64, now: u64) -> Option<Self> {
        let moved = wall_ahead.abs_diff(self.wall_ahead) > MAX_DRIFT_NANOS;
        moved.then_some(Clock { origin: self.origin, wall_ahead, settled: now })
    }

    /// The present moment of the run.
    pub(super) fn now(&self) -> Tick {
        self.tick(monotonic())
    }

    /// The moment of the run that belongs to a monotonic moment; the start of the run for earlier ones.
    pub(super) fn tick(&self, moment: u64) -> Tick {
        Tick::from_nanos(moment.saturating_sub(self.origin))
    }

    /// The monotonic moment that belongs to a moment of the run; the last there is for later ones.
    pub(super) fn moment(&self, tick: Tick) -> u64 {
        self.origin.saturating_add(tick.nanos())
    }

    /// When bytes arrived that were read at the monotonic moment `read` and carry the wall-clock stamp `kernel`.
    pub(super) fn stamp(&self, read: u64, kernel: Option<u64>) -> Stamp {
        let Some(kernel) = kernel else {
            return Stamp { at: self.tick(read), lag: None, stepped: false };
        };
        let arrived = kernel.saturating_sub(self.wall_ahead);
        match read.checked_sub(arrived) {
            Some(lag) if lag < MAX_LAG_NANOS && arrived >= self.settled => {
                Stamp { at: self.tick(arrived), lag: Some(lag), stepped: false }
            }
            _ => Stamp { at: self.tick(read), lag: None, stepped: true },
        }
    }
}

/// How far the wall clock is ahead of the monotonic clock, from the tightest of a few readings.
fn wall_ahead() -> u64 {
    let sandwich = || {
        let before = monotonic();
        let wall = read(ClockId::CLOCK_REALTIME);
        let after = monotonic();
        // Taken a little large: a stamp must never lie before the arrival's cause, and cannot lie after its read.
        (after - before, wall.saturating_sub(before + (after - before) / 2))
    };
    let tightest = (0..16).map(|_| sandwich()).min_by_key(|(width, _)| *width);
    tightest.expect("there are sixteen readings").1
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock { origin: 1_000, wall_ahead: 1_000_000, settled: 0 };

    #[test]
    fn a_kernel_stamp_is_the_arrival() {
        let stamp = CLOCK.stamp(1_700, Some(1_001_500));
        assert_eq!(stamp, Stamp { at: Tick::from_nanos(500), lag: Some(200), stepped: false });
    }

    #[test]
    fn without_a_kernel_stamp_the_read_is_the_arrival() {
        assert_eq!(CLOCK.stamp(1_700, None), Stamp { at: Tick::from_nanos(700), lag: None, stepped: false });
    }

    #[test]
    fn a_stamp_from_the_future_or_the_far_past_means_a_stepped_clock() {
        let read = 100_000_000_000;
        for kernel in [read + 1_000_001, 2_000_000] {
            let stamp = CLOCK.stamp(read, Some(kernel));
            assert_eq!(stamp, Stamp { at: CLOCK.tick(read), lag: None, stepped: true });
        }
    }

    #[test]
    fn a_step_is_noticed_and_what_arrived_before_it_is_stamped_at_its_read() {
        assert!(CLOCK.stepped_to(1_000_000 + 49_000, 5_000).is_none());
        for ahead in [900_000, 1_100_000] {
            let clock = CLOCK.stepped_to(ahead, 5_000).unwrap();
            let at_read = Stamp { at: clock.tick(6_000), lag: None, stepped: true };
            assert_eq!(clock.stamp(6_000, Some(ahead + 4_000)), at_read);
            let after = Stamp { at: clock.tick(5_500), lag: Some(500), stepped: false };
            assert_eq!(clock.stamp(6_000, Some(ahead + 5_500)), after);
            assert_eq!(clock.tick(6_000), CLOCK.tick(6_000));
        }
    }

    #[test]
    fn ticks_and_moments_are_inverse() {
        let tick = Tick::from_nanos(123);
        assert_eq!(CLOCK.tick(CLOCK.moment(tick)), tick);
    }
}
