//! Opens connections: TCP, a proxy's tunnel, TLS.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use rustls::ClientConnection;
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::answer::Reason;
use super::clock::monotonic;
use super::socket::{Scratch, Socket};
use super::target::{Local, Peer, Target};
use super::wire::Wire;
use crate::record::Failure;

/// How long an address has before the next is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);
/// Bytes of a proxy's answer to the request for a tunnel.
const LONGEST_HEAD: usize = 64 * 1024;
/// An address that has not answered by then does not: the kernel would go on for two minutes.
const LONGEST: Duration = Duration::from_secs(10);
/// So long a proxy's tunnel and a TLS handshake may take, each: a server with many to shake hands with is slow, and one that says
/// nothing must not hold a request for as long as that may take.
const LONGEST_TALK: Duration = Duration::from_secs(30);

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
        in_time(Failure::Connect, "proxy: no tunnel", tunnel(&socket, request)).await?;
    }
    let wire = match &target.tls {
        None => Wire::plain(socket),
        Some((config, name)) => {
            let session = ClientConnection::new(config.clone(), name.clone());
            let session = session.map_err(|cause| (Failure::Tls, cause.to_string()))?;
            let mut scratch = Scratch::new();
            let secured = in_time(Failure::Tls, "TLS handshake: no end", async {
                let secured = Wire::secure(socket, session, &mut scratch).await;
                secured.map_err(|cause| (Failure::Tls, format!("TLS handshake: {cause}")))
            });
            secured.await?
        }
    };
    let opened = monotonic();
    Ok(Connection { wire, opened, took: opened - begun, used: false })
}

/// What comes of a talk, which may take [`LONGEST_TALK`]; of one that takes longer `what` is said, which it failed for.
async fn in_time<T>(why: Failure, what: &str, talk: impl Future<Output = Result<T, Reason>>) -> Result<T, Reason> {
    let late = || Err((why, format!("{what} within {} s", LONGEST_TALK.as_secs())));
    tokio::time::timeout(LONGEST_TALK, talk).await.unwrap_or_else(|_| late())
}

/// Connects to the first address that answers (RFC 8305, §5): each gets a head start before the next is tried as well, and the one
/// that answered last time comes first.
async fn connect(target: &Target) -> Result<Socket, Reason> {
    let count = target.peers.len();
    let order = |turn: usize| (target.best.load(Ordering::Relaxed) + turn) % count;
    let attempt = |index: usize| Box::pin(async move { (index, one(&target.peers[index], &target.local).await) });
    let (mut attempts, mut next, mut reasons) = (Vec::new(), 0, Vec::new());
    while next < count || !attempts.is_empty() {
        if next < count {
            attempts.push(attempt(order(next)));
            next += 1;
        }
        let first = poll_fn(|cx| {
            let ended = attempts.iter_mut().enumerate().find_map(|(place, attempt)| match attempt.as_mut().poll(cx) {
                Poll::Ready(ended) => Some((place, ended)),
                Poll::Pending => None,
            });
            ended.map_or(Poll::Pending, Poll::Ready)
        });
        let ended = match next < count {
            true => tokio::time::timeout(HEAD_START, first).await.ok(),
            false => Some(first.await),
        };
        match ended {
            Some((_, (index, Ok(socket)))) => {
                target.best.store(index, Ordering::Relaxed);
                return Ok(socket);
            }
            Some((place, (index, Err(cause)))) => {
                drop(attempts.swap_remove(place));
                let proxy = if target.proxy().is_some() { "the proxy " } else { "" };
                reasons.push(format!("connect to {proxy}{}: {}", target.peers[index], plain(&cause)));
            }
            None => {}
        }
    }
    Err((Failure::Connect, reasons.join("; ")))
}

/// Connects to one peer, which may take so long as people wait.
async fn one(peer: &Peer, local: &Local) -> io::Result<Socket> {
    let connecting = async {
        match peer {
            Peer::Net(address) => Socket::over_tcp(tcp(*address, local).await?),
            Peer::Path(path) => Ok(Socket::over_file(UnixStream::connect(path).await?)),
        }
    };
    let connected = tokio::time::timeout(LONGEST, connecting).await;
    connected.unwrap_or_else(|_| Err(io::Error::other(format!("no answer within {} s", LONGEST.as_secs()))))
}

/// Connects from the address whose turn it is.
async fn tcp(address: SocketAddr, local: &Local) -> io::Result<TcpStream> {
    let Some(own) = local.next(address) else { return TcpStream::connect(address).await };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // The port is chosen when the peer is known, so that one may serve for several peers.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true);
    socket.bind((own, 0).into()).map_err(|cause| io::Error::other(format!("from {own}: {}", plain(&cause))))?;
    socket.connect(address).await
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
            Ok(httparse::Status::Complete(_)) if response.code.is_some_and(|code| (200..300).contains(&code)) => {
                return Ok(());
            }
            Ok(httparse::Status::Complete(_)) => {
                return Err(failed(format!("HTTP {} for a tunnel", response.code.unwrap_or_default())));
            }
            Ok(httparse::Status::Partial) if head.len() > LONGEST_HEAD => {
                return Err(failed(format!("its answer for a tunnel has no end within {LONGEST_HEAD} bytes")));
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
