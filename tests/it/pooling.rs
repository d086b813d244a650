//! Requests for vectors and scores: what is sent, what counts as an answer, when it came.

use serde_json::{Value, json};

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::refusal;
use crate::whole::document;
use crate::wire::timed;

const BACKENDS: [&str; 8] = [
    "openai-embeddings",
    "openai-embeddings-chat",
    "openai-embeddings-clip",
    "openai-embeddings-vlm2vec",
    "infinity-embeddings",
    "infinity-embeddings-clip",
    "vllm-pooling",
    "vllm-rerank",
];

/// A run whose requests hold three texts each, where they can.
fn run(
    backend: &str,
    args: &[&str],
    cut: Cut,
    script: impl Fn() -> Script + Send + Sync + 'static,
) -> (Server, Outcome) {
    let server = Server::start(cut, move |_: &Request| script());
    let size = if backend.contains("embeddings-") { "1" } else { "3" };
    let bench = Llmbench::plain(&server.url()).args(["--output-json", "-", "--save-detailed", "--backend", backend]);
    let outcome =
        bench.args(["--percentile-metrics", "e2el", "--num-prompts", "30"]).args(["--random-batch-size", size]);
    let outcome = outcome.args(args).run();
    (server, outcome)
}

fn vectors() -> Value {
    let item = |index: usize| json!({"index": index, "object": "embedding", "embedding": vec![0.125; 64]});
    let usage = json!({"prompt_tokens": 21, "total_tokens": 21, "completion_tokens": 0});
    json!({"object": "list", "data": (0..3).map(item).collect::<Vec<_>>(), "usage": usage})
}

#[test]
fn vectors_are_timed_at_their_last_byte_and_counted_by_the_server() {
    for backend in BACKENDS {
        let paced = || run(backend, &[], Cut::Paced, || document("200 OK", &vectors().to_string())).1.ended(0);
        let result = timed(&[("median_e2el_ms", 100.0)], paced);
        let requests = result["completed"].as_u64().unwrap();
        assert!(requests >= 10, "{backend}: {result}");
        assert_eq!(result["total_input_tokens"], 21 * requests, "{backend}");
        assert_eq!(result["input_lens"], json!(vec![21; requests as usize]), "{backend}");
        let inputs = match backend {
            "vllm-rerank" => 2,
            "openai-embeddings" | "infinity-embeddings" | "vllm-pooling" => 3,
            _ => 1,
        };
        assert_eq!(result["total_input_sequences"], inputs * requests, "{backend}");
        for cut in [Cut::Bytes, Cut::Whole] {
            let other = run(backend, &[], cut, || document("200 OK", &vectors().to_string())).1.ended(0);
            assert_eq!(other["completed"], result["completed"], "{backend} {cut:?}");
        }
    }
}

