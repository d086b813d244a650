//! Opens connections: TCP, a proxy's tunnel, TLS.

use std::future::poll_fn;
use std::io;

use rustls::ClientConnection;
use tokio::net::TcpStream;

use super::answer::Reason;
use super::clock::monotonic;
use super::socket::{Scratch, Socket};
use super::target::Target;
use super::wire::Wire;
use crate::record::Failure;

/// An open connection and what is known of it.
pub(super) struct Connection {
    pub(super) wire: Wire,
    /// The monotonic moment at which it was open.
    pub(super) opened: u64,
    /// How many nanoseconds opening took.
    pub(super) took: u64,
    /// Whether it has carried an answer, so that the server may have closed it since.
    pub(super) used: bool,
}

/// Opens a connection to `target`.
pub(super) async fn open(target: &Target) -> Result<Connection, Reason> {
    let begun = monotonic();
    let socket = connect(target).await?;
    if let Some(request) = &target.tunnel {
        tunnel(&socket, request).await?;
    }
    let wire = match &target.tls {
        None => Wire::plain(socket),
        Some((config, name)) => {
            let session = ClientConnection::new(config.clone(), name.clone());
            let session = session.map_err(|cause| (Failure::Tls, cause.to_string()))?;
            let secured = Wire::secure(socket, session, &mut Scratch::new()).await;
            secured.map_err(|cause| (Failure::Tls, format!("TLS handshake: {cause}")))?
        }
    };
    let opened = monotonic();
    Ok(Connection { wire, opened, took: opened - begun, used: false })
}

async fn connect(target: &Target) -> Result<Socket, Reason> {
    let mut reason = String::new();
    for address in &target.addresses {
        match TcpStream::connect(address).await.and_then(Socket::new) {
            Ok(socket) => return Ok(socket),
            Err(cause) => reason = format!("connect to {address}: {}", plain(&cause)),
        }
    }
    Err((Failure::Connect, reason))
}

/// Asks a proxy for a tunnel.
async fn tunnel(socket: &Socket, request: &[u8]) -> Result<(), Reason> {
    let failed = |cause: String| (Failure::Connect, format!("proxy: {cause}"));
    let sent = socket.try_write(request).map_err(|cause| failed(cause.to_string()))?;
    if sent < request.len() {
        return Err(failed("the request for a tunnel was not taken whole".into()));
    }
    let (mut scratch, mut head) = (Scratch::new(), Vec::new());
    loop {
        let arrival =
            poll_fn(|cx| socket.poll_read(cx, &mut scratch)).await.map_err(|cause| failed(cause.to_string()))?;
        head.extend_from_slice(&scratch.bytes[..arrival.bytes]);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&head) {
            Ok(httparse::Status::Complete(_)) if response.code == Some(200) => return Ok(()),
            Ok(httparse::Status::Complete(_)) => {
                return Err(failed(format!("HTTP {} for a tunnel", response.code.unwrap_or_default())));
            }
            Ok(httparse::Status::Partial) if arrival.bytes > 0 => {}
            Ok(_) => return Err(failed("closed before the tunnel was open".into())),
            Err(cause) => return Err(failed(cause.to_string())),
        }
    }
}

/// An error's text without the number of the operating system.
pub(super) fn plain(cause: &io::Error) -> String {
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_string()
}
