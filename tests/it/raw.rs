//! A request by hand, for what the program under test has no command for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// Without the marks of its chunks.
    pub(crate) body: Vec<u8>,
    /// From before the connection to the end of the body.
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|cause| panic!("{cause}: {}", self.text()))
    }

    /// The events' data as JSON; what is none is left out.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = |line: &str| serde_json::from_str(line.strip_prefix("data: ")?).ok();
        self.text().lines().filter_map(data).collect()
    }
}

/// Sends JSON to `path` of the server at `url`.
pub(crate) fn post(url: &str, path: &str, body: &str) -> Answer {
    send(url, &format!("POST {path}"), "application/json", body.as_bytes())
}

pub(crate) fn get(url: &str, path: &str) -> Answer {
    send(url, &format!("GET {path}"), "text/plain", b"")
}

/// Sends a request on a connection of its own.
pub(crate) fn send(url: &str, line: &str, media: &str, body: &[u8]) -> Answer {
    let begun = now();
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n"
    );
    socket.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    let took = now() - begun;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = &bytes[end + 4..];
    let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_vec() };
    Answer { status: head[9..12].parse().unwrap(), head, body, took }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&bytes[end + 2..][..size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
    body
}

#[expect(clippy::disallowed_methods, reason = "a client of its own keeps time on its own")]
fn now() -> Instant {
    Instant::now()
}
