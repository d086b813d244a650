//! Samples become requests: the whole HTTP message of each, head and body, so that sending is one write.

use std::sync::Arc;

use super::Job;
use super::hash::{ALONE, hash};
use crate::backend::template::{Fixed, Template};
use crate::backend::{Backend, Delivery};
use crate::dataset::Sample;
use crate::error::Result;
use crate::record::{Partition, Tick};

/// Writes requests.
#[derive(Debug, Clone)]
pub struct Encoder {
    /// Of each server, request line and the headers that all requests share, each line ended.
    heads: Vec<Vec<u8>>,
    backend: Backend,
    template: Template,
    adapters: Option<Arc<Partition>>,
    servers: Option<Arc<Partition>>,
}

/// What is a server's own in requests to it.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The request line, and what a proxy wants to see, each line ended by CRLF.
    pub line: String,
    /// The authority.
    pub host: String,
}

impl Encoder {
    /// An encoder of requests that go to the first of the servers that they may start with, and carry `headers` and the bodies of
    /// `backend`, in which `fixed` is always the same.
    pub fn new<'a>(
        starts: impl IntoIterator<Item = &'a Start>,
        headers: &[(String, String)],
        backend: Backend,
        fixed: &Fixed<'_>,
    ) -> Self {
        let template = backend.template(fixed);
        let heads = starts.into_iter().map(|start| head(start, template.media_type(), headers)).collect();
        Encoder { heads, backend, template, adapters: None, servers: None }
    }

    /// Requests go to several servers, each to the one assigned to its id.
    #[must_use]
    pub fn with_servers(self, servers: Option<Arc<Partition>>) -> Self {
        Encoder { servers, ..self }
    }

    /// Requests go to adapters instead of the model itself, each to the one assigned to its id.
    #[must_use]
    pub fn with_adapters(self, adapters: Option<Arc<Partition>>) -> Self {
        Encoder { adapters, ..self }
    }

    /// How answers come.
    pub fn delivery(&self) -> Delivery {
        self.template.delivery()
    }

    /// Whether there can be a request of `sample`.
    ///
    /// # Errors
    /// If the protocol needs something that it does not have: what.
    pub fn check(&self, sample: &Sample) -> Result<()> {
        self.backend.check(sample)
    }

    /// The request of `sample`, which is the `id`th of its run and due at `due`.
    pub fn job(&self, id: u32, due: Tick, sample: &Sample) -> Job {
        let server = self.servers.as_ref().and_then(|servers| servers.place_of(id)).unwrap_or(0);
        let head = &self.heads[server];
        let mut bytes = Vec::with_capacity(head.len() + 128 + self.template.size_hint(sample));
        bytes.extend_from_slice(head);
        if let Some(name) = sample.request_id.as_deref().filter(|name| !name.is_empty()) {
            bytes.extend_from_slice(format!("x-request-id: {name}\r\n").as_bytes());
        }
        // The length is known once the body is written: its place is filled up with blanks, which may lead a field's value.
        bytes.extend_from_slice(b"content-length: ");
        let place = bytes.len();
        bytes.extend_from_slice(b"          \r\n\r\n");
        let body = bytes.len();
        let model = self.adapters.as_ref().and_then(|adapters| adapters.name_of(id));
        self.template.write(sample, model, &mut bytes);
        let length = format!("{:>10}", bytes.len() - body);
        bytes[place..place + length.len()].copy_from_slice(length.as_bytes());
        let audio_seconds = sample.audio.as_ref().map_or(0.0, |audio| audio.seconds);
        let inputs = self.backend.inputs(sample) as u32;
        let Sample { input_tokens, output_tokens, .. } = *sample;
        Job {
            id,
            server: server as u16,
            due,
            bytes,
            input_tokens,
            output_tokens,
            inputs,
            audio_seconds,
            workload: 0,
            then: None,
        }
    }

    /// The requests of `samples`, made as they are asked for; sample `i` is due at `due[i]`. One that there can be no request of
    /// is an error that names it.
    pub fn jobs(
        self,
        samples: impl Iterator<Item = Result<Sample>> + Send + 'static,
        due: Vec<Tick>,
    ) -> Box<dyn Iterator<Item = Result<Job>> + Send> {
        let numbered = samples.zip(due).enumerate();
        Box::new(numbered.map(move |(id, (sample, due))| {
            let sample = sample?;
            self.check(&sample).map_err(|error| error.context(format!("request {id}")))?;
            let job = self.job(id as u32, due, &sample);
            Ok(Job { workload: hash(&job, ALONE), ..job })
        }))
    }
}

/// The head of requests to a server.
fn head(start: &Start, media_type: &str, headers: &[(String, String)]) -> Vec<u8> {
    let named = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    let defaults = [
        ("host", start.host.as_str()),
        ("accept", "*/*"),
        ("user-agent", concat!("llmbench/", env!("CARGO_PKG_VERSION"))),
        ("content-type", media_type),
    ];
    let mut head = start.line.clone();
    for (name, value) in defaults.into_iter().filter(|(name, _)| !named(name)) {
        head += &format!("{name}: {value}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::dataset::Prompt;

    fn encoder(headers: &[(&str, &str)]) -> Encoder {
        let overlay = Map::new();
        let delivery = Delivery::Stream;
        let fixed = Fixed {
            model: "m",
            logprobs: None,
            ignore_eos: false,
            delivery,
            overlay: &overlay,
            dropped: &[],
            base: None,
        };
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let start = Start { line: "POST /v1/completions HTTP/1.1\r\n".into(), host: "localhost:8000".into() };
        Encoder::new(&[start], &headers, Backend::named("openai").unwrap(), &fixed)
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
    fn each_request_goes_to_its_adapter() {
        let adapters = Partition { names: vec!["a".into(), "b".into()], of: vec![1, 0] };
        let encoder = encoder(&[]).with_adapters(Some(Arc::new(adapters)));
        for (id, model) in [(0, "b"), (1, "a"), (2, "m")] {
            let text = String::from_utf8(encoder.job(id, Tick::ZERO, &sample(None)).bytes).unwrap();
            assert!(text.contains(&format!("{{\"model\":\"{model}\",")), "{text}");
        }
    }

    #[test]
    fn a_sample_that_the_protocol_cannot_ask_for_is_named() {
        let overlay = Map::new();
        let delivery = Delivery::Stream;
        let fixed = Fixed {
            model: "m",
            logprobs: None,
            ignore_eos: false,
            delivery,
            overlay: &overlay,
            dropped: &[],
            base: None,
        };
        let rerank = Backend::named("vllm-rerank").unwrap();
        let mut jobs = Encoder::new(&[Start::default()], &[], rerank, &fixed)
            .jobs(std::iter::once(Ok(sample(None))), vec![Tick::ZERO]);
        let error = jobs.next().unwrap().unwrap_err().to_string();
        assert!(error.starts_with("request 0: `--backend vllm-rerank` cannot send this dataset: "), "{error}");
    }

    #[test]
    fn a_header_of_the_user_replaces_the_default() {
        let text = text(&encoder(&[("Content-Type", "application/x")]), None);
        assert_eq!(text.to_ascii_lowercase().matches("content-type").count(), 1);
        assert!(!text.contains("x-request-id"));
    }
}
