//! How answers end: every fault of the simulator in every usage mode, in every dialect, streamed and whole. What becomes of a
//! request follows from its fault alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::command::Llmbench;

/// What a fault makes of a request.
struct Row {
    fault: &'static str,
    outcome: &'static str,
    /// The outcome elsewhere, where that differs for a reason.
    unless: &'static [(Where, &'static str)],
}

/// Where a fault means something else.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    /// Answers that come whole have no stream for the fault to meet.
    Whole,
    /// The last event of a response is its finish reason and its `[DONE]` in one: what lacks either is not complete.
    Responses,
}

const fn row(fault: &'static str, outcome: &'static str) -> Row {
    Row { fault, outcome, unless: &[] }
}

const fn but(fault: &'static str, outcome: &'static str, unless: &'static [(Where, &'static str)]) -> Row {
    Row { fault, outcome, unless }
}

/// A row for each request, in this order. One that is reset before its answer begins follows one whose connection was closed: on a
/// connection that has served, it would be sent again.
const ROWS: [Row; 38] = [
    row("reset-first", "reset"),
    row("comments", "done"),
    row("comments-alone", "done"),
    row("crlf", "done"),
    row("cr", "done"),
    row("no-space", "done"),
    row("multi-line", "done"),
    row("fields", "done"),
    row("bom", "done"),
    row("big-event=100000", "done"),
    row("usage-late=20", "done"),
    but("no-done", "done", &[(Where::Responses, "truncated")]),
    but("no-finish", "done", &[(Where::Responses, "truncated")]),
    row("extensions", "done"),
    row("trailers", "done"),
    row("content-length", "done"),
    row("close-body", "done"),
    row("interim", "done"),
    row("one-byte", "done"),
    row("split=7", "done"),
    row("single-write", "done"),
    row("status=503", "http_status 503"),
    row("close-after", "done"),
    row("cut=0", "truncated"),
    row("reset=0", "reset"),
    row("reset=2", "reset"),
    row("cut=2", "truncated"),
    row("error-event=0", "error_event"),
    row("error-event=2", "error_event"),
    // A whole answer that is empty is no JSON, however its end is called.
    but("end-early=0", "no_output", &[(Where::Whole, "malformed")]),
    but("end-early=2", "truncated", &[(Where::Whole, "malformed")]),
    but("empty-stream", "no_output", &[(Where::Whole, "malformed")]),
    row("malformed=0", "malformed"),
    row("malformed=2", "malformed"),
    row("stall=0", "timeout"),
    row("stall=2", "timeout"),
    row("silent", "timeout"),
    row("usage-late=0", "done"),
];

const USAGES: [&str; 5] = ["asked", "end", "last-chunk", "every-chunk", "none"];
const DIALECTS: [&str; 3] = ["openai", "openai-chat", "openai-responses"];

impl Row {
    /// The outcome of a request in this dialect, whole or streamed.
    fn outcome(&self, dialect: &str, whole: bool) -> &'static str {
        let applies = |place: Where| match place {
            Where::Whole => whole,
            Where::Responses => dialect == "openai-responses" && !whole,
        };
        self.unless.iter().find(|(place, _)| applies(*place)).map_or(self.outcome, |(_, outcome)| outcome)
    }
}

/// The outcomes of a run in which each request meets the fault of its row.
fn outcomes(usage: &str, dialect: &str, whole: bool) -> Vec<String> {
    // The request that is reset with the first connection is none to the simulator.
    let faults = |(row, number): (&Row, usize)| match number {
        0 => format!(" --fault {}", row.fault),
        _ => format!(" --fault {}@request:{number}", row.fault),
    };
    let faults: String = ROWS.iter().zip(0..).map(faults).collect();
    let requests = ROWS.len().to_string();
    let outcome = Llmbench::new()
        .args(["serve", &format!("--sim=--ttft=0 --itl=1 --usage {usage}{faults}")])
        .arg_line("--model sim --tokenizer builtin --temperature 0 --random-input-len 8 --random-output-len 4")
        .arg_line("--max-concurrency 1 --no-side-calls --request-timeout 0.5 --record r.jsonl")
        .args(["--backend", dialect, "--num-prompts", &requests])
        .args(whole.then_some("--no-stream-response"))
        .run();
    let files = outcome.dir.files();
    let record = &files.iter().find(|(name, _)| name == "r.jsonl").unwrap_or_else(|| panic!("{}", outcome.stderr)).1;
    let lines = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| Some(line.get("outcome")?.as_str()?.to_owned())).collect()
}

#[test]
fn what_becomes_of_a_request_follows_from_its_fault_in_every_mode_and_dialect() {
    let modes: Vec<(&str, &str, bool)> = USAGES
        .into_iter()
        .flat_map(|usage| DIALECTS.map(|dialect| (usage, dialect)))
        .flat_map(|(usage, dialect)| [(usage, dialect, false), (usage, dialect, true)])
        .collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(usage, dialect, whole)) = modes.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = outcomes(usage, dialect, whole);
            let mut wrong = wrong.lock().unwrap();
            let form = if whole { "whole" } else { "streamed" };
            if found.len() != ROWS.len() {
                wrong.push(format!("{usage} {dialect} {form}: {} requests", found.len()));
            }
            for (row, found) in ROWS.iter().zip(found) {
                let expected = row.outcome(dialect, whole);
                if found != expected {
                    wrong.push(format!("{} {usage} {dialect} {form}: {found}, not {expected}", row.fault));
                }
            }
        }
    };
    thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
