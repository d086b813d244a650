//! A socket whose reads say when the kernel received the bytes.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, RawFd};
use std::task::{Context, Poll, ready};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

use super::clock::monotonic;

/// Bytes read in one go: enough for a whole answer of a fast server, small enough to stay in a core's cache.
const READ_BYTES: usize = 256 * 1024;

/// A host that has acknowledged nothing for so long is dead.
#[cfg(target_os = "linux")]
const DEAD_SECONDS: u32 = 60;

/// Room for what a read gives: decrypted, it may complete a record of which most came before.
const ROOM: usize = READ_BYTES + 32 * 1024;

/// Where reads of one worker put their bytes: one for all its connections.
pub(super) struct Scratch {
    pub(super) bytes: Vec<u8>,
    /// Where TLS puts what it has decrypted, before the two change places.
    pub(super) plain: Vec<u8>,
    control: Vec<u8>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Scratch { bytes: vec![0; ROOM], plain: Vec::new(), control: nix::cmsg_space!(TimeSpec) }
    }
}

/// One read: how many bytes, when it happened, and the kernel's wall-clock stamp of the last of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) bytes: usize,
    pub(super) read: u64,
    pub(super) kernel: Option<u64>,
}

/// A connected socket that sends small writes at once and stamps what it receives.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Stream,
}

/// Whether the peer is on a network or at a socket of the file system, which the kernel does not stamp.
#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    File(UnixStream),
}

/// Does to a stream what both kinds can do.
macro_rules! on {
    ($socket:expr, $stream:ident => $body:expr) => {
        match &$socket.stream {
            Stream::Tcp($stream) => $body,
            Stream::File($stream) => $body,
        }
    };
}

impl Socket {
    pub(super) fn over_file(stream: UnixStream) -> Self {
        Socket { stream: Stream::File(stream) }
    }

    pub(super) fn over_tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        // Where the system refuses these, arrivals are stamped at the read, and a host that dies is noticed by the request's limit.
        #[cfg(target_os = "linux")]
        {
            let _ = setsockopt(&stream, sockopt::ReceiveTimestampns, &true);
            let _ = setsockopt(&stream, sockopt::TcpUserTimeout, &(DEAD_SECONDS * 1000));
            let _ = setsockopt(&stream, sockopt::TcpKeepIdle, &(DEAD_SECONDS / 2));
            let _ = setsockopt(&stream, sockopt::TcpKeepInterval, &(DEAD_SECONDS / 6));
            let _ = setsockopt(&stream, sockopt::TcpKeepCount, &3);
        }
        let _ = setsockopt(&stream, sockopt::KeepAlive, &true);
        Ok(Socket { stream: Stream::Tcp(stream) })
    }

    /// Has the system forget the connection when it is dropped, and so its port be free at once.
    pub(super) fn forget(&self) {
        if let Stream::Tcp(stream) = &self.stream {
            // Where the system refuses, the port is free after a minute.
            let _ = stream.set_zero_linger();
        }
    }

    /// Reads what is there into `scratch`; no bytes means that the peer has closed.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<io::Result<Arrival>> {
        loop {
            ready!(on!(self, stream => stream.poll_read_ready(cx)))?;
            match self.try_read(scratch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// Reads what is there, or fails with `WouldBlock`, without a system call where nothing has arrived.
    pub(super) fn try_read(&self, scratch: &mut Scratch) -> io::Result<Arrival> {
        let fd = on!(self, stream => stream.as_raw_fd());
        let arrival = on!(self, stream => stream.try_io(Interest::READABLE, || receive(fd, scratch)))?;
        if 0 < arrival.bytes && arrival.bytes < READ_BYTES {
            // A short read has emptied the socket: to say so now saves the read that would find nothing. Bytes that
            // come in between raise readiness anew, since the runtime has not polled since.
            let empty = || Err::<(), io::Error>(io::ErrorKind::WouldBlock.into());
            let _ = on!(self, stream => stream.try_io(Interest::READABLE, empty));
        }
        Ok(arrival)
    }

    /// Writes what the kernel takes now.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        on!(self, stream => stream.try_write(bytes))
    }

    /// Waits until there is room to write.
    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => stream.poll_write_ready(cx))
    }
}

fn receive(fd: RawFd, scratch: &mut Scratch) -> io::Result<Arrival> {
    let mut slices = [IoSliceMut::new(&mut scratch.bytes[..READ_BYTES])];
    let message = recvmsg::<()>(fd, &mut slices, Some(&mut scratch.control), MsgFlags::empty())?;
    let kernel = message.cmsgs()?.find_map(|control| match control {
        #[cfg(target_os = "linux")]
        ControlMessageOwned::ScmTimestampns(at) => Some(at.tv_sec() as u64 * 1_000_000_000 + at.tv_nsec() as u64),
        _ => None,
    });
    Ok(Arrival { bytes: message.bytes, read: monotonic(), kernel })
}
