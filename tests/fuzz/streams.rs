//! What a server sends: read whole and cut into pieces it must say the same.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use eventsource_stream::Eventsource;
use futures_util::{FutureExt, StreamExt};
use llmbench::backend::whole::{Head, Whole};
use llmbench::backend::{Backend, Delivery, error_message};
use llmbench::drive::body::{BadFraming, Body, Piece};
use llmbench::drive::sse::Decoder;
use llmbench::sim;

use crate::mutate::Mutator;
use crate::{Take, Target};

/// A larger event is refused.
const LIMIT: usize = 1 << 20;

/// Words of streams and documents.
const WORDS: &[&str] = &[
    "data: ",
    "data:",
    ": ping",
    "event: error",
    "id: 1",
    "retry: 5",
    "[DONE]",
    "\"choices\"",
    "\"delta\"",
    "\"content\"",
    "\"text\"",
    "\"usage\"",
    "\"completion_tokens\"",
    "\"finish_reason\"",
    "\"stop\"",
    "\"error\"",
    "\"message\"",
    "\"index\"",
    "\"tool_calls\"",
    "\"reasoning_content\"",
    "\"embedding\"",
    "\"data\"",
    "\"response\"",
    "\"type\"",
    "response.completed",
    "{\"a\":",
    "\\u0000",
    "\\ud83d\\ude00",
];
const FRAMES: &[&str] =
    &["0\r\n\r\n", "a\r\n", "ffffffffffffffff\r\n", ";x=\"\r\n\"", "+1\r\n", "-1\r\n", "0x1\r\n", "\r\nx: y\r\n"];

pub(crate) fn targets() -> Vec<Target> {
    let mut targets = vec![
        Target { name: "sse".into(), seeds: streams, dictionary: WORDS, take: Box::new(sse) },
        Target { name: "body".into(), seeds: bodies, dictionary: FRAMES, take: Box::new(body) },
        Target { name: "errors".into(), seeds: documents, dictionary: WORDS, take: Box::new(errors) },
        Target { name: "simulator".into(), seeds: requests, dictionary: REQUEST_WORDS, take: simulator() },
    ];
    for backend in Backend::all() {
        targets.push(Target {
            name: format!("event-{}", backend.name()),
            seeds: events,
            dictionary: WORDS,
            take: Box::new(move |case, _| drop(backend.read(case))),
        });
        targets.push(Target {
            name: format!("document-{}", backend.name()),
            seeds: documents,
            dictionary: WORDS,
            take: Box::new(move |case, mutator| document(backend, case, mutator)),
        });
    }
    targets
}

fn streams() -> Vec<Vec<u8>> {
    // The first events show the form; a short case is mutated where it matters.
    let begin = |stream: &'static str| stream.split_inclusive("\n\n").take(5).collect::<String>();
    [
        begin(include_str!("../it/fixtures/vllm-chat.sse")),
        begin(include_str!("../it/fixtures/vllm-completions.sse")),
        begin(include_str!("../it/fixtures/llamacpp-chat.sse")),
        "\u{feff}: hello\r\nid: 7\r\nevent: token\r\ndata: a\r\ndata\r\ndata:b\r\n\r\ndata: [DONE]\n\n".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// The data of each event of the streams, and those of other dialects.
fn events() -> Vec<Vec<u8>> {
    let mut events: Vec<Vec<u8>> = OTHER_EVENTS.iter().map(|event| event.as_bytes().to_vec()).collect();
    for stream in streams() {
        decoded(&[&stream], |event| events.push(event.to_vec()));
    }
    events
}

const OTHER_EVENTS: &[&str] = &[
    r#"{"type":"response.output_text.delta","delta":"Hello","output_index":0,"sequence_number":4}"#,
    r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":3,"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1}}}}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\": 1}"}}]},"finish_reason":null}],"usage":{"prompt_tokens":8.0,"completion_tokens":"2"}}"#,
    r#"{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"é"},{"type":"thinking","thinking":"x"}],"refusal":null},"finish_reason":"error","error":{"message":"no","code":500}}]}"#,
    r#"{"error":{"message":"overloaded","type":"server_error","code":503}}"#,
    r#"{"type":"transcript.text.delta","delta":"word"}"#,
];

