//! Nothing that comes from outside makes a line of its own on the screen: neither words of the command line, nor a file, nor a
//! server.

use std::fs;

use serde_json::json;

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, refusal, stream};

/// Words that would be a line of the program's if they began one.
const FORGED: &str = "llmbench: forged\u{1b}[1m";

/// `words` with [`FORGED`] on a line behind them.
fn two_lines(words: &str) -> String {
    format!("{words}\n{FORGED}")
}

/// The words came, and on no line of their own.
fn came_and_forged_nothing(outcome: &Outcome, which: &str) {
    let shown = format!("{}\n{}", outcome.stdout, outcome.stderr);
    assert!(shown.contains("llmbench: forged"), "{which}: the words did not come: {shown}");
    assert!(
        !shown.lines().any(|line| line.starts_with("llmbench: forged")) && !shown.contains('\u{1b}'),
        "{which}: {shown}"
    );
}

#[test]
fn words_of_the_command_line_stay_on_their_line() {
    let table: &[&[&str]] = &[
        &[],
        &["help"],
        &["report"],
        &["compare", "*"],
        &["serve", "--color"],
        &["serve", "--backend"],
        &["serve", "--num-prompts"],
        &["serve", "--base-url"],
        &["serve", "--goodput"],
        &["serve", "--percentile-metrics"],
        &["serve", "--model", "m", "--tokenizer"],
        &["serve", "--model", "m", "--tokenizer", "builtin", "--dry-run", "--dataset-name", "custom", "--dataset-path"],
        &["serve", "--model", "m", "--tokenizer", "builtin", "--dry-run", "--extra-body"],
        &["serve", "--config"],
        &["serve", "--sim=--ttft"],
        &["sim", "--ttft"],
        &["generate"],
    ];
    for args in table {
        let mut args: Vec<String> = args.iter().map(|arg| arg.replace('*', &two_lines("a"))).collect();
        args.push(two_lines("a"));
        let outcome = Llmbench::new().args(&args).env("HF_HUB_OFFLINE", "1").run();
        came_and_forged_nothing(&outcome, &args.join(" "));
        assert_eq!(outcome.status, Some(2), "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn words_of_a_file_stay_on_their_line() {
    let words = two_lines("a");
    let table = [
        ("a key of a configuration", "c.yaml", json!({&words: 1}).to_string(), "--config c.yaml"),
        ("a value of a configuration", "c.yaml", json!({"backend": &words}).to_string(), "--config c.yaml"),
        ("a row", "p.jsonl", json!({&words: 1}).to_string(), "--dataset-name custom --dataset-path p.jsonl"),
        ("a column", "p.csv", format!("\"{words}\",b\n1,2\n"), "--dataset-name burstgpt --dataset-path p.csv"),
    ];
    for (which, name, content, flags) in table {
        let bench = Llmbench::serve_at("http://127.0.0.1:9");
        fs::write(bench.dir().join(name), content).unwrap();
        let outcome = bench.arg_line(flags).run();
        assert_eq!(outcome.status, Some(2), "{which}: {}", outcome.stderr);
        came_and_forged_nothing(&outcome, which);
    }
}

#[test]
fn words_of_a_server_stay_on_their_line() {
    let name = two_lines("m");
    let model = json!({"data": [{"id": &name, "root": &name}]}).to_string();
    let server = Server::start(Cut::Whole, move |request: &Request| match request.target.as_str() {
        "/v1/models" => refusal("200 OK", "application/json", &model),
        _ => stream(&answer(Dialect::Completions, 2)),
    });
    let bench = || {
        let args = ["serve", "--base-url", &server.url(), "--num-prompts", "2"];
        Llmbench::new().args(args).env("HF_HUB_OFFLINE", "1")
    };
    came_and_forged_nothing(&bench().run(), "a model without a tokenizer");
    let kept = ["--tokenizer", "builtin", "--report", "full", "--record", "r.jsonl", "--label"];
    let outcome = bench().args(kept).args([&name, "--metadata", &format!("k={name}")]).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    came_and_forged_nothing(&outcome, "a model in the report");
    let path = outcome.dir.path().join("r.jsonl");
    for args in [&["report"][..], &["report", "--as", "full"]] {
        came_and_forged_nothing(&Llmbench::new().args(args).args([&path]).run(), "a model in a stored run");
    }
}
