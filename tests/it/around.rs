//! What the server is asked and told around a run: its count of tokens, its counters, its profiler, its prefix cache.

use std::net::TcpListener;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::command::{Llmbench, Outcome};
use crate::raw::get;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, answer, refusal, stream};
use crate::truth::simulator;

const MEDIA: &str = "application/json";

/// A server whose tokens are characters: it has a model `m`, a counter, and no profiler.
pub(crate) fn server() -> Server {
    scripted(|request| match request.json()["model"].as_str() {
        Some("m") => None,
        _ => Some(refusal("404 Not Found", MEDIA, "{}")),
    })
}

/// A server that answers `/tokenize` as `first` says, else by characters.
fn scripted(first: impl Fn(&Request) -> Option<Script> + Send + Sync + 'static) -> Server {
    let ok = |body: serde_json::Value| refusal("200 OK", MEDIA, &body.to_string());
    Server::start(Cut::Whole, move |request: &Request| match request.target.as_str() {
        "/tokenize" => first(request).unwrap_or_else(|| {
            let prompt = request.json()["prompt"].as_str().unwrap().to_owned();
            ok(json!({"tokens": prompt.chars().map(u32::from).collect::<Vec<u32>>()}))
        }),
        "/detokenize" => {
            let tokens = request.json()["tokens"].as_array().unwrap().clone();
            let char = |id: &serde_json::Value| char::from_u32(u32::try_from(id.as_u64().unwrap()).unwrap()).unwrap();
            ok(json!({"prompt": tokens.iter().map(char).collect::<String>()}))
        }
        "/metrics" => refusal("200 OK", "text/plain", "vllm:num_requests_running 2\n"),
        "/start_profile" | "/reset_prefix_cache" => refusal("404 Not Found", MEDIA, "{}"),
        _ => stream(&answer(Dialect::Completions, 2)),
    })
}

/// The prompts that were sent, in the order of the plan, and all that was sent around them.
fn sent(server: &Server) -> (Vec<String>, Vec<Request>) {
    let (prompts, around): (Vec<Request>, Vec<Request>) =
        server.requests().into_iter().partition(|request| request.target == "/v1/completions");
    (prompts.iter().map(|request| request.json()["prompt"].as_str().unwrap().to_owned()).collect(), around)
}

fn run(server: &Server, args: &[&str]) -> Outcome {
    let outcome = Llmbench::talking(&server.url()).args(["--max-concurrency", "1"]).args(args).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    outcome
}

fn targets(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.target.as_str()).collect()
}

#[test]
fn prompts_are_cut_to_the_servers_count_in_order_before_the_run() {
    let (plain, aligned) = (server(), server());
    run(&plain, &["--no-side-calls"]);
    let many = ["--num-prompts", "150", "--api-key", "sk-1", "--header", "X-Team=a"];
    let outcome = run(&aligned, &many);
    assert!(outcome.stderr.contains("tokens in the first prompt and not 8"), "{}", outcome.stderr);
    let (asked, around) = (sent(&plain).0, sent(&aligned).1);
    assert_eq!(sent(&plain).1.len(), 0, "no side calls were made");
    let (cut, _) = sent(&aligned);
    assert_eq!(cut.len(), 150);
    for (prompt, whole) in cut.iter().zip(&asked) {
        assert_eq!(*prompt, whole.chars().take(8).collect::<String>());
    }
    assert!(cut.iter().filter(|prompt| prompt.chars().count() == 8).count() > 140, "{cut:?}");
    let tokenized: Vec<&Request> = around.iter().filter(|request| request.target == "/tokenize").collect();
    assert_eq!(tokenized.len(), 151, "the first is asked about twice");
    assert!(tokenized.iter().all(|request| request.json()["add_special_tokens"] == false));
    assert!(around.iter().all(|request| request.header("authorization") == Some("Bearer sk-1")));
    assert!(around.iter().all(|request| request.header("x-team") == Some("a")));
    let all = server_order(&aligned);
    assert!(
        all.iter().rposition(|target| target.ends_with("tokenize")) < all.iter().position(|t| t == "/v1/completions")
    );
    assert!(aligned.most_busy() <= 64, "{}", aligned.most_busy());
}

