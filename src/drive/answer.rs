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
    /// Whether counts alone came behind the end, after which only `[DONE]` is to come.
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
        self.ended &= output.is_none_or(|text| text.is_empty());
        self.counted = self.ended && (self.counted || reading.usage.is_some() && !reading.choice);
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
mod tests {
    use super::*;

    fn answer(events: &[&str]) -> (Answer, Option<Reason>) {
        answer_of(Backend::named("openai").unwrap(), events)
    }

    fn answer_of(backend: Backend, events: &[&str]) -> (Answer, Option<Reason>) {
        let mut answer = Answer::new(backend);
        for (index, data) in events.iter().enumerate() {
            let at = Tick::from_nanos(index as u64);
            if let Err(reason) = answer.event(Event { data: data.as_bytes(), name: Name::Other }, at) {
                return (answer, Some(reason));
            }
        }
        (answer, None)
    }

    const TOKEN: &str = r#"{"choices":[{"text":"a","finish_reason":null}]}"#;

    #[test]
    fn any_proper_end_makes_a_success() {
        let finish = r#"{"choices":[{"text":"b","finish_reason":"stop"}]}"#;
        let usage = r#"{"choices":[],"usage":{"completion_tokens":1}}"#;
        for end in ["[DONE]", finish, usage] {
            let (answer, _) = answer(&[TOKEN, end]);
            assert_eq!(answer.verdict(Ending::Proper), Ok(()), "{end}");
            assert_eq!(answer.verdict(Ending::Cut), Ok(()), "{end}");
        }
    }

    #[test]
    fn a_stream_without_an_end_is_truncated() {
        let (answer, _) = answer(&[TOKEN]);
        for ending in [Ending::Proper, Ending::Cut] {
            assert_eq!(answer.verdict(ending).unwrap_err().0, Failure::Truncated);
        }
    }

    #[test]
    fn an_answer_without_output_is_none() {
        for events in [&["[DONE]"][..], &[]] {
            assert_eq!(answer(events).0.verdict(Ending::Proper).unwrap_err().0, Failure::NoOutput);
        }
        assert_eq!(answer(&[]).0.verdict(Ending::Cut).unwrap_err().0, Failure::Truncated);
    }

