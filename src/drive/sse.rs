//! Server-sent events out of a body: bytes in, the data of each event out, however the bytes were cut.
//!
//! Follows the event stream format of the WHATWG HTML standard, §9.2: lines end in LF, CR or CRLF, a byte-order mark may
//! lead, `data` fields of one event are joined by LF, comments and other fields carry no data, an event ends at a blank
//! line, and one without data is none. An event that lies whole in the given bytes is handed on without a copy.

use memchr::memchr2;

use crate::backend::is_error;

/// An incremental decoder; one a response.
#[derive(Debug)]
pub struct Decoder {
    /// A line whose end has not been seen.
    line: Vec<u8>,
    /// The data lines of the current event, each followed by LF.
    data: Vec<u8>,
    /// What the current event is called.
    name: Name,
    /// Whether the last byte was a CR, so that a LF now belongs to it.
    after_cr: bool,
    /// Whether no line has ended yet, so that a byte-order mark may lead.
    at_start: bool,
    /// Whether a line has ended that is not blank.
    begun: bool,
    limit: usize,
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its `data` fields.
    pub data: &'a [u8],
    /// What its `event` field calls it.
    pub name: Name,
}

/// What an event is called, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Name {
    /// Nothing that matters.
    #[default]
    Other,
    /// An error.
    Error,
    /// A sign of life.
    Ping,
}

impl Name {
    fn of(text: &[u8]) -> Self {
        match text.trim_ascii() {
            b"error" => Name::Error,
            b"ping" | b"heartbeat" | b"keepalive" | b"keep-alive" => Name::Ping,
            _ => Name::Other,
        }
    }
}

/// An event is larger than the decoder's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oversize;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Decoder {
    /// A decoder that refuses events of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Decoder {
            line: Vec::new(),
            data: Vec::new(),
            name: Name::Other,
            after_cr: false,
            at_start: true,
            begun: false,
            limit,
        }
    }

    /// Reads on and calls `event` with each event that ends within `bytes`.
    ///
    /// # Errors
    /// If an event is larger than the limit; the decoder is of no use afterwards.
    pub fn feed(&mut self, mut bytes: &[u8], mut event: impl FnMut(Event<'_>)) -> Result<(), Oversize> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr2(b'\n', b'\r', bytes) {
            let (line, mut rest) = (&bytes[..end], &bytes[end + 1..]);
            self.check(line.len())?;
            if bytes[end] == b'\r' {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            bytes = if self.line.is_empty() {
                self.end_line(line, rest, &mut event)
            } else {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                let rest = self.end_line(&line, rest, &mut event);
                self.line = line;
                self.line.clear();
                rest
            };
        }
        self.check(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes in one whole line, followed by `rest`; gives back what is left of `rest`.
    fn end_line<'a>(&mut self, mut line: &[u8], rest: &'a [u8], event: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        self.begun = self.begun || !line.trim_ascii().is_empty();
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            if let Some((_, data)) = self.data.split_last()
                && !data.is_empty()
            {
                event(Event { data, name });
            }
            self.data.clear();
            return rest;
        }
        let Some(value) = data_of(line) else {
            if let Some(name) = line.strip_prefix(b"event:") {
                self.name = Name::of(name);
            } else if let Some(data) = line.strip_prefix(b"error:").map(<[u8]>::trim_ascii)
                && is_error(&String::from_utf8_lossy(data))
            {
                // No field of the standard, but how older servers of llama.cpp say it.
                event(Event { data, name: Name::Error });
            }
            return rest;
        };
        if let Some(after) = rest.strip_prefix(b"\n")
            && self.data.is_empty()
            && !value.is_empty()
        {
            event(Event { data: value, name: std::mem::take(&mut self.name) });
            return after;
        }
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
        rest
    }

    /// What has come of the first line that is not blank; nothing once it has ended.
    pub fn first_line(&self) -> Option<&[u8]> {
        (!self.begun).then_some(&self.line)
    }

    /// Calls `event` with what has come of an event whose end has not, as it would be if the stream ended as it should.
    pub fn end(&mut self, event: impl FnMut(Event<'_>)) {
        self.feed(b"\n\n", event).expect("what came was within the limit");
    }

    fn check(&self, more: usize) -> Result<(), Oversize> {
        if self.line.len() + self.data.len() + more > self.limit { Err(Oversize) } else { Ok(()) }
    }
}

/// The value of a `data` field; `None` for comments and other fields.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"data")?;
    match rest.split_first() {
        None => Some(rest),
        Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        Some(_) => None,
    }
}

#[cfg(test)]
#[path = "sse_test.rs"]
mod tests;
