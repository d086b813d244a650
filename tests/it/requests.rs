//! What goes out: the same seed sends the same bytes; headers and fields are as asked for.

use serde_json::json;

use crate::command::Llmbench;
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, stream};

fn server() -> Server {
    Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Chat, 2)))
}

/// The requests of one run, in the order of the plan.
fn requests(args: &[&str]) -> Vec<Request> {
    let server = server();
    let outcome = Llmbench::serve(&server).args(["--max-concurrency", "1"]).args(args).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    server.requests()
}

fn bodies(args: &[&str]) -> Vec<String> {
    requests(args).into_iter().map(|request| request.body).collect()
}

#[test]
fn the_same_seed_sends_the_same_bodies_and_another_does_not() {
    let once = bodies(&["--seed", "7"]);
    assert_eq!(once.len(), 10);
    assert_eq!(once, bodies(&["--seed", "7"]));
    assert_ne!(once, bodies(&["--seed", "8"]));
    assert_ne!(once[0], once[1], "every request has a prompt of its own");
}

#[test]
fn a_body_has_the_fields_of_its_dialect_in_the_references_order() {
    let keys = |request: &Request| request.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let request = &requests(&[])[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/completions"));
    let completions = ["model", "prompt", "repetition_penalty", "max_tokens", "logprobs", "stream", "stream_options"];
    assert_eq!(keys(request)[..7], completions);
    let request = &requests(&["--backend", "openai-chat"])[0];
    assert_eq!(request.target, "/v1/chat/completions");
    assert_eq!(keys(request)[..5], ["model", "messages", "max_completion_tokens", "stream", "stream_options"]);
    let body = request.json();
    assert_eq!((&body["model"], &body["max_completion_tokens"]), (&json!("m"), &json!(16)));
    assert_eq!((&body["stream_options"], &body["temperature"]), (&json!({"include_usage": true}), &json!(0.0)));
    assert_eq!(body["ignore_eos"], true);
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let ids = |args: &[&str]| -> Vec<String> {
        requests(args).iter().map(|request| request.header("x-request-id").unwrap().to_owned()).collect()
    };
    let expected: Vec<String> = (0..10).map(|index| format!("run-{index}")).collect();
    assert_eq!(ids(&["--request-id-prefix", "run-"]), expected);
    let generated = ids(&[]);
    assert!(generated[3].starts_with("bench-") && generated[3].ends_with("-3"), "{generated:?}");
}

#[test]
fn headers_and_fields_of_the_users_own_are_sent() {
    let args =
        ["--header", "X-Team=a=b", "Content-Type=application/json; v=1", "--extra-body.a.b", "2k", "--top-p", "0.5"];
    let request = &requests(&[&args[..], &["--served-model-name", "alias"]].concat())[9];
    assert_eq!(request.header("x-team"), Some("a=b"));
    let types: Vec<_> = request.headers.iter().filter(|(name, _)| name == "content-type").collect();
    assert_eq!(types.len(), 1, "{types:?}");
    assert_eq!(types[0].1, "application/json; v=1");
    let body = request.json();
    assert_eq!((&body["a"], &body["top_p"], &body["model"]), (&json!({"b": 2000}), &json!(0.5), &json!("alias")));
}

#[test]
fn the_model_is_the_first_that_the_server_lists() {
    let server = Server::start(Cut::Whole, |request: &Request| match request.target.as_str() {
        "/v1/models" => {
            crate::stream::refusal("200 OK", "application/json", r#"{"data": [{"id": "first"}, {"id": "b"}]}"#)
        }
        _ => stream(&answer(Dialect::Completions, 2)),
    });
    let args =
        ["serve", "--base-url", &server.url(), "--tokenizer", "builtin", "--num-prompts", "2", "--output-json", "-"];
    let result = Llmbench::new().args(args).args(["--no-side-calls"]).run().ended(0);
    assert_eq!(result["model_id"], "first");
    assert_eq!(server.requests()[1].json()["model"], "first");
}

#[test]
fn flags_and_subcommands_may_be_written_as_the_reference_s_users_do() {
    let server = server();
    let url = server.url();
    let args = ["bench", "serve", "--base_url", &url, "--model", "m", "--tokenizer=builtin", "--num_prompts=3"];
    let more = ["--random_input_len", "4", "--max_conc", "2", "--output_json", "-", "--disable-tqdm"];
    let result = Llmbench::new().args(args).args(more).run().ended(0);
    assert_eq!((&result["completed"], &result["max_concurrency"]), (&json!(3), &json!(2)));
}

#[test]
fn prompts_of_a_file_are_sent_in_its_order() {
    let server = server();
    let bench = Llmbench::serve(&server);
    std::fs::write(bench.dir().join("p.jsonl"), "{\"prompt\": \"one\"}\n{\"prompt\": \"two é\"}\n").unwrap();
    let args = ["--dataset-name", "custom", "--dataset-path", "p.jsonl", "--disable-shuffle", "--num-prompts", "2"];
    bench
        .args(args)
        .args(["--skip-chat-template", "--custom-output-len", "5", "--max-concurrency", "1"])
        .run()
        .ended(0);
    let bodies: Vec<_> = server.requests().iter().map(Request::json).collect();
    assert_eq!((&bodies[0]["prompt"], &bodies[1]["prompt"]), (&json!("one"), &json!("two é")));
    assert_eq!(bodies[0]["max_tokens"], 5);
}

#[test]
fn requests_are_spread_over_adapters_and_warm_ups_are_not() {
    let models = |args: &[&str]| {
        let args = [&["--lora-modules", "a", "b", "c", "--num-warmups", "2"], args].concat();
        bodies(&args)
            .iter()
            .map(|body| serde_json::from_str::<serde_json::Value>(body).unwrap()["model"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join("")
    };
    assert_eq!(models(&["--lora-assignment", "round-robin"]), "mmabcabcabca");
    // random.seed(0); random.choice("abc")
    assert_eq!(models(&[]), "mmbbabcbbbbb");
    assert_ne!(models(&["--seed", "1"]), models(&[]));
}

#[test]
fn results_are_told_by_adapter() {
    let server = server();
    let result = Llmbench::serve(&server).args(["--lora-modules", "a", "b", "--lora-assignment", "round-robin"]).run();
    let result = result.ended(0);
    assert_eq!((&result["adapters"]["a"]["requests"], &result["adapters"]["b"]["requests"]), (&json!(5), &json!(5)));
}
