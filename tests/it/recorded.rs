//! What real servers have sent, replayed: vLLM and llama.cpp, both dialects, every cut.

use serde_json::json;

use crate::command::Llmbench;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, Framing, refusal, respond};

const STREAMS: [(&str, Dialect, &str, u32); 4] = [
    ("vllm-chat", Dialect::Chat, include_str!("fixtures/vllm-chat.sse"), 10),
    ("vllm-completions", Dialect::Completions, include_str!("fixtures/vllm-completions.sse"), 2),
    ("llamacpp-chat", Dialect::Chat, include_str!("fixtures/llamacpp-chat.sse"), 10),
    ("llamacpp-completions", Dialect::Completions, include_str!("fixtures/llamacpp-completions.sse"), 2),
];

/// The events of a recorded stream, one a millisecond.
fn replay(recorded: &str) -> Script {
    let events = recorded.split_inclusive("\n\n").enumerate();
    respond(Framing::Chunked, events.map(|(index, event)| (index as u64 + 5, event.as_bytes().to_vec())).collect())
}

/// The text of a recorded stream, read by other means.
fn text(recorded: &str) -> String {
    let events = recorded.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok());
    let piece = |event: serde_json::Value| {
        let choice = &event["choices"][0];
        choice["text"].as_str().or(choice["delta"]["content"].as_str()).unwrap_or_default().to_owned()
    };
    events.map(piece).collect()
}

#[test]
fn recorded_answers_are_counted_as_their_servers_count_them() {
    for (name, dialect, recorded, input) in STREAMS {
        for cut in Cut::ALL {
            let server = Server::start(cut, move |_: &Request| replay(recorded));
            let result = Llmbench::serve(&server).args(["--backend", dialect.backend()]).run().ended(0);
            assert_eq!(result["output_lens"], json!(vec![12; 10]), "{name} {cut:?}");
            assert_eq!(result["input_lens"], json!(vec![input; 10]), "{name} {cut:?}");
            assert_eq!(result["generated_texts"], json!(vec![text(recorded); 10]), "{name} {cut:?}");
            assert_eq!(result["mean_tokens_per_chunk"], json!(1.0), "{name} {cut:?}");
        }
    }
}

#[test]
fn a_server_that_closes_after_each_stream_without_saying_so_fails_no_request() {
    for (end, least) in [(End::Close, 18), (End::CloseLater(3), 1)] {
        let recorded = STREAMS[2].2;
        let server = Server::start(Cut::Paced, move |_: &Request| Script { end, ..replay(recorded) });
        let args = ["--backend", "openai-chat", "--num-prompts", "20", "--max-concurrency", "2"];
        let result = Llmbench::serve(&server).args(args).run().ended(0);
        assert_eq!((&result["completed"], &result["failed"]), (&json!(20), &json!(0)), "{end:?}");
        assert!(result["stale_connections"].as_u64().unwrap() >= least, "{end:?}: {}", result["stale_connections"]);
        assert_eq!(server.requests().len(), 20, "no request was answered twice");
    }
}

#[test]
fn an_old_server_without_chunks_or_a_media_type_is_read_to_its_close() {
    let body = STREAMS[0].2;
    for head in ["HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200\nconnection: close\ncontent-type:text/event-stream\n\n"] {
        let script =
            move |_: &Request| Script { steps: vec![(5, [head, body].concat().into_bytes())], end: End::Close };
        for cut in [Cut::Bytes, Cut::Whole] {
            let server = Server::start(cut, script);
            let result = Llmbench::serve(&server).args(["--backend", "openai-chat"]).run().ended(0);
            assert_eq!(result["output_lens"], json!(vec![12; 10]), "{head} {cut:?}");
        }
    }
}

#[test]
fn refusals_keep_the_servers_words() {
    let bodies = [
        (include_str!("fixtures/vllm-toolong.json"), "This model's maximum context length is 4096 tokens."),
        (include_str!("fixtures/llamacpp-toolong.json"), "request (9000 tokens) exceeds the available context size"),
    ];
    for (body, words) in bodies {
        let server = Server::start(Cut::Bytes, move |_: &Request| refusal("400 Bad Request", "application/json", body));
        let result = Llmbench::serve(&server).run().ended(1);
        assert_eq!((&result["failures"], &result["http_statuses"]), (&json!({"http_status": 10}), &json!({"400": 10})));
        assert!(result["errors"][0].as_str().unwrap().contains(words), "{}", result["errors"][0]);
    }
}
