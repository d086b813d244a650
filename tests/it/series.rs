//! Several runs of one `serve`: repetition, sweeps, their summary, their files, and how they are stopped.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::command::{Llmbench, Outcome};

/// `serve` against a simulator of its own with these times.
fn simulated(line: &str) -> Llmbench {
    Llmbench::new().args(["serve", &format!("--sim={line}"), "--temperature", "0", "--num-prompts", "8"]).args([
        "--random-input-len",
        "8",
        "--random-output-len",
        "4",
    ])
}

fn read(outcome: &Outcome, name: &str) -> Value {
    let files = outcome.dir.files();
    let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    let (_, content) = files.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{names:?}"));
    serde_json::from_str(content).unwrap()
}

fn names(outcome: &Outcome) -> Vec<String> {
    outcome.dir.files().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn repeated_runs_have_an_outline_a_file_each_and_a_summary() {
    let command = simulated("--ttft 5").args(["--num-runs", "3", "--save-result", "--result-filename", "a.json"]);
    std::fs::write(command.dir().join("a-run2.json"), "mine").unwrap();
    std::fs::write(command.dir().join("a.json"), "replaced, as it was asked for").unwrap();
    let outcome = command.run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert_eq!(names(&outcome), ["a-run1.json", "a-run2-2.json", "a-run2.json", "a-run3.json", "a.json"]);
    assert_eq!(outcome.stdout.matches(" output tok/s ").count(), 3);
    assert_eq!(outcome.stdout.matches(" Serving Benchmark Result ").count(), 0, "of each run what matters");
    for heading in ["Run 1 of 3\n", "Run 3 of 3\n", " Summary of 3 Runs ", "Mean TTFT (ms) "] {
        assert!(outcome.stdout.contains(heading), "{heading}: {}", outcome.stdout);
    }
    let summary = read(&outcome, "a.json");
    let runs = summary["points"][0]["runs"].as_array().unwrap();
    let files: Vec<&Value> = runs.iter().map(|run| &run["files"][0]).collect();
    assert_eq!(files, ["a-run1.json", "a-run2-2.json", "a-run3.json"]);
    let means: Vec<f64> = runs.iter().map(|run| run["mean_ttft_ms"].as_f64().unwrap()).collect();
    assert_eq!(read(&outcome, "a-run1.json")["mean_ttft_ms"], means[0]);
    let mean = summary["points"][0]["summary"]["mean_ttft_ms"]["mean"].as_f64().unwrap();
    assert!((mean - means.iter().sum::<f64>() / 3.0).abs() < 1e-9);
    assert_eq!((&summary["partial"], &summary["swept"]), (&json!(false), &Value::Null));
}

#[test]
fn every_run_has_its_whole_report_where_that_is_asked_for() {
    let outcome = simulated("--ttft 5").args(["--num-runs", "2", "--report", "full"]).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    for part in [" Serving Benchmark Result ", "Measured by llmbench", "Measurement Health", " output tok/s "] {
        assert_eq!(outcome.stdout.matches(part).count(), 2, "{part}");
    }
}

#[test]
fn a_sweep_runs_each_value_and_names_the_best() {
    let outcome = simulated("--ttft 20")
        .args(["--sweep-max-concurrency", "1,4", "--sweep-num-prompts-factor", "4", "--output-json", "-"])
        .args(["--sweep-summary-percentiles", "75", "--goodput", "e2el:1000"])
        .run();
    let summary = outcome.ended(0);
    let points = summary["points"].as_array().unwrap();
    assert_eq!((&points[0]["max_concurrency"], &points[1]["max_concurrency"]), (&json!(1), &json!(4)));
    let completed: Vec<&Value> = points.iter().map(|point| &point["runs"][0]["completed"]).collect();
    assert_eq!(completed, [4, 16]);
    assert!(points[1]["summary"]["p75_ttft_ms"]["mean"].is_f64());
    assert_eq!((&summary["best"]["max_concurrency"], &summary["best"]["by"]), (&json!(4), &json!("request_goodput")));
    for heading in
        ["Run 2 of 2: maximum concurrency 4\n", "TTFT P75", "E2EL mean", "Best configuration: max concurrency 4"]
    {
        assert!(outcome.stderr.contains(heading), "{heading}: {}", outcome.stderr);
    }
    assert!(names(&outcome).is_empty());
}

#[test]
fn rates_are_swept_and_repeated_and_appended_to_one_file() {
    let outcome = simulated("--ttft 1")
        .args(["--sweep-request-rate", "200,inf", "--num-runs", "2", "--append-result", "--result-filename", "a.jsonl"])
        .run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert_eq!(names(&outcome), ["a-summary.jsonl", "a.jsonl"]);
    let (_, lines) = outcome.dir.files().pop().unwrap();
    let rates: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["request_rate"].clone()).collect();
    assert_eq!(rates, [json!(200.0), json!(200.0), json!("inf"), json!("inf")]);
    assert!(outcome.stdout.contains("Run 4 of 4: request rate inf, repetition 2 of 2\n"), "{}", outcome.stdout);
    assert_eq!(read(&outcome, "a-summary.jsonl")["points"].as_array().unwrap().len(), 2);
}