#[test]
fn each_backend_sends_its_own_body_to_its_own_endpoint() {
    let sent = |backend: &str, args: &[&str]| {
        let (server, outcome) = run(backend, args, Cut::Whole, || document("200 OK", &vectors().to_string()));
        assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
        let request = server.requests()[0].clone();
        let body = request.json();
        let keys: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        (request.target, keys.join(" "), body)
    };
    let (target, keys, body) = sent("openai-embeddings", &["--extra-body", r#"{"dimensions": 8}"#]);
    assert_eq!((target.as_str(), keys.as_str()), ("/v1/embeddings", "model input truncate_prompt_tokens dimensions"));
    assert_eq!(body["input"].as_array().unwrap().len(), 3);
    let (target, keys, body) = sent("vllm-rerank", &["--extra-body", r#"{"top_n": 1}"#]);
    assert_eq!((target.as_str(), keys.as_str()), ("/rerank", "model query documents truncate_prompt_tokens top_n"));
    assert_eq!((body["query"].is_string(), body["documents"].as_array().unwrap().len()), (true, 2));
    let (target, keys, _) = sent("vllm-pooling", &[]);
    assert_eq!((target.as_str(), keys.as_str()), ("/pooling", "model truncate_prompt_tokens input"));
    let (target, keys, _) = sent("openai-embeddings-chat", &[]);
    assert_eq!((target.as_str(), keys.as_str()), ("/v1/embeddings", "model messages truncate_prompt_tokens"));
    let (target, _, _) = sent("vllm-rerank", &["--endpoint", "/v1/rerank"]);
    assert_eq!(target, "/v1/rerank");
}

#[test]
fn vectors_in_other_formats_have_their_counts_where_the_server_puts_them() {
    let encoded = || {
        let usage = json!({"prompt_tokens": 21});
        document("200 OK", &json!({"data": [{"embedding": "AAAAPgAAAD4="}], "usage": usage}).to_string())
    };
    let raw = || {
        let metadata = json!({"data": [{"index": 0, "start": 0, "end": 8}], "usage": {"prompt_tokens": 21}});
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nmetadata: {metadata}\r\nContent-Length: 8\r\n\r\n"
        );
        Script { steps: vec![(5, head.into_bytes()), (30, b"\0\0\0>\r\n{\xff".to_vec())], end: End::Keep }
    };
    let format = |name: &str| format!(r#"{{"encoding_format": "{name}"}}"#);
    let base64 = run("openai-embeddings", &["--extra-body", &format("base64")], Cut::Whole, encoded).1.ended(0);
    assert_eq!(base64["input_lens"], json!(vec![21; 10]));
    let bytes = run("openai-embeddings", &["--extra-body", &format("bytes")], Cut::Whole, raw).1.ended(0);
    assert_eq!(bytes["input_lens"], json!(vec![21; 10]));
    // Nothing says how many tokens there were: the plan's figure stands.
    let bare = run("openai-embeddings", &["--extra-body", &format("bytes_only")], Cut::Whole, raw).1.ended(0);
    assert!(bare["input_lens"].as_array().unwrap().iter().all(|length| length.as_u64() >= Some(24)), "{bare}");
}

#[test]
fn megabytes_of_vectors_pass_by() {
    let body =
        json!({"data": [{"embedding": vec![0.123_456_789; 400_000]}], "usage": {"prompt_tokens": 21}}).to_string();
    assert!(body.len() > 4_000_000);
    let args = ["--max-event-bytes", "1000", "--max-concurrency", "2"];
    let result = run("vllm-pooling", &args, Cut::Whole, move || document("200 OK", &body)).1.ended(0);
    assert_eq!((&result["completed"], &result["total_input_tokens"]), (&json!(10), &json!(210)));
}

#[test]
fn an_answer_without_vectors_is_a_failure_that_says_why() {
    let table = [
        ("200 OK", r#"{"error":{"message":"too long"}}"#, "too long"),
        ("200 OK", r#"{"object":"error","message":"too long","code":400}"#, "too long"),
        ("200 OK", r#"{"data":[]}"#, "the answer carried no output"),
        ("200 OK", r#"{"data":[{"embedding":[0.1"#, "the answer is malformed: the object has no end"),
        ("200 OK", "7", "the answer is malformed: expected an object"),
        ("400 Bad Request", r#"{"error":{"message":"too long"}}"#, "HTTP 400 Bad Request: too long"),
    ];
    for (status, body, error) in table {
        let result = run("openai-embeddings", &[], Cut::Whole, move || document(status, body)).1.ended(1);
        assert_eq!((&result["completed"], &result["errors"][0]), (&json!(0), &json!(error)), "{body}");
    }
    let html = run("vllm-pooling", &[], Cut::Whole, || refusal("200 OK", "text/html", "<p>hello</p>")).1.ended(1);
    assert_eq!(html["errors"][0], "expected JSON, got text/html: <p>hello</p>");
}

#[test]
fn a_vector_that_is_cut_off_is_truncated() {
    let cut = || {
        let mut script = document("200 OK", &vectors().to_string());
        script.steps.pop();
        Script { end: End::Close, ..script }
    };
    let result = run("openai-embeddings", &[], Cut::Whole, cut).1.ended(1);
    assert_eq!(result["errors"][0], "the connection closed in the middle of the answer");
}

#[test]
fn what_a_backend_cannot_send_is_told_before_anything_is_sent() {
    for (backend, words) in [("vllm-rerank", "a query and documents"), ("openai-audio", "no sound")] {
        let server = Server::start(Cut::Whole, |_: &Request| document("200 OK", "{}"));
        let bench =
            Llmbench::new().args(["serve", "--base-url", &server.url(), "--model", "m", "--tokenizer", "builtin"]);
        let outcome = bench.args(["--num-prompts", "2", "--backend", backend]).run();
        assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(words) && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
        assert_eq!(server.requests().len(), 0);
    }
}
