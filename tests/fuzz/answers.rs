//! Whole responses, heads and all: a server hands them out, and a run of one request must end by itself with its report.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::{Take, Target};

const WORDS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 ",
    "HTTP/2 ",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 307 Moved\r\nlocation: http://\r\n",
    " 429 ",
    " 204 ",
    "content-length: 5\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "content-length: +7\r\n",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: gzip, chunked\r\n",
    "content-encoding: gzip\r\n",
    "content-encoding: Identity\r\n",
    "content-type: text/html\r\n",
    "connection: close\r\n",
    "\r\n\r\n",
    "0\r\n\r\n",
    "data: [DONE]\n\n",
    "data: {\"error\":{\"message\":\"\u{1b}[2J\"}}\n\n",
    "\"finish_reason\":\"abort\"",
    "\"usage\":{}",
    "\"choices\":[]",
    "\"content\":[{\"type\":\"text\",\"text\":\"x\"}]",
];

pub(crate) fn targets() -> Vec<Target> {
    ["openai", "openai-chat", "openai-responses", "openai-embeddings", "vllm-rerank"]
        .into_iter()
        .map(|backend| Target {
            name: format!("answer-{backend}"),
            seeds: responses,
            dictionary: WORDS,
            take: taken_by(backend),
        })
        .collect()
}

fn responses() -> Vec<Vec<u8>> {
    let stream = include_str!("../it/fixtures/vllm-chat.sse");
    let events: Vec<&str> = stream.split_inclusive("\n\n").collect();
    let short = [&events[..2.min(events.len())], &events[events.len().saturating_sub(3)..]].concat().concat();
    let completions = "data: {\"choices\":[{\"index\":0,\"text\":\" a\",\"finish_reason\":null}]}\n\n\
                       data: {\"choices\":[{\"index\":0,\"text\":\" b\",\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n\
                       data: [DONE]\n\n";
    let document = r#"{"object":"list","data":[{"index":0,"embedding":[0.5,1]}],"results":[{"index":0,"relevance_score":0.5}],"choices":[{"index":0,"text":"x","message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
    let chunked = |text: &str| format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    let streamed = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    [
        format!("{streamed}{}", chunked(&short)),
        format!("{streamed}{}", chunked(completions)),
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{completions}"),
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{document}", document.len()),
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: 34\r\n\r\n{\"error\":{\"message\":\"slow down\"}}  ".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Runs `serve` with one request against a server that answers with the case.
fn taken_by(backend: &'static str) -> Take {
    let case = Arc::new(Mutex::new(Vec::new()));
    let server = std::cell::OnceCell::new();
    Box::new(move |response, _| {
        *case.lock().unwrap_or_else(PoisonError::into_inner) = response.to_vec();
        let address = *server.get_or_init(|| serve(Arc::clone(&case)));
        let line = format!(
            "llmbench serve --base-url http://{address} --model m --tokenizer builtin --no-side-calls --num-prompts 1 --temperature 0 \
             --dataset-name random{} --backend {backend} --random-input-len 4 --random-output-len 2 --max-concurrency 1 --request-timeout 5",
            if backend == "vllm-rerank" { "-rerank --random-batch-size 2" } else { "" }
        );
        let _ = llmbench::cmd::run(line.split_whitespace().map(OsString::from));
    })
}

/// Answers every request with what `case` holds, and closes.
fn serve(case: Arc<Mutex<Vec<u8>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let case = Arc::clone(&case);
            thread::spawn(move || {
                let response = || case.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // A client may be gone before it has been answered.
                let _ = answer(socket, response);
            });
        }
    });
    address
}

fn answer(mut socket: TcpStream, response: impl Fn() -> Vec<u8>) -> std::io::Result<()> {
    let (mut request, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while !is_whole(&request) {
        match socket.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    socket.write_all(&response())?;
    socket.shutdown(Shutdown::Write)?;
    // Closed only once the client has closed, so that nothing of the response is lost to a reset.
    while socket.read(&mut buffer)? > 0 {}
    Ok(())
}

/// Whether a request is there with its body.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}
