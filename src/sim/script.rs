//! How every answer of one kind is written: the voice and the wire together, with the events that differ only in the answer's
//! id rendered once and copied from then on.

use memchr::memmem;

use super::config::{RoleChunk, Usage};
use super::endpoint::Endpoint;
use super::event::{Counts, Id, Piece, Voice};
use super::text::PERIOD;
use super::whole::{Body, Whole};
use super::wire::{After, Wire};

/// A kind of answer: an endpoint and the faults that shape its bytes.
pub(super) struct Script {
    pub(super) voice: Voice,
    pub(super) wire: Wire,
    /// An event of one token of the first prompt, framed, for each place in the period of the text; none where events are
    /// numbered, or where there are none.
    ready: Vec<Ready>,
    /// The first token that the ready events fit.
    ready_from: u32,
}

struct Ready {
    bytes: Vec<u8>,
    /// Where the id's digits stand, if an event has an id.
    id_at: Option<usize>,
}

/// An answer's id, and its digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    id: Id,
    digits: [u8; 16],
}

impl Name {
    pub(super) fn new(id: Id) -> Self {
        let digit = |place: usize| b"0123456789abcdef"[(id >> (60 - 4 * place) & 15) as usize];
        Name { id, digits: std::array::from_fn(digit) }
    }
}

impl Script {
    pub(super) fn new(voice: Voice, wire: Wire) -> Self {
        let ready_from = voice.shape.reasoning.max(1);
        let first = ready_from.next_multiple_of(PERIOD);
        let alike = !voice.endpoint.pools() && voice.endpoint != Endpoint::Responses;
        let ready = (first..first + PERIOD).filter(|_| alike).map(|from| {
            let (mut event, mut bytes) = (Vec::new(), Vec::new());
            voice.tokens(&mut event, Id::MAX, Piece { index: 0, from, to: from + 1, finish: None, usage: None });
            wire.body(&mut bytes, &event);
            let id_at = memmem::find(&bytes, b"-ffffffffffffffff").map(|at| at + 1);
            Ready { bytes, id_at }
        });
        Script { ready: ready.collect(), ready_from, voice, wire }
    }

    /// Appends an event with tokens.
    pub(super) fn tokens(&self, out: &mut Vec<u8>, name: &Name, piece: Piece) {
        let alone = piece.to == piece.from + 1 && piece.finish.is_none() && piece.usage.is_none() && piece.index == 0;
        if !alone || piece.from < self.ready_from || self.ready.is_empty() {
            return self.framed(out, |event| self.voice.tokens(event, name.id, piece));
        }
        let ready = &self.ready[(piece.from % PERIOD) as usize];
        let start = out.len();
        out.extend_from_slice(&ready.bytes);
        if let Some(at) = ready.id_at {
            out[start + at..start + at + 16].copy_from_slice(&name.digits);
        }
    }

    /// Appends what precedes the first token: the event that only names the role, a response's first events.
    /// Tells whether there was an event.
    pub(super) fn role(&self, out: &mut Vec<u8>, name: &Name, usage: Option<Counts>) -> bool {
        match self.voice.endpoint {
            Endpoint::Chat if self.voice.shape.role_chunk == RoleChunk::On => {
                self.framed(out, |event| self.voice.role(event, name.id, usage));
            }
            Endpoint::Responses => self.framed(out, |event| self.voice.response_opening(event, name.id)),
            _ => return false,
        }
        true
    }

    /// Appends the event that has the usage alone.
    pub(super) fn usage(&self, out: &mut Vec<u8>, name: &Name, counts: Counts) {
        self.framed(out, |event| self.voice.usage(event, name.id, counts));
    }

    /// Appends the events that end a response.
    pub(super) fn response_end(&self, out: &mut Vec<u8>, name: &Name, counts: Counts, usage: Usage) {
        self.framed(out, |event| self.voice.response_end(event, name.id, counts, usage));
    }

    /// The body of an answer that is not streamed.
    pub(super) fn whole(&self, name: &Name, whole: Whole) -> Body {
        self.voice.whole(name.id, whole)
    }

    /// Appends what `write` writes, as a piece of the body.
    pub(super) fn framed(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let mut event = Vec::with_capacity(512);
        write(&mut event);
        if !event.is_empty() {
            self.wire.body(out, &event);
        }
    }

    /// Appends the head of a stream.
    pub(super) fn head(&self, out: &mut Vec<u8>, len: usize, after: After) {
        self.wire.head(out, len, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::config::{Detail, Shape, Text};
    use crate::sim::event::Style;

    #[test]
    fn a_ready_event_is_what_the_voice_says() {
        for (detail, text) in [(Detail::Full, Text::Mixed), (Detail::Compact, Text::Words), (Detail::Full, Text::Gaps)]
        {
            let shape = Shape { detail, text, reasoning: 3, ..Shape::default() };
            let style = Style::new(&[]);
            let voice = Voice { endpoint: Endpoint::Chat, shape, model: "m".to_owned(), created: 7, style };
            let script = Script::new(voice, Wire::new(&[]));
            let name = Name::new(0xfeed);
            for from in 0..3 * PERIOD {
                let piece = Piece { index: 0, from, to: from + 1, finish: None, usage: None };
                let (mut fast, mut slow) = (Vec::new(), Vec::new());
                script.tokens(&mut fast, &name, piece);
                script.framed(&mut slow, |event| script.voice.tokens(event, 0xfeed, piece));
                assert_eq!(String::from_utf8(fast).unwrap(), String::from_utf8(slow).unwrap());
            }
        }
    }
}
