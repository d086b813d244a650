//! What counts as success, what a failure is called, and how the process ends.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, End, Manner, Request, Script, Server};
use crate::stream::{Dialect, Events, Framing, answer, refusal, respond, sse, stream, text, tokens};

/// Every request of both dialects fails with `class` and a message that has `words`, however the answer is cut.
fn fails(class: &str, words: &str, script: impl Fn(Dialect) -> Script + Copy + Send + Sync + 'static) -> Vec<Value> {
    let mut results = Vec::new();
    for dialect in Dialect::ALL {
        for cut in Cut::ALL {
            let server = Server::start(cut, move |_: &Request| script(dialect));
            let outcome = Llmbench::serve(&server).args(["--backend", dialect.backend()]).run();
            let result = outcome.ended(1);
            assert_eq!(result["failures"], json!({class: 10}), "{dialect:?} {cut:?} {}", result["errors"]);
            for error in result["errors"].as_array().unwrap() {
                assert!(error.as_str().unwrap().contains(words), "{dialect:?} {cut:?}: {error}");
            }
            assert_eq!((&result["completed"], &result["failed"]), (&json!(0), &json!(10)));
            assert!(outcome.stderr.contains("llmbench: no request succeeded: "), "{}", outcome.stderr);
            assert_eq!(server.requests().len(), 10, "nothing is sent twice");
            results.push(result);
        }
    }
    results
}

/// The first nine tokens of an answer.
fn nine(dialect: Dialect) -> Events {
    tokens(dialect, 16).into_iter().take(9).collect()
}

/// A chunked response without the end that its framing wants.
fn unended(events: &Events, end: End) -> Script {
    let mut script = stream(events);
    script.steps.pop();
    Script { end, ..script }
}

#[test]
fn an_error_object_in_the_stream_is_a_failure_with_the_servers_message() {
    for error in [
        r#"{"error":{"message":"engine died","type":"InternalServerError","code":500}}"#,
        r#"{"error":"engine died"}"#,
        r#"{"object":"error","message":"engine died","code":500}"#,
    ] {
        let server = Server::start(Cut::Paced, move |_: &Request| {
            let mut events = nine(Dialect::Chat);
            events.extend([(140, error.into()), (140, "[DONE]".into())]);
            stream(&events)
        });
        let result = Llmbench::serve(&server).args(["--backend", "openai-chat"]).run().ended(1);
        assert_eq!(result["failures"], json!({"error_event": 10}));
        assert_eq!(result["errors"], json!(vec!["engine died"; 10]));
    }
    fails("error_event", "engine died", |dialect| {
        let mut events = nine(dialect);
        events.extend([(140, r#"{"error":{"message":"engine died"}}"#.into()), (140, "[DONE]".into())]);
        stream(&events)
    });
}

#[test]
fn a_stream_without_a_proper_end_is_truncated() {
    fails("truncated", "without a finish reason", |dialect| stream(&nine(dialect)));
    fails("truncated", "without a finish reason", |dialect| respond(Framing::Close, sse(&nine(dialect))));
    fails("truncated", "middle of the answer", |dialect| unended(&nine(dialect), End::Close));
}

#[test]
fn a_reset_keeps_the_tokens_so_far() {
    for result in fails("reset", "connection", |dialect| unended(&nine(dialect), End::Reset)) {
        assert_eq!(result["generated_texts"], json!(vec![text(9); 10]));
        assert_eq!(result["itls"][0].as_array().unwrap().len(), 8);
    }
    fails("reset", "connection", |_| Script { steps: Vec::new(), end: End::Reset });
}

#[test]
fn an_answer_without_output_is_a_failure() {
    fails("no_output", "no output", |_| stream(&vec![(50, "[DONE]".into())]));
    fails("no_output", "no output", |_| respond(Framing::Length, Vec::new()));
}

#[test]
fn a_status_keeps_its_code_and_the_bodys_message() {
    let busy = r#"{"error": {"message": "slow down, please", "type": "rate_limit"}}"#;
    for result in fails("http_status", "HTTP 429 Too Many Requests: slow down, please", |_| {
        refusal("429 Too Many Requests", "application/json", busy)
    }) {
        assert_eq!(result["http_statuses"], json!({"429": 10}));
    }
    for result in fails("http_status", "HTTP 503 Service Unavailable: try later", |_| {
        refusal("503 Service Unavailable", "text/plain", "try\nlater\n")
    }) {
        assert_eq!(result["http_statuses"], json!({"503": 10}));
    }
}

#[test]
fn what_is_no_stream_is_malformed() {
    fails("malformed", "event is not JSON", |dialect| {
        let mut events = nine(dialect);
        events.push((140, "{\"choices\": [".into()));
        stream(&events)
    });
    fails("malformed", "expected an event stream", |_| refusal("200 OK", "text/html", "<h1>hello</h1>"));
    fails("malformed", "chunks are broken", |dialect| {
        let mut script = stream(&nine(dialect));
        *script.steps.last_mut().unwrap() = (140, b"xyz\r\n\r\n".to_vec());
        script
    });
    fails("malformed", "gzip-encoded", |dialect| {
        let mut script = stream(&nine(dialect));
        script.steps[0].1.splice(17..17, *b"Content-Encoding: gzip\r\n");
        script
    });
    fails("malformed", "response head over", |_| {
        let head = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n", "x".repeat(70_000));
        Script { steps: vec![(5, head.into_bytes())], end: End::Hang }
    });
    fails("malformed", "not HTTP", |_| Script {
        steps: vec![(5, b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())],
        end: End::Close,
    });
}

#[test]
fn a_redirect_is_not_followed() {
    fails("http_status", "HTTP 307", |_| refusal("307 Temporary Redirect", "text/plain", "elsewhere"));
}

#[test]
fn a_stale_connection_is_replaced_once_and_a_new_one_never() {
    let server = Server::start(Cut::Whole, |request: &Request| match request.number {
        0 => stream(&answer(Dialect::Completions, 4)),
        _ => Script { steps: Vec::new(), end: End::Close },
    });
    let result = Llmbench::serve(&server).args(["--max-concurrency", "1", "--num-prompts", "2"]).run().ended(0);
    assert_eq!((&result["completed"], &result["failures"]), (&json!(1), &json!({"reset": 1})));
    assert_eq!((&result["stale_connections"], server.requests().len()), (&json!(1), 3));
}

#[test]
fn one_failure_among_successes_is_counted_and_the_run_is_done() {
    let server = Server::start(Cut::Paced, |request: &Request| match request.number {
        3 => refusal("500 Internal Server Error", "application/json", r#"{"detail": "oops"}"#),
        _ => stream(&answer(Dialect::Completions, 4)),
    });
    let outcome = Llmbench::serve(&server).run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["failed"]), (&json!(9), &json!(1)));
    assert_eq!(result["failures"], json!({"http_status": 1}));
    assert_eq!(result["total_output_tokens"], 36);
    assert!(outcome.stderr.contains("Error 0: HTTP 500 Internal Server Error: oops"), "{}", outcome.stderr);
}

#[test]
fn a_server_that_never_answers_is_left_at_the_timeout() {
    let server = Server::start(Cut::Paced, |_: &Request| Script { steps: Vec::new(), end: End::Hang });
    let outcome = Llmbench::serve(&server).args(["--request-timeout", "0.3"]).run();
    let result = outcome.ended(1);
    assert_eq!(result["failures"], json!({"timeout": 10}));
    assert!(result["errors"][0].as_str().unwrap().contains("--request-timeout"));
    assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
}

#[test]
fn a_stream_that_stalls_is_left_at_the_timeout_with_its_tokens() {
    let stall = |_: &Request| unended(&nine(Dialect::Completions), End::Hang);
    let result = Llmbench::serve(&Server::start(Cut::Whole, stall)).args(["--request-timeout", "0.5"]).run().ended(1);
    assert_eq!(result["failures"], json!({"timeout": 10}));
    assert_eq!(result["generated_texts"][9], json!(text(9)));
}

#[test]
fn an_answer_that_is_done_does_not_wait_for_a_body_that_never_ends() {
    let open = |_: &Request| Script { end: End::Hang, ..unended(&answer(Dialect::Completions, 4), End::Hang) };
    let outcome = Llmbench::serve(&Server::start(Cut::Paced, open)).run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["total_output_tokens"]), (&json!(10), &json!(40)));
    assert!(outcome.took < Duration::from_secs(10), "{:?}", outcome.took);
}

