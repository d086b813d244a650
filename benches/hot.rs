//! The pieces that must be fast, each alone: events out of bytes, meaning out of events, prompts out of a seed, numbers out of
//! records.

use std::hint::black_box;

use clap::Parser;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use llmbench::backend::Backend;
use llmbench::dataset::{Carries, DatasetArgs};
use llmbench::drive::body::{Body, Piece};
use llmbench::drive::sse::Decoder;
use llmbench::measure::{self, Asked, Metric};
use llmbench::record::{Collector, Finished, Health, Outcome, Record, Tick};
use llmbench::rng::Draws;
use llmbench::token::Tokenizer;

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
            decoder.feed(data, |found| event(found.data)).expect("no event is that large");
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
    for (name, backend, event) in [
        ("completions", Backend::named("openai").expect("the backend is there"), completion as fn(usize) -> String),
        ("chat", Backend::named("openai-chat").expect("the backend is there"), chat),
    ] {
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

const PROMPTS: usize = 64;

/// Random prompts of 1,024 tokens, with the tokenizer that is built in.
fn prompts(c: &mut Criterion) {
    let tokenizer = Tokenizer::builtin().expect("the tokenizer inside the binary is sound");
    let mut group = c.benchmark_group("prompts");
    group.sample_size(10).throughput(Throughput::Elements(PROMPTS as u64 * 1_024));
    group.bench_function("tokens of random prompts", |b| {
        b.iter(|| {
            let flags = ["x", "--num-prompts", "64", "--random-input-len", "1024"];
            let dataset = DatasetFlags::parse_from(flags).dataset.resolve().expect("the flags are right");
            let samples = dataset
                .samples(&Carries::default(), Some(&tokenizer), &mut Draws::new(0))
                .expect("the flags are right");
            samples.iter.map(|sample| sample.expect("the tokenizer takes its own text").input_tokens).sum::<u32>()
        });
    });
    group.finish();
}

#[derive(Parser)]
struct DatasetFlags {
    #[command(flatten)]
    dataset: DatasetArgs,
}

const RECORDS: u32 = 1_000_000;

/// A finished request of four tokens.
fn finished(id: u32) -> Finished {
    let at = |ms: u64| Tick::from_nanos(u64::from(id) * 20_000 + ms * 1_000_000);
    let record = Record {
        id,
        input_tokens: 100,
        output_tokens: 4,
        chunks: 4,
        inputs: 1,
        due: at(0),
        sent: at(0),
        first: at(50 + u64::from(id % 97)),
        last: at(200),
        end: at(201),
        outcome: Outcome::Done,
    };
    let chunks = vec![record.first, at(160), at(180), record.last];
    let text = String::new();
    Finished {
        record,
        connected: at(0),
        chunks,
        tokens: Vec::new(),
        text,
        counted_by_server: true,
        detail: String::new(),
        ..Finished::default()
    }
}

/// All numbers of a report from a million records.
fn metrics(c: &mut Criterion) {
    let mut collector = Collector::new(u64::from(RECORDS));
    (0..RECORDS).for_each(|id| collector.push(finished(id)));
    let run = collector.finish(Tick::from_nanos(30_000_000_000), Health::default());
    let asked = Asked { metrics: Metric::ALL.to_vec(), percentiles: vec![50.0, 99.0], ..Asked::default() };
    let mut group = c.benchmark_group("metrics");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(RECORDS)));
    group.bench_function("metrics over a million records", |b| b.iter(|| measure::metrics(&run, &asked)));
    group.finish();
}

criterion_group!(benches, hot, prompts, metrics);
criterion_main!(benches);
