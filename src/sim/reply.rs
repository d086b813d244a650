//! One answer, step by step: what is written now, and what it waits for next. It knows neither sockets nor the clock, so the
//! bytes of an answer are the same whatever its pace.

use std::rc::Rc;

use super::config::{Config, Flow, HeadTime, Usage};
use super::endpoint::Endpoint;
use super::event::{Counts, Id, Piece, Times};
use super::fault::{Ending, Kind};
use super::order::{DIMENSIONS, Order};
use super::script::{Name, Script};
use super::whole::{Vectors, Whole};
use super::wire::{self, After, Framing, Head};

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The time of its first token.
    First,
    /// The time of so many tokens more.
    Tokens(u32),
    /// So many nanoseconds.
    After(u64),
    /// Nothing, but what is written so far is to be a segment of its own.
    Segment,
    /// It is complete.
    Done(After),
    /// The connection is to be reset.
    Reset,
    /// Nothing: it goes on for ever without a byte.
    Stall,
}

/// An answer on its way.
#[derive(Clone)]
pub(super) struct Reply {
    script: Rc<Script>,
    name: Name,
    prompt: u32,
    inputs: u32,
    vectors: Vectors,
    /// Output tokens of each prompt.
    total: u32,
    /// Those written so far.
    sent: u32,
    finish: &'static str,
    form: Form,
    stage: Stage,
    usage: Usage,
    include_usage: bool,
    queue_ns: Option<u64>,
    times: Option<Times>,
    ending: Option<(Ending, u32)>,
    faults: Rc<[Kind]>,
    head: HeadTime,
    flow: Flow,
    content_delay_ns: u64,
    after: After,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Stream,
    Body,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Role,
    Comment,
    Content,
    Tail,
    Body,
}

impl Reply {
    /// The answer to `order`; `faults` are those that meet it.
    pub(super) fn new(config: &Config, script: Rc<Script>, order: &Order, id: Id, faults: Rc<[Kind]>) -> Self {
        let ending = faults.iter().find_map(|kind| match kind {
            Kind::Ending(ending, tokens) => Some((*ending, u32::try_from(*tokens).unwrap_or(u32::MAX))),
            _ => None,
        });
        let usage = match config.shape.usage {
            Usage::Asked if order.continuous_usage && order.include_usage => Usage::EveryChunk,
            Usage::Asked if order.include_usage => Usage::End,
            Usage::Asked => Usage::None,
            told => told,
        };
        let vectors = Vectors { encoding: order.encoding, dimensions: order.dimensions.unwrap_or(DIMENSIONS) };
        let tokens = order.max_tokens.unwrap_or(config.output_tokens);
        let whole = config.pace.flow == Flow::Whole || faults.contains(&Kind::SingleWrite);
        Reply {
            name: Name::new(id),
            prompt: order.prompt_tokens,
            inputs: order.inputs.max(1),
            vectors,
            total: if script.voice.endpoint.pools() { 0 } else { tokens },
            sent: 0,
            finish: if order.max_tokens.is_some() || order.ignore_eos { "length" } else { "stop" },
            form: if order.stream { Form::Stream } else { Form::Body },
            stage: Stage::Head,
            usage,
            include_usage: matches!(usage, Usage::End | Usage::EveryChunk),
            queue_ns: config.engine.queue_ns,
            times: None,
            ending,
            head: if whole { HeadTime::FirstToken } else { config.pace.head },
            flow: if whole { Flow::Whole } else { Flow::Paced },
            content_delay_ns: config.pace.content_delay_ns,
            after: After::Keep,
            faults,
            script,
        }
    }

    /// Says that the connection closes after this answer, and why not in secret.
    pub(super) fn closing(mut self) -> Self {
        self.after = After::Close;
        self
    }

    /// Whether all of it leaves when the first token is due.
    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    /// Most bytes of one write.
    pub(super) fn piece(&self) -> usize {
        self.script.wire.piece
    }

    /// Output tokens written so far.
    pub(super) fn sent(&self) -> u32 {
        self.sent * self.choices()
    }

    /// Its first token is due so many nanoseconds after the request arrived.
    pub(super) fn first_after(&mut self, nanoseconds: u64) {
        let times = |queue_ns| Times { queue_ns, first_ns: nanoseconds.saturating_sub(queue_ns) };
        self.times = self.queue_ns.map(times);
    }

    /// How many texts there are: one a prompt.
    fn choices(&self) -> u32 {
        if self.script.voice.endpoint == Endpoint::Completions { self.inputs } else { 1 }
    }

    /// What is written when the request has arrived.
    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Next {
        if self.form == Form::Stream && self.head == HeadTime::Arrival {
            self.write_head(out);
        }
        Next::First
    }

