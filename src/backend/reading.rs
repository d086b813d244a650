//! What an answer says, whatever protocol it is in: plain values.

use std::borrow::Cow;

use crate::record::ServerTimes;

/// What one event of a streamed answer says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading<'a> {
    /// Output that counts as generated, with its text; the text is empty for a token that decodes to nothing and for
    /// output that is no answer text (reasoning, tool calls).
    pub output: Option<Cow<'a, str>>,
    /// Token counts so far.
    pub usage: Option<Usage>,
    /// Whether there was a count of tokens that cannot be read.
    pub unread: bool,
    /// Whether it is about the answer itself, and not only about its counts.
    pub choice: bool,
    /// Whether the answer is said to have ended.
    pub finished: bool,
    /// The reason that was given for its end.
    pub reason: Option<Cow<'a, str>>,
    /// The server's message, if the event is an error.
    pub error: Option<String>,
    /// What the server says of its own times; boxed, since few events have any.
    pub server: Option<Box<ServerTimes>>,
}

impl Reading<'_> {
    /// The same, without what it was read from.
    pub(super) fn into_owned(self) -> Reading<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Reading { output: self.output.map(owned), reason: self.reason.map(owned), ..self }
    }
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Piece by piece, as server-sent events.
    Stream,
    /// Whole, as a JSON document.
    Document,
    /// Whole, as bytes, with the counts in a header.
    Bytes,
    /// Whole, as bytes and nothing else.
    BareBytes,
}

/// Token counts as the server gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens generated.
    pub completion_tokens: Option<u32>,
    /// Tokens of the prompt that were cached.
    pub cached_tokens: Option<u32>,
}

/// An event is not a JSON object of the shape that the protocol demands.
#[derive(Debug)]
pub struct Malformed(pub String);
