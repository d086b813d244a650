//! One connection: what has been read of a request, what has not been written of an answer. It reads with the kernel's stamp and
//! never waits.

use std::io::IoSliceMut;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::rc::Rc;

use nix::errno::Errno;
use nix::libc::linger;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, send, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use super::pace::Draws;
use super::reply::Reply;
use super::wire::After;

/// A write neither waits nor raises a signal where the client has gone; elsewhere than on Linux std ignores the signal.
#[cfg(target_os = "linux")]
const QUIETLY: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);
#[cfg(not(target_os = "linux"))]
const QUIETLY: MsgFlags = MsgFlags::MSG_DONTWAIT;

/// With more bytes than this in `out`, nothing is added to them before the client has read.
pub(super) const MOST_UNSENT: usize = 4 << 20;

/// A connection and what is under way on it.
pub(super) struct Conn {
    pub(super) stream: Rc<TcpStream>,
    /// What came and is not yet a whole request.
    pub(super) input: Vec<u8>,
    /// Bytes that the request under way needs before it is looked at again.
    pub(super) needs: usize,
    /// When the last byte arrived, on the monotonic clock.
    pub(super) stamp: u64,
    /// What is to be written, from `written` on.
    pub(super) out: Vec<u8>,
    written: usize,
    /// Most bytes of one write.
    pub(super) piece: usize,
    /// The socket takes no more for now.
    pub(super) blocked: bool,
    /// Since when the answer waits for a client that does not read.
    pub(super) held: Option<u64>,
    /// The answer under way.
    pub(super) active: Option<Active>,
    /// The answer is complete, but not all of it is written.
    pub(super) ending: Option<After>,
    /// What its first request meets.
    pub(super) fate: Fate,
}

/// What the first request of a connection meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Reset,
}

/// An answer under way.
pub(super) struct Active {
    pub(super) reply: Reply,
    pub(super) draws: Draws,
    /// When its request arrived.
    pub(super) arrival: u64,
    /// Prompt tokens that the batching model has to take up.
    pub(super) prefill: u32,
    /// With a batching model: how many tokens more before the next write.
    pub(super) owed: u32,
}

/// How a write went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// All is with the kernel.
    All,
    /// The socket is full.
    Blocked,
    /// The client has gone.
    Gone,
}

/// What a read brought.
pub(super) enum Arrived {
    /// So many bytes, and when the last of them arrived by the kernel's wall clock.
    Bytes(usize, Option<TimeSpec>),
    /// Nothing for now.
    Nothing,
    /// The client has gone.
    Gone,
}

impl Conn {
    pub(super) fn new(stream: TcpStream, fate: Fate) -> Self {
        Conn {
            stream: Rc::new(stream),
            input: Vec::new(),
            needs: 0,
            stamp: 0,
            out: Vec::new(),
            written: 0,
            piece: usize::MAX,
            blocked: false,
            held: None,
            active: None,
            ending: None,
            fate,
        }
    }

    /// Reads once into `buffer`; `control` has room for a stamp.
    pub(super) fn read(&self, buffer: &mut [u8], control: &mut [u8]) -> Arrived {
        let mut parts = [IoSliceMut::new(buffer)];
        let message = match recvmsg::<()>(self.stream.as_raw_fd(), &mut parts, Some(control), MsgFlags::MSG_DONTWAIT) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Arrived::Nothing,
            Err(_) => return Arrived::Gone,
        };
        if message.bytes == 0 {
            return Arrived::Gone;
        }
        let stamp = message.cmsgs().ok().and_then(|mut all| {
            all.find_map(|one| match one {
                #[cfg(target_os = "linux")]
                ControlMessageOwned::ScmTimestampns(stamp) => Some(stamp),
                _ => None,
            })
        });
        Arrived::Bytes(message.bytes, stamp)
    }

    /// Writes what is to be written; `writes` counts the attempts.
    pub(super) fn flush(&mut self, writes: &mut u64) -> Flushed {
        while self.written < self.out.len() {
            let end = self.out.len().min(self.written.saturating_add(self.piece));
            *writes += 1;
            match send(self.stream.as_raw_fd(), &self.out[self.written..end], QUIETLY) {
                Ok(count) => self.written += count,
                Err(Errno::EAGAIN) => return Flushed::Blocked,
                Err(Errno::EINTR) => {}
                Err(_) => return Flushed::Gone,
            }
        }
        self.out.clear();
        self.written = 0;
        Flushed::All
    }

    /// Makes the close that follows a reset.
    pub(super) fn reset_on_close(&self) {
        // Should it fail, the connection is closed in order: the client sees an answer cut short either way.
        let _ = setsockopt(&*self.stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 });
    }
}
