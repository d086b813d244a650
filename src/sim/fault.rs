//! The faults that can be asked for: their names, their values and the requests that they meet. What they do to the bytes
//! stands in `event` (what an event says), `wire` (how it is sent) and `reply` (how an answer ends).

use std::str::FromStr;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::error::{Error, Result};

/// One fault and the requests that it meets: `NAME[=VALUE][@WHEN]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Whom it meets.
    pub when: When,
}

/// The requests that a fault meets, counted from 1 in the order of their arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Every request.
    Always,
    /// `@first:N`: the first so many.
    First(u64),
    /// `@request:N`: this one alone.
    Request(u64),
    /// `@every:N`: each one whose number is divisible by N.
    Every(u64),
    /// `@chance:P`: each with this probability, drawn from the seed and the request's number.
    Chance(f64),
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `comments`: a comment before each event, in the same segment.
    Comments,
    /// `comments-alone`: a comment before each event, in a write of its own.
    CommentsAlone,
    /// `crlf`: lines of the stream end in CR LF.
    Crlf,
    /// `cr`: lines of the stream end in CR.
    Cr,
    /// `no-space`: `data:` without the space.
    NoSpace,
    /// `multi-line`: each event in several `data:` lines.
    MultiLine,
    /// `fields`: `event:`, `id:` and `retry:` fields in each event.
    Fields,
    /// `bom`: a byte-order mark before the first event.
    Bom,
    /// `big-event=BYTES`: the first token's event is padded by so many bytes.
    BigEvent(u64),
    /// `usage-late=MS`: usage and end come so much after the last token.
    UsageLate(u64),
    /// `no-done`: no `[DONE]`.
    NoDone,
    /// `no-finish`: no finish reason.
    NoFinish,
    /// `extensions`: chunk sizes carry extensions.
    Extensions,
    /// `trailers`: fields after the last chunk.
    Trailers,
    /// `content-length`: a body with its length instead of chunks.
    ContentLength,
    /// `close-body`: a body that ends where the connection does.
    CloseBody,
    /// `interim`: a 103 response before the real one.
    Interim,
    /// `split=BYTES` (`one-byte` is `split=1`): writes of at most so many bytes.
    Split(u64),
    /// `single-write`: the whole response, head included, in one write when its first token is due.
    SingleWrite,
    /// `status=CODE`: that status with an error body.
    Status(u64),
    /// `silent`: the request is read and never answered.
    Silent,
    /// `reset-first[=N]`: the first N connections (1) are reset when their first bytes arrive.
    ResetFirst(u64),
    /// `close-after`: the connection is closed after the answer, which did not say so.
    CloseAfter,
    /// An answer that ends where it should not, after so many tokens.
    Ending(Ending, u64),
}

/// How an answer can break off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `reset=N`: the connection is reset.
    Reset,
    /// `cut=N`: the connection is closed in the middle of the body.
    Cut,
    /// `error-event=N`: an error object, then the end.
    ErrorEvent,
    /// `end-early=N` (`empty-stream` is `end-early=0`): a proper end of the body without finish reason, usage or `[DONE]`.
    Early,
    /// `malformed=N`: an event that is no JSON, then the end.
    Malformed,
    /// `stall=N`: nothing more comes.
    Stall,
}

/// The names, for messages and for the help.
pub(super) const NAMES: &str = "comments, comments-alone, crlf, cr, no-space, multi-line, fields, bom, big-event=BYTES, \
     usage-late=MS, no-done, no-finish, extensions, trailers, content-length, close-body, interim, one-byte, split=BYTES, \
     single-write, status=CODE, silent, reset-first=CONNECTIONS, close-after; and after so many tokens: reset=N, cut=N, \
     error-event=N, end-early=N, empty-stream, malformed=N, stall=N";

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (what, when) = text.split_once('@').map_or((text, None), |(what, when)| (what, Some(when)));
        let (name, value) = what.split_once('=').map_or((what, None), |(name, value)| (name, Some(value)));
        let wrong = |cause: &str| Error::new(format!("`--fault {text}`: {cause}"));
        let value = value.map(|value| value.parse().map_err(|_| wrong("the value is no whole number"))).transpose()?;
        let (kind, takes) = kind(name, value).ok_or_else(|| wrong("no such fault").hint(format!("one of: {NAMES}")))?;
        match (takes, value) {
            (Takes::Nothing, Some(_)) => return Err(wrong("this fault takes no value")),
            (Takes::Number, None) => return Err(wrong("this fault needs a value").hint(format!("say `{name}=N`"))),
            _ => {}
        }
        if let Kind::Status(code) = kind
            && !(400..=599).contains(&code)
        {
            return Err(wrong("a status is a code from 400 to 599"));
        }
        let when = when.map_or(Some(When::Always), parse_when);
        let hint = "say `@first:N`, `@request:N`, `@every:N` or `@chance:P`";
        Ok(Fault { kind, when: when.ok_or_else(|| wrong("unclear which requests it meets").hint(hint))? })
    }
}

#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    Number,
    Perhaps,
}