#[test]
fn refused_connections_are_no_zeros_with_status_zero() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = Llmbench::serve_at(&format!("http://{address}")).run();
    let result = outcome.ended(1);
    assert_eq!(result["failures"], json!({"connect": 10}));
    let cause = format!("llmbench: no request succeeded: connect to {address}: Connection refused\n");
    assert!(outcome.stderr.contains(&cause), "{}", outcome.stderr);
}

#[test]
fn no_request_is_tried_again_behind_the_users_back() {
    let manner = || Manner { reset_first: 1, ..Cut::Whole.into() };
    let server = Server::start(manner(), |_: &Request| stream(&answer(Dialect::Completions, 4)));
    let result = Llmbench::serve(&server).args(["--connect-in-request"]).run().ended(0);
    assert_eq!((&result["completed"], &result["failed"]), (&json!(9), &json!(1)));
    assert_eq!((server.connections(), server.requests().len()), (10, 9));
    // A connection opened beforehand may break before its request goes out, which costs nobody a request, or right after it,
    // which is a failure like any other; the server's answers tell that nothing was sent twice.
    let server = Server::start(manner(), |_: &Request| stream(&answer(Dialect::Completions, 4)));
    let result = Llmbench::serve(&server).run().ended(0);
    let failed = result["failed"].as_u64().unwrap();
    assert!(failed <= 1, "{failed}");
    assert_eq!(result["completed"], json!(10 - failed));
    assert_eq!(server.requests().len() as u64, 10 - failed);
}

#[test]
fn a_run_that_mostly_failed_did_not_work() {
    // The exit status by how many of forty requests fail, with and without a limit of one's own, and whether the run gives up.
    let table: [(usize, &[&str], i32, bool); 8] = [
        (20, &[], 0, false),
        (21, &[], 1, false),
        (21, &["--max-failures", "100%"], 0, false),
        (21, &["--max-failures", "21"], 0, false),
        (30, &["--max-failures", "50%"], 1, true),
        (12, &["--max-failures", "0"], 1, true),
        (40, &["--max-failures", "40"], 1, false),
        // The last failure comes when nothing is left to give up.
        (40, &["--max-failures", "39"], 1, false),
    ];
    for (failing, args, status, gives_up) in table {
        let server = Server::start(Cut::Whole, move |request: &Request| match request.number < failing {
            true => refusal("500 Broken", "text/plain", "no"),
            false => stream(&answer(Dialect::Completions, 4)),
        });
        let bench = Llmbench::serve(&server).args(["--max-concurrency", "1", "--num-prompts", "40"]);
        let outcome = bench.args(args).run();
        let result = outcome.ended(status);
        assert_eq!(result["gave_up"], json!(gives_up), "{failing} {args:?}");
        assert_eq!(server.requests().len() < 40, gives_up, "{failing} {args:?}");
        let told = outcome.stderr.contains("requests failed") || outcome.stderr.contains("no request succeeded");
        assert!(told, "{}", outcome.stderr);
    }
}
