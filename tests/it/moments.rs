//! When things happen: limits of concurrency, schedules, the end of a run by time, by signal, by a server that comes late.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::command::Llmbench;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, answer, stream, tokens};
use crate::wire::timed;

fn sixteen(_: &Request) -> Script {
    stream(&answer(Dialect::Completions, 16))
}

#[test]
fn a_limit_of_concurrency_is_exact() {
    let server = Server::start(Cut::Paced, sixteen);
    let result = Llmbench::serve(&server).args(["--max-concurrency", "4", "--num-prompts", "14"]).run().ended(0);
    assert_eq!((&result["peak_in_flight"], &result["max_concurrency"]), (&json!(4), &json!(4)));
    assert!(server.most_busy() <= 4, "{}", server.most_busy());
    assert_eq!(result["completed"], 14);
}

#[test]
fn waiting_for_a_slot_counts_from_the_schedule_and_not_in_the_servers_time() {
    let server = Server::start(Cut::Paced, sixteen);
    let load = ["--request-rate", "40", "--burstiness", "inf", "--max-concurrency", "2", "--num-prompts", "12"];
    let metrics = ["--percentile-metrics", "ttft,tpot,itl,e2el,client_queue_time,e2el_including_client_queue"];
    // Request i is due after 25 (i + 1) ms, and pair k goes out 200 k ms after the first: 150 k ms late, 375 on average.
    let truths = [("median_e2el_ms", 200.0), ("mean_e2el_from_due_ms", 575.0), ("mean_client_queue_time_ms", 375.0)];
    let result = timed(&truths, || Llmbench::serve(&server).args(load).args(metrics).run().ended(0));
    let of = |key: &str| result[key].as_f64().unwrap();
    let whole = of("mean_e2el_ms") + of("mean_client_queue_time_ms");
    assert!((of("mean_e2el_including_client_queue_ms") - whole).abs() < 1.0);
    assert!((of("mean_e2el_from_due_ms") - whole).abs() < 5.0);
    assert!(of("mean_ttft_from_due_ms") > of("mean_ttft_ms") + 250.0);
}

#[test]
fn a_duration_ends_the_starts_and_not_the_requests_in_flight() {
    let server = Server::start(Cut::Paced, sixteen);
    let load = ["--request-rate", "20", "--burstiness", "inf", "--duration", "0.5", "--num-prompts", "100"];
    let result = Llmbench::serve(&server).args(load).run().ended(0);
    let completed = result["completed"].as_u64().unwrap();
    assert!((8..=12).contains(&completed), "{completed}");
    assert_eq!((&result["failed"], server.requests().len() as u64), (&json!(0), completed));
    assert_eq!((&result["num_prompts"], &result["burstiness"]), (&json!(100), &json!("inf")));
}

#[test]
fn the_first_signal_lets_requests_in_flight_end_and_reports() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let server = Server::start(Cut::Paced, |request: &Request| match request.number {
            0..4 => stream(&answer(Dialect::Completions, 4)),
            _ => stream(&answer(Dialect::Completions, 40)),
        });
        let load = ["--max-concurrency", "4", "--num-prompts", "100"];
        let files = ["--save-result", "--result-filename", "r.json"];
        let running = Llmbench::serve(&server).args(load).args(files).spawn();
        server.wait_for(8);
        running.signal(signal);
        let outcome = running.wait();
        let result = outcome.ended(130);
        assert_eq!((&result["partial"], &result["planned"]), (&json!(true), &json!(100)));
        assert_eq!((&result["completed"], &result["failed"]), (&json!(8), &json!(0)), "{signal:?}");
        assert!(outcome.stderr.contains("Successful requests:                     8"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("stopped after 8 of 100"), "{}", outcome.stderr);
        let saved = outcome.dir.files();
        assert_eq!(saved.len(), 1, "{saved:?}");
        assert_eq!(saved[0].1.trim(), outcome.stdout.trim());
    }
}

#[test]
fn the_second_signal_leaves_at_once_with_what_there_is() {
    let server = Server::start(Cut::Paced, |request: &Request| match request.number {
        0..4 => stream(&answer(Dialect::Completions, 4)),
        _ => {
            let mut script = stream(&tokens(Dialect::Completions, 3));
            script.steps.pop();
            Script { end: End::Hang, ..script }
        }
    });
    let running = Llmbench::serve(&server).args(["--max-concurrency", "4", "--num-prompts", "100"]).spawn();
    server.wait_for(8);
    thread::sleep(Duration::from_millis(200));
    running.signal(Signal::SIGINT);
    thread::sleep(Duration::from_millis(200));
    running.signal(Signal::SIGINT);
    let outcome = running.wait();
    assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
    let result = outcome.ended(130);
    assert_eq!((&result["completed"], &result["failures"]), (&json!(4), &json!({"cancelled": 4})));
    assert_eq!(result["partial"], true);
}