fn documents() -> Vec<Vec<u8>> {
    [
        include_str!("../it/fixtures/vllm-toolong.json"),
        include_str!("../it/fixtures/llamacpp-toolong.json"),
        r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","reasoning_content":"hm"},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}}"#,
        r#"{"object":"list","data":[{"index":0,"object":"embedding","embedding":[0.25,-1e-3,3]},{"index":1,"embedding":"AACAPw=="}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
        r#"{"id":"r","results":[{"index":0,"document":{"text":"a"},"relevance_score":0.5}],"usage":{"total_tokens":9}}"#,
        r#"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":4,"output_tokens":2}}"#,
        "<html><head><title>502 Bad Gateway</title></head></html>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn bodies() -> Vec<Vec<u8>> {
    [
        &b"3;name=\"v\"\r\nabc\r\n02 ; x\r\nde\r\n0\r\nx-trailer: 1\r\n\r\nleft"[..],
        b"a\r\n0123456789\r\n0\r\n\r\n",
        b"1\r\nx\r\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

/// The same events however the bytes are cut, and those of another decoder.
fn sse(case: &[u8], mutator: &mut Mutator) {
    let whole = all_of(&[case]);
    let cuts = mutator.cuts(case.len());
    assert_eq!(all_of(&pieces(case, &cuts)), whole, "cut at {cuts:?}");
    // The other decoder fails on a byte-order mark.
    if let (Ok(text), Some(whole)) = (std::str::from_utf8(case), whole)
        && let text = text.strip_prefix('\u{feff}').unwrap_or(text)
        && !text.starts_with('\u{feff}')
    {
        // The other decoder waits for what may follow a CR, which ends a line by itself.
        let ended = if text.ends_with('\r') { format!("{text}\n") } else { text.to_owned() };
        let stream = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(ended)]);
        let other: Vec<_> =
            stream.eventsource().collect::<Vec<_>>().now_or_never().expect("a stream that waits for nothing");
        // The other decoder gives an event without data where the stream ends in a line without a colon.
        let other = other.into_iter().filter_map(Result::ok).map(|event| event.data.into_bytes());
        let filled = |events: Vec<Vec<u8>>| events.into_iter().filter(|event| !event.is_empty()).collect::<Vec<_>>();
        assert_eq!(filled(whole), filled(other.collect()), "another decoder reads other events");
    }
}

/// The events, or none where one was refused.
fn all_of(pieces: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    decoded(pieces, |event| events.push(event.to_vec())).then_some(events)
}

fn decoded(pieces: &[&[u8]], mut event: impl FnMut(&[u8])) -> bool {
    let mut decoder = Decoder::new(LIMIT);
    pieces.iter().all(|piece| decoder.feed(piece, |found| event(found.data)).is_ok())
}

fn pieces<'a>(case: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for &cut in cuts {
        pieces.push(&case[from..cut]);
        from = cut;
    }
    pieces.push(&case[from..]);
    pieces
}

/// The same data and the same end however the bytes are cut.
fn body(case: &[u8], mutator: &mut Mutator) {
    let cuts = mutator.cuts(case.len());
    for body in [Body::chunked, || Body::of_length(9), Body::until_close] {
        assert_eq!(read(body(), &pieces(case, &cuts)), read(body(), &[case]), "cut at {cuts:?}");
    }
}

/// What a body gives, and how it ended.
fn read(mut body: Body, pieces: &[&[u8]]) -> (Vec<u8>, Result<bool, BadFraming>) {
    let mut data = Vec::new();
    for piece in pieces {
        let mut bytes = *piece;
        loop {
            match body.next(&mut bytes) {
                Ok(Piece::Data(piece)) => data.extend_from_slice(piece),
                Ok(Piece::More) => break,
                Ok(Piece::End) => return (data, Ok(true)),
                Err(bad) => return (data, Err(bad)),
            }
        }
    }
    (data, Ok(false))
}

/// A failure's words are told on one line that a terminal does not act on.
fn errors(case: &[u8], _: &mut Mutator) {
    error_message(&String::from_utf8_lossy(case));
}

/// The same answer however the bytes are cut.
fn document(backend: Backend, case: &[u8], mutator: &mut Mutator) {
    let cuts = mutator.cuts(case.len());
    let head = Head { media_type: "application/json", metadata: None };
    for delivery in [Delivery::Document, Delivery::Bytes] {
        let read = |pieces: &[&[u8]]| {
            let mut whole = Whole::new(backend, delivery, head, LIMIT).ok()?;
            for piece in pieces {
                whole.feed(piece).ok()?;
            }
            whole.read().ok().map(|reading| format!("{reading:?}"))
        };
        assert_eq!(read(&pieces(case, &cuts)), read(&[case]), "cut at {cuts:?}");
    }
}

/// So much is read of an answer of the simulator, which may have been asked for any number of tokens.
const ENOUGH: u64 = 100_000;
const REQUEST_WORDS: &[&str] = &[
    "\"prompt\":",
    "\"messages\":",
    "\"max_tokens\":",
    "\"stream\":true",
    "\"n\":2",
    "\"stream_options\":{\"include_usage\":true}",
    "\"input\":",
    "[[[[",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "HTTP/1.1\r\n",
    "GET /metrics HTTP/1.1\r\n\r\n",
];

fn requests() -> Vec<Vec<u8>> {
    let post = |path: &str, body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    vec![
        post("/v1/completions", r#"{"model":"sim","prompt":"one two three","max_tokens":3,"stream":true}"#),
        post(
            "/v1/chat/completions",
            r#"{"model":"sim","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"max_completion_tokens":2}"#,
        ),
        post("/v1/completions", r#"{"model":"sim","prompt":[1,2,3],"max_tokens":1}"#),
        post("/v1/embeddings", r#"{"model":"sim","input":["a","b"],"encoding_format":"base64"}"#),
        post("/v1/rerank", r#"{"model":"sim","query":"a","documents":["b","c"]}"#),
        post("/tokenize", r#"{"model":"sim","prompt":"one"}"#),
        b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
    ]
}

/// A simulator answers anything, or closes, and goes on.
fn simulator() -> Take {
    let handle = std::cell::OnceCell::new();
    Box::new(move |case, _| {
        let handle = handle.get_or_init(|| {
            let pace = sim::Pace { ttft: sim::Time::fixed(0), itl: sim::Time::fixed(0), ..sim::Pace::default() };
            sim::start(sim::Config { pace, output_tokens: 2, ..sim::Config::default() }).expect("a simulator")
        });
        let mut socket = TcpStream::connect(handle.address()).expect("a simulator that listens");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        // It may have refused the request before all of it was written.
        let _ = socket.write_all(case);
        let _ = socket.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        if let Err(cause) = socket.take(ENOUGH).read_to_end(&mut answer) {
            assert_ne!(cause.kind(), std::io::ErrorKind::WouldBlock, "the simulator neither answers nor closes");
        }
    })
}
