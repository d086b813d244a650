//! A connection as requests see it: bytes to write, plain bytes to read with the stamp of their arrival. TLS is rustls
//! driven by hand over the stamped socket, so that an encrypted stream is measured like a plain one.

use std::io::{self, Read, Write};
use std::task::{Context, Poll, ready};

use rustls::ClientConnection;

use super::socket::{Arrival, Scratch, Socket};

/// One connection to the server.
pub(super) struct Wire {
    socket: Socket,
    tls: Option<Box<ClientConnection>>,
    /// The last read, whose stamp holds for what is decrypted out of it.
    last: Option<Arrival>,
}

impl Wire {
    /// A connection without TLS.
    pub(super) fn plain(socket: Socket) -> Self {
        Wire { socket, tls: None, last: None }
    }

    /// Shakes hands over `socket`.
    pub(super) async fn secure(socket: Socket, session: ClientConnection, scratch: &mut Scratch) -> io::Result<Self> {
        let mut wire = Wire { socket, tls: Some(Box::new(session)), last: None };
        std::future::poll_fn(|cx| wire.poll_handshake(cx, scratch)).await?;
        Ok(wire)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<io::Result<()>> {
        loop {
            let tls = self.tls.as_mut().expect("only a TLS session shakes hands");
            while tls.wants_write() {
                match tls.write_tls(&mut NonBlocking(&self.socket)) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.socket.poll_writable(cx))?,
                    result => drop(result?),
                }
            }
            if !tls.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            let arrival = ready!(self.socket.poll_read(cx, scratch))?;
            if arrival.bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            decrypt(tls, &scratch.bytes[..arrival.bytes])?;
        }
    }

    /// Reads plain bytes into `scratch`; none means that the peer has closed.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<io::Result<Arrival>> {
        let Some(tls) = &mut self.tls else { return self.socket.poll_read(cx, scratch) };
        loop {
            if let (Some(last), Some(bytes)) = (self.last, plain(tls, &mut scratch.bytes)?) {
                return Poll::Ready(Ok(Arrival { bytes, ..last }));
            }
            let arrival = ready!(self.socket.poll_read(cx, scratch))?;
            self.last = Some(arrival);
            if arrival.bytes == 0 {
                return Poll::Ready(Ok(arrival));
            }
            decrypt(tls, &scratch.bytes[..arrival.bytes])?;
        }
    }

    /// Writes what the kernel takes now; of an encrypted stream all is taken, and [`Wire::poll_flush`] sees it off.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.try_write(bytes) };
        tls.set_buffer_limit(None);
        tls.writer().write_all(bytes)?;
        while tls.wants_write() {
            match tls.write_tls(&mut NonBlocking(&self.socket)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                result => drop(result?),
            }
        }
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
            let result = match &mut self.tls {
                None if *written == bytes.len() => return Poll::Ready(Ok(())),
                None => self.socket.try_write(&bytes[*written..]).map(|more| *written += more),
                Some(tls) if !tls.wants_write() => return Poll::Ready(Ok(())),
                Some(tls) => tls.write_tls(&mut NonBlocking(&self.socket)).map(drop),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.socket.poll_writable(cx))?,
                result => result?,
            }
        }
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
            let Some(tls) = &mut self.tls else { return false };
            let silent =
                decrypt(tls, &scratch.bytes[..arrival.bytes]).is_ok_and(|state| state.plaintext_bytes_to_read() == 0);
            if !silent || self.tls.as_ref().is_some_and(|tls| tls.wants_write()) {
                return false;
            }
        }
    }
}

/// Hands received bytes to a session.
fn decrypt(tls: &mut ClientConnection, mut received: &[u8]) -> io::Result<rustls::IoState> {
    let mut state = None;
    while !received.is_empty() {
        tls.read_tls(&mut received)?;
        state = Some(tls.process_new_packets().map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))?);
    }
    state.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Plain bytes that a session has decrypted, if any.
fn plain(tls: &mut ClientConnection, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match tls.reader().read(buffer) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
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
