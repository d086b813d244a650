//! Nonsense is refused before anything is sent: one line that names flag, value and cause, and status 2.

use std::fs;

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, refusal, stream};

/// Runs `serve` with `args` against a server that must see nothing of it.
fn refused(prepare: impl FnOnce(Llmbench) -> Llmbench) -> Outcome {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 2)));
    let outcome = prepare(Llmbench::serve(&server)).run();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{}", outcome.stderr);
    assert_eq!(server.connections(), 0, "{}", outcome.stderr);
    outcome
}

/// One line of ours that holds all `words`, and a hint.
fn ours(outcome: &Outcome, words: &[&str]) {
    let lines: Vec<&str> = outcome.stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    let [error, hint] = lines[..] else { panic!("{}", outcome.stderr) };
    assert!(error.starts_with("llmbench: ") && words.iter().all(|word| error.contains(word)), "{error}: {words:?}");
    assert!(hint.starts_with("hint: "), "{hint}");
}

/// A usage error that holds all `words`.
fn usage(outcome: &Outcome, words: &[&str]) {
    let first = outcome.stderr.lines().next().unwrap();
    assert!(
        first.starts_with("error: ") && words.iter().all(|word| outcome.stderr.contains(word)),
        "{}",
        outcome.stderr
    );
}

#[test]
fn values_that_make_no_sense_are_refused_with_a_hint() {
    let table: &[(&[&str], &[&str])] = &[
        (&["--max-concurrency", "0"], &["--max-concurrency 0", "1 or more"]),
        (&["--percentile-metrics", "ttft,nope"], &["--percentile-metrics", "nope"]),
        (&["--metric-percentiles", "50,101"], &["--metric-percentiles", "101", "0 and 100"]),
        (&["--metric-percentiles=-1"], &["--metric-percentiles", "-1"]),
        (&["--request-rate", "-1"], &["--request-rate -1", "above 0"]),
        (&["--request-rate", "0"], &["--request-rate 0", "above 0"]),
        (&["--burstiness", "0"], &["--burstiness 0", "above 0"]),
        (&["--duration", "-2"], &["--duration -2", "above 0"]),
        (&["--request-timeout", "0"], &["--request-timeout 0", "above 0"]),
        (&["--workers", "0"], &["--workers 0", "1 or more"]),
        (&["--max-event-bytes", "0"], &["--max-event-bytes 0"]),
        (&["--num-prompts", "0"], &["num-prompts"]),
        (&["--seed", "-1"], &["--seed -1"]),
        (&["--random-input-len", "-5"], &["--random-input-len", "-5"]),
        (&["--random-range-ratio", "1"], &["--random-range-ratio", "1"]),
        (&["--goodput", "ttft"], &["--goodput", "ttft"]),
        (&["--goodput", "nope:5"], &["--goodput", "nope"]),
        (&["--goodput", "ttft:-5"], &["--goodput", "-5"]),
        (&["--metadata", "tp"], &["--metadata tp", "KEY=VALUE"]),
        (&["--header", "nonsense"], &["--header", "="]),
        (&["--header", "Content-Length=5"], &["--header Content-Length", "length"]),
        (&["--header", "transfer-encoding=chunked"], &["--header transfer-encoding"]),
        (&["--request-id-prefix", "a\r\nx-injected: y"], &["--request-id-prefix", "line break"]),
        (&["--endpoint", "/v1/embeddings"], &["--endpoint /v1/embeddings", "--backend openai"]),
        (&["--backend", "openai-chat", "--endpoint", "/v1/completions"], &["--endpoint", "--backend openai-chat"]),
        (&["--base-url", "ftp://x"], &["--base-url ftp://x"]),
        (&["--dataset-path", "x.json"], &["--dataset-path", "random"]),
        (&["--ramp-up-strategy", "linear"], &["--ramp-up-strategy"]),
        (&["--temperature", "nan"], &["--temperature"]),
        (&["--dataset-name", "custom", "--dataset-path", "nowhere.jsonl"], &["nowhere.jsonl"]),
        (&["--dataset-name", "sharegpt", "--dataset-path", "nowhere.json"], &["nowhere.json"]),
        (&["--dataset-name", "custom"], &["`custom` needs a file"]),
        (&["--sim=--ttft x"], &["--sim", "x"]),
    ];
    for (args, words) in table {
        ours(&refused(|bench| bench.args(*args)), words);
    }
}

