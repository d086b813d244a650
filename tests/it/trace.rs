//! A recorded trace against a server: what is sent, and when.

use serde_json::{Value, json};

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, stream};

/// Three lines: the first two share a chunk of eight tokens, the third is shorter than the file says.
const TRACE: &str = r#"{"timestamp": 0, "input_length": 12, "output_length": 3, "hash_ids": [1, 2]}
{"timestamp": 300, "input_length": 8, "output_length": 4, "hash_ids": [1, 3]}
{"timestamp": 100, "input_length": 40, "output_length": 2, "hash_ids": [4]}
"#;

fn replay(more: &[&str]) -> (Outcome, Vec<Value>) {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 4)));
    let llmbench = Llmbench::serve(&server);
    let file = llmbench.dir().join("trace.jsonl");
    std::fs::write(&file, TRACE).unwrap();
    let trace = ["--dataset-name", "timed_trace", "--dataset-path", file.to_str().unwrap()];
    let scale = ["--timed-trace-chunk-hash-size", "8", "--timed-trace-sec-multiplier", "0.001"];
    let outcome = llmbench.args(trace).args(scale).args(more).run();
    // Two that are sent at once may arrive in any order.
    let mut requests = server.requests();
    requests.sort_by_key(|request| request.header("x-request-id").map(str::to_owned));
    (outcome, requests.iter().map(Request::json).collect())
}

#[test]
fn a_trace_is_sent_when_it_says_and_shares_what_it_says() {
    // One worker: two may write what is due at one moment in either order.
    let (outcome, bodies) = replay(&["--workers", "1"]);
    let result = outcome.ended(0);
    assert_eq!(result["input_lens"].as_array().map(Vec::len), Some(3));
    let starts: Vec<f64> = result["start_times"].as_array().unwrap().iter().map(|at| at.as_f64().unwrap()).collect();
    // The third is late when its turn comes, and does not overtake the second. How late a busy machine sends is not judged.
    assert!(starts[1] >= 0.29 && starts[2] >= starts[1], "{starts:?}");
    let prompt = |index: usize| bodies[index]["prompt"].as_array().unwrap();
    assert_eq!([0, 1, 2].map(|index| prompt(index).len()), [12, 8, 8]);
    assert_eq!(prompt(0)[..8], prompt(1)[..8]);
    assert_ne!(prompt(1), prompt(2));
    assert_eq!([0, 1, 2].map(|index| bodies[index]["max_tokens"].as_u64()), [Some(3), Some(4), Some(2)]);
    assert!(bodies.iter().all(|body| body["ignore_eos"] == json!(true)));
    assert!(outcome.stderr.contains("1 of 3 prompts are shorter than the trace says"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("Self timing is set"), "{}", outcome.stderr);
}

#[test]
fn the_load_may_say_when_instead() {
    let (outcome, _) = replay(&["--no-self-timed"]);
    let result = outcome.ended(0);
    assert!(result["duration"].as_f64().unwrap() < 0.25, "{}", result["duration"]);
    assert!(outcome.stderr.contains("Traffic request rate: inf"), "{}", outcome.stderr);
}
