//! The probe stream: what it sends and when, and that the run knows nothing of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, stream, tokens};

fn is_probe(request: &Request) -> bool {
    request.json()["prompt"] == "Hi"
}

/// A server whose answers to probes begin after `millis`, and others after 50 ms.
fn server(millis: u64) -> Server {
    Server::start(Cut::Paced, move |request: &Request| {
        if !is_probe(request) {
            return stream(&answer(Dialect::Completions, 4));
        }
        let mut events = tokens(Dialect::Completions, 1);
        events[0].0 = millis;
        events.push((millis, "[DONE]".into()));
        stream(&events)
    })
}

fn probes(server: &Server) -> Vec<Request> {
    server.requests().into_iter().filter(is_probe).collect()
}

#[test]
fn a_probe_is_small_and_has_no_id() {
    let server = server(5);
    let outcome = Llmbench::plain(&server.url()).args(["--probe-request-rate", "20", "--top-p", "0.5"]).run();
    assert!(outcome.stdout.contains("Probe request rate: 20.0 req/s\n"), "{}", outcome.stdout);
    let probe = &probes(&server)[0];
    let body = probe.json();
    assert_eq!((&body["model"], &body["max_tokens"], &body["top_p"]), (&json!("m"), &json!(1), &json!(0.5)));
    assert_eq!(probe.header("x-request-id"), None);
}

#[test]
fn probes_go_out_at_their_rate_beside_the_run() {
    let server = server(5);
    // Ten requests of 80 ms, one after the other.
    let load = ["--max-concurrency", "1", "--probe-request-rate", "10"];
    let result = Llmbench::serve(&server).args(load).run().ended(0);
    let sent = probes(&server).len();
    assert!((6..=11).contains(&sent), "{sent}");
    assert_eq!((&result["completed"], &result["planned"]), (&json!(10), &json!(10)));
    assert_eq!(result["total_output_tokens"], 40);
    assert_eq!(result["input_lens"].as_array().map(Vec::len), Some(10));
}

#[test]
fn the_run_does_not_wait_for_probes_nor_give_them_its_places() {
    // The only probe lasts as long as twelve requests.
    let server = server(1_000);
    let load = ["--max-concurrency", "1", "--num-prompts", "3", "--probe-request-rate", "0.01"];
    let outcome = Llmbench::serve(&server).args(load).run();
    let result = outcome.ended(0);
    let of = |key: &str| result[key].as_f64().unwrap();
    assert_eq!((probes(&server).len(), server.most_busy()), (1, 2));
    assert!((0.24..0.8).contains(&of("duration")), "{}", of("duration"));
    // The probe had its answer, and the hundred seconds to the next one were not waited for.
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
}

#[test]
fn a_run_without_a_rate_sends_no_probes() {
    let server = server(5);
    let result: Value = Llmbench::serve(&server).args(["--probe-request-rate", "0"]).run().ended(0);
    assert_eq!((probes(&server).len(), &result["completed"]), (0, &json!(10)));
}
