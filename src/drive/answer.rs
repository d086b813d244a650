//! What an answer amounts to, streamed or whole: the arrivals of its output, its counts, whether it ended as it should.

use std::borrow::Cow;

use super::sse::{Event, Name};
use crate::backend::{Backend, Reading, Usage, error_message};
use crate::record::{Failure, Said, ServerTimes, Task, Tick};

/// So much of an event is kept for its words.
const WORDS: usize = 1000;
/// Of an answer's text so many bytes are kept: more than any answer has, and no more than a hostile server may cost.
const MOST_TEXT: usize = 16 << 20;
/// A longer reason is none that servers give.
const LONGEST_REASON: usize = 64;

/// Why a request failed: its class, and one line for people.
pub(super) type Reason = (Failure, String);

/// An answer so far.
#[derive(Debug)]
pub(super) struct Answer {
    backend: Backend,
    /// When each piece of output arrived.
    pub(super) chunks: Vec<Tick>,
    /// Tokens of each piece, as far as the server counts along.
    pub(super) tokens: Vec<u32>,
    pub(super) text: String,
    /// The server's latest counts.
    pub(super) usage: Option<Usage>,
    /// The server's own times.
    pub(super) server: ServerTimes,
    /// What it says beside its output.
    pub(super) said: Said,
    /// The first event without output, until there is some: the server's words where nothing else comes.
    words: Option<Vec<u8>>,
    /// Whether a proper end was seen: a finish reason, a usage event or `[DONE]`; the event that ends a stream, where the
    /// protocol has one.
    ended: bool,
    /// Whether nothing is to come.
    done: bool,
    /// Whether a reason for its end was the last that was said of the answer itself.
    finished: bool,
    /// Whether counts alone came behind that, after which only `[DONE]` is to come.
    counted: bool,
}

impl Answer {
    /// An answer of which nothing has come.
    pub(super) fn new(backend: Backend) -> Self {
        Answer {
            backend,
            chunks: Vec::new(),
            tokens: Vec::new(),
            text: String::new(),
            usage: None,
            server: ServerTimes::default(),
            said: Said::default(),
            words: None,
            ended: false,
            done: false,
            finished: false,
            counted: false,
        }
    }

    /// Takes in what came of an event without its end, with which some servers leave their last one: counts where it is one.
    pub(super) fn rest(&mut self, event: Event<'_>, at: Tick) -> Result<(), Reason> {
        let Event { data, name } = event;
        if name == Name::Error || data.trim_ascii() == b"[DONE]" || self.backend.read(data).is_ok() {
            return self.event(event, at);
        }
        self.words.get_or_insert_with(|| data[..data.len().min(WORDS)].to_vec());
        Ok(())
    }

