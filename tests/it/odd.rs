//! Answers that are right in an unforeseen way are read, and those that come at an unforeseen time are heard.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::command::Llmbench;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, Framing, answer, refusal, respond, sse, stream};

/// Long enough for a loaded machine, and far below what the faults cost.
const SOON: Duration = Duration::from_secs(40);

/// A whole answer in one step, with `head` in the place of the stream's own lines.
fn with_head(head: &str, body: Vec<u8>) -> Script {
    let head = format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n", body.len());
    Script { steps: vec![(5, [head.into_bytes(), body].concat())], end: End::Keep }
}

fn body() -> Vec<u8> {
    sse(&answer(Dialect::Completions, 4)).into_iter().flat_map(|(_, bytes)| bytes).collect()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn streams_under_other_heads_are_read() {
    type Make = fn() -> Script;
    let table: [(&str, Make); 7] = [
        ("json", || with_head("content-type: application/json\r\n", body())),
        ("text", || with_head("content-type: text/plain; charset=utf-8\r\n", body())),
        ("bytes", || with_head("content-type: application/octet-stream\r\n", body())),
        ("identity", || with_head("content-type: text/event-stream\r\ncontent-encoding: Identity\r\n", body())),
        ("gzip", || with_head("content-type: text/event-stream\r\ncontent-encoding: gzip\r\n", gzipped(&body()))),
        ("GZIP", || with_head("content-type: text/event-stream\r\nContent-Encoding: GZIP\r\n", gzipped(&body()))),
        ("lengths", || {
            let length = format!("content-type: text/event-stream\r\ncontent-length: {}\r\n", body().len());
            with_head(&length, body())
        }),
    ];
    for (name, make) in table {
        for cut in [Cut::Whole, Cut::Bytes] {
            let server = Server::start(cut, move |_: &Request| make());
            let outcome = Llmbench::serve(&server).args(["--num-prompts", "2"]).run();
            let result = outcome.ended(0);
            assert_eq!((&result["completed"], &result["output_lens"]), (&json!(2), &json!([4, 4])), "{name} {cut:?}");
            let mistyped = outcome.stderr.contains("2 answers came under another media type");
            assert_eq!(mistyped, ["json", "text", "bytes"].contains(&name), "{name}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_stream_under_another_head_may_take_its_time() {
    let server = Server::start(Cut::Paced, |_: &Request| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n".to_vec();
        Script { steps: vec![(0, head), (6000, body())], end: End::Close }
    });
    let result = Llmbench::serve(&server).args(["--num-prompts", "2"]).run().ended(0);
    assert_eq!(result["completed"], 2, "{result}");
}

#[test]
fn documents_under_other_heads_are_read_where_they_are_wanted_and_told_where_not() {
    let document = |text: &str| {
        format!(r#"{{"choices":[{{"text":"{text}","finish_reason":"stop"}}],"usage":{{"completion_tokens":3}}}}"#)
    };
    let wanted = ["--no-stream-response"];
    let table: [(&str, String, &[&str], Option<&str>); 5] = [
        ("text/plain", document("hi"), &wanted, None),
        ("text/html", format!("\u{feff} {}", document("hi")), &wanted, None),
        ("text/html", "<p>no".to_owned(), &wanted, Some("expected JSON, got text/html: <p>no")),
        ("text/event-stream", document("hi"), &[], Some("expected an event stream, got a document: ")),
        ("text/event-stream", r#"{"error":{"message":"boom"}}"#.to_owned(), &[], Some("got a document: boom")),
    ];
    for (media, body, args, error) in table {
        for cut in [Cut::Whole, Cut::Bytes] {
            let sent = body.clone();
            let server = Server::start(cut, move |_: &Request| refusal("200 OK", media, &sent));
            let outcome = Llmbench::serve(&server).args(["--num-prompts", "2"]).args(args).run();
            let result = outcome.ended(i32::from(error.is_some()));
            assert_eq!(result["completed"], if error.is_some() { 0 } else { 2 }, "{media} {body}: {}", outcome.stderr);
            assert!(outcome.stderr.contains(error.unwrap_or_default()), "{media} {body}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_character_that_was_cut_in_two_is_output() {
    let halves = [r"\ud83e", r"\udd80 crab"];
    let stream: String = halves.map(|half| format!("data: {{\"choices\":[{{\"text\":\"{half}\"}}]}}\n\n")).concat();
    let stream = format!("{stream}data: [DONE]\n\n");
    let whole = format!(
        r#"{{"choices":[{{"text":"{}","finish_reason":"stop"}}],"usage":{{"completion_tokens":2}}}}"#,
        halves[0]
    );
    for (kind, body, text) in
        [("text/event-stream", stream, "\u{fffd}\u{fffd} crab"), ("application/json", whole, "\u{fffd}")]
    {
        let server = Server::start(Cut::Whole, move |_: &Request| {
            with_head(&format!("content-type: {kind}\r\n"), body.clone().into_bytes())
        });
        let mut bench = Llmbench::serve(&server).args(["--num-prompts", "1", "--save-detailed"]);
        if kind == "application/json" {
            bench = bench.args(["--no-stream-response"]);
        }
        let result = bench.run().ended(0);
        assert_eq!((&result["completed"], &result["generated_texts"]), (&json!(1), &json!([text])), "{kind}");
    }
}

#[test]
fn heads_that_contradict_themselves_are_refused() {
    for head in [
        "content-type: text/event-stream\r\ncontent-length: 3\r\n",
        "content-type: text/event-stream\r\ncontent-length: +750\r\n",
        "content-type: text/event-stream\r\ncontent-length: \r\n",
        "content-type: text/event-stream\r\ncontent-encoding: br\r\n",
        "content-type: text/html\r\n",
    ] {
        let page = head.contains("html").then(|| b"<html>no stream</html>".to_vec());
        let script = with_head(head, page.unwrap_or_else(body));
        let server = Server::start(Cut::Whole, move |_: &Request| script.clone());
        let outcome = Llmbench::serve(&server).args(["--num-prompts", "1"]).run();
        assert_eq!(outcome.ended(1)["failures"], json!({"malformed": 1}), "{head}");
    }
}

#[test]
fn a_body_that_stays_open_after_its_end_costs_no_place() {
    // Each place would be held for eight seconds by comments, which come every 200 ms.
    let mut script = respond(Framing::Chunked, sse(&answer(Dialect::Completions, 4)));
    script.steps.pop();
    let last = script.steps.last().unwrap().0;
    script.steps.extend((1..40).map(|n| (last + n * 200, b"d\r\n: keep-alive\n\r\n".to_vec())));
    let server = Server::start(Cut::Paced, move |_: &Request| script.clone());
    let outcome = Llmbench::serve(&server).args(["--max-concurrency", "1"]).run();
    let result = outcome.ended(0);
    assert_eq!(result["completed"], 10);
    assert!(result["duration"].as_f64().unwrap() < 40.0, "{}", result["duration"]);
    assert!(outcome.stderr.contains("left the body of 10 answers open"), "{}", outcome.stderr);
}

#[test]
fn an_answer_that_comes_before_the_request_is_taken_is_heard() {
    use std::net::TcpListener;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // Nothing of the request is read, and nothing is closed.
        let mut held = Vec::new();
        for mut socket in listener.incoming().flatten() {
            let words = "request body of more than 1 MB";
            let length = words.len();
            let _ = write!(socket, "HTTP/1.1 413 Too Large\r\ncontent-length: {length}\r\n\r\n{words}");
            held.push(socket);
        }
    });
    let bench = Llmbench::serve_at(&url);
    let prompt = json!({"prompt": "x".repeat(20_000_000)});
    std::fs::write(bench.dir().join("p.jsonl"), prompt.to_string()).unwrap();
    let outcome = bench
        .args([
            "--dataset-name",
            "custom",
            "--dataset-path",
            "p.jsonl",
            "--skip-tokenizer-init",
            "--skip-chat-template",
        ])
        .args(["--num-prompts", "1", "--request-timeout", "60", "--connect-in-request", "--custom-output-len", "4"])
        .run();
    assert_eq!(outcome.ended(1)["http_statuses"], json!({"413": 1}), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("more than 1 MB"), "{}", outcome.stderr);
    assert!(outcome.took < SOON, "{:?}", outcome.took);
}

#[test]
fn a_stream_that_ends_as_it_should_has_nothing_odd() {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 4)));
    let outcome = Llmbench::serve(&server).args(["--random-output-len", "4"]).run();
    assert_eq!(outcome.ended(0)["completed"], 10);
    assert!(
        !outcome.stderr.contains("media type") && !outcome.stderr.contains("open after their end"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn words_in_the_place_of_an_answer_are_its_failure() {
    for words in [r#"{"message":"boom"}"#, r#"{"type":"error","message":"boom"}"#, r#"{"detail":"boom"}"#] {
        for backend in ["openai", "openai-chat"] {
            let dialect = if backend == "openai" { Dialect::Completions } else { Dialect::Chat };
            let stream: Vec<u8> = sse(&answer(dialect, 3)).into_iter().flat_map(|(_, bytes)| bytes).collect();
            let stream = String::from_utf8(stream).unwrap();
            let (first, _) = stream.split_once("\n\n").unwrap();
            let body = format!("{first}\n\nevent: error\ndata: {words}\n\ndata: [DONE]\n\n");
            let server = Server::start(Cut::Whole, move |_: &Request| {
                with_head("content-type: text/event-stream\r\n", body.clone().into_bytes())
            });
            let outcome = Llmbench::serve(&server).args(["--backend", backend, "--num-prompts", "2"]).run();
            assert_eq!(outcome.ended(1)["failures"], json!({"error_event": 2}), "{backend} {words}");
            assert!(outcome.stderr.contains("boom"), "{}", outcome.stderr);
        }
    }
}

#[test]
fn an_answer_that_is_whole_waits_not_long_for_its_mark_of_the_end() {
    let events: Vec<u8> = sse(&answer(Dialect::Completions, 3)).into_iter().flat_map(|(_, bytes)| bytes).collect();
    let whole = String::from_utf8(events).unwrap().replace("data: [DONE]\n\n", "");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let bytes = format!("{head}{whole}").into_bytes();
    let server =
        Server::start(Cut::Whole, move |_: &Request| Script { steps: vec![(5, bytes.clone())], end: End::Hang });
    let outcome = Llmbench::serve(&server).args(["--num-prompts", "2"]).run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["open_ends"]), (&json!(2), &json!(2)), "{}", outcome.stderr);
}

#[test]
fn a_refusal_is_told_however_its_body_goes_on() {
    let stalled = b"HTTP/1.1 500 Oh\r\ncontent-length: 100\r\n\r\nno.".to_vec();
    let endless = [&b"HTTP/1.1 500 Oh\r\nconnection: close\r\n\r\n"[..], &[b'x'; 40_000]].concat();
    let redirect =
        b"HTTP/1.1 307 Temp\r\nlocation: http://elsewhere/v1?key=secret\r\ncontent-length: 0\r\n\r\n".to_vec();
    let web = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100\r\n\r\n<p>Hi".to_vec();
    // Without a limit of the user's, nobody waits long for the rest of a refusal either.
    for (bytes, expected, limit) in [
        (stalled.clone(), "HTTP 500 Oh: no.", "1"),
        (stalled, "HTTP 500 Oh: no.", "inf"),
        (web, "text/html", "inf"),
        (endless, "HTTP 500 Oh: xxx", "1"),
        (redirect, "HTTP 307 Temp, to http://elsewhere/v1", "1"),
    ] {
        let server =
            Server::start(Cut::Whole, move |_: &Request| Script { steps: vec![(5, bytes.clone())], end: End::Hang });
        let outcome = Llmbench::serve(&server).args(["--num-prompts", "2", "--request-timeout", limit]).run();
        let class = if expected == "text/html" { "malformed" } else { "http_status" };
        assert_eq!(outcome.ended(1)["failures"], json!({class: 2}), "{expected}");
        assert!(outcome.stderr.contains(expected) && !outcome.stderr.contains("secret"), "{}", outcome.stderr);
    }
}

#[test]
fn trailers_without_end_cost_no_answer() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let body = body();
    let chunk = [format!("{:x}\r\n", body.len()).into_bytes(), body, b"\r\n0\r\n".to_vec()].concat();
    let bytes = [head, chunk, b"x: y\r\n".repeat(20_000)].concat();
    let server =
        Server::start(Cut::Whole, move |_: &Request| Script { steps: vec![(5, bytes.clone())], end: End::Hang });
    let outcome = Llmbench::serve(&server).args(["--num-prompts", "3", "--request-timeout", "5"]).run();
    assert_eq!(outcome.ended(0)["completed"], 3);
}