fn kind(name: &str, value: Option<u64>) -> Option<(Kind, Takes)> {
    let plain = |kind| Some((kind, Takes::Nothing));
    let with = |kind: fn(u64) -> Kind| Some((kind(value.unwrap_or(1)), Takes::Number));
    let ending = |ending| Some((Kind::Ending(ending, value.unwrap_or(0)), Takes::Number));
    match name {
        "comments" => plain(Kind::Comments),
        "comments-alone" => plain(Kind::CommentsAlone),
        "crlf" => plain(Kind::Crlf),
        "cr" => plain(Kind::Cr),
        "no-space" => plain(Kind::NoSpace),
        "multi-line" => plain(Kind::MultiLine),
        "fields" => plain(Kind::Fields),
        "bom" => plain(Kind::Bom),
        "big-event" => with(Kind::BigEvent),
        "usage-late" => with(Kind::UsageLate),
        "no-done" => plain(Kind::NoDone),
        "no-finish" => plain(Kind::NoFinish),
        "extensions" => plain(Kind::Extensions),
        "trailers" => plain(Kind::Trailers),
        "content-length" => plain(Kind::ContentLength),
        "close-body" => plain(Kind::CloseBody),
        "interim" => plain(Kind::Interim),
        "one-byte" => plain(Kind::Split(1)),
        "split" => with(|bytes| Kind::Split(bytes.max(1))),
        "single-write" => plain(Kind::SingleWrite),
        "status" => with(Kind::Status),
        "silent" => plain(Kind::Silent),
        "reset-first" => Some((Kind::ResetFirst(value.unwrap_or(1)), Takes::Perhaps)),
        "close-after" => plain(Kind::CloseAfter),
        "empty-stream" => plain(Kind::Ending(Ending::Early, 0)),
        "reset" => ending(Ending::Reset),
        "cut" => ending(Ending::Cut),
        "error-event" => ending(Ending::ErrorEvent),
        "end-early" => ending(Ending::Early),
        "malformed" => ending(Ending::Malformed),
        "stall" => ending(Ending::Stall),
        _ => None,
    }
}

fn parse_when(text: &str) -> Option<When> {
    let (name, value) = text.split_once(':')?;
    let number = || value.parse().ok().filter(|&n: &u64| n > 0);
    match name {
        "first" => number().map(When::First),
        "request" => number().map(When::Request),
        "every" => number().map(When::Every),
        "chance" => value.parse().ok().filter(|p| (0.0..=1.0).contains(p)).map(When::Chance),
        _ => None,
    }
}

impl Fault {
    /// Whether this fault, the `index`-th of the list, meets request `number` (from 1).
    fn meets(&self, number: u64, seed: u64, index: u64) -> bool {
        match self.when {
            When::Always => true,
            When::First(n) => number <= n,
            When::Request(n) => number == n,
            When::Every(n) => number.is_multiple_of(n),
            When::Chance(p) => SmallRng::seed_from_u64(seed ^ (index << 48) ^ number).random_bool(p),
        }
    }
}

/// The faults that meet request `number` (from 1).
pub(super) fn select(faults: &[Fault], number: u64, seed: u64) -> Vec<Kind> {
    let met = faults.iter().zip(0..).filter(|(fault, index)| fault.meets(number, seed, *index));
    met.map(|(fault, _)| fault.kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn every_name_in_the_list_is_known() {
        for name in NAMES.split([',', ';', ':']).map(str::trim).filter(|name| !name.contains(' ')) {
            let text = name.split_once('=').map_or(name.to_owned(), |(name, _)| format!("{name}=429"));
            assert!(text.parse::<Fault>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_fault_has_a_value_and_says_whom_it_meets() {
        assert_eq!(parsed("crlf"), Fault { kind: Kind::Crlf, when: When::Always });
        assert_eq!(parsed("reset=9@every:5"), Fault { kind: Kind::Ending(Ending::Reset, 9), when: When::Every(5) });
        assert_eq!(parsed("silent@chance:0.1").when, When::Chance(0.1));
        assert_eq!(parsed("reset-first").kind, Kind::ResetFirst(1));
        assert_eq!(parsed("empty-stream").kind, parsed("end-early=0").kind);
    }

    #[test]
    fn nonsense_is_refused_with_what_is_wrong() {
        for text in ["nope", "reset", "crlf=1", "reset=x", "status=200", "crlf@", "crlf@every:0", "crlf@chance:2"] {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn each_fault_meets_its_requests_only() {
        let faults = [parsed("crlf@first:2"), parsed("bom@every:3"), parsed("no-done@request:4")];
        let met: Vec<_> = (1..=6).map(|number| select(&faults, number, 0)).collect();
        let (crlf, bom, done) = (Kind::Crlf, Kind::Bom, Kind::NoDone);
        assert_eq!(met, [vec![crlf], vec![crlf], vec![bom], vec![done], vec![], vec![bom]]);
        let often = (1..=10_000).filter(|&number| !select(&[parsed("cr@chance:0.25")], number, 9).is_empty()).count();
        assert!((2_300..2_700).contains(&often), "{often}");
    }
}
