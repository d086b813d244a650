//! What a stream says: the JSON of each event and its lines, with the faults of this level. What goes in is which tokens;
//! what comes out is the bytes of a body, before they are framed.

use super::config::{Delta, Detail, Shape};
use super::endpoint::Endpoint;
use super::fault::Kind;
use super::text;
use super::wire::append;

/// Prompt and output tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) prompt: u32,
    pub(super) output: u32,
    /// What the server says of its own times.
    pub(super) times: Option<Times>,
}

/// The times of one request as the server tells them, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// From the arrival to the scheduler's taking it up.
    pub(super) queue_ns: u64,
    /// From there to the first token.
    pub(super) first_ns: u64,
}

/// One event with tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Which of the prompts it continues.
    pub(super) index: u32,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) finish: Option<&'static str>,
    pub(super) usage: Option<Counts>,
}

/// How the events of a stream are written.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    pub(super) endpoint: Endpoint,
    pub(super) shape: Shape,
    /// As it stands between the quotes.
    pub(super) model: String,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) style: Style,
}

/// The odd ways of writing an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    faults: Vec<Kind>,
}

impl Style {
    /// The event level of these faults.
    pub(super) fn new(faults: &[Kind]) -> Self {
        let events = |kind: &&Kind| {
            matches!(kind, Kind::Comments | Kind::Crlf | Kind::Cr | Kind::NoSpace | Kind::MultiLine | Kind::Fields)
                || matches!(kind, Kind::Bom | Kind::BigEvent(_))
        };
        Style { faults: faults.iter().filter(events).copied().collect() }
    }

    fn has(&self, kind: Kind) -> bool {
        self.faults.contains(&kind)
    }

    fn line_end(&self) -> &'static str {
        match (self.has(Kind::Crlf), self.has(Kind::Cr)) {
            (true, _) => "\r\n",
            (false, true) => "\r",
            (false, false) => "\n",
        }
    }

    fn padding(&self) -> usize {
        let padded = self.faults.iter().find_map(|kind| match kind {
            Kind::BigEvent(bytes) => usize::try_from(*bytes).ok(),
            _ => None,
        });
        padded.unwrap_or(0)
    }
}

/// A number that an answer is known by.
pub(super) type Id = u64;

