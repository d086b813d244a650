//! Answers that are not streamed: the bodies of all endpoints. What goes in is what was asked and how many tokens there are; what
//! comes out is JSON, or bytes where embeddings were asked for as bytes.

use super::config::Usage;
use super::endpoint::Endpoint;
use super::event::{Counts, Id, Voice, close};
use super::order::Encoding;
use super::text;
use super::wire::append;

/// What an answer that is not streamed is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) counts: Counts,
    pub(super) finish: &'static str,
    /// Prompts, or documents.
    pub(super) inputs: u32,
    pub(super) vectors: Vectors,
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vectors {
    pub(super) encoding: Encoding,
    pub(super) dimensions: u32,
}

/// Every element of every vector.
const ELEMENT: f32 = 0.25;

/// A body, what it is, and what the header `metadata` says of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) metadata: Option<Vec<u8>>,
}

impl Voice {
    /// The body of an answer that is not streamed.
    pub(super) fn whole(&self, id: Id, whole: Whole) -> Body {
        let json = |bytes| Body { bytes, kind: "application/json", metadata: None };
        match self.endpoint {
            Endpoint::Chat | Endpoint::Completions => json(self.choices(id, whole)),
            Endpoint::Responses => json(self.response_object(id, whole.counts, self.shape.usage)),
            Endpoint::Transcription | Endpoint::Translation => json(self.heard(whole)),
            Endpoint::Rerank => json(self.ranking(id, whole)),
            Endpoint::Score => json(self.list(id, whole)),
            Endpoint::Embeddings | Endpoint::Pooling => match whole.vectors.encoding {
                Encoding::Float | Encoding::Base64 => json(self.list(id, whole)),
                encoding => {
                    let metadata = (encoding == Encoding::Bytes).then(|| self.list(id, whole));
                    let elements = u64::from(whole.inputs) * u64::from(whole.vectors.dimensions);
                    let bytes = (0..elements).flat_map(|_| ELEMENT.to_le_bytes()).collect();
                    Body { bytes, kind: "application/octet-stream", metadata }
                }
            },
        }
    }

    fn object(&self, id: Id) -> Vec<u8> {
        let (prefix, object, mut out) = (self.endpoint.prefix(), self.endpoint.object(), Vec::with_capacity(512));
        append(
            &mut out,
            format_args!(r#"{{"id":"{prefix}-{id:016x}","object":"{object}","created":{},"#, self.created),
        );
        append(&mut out, format_args!(r#""model":"{}","#, self.model));
        out
    }

    fn choices(&self, id: Id, whole: Whole) -> Vec<u8> {
        let Whole { counts, finish, .. } = whole;
        let texts = if self.endpoint == Endpoint::Completions { whole.inputs.max(1) } else { 1 };
        let mut out = self.object(id);
        out.extend_from_slice(br#""choices":["#);
        for index in 0..texts {
            let comma = if index > 0 { "," } else { "" };
            append(&mut out, format_args!(r#"{comma}{{"index":{index},"#));
            let (open, end) = match self.endpoint {
                Endpoint::Chat => (r#""message":{"role":"assistant","content":"#, "}"),
                _ => (r#""text":"#, ""),
            };
            out.extend_from_slice(open.as_bytes());
            text::append(&mut out, self.shape.text, 0..counts.output / texts);
            append(&mut out, format_args!(r#"{end},"logprobs":null,"finish_reason":"{finish}","stop_reason":null}}"#));
        }
        close(&mut out, (self.shape.usage != Usage::None).then_some(counts));
        out
    }

    fn heard(&self, whole: Whole) -> Vec<u8> {
        let Counts { prompt, output, .. } = whole.counts;
        let mut out = b"{\"text\":".to_vec();
        text::append(&mut out, self.shape.text, 0..output);
        if self.shape.usage != Usage::None {
            let total = u64::from(prompt) + u64::from(output);
            append(&mut out, format_args!(r#","usage":{{"type":"tokens","input_tokens":{prompt},"#));
            append(&mut out, format_args!(r#""output_tokens":{output},"total_tokens":{total}}}"#));
        }
        out.push(b'}');
        out
    }

    /// A list of vectors or scores.
    fn list(&self, id: Id, whole: Whole) -> Vec<u8> {
        let mut out = self.object(id);
        let base64 = whole.vectors.encoding == Encoding::Base64;
        let dimensions = whole.vectors.dimensions;
        let value = match self.endpoint {
            Endpoint::Score => "0.5".to_owned(),
            _ if base64 => format!("\"{}\"", base64_of(dimensions)),
            _ => format!("[{}]", vec![ELEMENT.to_string(); dimensions as usize].join(",")),
        };
        let (object, key) = match self.endpoint {
            Endpoint::Score => ("score", "score"),
            Endpoint::Pooling => ("pooling", "data"),
            _ => ("embedding", "embedding"),
        };
        out.extend_from_slice(br#""data":["#);
        for index in 0..whole.inputs {
            let comma = if index > 0 { "," } else { "" };
            append(&mut out, format_args!(r#"{comma}{{"index":{index},"object":"{object}","{key}":{value}}}"#));
        }
        self.pooled_usage(&mut out, whole.counts);
        out
    }

    /// The documents in their order, each less relevant than the one before.
    fn ranking(&self, id: Id, whole: Whole) -> Vec<u8> {
        let mut out = self.object(id);
        out.extend_from_slice(br#""results":["#);
        for index in 0..whole.inputs {
            let (comma, score) = (if index > 0 { "," } else { "" }, 1.0 / f64::from(index + 1));
            append(&mut out, format_args!(r#"{comma}{{"index":{index},"relevance_score":{score}}}"#));
        }
        self.pooled_usage(&mut out, whole.counts);
        out
    }

    fn pooled_usage(&self, out: &mut Vec<u8>, counts: Counts) {
        out.push(b']');
        if self.shape.usage != Usage::None {
            let prompt = counts.prompt;
            append(out, format_args!(r#","usage":{{"prompt_tokens":{prompt},"total_tokens":{prompt},"#));
            append(out, format_args!(r#""completion_tokens":0,"prompt_tokens_details":null}}"#));
        }
        out.push(b'}');
    }
}

/// The elements' bytes in base64 (RFC 4648, with padding).
fn base64_of(dimensions: u32) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = (0..dimensions).flat_map(|_| ELEMENT.to_le_bytes()).collect();
    let four = |three: &[u8]| {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |place: usize| match place <= three.len() {
            true => char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]),
            false => '=',
        };
        std::array::from_fn::<char, 4, _>(digit)
    };
    bytes.chunks(3).flat_map(four).collect()
}

#[cfg(test)]
#[path = "whole_test.rs"]
mod tests;
