//! An answer that comes whole instead of piece by piece: the bytes of a response's body come in, one [`Reading`] goes out.

use serde::de::IgnoredAny;

use super::event::Chunk;
use super::kinds::Backend;
use super::reading::{Delivery, Malformed, Reading, Usage};
use super::skim::Skim;
use crate::record::Task;

/// An answer as far as it has come.
#[derive(Debug)]
pub struct Whole {
    backend: Backend,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A document with a text: kept up to a limit.
    Text { bytes: Vec<u8>, limit: usize },
    /// A document of vectors, of which little is kept.
    Vectors(Skim),
    /// Vectors as bytes: only whether there are any, and the counts that came beside them.
    Bytes { any: bool, metadata: Option<String> },
}

/// What the head of a response says of its body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    /// The field `content-type`; empty where there is none.
    pub media_type: &'a str,
    /// The field `metadata`: a JSON object with the counts of an answer of bytes.
    pub metadata: Option<&'a str>,
}

impl Whole {
    /// The answer of `backend` in a body of that `head`. Documents with a text are refused beyond `limit` bytes; vectors may be
    /// of any size.
    ///
    /// # Errors
    /// If the body is no such answer: what was expected instead.
    pub fn new(backend: Backend, delivery: Delivery, head: Head<'_>, limit: usize) -> Result<Self, Malformed> {
        let media = head.media_type.trim().to_ascii_lowercase();
        let is_json = media.contains("json");
        let bytes = matches!(delivery, Delivery::Bytes | Delivery::BareBytes);
        let content = match backend.task() {
            // A server that does not know the format, or an error, answers in JSON.
            Task::Pooling if bytes && !is_json => Content::Bytes {
                any: false,
                metadata: head.metadata.filter(|_| delivery == Delivery::Bytes).map(ToOwned::to_owned),
            },
            _ if !is_json && !media.is_empty() => {
                return Err(Malformed(format!("expected JSON, got {}", head.media_type)));
            }
            Task::Pooling => Content::Vectors(Skim::new()),
            Task::Generation => Content::Text { bytes: Vec::new(), limit },
        };
        Ok(Whole { backend, content })
    }

    /// Takes in the next bytes of the body.
    ///
    /// # Errors
    /// If they cannot belong to such an answer, or there are too many.
    pub fn feed(&mut self, data: &[u8]) -> Result<(), Malformed> {
        match &mut self.content {
            Content::Text { bytes, limit } if bytes.len() + data.len() > *limit => {
                Err(Malformed(format!("over {limit} bytes (--max-event-bytes)")))
            }
            Content::Text { bytes, .. } => {
                bytes.extend_from_slice(data);
                Ok(())
            }
            Content::Vectors(skim) => skim.feed(data),
            Content::Bytes { any, .. } => {
                *any |= !data.is_empty();
                Ok(())
            }
        }
    }

    /// What the answer says, once it has come to its end. One without output has no output in its reading.
    ///
    /// # Errors
    /// If it is not JSON, or not of this protocol's shape.
    pub fn read(&self) -> Result<Reading<'_>, Malformed> {
        let reading = match &self.content {
            Content::Text { bytes, .. } => self.backend.read_document(bytes),
            Content::Vectors(skim) => {
                let kept = skim.end()?;
                read_vectors(&kept, skim.has_list)
            }
            Content::Bytes { any, metadata } => {
                // An answer without counts still has its vectors.
                let metadata = metadata.as_ref().map_or("{}", String::as_str);
                read_vectors(metadata.as_bytes(), *any)
                    .map(|reading| Reading { output: reading.output.filter(|_| *any), ..reading })
            }
        };
        reading.map_err(|cause| Malformed(cause.to_string()))
    }
}

/// What an answer of vectors says beside them: it has output where `any` are there, or tokens were counted.
fn read_vectors(counts: &[u8], any: bool) -> serde_json::Result<Reading<'static>> {
    let chunk: Chunk<'_, IgnoredAny> = serde_json::from_slice(counts)?;
    // Whatever a server counts as output, vectors have no tokens.
    let usage = chunk.usage.usage.map(|usage| Usage { completion_tokens: None, ..usage });
    let output = (any || usage.is_some()).then(Default::default);
    let (unread, error) = (chunk.usage.unread, chunk.error(counts));
    Ok(Reading { output, usage, unread, choice: true, finished: true, error, ..Reading::default() })
}

#[cfg(test)]
#[path = "whole_test.rs"]
mod tests;
