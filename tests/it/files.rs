//! Where results go, and what stands in them.

use std::process::Command;

use serde_json::Value;

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, stream};

fn run(args: &[&str]) -> Outcome {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 3)));
    let outcome = Llmbench::plain(&server.url()).args(args).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    outcome
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn nothing_is_written_unless_asked_for() {
    let outcome = run(&["--save-detailed"]);
    assert!(outcome.dir.files().is_empty());
    assert!(outcome.stdout.contains("============ Serving Benchmark Result ============"), "{}", outcome.stdout);
    assert!(!outcome.stderr.contains("Serving Benchmark"), "{}", outcome.stderr);
}

#[test]
fn a_result_is_named_after_its_run() {
    let names = |args: &[&str]| -> Vec<String> {
        let outcome = run(&[&["--save-result"], args].concat());
        outcome.dir.files().into_iter().map(|(name, _)| name).collect()
    };
    let table: &[(&[&str], &str)] = &[
        (&[], "openai-infqps-m-20"),
        (&["--max-concurrency", "3"], "openai-infqps-concurrency3-m-20"),
        (&["--request-rate", "500", "--label", "mine"], "mine-500.0qps-m-20"),
        (&["--model", "org/model"], "openai-infqps-model-20"),
    ];
    for (args, start) in table {
        let names = names(args);
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(names[0].starts_with(start) && names[0].ends_with(".json"), "{names:?}");
    }
}

#[test]
fn a_result_goes_to_its_directory_and_name() {
    let outcome = run(&["--save-result", "--result-dir", "new/dir", "--result-filename", "r.json"]);
    let text = std::fs::read_to_string(outcome.dir.path().join("new/dir/r.json")).unwrap();
    assert_eq!(json(&text)["completed"], 10);
    assert!(outcome.dir.files().is_empty());
}

#[test]
fn appended_results_are_lines() {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 3)));
    let shared = crate::command::Dir::new();
    for _ in 0..3 {
        let args =
            ["--append-result", "--result-filename", "all.json", "--result-dir", shared.path().to_str().unwrap()];
        assert_eq!(Llmbench::plain(&server.url()).args(args).run().status, Some(0));
    }
    let files = shared.files();
    assert_eq!(files.len(), 1);
    let lines: Vec<Value> = files[0].1.lines().map(json).collect();
    assert_eq!(lines.iter().map(|line| line["completed"].as_u64().unwrap()).collect::<Vec<_>>(), [10, 10, 10]);
}

#[test]
fn an_export_is_exactly_that_file_and_replaces_it() {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 3)));
    let bench = Llmbench::plain(&server.url()).args(["--output-json", "r.json", "--save-detailed"]);
    std::fs::write(bench.dir().join("r.json"), "old").unwrap();
    let outcome = bench.run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let files = outcome.dir.files();
    assert_eq!((files.len(), files[0].0.as_str()), (1, "r.json"), "passing files are gone");
    let result = json(&files[0].1);
    assert_eq!(result["generated_texts"].as_array().unwrap().len(), 10);
    assert!(outcome.stdout.contains("Serving Benchmark Result"), "the report stays on stdout");
}

#[test]
fn details_are_kept_only_where_asked_for() {
    let outcome = run(&["--output-json", "r.json", "--metadata", "tp=2", "note=a b"]);
    let result = json(&outcome.dir.files()[0].1);
    for key in ["input_lens", "output_lens", "ttfts", "itls", "start_times", "generated_texts", "errors"] {
        assert!(result.get(key).is_none(), "{key}");
    }
    assert!(result["latencies"].is_array() && result["queue_times"].is_array());
    assert_eq!((result["tp"].as_str(), result["note"].as_str()), (Some("2"), Some("a b")));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 3)));
    let mut running = Llmbench::plain(&server.url()).spawn();
    assert!(running.line().starts_with("Starting initial"));
    running.close_stdout();
    assert_eq!(running.wait().status, Some(0));
}

#[test]
fn documents_are_generated() {
    for (what, word) in [("man", ".TH"), ("bash", "complete"), ("zsh", "#compdef"), ("fish", "complete -c llmbench")] {
        let outcome = Llmbench::new().args(["generate", what]).run();
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
        assert!(outcome.stdout.contains(word) && outcome.stdout.len() > 2000, "{what}");
    }
}

/// The words that bash offers for the last of `words`.
fn offered(bench: &Llmbench, words: &[&str]) -> String {
    let last = words.len() - 1;
    let (cur, prev) = (words[last], words[last - 1]);
    let line = format!(
        "source completions; COMP_WORDS=({}); COMP_CWORD={last}; _llmbench llmbench '{cur}' '{prev}'; echo ${{COMPREPLY[@]}}",
        words.join(" ")
    );
    let bash = Command::new("bash").args(["-c", &line]).current_dir(bench.dir()).output().unwrap();
    String::from_utf8(bash.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_flag_is_completed_behind_bench_and_in_the_other_spelling() {
    let script = Llmbench::new().args(["generate", "bash"]).run().stdout;
    let bench = Llmbench::new();
    std::fs::write(bench.dir().join("completions"), script).unwrap();
    let table: [(&[&str], &str); 5] = [
        (&["llmbench", "ben"], "bench"),
        (&["llmbench", "bench", "ser"], "serve"),
        (&["llmbench", "bench", "serve", "--back"], "--backend"),
        (&["llmbench", "serve", "--max_con"], "--max-concurrency"),
        (&["llmbench", "serve", "--dataset-name", "prefix_r"], "prefix_repetition"),
    ];
    for (words, expected) in table {
        assert_eq!(offered(&bench, words), expected, "{words:?}");
    }
}
