//! Samples become requests: the whole HTTP message of each, head and body, so that sending is one write.

use crate::backend::template::Template;
use crate::dataset::Sample;
use crate::error::Result;
use crate::plan::Job;
use crate::record::Tick;

/// Writes requests.
#[derive(Debug, Clone)]
pub struct Encoder {
    /// Request line and the headers that all requests share, each line ended.
    head: Vec<u8>,
    template: Template,
}

impl Encoder {
    /// An encoder of requests that begin with `request_line` (ended by CRLF), go to the authority `host`, and carry
    /// `headers` and bodies by `template`.
    pub fn new(request_line: &str, host: &str, headers: &[(String, String)], template: Template) -> Self {
        let named = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let defaults = [
            ("host", host),
            ("accept", "*/*"),
            ("user-agent", concat!("llmbench/", env!("CARGO_PKG_VERSION"))),
            ("content-type", "application/json"),
        ];
        let mut head = request_line.to_string();
        for (name, value) in defaults.into_iter().filter(|(name, _)| !named(name)) {
            head += &format!("{name}: {value}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        Encoder { head: head.into_bytes(), template }
    }

    /// The request of `sample`, which is the `id`th of its run and due at `due`.
    pub fn job(&self, id: u32, due: Tick, sample: &Sample) -> Job {
        let mut bytes = Vec::with_capacity(self.head.len() + 128 + self.template.size_hint(sample));
        bytes.extend_from_slice(&self.head);
        if let Some(id) = sample.request_id.as_deref().filter(|id| !id.is_empty()) {
            bytes.extend_from_slice(format!("x-request-id: {id}\r\n").as_bytes());
        }
        // The length is known once the body is written: its place is filled up with blanks, which may lead a field's value.
        bytes.extend_from_slice(b"content-length: ");
        let place = bytes.len();
        bytes.extend_from_slice(b"          \r\n\r\n");
        let body = bytes.len();
        self.template.write(sample, &mut bytes);
        let length = format!("{:>10}", bytes.len() - body);
        bytes[place..place + length.len()].copy_from_slice(length.as_bytes());
        let audio_seconds = sample.audio.as_ref().map_or(0.0, |audio| audio.seconds);
        let inputs = sample.prompt.inputs() as u32;
        Job { id, due, bytes, input_tokens: sample.input_tokens, inputs, audio_seconds, then: None }
    }

    /// The requests of `samples`, made as they are asked for; sample `i` is due at `due[i]`.
    pub fn jobs(
        self,
        samples: impl Iterator<Item = Result<Sample>> + Send + 'static,
        due: Vec<Tick>,
    ) -> Box<dyn Iterator<Item = Result<Job>> + Send> {
        let numbered = samples.zip(due).enumerate();
        Box::new(numbered.map(move |(id, (sample, due))| Ok(self.job(id as u32, due, &sample?))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::backend::Backend;
    use crate::backend::template::Fixed;
    use crate::dataset::Prompt;

    fn encoder(headers: &[(&str, &str)]) -> Encoder {
        let overlay = Map::new();
        let fixed = Fixed { model: "m", logprobs: None, ignore_eos: false, overlay: &overlay };
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let line = "POST /v1/completions HTTP/1.1\r\n";
        Encoder::new(line, "localhost:8000", &headers, Backend::Openai.template(&fixed))
    }

    fn sample(request_id: Option<&str>) -> Sample {
        let request_id = request_id.map(ToString::to_string);
        Sample { prompt: Prompt::Text("hi".into()), input_tokens: 1, output_tokens: 2, request_id, ..Sample::default() }
    }

    fn text(encoder: &Encoder, request_id: Option<&str>) -> String {
        String::from_utf8(encoder.job(0, Tick::ZERO, &sample(request_id)).bytes).unwrap()
    }

    #[test]
    fn a_request_is_one_whole_message() {
        let text = text(&encoder(&[("authorization", "Bearer k")]), Some("bench-7"));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v1/completions HTTP/1.1\r\nhost: localhost:8000\r\n"), "{head}");
        assert!(head.contains("\r\nauthorization: Bearer k\r\nx-request-id: bench-7\r\n"), "{head}");
        let length = head.rsplit_once("content-length: ").unwrap().1;
        assert_eq!(length.trim().parse::<usize>().unwrap(), body.len(), "{head}");
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }

    #[test]
    fn a_header_of_the_user_replaces_the_default() {
        let text = text(&encoder(&[("Content-Type", "application/x")]), None);
        assert_eq!(text.to_ascii_lowercase().matches("content-type").count(), 1);
        assert!(!text.contains("x-request-id"));
    }
}
