//! What is said of points whose figures are read off EvalScope's own files, held against what EvalScope printed of them.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::workload::Point;
use super::*;
use crate::record::Task;

fn golden_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/evalscope/golden").join(name)
}

pub(super) fn golden(name: &str) -> String {
    std::fs::read_to_string(golden_path(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
}

pub(super) fn json(name: &str) -> Json {
    serde_json::from_str(&golden(name)).unwrap()
}

/// The points of a timeline.
pub(super) fn points_of(file: &Json) -> Vec<Point> {
    let point = |point: &Json| Point {
        at: point["t"].as_f64().unwrap(),
        prompt: point["cum_new_prompt"].as_u64().unwrap(),
        completion: point["cum_completion"].as_u64().unwrap(),
    };
    file["points"].as_array().unwrap().iter().map(point).collect()
}

/// The spread of a column of a file of percentiles, and its mean, both times `scale`.
fn spread(rows: &Json, key: &str, mean: Option<f64>, scale: f64) -> Option<Spread> {
    let values: Vec<f64> = rows.as_array()?.iter().filter_map(|row| Some(row[key].as_f64()? * scale)).collect();
    let mean = mean.unwrap_or(0.0) * scale;
    match values.len() {
        11 => {
            let ranks = values[1..10].try_into().unwrap();
            Some(Spread { mean, min: values[0], ranks, max: values[10], classic: [0.0; 10] })
        }
        10 => Some(Spread { mean, min: 0.0, ranks: [0.0; 9], max: 0.0, classic: values.try_into().unwrap() }),
        _ => None,
    }
}

/// How long a point took, to more digits than its file has: so many tokens, over how many that is a second.
fn seconds(summary: &Json, tokens: u64, key: &str) -> f64 {
    tokens as f64 / summary[key].as_f64().unwrap()
}

/// A point of the current version, of its three files.
pub(super) fn current_row(name: &str) -> Row {
    let (summary, rows) = (json(&format!("{name}.summary.json")), json(&format!("{name}.percentile.json")));
    let number = |key: &str| summary[key].as_f64();
    let of = |key: &str, mean: &str| spread(&rows, key, number(mean), 1.0);
    let of_ms = |key: &str, mean: &str| spread(&rows, key, number(mean), 0.001);
    let success = summary["Success Requests"].as_u64().unwrap();
    let tokens = |key: &str| (number(key).unwrap() * success as f64).round() as u64;
    let (input, output) = (tokens("Avg Input Tokens"), tokens("Avg Output Tokens"));
    Row {
        task: Task::Generation,
        duration: seconds(&summary, input + output, "Total Throughput (tok/s)"),
        concurrency: summary["Concurrency"].as_i64().and_then(|limit| u32::try_from(limit).ok()),
        rate: number("Request Rate (req/s)").filter(|rate| *rate > 0.0),
        total: summary["Total Requests"].as_u64().unwrap(),
        success,
        streamed: true,
        input_tokens: input,
        output_tokens: output,
        latency: of("Latency (s)", "Avg Latency (s)"),
        ttft: of_ms("TTFT (ms)", "Avg TTFT (ms)"),
        itl: of_ms("ITL (ms)", "Avg ITL (ms)"),
        tpot: of_ms("TPOT (ms)", "Avg TPOT (ms)"),
        input: of("Input tokens", "Avg Input Tokens"),
        output: of("Output tokens", "Avg Output Tokens"),
        output_rate: of("Output (tok/s)", ""),
        input_rate: None,
        total_rate: of("Total (tok/s)", ""),
        decode_rate: of("Decode (tok/s)", ""),
        tokens_a_piece: number("Avg Decoded Tok/Iter"),
        workload: Some(workload_of(&json(&format!("{name}.throughput.json")))),
        late: None,
        overloaded: false,
        causes: Vec::new(),
    }
}

fn workload_of(file: &Json) -> Workload {
    let rates = |key: &str| {
        let value = |row: usize| file["rows"][row][key].as_f64().unwrap();
        Rates { prompt: value(0), cached: Some(value(2)), completion: value(3) }
    };
    Workload {
        samples: file["n_samples"].as_u64().unwrap(),
        wall: file["wall_time_s"].as_f64().unwrap(),
        overall: rates("overall"),
        last: rates("last_window"),
        steady: rates("steady_state"),
    }
}

/// A point of the older versions, of its two files.
pub(super) fn classic_row(name: &str) -> Row {
    let (summary, rows) = (json(&format!("{name}.summary.json")), json(&format!("{name}.percentile.json")));
    let number = |key: &str| summary[key].as_f64();
    let of = |key: &str, mean: &str| spread(&rows, key, number(mean), 1.0);
    let success = summary["Succeed requests"].as_u64().unwrap();
    let tokens = |key: &str| (number(key).unwrap() * success as f64).round() as u64;
    let (input, output) = (tokens("Average input tokens per request"), tokens("Average output tokens per request"));
    Row {
        task: Task::Generation,
        duration: seconds(&summary, input + output, "Total token throughput (tok/s)"),
        concurrency: summary["Number of concurrency"].as_u64().map(|limit| limit as u32),
        rate: None,
        total: summary["Total requests"].as_u64().unwrap(),
        success,
        streamed: true,
        input_tokens: input,
        output_tokens: output,
        latency: of("Latency (s)", "Average latency (s)"),
        ttft: of("TTFT (s)", "Average time to first token (s)"),
        itl: of("ITL (s)", "Average inter-token latency (s)"),
        tpot: of("TPOT (s)", "Average time per output token (s)"),
        input: of("Input tokens", "Average input tokens per request"),
        output: of("Output tokens", "Average output tokens per request"),
        output_rate: of("Output (tok/s)", ""),
        input_rate: None,
        total_rate: of("Total (tok/s)", ""),
        decode_rate: None,
        tokens_a_piece: None,
        workload: None,
        late: None,
        overloaded: false,
        causes: Vec::new(),
    }
}

/// The points of a sweep of the current version.
pub(super) fn sweep(name: &str, points: &[&str]) -> Vec<Row> {
    points.iter().map(|point| current_row(&format!("{name}_{point}"))).collect()
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn overall<'a>(profile: Profile, rows: &'a [Row], output_path: &'a str) -> Overall<'a> {
    Overall {
        profile,
        lang: Lang::En,
        model: "tiny",
        dataset: "random",
        api: "openai",
        endpoint: "127.0.0.1:8812",
        output_path: Some(output_path),
        rows,
    }
}

#[test]
fn the_tables_of_a_point_are_the_reference_s_to_the_byte() {
    for name in ["sweep_1", "sweep_10", "failures_4", "vllm_10"] {
        let shown = text(|out| point(&current_row(name), Profile::Current, Lang::En, out));
        assert_eq!(shown, golden(&format!("{name}.console.txt")), "{name}");
    }
    for name in ["classic_failing_1", "classic_failing_10"] {
        let shown = text(|out| point(&classic_row(name), Profile::Classic, Lang::En, out));
        assert_eq!(shown, golden(&format!("{name}.console.txt")), "{name}");
    }
}

#[test]
fn the_summary_of_several_points_is_the_reference_s_to_the_byte() {
    let cases = [
        ("sweep", ["1", "10"], "127.0.0.1:8812", "outputs/20261125_222731/tiny"),
        ("vllm", ["1", "10"], "127.0.0.1:8811", "outputs/20261125_224804/tiny"),
        ("failures", ["2", "4"], "127.0.0.1:8813", "outputs/20261125_225046/tiny"),
        ("open", ["5", "20"], "127.0.0.1:8812", "out/tiny"),
    ];
    for (name, points, endpoint, path) in cases {
        let rows = sweep(name, &points);
        let shown = text(|out| Overall { endpoint, ..overall(Profile::Current, &rows, path) }.write(out));
        assert_eq!(shown, golden(&format!("{name}.summary.txt")), "{name}");
    }
}

#[test]
fn the_summary_of_the_older_versions_is_theirs_to_the_byte() {
    let cases: [(&str, &[&str], &str); 2] = [
        ("classic_failing", &["1", "10"], "outputs/20261126_000011/qwen3-32b"),
        ("classic_sweep", &["1", "10", "50"], "outputs/20261125_235932/qwen3-32b"),
    ];
    for (name, points, path) in cases {
        let rows: Vec<Row> = points.iter().map(|point| classic_row(&format!("{name}_{point}"))).collect();
        let shown = text(|out| Overall { model: "qwen3-32b", ..overall(Profile::Classic, &rows, path) }.write(out));
        assert_eq!(shown, golden(&format!("{name}.summary.txt")), "{name}");
    }
}
