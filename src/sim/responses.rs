//! The events of `/v1/responses`: each has a type, which its `event:` line and its JSON both name, and a number in the stream.

use super::config::{Delta, Detail, Usage};
use super::event::{Counts, Id, Piece, Voice};
use super::text;
use super::wire::append;

/// Events before the first token.
const OPENING: u32 = 4;

impl Voice {
    /// Appends the events that precede the first token.
    pub(super) fn response_opening(&self, out: &mut Vec<u8>, id: Id) {
        let begun = self.response(id, "in_progress", "[]", "null");
        let item =
            r#""output_index":0,"item":{"type":"message","role":"assistant","status":"in_progress","content":[],"id":"#;
        let part =
            r#""output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]},"item_id":"#;
        let bodies = [
            ("response.created", format!(r#""response":{begun}"#)),
            ("response.in_progress", format!(r#""response":{begun}"#)),
            ("response.output_item.added", format!(r#"{item}"msg-{id:016x}"}}"#)),
            ("response.content_part.added", format!(r#"{part}"msg-{id:016x}""#)),
        ];
        for (number, (name, body)) in bodies.iter().enumerate() {
            let json = format!(r#"{{"type":"{name}","sequence_number":{number},{body}}}"#);
            self.named(out, name, json.as_bytes());
        }
    }

    /// Appends an event with tokens.
    pub(super) fn response_delta(&self, out: &mut Vec<u8>, id: Id, piece: Piece) {
        let name = match self.shape.delta {
            _ if piece.from < self.shape.reasoning => "response.reasoning_text.delta",
            Delta::Content => "response.output_text.delta",
            Delta::ToolCall | Delta::FunctionCall => "response.function_call_arguments.delta",
        };
        let mut json = b"{".to_vec();
        if piece.from == 0 {
            self.pad(&mut json);
        }
        append(&mut json, format_args!(r#""type":"{name}","#));
        if self.shape.detail == Detail::Full {
            let number = OPENING + piece.from / self.shape.tokens_per_chunk;
            append(&mut json, format_args!(r#""sequence_number":{number},"item_id":"msg-{id:016x}","#));
            json.extend_from_slice(br#""output_index":0,"content_index":0,"logprobs":[],"#);
        }
        json.extend_from_slice(b"\"delta\":");
        text::append(&mut json, self.shape.text, piece.from..piece.to);
        json.push(b'}');
        self.named(out, name, &json);
    }

    /// Appends the events after the last token: what was said in whole, and the end, which carries the usage.
    pub(super) fn response_end(&self, out: &mut Vec<u8>, id: Id, counts: Counts, usage: Usage) {
        let mut said = Vec::new();
        text::append(&mut said, self.shape.text, 0..counts.output);
        let said = String::from_utf8_lossy(&said);
        let number = OPENING + counts.output.div_ceil(self.shape.tokens_per_chunk);
        let name = "response.output_text.done";
        let json = format!(
            r#"{{"type":"{name}","sequence_number":{number},"item_id":"msg-{id:016x}","output_index":0,"content_index":0,"text":{said}}}"#
        );
        self.named(out, name, json.as_bytes());
        let name = "response.completed";
        let whole = self.response_object(id, counts, usage);
        let whole = String::from_utf8_lossy(&whole);
        let json = format!(r#"{{"type":"{name}","sequence_number":{},"response":{whole}}}"#, number + 1);
        self.named(out, name, json.as_bytes());
    }

    /// A whole response.
    pub(super) fn response_object(&self, id: Id, counts: Counts, usage: Usage) -> Vec<u8> {
        let Counts { prompt, output: tokens, .. } = counts;
        let mut output = Vec::new();
        append(&mut output, format_args!(r#"[{{"type":"message","id":"msg-{id:016x}","role":"assistant","#));
        output.extend_from_slice(br#""status":"completed","content":[{"type":"output_text","annotations":[],"text":"#);
        text::append(&mut output, self.shape.text, 0..tokens);
        output.extend_from_slice(b"}]}]");
        let total = u64::from(prompt) + u64::from(tokens);
        let told = format!(
            r#"{{"input_tokens":{prompt},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{tokens},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{total}}}"#
        );
        let usage = if usage == Usage::None { "null".to_owned() } else { told };
        self.response(id, "completed", &String::from_utf8_lossy(&output), &usage).into_bytes()
    }

    fn response(&self, id: Id, status: &str, output: &str, usage: &str) -> String {
        let Voice { created, model, .. } = self;
        format!(
            r#"{{"id":"resp-{id:016x}","object":"response","created_at":{created},"model":"{model}","status":"{status}","error":null,"incomplete_details":null,"output":{output},"usage":{usage}}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::endpoint::Endpoint;
    use super::super::event::Style;
    use super::*;
    use crate::sim::config::{Shape, Text};

    fn voice(shape: Shape) -> Voice {
        let style = Style::new(&[]);
        Voice { endpoint: Endpoint::Responses, shape, model: "sim".to_owned(), created: 7, style }
    }

    /// Names and data of the events.
    fn events(write: impl FnOnce(&mut Vec<u8>)) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        let event = |event: &str| {
            let (name, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
            let json: Value = serde_json::from_str(data).unwrap();
            assert_eq!(json["type"], name);
            (name.to_owned(), json)
        };
        text.trim_end().split("\n\n").map(event).collect()
    }

    const COUNTS: Counts = Counts { prompt: 3, output: 2, times: None };

    #[test]
    fn a_response_is_opened_told_and_completed_with_its_usage() {
        let voice = voice(Shape { text: Text::Mixed, ..Shape::default() });
        let all = events(|out| {
            voice.response_opening(out, 1);
            for from in 0..2 {
                voice.tokens(out, 1, Piece { index: 0, from, to: from + 1, finish: None, usage: None });
            }
            voice.response_end(out, 1, COUNTS, Usage::End);
        });
        let names: Vec<&str> = all.iter().map(|(name, _)| name.trim_start_matches("response.")).collect();
        let expected = ["created", "in_progress", "output_item.added", "content_part.added"];
        assert_eq!(names[..4], expected);
        assert_eq!(names[4..], ["output_text.delta", "output_text.delta", "output_text.done", "completed"]);
        assert!(all.iter().enumerate().all(|(number, (_, json))| json["sequence_number"] == number));
        let whole = &all[7].1["response"];
        assert_eq!(whole["output"][0]["content"][0]["text"], crate::sim::expected(Text::Mixed, 2));
        assert_eq!((&whole["usage"]["input_tokens"], &whole["usage"]["output_tokens"]), (&3.into(), &2.into()));
    }

    #[test]
    fn usage_can_be_held_back_and_tokens_can_be_reasoning() {
        let voice = voice(Shape { reasoning: 1, delta: Delta::ToolCall, detail: Detail::Compact, ..Shape::default() });
        assert_eq!(
            events(|out| voice.response_end(out, 1, COUNTS, Usage::None))[1].1["response"]["usage"],
            Value::Null
        );
        let piece = |from| Piece { index: 0, from, to: from + 1, finish: None, usage: None };
        let all = events(|out| (0..2).for_each(|from| voice.tokens(out, 1, piece(from))));
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["response.reasoning_text.delta", "response.function_call_arguments.delta"]);
    }
}
