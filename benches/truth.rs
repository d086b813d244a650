//! What the client adds to the truth, and what it costs: a simulator with dictated times on one core, the client on another.
//!
//! `cargo bench --bench truth` prints a row a load, with the simulator's own lateness beside it: what it was late by is in
//! the client's figures and is no error of theirs. Of three runs of a paced load the one is shown in which the simulator was
//! disturbed least. Words after `--` choose rows by name. With `LLMBENCH_PEER` (a program that
//! takes the flags of `vllm bench serve` after `bench serve`) and `LLMBENCH_PEER_TOKENIZER` the peer runs
//! beside it.
//! Nothing here fails on a slow machine: it measures, people judge.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[cfg(target_os = "linux")]
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_llmbench");

/// One load and what to say about it.
struct Row {
    name: &'static str,
    sim: &'static str,
    prompts: Prompts,
    output: u32,
    count: u32,
    load: &'static str,
    show: fn(&Measured) -> String,
}

/// Where a row's prompts come from. All but the last are made before the clock, so that the row holds sending alone.
#[derive(Clone, Copy)]
enum Prompts {
    Short,
    /// Of 50,000 tokens, at some five bytes a token.
    Long,
    /// Made by a tokenizer while the run goes on.
    Random,
}

/// What a run gave.
struct Measured {
    result: Value,
    sim: Value,
    /// Mean dictated time to first token and between tokens.
    ttft: f64,
    itl: f64,
}

const ROWS: [Row; 10] = [
    Row {
        name: "drain",
        sim: "--ttft 0 --whole --compact",
        prompts: Prompts::Short,
        output: 1000,
        count: 5000,
        load: "--max-concurrency 100",
        show: per_token,
    },
    Row {
        name: "one-token",
        sim: "--ttft 0 --compact",
        prompts: Prompts::Short,
        output: 1,
        count: 100_000,
        load: "--max-concurrency 256",
        show: per_request,
    },
    Row {
        name: "1000x50",
        sim: "--ttft 100 --itl 20 --spin 0",
        prompts: Prompts::Short,
        output: 500,
        count: 1000,
        load: "",
        show: streams,
    },
    Row {
        name: "5000x10",
        sim: "--ttft 100 --itl 100 --spin 0",
        prompts: Prompts::Short,
        output: 100,
        count: 5000,
        load: "",
        show: streams,
    },
    Row {
        name: "poisson-2000",
        sim: "--ttft 10 --itl 10 --spin 0",
        prompts: Prompts::Short,
        output: 4,
        count: 20_000,
        load: "--request-rate 2000 --save-detailed",
        show: arrivals,
    },
    Row {
        name: "poisson-5000",
        sim: "--ttft 10 --itl 10 --spin 0",
        prompts: Prompts::Short,
        output: 4,
        count: 50_000,
        load: "--request-rate 5000 --save-detailed",
        show: arrivals,
    },
    Row {
        name: "long-prompts",
        sim: "--ttft 0 --whole --compact",
        prompts: Prompts::Long,
        output: 1,
        count: 5000,
        load: "--max-concurrency 50",
        show: per_request,
    },
    Row {
        name: "million",
        sim: "--ttft 0 --whole --compact",
        prompts: Prompts::Random,
        output: 1,
        count: 1_000_000,
        load: "--random-input-len 4 --max-concurrency 256",
        show: per_request,
    },
    Row {
        name: "first-of-100000",
        sim: "--ttft 0 --whole",
        prompts: Prompts::Random,
        output: 1,
        count: 100_000,
        load: "--random-input-len 1024 --max-concurrency 256 --duration 2",
        show: first_sent,
    },
    Row {
        name: "closed-loop-1",
        sim: "--ttft 5 --itl 1",
        prompts: Prompts::Short,
        output: 100,
        count: 50,
        load: "--max-concurrency 1",
        show: streams,
    },
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let dir = std::env::temp_dir().join(format!("llmbench-truth-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("the temporary directory can be written");
    for row in ROWS.iter().filter(|row| wanted.is_empty() || wanted.iter().any(|word| word == row.name)) {
        say(&format!("{:<16} {}", row.name, (row.show)(&quietest(row, &dir))));
        if let (Ok(peer), Ok(tokenizer)) = (std::env::var("LLMBENCH_PEER"), std::env::var("LLMBENCH_PEER_TOKENIZER")) {
            say(&format!("{:<16} {}", "  peer", peer_beside(row, &dir, &peer, &tokenizer)));
        }
    }
    fs::remove_dir_all(&dir).expect("the temporary directory is ours");
}

/// The run of three in which the simulator was late least; loads without pacing run once.
fn quietest(row: &Row, dir: &Path) -> Measured {
    let tries = if row.sim.contains("--itl") { 3 } else { 1 };
    let disturbed = |m: &Measured| late(m, "first_token_late_ms", "p99") + late(m, "later_token_late_ms", "p99.5");
    let runs = (0..tries).map(|_| measure(row, dir));
    runs.min_by(|a, b| disturbed(a).total_cmp(&disturbed(b))).expect("there is one run at least")
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout takes the table");
}

fn measure(row: &Row, dir: &Path) -> Measured {
    let sim = Sim::start(row.sim);
    let result = dir.join(format!("{}.json", row.name));
    on_core(1);
    let mut command = Command::new(BINARY);
    command.args(["serve", "--model", "sim", "--base-url", &sim.url, "--temperature", "0", "--seed", "7"]);
    command.arg("--no-side-calls");
    command.args(["--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", "0.5,50,99,99.5"]);
    command.args(["--num-prompts", &row.count.to_string(), "--output-len", &row.output.to_string()]);
    command.arg("--output-json").arg(&result).args(row.load.split_whitespace()).args(prompts(
        row.prompts,
        row.count,
        dir,
    ));
    match row.prompts {
        Prompts::Random => command.args(["--tokenizer", "builtin"]),
        Prompts::Short | Prompts::Long => command.arg("--skip-tokenizer-init"),
    };
    let begun = monotonic();
    let output = command.stdin(Stdio::null()).output().expect("the client starts");
    let took = monotonic() - begun;
    assert!(output.status.success(), "{}: {}", row.name, String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&result).expect("the client wrote its result");
    let mut value: Value = serde_json::from_str(&text).expect("the result is JSON");
    value["wall_seconds"] = Value::from(took);
    let flag = |name: &str| row.sim.split_whitespace().skip_while(|word| *word != name).nth(1).map_or(0.0, number);
    Measured { result: value, sim: sim.stop(), ttft: flag("--ttft"), itl: flag("--itl") }
}

fn number(text: &str) -> f64 {
    text.parse().expect("the rows hold numbers")
}

fn monotonic() -> f64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).expect("the clock can be read");
    now.tv_sec() as f64 + now.tv_nsec() as f64 / 1e9
}

