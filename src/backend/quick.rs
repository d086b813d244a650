//! A short cut for the events that streams are made of: one flat object with one choice and nothing unusual. It reads such an
//! event in a third of the time; of all others it says nothing, and serde decides. Where it says something, serde would have
//! said the same.

use std::borrow::Cow;

use super::event::{is_failure, is_reason};
use super::reading::Reading;

/// Where the output of a choice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In the choice's `text`.
    Text,
    /// In the `content` of the choice's `delta`.
    Delta,
}

/// What an event of the usual shape says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usual<'a> {
    text: &'a str,
    /// Why the answer ended, if it did.
    reason: Option<&'a str>,
}

impl<'a> From<Usual<'a>> for Reading<'a> {
    fn from(Usual { text, reason }: Usual<'a>) -> Self {
        let output = Some(Cow::Borrowed(text));
        let (finished, reason) = (reason.is_some(), reason.map(Cow::Borrowed));
        Reading { output, choice: true, finished, reason, ..Reading::default() }
    }
}

/// What the event `data` says, if it is of the usual shape.
pub(super) fn read(data: &[u8], shape: Shape) -> Option<Usual<'_>> {
    let mut scan = Scan { rest: data };
    let mut choice = None;
    let (mut usage, mut error, mut object, mut metrics) = (false, false, false, false);
    scan.object(|scan, key| match key {
        b"choices" if choice.is_none() => {
            scan.expect(b'[')?;
            choice = Some(scan.choice(shape)?);
            scan.expect(b']')
        }
        b"choices" => None,
        b"usage" => first(&mut usage).and_then(|()| scan.null()),
        b"metrics" => first(&mut metrics).and_then(|()| scan.null()),
        b"error" => first(&mut error).and_then(|()| scan.null()),
        b"object" => first(&mut object).and_then(|()| scan.string()).filter(|text| *text != b"error").map(drop),
        _ => scan.scalar(),
    })?;
    let (text, reason) = choice?;
    scan.rest.is_empty().then_some(Usual { text, reason })
}

/// Gives something the first time only: a key that comes twice is unusual.
fn first(seen: &mut bool) -> Option<()> {
    (!std::mem::replace(seen, true)).then_some(())
}

/// What is left of an event. Every method gives nothing for what it does not know.
struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    /// The text of a choice, and the reason of its end.
    fn choice(&mut self, shape: Shape) -> Option<(&'a str, Option<&'a str>)> {
        let (mut text, mut finished) = (None, None);
        self.object(|scan, key| match (key, shape) {
            (b"text", Shape::Text) if text.is_none() => {
                text = Some(scan.string()?);
                Some(())
            }
            (b"delta", Shape::Delta) if text.is_none() => {
                text = Some(scan.content()?);
                Some(())
            }
            (b"finish_reason", _) if finished.is_none() => {
                finished = Some(scan.reason()?);
                Some(())
            }
            (b"text" | b"delta" | b"finish_reason", _) => None,
            _ => scan.scalar(),
        })?;
        Some((std::str::from_utf8(text?).ok()?, finished.flatten()))
    }

    /// The content of a delta that has nothing else.
    fn content(&mut self) -> Option<&'a [u8]> {
        let mut content = None;
        self.object(|scan, key| match key {
            b"content" if content.is_none() => {
                content = Some(scan.string()?);
                Some(())
            }
            _ => None,
        })?;
        content
    }

    /// A finish reason; one that names a failure is unusual.
    fn reason(&mut self) -> Option<Option<&'a str>> {
        if self.rest.first() == Some(&b'n') {
            return self.null().map(|()| None);
        }
        let reason = std::str::from_utf8(self.string()?).ok()?;
        (!is_failure(reason)).then_some(Some(reason).filter(|reason| is_reason(reason)))
    }

    /// Reads an object; `member` reads the value of each key.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            member(self, key)?;
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b',' => self.blank(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Takes `byte` and a blank behind it.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        if byte == b':' {
            self.blank();
        }
        Some(())
    }

    fn blank(&mut self) {
        self.rest = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
    }

    /// A string without escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.strip_prefix(b"\"")?;
        let end = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let (text, rest) = rest.split_at(end);
        self.rest = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// A string, a whole number, or null.
    fn scalar(&mut self) -> Option<()> {
        match self.rest.first()? {
            b'"' => std::str::from_utf8(self.string()?).ok().map(drop),
            b'1'..=b'9' => {
                let end = self.rest.iter().position(|byte| !byte.is_ascii_digit())?;
                self.rest = &self.rest[end..];
                // A number that goes on in another way, or overflows, is for others to judge.
                (end < 19 && !matches!(self.rest[0], b'.' | b'e' | b'E')).then_some(())
            }
            b'0' => {
                self.rest = &self.rest[1..];
                matches!(self.rest.first()?, b',' | b'}').then_some(())
            }
            _ => self.null(),
        }
    }

    fn null(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix(b"null")?;
        Some(())
    }
}

#[cfg(test)]
#[path = "quick_test.rs"]
mod tests;