fn server_order(server: &Server) -> Vec<String> {
    server.requests().into_iter().map(|request| request.target).collect()
}

#[test]
fn prompts_that_fit_are_asked_about_once_and_sent_as_they_are() {
    let eight = || refusal("200 OK", MEDIA, &json!({"tokens": vec![1; 8]}).to_string());
    let (plain, fitting) = (server(), scripted(move |_| Some(eight())));
    run(&plain, &["--no-side-calls"]);
    let outcome = run(&fitting, &[]);
    let (prompts, around) = sent(&fitting);
    assert_eq!(prompts, sent(&plain).0);
    assert_eq!(targets(&around), ["/tokenize", "/metrics", "/metrics"]);
    assert!(!outcome.stderr.contains("server's tokenizer"), "{}", outcome.stderr);
}

#[test]
fn a_server_that_cannot_be_asked_is_named_with_the_reason() {
    let table = [
        (refusal("404 Not Found", MEDIA, "{}"), "status 404: there is no such path, or no model `m`"),
        (refusal("503 Service Unavailable", MEDIA, "{}"), "`/tokenize` answered with status 503"),
        (refusal("200 OK", MEDIA, "<html>"), "did not answer with JSON"),
        (refusal("200 OK", MEDIA, r#"{"tokens": "many"}"#), "without a list of ids"),
        (refusal("200 OK", MEDIA, r#"{"tokens": []}"#), "it answers with no tokens"),
    ];
    for (script, reason) in table {
        let server = scripted(move |_| Some(script.clone()));
        let outcome = run(&server, &[]);
        let warning = "prompts are not checked against the server's tokenizer: ";
        assert!(outcome.stderr.contains(warning) && outcome.stderr.contains(reason), "{reason}: {}", outcome.stderr);
        assert_eq!(sent(&server).0.len(), 10);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = Llmbench::talking(&url).run();
    assert_eq!(outcome.status, Some(1));
    assert!(outcome.stderr.contains("tokenizer: it cannot be reached: "), "{}", outcome.stderr);
}

#[test]
fn prompts_that_cannot_be_cut_are_sent_whole_and_counted() {
    let server =
        scripted(|request| (request.number % 3 == 1).then(|| refusal("500 Internal Server Error", MEDIA, "{}")));
    let outcome = run(&server, &[]);
    let (prompts, _) = sent(&server);
    assert_eq!(prompts.len(), 10);
    assert!(outcome.stderr.contains("prompts are not cut to the server's count"), "{}", outcome.stderr);
    assert!(prompts.iter().any(|prompt| prompt.chars().count() > 8));
}

#[test]
fn the_served_name_is_tried_where_the_model_is_unknown() {
    let server = server();
    run(&server, &["--model", "path/to/m", "--served-model-name", "m"]);
    let (prompts, around) = sent(&server);
    assert!(prompts.iter().all(|prompt| prompt.chars().count() <= 8), "{prompts:?}");
    let models: Vec<_> = around.iter().take(2).map(|request| request.json()["model"].clone()).collect();
    assert_eq!(models, ["path/to/m", "m"]);
}

#[test]
fn prompts_of_the_users_own_are_never_cut() {
    let server = server();
    let bench = Llmbench::talking(&server.url());
    std::fs::write(bench.dir().join("p.jsonl"), "{\"prompt\": \"a prompt of some length\"}\n").unwrap();
    let args = ["--dataset-name", "custom", "--dataset-path", "p.jsonl", "--num-prompts", "1", "--skip-chat-template"];
    assert_eq!(bench.args(args).run().status, Some(0));
    let (prompts, around) = sent(&server);
    assert_eq!((prompts[0].as_str(), targets(&around)), ("a prompt of some length", vec!["/metrics", "/metrics"]));
}

#[test]
fn alignment_waits_until_the_server_is_ready() {
    let server = scripted(|_| None);
    let outcome = run(&server, &["--ready-check-timeout-sec", "5", "--num-warmups", "2"]);
    let order = server_order(&server);
    assert_eq!((order[0].as_str(), order[1].as_str()), ("/v1/completions", "/tokenize"), "{}", outcome.stderr);
    let (prompts, _) = sent(&server);
    assert!(prompts[0].chars().count() > 8, "the ready check comes first");
    assert!(prompts[1..].iter().all(|prompt| prompt.chars().count() <= 8), "{prompts:?}");
}

#[test]
fn counters_are_read_right_before_the_run_and_right_after_it() {
    let server = scripted(|_| None);
    run(&server, &["--num-warmups", "1", "--api-key", "sk-1"]);
    let order = server_order(&server);
    let at: Vec<usize> = (0..order.len()).filter(|&index| order[index] == "/metrics").collect();
    assert_eq!(at, [order.len() - 12, order.len() - 1], "{order:?}");
    assert!(server.requests()[at[0]].header("authorization").is_some());
}

#[test]
fn the_simulator_is_profiled_and_reset_around_the_run() {
    let (_sim, url) = simulator(&["--ttft", "5", "--itl", "1"]);
    let outcome = Llmbench::plain(&url).args(["--profile", "--reset-prefix-cache"]).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let stats = get(&url, "/sim/stats").json();
    for (key, count) in [("profile_starts", 1), ("profile_stops", 1), ("prefix_resets", 1), ("requests", 10)] {
        assert_eq!(stats[key], count, "{key}");
    }
    let mut lines = outcome.stdout.lines();
    for line in [
        "Starting profiler...",
        "Profiler started",
        "Traffic request rate: inf",
        "============ S",
        "Stopping profiler...",
        "Profiler stopped",
    ] {
        assert!(lines.any(|have| have.starts_with(line)), "`{line}` is not in its place:\n{}", outcome.stdout);
    }
}

#[test]
fn a_profiler_can_wait_until_enough_requests_are_running() {
    let (_sim, url) = simulator(&["--ttft", "500", "--itl", "20"]);
    let busy = ["--max-concurrency", "4", "--profile", "--profile-duration", "0.2", "--profile-batch-threshold"];
    let outcome = Llmbench::plain(&url).args(busy).args(["4"]).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let stats = get(&url, "/sim/stats").json();
    assert_eq!((&stats["profile_starts"], &stats["profile_stops"]), (&json!(1), &json!(1)));
    assert!(outcome.stdout.ends_with("Profiler started\nProfiler stopped\n"), "{}", outcome.stdout);
    let outcome = Llmbench::plain(&url).args(busy).args(["5"]).run();
    assert!(
        outcome.stderr.contains("the profiler did not start: at most 4 requests were running"),
        "{}",
        outcome.stderr
    );
    assert_eq!(get(&url, "/sim/stats").json()["profile_starts"], 1);
}

#[test]
fn a_profiler_that_does_not_start_is_a_warning() {
    let server = server();
    let outcome = run(&server, &["--profile", "--no-side-calls"]);
    assert!(outcome.stderr.contains("the profiler did not start: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("status 404"), "{}", outcome.stderr);
    assert_eq!(targets(&sent(&server).1), ["/start_profile"]);
}

#[test]
fn a_cache_that_cannot_be_reset_ends_the_run_before_its_first_request() {
    let server = server();
    let outcome = Llmbench::plain(&server.url()).args(["--reset-prefix-cache"]).run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot reset the server's prefix cache: "), "{}", outcome.stderr);
    assert_eq!(server_order(&server), ["/reset_prefix_cache"]);
}

#[test]
fn what_the_server_counts_stands_in_the_result_with_a_warning_of_its_cache() {
    let (_sim, url) = simulator(&[
        "--ttft",
        "2",
        "--itl",
        "0",
        "--prefix-cache",
        "9999",
        "--spec-decode",
        "4:0.5",
        "--diffusion",
        "8:4",
    ]);
    let bench = Llmbench::talking(&url);
    std::fs::write(bench.dir().join("p.jsonl"), format!("{{\"prompt\": \"{}\"}}\n", " the".repeat(160))).unwrap();
    let args =
        ["--dataset-name", "custom", "--dataset-path", "p.jsonl", "--skip-chat-template", "--max-concurrency", "1"];
    let outcome = bench.args(args).args(["--custom-output-len", "16", "--output-json", "-"]).run();
    let result = outcome.ended(0);
    assert_eq!((&result["prefix_cache_queries"], &result["prefix_cache_hits"]), (&json!(1600), &json!(9 * 144)));
    assert!(
        outcome.stderr.contains("81 % of the prompt tokens came out of the server's prefix cache"),
        "{}",
        outcome.stderr
    );
    assert_eq!((&result["spec_decode_num_drafts"], &result["spec_decode_accepted_tokens"]), (&json!(53), &json!(104)));
    assert_eq!(result["spec_decode_per_position_acceptance_rates"].as_array().unwrap().len(), 4, "{result}");
    assert_eq!(result["diffusion_committed_tokens"], 160);
}

#[test]
fn a_signal_ends_the_wait_for_what_the_server_was_told() {
    const WHOLE: &[&str] = &["--profile"];
    const BUSY: &[&str] = &["--profile", "--profile-batch-threshold", "1", "--profile-duration", "0.1"];
    // The path that is silent, its flags, and how many requests have ended by then.
    let table: &[(&str, &[&str], usize)] = &[
        ("/reset_prefix_cache", &["--reset-prefix-cache"], 0),
        ("/start_profile", WHOLE, 0),
        ("/stop_profile", WHOLE, 10),
        ("/start_profile", BUSY, 10),
        ("/stop_profile", BUSY, 10),
    ];
    for &(silent, flags, ended) in table {
        let server = Server::start(Cut::Whole, move |request: &Request| match request.target.as_str() {
            path if path == silent => Script { steps: Vec::new(), end: End::Hang },
            "/metrics" => refusal("200 OK", "text/plain", "vllm:num_requests_running 2\n"),
            "/start_profile" => refusal("200 OK", MEDIA, "{}"),
            _ => stream(&answer(Dialect::Completions, 2)),
        });
        let files = ["--save-result", "--result-filename", "r.json"];
        let running = Llmbench::talking(&server.url()).args(flags).args(files).spawn();
        until(|| sent(&server).0.len() == ended && targets(&sent(&server).1).contains(&silent));
        std::thread::sleep(Duration::from_millis(300));
        running.signal(Signal::SIGINT);
        let outcome = running.wait();
        assert_eq!(outcome.status, Some(130), "{silent} {flags:?}: {}", outcome.stderr);
        assert!(outcome.took < Duration::from_secs(10), "{silent} {flags:?}: {:?}", outcome.took);
        let told = format!("llmbench: stopping: the server has not answered `{silent}`");
        assert!(outcome.stderr.contains(&told), "{silent} {flags:?}: {}", outcome.stderr);
        let saved: Vec<_> = outcome.dir.files().into_iter().map(|(_, text)| text).collect();
        assert_eq!(saved.iter().filter(|text| text.contains("\"completed\": 10")).count(), ended / 10, "{saved:?}");
    }
}

/// Waits until something is so.
fn until(so: impl Fn() -> bool) {
    let never = (0..2000).all(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !so()
    });
    assert!(!never, "it did not come to be within 20 s");
}
