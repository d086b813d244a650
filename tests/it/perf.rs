//! `perf`: EvalScope's command lines, what they send, show and leave, and what they refuse.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{Llmbench, Outcome};
use crate::truth::simulator;

/// `perf` at `url`, with prompts of the built-in tokenizer and no rest between points.
fn perf(url: &str) -> Llmbench {
    Llmbench::new().args(["perf", "--model", "tiny", "--tokenizer-path", "builtin", "--sleep-interval", "0"]).args([
        "--url",
        &format!("{url}/v1/chat/completions"),
        "--extra-args",
        r#"{"ignore_eos": true}"#,
    ])
}

/// What `perf` sends of 24 prompt tokens and 4 of output.
fn small(url: &str) -> Llmbench {
    perf(url).arg_line("--dataset random --min-prompt-length 24 --max-prompt-length 24 --max-tokens 4 --seed 7")
}

/// The one directory in `above`.
fn only(above: &Path) -> PathBuf {
    let mut entries: Vec<PathBuf> = fs::read_dir(above).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

/// The directory of a command's results.
fn results(outcome: &Outcome) -> PathBuf {
    only(&only(&outcome.dir.path().join("outputs")))
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display())))
        .unwrap()
}

/// The bodies of a point, in order.
fn bodies(point: &Path) -> Vec<Value> {
    let records = fs::read_to_string(point.join("record.jsonl")).unwrap();
    let mut lines: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.retain(|line| line.get("id").is_some());
    lines.sort_by_key(|line| line["id"].as_u64());
    lines.iter().map(|line| serde_json::from_str(line["request"].as_str().unwrap()).unwrap()).collect()
}

#[test]
fn each_point_leaves_its_files_and_all_of_them_a_table() {
    let (_sim, url) = simulator(&["--ttft", "5", "--itl", "1"]);
    let outcome = small(&url).arg_line("--parallel 1 4 --number 3 8").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    for part in ["Test connection successful.", "Benchmarking summary:", "Percentile results:", "Workload throughput ("]
    {
        assert_eq!(outcome.stdout.matches(part).count(), 2, "{part}: {}", outcome.stdout);
    }
    for part in
        ["Performance Test Summary Report", "Performance Overview", "Per-Request Metrics", "Throughput still grew at"]
    {
        assert_eq!(outcome.stdout.matches(part).count(), 1, "{part}: {}", outcome.stdout);
    }
    let dir = results(&outcome);
    assert_eq!(dir.file_name().unwrap(), "tiny");
    let summary = fs::read_to_string(dir.join("performance_summary.txt")).unwrap();
    assert!(outcome.stdout.contains(&summary), "{summary}");
    for (name, number, parallel) in [("parallel_1_number_3", 3, 1), ("parallel_4_number_8", 8, 4)] {
        let point = dir.join(name);
        let figures = json_of(&point.join("benchmark_summary.json"));
        assert_eq!((&figures["Success Requests"], &figures["Concurrency"]), (&json!(number), &json!(parallel)));
        let args = json_of(&point.join("benchmark_args.json"));
        assert_eq!((&args["number"], &args["parallel"], &args["seed"]), (&json!(number), &json!(parallel), &json!(7)));
        assert_eq!(args["outputs_dir"], point.strip_prefix(outcome.dir.path()).unwrap().to_str().unwrap());
        assert_eq!(json_of(&point.join("benchmark_percentile.json")).as_array().unwrap().len(), 11);
        assert_eq!(json_of(&point.join("workload_timeline.json"))["points"].as_array().unwrap().len(), number);
        assert!(json_of(&point.join("workload_throughput.json"))["rows"].is_array());
        assert!(fs::read(point.join("benchmark_data.db")).unwrap().starts_with(b"SQLite format 3\0"));
        assert_eq!(bodies(&point).len(), number);
    }
}

#[test]
fn bodies_have_evalscope_s_fields_in_its_order_and_prompts_go_on_from_point_to_point() {
    let (_sim, url) = simulator(&["--ttft", "1"]);
    let line = "--parallel 1 2 --number 2 3 --min-tokens 4 --top-k 5 --stop x";
    let (first, again) = (small(&url).arg_line(line).run(), small(&url).arg_line(line).run());
    let of = |outcome: &Outcome| {
        let dir = results(outcome);
        ["parallel_1_number_2", "parallel_2_number_3"].map(|name| bodies(&dir.join(name))).concat()
    };
    let sent = of(&first);
    let keys: Vec<&String> = sent[0].as_object().unwrap().keys().collect();
    let expected = [
        "messages",
        "model",
        "max_tokens",
        "min_tokens",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "top_k",
        "ignore_eos",
    ];
    assert_eq!(keys, expected);
    let texts: BTreeSet<String> = sent.iter().map(|body| body["messages"][0]["content"].to_string()).collect();
    assert_eq!(texts.len(), 5, "no prompt comes twice");
    assert_eq!(sent, of(&again), "the same seed sends the same");
    let second_alone = small(&url).arg_line("--parallel 2 --number 3").run();
    let alone = bodies(&results(&second_alone).join("parallel_2_number_3"));
    assert!(!texts.contains(&alone[2]["messages"][0]["content"].to_string()), "a point draws behind those before it");
}

