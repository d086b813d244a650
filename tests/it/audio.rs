//! The dialect of `/v1/audio/transcriptions`: a form with a file goes out, a stream comes back.

use serde_json::{Value, json};

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, Request, Script, Server};
use crate::stream::{Dialect, Framing, answer, respond, sse, stream, text, usage};
use crate::whole::document;

/// A file of half a second of silence: 16-bit samples at 8 kHz.
fn wav() -> Vec<u8> {
    let samples = vec![0_u8; 8_000];
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + 8_000_u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&samples);
    file
}

fn run(args: &[&str], cut: Cut, script: impl Fn() -> Script + Send + Sync + 'static) -> (Server, Outcome) {
    let server = Server::start(cut, move |_: &Request| script());
    let bench = Llmbench::new().args(["serve", "--base-url", &server.url(), "--model", "m", "--tokenizer", "builtin"]);
    std::fs::write(bench.dir().join("a.wav"), wav()).unwrap();
    let line = json!({"prompt": "what is said", "audio": bench.dir().join("a.wav")}).to_string();
    std::fs::write(bench.dir().join("p.jsonl"), line).unwrap();
    let bench = bench.args(["--dataset-name", "custom_audio", "--dataset-path", "p.jsonl", "--num-prompts", "1"]);
    let bench = bench
        .args(["--custom-output-len", "448", "--output-json", "-", "--save-detailed", "--no-side-calls"])
        .args(args);
    (server, bench.run())
}

/// The fields of a form in order: name and value.
fn fields(request: &Request) -> Vec<(String, String)> {
    let media = request.header("content-type").unwrap();
    let boundary = media.strip_prefix("multipart/form-data; boundary=").unwrap();
    let parts = request.body.split(&format!("--{boundary}")).collect::<Vec<_>>();
    assert_eq!((parts.first(), parts.last()), (Some(&""), Some(&"--\r\n")));
    let field = |part: &&str| {
        let (head, value) = part.split_once("\r\n\r\n").unwrap();
        let name = head.split_once("name=\"").unwrap().1.split_once('"').unwrap().0;
        (name.to_owned(), value.strip_suffix("\r\n").unwrap().to_owned())
    };
    parts[1..parts.len() - 1].iter().map(field).collect()
}

#[test]
fn a_form_arrives_with_its_file_and_its_fields() {
    let args = [
        "--backend",
        "openai-audio",
        "--ignore-eos",
        "--extra-body",
        r#"{"temperature": 0.0, "a": {"b": [true, null]}}"#,
    ];
    let (server, outcome) = run(&args, Cut::Whole, || stream(&answer(Dialect::Chat, 3)));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let request = &server.requests()[0];
    assert_eq!(request.target, "/v1/audio/transcriptions");
    let fields = fields(request);
    assert_eq!((fields[0].0.as_str(), fields[0].1.starts_with("RIFF")), ("file", true));
    assert!(request.body.contains("name=\"file\"; filename=\"audio.wav\"\r\n"), "{}", request.body);
    let told = fields[1..].iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    assert_eq!(
        told,
        "model=m&max_completion_tokens=448&stream=True&language=en&stream_include_usage=True\
         &stream_continuous_usage_stats=True&ignore_eos=True&temperature=0.0&a={'b': [True, None]}"
    );
}

#[test]
fn a_transcript_is_read_with_its_pings_and_its_counts() {
    for cut in Cut::ALL {
        let script = || {
            let mut events = answer(Dialect::Chat, 16);
            for (index, event) in events.iter_mut().take(16).enumerate() {
                let mut chunk: Value = serde_json::from_str(&event.1).unwrap();
                chunk["usage"] = usage(index + 1)["usage"].clone();
                event.1 = chunk.to_string();
            }
            let mut body = sse(&events);
            body.insert(3, (body[3].0, b": ping\n\n".to_vec()));
            respond(Framing::Chunked, body)
        };
        let result = run(&["--backend", "openai-audio"], cut, script).1.ended(0);
        assert_eq!((&result["completed"], &result["failures"]), (&json!(1), &json!({})), "{cut:?}");
        assert_eq!((&result["output_lens"][0], &result["input_lens"][0]), (&json!(16), &json!(8)), "{cut:?}");
        assert_eq!(result["generated_texts"][0], text(16), "{cut:?}");
        assert!(result["rtfx"].as_f64() > Some(0.0), "{cut:?}");
    }
}

#[test]
fn a_transcript_may_come_whole() {
    let args = ["--backend", "openai-audio", "--no-stream-response", "--endpoint", "/v1/audio/translations"];
    let (server, outcome) = run(&args, Cut::Paced, || document("200 OK", r#"{"text": "the of and"}"#));
    let result = outcome.ended(0);
    assert_eq!((&result["generated_texts"][0], &result["output_lens"][0]), (&json!("the of and"), &json!(3)));
    assert!(fields(&server.requests()[0]).contains(&("stream".into(), "False".into())));
}

#[test]
fn what_has_no_place_in_a_form_is_refused() {
    let args = ["--backend", "openai-audio", "--temperature", "0"];
    let (server, outcome) = run(&args, Cut::Whole, || document("200 OK", "{}"));
    assert_eq!((outcome.status, server.requests().len()), (Some(2), 0), "{}", outcome.stderr);
    let words = "`--temperature` cannot be sent by `--backend openai-audio`";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
}

#[test]
fn a_sound_for_a_chat_goes_into_its_messages() {
    let args = ["--backend", "openai-chat", "--temperature", "0"];
    let (server, outcome) = run(&args, Cut::Whole, || stream(&answer(Dialect::Chat, 3)));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("warning: sound goes into the messages"), "{}", outcome.stderr);
    let body: Value = serde_json::from_str(&server.requests()[0].body).unwrap();
    assert_eq!(body["messages"][0]["content"][1]["type"], "input_audio", "{body}");
}