/// The flags of a row's prompts, their file written where they need one.
fn prompts(prompts: Prompts, count: u32, dir: &Path) -> Vec<String> {
    let (name, text, lines) = match prompts {
        Prompts::Random => return Vec::new(),
        Prompts::Short => ("short.jsonl", "a short prompt".to_string(), count),
        Prompts::Long => ("long.jsonl", "lorem ipsum dolor sit amet ".repeat(9_260), 50),
    };
    let path: PathBuf = dir.join(name);
    let mut file = std::io::BufWriter::new(fs::File::create(&path).expect("the temporary directory can be written"));
    for line in 0..lines {
        writeln!(file, r#"{{"prompt": "{line} {text}"}}"#).expect("the temporary directory has room");
    }
    let path = path.to_str().expect("the temporary directory has a plain name");
    ["--dataset-name", "custom", "--skip-chat-template", "--dataset-path", path].map(String::from).to_vec()
}

fn key(measured: &Measured, name: &str) -> f64 {
    measured.result[name].as_f64().unwrap_or(f64::NAN)
}

/// A quantile of how late the simulator wrote its first or its later tokens, in ms.
fn late(measured: &Measured, which: &str, quantile: &str) -> f64 {
    measured.sim[which][quantile].as_f64().unwrap_or(f64::NAN)
}

fn cost(measured: &Measured, per: &str) -> f64 {
    key(measured, "client_cpu_seconds") * 1e6 / key(measured, per)
}

fn megabytes(measured: &Measured) -> f64 {
    key(measured, "client_max_rss_bytes") / 1e6
}

fn per_token(m: &Measured) -> String {
    let rate = key(m, "output_throughput") / 1e6;
    format!("{:.3} µs CPU a token, {rate:.2} M tokens/s, {:.0} MB", cost(m, "total_output_tokens"), megabytes(m))
}

fn per_request(m: &Measured) -> String {
    let rate = key(m, "request_throughput");
    format!("{:.1} µs CPU a request, {rate:.0} requests/s, {:.0} MB", cost(m, "completed"), megabytes(m))
}

fn first_sent(m: &Measured) -> String {
    // The run lasts two seconds from the start of sending; what came before is the wait for the first prompts.
    let before = key(m, "wall_seconds") - key(m, "duration");
    format!("{before:.2} s from the command to the end that were not sending, {} requests in 2 s", key(m, "completed"))
}

/// The 99th percentile of the error of gaps is the larger of their two half percents, since errors go both ways.
fn streams(m: &Measured) -> String {
    let ttft = key(m, "p99_ttft_ms") - m.ttft;
    let itl = (key(m, "p99.5_itl_ms") - m.itl).max(m.itl - key(m, "p0.5_itl_ms"));
    let (first, later) = (late(m, "first_token_late_ms", "p99"), late(m, "later_token_late_ms", "p99.5"));
    format!(
        "{:.1} µs CPU a token, {:.0} MB; TTFT error p99 {ttft:.3} ms (simulator late {first:.3}: {:.3} are the client's); \
         ITL error p99 {itl:.3} ms (simulator late p99.5 {later:.3}); merged {}",
        cost(m, "total_output_tokens"),
        megabytes(m),
        ttft - first,
        key(m, "merged_chunks"),
    )
}

fn arrivals(m: &Measured) -> String {
    let mut sent: Vec<f64> = list(&m.result["start_times"]);
    sent.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
    format!(
        "lateness p50 {:.3}, p99 {:.3}, max {:.3} ms; coefficient of variation {:.3}; {:.1} µs CPU a request",
        key(m, "p50_send_lateness_ms"),
        key(m, "p99_send_lateness_ms"),
        key(m, "max_send_lateness_ms"),
        deviation / mean,
        cost(m, "completed"),
    )
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().map_or(Vec::new(), |items| items.iter().filter_map(Value::as_f64).collect())
}

/// The peer under the same load: its whole CPU time, its own loading and prompts included.
fn peer_beside(row: &Row, dir: &Path, peer: &str, tokenizer: &str) -> String {
    if matches!(row.prompts, Prompts::Random) {
        return "left out: it would check the prompts against the simulator's tokenizer, which is another one".into();
    }
    let sim = Sim::start(row.sim);
    on_core(1);
    let load = row.load.split_whitespace().filter(|word| *word != "--save-detailed");
    let before = children_cpu();
    let mut command = Command::new(peer);
    command.args(["bench", "serve", "--backend", "openai", "--endpoint", "/v1/completions", "--base-url", &sim.url]);
    command.args(["--model", "sim", "--tokenizer", tokenizer]).args(prompts(row.prompts, row.count, dir));
    command.args(["--output-len", &row.output.to_string(), "--num-prompts", &row.count.to_string(), "--save-result"]);
    command.args(["--result-dir", &dir.to_string_lossy(), "--result-filename", "peer.json"]).args(load);
    let output = command.stdin(Stdio::null()).output().expect("the peer starts");
    let cpu = children_cpu() - before;
    let result = dir.join("peer.json");
    let text = fs::read_to_string(&result).and_then(|text| fs::remove_file(&result).map(|()| text));
    let Ok(result) = text.map(|text| serde_json::from_str(&text).unwrap_or(Value::Null)) else {
        return format!("no result: {}", String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default());
    };
    let measured = Measured { result, sim: sim.stop(), ttft: 0.0, itl: 0.0 };
    let tokens = key(&measured, "total_output_tokens");
    format!(
        "{:.3} µs CPU a token, {:.1} a request; p99 TTFT {:.3} ms (simulator late {:.3}), p99 ITL {:.3} ms (late {:.3})",
        cpu * 1e6 / tokens,
        cpu * 1e6 / key(&measured, "completed"),
        key(&measured, "p99_ttft_ms"),
        late(&measured, "first_token_late_ms", "p99"),
        key(&measured, "p99_itl_ms"),
        late(&measured, "later_token_late_ms", "p99"),
    )
}

fn children_cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts CPU time");
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Binds this process, and what it starts from now on, to one core, where there is more than one and the system can.
#[cfg(target_os = "linux")]
fn on_core(core: usize) {
    let mut cores = CpuSet::new();
    if cores.set(core).is_ok() {
        // On a machine of one core both share it, and the figures say so.
        let _ = sched_setaffinity(Pid::from_raw(0), &cores);
    }
}

#[cfg(not(target_os = "linux"))]
fn on_core(_core: usize) {}

/// A simulator in a process of its own.
struct Sim {
    child: Child,
    url: String,
}

impl Sim {
    fn start(flags: &str) -> Self {
        on_core(0);
        let mut command = Command::new(BINARY);
        command.args(["sim", "--port", "0"]).args(flags.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the simulator starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the simulator says where it listens");
        let url = line.trim().strip_prefix("listening on ").expect("the simulator says where it listens").to_string();
        Sim { child, url }
    }

    /// Its account, after which it is stopped.
    fn stop(mut self) -> Value {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).expect("the simulator listens");
        write!(stream, "GET /sim/stats HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n")
            .expect("the simulator reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the simulator answers");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let stats = serde_json::from_str(body).expect("the account is JSON");
        self.child.kill().expect("the simulator is ours");
        self.child.wait().expect("the simulator ends");
        stats
    }
}