    /// Takes in one event that arrived at `at`.
    pub(super) fn event(&mut self, Event { data, name }: Event<'_>, at: Tick) -> Result<(), Reason> {
        if self.done || name == Name::Ping || data == b"null" {
            return Ok(());
        }
        if name == Name::Error {
            let said = self.backend.read(data).ok().and_then(|reading| reading.error);
            let words = || error_message(&String::from_utf8_lossy(data));
            return Err((Failure::ErrorEvent, said.unwrap_or_else(words)));
        }
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
            self.ended |= !self.backend.has_terminal_event();
            return Ok(());
        }
        let reading = match self.backend.read(data) {
            Ok(reading) => reading,
            Err(cause) => {
                let start = String::from_utf8_lossy(&data[..data.len().min(80)]).into_owned();
                return Err((Failure::Malformed, format!("event is not JSON of this backend: {cause}: {start}")));
            }
        };
        let (is_first, is_odd) =
            (self.chunks.is_empty() && self.words.is_none(), !reading.choice && reading.usage.is_none());
        if reading.output.is_none() && self.chunks.is_empty() && (is_first || is_odd) {
            self.words = Some(data[..data.len().min(WORDS)].to_vec());
        }
        self.take(reading, at)
    }

    /// Takes in what was read and arrived at `at`.
    pub(super) fn take(&mut self, reading: Reading<'_>, at: Tick) -> Result<(), Reason> {
        if let Some(message) = reading.error {
            return Err((Failure::ErrorEvent, message));
        }
        let silent = self.counts_on(&reading).then_some(&Cow::Borrowed(""));
        let output = reading.output.as_ref().filter(|text| !self.is_bare_end(&reading, text)).or(silent);
        if let Some(text) = output {
            self.chunks.push(at);
            if self.text.len() < MOST_TEXT {
                self.text.push_str(text);
            }
        }
        if let Some(usage) = reading.usage {
            self.count(usage, output.is_some());
            self.said.cached_tokens = usage.cached_tokens.or(self.said.cached_tokens);
        }
        self.said.unread |= reading.unread;
        if let Some(reason) = reading.reason {
            let shown = |letter: &char| !letter.is_control();
            self.said.reason = Some(reason.chars().filter(shown).take(LONGEST_REASON).collect());
        }
        if let Some(server) = reading.server {
            self.server = *server;
        }
        // What seemed to be the end was none where more is said: counts came first, or another choice goes on.
        self.ended &= output.is_none_or(|text| self.finished && text.is_empty());
        self.finished = reading.finished || (self.finished && output.is_none());
        self.counted = self.finished && (self.counted || reading.usage.is_some() && !reading.choice);
        self.ended |= reading.finished || (reading.usage.is_some() && !reading.choice);
        self.done |= reading.finished && self.backend.has_terminal_event();
        Ok(())
    }

    /// Whether a piece without output stands for tokens all the same: the server counts along, and has counted on.
    fn counts_on(&self, reading: &Reading<'_>) -> bool {
        let counted = |usage: &Usage| usage.completion_tokens;
        let (Some(now), true) = (reading.usage.as_ref().and_then(counted), reading.choice && reading.output.is_none())
        else {
            return false;
        };
        let before = self.usage.as_ref().and_then(counted);
        before.is_some_and(|before| now > before) || (self.chunks.is_empty() && now > 0 && !reading.finished)
    }

    /// Whether a finish chunk without text carries no token, because the server has counted no more than came before it
    /// (llama.cpp). Without a count beside it, it is a token that decodes to nothing.
    fn is_bare_end(&self, reading: &Reading<'_>, text: &str) -> bool {
        let counted = reading.usage.and_then(|usage| usage.completion_tokens);
        reading.finished && text.is_empty() && counted.is_some_and(|tokens| tokens as usize <= self.chunks.len())
    }

    /// Whether the server has said that nothing is to come.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether all has been said, though the server has not said so.
    pub(super) fn is_whole(&self) -> bool {
        self.done || self.counted
    }

    fn count(&mut self, usage: Usage, with_output: bool) {
        let before = self.usage.and_then(|usage| usage.completion_tokens).unwrap_or(0);
        if let (true, Some(tokens)) = (with_output, usage.completion_tokens) {
            self.tokens.push(tokens.saturating_sub(before));
        }
        self.usage = Some(usage);
    }

    /// The server's count of output tokens; none if it gave none. Vectors have no tokens, and nobody need count them.
    pub(super) fn output_tokens(&self) -> Option<u32> {
        match self.backend.task() {
            Task::Generation => self.usage.and_then(|usage| usage.completion_tokens).filter(|&tokens| tokens > 0),
            Task::Pooling => Some(0),
        }
    }

    /// The verdict on an answer whose stream has ended.
    pub(super) fn verdict(&self, ending: Ending) -> Result<(), Reason> {
        match (self.chunks.is_empty(), self.ended, ending) {
            (false, true, _) => Ok(()),
            (true, true, _) | (true, false, Ending::Proper) => {
                let words = self.words.as_ref().map_or(String::new(), |words| {
                    format!("; it began with: {}", error_message(&String::from_utf8_lossy(words)))
                });
                Err((Failure::NoOutput, format!("the answer carried no output{words}")))
            }
            (false, false, Ending::Proper) => {
                let end = match self.backend.has_terminal_event() {
                    true => "an event that completes the response",
                    false => "a finish reason, usage or [DONE]",
                };
                Err((Failure::Truncated, format!("the stream ended without {end}")))
            }
            (_, false, Ending::Cut) => {
                Err((Failure::Truncated, "the connection closed in the middle of the answer".into()))
            }
        }
    }
}

/// How a response's body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// By its own framing.
    Proper,
    /// By the connection, before its framing said so.
    Cut,
}

#[cfg(test)]
#[path = "answer_test.rs"]
mod tests;