#[test]
fn an_open_loop_has_a_point_at_each_rate() {
    let (_sim, url) = simulator(&["--ttft", "1"]);
    let line = "--open-loop --rate 200 400 --number 5 6 --no-timestamp --outputs-dir out --name n";
    let outcome = small(&url).arg_line(line).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let dir = outcome.dir.path().join("out/n");
    let rates: Vec<Value> = ["rate_200.0_number_5", "rate_400.0_number_6"]
        .map(|name| json_of(&dir.join(name).join("benchmark_summary.json"))["Request Rate (req/s)"].clone())
        .to_vec();
    assert_eq!(rates, [json!(200.0), json!(400.0)]);
}

#[test]
fn a_point_in_which_everything_fails_is_a_row_and_the_next_still_runs() {
    let (_sim, url) = simulator(&["--fault", "status=500@every:1"]);
    let outcome = small(&url).arg_line("--no-test-connection --parallel 1 2 --number 2 3").run();
    assert_eq!(outcome.status, Some(1), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("n/a") && outcome.stdout.matches("0%│").count() >= 2, "{}", outcome.stdout);
    assert!(results(&outcome).join("parallel_2_number_3/benchmark_summary.json").exists());
}

#[test]
fn what_the_server_refuses_ends_the_command_before_a_point() {
    let (_sim, url) = simulator(&["--fault", "status=404@every:1"]);
    let outcome = small(&url).arg_line("--parallel 1 --number 2").run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the server refuses the connection test"), "{}", outcome.stderr);
}

#[test]
fn both_dialects_can_be_shown_at_once_and_of_the_same_record() {
    let (_sim, url) = simulator(&["--ttft", "5"]);
    let outcome = small(&url).arg_line("--parallel 2 --number 4 --report evalscope-classic,vllm").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    for part in ["Serving Benchmark Result", "Time taken for tests (s)", "Detailed Performance Metrics", "Highest RPS"]
    {
        assert_eq!(outcome.stdout.matches(part).count(), 1, "{part}: {}", outcome.stdout);
    }
    let point = results(&outcome).join("parallel_2_number_4");
    assert!(json_of(&point.join("benchmark_summary.json"))["Succeed requests"] == 4);
    let record = point.join("record.jsonl");
    for (form, part) in [("vllm", "Serving Benchmark Result"), ("evalscope", "Benchmarking summary:")] {
        let report = Llmbench::new().args(["report", record.to_str().unwrap(), "--as", form]).run();
        assert_eq!(report.status, Some(0), "{}", report.stderr);
        assert!(report.stdout.contains(part), "{}", report.stdout);
    }
}

#[test]
fn the_command_of_serve_puts_the_same_load_on_the_server() {
    let (_sim, url) = simulator(&["--ttft", "1"]);
    let shown = small(&url).arg_line("--parallel 2 --number 4 --show-serve").run();
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    assert!(!shown.dir.path().join("outputs").exists());
    let served = Llmbench::shell(&format!("{} --output-json a.json", shown.stdout.trim()), shown.dir.path()).run();
    assert_eq!(served.status, Some(0), "{}", served.stderr);
    let result = json_of(&shown.dir.path().join("a.json"));
    assert_eq!((&result["completed"], &result["total_output_tokens"]), (&json!(4), &json!(16)));
    let none = perf(&url).arg_line("--dataset openqa --show-serve").run();
    assert_eq!(none.status, Some(2));
    assert!(none.stderr.contains("no command of `serve` sends the prompts of `--dataset openqa`"), "{}", none.stderr);
}

