//! In which order a run says what it says, on stdout and stderr together: scripts read the one, people both.

use crate::around;
use crate::command::Llmbench;
use crate::truth::simulator;

/// Doubts about the measurement that depend on how busy this machine is.
const MOODS: [&str; 5] =
    [" read together ", " arrived together ", " lay unread ", " of its ", " later than the schedule"];

/// What a run says between its start and its report.
const START: [&str; 6] = [
    "Starting initial single prompt test run...",
    "Skipping endpoint ready check.",
    "Starting main benchmark run...",
    "Traffic request rate: inf",
    "Burstiness factor: 1.0 (Poisson process)",
    "Maximum request concurrency: ",
];

const REPORT: &str = "============ Serving Benchmark Result ============";

/// Runs with these arguments and holds what it prints against `expected`: each line begins with its text. What stands between
/// the first and the last line of a report is left out.
#[track_caller]
fn prints(bench: Llmbench, status: i32, expected: &[&[&str]]) {
    let (ended, printed) = bench.interleaved();
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in printed.lines() {
        let edge = line.starts_with("====");
        // What matters of a run is indented, and depends on how it went.
        let outline = line.is_empty() || line.starts_with(' ');
        if !inside && !outline && !MOODS.iter().any(|mood| line.starts_with("warning: ") && line.contains(mood)) {
            lines.push(line);
        }
        inside ^= edge;
    }
    let expected = expected.concat();
    for (line, wanted) in lines.iter().zip(&expected) {
        assert!(line.starts_with(wanted), "`{wanted}` is not in its place:\n{printed}");
    }
    assert_eq!((lines.len(), ended), (expected.len(), Some(status)), "{printed}");
}

#[test]
fn a_run_with_everything_around_it_tells_each_step_in_its_place() {
    let server = around::server();
    let bench = Llmbench::talking(&server.url()).arg_line(
        "--request-rate 500 --max-concurrency 1 --num-warmups 2 --ready-check-timeout-sec 5 --probe-request-rate 5 \
         --profile --multi-turn-delay-ms 5 --plot-timeline --plot-dataset-stats --save-result --result-filename a.json",
    );
    let expected = [
        "warning: `--multi-turn-delay-ms` has no effect without `--multi-turn`",
        "Starting initial single prompt test run...",
        "Waiting for endpoint to become up in 5 seconds",
        "Initial test run completed.",
        "warning: the server counts ",
        "Warming up with 2 requests...",
        "Warmup run completed.",
        "Starting main benchmark run...",
        "Starting profiler...",
        "warning: the profiler did not start: ",
        "Traffic request rate: 500.0",
        "Burstiness factor: 1.0 (Poisson process)",
        "Maximum request concurrency: 1",
        "Probe request rate: 5.0 req/s",
        "warning: 1 prompts missed the length drawn for them",
        "warning: 10 of 10 answers are shorter than was asked for (finish reasons: stop 10)",
        "Timeline plot saved to: a.timeline.html",
        "Dataset statistics plot saved to: a.dataset_stats.png",
        REPORT,
    ];
    prints(bench, 0, &[&expected]);
}

#[test]
fn a_profiler_is_stopped_when_all_is_saved() {
    let (_sim, url) = simulator(&["--ttft", "5", "--itl", "1"]);
    let bench =
        Llmbench::plain(&url).arg_line("--profile --reset-prefix-cache --plot-timeline --result-filename a.json");
    let profiler = ["Starting profiler...", "Profiler started"];
    let end = [
        "warning: 1 prompts missed the length drawn for them",
        "Timeline plot saved to: a.timeline.html",
        REPORT,
        "Stopping profiler...",
        "Profiler stopped",
    ];
    prints(bench, 0, &[&START[..3], &profiler, &START[3..], &end]);
}

#[test]
fn a_series_tells_of_each_run_and_sums_up_at_the_end() {
    let (_sim, url) = simulator(&["--ttft", "5", "--itl", "1"]);
    let bench = Llmbench::plain(&url).arg_line(
        "--sweep-max-concurrency 1,2 --num-runs 2 --ready-check-timeout-sec 5 --append-result --output-json - \
         --no-steady-state",
    );
    let ready = ["Waiting for endpoint to become up in 5 seconds", "Initial test run completed."];
    // What was told of the prompts once holds for all runs, which send the same.
    let first = [&START[..1], &ready, &START[2..], &["warning: 1 prompts missed the length drawn for them"]].concat();
    let run = START.to_vec();
    let summary = "=============== Summary of 2 Runs ================";
    let expected: [&[&str]; 12] = [
        &["llmbench: all runs send the same prompts: "],
        &["Run 1 of 4: maximum concurrency 1, repetition 1 of 2"],
        &first,
        &["Run 2 of 4: maximum concurrency 1, repetition 2 of 2"],
        &run,
        &[summary, "Run 3 of 4: maximum concurrency 2, repetition 1 of 2"],
        &run,
        &["Run 4 of 4: maximum concurrency 2, repetition 2 of 2"],
        &run,
        &[summary],
        &["================= Sweep Summary =================="],
        &["{\"date\": "],
    ];
    prints(bench, 0, &expected);
}

#[test]
fn a_run_of_failures_says_why_before_its_report_and_after_it() {
    let bench = Llmbench::plain("http://127.0.0.1:1").arg_line("--num-prompts 2 --goodput ttft:100");
    let causes = [
        "warning: no request succeeded (2 of 2: connect)",
        "Failed requests during benchmark run detected (capping to 10):",
        "Error 0: connect to 127.0.0.1:1: Connection refused (2 times)",
    ];
    let end = [
        "llmbench: no request succeeded: connect to 127.0.0.1:1: ",
        "hint: nothing listens there: start the server, or wait for it with `--ready-check-timeout-sec 600`",
    ];
    prints(bench, 1, &[&["warning: `--num-prompts` is given 2 times"], &START, &causes, &end]);
}

#[test]
fn a_server_that_never_gets_ready_ends_the_story_there() {
    let bench = Llmbench::plain("http://127.0.0.1:1").arg_line("--ready-check-timeout-sec 1");
    let expected = [
        START[0],
        "Waiting for endpoint to become up in 1 seconds",
        "llmbench: not ready yet: connect to 127.0.0.1:1: Connection refused",
        "llmbench: the server was not ready within 1 s: connect to 127.0.0.1:1: ",
        "hint: check the address, or raise `--ready-check-timeout-sec`",
    ];
    prints(bench, 2, &[&expected]);
}

#[test]
fn a_dry_run_tells_of_the_requests_and_nothing_else() {
    let bench = Llmbench::plain("http://127.0.0.1:1").arg_line("--dry-run --sweep-max-concurrency 1,2");
    let requests = [
        "Requests: 10",
        "Tokens ",
        "input ",
        "output ",
        "Exact repetitions of an earlier prompt: 0",
        "Last request due after: 0.000 s",
        "Prompt 0: \"",
        "Prompt 1: \"",
        "Prompt 2: \"",
        "warning: 1 prompts missed the length drawn for them",
    ];
    prints(bench, 0, &[&["With maximum concurrency 1:"], &requests, &["With maximum concurrency 2:"], &requests]);
}
