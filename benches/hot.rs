//! The pieces of the hot path, each alone: events out of bytes, meaning out of events.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use llmbench::backend::Backend;
use llmbench::drive::body::{Body, Piece};
use llmbench::drive::sse::Decoder;

const EVENTS: usize = 1_000;

fn completion(index: usize) -> String {
    format!(
        r#"{{"id":"cmpl-88d3262ecde3ccf8","object":"text_completion","created":1795299733,"model":"tiny","choices":[{{"index":0,"text":" token{index}","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}}]}}"#
    )
}

fn chat(index: usize) -> String {
    format!(
        r#"{{"id":"chatcmpl-9842ec7b5052f40b","object":"chat.completion.chunk","created":1795299733,"model":"tiny","choices":[{{"index":0,"delta":{{"content":" token{index}"}},"logprobs":null,"finish_reason":null,"token_ids":null}}]}}"#
    )
}

/// A stream of events in HTTP chunks of one event each.
fn chunked(event: fn(usize) -> String) -> Vec<u8> {
    let chunk = |index| {
        let event = format!("data: {}\n\n", event(index));
        format!("{:x}\r\n{event}\r\n", event.len())
    };
    (0..EVENTS).map(chunk).collect::<String>().into_bytes()
}

/// Body reader and event decoder over bytes that come in reads of `read` bytes.
fn decode(bytes: &[u8], read: usize, mut event: impl FnMut(&[u8])) {
    let (mut body, mut decoder) = (Body::chunked(), Decoder::new(1 << 20));
    for mut bytes in bytes.chunks(read) {
        while let Ok(Piece::Data(data)) = body.next(&mut bytes) {
            decoder.feed(data, &mut event).expect("no event is that large");
        }
    }
}

fn hot(c: &mut Criterion) {
    let mut group = c.benchmark_group("hot");
    group.throughput(Throughput::Elements(EVENTS as u64));
    let bytes = chunked(completion);
    for read in [64 * 1024, 256] {
        group.bench_function(format!("decode events, reads of {read} bytes"), |b| {
            b.iter(|| {
                decode(&bytes, read, |data| {
                    black_box(data.len());
                })
            });
        });
    }
    for (name, backend, event) in
        [("completions", Backend::Openai, completion as fn(usize) -> String), ("chat", Backend::OpenaiChat, chat)]
    {
        let events: Vec<String> = (0..EVENTS).map(event).collect();
        group.bench_function(format!("read {name} chunks"), |b| {
            b.iter(|| {
                for event in &events {
                    black_box(backend.read(event.as_bytes()).expect("the events are well formed"));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hot);
criterion_main!(benches);