#[test]
fn a_value_that_fails_does_not_keep_the_others_from_running() {
    let outcome = simulated("--ttft 1 --fault status=500@first:8")
        .args(["--sweep-max-concurrency", "1,2", "--output-json", "-"])
        .run();
    let summary = outcome.ended(1);
    let completed = |point: usize| &summary["points"][point]["runs"][0]["completed"];
    assert_eq!((completed(0), completed(1), &summary["best"]["max_concurrency"]), (&json!(0), &json!(8), &json!(2)));
    assert!(outcome.stderr.contains("no request succeeded"), "{}", outcome.stderr);
}

#[test]
fn a_signal_stops_the_whole_series_and_what_ran_is_reported() {
    let mut running = simulated("--ttft 5 --itl 40")
        .args(["--num-runs", "50", "--random-output-len", "8", "--save-result", "--result-filename", "a.json"])
        .spawn();
    while !running.line().starts_with("Run 3 of 50") {}
    running.signal(Signal::SIGINT);
    let outcome = running.wait();
    assert_eq!(outcome.status, Some(130), "{}", outcome.stderr);
    assert!(outcome.stdout.contains(" Summary of 2 Runs "), "{}", outcome.stdout);
    let summary = read(&outcome, "a.json");
    assert_eq!(summary["partial"], true);
    assert!(summary["points"][0]["runs"].as_array().unwrap().len() <= 3);
}

#[test]
fn what_a_killed_series_came_to_is_on_the_disk() {
    let mut running = simulated("--ttft 5 --itl 40")
        .args(["--num-runs", "50", "--random-output-len", "8", "--save-result", "--result-filename", "a.json"])
        .spawn();
    while !running.line().starts_with("Run 3 of 50") {}
    running.signal(Signal::SIGKILL);
    let outcome = running.wait();
    let left = names(&outcome).into_iter().find(|name| name.starts_with("a.json.") && name.ends_with(".partial"));
    let summary = read(&outcome, &left.expect("the summary so far is there"));
    assert_eq!((&summary["partial"], summary["points"][0]["runs"].as_array().unwrap().len()), (&json!(true), 2));
    let result = read(&outcome, "a-run2.json");
    assert_eq!(result["mean_ttft_ms"], summary["points"][0]["runs"][1]["mean_ttft_ms"]);
}

#[test]
fn a_summary_that_cannot_be_written_is_known_before_anything_is_sent() {
    let outcome = simulated("").args(["--num-runs", "2", "--output-json", "no/such/dir/a.json"]).run();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("cannot write `no/such/dir/a.json`"), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("Starting"), "{}", outcome.stdout);
}
