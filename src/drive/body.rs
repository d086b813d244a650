//! Where an HTTP/1.1 body ends: bytes of a response in, the bytes of its body out, however they were cut.
//!
//! Follows RFC 9112, §6 and §7: chunked with extensions and trailers, by length, or until the connection closes.

use memchr::memchr;

/// How the end of a body is known, and how far reading has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// In a chunk-size line: the size so far, and where in the line.
    Size {
        size: u64,
        at: SizeAt,
    },
    /// In a chunk's data, with so many bytes to come.
    Chunk(u64),
    /// After a chunk's data: the CR, then the LF.
    ChunkCr,
    ChunkLf,
    /// In the trailer section: bytes seen of it and of its current line, and whether its last byte was a CR.
    Trailer {
        section: usize,
        length: usize,
        after_cr: bool,
    },
    /// A body of so many more bytes.
    Length(u64),
    /// A body that ends with its connection.
    Close,
    /// The body has ended.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SizeAt {
    Start,
    Digits,
    Extension,
    Lf,
}

/// What a body said of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// These bytes belong to the body.
    Data(&'a [u8]),
    /// All bytes are used; the body goes on.
    More,
    /// The body has ended; the bytes left over are not part of it.
    End,
}

/// The bytes are not the framing that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFraming;

/// Trailer lines and chunk extensions beyond this are refused.
const LINE_LIMIT: usize = 16 * 1024;
/// Bytes of trailers that are read.
const SECTION_LIMIT: usize = 64 * 1024;

impl Body {
    /// A body of chunks.
    pub fn chunked() -> Self {
        Body { state: State::Size { size: 0, at: SizeAt::Start } }
    }

    /// A body of `length` bytes.
    pub fn of_length(length: u64) -> Self {
        Body { state: if length == 0 { State::Done } else { State::Length(length) } }
    }

    /// A body that ends when the connection does.
    pub fn until_close() -> Self {
        Body { state: State::Close }
    }

    /// Whether the body has ended by its own framing.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the end of the connection is this body's proper end.
    pub fn ends_with_connection(&self) -> bool {
        matches!(self.state, State::Done | State::Close)
    }

    /// Takes the next piece off `bytes`. Called again until it says [`Piece::More`] or [`Piece::End`].
    ///
    /// # Errors
    /// If the bytes break the framing; the body is of no use afterwards.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Piece<'a>, BadFraming> {
        loop {
            match self.state {
                State::Done => return Ok(Piece::End),
                _ if bytes.is_empty() => return Ok(Piece::More),
                State::Close => return Ok(Piece::Data(std::mem::take(bytes))),
                State::Length(left) => {
                    let data = take(bytes, left);
                    let left = left - data.len() as u64;
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                    return Ok(Piece::Data(data));
                }
                State::Chunk(left) => {
                    let data = take(bytes, left);
                    let left = left - data.len() as u64;
                    self.state = if left == 0 { State::ChunkCr } else { State::Chunk(left) };
                    return Ok(Piece::Data(data));
                }
                State::ChunkCr => self.state = expect(bytes, b'\r', State::ChunkLf)?,
                State::ChunkLf => self.state = expect(bytes, b'\n', State::Size { size: 0, at: SizeAt::Start })?,
                State::Size { size, at } => self.state = size_line(bytes, size, at)?,
                // All data has come: what goes on without end after it is not waited for.
                State::Trailer { section: SECTION_LIMIT, .. } => self.state = State::Done,
                State::Trailer { section, length, after_cr } => {
                    self.state = trailer(bytes, section + 1, length, after_cr)?;
                }
            }
        }
    }
}

/// The first `limit` of `bytes`, taken off.
fn take<'a>(bytes: &mut &'a [u8], limit: u64) -> &'a [u8] {
    let length = usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len());
    let (data, rest) = bytes.split_at(length);
    *bytes = rest;
    data
}

/// Takes off one byte, which must be `wanted`.
fn expect(bytes: &mut &[u8], wanted: u8, then: State) -> Result<State, BadFraming> {
    if take(bytes, 1) == [wanted] { Ok(then) } else { Err(BadFraming) }
}

/// Reads one byte of a chunk-size line, or skips an extension to its end.
fn size_line(bytes: &mut &[u8], size: u64, at: SizeAt) -> Result<State, BadFraming> {
    if at == SizeAt::Extension {
        let Some(end) = memchr(b'\r', bytes) else {
            if bytes.len() > LINE_LIMIT || memchr(b'\n', bytes).is_some() {
                return Err(BadFraming);
            }
            take(bytes, u64::MAX);
            return Ok(State::Size { size, at });
        };
        if memchr(b'\n', take(bytes, end as u64)).is_some() {
            return Err(BadFraming);
        }
    }
    let [byte] = *take(bytes, 1) else { return Err(BadFraming) };
    let digit = (byte as char).to_digit(16);
    match (at, byte, digit) {
        (SizeAt::Start | SizeAt::Digits, _, Some(digit)) => {
            let size = size.checked_mul(16).ok_or(BadFraming)? + u64::from(digit);
            Ok(State::Size { size, at: SizeAt::Digits })
        }
        (SizeAt::Digits, b';' | b' ' | b'\t', None) => Ok(State::Size { size, at: SizeAt::Extension }),
        (SizeAt::Digits | SizeAt::Extension, b'\r', None) => Ok(State::Size { size, at: SizeAt::Lf }),
        (SizeAt::Lf, b'\n', None) if size == 0 => Ok(State::Trailer { section: 0, length: 0, after_cr: false }),
        (SizeAt::Lf, b'\n', None) => Ok(State::Chunk(size)),
        _ => Err(BadFraming),
    }
}

/// Reads one byte of the trailer section, which ends with an empty line. Its fields are of no interest.
fn trailer(bytes: &mut &[u8], section: usize, length: usize, after_cr: bool) -> Result<State, BadFraming> {
    let [byte] = *take(bytes, 1) else { return Err(BadFraming) };
    match (byte, after_cr) {
        (b'\n', true) if length == 0 => Ok(State::Done),
        (b'\n', true) => Ok(State::Trailer { section, length: 0, after_cr: false }),
        (b'\r', false) => Ok(State::Trailer { section, length, after_cr: true }),
        (b'\n', false) | (_, true) => Err(BadFraming),
        _ if length == LINE_LIMIT => Err(BadFraming),
        _ => Ok(State::Trailer { section, length: length + 1, after_cr: false }),
    }
}

#[cfg(test)]
#[path = "body_test.rs"]
mod tests;