#[test]
fn tables_are_chinese_where_that_is_asked_for() {
    let (_sim, url) = simulator(&["--ttft", "1"]);
    let outcome = small(&url).arg_line("--parallel 1 --number 2 --lang zh").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("连接测试成功") && !outcome.stdout.contains("Percentile results"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn prompts_come_from_a_file_and_a_whole_body_s_fields_go_over_the_flags() {
    let (_sim, url) = simulator(&["--ttft", "1"]);
    let command =
        perf(&url).arg_line("--dataset line_by_line --dataset-path p.jsonl --parallel 1 --number 3 --max-tokens 4");
    let lines = "plain words\n[{\"role\": \"user\", \"content\": \"listed\"}]\n{\"messages\": [{\"role\": \"user\", \"content\": \"whole\"}], \"temperature\": 0.5}\n";
    fs::write(command.dir().join("p.jsonl"), lines).unwrap();
    let outcome = command.run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let sent = bodies(&results(&outcome).join("parallel_1_number_3"));
    let contents: Vec<&Value> = sent.iter().map(|body| &body["messages"][0]["content"]).collect();
    assert_eq!(contents, ["plain words", "listed", "whole"]);
    assert_eq!(sent.iter().map(|body| body["temperature"].as_f64().unwrap()).collect::<Vec<_>>(), [0.0, 0.0, 0.5]);
}

#[test]
fn what_makes_no_test_is_refused_before_anything_is_sent() {
    let table: [(&str, &str); 14] = [
        ("--parallel 1 2 --number 5", "`--number` has 1 value and `--parallel` has 2"),
        ("--number 3 --parallel 5", "`--number 3` is below `--parallel 5`"),
        ("--parallel 0", "`--parallel 0`"),
        ("--api openia", "did you mean `openai`"),
        ("--api local_vllm", "vllm serve"),
        ("--dataset rndom", "did you mean `random`"),
        ("--dataset line_by_line", "`--dataset line_by_line` needs a file"),
        ("--min-prompt-length 9 --max-prompt-length 5", "is over `--max-prompt-length 5`"),
        ("--tokenizer-path /no/such", "/no/such"),
        ("--extra-args {a", "--extra-args"),
        ("--query-template {", "no JSON object"),
        ("--visualizer wandb", "`--visualizer` cannot be honoured"),
        ("--dataset-args {\"x\":1}", "`x` is no setting of `random`"),
        ("--url ftp://h", "`--url ftp://h` is not a URL"),
    ];
    let (_sim, url) = simulator(&["--ttft", "1"]);
    for (line, part) in table {
        let outcome = small(&url).arg_line(line).run();
        assert_eq!(outcome.status, Some(2), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(part), "{line}: {}", outcome.stderr);
        assert!(!outcome.dir.path().join("outputs").exists(), "{line}");
    }
    let file = perf(&url).arg_line("--dataset openqa --dataset-path empty.jsonl --number 1");
    fs::write(file.dir().join("empty.jsonl"), "").unwrap();
    let outcome = file.run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
}

#[test]
fn keys_are_masked_and_nothing_is_written_over() {
    let (_sim, url) = simulator(&["--ttft", "1"]);
    let line = "--parallel 1 --number 1 --no-timestamp --api-key sk-very-secret-key --headers x-token=another-secret";
    let command = small(&url).arg_line(line);
    fs::create_dir_all(command.dir().join("outputs/tiny")).unwrap();
    let outcome = command.run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let point = outcome.dir.path().join("outputs/tiny_2/parallel_1_number_1");
    for entry in fs::read_dir(&point).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("very-secret") && !text.contains("another-secret"), "{text}");
    }
    assert_eq!(json_of(&point.join("benchmark_args.json"))["api_key"], "***");
}

/// A command of a document as it stands there; address, model's path and tokenizer are this host's.
fn documented(line: &str, url: &str) -> Outcome {
    let line = line.replace("URL", &format!("{url}/v1/chat/completions"));
    Llmbench::shell(&line, crate::command::Dir::new().path()).run()
}

#[test]
fn the_commands_of_documents_run_as_they_stand_there() {
    let (_sim, url) = simulator(&["--ttft", "1", "--itl", "0.02"]);
    let table = [
        (
            "llmbench perf --parallel 1 10 --number 10 20 --model Qwen3-8B --url URL --api openai --dataset random \
             --max-tokens 1024 --min-tokens 1024 --prefix-length 0 --min-prompt-length 1024 --max-prompt-length 1024 \
             --tokenizer-path builtin --extra-args '{\"ignore_eos\": true}'",
            30,
        ),
        (
            "llmbench perf --parallel 50 --number 500 --log-every-n-query 500 --model Qwen2.5-0.5B-Instruct --url URL \
             --api openai --dataset random --max-tokens 100 --prefix-length 0 --min-prompt-length 100 \
             --max-prompt-length 100 --tokenizer-path builtin --extra-args '{\"ignore_eos\": true}'",
            500,
        ),
        (
            "llmbench perf --parallel 1 10 50 100 200 --number 10 20 100 200 400 --model qwen3-32b --url URL --api openai \
             --dataset random --max-tokens 1024 --min-tokens 1024 --prefix-length 0 --min-prompt-length 1024 \
             --max-prompt-length 1024 --tokenizer-path builtin --extra-args '{\"ignore_eos\": true}'",
            730,
        ),
    ];
    std::thread::scope(|scope| {
        let runs = table.map(|(line, requests)| (scope.spawn(|| documented(line, &url)), requests));
        for (run, requests) in runs {
            let outcome = run.join().unwrap();
            assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
            let counted = outcome.stdout.lines().filter_map(|line| line.split("Failed  │ ").nth(1));
            let sent: u64 = counted.map(|cell| cell.trim().split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
            assert_eq!(sent, requests, "{}", outcome.stdout);
        }
    });
}