#[test]
fn values_that_cannot_be_read_are_usage_errors() {
    let table: &[(&[&str], &[&str])] = &[
        (&["--max-concurrency", "many"], &["--max-concurrency", "many", "not a whole number"]),
        (&["--request-rate", "fast"], &["--request-rate", "fast", "not a number"]),
        (&["--port", "99999"], &["--port", "99999", "1 to 65535"]),
        (&["--backend", "grpc"], &["--backend", "grpc", "openai-chat"]),
        (&["--dataset-name", "nope"], &["--dataset-name", "nope", "sharegpt"]),
        (&["--extra-body", "[1]"], &["--extra-body", "not a JSON object but a list"]),
        (&["--extra-body", "{a:1}"], &["--extra-body", "not JSON"]),
        (&["--no-such-flag"], &["--no-such-flag"]),
        (&["--max"], &["--max"]),
    ];
    for (args, words) in table {
        usage(&refused(|bench| bench.args(*args)), words);
    }
}

#[test]
fn a_tokenizer_that_is_nowhere_is_named_before_a_request_is_sent() {
    let server = Server::start(Cut::Whole, |_: &Request| refusal("404 Not Found", "text/plain", "no"));
    let outcome = Llmbench::serve(&server).args(["--tokenizer", "/nowhere/tokenizer.json"]).run();
    assert_eq!(outcome.status, Some(2));
    ours(&outcome, &["/nowhere/tokenizer.json"]);
    assert!(
        server.requests().iter().all(|request| request.target == "/tokenize"),
        "its last resort is the server's own"
    );
}

#[test]
fn an_unreadable_dataset_is_named_by_file_line_and_field() {
    let table = [
        ("{\"prompt\": \"a\"}\n{\"text\": \"b\"}\n", ["line 2", "prompt"]),
        ("{\"prompt\": \"a\"}\n\n{\"prompt\": 3}\n", ["line 3", "string"]),
        ("{\"prompt\": \"a\"\n", ["line 1", "column"]),
    ];
    for (content, words) in table {
        let outcome = refused(|bench| {
            fs::write(bench.dir().join("bad.jsonl"), content).unwrap();
            bench.args(["--dataset-name", "custom", "--dataset-path", "bad.jsonl"])
        });
        ours(&outcome, &["bad.jsonl", words[0], words[1]]);
    }
}

#[test]
fn a_sharegpt_file_that_is_none_is_named() {
    for content in ["{\"a\": 1}", "[{\"conversations\": 5}]", "not json"] {
        let outcome = refused(|bench| {
            fs::write(bench.dir().join("bad.json"), content).unwrap();
            bench.args(["--dataset-name", "sharegpt", "--dataset-path", "bad.json"])
        });
        ours(&outcome, &["bad.json"]);
    }
}

#[test]
fn a_result_that_could_not_be_written_is_known_before_the_run() {
    ours(&refused(|bench| bench.args(["--output-json", "no/such/dir/r.json"])), &["no/such/dir/r.json"]);
    ours(&refused(|bench| bench.args(["--output-json", "."])), &["directory"]);
    let outcome = refused(|bench| {
        fs::write(bench.dir().join("file"), "").unwrap();
        bench.args(["--save-result", "--result-dir", "file/inside"])
    });
    ours(&outcome, &["--result-dir file/inside"]);
}

#[test]
fn a_dataset_that_is_not_there_is_known_before_the_server_is_asked_for_its_model() {
    let args = ["serve", "--base-url", "http://127.0.0.1:1", "--dataset-name", "custom", "--dataset-path", "no.jsonl"];
    ours(&Llmbench::new().args(args).run(), &["cannot read dataset `no.jsonl`"]);
}

#[test]
fn the_simulator_and_documents_refuse_nonsense_too() {
    for args in [
        &["sim", "--ttft", "-1"][..],
        &["sim", "--fault", "nope"],
        &["generate", "pdf"],
        &["nope"],
        &["serve", "--nope"],
    ] {
        let outcome = Llmbench::new().args(args).run();
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(outcome.stderr.contains(args[args.len() - 1]), "{}", outcome.stderr);
    }
}
