//! Waits until a socket is ready or a moment has come: the only place of the simulator that depends on the operating system.
//! Linux has an epoll and a timer of nanoseconds; every other Unix has poll(2), which looks at all sockets each time and
//! sleeps in milliseconds, so that the loop watches the clock for the rest.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;

#[cfg(target_os = "linux")]
pub(super) use linux::Poller;
#[cfg(not(target_os = "linux"))]
pub(super) use portable::Poller;

/// The highest number under which a socket may be watched; the one above belongs to the poller.
pub(super) const HIGHEST: u64 = u64::MAX - 1;

/// How long to wait for sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// Not at all.
    Now,
    /// Until this moment of the monotonic clock, in nanoseconds.
    At(u64),
    /// Until a socket is ready.
    Never,
}

/// A socket that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ready {
    /// The number under which it is watched.
    pub(super) key: u64,
    /// It has bytes, has ended, or has failed.
    pub(super) readable: bool,
    /// It has room, and that was asked for.
    pub(super) writable: bool,
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::rc::Rc;

    use super::super::clock;
    use super::*;

    /// What holds for every way to wait.
    macro_rules! holds {
        ($name:ident, $poller:ty) => {
            #[test]
            fn $name() {
                let (ours, mut theirs) = UnixStream::pair().unwrap();
                let ours = Rc::new(ours);
                let (mut poller, mut ready) = (<$poller>::new().unwrap(), Vec::new());
                poller.watch(ours.clone(), 7).unwrap();
                poller.wait(Wake::Now, &mut ready).unwrap();
                assert_eq!(ready, []);
                let until = clock::now() + 3_000_000;
                while clock::now() < until {
                    poller.wait(Wake::At(until), &mut ready).unwrap();
                    assert_eq!(ready, []);
                }
                theirs.write_all(b"x").unwrap();
                // What is left unread is told again.
                for _ in 0..2 {
                    poller.wait(Wake::Never, &mut ready).unwrap();
                    assert_eq!(ready, [Ready { key: 7, readable: true, writable: false }]);
                }
                poller.heed_room(&ours, 7, true).unwrap();
                poller.wait(Wake::Never, &mut ready).unwrap();
                assert_eq!(ready, [Ready { key: 7, readable: true, writable: true }]);
                poller.heed_room(&ours, 7, false).unwrap();
                drop(theirs);
                poller.wait(Wake::Never, &mut ready).unwrap();
                assert_eq!(ready, [Ready { key: 7, readable: true, writable: false }]);
                poller.forget(7);
                drop(ours);
                poller.wait(Wake::Now, &mut ready).unwrap();
                assert_eq!(ready, []);
            }
        };
    }

    #[cfg(target_os = "linux")]
    holds!(an_epoll_tells_what_is_ready, linux::Poller);
    holds!(poll_tells_what_is_ready, portable::Poller);
}