#[test]
fn a_server_that_comes_up_late_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let running = Llmbench::serve_at(&format!("http://{address}")).args(["--ready-check-timeout-sec", "20"]).spawn();
    thread::sleep(Duration::from_millis(500));
    let server = Server::on(TcpListener::bind(address).unwrap(), Cut::Whole, sixteen);
    let outcome = running.wait();
    assert_eq!(outcome.ended(0)["completed"], 10);
    assert_eq!(server.requests().len(), 11, "one for the check, and those of the run");
    assert!(outcome.stderr.contains("Initial test run completed."), "{}", outcome.stderr);
    let waited = "llmbench: not ready yet: connect to ";
    assert_eq!(outcome.stderr.matches(waited).count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_server_that_never_comes_up_ends_the_wait() {
    let server = Server::start(Cut::Whole, |_: &Request| crate::stream::refusal("503 Busy", "text/plain", "loading"));
    let outcome = Llmbench::serve(&server).args(["--ready-check-timeout-sec", "1"]).run();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(
        outcome.stderr.contains("llmbench: the server was not ready within 1 s: HTTP 503 Busy: loading\nhint: "),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_server_that_takes_requests_and_says_nothing_ends_the_wait_too() {
    let server = Server::start(Cut::Paced, |_: &Request| Script { steps: Vec::new(), end: End::Hang });
    let outcome = Llmbench::serve(&server).args(["--ready-check-timeout-sec", "1"]).run();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{}", outcome.stderr);
    let why = "the server was not ready within 1 s: no answer within 1 s (--ready-check-timeout-sec)";
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
}

#[test]
fn a_signal_ends_the_wait_for_a_server() {
    let server = Server::start(Cut::Paced, |_: &Request| Script { steps: Vec::new(), end: End::Hang });
    let running = Llmbench::serve(&server).args(["--ready-check-timeout-sec", "60"]).spawn();
    server.wait_for(1);
    running.signal(Signal::SIGINT);
    thread::sleep(Duration::from_millis(200));
    running.signal(Signal::SIGINT);
    let outcome = running.wait();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(130), ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("llmbench: stopping: 1 in flight"), "{}", outcome.stderr);
    assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
}

#[test]
fn warm_ups_are_sent_before_the_run_and_not_measured() {
    let server = Server::start(Cut::Whole, sixteen);
    let result = Llmbench::serve(&server).args(["--num-warmups", "3"]).run().ended(0);
    assert_eq!(result["completed"], 10);
    let requests = server.requests();
    assert_eq!(requests.len(), 13);
    assert!(requests[..3].iter().all(|warmup| warmup.body == requests[0].body));
}

#[test]
fn connections_are_opened_as_they_are_needed() {
    let server = Server::start(Cut::Paced, sixteen);
    let load = ["--request-rate", "4", "--burstiness", "inf", "--num-prompts", "8"];
    assert_eq!(Llmbench::serve(&server).args(load).run().ended(0)["completed"], 8);
    // Four are due within any second, and each takes a fifth of one.
    assert!(server.connections() <= 5, "{}", server.connections());
}

#[test]
fn too_few_files_are_told_before_anything_is_sent() {
    let server = Server::start(Cut::Whole, sixteen);
    let dir = crate::command::Dir::new();
    let line = format!(
        "ulimit -n 100; llmbench serve --base-url {} --model m --tokenizer builtin --temperature 0 --no-side-calls \
         --num-prompts 300 --random-input-len 8 --max-concurrency 200",
        server.url()
    );
    let outcome = Llmbench::shell(&line, dir.path()).run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("200 requests in flight need 264 open files"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("ulimit -n 264") && server.requests().is_empty(), "{}", outcome.stderr);
}

#[test]
fn what_was_due_and_never_started_is_told() {
    let server = Server::start(Cut::Paced, sixteen);
    // Ten a second take their turn where forty are due.
    let load = ["--request-rate", "40", "--burstiness", "inf", "--max-concurrency", "2", "--duration", "1"];
    let outcome = Llmbench::serve(&server).args(load).args(["--num-prompts", "200"]).run();
    let result = outcome.ended(0);
    let (overdue, completed) = (result["overdue_not_started"].as_u64().unwrap(), result["completed"].as_u64().unwrap());
    assert!((38..=41).contains(&(overdue + completed)), "{overdue} and {completed} of 40");
    assert!(overdue >= 20, "{overdue}");
    assert!(outcome.stderr.contains("latencies from due are lower bounds"), "{}", outcome.stderr);
}
