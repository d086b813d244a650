//! The simulator answers every kind of request, at the times it was told, and counts what it is told to do.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::raw::{Answer, get, post, send};
use crate::truth::simulator;
use crate::wire::timed;

const FIRST: u64 = 40;
const NEXT: u64 = 10;

/// Whether an answer took the time of so many tokens; a busy machine makes it longer.
#[track_caller]
fn took(answer: &Answer, tokens: u64) {
    let due = Duration::from_millis(FIRST + NEXT * tokens.saturating_sub(1));
    assert!(answer.took >= due && answer.took < due + Duration::from_millis(500), "{:?} and not {due:?}", answer.took);
}

fn started(more: &[&str]) -> (crate::command::Running, String) {
    let times = ["--ttft", "40", "--itl", "10"];
    simulator(&[&times[..], more].concat())
}

#[test]
fn responses_are_streamed_by_events_with_names_or_come_whole() {
    let (_sim, url) = started(&[]);
    let streamed = post(&url, "/v1/responses", r#"{"model":"m","input":" the","stream":true,"max_output_tokens":5}"#);
    took(&streamed, 5);
    let events = streamed.events();
    let of = |name: &str| events.iter().filter(|event| event["type"] == name).count();
    assert_eq!((of("response.created"), of("response.output_text.delta"), of("response.completed")), (1, 5, 1));
    let names = streamed.text().lines().filter(|line| line.starts_with("event: ")).count();
    assert_eq!(names, events.len());
    let usage = &events.last().unwrap()["response"]["usage"];
    assert_eq!((&usage["input_tokens"], &usage["output_tokens"]), (&json!(1), &json!(5)));
    let whole = post(&url, "/v1/responses", r#"{"model":"m","input":" the","max_output_tokens":5}"#);
    took(&whole, 5);
    assert_eq!(whole.json()["usage"]["output_tokens"], 5);
}

#[test]
fn whole_answers_come_when_their_last_token_would() {
    let (_sim, url) = started(&[]);
    for (path, prompt) in [
        ("/v1/completions", r#""prompt":"a""#),
        ("/v1/chat/completions", r#""messages":[{"role":"user","content":"a"}]"#),
    ] {
        for stream in ["", r#","stream":false"#] {
            let answer = post(&url, path, &format!(r#"{{{prompt},"max_tokens":6{stream}}}"#));
            took(&answer, 6);
            assert_eq!(answer.json()["usage"]["completion_tokens"], 6, "{path}");
        }
    }
}

/// A form as the reference sends it.
fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = b"--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n".to_vec();
    body.resize(body.len() + 6_400, 0);
    for (name, value) in fields {
        let field = format!("\r\n--b1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}");
        body.extend_from_slice(field.as_bytes());
    }
    body.extend_from_slice(b"\r\n--b1--\r\n");
    body
}

#[test]
fn sound_is_heard_in_both_languages() {
    let (_sim, url) = started(&[]);
    let fields = [("model", "w"), ("max_completion_tokens", "4"), ("stream", "True"), ("stream_include_usage", "True")];
    for path in ["/v1/audio/transcriptions", "/v1/audio/translations"] {
        let media = "multipart/form-data; boundary=b1";
        let streamed = send(&url, &format!("POST {path}"), media, &form(&fields));
        took(&streamed, 4);
        let events = streamed.events();
        let text: String = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, " alpha bravo delta hotel");
        assert_eq!(
            events.last().unwrap()["usage"],
            json!({"prompt_tokens": 10, "total_tokens": 14, "completion_tokens": 4})
        );
        let whole = send(&url, &format!("POST {path}"), media, &form(&fields[..2]));
        assert_eq!(whole.json()["text"], text);
        assert_eq!(send(&url, &format!("POST {path}"), media, b"--b1--\r\n").status, 400);
    }
}

#[test]
fn vectors_scores_and_rankings_come_when_a_first_token_would() {
    let (_sim, url) = started(&[]);
    let table = [
        ("/v1/embeddings", r#"{"model":"m","input":" the return"}"#, "/data/0/embedding/15", 2),
        ("/v1/embeddings", r#"{"input":[" the return","i"],"dimensions":3}"#, "/data/1/embedding/2", 3),
        ("/v1/embeddings", r#"{"input":[1,2,3]}"#, "/data/0/embedding/0", 3),
        ("/v1/embeddings", r#"{"input":[[1,2,3],[4]]}"#, "/data/1/embedding/0", 4),
        ("/v1/embeddings", r#"{"messages":[{"role":" the","content":" return"}]}"#, "/data/0/embedding/0", 2),
        ("/v1/embeddings", r#"{"input":"a","encoding_format":"base64"}"#, "/data/0/embedding", 1),
        ("/pooling", r#"{"input":"a","truncate_prompt_tokens":-1}"#, "/data/0/data/0", 1),
        ("/score", r#"{"text_1":"a","text_2":["b","c"]}"#, "/data/1/score", 4),
        ("/rerank", r#"{"query":"a","documents":["b","c"]}"#, "/results/1/relevance_score", 4),
        ("/v1/rerank", r#"{"query":"a","documents":["b","c"]}"#, "/results/1/relevance_score", 4),
        ("/v2/rerank", r#"{"query":"a","documents":["b"]}"#, "/results/0/index", 2),
    ];
    for (path, body, pointer, tokens) in table {
        let answer = post(&url, path, body);
        took(&answer, 1);
        let json = answer.json();
        assert!(!json.pointer(pointer).unwrap_or(&Value::Null).is_null(), "{path} {body}: {json}");
        assert_eq!(json["usage"]["prompt_tokens"], tokens, "{path} {body}");
    }
}

#[test]
fn vectors_can_be_bytes_with_their_account_in_the_head() {
    let (_sim, url) = started(&[]);
    let answer = post(&url, "/v1/embeddings", r#"{"input":["a","b"],"encoding_format":"bytes","dimensions":4}"#);
    assert_eq!(answer.body.len(), 2 * 4 * 4);
    let metadata = answer.head.lines().find_map(|line| line.strip_prefix("metadata: ")).unwrap();
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    assert_eq!(metadata["usage"]["prompt_tokens"], 2);
    let answer = post(&url, "/pooling", r#"{"input":"a","encoding_format":"bytes_only"}"#);
    assert!(!answer.head.contains("metadata:") && answer.body.len() == 64, "{}", answer.head);
}

#[test]
fn several_prompts_of_a_completion_are_continued_side_by_side() {
    let (_sim, url) = started(&[]);
    let body = r#"{"prompt":[[1,2],[3]],"max_tokens":3,"stream":true,"stream_options":{"include_usage":true}}"#;
    let events = post(&url, "/v1/completions", body).events();
    let indices: Vec<u64> = events.iter().filter_map(|event| event["choices"][0]["index"].as_u64()).collect();
    assert_eq!(indices, [0, 1, 0, 1, 0, 1]);
    assert_eq!(events.last().unwrap()["usage"], json!({"prompt_tokens": 3, "total_tokens": 9, "completion_tokens": 6}));
    let stats = get(&url, "/sim/stats").json();
    assert_eq!((&stats["requests"], &stats["tokens"]), (&json!(1), &json!(6)));
}

#[test]
fn faults_meet_the_new_streams_too() {
    let (_sim, url) = started(&[
        "--fault",
        "error-event=2@request:1",
        "--fault",
        "end-early=2@request:2",
        "--fault",
        "crlf@request:3",
    ]);
    let body = r#"{"input":"a","stream":true,"max_output_tokens":5}"#;
    let failed = post(&url, "/v1/responses", body).events();
    assert_eq!(failed.last().unwrap()["type"], "error");
    let early = post(&url, "/v1/responses", body).events();
    assert_eq!(early.last().unwrap()["type"], "response.output_text.delta");
    assert!(post(&url, "/v1/responses", body).text().contains("\r\n\r\nevent: response.completed\r\n"));
}

#[test]
fn a_prefix_cache_knows_prompts_again_until_it_is_reset() {
    let (_sim, url) = started(&["--prefix-cache", "1000", "--spec-decode", "4:0.5", "--diffusion", "8:4"]);
    let body = format!(r#"{{"prompt":"{}","max_tokens":9}}"#, " the".repeat(100));
    let hits = || {
        let page = get(&url, "/metrics").text();
        let line = page.lines().find(|line| line.starts_with("vllm:prefix_cache_hits_total")).unwrap().to_owned();
        assert!(
            page.contains("vllm:spec_decode_num_drafts_total")
                && page.contains("vllm:diffusion_num_denoising_steps_total")
        );
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    post(&url, "/v1/completions", &body);
    assert_eq!(hits(), 0.0);
    post(&url, "/v1/completions", &body);
    assert_eq!(hits(), 96.0);
    assert_eq!(post(&url, "/reset_prefix_cache", "").status, 200);
    post(&url, "/v1/completions", &body);
    assert_eq!(hits(), 96.0);
    assert_eq!(get(&url, "/sim/stats").json()["prefix_resets"], 1);
}

#[test]
fn the_last_usage_can_tell_the_servers_times_and_adapters_are_models() {
    let (_sim, url) = started(&["--server-times", "3.5", "--lora", "sql", "--strict-model"]);
    let body = |model: &str| {
        format!(
            r#"{{"model":"{model}","prompt":"a","max_tokens":2,"stream":true,"stream_options":{{"include_usage":true}}}}"#
        )
    };
    let events = post(&url, "/v1/completions", &body("sql")).events();
    assert_eq!(events.last().unwrap()["metrics"], json!({"queue_time_ms": 3.5, "time_to_first_token_ms": 36.5}));
    assert_eq!(post(&url, "/v1/completions", &body("other")).status, 404);
    assert_eq!(get(&url, "/v1/models").json()["data"][1]["id"], "sql");
}

/// A backend, further flags, and what the result must come near.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, f64)]);

#[test]
fn every_backend_is_measured_at_the_times_that_were_dictated() {
    let (_sim, url) = started(&[]);
    let streamed = [("median_ttft_ms", 40.0), ("median_itl_ms", 10.0), ("median_e2el_ms", 190.0)];
    let (whole, pooled) = ([("median_e2el_ms", 190.0)], [("median_e2el_ms", 40.0)]);
    let rerank = ["--dataset-name", "random-rerank", "--random-batch-size", "3"];
    let table: [Case<'_>; 6] = [
        ("openai-responses", &[], &streamed),
        ("openai", &["--no-stream-response"], &whole),
        ("openai-embeddings", &[], &pooled),
        ("openai-embeddings-chat", &[], &pooled),
        ("vllm-pooling", &[], &pooled),
        ("vllm-rerank", &rerank, &pooled),
    ];
    for (backend, args, truths) in table {
        let result = timed(truths, || Llmbench::serve_at(&url).args(["--backend", backend]).args(args).run().ended(0));
        // Ten documents are four requests, of three at most.
        let requests = if backend == "vllm-rerank" { 4 } else { 10 };
        assert_eq!((&result["completed"], &result["backend"]), (&json!(requests), &json!(backend)), "{result}");
    }
}

#[test]
fn a_client_that_does_not_read_is_waited_for() {
    const TOKENS: u64 = 200_000;
    let (_sim, url) = simulator(&["--ttft", "0", "--itl", "0"]);
    let body = format!(r#"{{"prompt":"a","max_tokens":{TOKENS},"stream":true,"ignore_eos":true}}"#);
    let address = url.strip_prefix("http://").unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        socket,
        "POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let made = || get(&url, "/sim/stats").json()["tokens"].as_u64().unwrap();
    let mut before = 0;
    let held = loop {
        let now = made();
        if now == before && now > 0 {
            break now;
        }
        before = now;
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(held < TOKENS, "nothing was read, and all {held} tokens are there");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert_eq!((made(), answer.matches("data: {").count() as u64), (TOKENS, TOKENS));
    assert!(answer.contains("data: [DONE]"));
}