    #[test]
    fn an_error_event_fails_with_the_servers_message() {
        let (answer, reason) = answer(&[TOKEN, r#"{"error":{"message":"boom"}}"#]);
        assert_eq!(reason, Some((Failure::ErrorEvent, "boom".into())));
        assert_eq!(answer.chunks.len(), 1);
    }

    #[test]
    fn usage_on_every_chunk_counts_its_tokens() {
        let chunk = |tokens| format!(r#"{{"choices":[{{"text":"a"}}],"usage":{{"completion_tokens":{tokens}}}}}"#);
        let (answer, _) = answer(&[&chunk(4), &chunk(8), &chunk(9), "[DONE]"]);
        assert_eq!(answer.tokens, [4, 4, 1]);
        assert_eq!(answer.output_tokens(), Some(9));
    }

    #[test]
    fn a_finish_chunk_that_the_server_does_not_count_is_no_output() {
        let end = |tokens| {
            format!(
                r#"{{"choices":[{{"text":"","finish_reason":"length"}}],"usage":{{"completion_tokens":{tokens}}}}}"#
            )
        };
        assert_eq!(answer(&[TOKEN, TOKEN, &end(2)]).0.chunks.len(), 2);
        assert_eq!(answer(&[TOKEN, TOKEN, &end(3)]).0.chunks.len(), 3);
    }

    #[test]
    fn a_protocol_with_an_event_for_its_end_ends_with_nothing_else() {
        let token = r#"{"type":"response.output_text.delta","delta":"a"}"#;
        let end = r#"{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":2}}}"#;
        let (cut, _) = answer_of(Backend::named("openai-responses").unwrap(), &[token, "[DONE]"]);
        let (why, detail) = cut.verdict(Ending::Proper).unwrap_err();
        assert_eq!((why, detail.contains("completes the response")), (Failure::Truncated, true), "{detail}");
        let (whole, _) = answer_of(Backend::named("openai-responses").unwrap(), &[token, end]);
        assert_eq!((whole.verdict(Ending::Cut), whole.output_tokens(), whole.is_done()), (Ok(()), Some(2), true));
        let (empty, _) = answer_of(Backend::named("openai-responses").unwrap(), &[end]);
        assert_eq!(empty.verdict(Ending::Proper).unwrap_err().0, Failure::NoOutput);
    }

    #[test]
    fn more_output_says_that_what_seemed_the_end_was_none() {
        let usage = r#"{"choices":[],"usage":{"prompt_tokens":4}}"#;
        let finish = r#"{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}"#;
        for seeming in [usage, finish] {
            let (cut, _) = answer(&[TOKEN, seeming, TOKEN]);
            assert_eq!(cut.verdict(Ending::Cut).unwrap_err().0, Failure::Truncated, "{seeming}");
            let (whole, _) = answer(&[TOKEN, seeming, TOKEN, finish]);
            assert_eq!(whole.verdict(Ending::Cut), Ok(()), "{seeming}");
        }
        // After its mark of the end nothing counts any more, for it or against it.
        let (whole, _) = answer(&[TOKEN, "[DONE]", TOKEN, r#"{"error":{"message":"late"}}"#]);
        assert_eq!((whole.verdict(Ending::Cut), whole.chunks.len()), (Ok(()), 1));
    }

    #[test]
    fn an_event_that_is_called_an_error_is_one_whatever_it_says() {
        for (data, words) in
            [("boom", "boom"), (r#"{"code":7}"#, r#"{"code":7}"#), (r#"{"error":{"message":"no"}}"#, "no")]
        {
            let mut answer = Answer::new(Backend::named("openai-chat").unwrap());
            let failed = answer.event(Event { data: data.as_bytes(), name: Name::Error }, Tick::ZERO);
            assert_eq!(failed, Err((Failure::ErrorEvent, words.to_owned())));
        }
    }

    #[test]
    fn a_last_event_without_its_end_counts_where_it_is_one() {
        let rest = |data: &str| {
            let (mut answer, _) = answer(&[TOKEN]);
            answer.rest(Event { data: data.as_bytes(), name: Name::Other }, Tick::ZERO).unwrap();
            (answer.verdict(Ending::Proper).is_ok(), answer.chunks.len())
        };
        assert_eq!(rest("[DONE]"), (true, 1));
        assert_eq!(rest(r#"{"choices":[{"text":"b","finish_reason":"stop"}]}"#), (true, 2));
        assert_eq!(rest(r#"{"choices":[{"text":"b","finish_rea"#), (false, 1));
    }

    #[test]
    fn the_servers_own_times_are_kept() {
        let usage = r#"{"choices":[],"usage":{"completion_tokens":1},"metrics":{"queue_time_ms":250.0}}"#;
        let (answer, _) = answer(&[TOKEN, usage]);
        assert_eq!(answer.server, ServerTimes { queue: Some(0.25), ttft: None });
    }

    #[test]
    fn running_counts_end_nothing() {
        let chat = Backend::named("openai-chat").unwrap();
        let role = r#"{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":{"completion_tokens":0}}"#;
        let token = r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":1}}"#;
        let (cut, _) = answer_of(chat, &[role, token]);
        for ending in [Ending::Proper, Ending::Cut] {
            assert_eq!(cut.verdict(ending).unwrap_err().0, Failure::Truncated);
        }
    }

    #[test]
    fn a_piece_without_output_counts_where_the_server_counts_on() {
        let chat = Backend::named("openai-chat").unwrap();
        let piece = |tokens| format!(r#"{{"choices":[{{"delta":{{}}}}],"usage":{{"completion_tokens":{tokens}}}}}"#);
        let (answer, _) = answer_of(chat, &[&piece(1), &piece(2), &piece(2), &piece(4), "[DONE]"]);
        assert_eq!((answer.chunks.len(), answer.tokens), (3, vec![1, 1, 2]));
    }

    #[test]
    fn reasons_that_name_a_failure_fail_with_the_servers_words() {
        for backend in ["openai", "openai-chat"] {
            let backend = Backend::named(backend).unwrap();
            for reason in ["error", "abort", "cancelled"] {
                let end =
                    |more| format!(r#"{{"choices":[{{"text":"","delta":{{}},"finish_reason":"{reason}"{more}}}]}}"#);
                let reason_of = |event: String| answer_of(backend, &[&event]).1.unwrap();
                assert_eq!(reason_of(end(r#","error":{"message":"upstream broke"}"#)).1, "upstream broke");
                assert!(reason_of(end("")).1.contains(reason));
            }
        }
    }

    #[test]
    fn the_servers_words_are_told_where_there_is_no_output() {
        let (answer, _) = answer(&[r#"{"detail":"Model not loaded"}"#]);
        assert!(answer.verdict(Ending::Proper).unwrap_err().1.contains("Model not loaded"));
    }

    #[test]
    fn a_count_of_zero_is_none() {
        let (answer, _) = answer(&[TOKEN, r#"{"choices":[],"usage":{"completion_tokens":0}}"#]);
        assert_eq!(answer.output_tokens(), None);
    }
}
