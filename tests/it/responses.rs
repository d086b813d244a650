//! The dialect of `/v1/responses`: events that are told apart by their type, and an end of their own.

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, Request, Script, Server};
use crate::stream::{Events, Framing, ITL, TEXTS, TTFT, respond, text};
use crate::wire::timed;

const TOKENS: usize = 16;

fn event(kind: &str, more: Value) -> String {
    let mut event = json!({"type": kind, "sequence_number": 1});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event.to_string()
}

/// What comes before the first token.
fn opening() -> Events {
    let response = json!({"response": {"status": "in_progress", "output": [], "usage": null, "error": null}});
    vec![
        (5, event("response.created", response.clone())),
        (5, event("response.in_progress", response)),
        (10, event("response.output_item.added", json!({"item": {"type": "message", "content": []}}))),
    ]
}

/// So many tokens at their times.
fn deltas(count: usize) -> Events {
    let delta = |(index, text): (usize, &&str)| {
        let more = json!({"delta": text, "item_id": "m", "output_index": 0, "content_index": 0, "logprobs": []});
        (TTFT + ITL * index as u64, event("response.output_text.delta", more))
    };
    TEXTS.iter().enumerate().take(count).map(delta).collect()
}

fn end(kind: &str) -> (u64, String) {
    let usage = json!({"input_tokens": 9, "output_tokens": TOKENS, "total_tokens": 25});
    (300, event(kind, json!({"response": {"status": "completed", "usage": usage}})))
}

/// A stream in which each event is named before its data, as this dialect has it.
fn named(events: &Events) -> Script {
    let lines = |(at, data): &(u64, String)| {
        let kind = serde_json::from_str::<Value>(data).unwrap_or_default()["type"].clone();
        (*at, format!("event: {}\ndata: {data}\n\n", kind.as_str().unwrap_or("message")).into_bytes())
    };
    respond(Framing::Chunked, events.iter().map(lines).collect())
}

fn serve(cut: Cut, events: impl Fn() -> Events + Send + Sync + 'static) -> (Server, Llmbench) {
    let server = Server::start(cut, move |_: &Request| named(&events()));
    let bench = Llmbench::serve(&server).args(["--backend", "openai-responses"]);
    (server, bench)
}

#[test]
fn tokens_counts_and_times_are_read_however_the_stream_is_cut() {
    for kind in ["response.completed", "response.incomplete"] {
        for cut in Cut::ALL {
            let events = move || [opening(), deltas(TOKENS), vec![end(kind)]].concat();
            let truths = [("median_ttft_ms", TTFT as f64), ("median_itl_ms", ITL as f64), ("median_e2el_ms", 200.0)];
            let run = || serve(cut, events).1.run().ended(0);
            let result = if cut == Cut::Paced { timed(&truths, run) } else { run() };
            assert_eq!((&result["completed"], &result["failures"]), (&json!(10), &json!({})), "{cut:?}");
            assert_eq!(result["input_lens"], json!(vec![9; 10]), "{cut:?}");
            assert_eq!(result["output_lens"], json!(vec![TOKENS; 10]), "{cut:?}");
            assert_eq!(result["generated_texts"], json!(vec![text(TOKENS); 10]), "{cut:?}");
            assert_eq!(result["itls"][9].as_array().unwrap().len(), TOKENS - 1, "{cut:?}");
        }
    }
}

#[test]
fn requests_ask_for_a_stream_that_is_not_stored() {
    let (server, bench) = serve(Cut::Whole, || [deltas(1), vec![end("response.completed")]].concat());
    bench.args(["--num-prompts", "1"]).run().ended(0);
    let request = server.requests()[0].clone();
    let body = request.json();
    assert_eq!(request.target, "/v1/responses");
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["model", "input", "max_output_tokens", "stream", "store", "ignore_eos", "temperature"]);
    assert_eq!((&body["max_output_tokens"], &body["store"]), (&json!(16), &json!(false)));
}

#[test]
fn reasoning_starts_the_clock_and_is_no_text() {
    let events = || {
        let thought = event("response.reasoning_text.delta", json!({"delta": "hm"}));
        let mut events = [vec![(20, thought)], deltas(3)].concat();
        events.push(end("response.completed"));
        events
    };
    let result = serve(Cut::Whole, events).1.run().ended(0);
    assert_eq!(result["generated_texts"], json!(vec![text(3); 10]));
    assert_eq!(result["itls"][0].as_array().unwrap().len(), 3);
}

#[test]
fn an_answer_that_fails_or_has_no_end_is_a_failure() {
    let error = json!({"error": {"code": "server_error", "message": "engine died"}});
    let failed = event("response.failed", json!({"response": {"status": "failed", "error": error["error"]}}));
    let table: [(&str, &str, Events); 5] = [
        (
            "error_event",
            "engine died",
            [deltas(9), vec![(150, event("error", json!({"message": "engine died"})))]].concat(),
        ),
        ("error_event", "engine died", [deltas(9), vec![(150, failed)]].concat()),
        ("error_event", "engine died", [deltas(9), vec![(150, event("response.other", error))]].concat()),
        ("truncated", "an event that completes the response", [deltas(9), vec![(150, "[DONE]".into())]].concat()),
        ("no_output", "no output", vec![end("response.completed")]),
    ];
    for (class, words, events) in table {
        for cut in Cut::ALL {
            let events = events.clone();
            let result = serve(cut, move || events.clone()).1.run().ended(1);
            assert_eq!(result["failures"], json!({class: 10}), "{cut:?} {}", result["errors"]);
            assert!(result["errors"][0].as_str().unwrap().contains(words), "{cut:?}: {}", result["errors"][0]);
        }
    }
}
