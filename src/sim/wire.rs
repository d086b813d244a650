//! How an answer is sent: status line and fields, chunks and the end of a body, with the faults of this level. What goes in is
//! the body's bytes; what comes out is appended to the connection's output.

use std::io::Write;

use super::fault::Kind;

/// How a streamed body is delimited, and what else is odd about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) framing: Framing,
    extensions: Oddity,
    trailers: Oddity,
    interim: Oddity,
    /// Most bytes of one write.
    pub(super) piece: usize,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Chunked,
    Length,
    Close,
}

/// Something that an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    Absent,
    Present,
}

impl Wire {
    /// The wire level of these faults.
    pub(super) fn new(faults: &[Kind]) -> Self {
        let has = |kind| if faults.contains(&kind) { Oddity::Present } else { Oddity::Absent };
        let framing = match (faults.contains(&Kind::ContentLength), faults.contains(&Kind::CloseBody)) {
            (true, _) => Framing::Length,
            (false, true) => Framing::Close,
            (false, false) => Framing::Chunked,
        };
        let piece = faults.iter().find_map(|kind| match kind {
            Kind::Split(bytes) => usize::try_from(*bytes).ok(),
            _ => None,
        });
        Wire {
            framing,
            extensions: has(Kind::Extensions),
            trailers: has(Kind::Trailers),
            interim: has(Kind::Interim),
            piece: piece.unwrap_or(usize::MAX),
        }
    }

    /// Appends the head of a stream; `len` is the body's length where it is stated.
    pub(super) fn head(&self, out: &mut Vec<u8>, len: usize, after: After) {
        if self.interim == Oddity::Present {
            out.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
        }
        out.extend_from_slice(
            b"HTTP/1.1 200 OK\r\nserver: llmbench\r\ncontent-type: text/event-stream; charset=utf-8\r\n",
        );
        match self.framing {
            Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            Framing::Length => append(out, format_args!("content-length: {len}\r\n")),
            Framing::Close => {}
        }
        if after == After::Close || self.framing == Framing::Close {
            out.extend_from_slice(b"connection: close\r\n");
        }
        if self.trailers == Oddity::Present {
            out.extend_from_slice(b"trailer: x-checksum\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends a piece of the body, as a chunk where the body has chunks.
    pub(super) fn body(&self, out: &mut Vec<u8>, bytes: &[u8]) {
        if self.framing != Framing::Chunked {
            return out.extend_from_slice(bytes);
        }
        match self.extensions {
            Oddity::Absent => append(out, format_args!("{:x}\r\n", bytes.len())),
            Oddity::Present => append(out, format_args!("{:X} ;name=\"a;b\";flag\r\n", bytes.len())),
        }
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the end of the body, as far as it has bytes.
    pub(super) fn end(&self, out: &mut Vec<u8>) {
        if self.framing != Framing::Chunked {
            return;
        }
        match self.extensions {
            Oddity::Absent => out.extend_from_slice(b"0\r\n"),
            Oddity::Present => out.extend_from_slice(b"000;last\r\n"),
        }
        if self.trailers == Oddity::Present {
            out.extend_from_slice(b"x-checksum: 00ff\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Whether a connection goes on after an answer that has a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Keep,
    Close,
}

/// The head of an answer that has a length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) status: u16,
    /// The content type.
    pub(super) kind: &'a str,
    /// The header `metadata`, in which bytes of vectors are described.
    pub(super) metadata: Option<&'a [u8]>,
    pub(super) after: After,
}

/// Appends a whole answer.
pub(super) fn answer(out: &mut Vec<u8>, head: Head<'_>, body: &[u8]) {
    let Head { status, kind, metadata, after } = head;
    append(out, format_args!("HTTP/1.1 {status} {}\r\nserver: llmbench\r\ncontent-type: {kind}\r\n", reason(status)));
    append(out, format_args!("content-length: {}\r\n", body.len()));
    if status == 405 {
        out.extend_from_slice(b"allow: GET, POST\r\n");
    }
    if matches!(status, 429 | 503) {
        out.extend_from_slice(b"retry-after: 1\r\n");
    }
    if let Some(metadata) = metadata {
        out.extend_from_slice(b"metadata: ");
        out.extend_from_slice(metadata);
        out.extend_from_slice(b"\r\n");
    }
    if after == After::Close {
        out.extend_from_slice(b"connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Error",
    }
}

/// Appends formatted text.
pub(super) fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(faults: &[Kind]) -> String {
        let (wire, mut out) = (Wire::new(faults), Vec::new());
        wire.head(&mut out, 9, After::Keep);
        wire.body(&mut out, b"0123456789a\n\n");
        wire.end(&mut out);
        let text = String::from_utf8(out).unwrap();
        text.replace(
            "HTTP/1.1 200 OK\r\nserver: llmbench\r\ncontent-type: text/event-stream; charset=utf-8\r\n",
            "<OK>",
        )
    }

    #[test]
    fn a_stream_is_chunked_unless_told_otherwise() {
        assert_eq!(stream(&[]), "<OK>transfer-encoding: chunked\r\n\r\nd\r\n0123456789a\n\n\r\n0\r\n\r\n");
        assert_eq!(stream(&[Kind::ContentLength]), "<OK>content-length: 9\r\n\r\n0123456789a\n\n");
        assert_eq!(stream(&[Kind::CloseBody]), "<OK>connection: close\r\n\r\n0123456789a\n\n");
    }

    #[test]
    fn extensions_trailers_and_interim_answers_are_sent() {
        assert_eq!(
            stream(&[Kind::Extensions, Kind::Trailers, Kind::Interim]),
            "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n<OK>transfer-encoding: chunked\r\n\
             trailer: x-checksum\r\n\r\nD ;name=\"a;b\";flag\r\n0123456789a\n\n\r\n000;last\r\nx-checksum: 00ff\r\n\r\n"
        );
    }

    #[test]
    fn an_answer_states_its_length_and_whether_it_closes() {
        let mut out = Vec::new();
        answer(&mut out, Head { status: 404, kind: "application/json", metadata: None, after: After::Close }, b"{}");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 404 Not Found\r\nserver: llmbench\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
             connection: close\r\n\r\n{}"
        );
    }
}