    /// Writes what is due, and says what it waits for next.
    pub(super) fn advance(&mut self, out: &mut Vec<u8>) -> Next {
        match self.stage {
            Stage::Head if self.form == Form::Body => {
                self.stage = Stage::Body;
                Next::Tokens(self.total.saturating_sub(1))
            }
            Stage::Head => {
                self.write_head(out);
                self.advance(out)
            }
            Stage::Role => self.role(out),
            Stage::Comment => {
                self.stage = Stage::Content;
                self.script.framed(out, |event| self.script.voice.comment(event));
                Next::Segment
            }
            Stage::Content => self.content(out),
            Stage::Tail => self.tail(out),
            Stage::Body => self.body(out),
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.faults.contains(&kind)
    }

    fn write_head(&mut self, out: &mut Vec<u8>) {
        self.stage = Stage::Role;
        let len = if self.script.wire.framing == Framing::Length { self.body_len() } else { 0 };
        self.script.head(out, len, self.after);
    }

    /// The length of the whole body: a copy writes it beforehand.
    fn body_len(&self) -> usize {
        let mut copy = self.clone();
        if matches!(copy.ending, Some((Ending::Reset | Ending::Cut | Ending::Stall, _))) {
            copy.ending = None;
        }
        let mut body = Vec::new();
        while !matches!(copy.advance(&mut body), Next::Done(_) | Next::Reset | Next::Stall) {}
        body.len()
    }

    fn role(&mut self, out: &mut Vec<u8>) -> Next {
        self.stage = self.before_content();
        let opening = |event: &mut Vec<u8>| self.script.voice.opening(event);
        self.script.framed(out, opening);
        let speaks = !matches!(self.ending, Some((_, 0)));
        if speaks && self.script.role(out, &self.name, self.running_usage()) && self.content_delay_ns > 0 {
            return Next::After(self.content_delay_ns);
        }
        self.advance(out)
    }

    fn before_content(&self) -> Stage {
        if self.has(Kind::CommentsAlone) { Stage::Comment } else { Stage::Content }
    }

    fn running_usage(&self) -> Option<Counts> {
        (self.usage == Usage::EveryChunk).then_some(self.counts())
    }

    fn counts(&self) -> Counts {
        Counts { prompt: self.prompt, output: self.sent(), times: None }
    }

    /// The counts at the end, with the server's times where it tells them.
    fn last_counts(&self) -> Counts {
        Counts { times: self.times, ..self.counts() }
    }

    fn content(&mut self, out: &mut Vec<u8>) -> Next {
        if let Some((ending, after)) = self.ending
            && self.sent >= after
        {
            return self.break_off(out, ending);
        }
        let step = self.script.voice.shape.tokens_per_chunk;
        let limit = self.ending.map_or(self.total, |(_, after)| after.min(self.total));
        let from = self.sent;
        self.sent = from.saturating_add(step).min(limit);
        let last = self.sent == self.total;
        let finish = (last && !self.has(Kind::NoFinish)).then_some(self.finish);
        let usage =
            if last && self.usage == Usage::LastChunk { Some(self.last_counts()) } else { self.running_usage() };
        for index in 0..self.choices() {
            let usage = usage.filter(|_| index + 1 == self.choices());
            self.script.tokens(out, &self.name, Piece { index, from, to: self.sent, finish, usage });
        }
        self.stage = self.before_content();
        if self.ending.is_some_and(|(_, after)| after == self.sent) {
            self.stage = Stage::Content;
        }
        if !last {
            return Next::Tokens((self.total - self.sent).min(step));
        }
        self.stage = Stage::Tail;
        let late = self.faults.iter().find_map(|kind| match kind {
            Kind::UsageLate(ms) => Some(ms * 1_000_000),
            _ => None,
        });
        late.map_or_else(|| self.tail(out), Next::After)
    }

    fn tail(&self, out: &mut Vec<u8>) -> Next {
        if self.script.voice.endpoint == Endpoint::Responses {
            // A response has no `[DONE]`: what lacks it lacks its last event.
            if !self.has(Kind::NoDone) && !self.has(Kind::NoFinish) {
                self.script.response_end(out, &self.name, self.counts(), self.script.voice.shape.usage);
            }
            return self.end(out);
        }
        if self.include_usage {
            self.script.usage(out, &self.name, self.last_counts());
        }
        if !self.has(Kind::NoDone) {
            self.script.framed(out, |event| self.script.voice.done(event));
        }
        self.end(out)
    }

    fn end(&self, out: &mut Vec<u8>) -> Next {
        self.script.wire.end(out);
        let closes = self.script.wire.framing == Framing::Close || self.has(Kind::CloseAfter);
        Next::Done(if closes { After::Close } else { self.after })
    }

    fn break_off(&self, out: &mut Vec<u8>, ending: Ending) -> Next {
        let voice = &self.script.voice;
        match ending {
            Ending::Reset => return Next::Reset,
            Ending::Cut => return Next::Done(After::Close),
            Ending::Stall => return Next::Stall,
            Ending::ErrorEvent => {
                self.script.framed(out, |event| voice.error(event, "the simulator was told to fail"));
                self.script.framed(out, |event| voice.done(event));
            }
            Ending::Malformed => self.script.framed(out, |event| voice.malformed(event)),
            Ending::Early => {}
        }
        self.end(out)
    }

    fn body(&mut self, out: &mut Vec<u8>) -> Next {
        match self.ending {
            Some((Ending::Reset, _)) => return Next::Reset,
            Some((Ending::Stall, _)) => return Next::Stall,
            _ => {}
        }
        self.sent = self.total;
        let whole = Whole { counts: self.counts(), finish: self.finish, inputs: self.inputs, vectors: self.vectors };
        let mut body = self.script.whole(&self.name, whole);
        match self.ending {
            Some((Ending::ErrorEvent, _)) => {
                let error = br#"{"error":{"message":"the simulator was told to fail","type":"InternalServerError","code":500}}"#;
                body.bytes = error.to_vec();
            }
            Some((Ending::Malformed, _)) => body.bytes.truncate(body.bytes.len() / 2),
            Some((Ending::Early, _)) => body.bytes.clear(),
            _ => {}
        }
        let head = Head { status: 200, kind: body.kind, metadata: body.metadata.as_deref(), after: self.after };
        wire::answer(out, head, &body.bytes);
        if matches!(self.ending, Some((Ending::Cut, _))) {
            out.truncate(out.len() - body.bytes.len() / 2);
            return Next::Done(After::Close);
        }
        Next::Done(if self.has(Kind::CloseAfter) { After::Close } else { self.after })
    }
}

#[cfg(test)]
#[path = "reply_test.rs"]
mod tests;
