//! Against the simulator, a process of its own that is told its times: the report says what was dictated, in the reference's
//! keys and lines.

use serde_json::json;

use crate::command::{Llmbench, Running};
use crate::wire::timed;

/// A simulator and its address.
pub(crate) fn simulator(args: &[&str]) -> (Running, String) {
    let mut running = Llmbench::new().args(["sim", "--port", "0"]).args(args).spawn();
    let line = running.line();
    let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
    (running, url)
}

/// The reference's keys of a result with all details, in its order.
const KEYS: [&str; 35] = [
    "date",
    "endpoint_type",
    "backend",
    "label",
    "model_id",
    "tokenizer_id",
    "num_prompts",
    "tp",
    "request_rate",
    "burstiness",
    "max_concurrency",
    "duration",
    "completed",
    "failed",
    "total_input_tokens",
    "total_output_tokens",
    "request_throughput",
    "request_goodput",
    "output_throughput",
    "total_token_throughput",
    "input_lens",
    "output_lens",
    "ttfts",
    "itls",
    "latencies",
    "start_times",
    "queue_times",
    "generated_texts",
    "errors",
    "max_output_tokens_per_s",
    "max_concurrent_requests",
    "rtfx",
    "mean_ttft_ms",
    "median_ttft_ms",
    "std_ttft_ms",
];

/// The reference's lines, by their labels, in its order.
const LINES: [&str; 37] = [
    "Starting initial single prompt test run...",
    "Skipping endpoint ready check.",
    "Starting main benchmark run...",
    "Traffic request rate: 100.0",
    "Burstiness factor: 1.0 (Poisson process)",
    "Maximum request concurrency: 8",
    "============ Serving Benchmark Result ============",
    "Successful requests: ",
    "Failed requests: ",
    "Maximum request concurrency: ",
    "Request rate configured (RPS): ",
    "Benchmark duration (s): ",
    "Total input tokens: ",
    "Total generated tokens: ",
    "Request throughput (req/s): ",
    "Request goodput (req/s): ",
    "Output token throughput (tok/s): ",
    "Peak output token throughput (tok/s): ",
    "Peak concurrent requests: ",
    "Total token throughput (tok/s): ",
    "---------------Time to First Token----------------",
    "Mean TTFT (ms): ",
    "Median TTFT (ms): ",
    "P50 TTFT (ms): ",
    "P99 TTFT (ms): ",
    "-----Time per Output Token (excl. 1st token)------",
    "Mean TPOT (ms): ",
    "Median TPOT (ms): ",
    "P50 TPOT (ms): ",
    "P99 TPOT (ms): ",
    "---------------Inter-token Latency----------------",
    "Mean ITL (ms): ",
    "Median ITL (ms): ",
    "P50 ITL (ms): ",
    "----------------End-to-end Latency----------------",
    "Mean E2EL (ms): ",
    "==================================================",
];

#[test]
fn the_report_agrees_with_what_was_dictated() {
    for (backend, ttft, itl) in [("openai", 40.0, 5.0), ("openai-chat", 120.0, 12.0), ("vllm", 30.0, 20.0)] {
        let (_sim, url) = simulator(&["--ttft", &ttft.to_string(), "--itl", &itl.to_string()]);
        let e2el = ttft + 15.0 * itl;
        let truths = [
            ("mean_ttft_ms", ttft),
            ("median_ttft_ms", ttft),
            ("p99_ttft_ms", ttft),
            ("mean_tpot_ms", itl),
            ("median_itl_ms", itl),
            ("mean_itl_ms", itl),
            ("median_e2el_ms", e2el),
            ("p99_e2el_ms", e2el),
            ("p50_ttft_from_due_ms", ttft),
            ("p50_send_lateness_ms", 0.0),
        ];
        let result = timed(&truths, || {
            let bench = Llmbench::serve_at(&url).args(["--backend", backend, "--request-rate", "100"]);
            bench.run().ended(0)
        });
        assert_eq!(result["output_lens"], json!(vec![16; 10]));
        assert_eq!((&result["backend"], &result["endpoint_type"]), (&json!(backend), &json!(backend)));
        let duration = result["duration"].as_f64().unwrap();
        let throughput = result["output_throughput"].as_f64().unwrap();
        assert!((throughput * duration - 160.0).abs() < 1e-6, "{throughput}");
    }
}

#[test]
fn the_simulator_inside_the_process_is_measured_too() {
    let args = ["--sim=--ttft 20 --itl 4", "--num-prompts", "5", "--random-output-len", "8", "--output-json", "-"];
    let truths = [("median_ttft_ms", 20.0), ("median_itl_ms", 4.0)];
    timed(&truths, || Llmbench::new().args(["serve"]).args(args).run().ended(0));
}

#[test]
fn keys_and_lines_are_the_references_in_its_order() {
    let (_sim, url) = simulator(&["--ttft", "20", "--itl", "2"]);
    let load = ["--request-rate", "100", "--max-concurrency", "8", "--goodput", "e2el:1000", "--metadata", "tp=2"];
    let outcome = Llmbench::serve_at(&url).args(load).run();
    let result = outcome.ended(0);
    let keys: Vec<&str> = result.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys[..KEYS.len()], KEYS);
    let mut expected = Vec::new();
    for metric in ["ttft", "tpot", "itl", "e2el"] {
        expected.extend(["mean", "median", "std", "p50", "p99"].map(|figure| format!("{figure}_{metric}_ms")));
    }
    assert_eq!(keys[KEYS.len() - 3..][..expected.len()], expected);
    let mut lines = outcome.stderr.lines();
    for wanted in LINES {
        assert!(lines.any(|line| line.starts_with(wanted)), "`{wanted}` is not in its place:\n{}", outcome.stderr);
    }
}

#[test]
fn goodput_counts_the_requests_that_keep_their_limits() {
    let (_sim, url) = simulator(&["--ttft", "30", "--itl", "2"]);
    let good = |limit: &str| Llmbench::serve_at(&url).args(["--goodput", limit]).run().ended(0);
    let all = good("ttft:10000");
    assert_eq!(all["request_goodput"], all["request_throughput"]);
    assert_eq!(good("ttft:10")["request_goodput"], 0.0);
    let both = Llmbench::serve_at(&url).args(["--goodput", "ttft:10", "e2el:10000"]).run().ended(0);
    assert_eq!(both["request_goodput"], 0.0, "every limit of the list counts");
}

#[test]
fn faults_of_the_simulator_are_told_by_class() {
    for (fault, class) in [
        ("reset=3@request:4", "reset"),
        ("cut=3@request:4", "truncated"),
        ("error-event=3@request:4", "error_event"),
        ("end-early=3@request:4", "truncated"),
        ("empty-stream@request:4", "no_output"),
        ("malformed=3@request:4", "malformed"),
        ("status=503@request:4", "http_status"),
    ] {
        let (_sim, url) = simulator(&["--ttft", "5", "--itl", "1", "--fault", fault]);
        let result = Llmbench::serve_at(&url).run().ended(0);
        assert_eq!((&result["completed"], &result["failures"]), (&json!(9), &json!({class: 1})), "{fault}");
    }
}
