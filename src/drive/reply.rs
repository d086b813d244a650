//! One HTTP/1.1 response: bytes in, an [`Answer`] out. Reads the head, finds the end of the body, decodes its events or keeps
//! it until it is whole.

use super::answer::{Answer, Ending, Reason};
use super::beginning;
use super::body::{Body, Piece};
use super::coding::Coding;
use super::sse::{Decoder, Event};
use crate::backend::whole::{Head, Whole};
use crate::backend::{Backend, Delivery, Malformed, error_message};
use crate::record::{Failure, Tick};

/// A response head larger than this is refused.
const HEAD_LIMIT: usize = 64 * 1024;
/// As [`HEAD_LIMIT`], where the head describes each vector of its body.
const METADATA_LIMIT: usize = 256 * 1024;
/// Of a refusal's body so much is kept, for its message.
const REFUSAL_LIMIT: usize = 16 * 1024;
const MAX_HEADERS: usize = 128;

/// A response as far as it has come.
#[derive(Debug)]
pub(super) struct Reply {
    backend: Backend,
    delivery: Delivery,
    max_event_bytes: usize,
    state: State,
    /// When its latest bytes arrived.
    last: Tick,
    /// Whether the connection may serve another request afterwards.
    keep_alive: bool,
    /// How the body is compressed, if it is.
    coding: Option<Coding>,
    pub(super) answer: Answer,
}

#[derive(Debug)]
enum State {
    /// The head, as far as it has come.
    Head(Vec<u8>),
    /// A streamed answer.
    Stream { body: Body, events: Decoder },
    /// An answer that comes whole, when its last bytes arrived, and whether it was read.
    Whole { body: Body, whole: Whole, at: Tick, read: bool },
    /// A body that is kept for its message: an error status, or a type that is no event stream.
    Refusal { body: Body, text: Vec<u8>, why: Failure, status: String },
}

/// Whether a response has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to come.
    More,
    /// It has ended by its own framing.
    Ended,
}

impl Reply {
    pub(super) fn new(backend: Backend, delivery: Delivery, max_event_bytes: usize) -> Self {
        let state = State::Head(Vec::new());
        Reply {
            backend,
            delivery,
            max_event_bytes,
            state,
            last: Tick::ZERO,
            keep_alive: false,
            coding: None,
            answer: Answer::new(backend),
        }
    }

    /// The answer, taken out.
    pub(super) fn take_answer(&mut self) -> Answer {
        std::mem::replace(&mut self.answer, Answer::new(self.backend))
    }

