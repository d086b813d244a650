//! poll(2) over all sockets, for systems without an epoll.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::clock;
use super::{Ready, Wake};

/// Watches sockets.
pub(in crate::sim) struct Poller {
    /// What is watched, and whether its room matters, by number.
    watched: BTreeMap<u64, (Rc<dyn AsFd>, bool)>,
}

impl Poller {
    /// Watches nothing yet.
    pub(in crate::sim) fn new() -> nix::Result<Self> {
        Ok(Poller { watched: BTreeMap::new() })
    }

    /// Tells from now on when `socket` is readable, under the number `key`.
    pub(in crate::sim) fn watch(&mut self, socket: Rc<impl AsFd + 'static>, key: u64) -> nix::Result<()> {
        self.watched.insert(key, (socket, false));
        Ok(())
    }

    /// Tells from now on also when the watched `socket` has room, or no longer.
    pub(in crate::sim) fn heed_room(&mut self, _socket: &Rc<impl AsFd>, key: u64, heeds: bool) -> nix::Result<()> {
        let (_, room) = self.watched.get_mut(&key).ok_or(Errno::ENOENT)?;
        *room = heeds;
        Ok(())
    }

    /// Watches a socket no longer.
    pub(in crate::sim) fn forget(&mut self, key: u64) {
        self.watched.remove(&key);
    }

    /// Waits until a socket is ready, or until less than a millisecond is left to `wake`; `ready` becomes what is ready, and
    /// nothing where time is up or a signal came.
    pub(in crate::sim) fn wait(&mut self, wake: Wake, ready: &mut Vec<Ready>) -> nix::Result<()> {
        ready.clear();
        let interest = |room: bool| if room { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN };
        let mut polled: Vec<PollFd> =
            self.watched.values().map(|(socket, room)| PollFd::new(socket.as_fd(), interest(*room))).collect();
        match poll(&mut polled, timeout(wake)) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(()),
            Err(error) => return Err(error),
        }
        for (&key, polled) in self.watched.keys().zip(&polled) {
            let flags = polled.revents().unwrap_or(PollFlags::POLLERR);
            if !flags.is_empty() {
                let writable = flags.contains(PollFlags::POLLOUT);
                ready.push(Ready { key, readable: flags != PollFlags::POLLOUT, writable });
            }
        }
        Ok(())
    }
}

fn timeout(wake: Wake) -> PollTimeout {
    match wake {
        Wake::Now => PollTimeout::ZERO,
        Wake::Never => PollTimeout::NONE,
        Wake::At(at) => {
            let left = at.saturating_sub(clock::now()) / 1_000_000;
            PollTimeout::from(u16::try_from(left).unwrap_or(u16::MAX))
        }
    }
}