impl Voice {
    /// Appends the byte-order mark if there is to be one.
    pub(super) fn opening(&self, out: &mut Vec<u8>) {
        if self.style.has(Kind::Bom) {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
    }

    /// Appends a comment.
    pub(super) fn comment(&self, out: &mut Vec<u8>) {
        let end = self.style.line_end();
        append(out, format_args!(": ping{end}{end}"));
    }

    /// Appends the event that only names the role.
    pub(super) fn role(&self, out: &mut Vec<u8>, id: Id, usage: Option<Counts>) {
        let mut json = self.begin(id);
        json.extend_from_slice(br#"{"index":0,"delta":{"role":"assistant","content":""}"#);
        self.finish(&mut json, None);
        close(&mut json, usage);
        self.event(out, &json);
    }

    /// Appends an event with tokens.
    pub(super) fn tokens(&self, out: &mut Vec<u8>, id: Id, piece: Piece) {
        if self.endpoint == Endpoint::Responses {
            return self.response_delta(out, id, piece);
        }
        let mut json = self.begin(id);
        if piece.from == 0 && self.style.padding() > 0 {
            // Before the choices, so that a reader has to get past it first.
            let rest = json.split_off(1);
            self.pad(&mut json);
            json.extend_from_slice(&rest);
        }
        self.choice(&mut json, piece.index);
        match self.endpoint {
            Endpoint::Completions => {
                json.extend_from_slice(b"\"text\":");
                text::append(&mut json, self.shape.text, piece.from..piece.to);
            }
            _ => {
                json.extend_from_slice(b"\"delta\":{");
                self.delta(&mut json, piece);
                json.push(b'}');
            }
        }
        self.finish(&mut json, piece.finish);
        close(&mut json, piece.usage);
        self.event(out, &json);
    }

    /// Appends the padding of the first event, as a key.
    pub(super) fn pad(&self, json: &mut Vec<u8>) {
        if self.style.padding() > 0 {
            json.extend_from_slice(b"\"padding\":\"");
            json.resize(json.len() + self.style.padding(), b'x');
            json.extend_from_slice(b"\",");
        }
    }

    /// Appends the event that has the usage alone.
    pub(super) fn usage(&self, out: &mut Vec<u8>, id: Id, counts: Counts) {
        let mut json = self.begin(id);
        close(&mut json, Some(counts));
        self.event(out, &json);
    }

    /// Appends `[DONE]`.
    pub(super) fn done(&self, out: &mut Vec<u8>) {
        self.lines(out, "", &[b"[DONE]"]);
    }

    /// Appends an error object.
    pub(super) fn error(&self, out: &mut Vec<u8>, message: &str) {
        if self.endpoint == Endpoint::Responses {
            let json = format!(r#"{{"type":"error","code":"server_error","message":"{message}","param":null}}"#);
            return self.named(out, "error", json.as_bytes());
        }
        let json = format!(r#"{{"error":{{"message":"{message}","type":"InternalServerError","code":500}}}}"#);
        self.event(out, json.as_bytes());
    }

    /// Appends an event that is no JSON.
    pub(super) fn malformed(&self, out: &mut Vec<u8>) {
        self.lines(out, "", &[b"{\"choices\":[{\"ind"]);
    }

    /// The event up to the first choice.
    pub(super) fn begin(&self, id: Id) -> Vec<u8> {
        let mut json = Vec::with_capacity(320);
        if self.shape.detail == Detail::Full {
            let (prefix, object) = (self.endpoint.prefix(), self.endpoint.piece());
            append(&mut json, format_args!(r#"{{"id":"{prefix}-{id:016x}","object":"{object}","created":"#));
            append(&mut json, format_args!(r#"{},"model":"{}","#, self.created, self.model));
        } else {
            json.push(b'{');
        }
        json.extend_from_slice(b"\"choices\":[");
        json
    }

    fn choice(&self, json: &mut Vec<u8>, index: u32) {
        match self.shape.detail {
            Detail::Compact if index == 0 => json.push(b'{'),
            _ => append(json, format_args!("{{\"index\":{index},")),
        }
    }

    fn delta(&self, json: &mut Vec<u8>, piece: Piece) {
        if piece.from < self.shape.reasoning && !self.endpoint.hears() {
            json.extend_from_slice(b"\"reasoning\":");
            return text::append(json, self.shape.text, piece.from..piece.to);
        }
        let (open, end): (&[u8], &[u8]) = match self.shape.delta {
            Delta::Content => (b"\"content\":", b""),
            _ if self.endpoint.hears() => (b"\"content\":", b""),
            Delta::ToolCall if piece.from == 0 => (
                br#""tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"f","arguments":"#,
                b"}}]",
            ),
            Delta::ToolCall => (br#""tool_calls":[{"index":0,"function":{"arguments":"#, b"}}]"),
            Delta::FunctionCall => (br#""function_call":{"arguments":"#, b"}"),
        };
        json.extend_from_slice(open);
        text::append(json, self.shape.text, piece.from..piece.to);
        json.extend_from_slice(end);
    }

    /// The rest of a choice after its delta or text.
    fn finish(&self, json: &mut Vec<u8>, reason: Option<&str>) {
        match (self.shape.detail, reason) {
            (Detail::Full, Some(reason)) => {
                append(json, format_args!(r#","logprobs":null,"finish_reason":"{reason}"}}"#))
            }
            (Detail::Full, None) => json.extend_from_slice(br#","logprobs":null,"finish_reason":null}"#),
            (Detail::Compact, Some(reason)) => append(json, format_args!(r#","finish_reason":"{reason}"}}"#)),
            (Detail::Compact, None) => json.push(b'}'),
        }
    }

    /// An event whose data is a JSON object.
    fn event(&self, out: &mut Vec<u8>, json: &[u8]) {
        self.named(out, "", json);
    }

    /// An event of a type, whose data is a JSON object.
    pub(super) fn named(&self, out: &mut Vec<u8>, name: &str, json: &[u8]) {
        if self.style.has(Kind::MultiLine) {
            // JSON may break after its first and before its last brace.
            let inner = &json[1..json.len() - 1];
            self.lines(out, name, &[b"{", inner, b"}"]);
        } else {
            self.lines(out, name, &[json]);
        }
    }

    fn lines(&self, out: &mut Vec<u8>, name: &str, data: &[&[u8]]) {
        let end = self.style.line_end();
        if self.style.has(Kind::Comments) {
            self.comment(out);
        }
        match (self.style.has(Kind::Fields), name) {
            (true, "") => append(out, format_args!("event: message{end}id: 7{end}retry: 3000{end}")),
            (true, name) => append(out, format_args!("event: {name}{end}id: 7{end}retry: 3000{end}")),
            (false, "") => {}
            (false, name) => append(out, format_args!("event: {name}{end}")),
        }
        for line in data {
            out.extend_from_slice(if self.style.has(Kind::NoSpace) { b"data:" } else { b"data: " });
            out.extend_from_slice(line);
            out.extend_from_slice(end.as_bytes());
        }
        out.extend_from_slice(end.as_bytes());
    }
}

/// The rest of an object after its choices.
pub(super) fn close(json: &mut Vec<u8>, usage: Option<Counts>) {
    json.push(b']');
    if let Some(Counts { prompt, output, times }) = usage {
        let total = u64::from(prompt) + u64::from(output);
        append(json, format_args!(r#","usage":{{"prompt_tokens":{prompt},"total_tokens":{total},"#));
        append(json, format_args!(r#""completion_tokens":{output}}}"#));
        if let Some(Times { queue_ns, first_ns }) = times {
            let (queue, first) = (queue_ns as f64 / 1e6, first_ns as f64 / 1e6);
            append(
                json,
                format_args!(r#","metrics":{{"queue_time_ms":{queue:?},"time_to_first_token_ms":{first:?}}}"#),
            );
        }
    }
    json.push(b'}');
}

#[cfg(test)]
#[path = "event_test.rs"]
mod tests;