    /// Whether nothing has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        matches!(&self.state, State::Head(seen) if seen.is_empty())
    }

    /// Whether the response is no answer: by its status, or since it is of another type and does not begin as an answer does, which
    /// only its first bytes can tell.
    pub(super) fn is_refusal(&self) -> bool {
        match &self.state {
            State::Refusal { why: Failure::HttpStatus(_), .. } => true,
            State::Refusal { text, .. } => match self.delivery {
                Delivery::Stream => !beginning::may_be_stream(text),
                _ => !text.trim_ascii().is_empty(),
            },
            _ => false,
        }
    }

    /// The verdict on a response that refuses, of which not all words need have come.
    pub(super) fn refusal(&mut self) -> Option<Reason> {
        matches!(&self.state, State::Refusal { why: Failure::HttpStatus(_), .. }).then(|| self.verdict().err())?
    }

    /// Whether the connection may serve another request, once the response has ended.
    pub(super) fn keeps_connection(&self) -> bool {
        self.keep_alive
    }

    /// Takes in bytes that arrived at `at`.
    pub(super) fn feed(&mut self, bytes: &[u8], at: Tick) -> Result<Progress, Reason> {
        self.last = at;
        if let State::Head(seen) = &mut self.state {
            let limit = if self.delivery == Delivery::Bytes { METADATA_LIMIT } else { HEAD_LIMIT };
            let mut seen = std::mem::take(seen);
            let whole: &[u8] = if seen.is_empty() {
                bytes
            } else {
                seen.extend_from_slice(bytes);
                &seen
            };
            return match self.head(whole)? {
                Some(length) => self.body(&whole[length..], at),
                None if whole.len() > limit => Err(malformed(format!("response head over {limit} bytes"))),
                None => {
                    self.state = State::Head(whole.to_vec());
                    Ok(Progress::More)
                }
            };
        }
        self.body(bytes, at)
    }

    /// Parses the head at the start of `bytes`, interim responses skipped; gives its length once it is whole.
    fn head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Reason> {
        let mut start = 0;
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut head = httparse::Response::new(&mut headers);
            let parsed =
                head.parse(&bytes[start..]).map_err(|cause| malformed(format!("response is not HTTP/1.1: {cause}")))?;
            let httparse::Status::Complete(length) = parsed else { return Ok(None) };
            start += length;
            match head.code {
                Some(101) => return Err((Failure::HttpStatus(101), "HTTP 101: the server switched protocols".into())),
                Some(100..=199) => {}
                _ => {
                    self.begin(&head)?;
                    return Ok(Some(start));
                }
            }
        }
    }

    /// Settles from a final head how its body is to be read.
    fn begin(&mut self, head: &httparse::Response<'_, '_>) -> Result<(), Reason> {
        let code = head.code.unwrap_or_default();
        let (body, keep_alive) = framing(head)?;
        self.keep_alive = keep_alive;
        let media = header(head, "content-type").unwrap_or_default();
        let is_success = (200..300).contains(&code);
        let coding = header(head, "content-encoding").map_or(Ok(None), Coding::named);
        // Of a refusal the status says more than its words.
        self.coding = if is_success { coding.map_err(malformed)? } else { coding.unwrap_or_default() };
        self.state = if is_success {
            self.success(body, head, media)
        } else {
            let status = format!("HTTP {code} {}", head.reason.unwrap_or_default());
            // What stands behind a question mark may be secret.
            let leads =
                header(head, "location").filter(|_| (300..400).contains(&code)).and_then(|to| to.split('?').next());
            let leads = leads.map_or(String::new(), |to| format!(", to {to}"));
            let status = format!("{}{leads}", status.trim());
            State::Refusal { body, text: Vec::new(), why: Failure::HttpStatus(code), status }
        };
        Ok(())
    }

    /// How the body of a success is read; one of another type than was asked for is kept for its message.
    fn success(&self, body: Body, head: &httparse::Response<'_, '_>, media_type: &str) -> State {
        let refusal = |body, status| State::Refusal { body, text: Vec::new(), why: Failure::Malformed, status };
        if self.delivery == Delivery::Stream {
            let media = media_type.trim_start().to_ascii_lowercase();
            if media.is_empty() || media.starts_with("text/event-stream") {
                return State::Stream { body, events: Decoder::new(self.max_event_bytes) };
            }
            return refusal(body, format!("expected an event stream, got {media_type}"));
        }
        let about = Head { media_type, metadata: header(head, "metadata") };
        match Whole::new(self.backend, self.delivery, about, self.max_event_bytes) {
            Ok(whole) => State::Whole { body, whole, at: Tick::ZERO, read: false },
            Err(Malformed(expected)) => refusal(body, expected),
        }
    }

    fn body(&mut self, mut bytes: &[u8], at: Tick) -> Result<Progress, Reason> {
        loop {
            let (State::Stream { body, .. } | State::Whole { body, .. } | State::Refusal { body, .. }) =
                &mut self.state
            else {
                unreachable!("a body follows a whole head");
            };
            match body.next(&mut bytes).map_err(|_| malformed("the body's chunks are broken".into()))? {
                Piece::Data(data) => {
                    self.coded(data, at)?;
                    // The words of a refusal have an end, whatever its body has.
                    if matches!(&self.state, State::Refusal { text, .. } if text.len() >= REFUSAL_LIMIT) {
                        self.keep_alive = false;
                        return Ok(Progress::Ended);
                    }
                }
                Piece::More => return Ok(Progress::More),
                Piece::End => {
                    self.keep_alive &= bytes.is_empty();
                    return self.read_whole().map(|()| Progress::Ended);
                }
            }
        }
    }

    /// Takes data in as it was sent.
    fn coded(&mut self, data: &[u8], at: Tick) -> Result<(), Reason> {
        let Some(mut coding) = self.coding.take() else { return self.data(data, at) };
        let read = coding.unfold(data, &mut |data| self.data(data, at));
        self.coding = Some(coding);
        read.map_err(malformed)?
    }

    fn data(&mut self, data: &[u8], at: Tick) -> Result<(), Reason> {
        let joined = self.mistaken(data).or_else(|| self.recognised(data));
        let data = joined.as_deref().unwrap_or(data);
        match &mut self.state {
            State::Stream { events, .. } => {
                let mut result = Ok(());
                let answer = &mut self.answer;
                let event = |event: Event<'_>| {
                    if result.is_ok() {
                        result = answer.event(event, at);
                    }
                };
                let fed = events.feed(data, event);
                result?;
                fed.map_err(|_| malformed(format!("event over {} bytes (--max-event-bytes)", self.max_event_bytes)))
            }
            State::Whole { whole, at: last, .. } => {
                *last = at;
                whole.feed(data).map_err(|Malformed(cause)| malformed(format!("the answer is malformed: {cause}")))
            }
            State::Refusal { text, .. } => {
                let room = REFUSAL_LIMIT.saturating_sub(text.len()).min(data.len());
                text.extend_from_slice(&data[..room]);
                Ok(())
            }
            State::Head(_) => unreachable!("data follows a whole head"),
        }
    }

    /// What is called an event stream and begins as a document is none: it is kept for its message. Gives all of it so far.
    fn mistaken(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let State::Stream { body, events } = &mut self.state else { return None };
        let begun = beginning::of_mistaken(events.first_line()?, data)?;
        let body = std::mem::replace(body, Body::of_length(0));
        let status = "expected an event stream, got a document".to_owned();
        self.state = State::Refusal { body, text: Vec::new(), why: Failure::Malformed, status };
        Some(begun)
    }

    /// A body of another type is an event stream all the same where it begins as one, or a document where one is wanted: gives all of
    /// it so far.
    fn recognised(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let State::Refusal { text, why: Failure::Malformed, body, .. } = &mut self.state else { return None };
        if text.len() >= beginning::LONGEST {
            return None;
        }
        let begun = [text.as_slice(), data].concat();
        let mut body = || std::mem::replace(body, Body::of_length(0));
        self.state = match self.delivery {
            Delivery::Stream if beginning::is_stream(&begun) => {
                State::Stream { body: body(), events: Decoder::new(self.max_event_bytes) }
            }
            Delivery::Document | Delivery::Bytes | Delivery::BareBytes if beginning::is_document(&begun) => {
                let head = Head { media_type: "application/json", metadata: None };
                let whole = Whole::new(self.backend, Delivery::Document, head, self.max_event_bytes).ok()?;
                State::Whole { body: body(), whole, at: Tick::ZERO, read: false }
            }
            _ => return None,
        };
        self.answer.said.mistyped = true;
        Some(begun)
    }

    /// Reads an answer that has come whole: its output arrived with its last bytes.
    fn read_whole(&mut self) -> Result<(), Reason> {
        if let State::Whole { whole, at, read: read @ false, .. } = &mut self.state {
            *read = true;
            let reading = whole.read();
            let reading = reading.map_err(|Malformed(cause)| malformed(format!("the answer is malformed: {cause}")))?;
            self.answer.take(reading, *at)?;
        }
        Ok(())
    }

    /// The verdict on a response that has ended, or whose connection has.
    pub(super) fn verdict(&mut self) -> Result<(), Reason> {
        if matches!(&self.state, State::Whole { body, .. } if body.ends_with_connection()) {
            self.read_whole()?;
        }
        if let State::Stream { events, .. } = &mut self.state {
            let mut result = Ok(());
            events.end(|event| {
                if result.is_ok() {
                    result = self.answer.rest(event, self.last);
                }
            });
            result?;
        }
        match &self.state {
            State::Head(seen) if seen.is_empty() => {
                Err((Failure::Reset, "the connection closed before an answer".into()))
            }
            State::Head(_) => {
                Err((Failure::Truncated, "the connection closed in the middle of the response head".into()))
            }
            State::Stream { body, .. } | State::Whole { body, .. } => {
                let whole = body.ends_with_connection() && self.coding.as_mut().is_none_or(Coding::is_whole);
                self.answer.verdict(if whole { Ending::Proper } else { Ending::Cut })
            }
            State::Refusal { text, why, status, .. } => {
                let message = error_message(&String::from_utf8_lossy(text));
                let detail = if message.is_empty() { status.clone() } else { format!("{status}: {message}") };
                Err((*why, detail))
            }
        }
    }
}

