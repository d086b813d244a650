//! Calls beside the requests: none waits for long, follows to another host, takes in more than there is room for, or leaves the
//! user without a hint.

use std::time::Duration;

use crate::command::Llmbench;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, answer, refusal, stream};

/// Long enough for a loaded machine, and much shorter than any call once waited.
const SOON: Duration = Duration::from_secs(30);

/// A server that answers requests, and everything else as `beside` says.
fn server(beside: impl Fn(&Request) -> Script + Send + Sync + 'static) -> Server {
    Server::start(Cut::Whole, move |request: &Request| match request.target.as_str() {
        "/v1/completions" => stream(&answer(Dialect::Completions, 4)),
        _ => beside(request),
    })
}

/// Bytes that come one by one and never end.
fn trickle() -> Script {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n".to_vec();
    let steps = std::iter::once((0, head)).chain((0..600).map(|n| (n * 100, b" ".to_vec())));
    Script { steps: steps.collect(), end: End::Hang }
}

#[test]
fn calls_that_are_not_answered_cost_seconds_and_no_request() {
    for silent in [|| Script { steps: Vec::new(), end: End::Hang }, trickle] {
        let server = server(move |_| silent());
        let bench = Llmbench::talking(&server.url()).args(["--request-timeout", "2", "--ready-check-timeout-sec", "0"]);
        let outcome = bench.run();
        assert!(outcome.took < SOON, "{:?}", outcome.took);
        assert!(outcome.stdout.contains("Successful requests:                     10"), "{}", outcome.stdout);
        assert!(outcome.stderr.contains("asking the server's `/tokenize`"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("did not answer within 2 s"), "{}", outcome.stderr);
    }
}

#[test]
fn no_call_follows_to_another_host() {
    let other = server(|_| refusal("200 OK", "application/json", r#"{"data": [{"id": "other"}]}"#));
    let target = format!("{}/v1/models", other.url().replace("127.0.0.1", "localhost"));
    let moved = Script {
        steps: vec![(0, format!("HTTP/1.1 307 Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n").into_bytes())],
        end: End::Keep,
    };
    let server = server(move |_| moved.clone());
    let outcome = Llmbench::new().args(["serve", "--base-url", &server.url(), "--header", "x-api-key=hush"]).run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&format!("a redirect to `{target}`")), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("hush"), "{}", outcome.stderr);
    assert!(other.requests().is_empty());
}

#[test]
fn a_redirect_within_the_server_is_followed() {
    let server = server(|request| match request.target.as_str() {
        "/v1/models" => Script {
            steps: vec![(0, b"HTTP/1.1 308 Moved\r\nlocation: /models\r\ncontent-length: 0\r\n\r\n".to_vec())],
            end: End::Keep,
        },
        "/models" => refusal("200 OK", "application/json", r#"{"data": [{"id": "found"}]}"#),
        _ => refusal("404 Not Found", "text/plain", ""),
    });
    let outcome = Llmbench::new()
        .args([
            "serve",
            "--base-url",
            &server.url(),
            "--tokenizer",
            "builtin",
            "--temperature",
            "0",
            "--num-prompts",
            "1",
        ])
        .args(["--random-input-len", "4", "--random-output-len", "4"])
        .run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let request = server.requests().into_iter().find(|request| request.target == "/v1/completions").unwrap();
    assert_eq!(request.json()["model"], "found");
}

#[test]
fn an_answer_without_end_is_refused() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n".to_vec();
    let steps = std::iter::once(head).chain((0..80).map(|_| vec![b' '; 1 << 20])).map(|bytes| (0, bytes)).collect();
    let endless = Script { steps, end: End::Close };
    let server = server(move |_| endless.clone());
    let outcome = Llmbench::new().args(["serve", "--base-url", &server.url()]).run();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("more than 64 MiB") || outcome.stderr.contains("within 5 s"), "{}", outcome.stderr);
}

#[test]
fn each_refusal_says_what_to_do() {
    for (status, media, body, hint) in [
        ("401 Unauthorized", "application/json", "{}", "--api-key"),
        ("503 Service Unavailable", "text/html", "<html>", "--ready-check-timeout-sec"),
        ("200 OK", "text/html", "<html><title>Welcome to nginx!</title>", "a web page and not an API"),
        ("404 Not Found", "application/json", "{}", "nothing at this path"),
    ] {
        let server = server(move |_| refusal(status, media, body));
        let outcome = Llmbench::new().args(["serve", "--base-url", &server.url()]).run();
        assert_eq!(outcome.status, Some(2));
        assert!(
            outcome.stderr.lines().any(|line| line.starts_with("hint:") && line.contains(hint)),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn the_address_of_other_clients_is_heeded_where_no_other_is_given() {
    let server = server(|_| refusal("404 Not Found", "text/plain", ""));
    let bench = || {
        Llmbench::new()
            .args(["serve", "--model", "m", "--tokenizer", "builtin", "--temperature", "0", "--num-prompts", "1"])
            .args(["--random-input-len", "4", "--random-output-len", "4", "--no-side-calls"])
            .env("OPENAI_BASE_URL", &format!("{}/v1/", server.url()))
    };
    let outcome = bench().run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the server is that of OPENAI_BASE_URL"), "{}", outcome.stderr);
    let elsewhere = bench().args(["--port", "1"]).run();
    assert_eq!((elsewhere.status, server.requests().len()), (Some(1), 1), "{}", elsewhere.stderr);
}
