//! A connection as requests see it: bytes to write, plain bytes to read with the stamp of their arrival. TLS is rustls
//! driven by hand over the stamped socket, so that an encrypted stream is measured like a plain one.

use std::io::{self, Read, Write};
use std::task::{Context, Poll, ready};

use rustls::ClientConnection;

use super::clock::monotonic;
use super::socket::{Arrival, Scratch, Socket};

/// One connection to the server.
pub(super) struct Wire {
    socket: Socket,
    tls: Option<Box<Session>>,
}

/// A TLS session over the socket.
struct Session {
    tls: ClientConnection,
    /// What came after the last plain bytes that were handed on: the peer's end, or an error.
    ended: Option<io::Result<()>>,
}

impl Wire {
    /// A connection without TLS.
    pub(super) fn plain(socket: Socket) -> Self {
        Wire { socket, tls: None }
    }

    /// Shakes hands over `socket`.
    pub(super) async fn secure(socket: Socket, session: ClientConnection, scratch: &mut Scratch) -> io::Result<Self> {
        let mut wire = Wire { socket, tls: Some(Box::new(Session { tls: session, ended: None })) };
        std::future::poll_fn(|cx| wire.poll_handshake(cx, scratch)).await?;
        Ok(wire)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<io::Result<()>> {
        loop {
            let session = self.tls.as_mut().expect("only a TLS session shakes hands");
            while !session.flush(&self.socket)? {
                ready!(self.socket.poll_writable(cx))?;
            }
            if !session.tls.is_handshaking() {
                return Poll::Ready(session.ended.take().unwrap_or(Ok(())));
            }
            let arrival = ready!(self.socket.poll_read(cx, scratch))?;
            if arrival.bytes == 0 || session.ended.is_some() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            if session.decrypt(arrival.bytes, scratch) > 0 {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "data before any request")));
            }
            if let Some(Err(cause)) = session.ended.take_if(|ended| ended.is_err()) {
                // The alert that says why.
                let _ = session.flush(&self.socket);
                return Poll::Ready(Err(cause));
            }
        }
    }

    /// Reads plain bytes into `scratch`; none means that the peer has closed.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<io::Result<Arrival>> {
        let Some(session) = &mut self.tls else { return self.socket.poll_read(cx, scratch) };
        loop {
            if let Some(ended) = session.ended.take() {
                ended?;
                session.ended = Some(Ok(()));
                return Poll::Ready(Ok(Arrival { bytes: 0, read: monotonic(), kernel: None }));
            }
            let arrival = ready!(self.socket.poll_read(cx, scratch))?;
            if arrival.bytes == 0 {
                return Poll::Ready(Ok(arrival));
            }
            let bytes = session.decrypt(arrival.bytes, scratch);
            // Replies to the peer's own messages, such as its new key, go out before anything else.
            session.flush(&self.socket)?;
            if bytes > 0 {
                return Poll::Ready(Ok(Arrival { bytes, ..arrival }));
            }
        }
    }

    /// Writes what the kernel takes now; of an encrypted stream all is taken, and [`Wire::poll_flush`] sees it off.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(session) = &mut self.tls else { return self.socket.try_write(bytes) };
        session.tls.set_buffer_limit(None);
        session.tls.writer().write_all(bytes)?;
        session.flush(&self.socket)?;
        Ok(bytes.len())
    }

    /// Writes `bytes` from `written` on, and all that TLS holds back.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        loop {
            let done = match &mut self.tls {
                None if *written == bytes.len() => true,
                None => match self.socket.try_write(&bytes[*written..]) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
                    result => {
                        *written += result?;
                        continue;
                    }
                },
                Some(session) => session.flush(&self.socket)?,
            };
            if done {
                return Poll::Ready(Ok(()));
            }
            ready!(self.socket.poll_writable(cx))?;
        }
    }

    /// Has the system forget the connection when it is dropped.
    pub(super) fn forget(&self) {
        self.socket.forget();
    }

    /// Whether an idle connection is still open and silent.
    pub(super) fn is_open(&mut self, scratch: &mut Scratch) -> bool {
        loop {
            let arrival = match self.socket.try_read(scratch) {
                Ok(arrival) if arrival.bytes > 0 => arrival,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
                Ok(_) => return false,
            };
            // A TLS server may send session tickets at any time; plain bytes that nobody asked for are an error.
            let Some(session) = &mut self.tls else { return false };
            let silent = session.decrypt(arrival.bytes, scratch) == 0 && session.ended.is_none();
            if !silent || !session.flush(&self.socket).is_ok_and(|done| done) {
                return false;
            }
        }
    }
}

impl Session {
    /// Decrypts the first `received` bytes of `scratch` and puts what they hold in their place; gives how many bytes that is. All is
    /// taken out of the session, which keeps little; what ended the stream behind them is kept for the next read.
    fn decrypt(&mut self, received: usize, scratch: &mut Scratch) -> usize {
        scratch.plain.resize(scratch.bytes.len(), 0);
        let (mut rest, mut filled) = (&scratch.bytes[..received], 0);
        while !rest.is_empty() && self.ended.is_none() {
            match self.step(&mut rest, &mut scratch.plain[filled..]) {
                Ok((more, ended)) => {
                    filled += more;
                    self.ended = ended;
                }
                Err(cause) => self.ended = Some(Err(cause)),
            }
        }
        std::mem::swap(&mut scratch.bytes, &mut scratch.plain);
        filled
    }

    /// Hands the session as much of `rest` as it takes; gives how many bytes it put into `plain`, and what has ended the stream, if
    /// anything has: what follows that is nothing.
    fn step(&mut self, rest: &mut &[u8], plain: &mut [u8]) -> io::Result<(usize, Option<io::Result<()>>)> {
        let taken = self.tls.read_tls(rest)?;
        let processed = self.tls.process_new_packets();
        let mut filled = 0;
        // What was decrypted before something broke is as good as what came before a reset.
        loop {
            match self.tls.reader().read(&mut plain[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) if processed.is_err() => break,
                Err(cause) => return Err(cause),
            }
        }
        match processed {
            Ok(state) if state.plaintext_bytes_to_read() > filled => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "more plain bytes than encrypted ones"))
            }
            Ok(state) => Ok((filled, (state.peer_has_closed() || taken == 0).then_some(Ok(())))),
            Err(cause) => Ok((filled, Some(Err(io::Error::new(io::ErrorKind::InvalidData, cause))))),
        }
    }

    /// Writes what the session holds back; tells whether the kernel took all of it.
    fn flush(&mut self, socket: &Socket) -> io::Result<bool> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut NonBlocking(socket)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                result => drop(result?),
            }
        }
        Ok(true)
    }
}

/// A socket as rustls writes to it.
struct NonBlocking<'a>(&'a Socket);

impl Write for NonBlocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
