//! Generated answers that come whole (`--no-stream-response`): one document, timed at its last byte.

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::refusal;
use crate::wire::timed;

/// A document whose last bytes come 100 ms after the request.
pub(crate) fn document(status: &str, body: &str) -> Script {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    let (first, last) = body.split_at(body.len() / 2);
    let steps = vec![(20, head.into_bytes()), (20, first.as_bytes().to_vec()), (100, last.as_bytes().to_vec())];
    Script { steps, end: End::Keep }
}

fn run(backend: &str, cut: Cut, body: &str) -> (Server, crate::command::Outcome) {
    let body = body.to_owned();
    let server = Server::start(cut, move |_: &Request| document("200 OK", &body));
    let outcome = Llmbench::serve(&server).args(["--backend", backend, "--no-stream-response"]).run();
    (server, outcome)
}

fn answers() -> [(&'static str, Value); 3] {
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14});
    let responses = json!({
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "all at once"}]}],
        "usage": {"input_tokens": 9, "output_tokens": 5},
    });
    [
        ("openai", json!({"choices": [{"text": "all at once", "finish_reason": "stop"}], "usage": usage})),
        (
            "openai-chat",
            json!({"choices": [{"message": {"role": "assistant", "content": "all at once"}}], "usage": usage}),
        ),
        ("openai-responses", responses),
    ]
}

#[test]
fn a_whole_answer_is_timed_at_its_last_byte() {
    for (backend, body) in answers() {
        for cut in Cut::ALL {
            let last = || run(backend, cut, &body.to_string()).1.ended(0);
            let truths = [("median_ttft_ms", 100.0), ("median_e2el_ms", 100.0)];
            let result = if cut == Cut::Paced { timed(&truths, last) } else { last() };
            assert_eq!(result["generated_texts"], json!(vec!["all at once"; 10]), "{backend} {cut:?}");
            assert_eq!(result["output_lens"], json!(vec![5; 10]), "{backend} {cut:?}");
            assert_eq!(result["input_lens"], json!(vec![9; 10]), "{backend} {cut:?}");
            assert_eq!(result["itls"], json!(vec![json!([]); 10]), "{backend} {cut:?}");
        }
    }
}

#[test]
fn requests_ask_for_no_stream() {
    for (backend, body) in answers() {
        let (server, _) = run(backend, Cut::Whole, &body.to_string());
        let body = server.requests()[0].json();
        assert_eq!((&body["stream"], body.get("stream_options")), (&json!(false), None), "{backend}");
    }
}

#[test]
fn a_whole_answer_that_is_no_success_says_why() {
    let table = [
        (r#"{"error":{"message":"engine died"}}"#, "error_event", "engine died"),
        (r#"{"choices":[{"message":{"content":""}}]}"#, "no_output", "no output"),
        (r#"{"choices":[{"message":{"content":"a"}}"#, "malformed", "the answer is malformed"),
        ("", "malformed", "the answer is malformed"),
    ];
    for (body, class, words) in table {
        let result = run("openai-chat", Cut::Whole, body).1.ended(1);
        assert_eq!(result["failures"], json!({class: 10}), "{body}");
        assert!(result["errors"][0].as_str().unwrap().contains(words), "{}", result["errors"][0]);
    }
    let server = Server::start(Cut::Whole, |_: &Request| refusal("200 OK", "text/html", "<h1>hello</h1>"));
    let result = Llmbench::serve(&server).args(["--no-stream-response"]).run().ended(1);
    assert_eq!(result["errors"][0], "expected JSON, got text/html: <h1>hello</h1>");
}

#[test]
fn a_document_without_a_length_ends_with_its_connection() {
    let server = Server::start(Cut::Paced, |_: &Request| {
        let (_, body) = answers()[0].clone();
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec();
        Script { steps: vec![(10, head), (60, body.to_string().into_bytes())], end: End::CloseLater(100) }
    });
    let result =
        timed(&[("median_ttft_ms", 60.0)], || Llmbench::serve(&server).args(["--no-stream-response"]).run().ended(0));
    assert_eq!(result["output_lens"], json!(vec![5; 10]));
}