/// How the body of a final response is framed, and whether the connection lives on after it (RFC 9112, §6.3 and §9.3).
fn framing(head: &httparse::Response<'_, '_>) -> Result<(Body, bool), Reason> {
    let connection = header(head, "connection").unwrap_or_default().to_ascii_lowercase();
    let keep_alive = match head.version {
        Some(1) => !connection.contains("close"),
        _ => connection.contains("keep-alive"),
    };
    if matches!(head.code, Some(204 | 304)) {
        return Ok((Body::of_length(0), keep_alive));
    }
    let codings = fields(head, "transfer-encoding").map(|text| text.to_ascii_lowercase());
    let codings: Vec<String> = codings.filter(|coding| !coding.is_empty() && coding != "identity").collect();
    if let Some(other) = codings.iter().find(|coding| *coding != "chunked") {
        return Err(malformed(format!("transfer coding `{other}` is not spoken")));
    }
    if !codings.is_empty() {
        return Ok((Body::chunked(), keep_alive));
    }
    match length(head)? {
        Some(length) => Ok((Body::of_length(length), keep_alive)),
        None => Ok((Body::until_close(), false)),
    }
}

/// The length that a head states, if it does: several fields may say the same, and one may say it several times (RFC 9112, §6.3).
fn length(head: &httparse::Response<'_, '_>) -> Result<Option<u64>, Reason> {
    let mut found = None;
    for value in fields(head, "content-length") {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let length = value.parse().ok().filter(|_| digits);
        let length: u64 = length.ok_or_else(|| malformed(format!("content-length `{value}` is no number")))?;
        if found.is_some_and(|found| found != length) {
            return Err(malformed("there are two different values of content-length".into()));
        }
        found = Some(length);
    }
    Ok(found)
}

/// All values of a field that may stand several times, and each time hold several with commas between.
fn fields<'a>(head: &'a httparse::Response<'_, '_>, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let fields = head.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let values = |field: &httparse::Header<'_>| -> Vec<String> {
        let text = String::from_utf8_lossy(field.value);
        text.split(',').map(|value| value.trim().to_owned()).collect()
    };
    fields.flat_map(values)
}

fn header<'a>(head: &httparse::Response<'_, 'a>, name: &str) -> Option<&'a str> {
    let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(found.value).ok()
}

fn malformed(what: String) -> Reason {
    (Failure::Malformed, what)
}

#[cfg(test)]
#[path = "reply_test.rs"]
mod tests;
