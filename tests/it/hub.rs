//! Datasets from the model hub: a scripted server stands for it, and what is fetched once comes from the cache afterwards.

use std::path::Path;

use serde_json::Value;

use crate::command::{Dir, Llmbench, Outcome};
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, answer, stream};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub with one dataset that has its questions as JSON lines, and another whose own files are no tables.
fn hub() -> Server {
    Server::start(Cut::Whole, |request: &Request| {
        let path = request.target.as_str();
        if request.header("authorization") != Some("Bearer secret-token") {
            return reply("401 Unauthorized", &[], b"{}");
        }
        let list = |names: &[&str]| {
            let files: Vec<Value> = names.iter().map(|name| serde_json::json!({"rfilename": name})).collect();
            let body = serde_json::json!({"siblings": files, "sha": COMMIT}).to_string();
            reply("200 OK", &[("content-type", "application/json")], body.as_bytes())
        };
        match path {
            "/api/datasets/openai/gsm8k/revision/main" => {
                list(&["README.md", "main/test-00000-of-00001.jsonl", "main/train-00000-of-00001.jsonl"])
            }
            "/datasets/openai/gsm8k/resolve/main/main/test-00000-of-00001.jsonl" => file(
                request,
                b"{\"question\": \"How many?\", \"answer\": \"2\"}\n{\"question\": \"Why?\", \"answer\": \"3\"}\n",
            ),
            "/api/datasets/org/other/revision/main" => list(&["README.md", "data.zip"]),
            "/api/datasets/org/other/revision/refs%2Fconvert%2Fparquet" => list(&["default/train/0000.jsonl"]),
            "/datasets/org/other/resolve/refs%2Fconvert%2Fparquet/default/train/0000.jsonl" => {
                file(request, b"{\"id\": 1, \"text\": \"converted\"}\n")
            }
            _ => reply("404 Not Found", &[], b"{}"),
        }
    })
}

fn reply(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Script {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Script { steps: vec![(0, [head.as_bytes(), body].concat())], end: End::Keep }
}

/// The part of a file that a request asks for, with what tells its version.
fn file(request: &Request, content: &[u8]) -> Script {
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
    let (first, last) = range.and_then(|range| range.split_once('-')).unwrap();
    let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap().min(content.len() - 1));
    let range = format!("bytes {first}-{last}/{}", content.len());
    let headers = [("etag", "\"e1\""), ("x-repo-commit", COMMIT), ("content-range", range.as_str())];
    reply("206 Partial Content", &headers, &content[first..=last])
}

/// A run with a dataset of the hub at `url` and a cache of its own; the prompts it sent, too.
fn run(url: &str, cache: &Path, args: &[&str]) -> (Outcome, Vec<String>) {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 2)));
    let outcome = Llmbench::plain(&server.url())
        .args(["--dataset-name", "hf", "--num-prompts", "2", "--skip-chat-template", "--disable-shuffle"])
        .args(["--max-concurrency", "1", "--no-oversample"])
        .args(args)
        .env("HF_ENDPOINT", url)
        .env("HF_HUB_OFFLINE", "0")
        .env("HF_TOKEN", "secret-token")
        .env("HF_HUB_CACHE", cache.to_str().unwrap())
        .run();
    let prompts =
        server.requests().iter().map(|request| request.json()["prompt"].as_str().unwrap().to_owned()).collect();
    (outcome, prompts)
}

#[test]
fn a_dataset_is_fetched_once_and_then_comes_from_the_cache() {
    let (hub, cache) = (hub(), Dir::new());
    let (outcome, prompts) = run(&hub.url(), cache.path(), &["--dataset-path", "openai/gsm8k"]);
    assert_eq!(
        (outcome.status, prompts),
        (Some(0), vec!["How many?".to_owned(), "Why?".to_owned()]),
        "{}",
        outcome.stderr
    );
    let fetched = hub.requests();
    assert!(
        fetched.iter().all(|request| !request.target.contains("train")),
        "only the split that is wanted is fetched"
    );
    // The list of files is asked for again, the file is not.
    let (outcome, prompts) = run(&hub.url(), cache.path(), &["--dataset-path", "openai/gsm8k"]);
    assert_eq!((outcome.status, prompts.len()), (Some(0), 2), "{}", outcome.stderr);
    let again: Vec<String> = hub.requests()[fetched.len()..].iter().map(|request| request.target.clone()).collect();
    assert_eq!(again, ["/api/datasets/openai/gsm8k/revision/main"]);
    drop(hub);
    let (outcome, prompts) = run("http://127.0.0.1:1", cache.path(), &["--dataset-path", "openai/gsm8k"]);
    assert_eq!((outcome.status, prompts.len()), (Some(0), 2), "a hub that is away is no matter: {}", outcome.stderr);
}

#[test]
fn what_is_no_table_is_taken_as_the_hub_converted_it() {
    let (hub, cache) = (hub(), Dir::new());
    let (outcome, prompts) = run(&hub.url(), cache.path(), &["--dataset-path", "org/other"]);
    assert_eq!((outcome.status, prompts), (Some(0), vec!["converted".to_owned()]), "{}", outcome.stderr);
}

#[test]
fn what_the_hub_does_not_have_is_told_without_the_token() {
    let (hub, cache) = (hub(), Dir::new());
    let (outcome, prompts) = run(&hub.url(), cache.path(), &["--dataset-path", "org/none"]);
    assert_eq!((outcome.status, prompts.len()), (Some(2), 0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot read dataset `org/none`: the hub: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("404") && !outcome.stderr.contains("secret"), "{}", outcome.stderr);
    let (outcome, _) = run(&hub.url(), cache.path(), &["--dataset-path", "openai/gsm8k", "--hf-split", "dev"]);
    assert!(
        outcome.stderr.contains("no split `dev`") && outcome.stderr.contains("`test`, `train`"),
        "{}",
        outcome.stderr
    );
}
