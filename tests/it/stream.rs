//! What servers stream: the events of both dialects, as bytes of a response in every framing.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::server::{End, Script};

/// When the first token goes out, and the time from token to token, in milliseconds.
pub(crate) const TTFT: u64 = 50;
pub(crate) const ITL: u64 = 10;

/// The texts of 16 tokens: blanks, none at all, characters of two to four bytes, escapes.
pub(crate) const TEXTS: [&str; 16] = [
    "Once",
    " ",
    " upon",
    "",
    " é",
    "日本",
    "\u{1f600}",
    "\n",
    "\t\"quoted\"",
    " \\",
    "  ",
    "data: x",
    "\r\n",
    "ﷺ",
    " end",
    ".",
];

/// A dialect of generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Chat,
    Completions,
}

impl Dialect {
    pub(crate) const ALL: [Dialect; 2] = [Dialect::Chat, Dialect::Completions];

    /// The value of `--backend`.
    pub(crate) fn backend(self) -> &'static str {
        match self {
            Dialect::Chat => "openai-chat",
            Dialect::Completions => "openai",
        }
    }

    /// A chunk with a piece of text.
    pub(crate) fn token(self, text: &str, finish: Option<&str>) -> Value {
        match self {
            Dialect::Chat => json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}),
            Dialect::Completions => json!({"choices": [{"index": 0, "text": text, "finish_reason": finish}]}),
        }
    }
}

/// A chunk that has nothing but counts.
pub(crate) fn usage(tokens: usize) -> Value {
    json!({"choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": tokens, "total_tokens": 8 + tokens}})
}

/// Events with their times: JSON, or `[DONE]`.
pub(crate) type Events = Vec<(u64, String)>;

/// So many tokens at their times, the last with a finish reason.
pub(crate) fn tokens(dialect: Dialect, count: usize) -> Events {
    let texts = TEXTS.iter().cycle().take(count);
    let token = |(index, text): (usize, &&str)| {
        let finish = (index + 1 == count).then_some("stop");
        (TTFT + ITL * index as u64, dialect.token(text, finish).to_string())
    };
    texts.enumerate().map(token).collect()
}

/// The text of so many tokens.
pub(crate) fn text(count: usize) -> String {
    TEXTS.iter().cycle().take(count).copied().collect()
}

/// A whole answer: tokens, usage, `[DONE]`.
pub(crate) fn answer(dialect: Dialect, count: usize) -> Events {
    ended(tokens(dialect, count), count)
}

/// `events`, then usage and `[DONE]` at the time of the last.
pub(crate) fn ended(mut events: Events, count: usize) -> Events {
    let last = events.last().map_or(TTFT, |(at, _)| *at);
    events.push((last, usage(count).to_string()));
    events.push((last, "[DONE]".into()));
    events
}

/// Events as the lines of a stream.
pub(crate) fn sse(events: &Events) -> Vec<(u64, Vec<u8>)> {
    events.iter().map(|(at, data)| (*at, format!("data: {data}\n\n").into_bytes())).collect()
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    /// Chunks with extensions, and trailers after them.
    Extended,
    Length,
    Close,
}

/// A successful response with a streamed body.
pub(crate) fn respond(framing: Framing, body: Vec<(u64, Vec<u8>)>) -> Script {
    let length: usize = body.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut head = String::from("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n");
    match framing {
        Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
        Framing::Extended => head.push_str("Trailer: x-checksum\r\ntransfer-encoding:  Chunked \r\n\r\n"),
        Framing::Length => write!(head, "Content-Length: {length}\r\n\r\n").unwrap(),
        Framing::Close => head.push_str("Connection: close\r\n\r\n"),
    }
    let chunk = |bytes: Vec<u8>| match framing {
        Framing::Chunked => [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat(),
        Framing::Extended => {
            let size = format!("00{:X} ;name=\"a; b\";flag\r\n", bytes.len());
            [size.as_bytes(), &bytes, b"\r\n"].concat()
        }
        Framing::Length | Framing::Close => bytes,
    };
    let mut steps: Vec<(u64, Vec<u8>)> = body.into_iter().map(|(at, bytes)| (at, chunk(bytes))).collect();
    let (first, last) = (steps.first().map_or(TTFT, |step| step.0), steps.last().map_or(TTFT, |step| step.0));
    steps.insert(0, (first, head.into_bytes()));
    match framing {
        Framing::Chunked => steps.push((last, b"0\r\n\r\n".to_vec())),
        Framing::Extended => steps.push((last, b"0;last\r\nX-Checksum: abc\r\nX-Other: d\r\n\r\n".to_vec())),
        Framing::Length | Framing::Close => {}
    }
    Script { steps, end: if framing == Framing::Close { End::Close } else { End::Keep } }
}

/// A chunked response of plain events.
pub(crate) fn stream(events: &Events) -> Script {
    respond(Framing::Chunked, sse(events))
}

/// An answer with a status and a body of another type.
pub(crate) fn refusal(status: &str, media: &str, body: &str) -> Script {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Script { steps: vec![(5, head.into_bytes())], end: End::Keep }
}
