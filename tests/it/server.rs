//! A scripted server on a port of its own: what goes out for each request, and when, is dictated by the test. Plain threads and
//! sockets; it shares nothing with the program under test but the system.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Position among all requests, from 0, in order of arrival.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// With marks for what is no text.
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An answer: bytes, each part so many milliseconds after the request, and what follows.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) steps: Vec<(u64, Vec<u8>)>,
    pub(crate) end: End,
}

/// What becomes of a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It serves on.
    Keep,
    /// It is closed.
    Close,
    /// It is closed so many milliseconds later.
    CloseLater(u64),
    /// It is reset.
    Reset,
    /// Nothing more comes.
    Hang,
}

/// How an answer is cut into writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// As the script has it, at its times.
    Paced,
    /// A byte at a time, as fast as they go.
    Bytes,
    /// All at once, when the first part is due.
    Whole,
}

impl Cut {
    pub(crate) const ALL: [Cut; 3] = [Cut::Paced, Cut::Bytes, Cut::Whole];
}

/// How connections are treated.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) cut: Cut,
    /// So many of the first connections are reset as soon as they are accepted.
    pub(crate) reset_first: usize,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Connections begin with a request for a tunnel, as a proxy's do, and this is the answer to it.
    pub(crate) tunnel: Option<String>,
}

impl From<Cut> for Manner {
    fn from(cut: Cut) -> Self {
        Manner { cut, reset_first: 0, tls: None, tunnel: None }
    }
}

type Answer = dyn Fn(&Request) -> Script + Send + Sync;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    manner: Manner,
    answer: Box<Answer>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
    ended: AtomicBool,
}

impl Server {
    pub(crate) fn start(
        manner: impl Into<Manner>,
        answer: impl Fn(&Request) -> Script + Send + Sync + 'static,
    ) -> Self {
        Server::on(TcpListener::bind("127.0.0.1:0").unwrap(), manner, answer)
    }

    pub(crate) fn on(
        listener: TcpListener,
        manner: impl Into<Manner>,
        answer: impl Fn(&Request) -> Script + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            manner: manner.into(),
            answer: Box::new(answer),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            most_busy: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || shared.accept(&listener));
        Server { address, state }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.state.manner.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at once.
    pub(crate) fn most_busy(&self) -> usize {
        self.state.most_busy.load(Ordering::SeqCst)
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn wait_for(&self, count: usize) {
        for _ in 0..20_000 {
            if self.state.requests.lock().unwrap().len() >= count {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("{count} requests did not arrive");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for socket in listener.incoming().map_while(Result::ok) {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let number = self.connections.fetch_add(1, Ordering::SeqCst);
            if number < self.manner.reset_first {
                reset(&socket);
                continue;
            }
            let state = Arc::clone(&self);
            // A client that goes away ends its connection's thread, and nobody else's.
            thread::spawn(move || state.serve(socket).unwrap_or_default());
        }
    }

    fn serve(&self, socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let raw = socket.try_clone()?;
        let mut seen = Vec::new();
        let mut plain = socket.try_clone()?;
        if let Some(opened) = &self.manner.tunnel
            && self.read(&mut plain, &mut seen)?.is_some()
        {
            plain.write_all(opened.as_bytes())?;
        }
        let mut wire: Box<dyn Wire> = match &self.manner.tls {
            None => Box::new(socket),
            Some(config) => Box::new(secure(socket, config)?),
        };
        while let Some(request) = self.read(&mut *wire, &mut seen)? {
            let script = (self.answer)(&request);
            self.play(&mut *wire, &script)?;
            match script.end {
                End::Keep => {}
                End::Hang => drop(wire.read_to_end(&mut seen)?),
                End::Reset => {
                    // A reset takes back what the system has not sent yet.
                    thread::sleep(Duration::from_millis(if self.manner.cut == Cut::Bytes { 100 } else { 0 }));
                    reset(&raw);
                    return Ok(());
                }
                End::Close => return raw.shutdown(std::net::Shutdown::Both),
                End::CloseLater(ms) => {
                    thread::sleep(Duration::from_millis(ms));
                    return raw.shutdown(std::net::Shutdown::Both);
                }
            }
        }
        Ok(())
    }

    fn play(&self, wire: &mut dyn Wire, script: &Script) -> io::Result<()> {
        let begun = now();
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_busy.fetch_max(busy, Ordering::SeqCst);
        let wait = |ms: u64| {
            let until = begun + Duration::from_millis(ms);
            thread::sleep(until.saturating_duration_since(now()));
        };
        let played = match self.manner.cut {
            Cut::Paced => script.steps.iter().try_for_each(|(at, bytes)| {
                wait(*at);
                wire.write_all(bytes).and_then(|()| wire.flush())
            }),
            Cut::Bytes => {
                let mut bytes = script.steps.iter().flat_map(|(_, bytes)| bytes.chunks(1));
                bytes.try_for_each(|byte| wire.write_all(byte).and_then(|()| wire.flush()))
            }
            Cut::Whole => {
                let whole: Vec<u8> = script.steps.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
                wait(script.steps.first().map_or(0, |(at, _)| *at));
                wire.write_all(&whole).and_then(|()| wire.flush())
            }
        };
        self.busy.fetch_sub(1, Ordering::SeqCst);
        played
    }

    /// Reads a request; none where the connection has ended before one.
    fn read(&self, wire: &mut dyn Wire, seen: &mut Vec<u8>) -> io::Result<Option<Request>> {
        let mut buffer = [0; 1 << 16];
        let (head, length) = loop {
            if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&seen[..end]).into_owned();
                let length = head
                    .lines()
                    .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
                seen.drain(..end + 4);
                break (head, length.unwrap_or(0));
            }
            let count = wire.read(&mut buffer)?;
            if count == 0 {
                return Ok(None);
            }
            seen.extend_from_slice(&buffer[..count]);
        };
        while seen.len() < length {
            let count = wire.read(&mut buffer)?;
            if count == 0 {
                return Ok(None);
            }
            seen.extend_from_slice(&buffer[..count]);
        }
        let body = String::from_utf8_lossy(&seen.drain(..length).collect::<Vec<u8>>()).into_owned();
        let mut requests = self.requests.lock().unwrap();
        let request = parse(&head, body, requests.len());
        requests.push(request.clone());
        Ok(Some(request))
    }
}

fn parse(head: &str, body: String, number: usize) -> Request {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    Request { number, method, target, headers: lines.map(header).collect(), body }
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn secure(socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    Ok(StreamOwned::new(session, socket))
}

/// Ends a connection with a reset.
fn reset(socket: &TcpStream) {
    setsockopt(&socket.as_fd(), sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a server of its own keeps time on its own")]
fn now() -> Instant {
    Instant::now()
}
