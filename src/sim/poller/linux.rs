//! An epoll beside a timer of nanoseconds.

use std::os::fd::AsFd;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::{Ready, Wake};

/// The timer's own number.
const TIMER: u64 = super::HIGHEST + 1;
/// Sockets told in one wait.
const EVENTS: usize = 64;

/// Watches sockets.
pub(in crate::sim) struct Poller {
    epoll: Epoll,
    timer: TimerFd,
    /// When the timer ends a wait; 0 when it is not set.
    armed: u64,
}

impl Poller {
    /// Watches nothing yet.
    pub(in crate::sim) fn new() -> nix::Result<Self> {
        // Sleeps end when they should; where the system refuses, the lateness says so.
        let _ = nix::sys::prctl::set_timerslack(1);
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        // Edge-triggered: setting the timer anew clears it, so that nobody has to read it.
        epoll.add(timer.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, TIMER))?;
        Ok(Poller { epoll, timer, armed: 0 })
    }

    /// Tells from now on when `socket` is readable, under the number `key`.
    pub(in crate::sim) fn watch(&mut self, socket: Rc<impl AsFd + 'static>, key: u64) -> nix::Result<()> {
        self.epoll.add(&*socket, EpollEvent::new(EpollFlags::EPOLLIN, key))
    }

    /// Tells from now on also when the watched `socket` has room, or no longer.
    pub(in crate::sim) fn heed_room(&mut self, socket: &Rc<impl AsFd>, key: u64, heeds: bool) -> nix::Result<()> {
        let room = if heeds { EpollFlags::EPOLLOUT } else { EpollFlags::empty() };
        self.epoll.modify(&**socket, &mut EpollEvent::new(EpollFlags::EPOLLIN | room, key))
    }

    /// Watches a socket no longer: its close does it.
    pub(in crate::sim) fn forget(&mut self, _key: u64) {}

    /// Waits until a socket is ready, or until `wake`; `ready` becomes what is ready, and nothing where time is up or a signal
    /// came.
    pub(in crate::sim) fn wait(&mut self, wake: Wake, ready: &mut Vec<Ready>) -> nix::Result<()> {
        ready.clear();
        let (mut events, timeout) = ([EpollEvent::empty(); EVENTS], self.timeout(wake));
        let count = match self.epoll.wait(&mut events, timeout) {
            Err(Errno::EINTR) => 0,
            count => count?,
        };
        for event in &events[..count] {
            if event.data() == TIMER {
                self.armed = 0;
                continue;
            }
            let flags = event.events();
            let readable = flags.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR);
            ready.push(Ready { key: event.data(), readable, writable: flags.contains(EpollFlags::EPOLLOUT) });
        }
        Ok(())
    }

    fn timeout(&mut self, wake: Wake) -> EpollTimeout {
        let at = match wake {
            Wake::Now => return EpollTimeout::ZERO,
            Wake::Never => return EpollTimeout::NONE,
            Wake::At(at) => at,
        };
        if self.armed == 0 || at < self.armed {
            let time = TimeSpec::new((at / 1_000_000_000) as i64, (at % 1_000_000_000) as i64);
            if self.timer.set(Expiration::OneShot(time), TimerSetTimeFlags::TFD_TIMER_ABSTIME).is_err() {
                return EpollTimeout::ZERO;
            }
            self.armed = at;
        }
        EpollTimeout::NONE
    }
}
