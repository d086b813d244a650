use std::fs;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use proptest::prelude::*;

use super::super::file::{Existing, Writer};
use super::super::scratch::Scratch;
use super::super::{
    Counters, Failure, Health, Outcome, Part, Partition, Ramp, RateChange, Record, ServerTimes, Setup,
    Strategy as Growth, Task,
};
use super::*;
use crate::json::Value;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::Int),
        (-1e300..1e300_f64).prop_map(Value::Float),
        any::<String>().prop_map(Value::Text),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn any_time() -> impl Strategy<Value = DateTime> {
    (0_i64..4_000_000_000_000_000_000)
        .prop_map(|nanos| DateTime::constant(1970, 1, 1, 0, 0, 0, 0).saturating_add(SignedDuration::from_nanos(nanos)))
}

fn maybe_infinite() -> impl Strategy<Value = f64> {
    prop_oneof![Just(f64::INFINITY), 0.0..1e9_f64]
}

prop_compose! {
    fn any_setup()(
        (backend, label, tokenizer_id) in (any::<String>(), any::<Option<String>>(), any::<Option<String>>()),
        (metadata, options) in (
            prop::collection::vec(any::<(String, String)>(), 0..3),
            prop::collection::vec((any::<String>(), any_value()), 0..4),
        ),
        (num_prompts, max_concurrency, cores) in (any::<u64>(), any::<Option<u32>>(), any::<usize>()),
        (request_rate, burstiness) in (maybe_infinite(), maybe_infinite()),
        probe_rate in prop::option::of(0.0..1e9_f64),
        (recorded, pooling) in any::<(bool, bool)>(),
        ramp in prop::option::of(any::<(bool, u32, u32)>()),
        rate_changes in prop::collection::vec(any::<(u32, u64)>(), 0..3),
        adapters in prop::option::of((prop::collection::vec(any::<String>(), 0..3), any::<[u16; 4]>())),
        (started, ended) in (any_time(), any_time()),
    ) -> Setup {
        let strategy = |linear| if linear { Growth::Linear } else { Growth::Exponential };
        Setup {
            command: vec!["llmbench".into(), "serve".into()],
            proxy: Some("p:80".into()),
            model_id: backend.clone(),
            backend,
            task: if pooling { Task::Pooling } else { Task::Generation },
            label,
            tokenizer_id,
            num_prompts,
            metadata,
            request_rate,
            burstiness,
            max_concurrency,
            ramp: ramp.map(|(linear, start, end)| Ramp { strategy: strategy(linear), start, end }),
            rate_changes:
                rate_changes.into_iter().map(|(rps, at)| RateChange { rps, at: Tick::from_nanos(at) }).collect(),
            recorded,
            probe_rate,
            servers: adapters.clone().map(|(names, of)| Arc::new(Partition { names, of: of.into() })),
            adapters: adapters.map(|(names, of)| Arc::new(Partition { names, of: of.into() })),
            options,
            started,
            ended,
            cores,
        }
    }
}

prop_compose! {
    fn any_finished()(
        (due, wait, ttft, rest) in (0..1u64 << 40, 0..1u64 << 40, 0..1u64 << 40, 0..1u64 << 40),
        gaps in prop::collection::vec(0..1_u64 << 34, 0..6),
        (input_tokens, output_tokens, workload) in any::<(u32, u32, u64)>(),
        (counted_by_server, told) in any::<(bool, bool)>(),
        (text, detail) in any::<(String, String)>(),
        failed in prop::option::weighted(0.3, prop::sample::select(vec![Failure::Reset, Failure::HttpStatus(429)])),
        (audio_seconds, queue, ttft_of_server) in (0.0..1e3_f64, any::<Option<u32>>(), any::<Option<u32>>()),
    ) -> Finished {
        let first = due + wait + ttft;
        let later = gaps.iter().scan(first, |at, gap| { *at += gap; Some(*at) });
        let chunks: Vec<Tick> = std::iter::once(first).chain(later).map(Tick::from_nanos).collect();
        let last = chunks[chunks.len() - 1];
        let record = Record {
            input_tokens,
            output_tokens: if counted_by_server { output_tokens } else { 0 },
            chunks: chunks.len() as u32,
            inputs: 1,
            due: Tick::from_nanos(due),
            sent: Tick::from_nanos(due + wait),
            first: chunks[0],
            last,
            end: Tick::from_nanos(last.nanos() + rest),
            outcome: failed.map_or(Outcome::Done, Outcome::Failed),
            ..Record::default()
        };
        let tokens = if told { (1..).take(chunks.len()).collect() } else { Vec::new() };
        let server = ServerTimes { queue: queue.map(f64::from), ttft: ttft_of_server.map(f64::from) };
        let connected = Tick::from_nanos(due);
        let said = crate::record::Said { reason: chunks.first().map(|_| "stop".to_owned()), ..Default::default() };
        Finished { record, connected, chunks, tokens, text, counted_by_server, detail, audio_seconds, server, workload, said, request: String::new() }
    }
}

prop_compose! {
    /// How requests went, numbered, every second one first.
    fn any_load()(mut all in prop::collection::vec(any_finished(), 0..12)) -> Vec<Finished> {
        all.iter_mut().zip(0..).for_each(|(finished, id)| finished.record.id = id);
        let (mut even, odd): (Vec<_>, Vec<_>) = all.into_iter().partition(|finished| finished.record.id % 2 == 0);
        even.extend(odd);
        even
    }
}

/// The run of these requests as it is live, and its file. With a tokenizer each word is a token.
fn live(all: &[Finished], setup: Setup, tokenizer: bool, scratch: &Scratch) -> Run {
    let conversations = if all.len() > 2 { vec![0, 2] } else { Vec::new() };
    let mut writer = Writer::create(&scratch.0, Existing::Replaced).unwrap();
    writer.begin(&setup, 20, &conversations).unwrap();
    let (mut collector, mut end) = (Collector::new(20), Tick::ZERO);
    for finished in all {
        writer.append(finished).unwrap();
        end = end.max(finished.record.end);
        collector.push(finished.clone());
    }
    if tokenizer {
        let waiting = collector.uncounted().map(|(id, text)| (id, text.len() as u32)).collect::<Vec<_>>();
        waiting.into_iter().for_each(|(id, tokens)| collector.count(id, tokens));
    }
    let mut health = Health { cpu_seconds: 0.1, clock_steps: 2, ..Health::default() };
    health.lag.saturating_record(12_345_678);
    let probes = all.iter().map(|finished| finished.record.clone()).collect();
    let counted = Some((Counters::parse("vllm:prefix_cache_queries_total 7"), Counters::default()));
    let run = Run { setup, conversations, probes, counted, ..collector.finish(end, health) };
    writer.end(&run).unwrap();
    run
}

/// All that a run says.
fn told(run: &Run) -> (String, &Health, Vec<&str>) {
    let Run { setup, records, gaps, duration, planned, conversations, workload, partial, .. } = run;
    let Run { sound_nanos, server_times, uncounted, health, probes, counted, .. } = run;
    let flow: Vec<_> = run.flow.bins().collect();
    let asked = format!("{setup:?} {planned} {conversations:?} {workload} {probes:?} {counted:?}");
    let happened =
        format!("{records:?} {gaps:?} {flow:?} {duration:?} {partial} {sound_nanos} {server_times} {uncounted}");
    (asked + &happened, health, records.iter().map(|record| run.errors.of(record.id)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_on_disk_is_the_same_run(all in any_load(), setup in any_setup(), tokenizer in any::<bool>()) {
        let scratch = Scratch::new("same");
        let live = live(&all, setup, tokenizer, &scratch);
        let read = Run::read(&scratch.0).unwrap();
        prop_assert_eq!(told(&read), told(&live));
        prop_assert_eq!(read.setup, live.setup);
    }

    #[test]
    fn a_run_that_was_cut_anywhere_is_a_part_of_it(all in any_load(), setup in any_setup(), cut in 0.0..1.0_f64) {
        let scratch = Scratch::new("cut");
        live(&all, setup, true, &scratch);
        let whole = fs::read(&scratch.0).unwrap();
        let header = whole.iter().position(|&byte| byte == b'\n').unwrap();
        // A file that lacks the end of its last line and nothing else is whole.
        let kept = &whole[..header + (cut * (whole.len() - 1 - header) as f64) as usize];
        fs::write(&scratch.0, kept).unwrap();
        let read = Run::read(&scratch.0).unwrap();
        let lines = kept.iter().filter(|&&byte| byte == b'\n').count();
        let mut ids: Vec<u32> = all.iter().map(|finished| finished.record.id).take(lines.saturating_sub(1)).collect();
        ids.sort_unstable();
        prop_assert_eq!(read.records.iter().map(|record| record.id).collect::<Vec<_>>(), ids);
        prop_assert!(read.partial && read.planned == 20 && !read.knows(Part::Health));
        prop_assert_eq!(read.duration, read.records.iter().map(|record| record.end).max().unwrap_or_default());
    }
}

fn finished(id: u32, millis: u64) -> Finished {
    let at = Tick::from_nanos(millis * 1_000_000);
    let record = Record { id, inputs: 1, chunks: 1, first: at, last: at, end: at, ..Record::default() };
    Finished { record, chunks: vec![at], text: "a b".into(), ..Finished::default() }
}

/// The file of a run of three requests.
fn file() -> Vec<u8> {
    let scratch = Scratch::new("three");
    live(&[finished(1, 10), finished(0, 20), finished(2, 30)], Setup::default(), true, &scratch);
    fs::read(&scratch.0).unwrap()
}

#[test]
fn a_file_cut_at_any_byte_reads_or_is_refused_in_a_sentence() {
    let whole = file();
    let ends: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] == b'\n').collect();
    for cut in 0..=whole.len() {
        let scratch = Scratch::with("cut-at", &whole[..cut]);
        match Run::read(&scratch.0) {
            Ok(run) => {
                let lines = ends.iter().filter(|&&end| end < cut).count();
                // Nothing is lost with the last byte, which ends the last line.
                let whole = cut + 1 >= whole.len();
                assert_eq!((run.records.len(), run.partial), (lines.clamp(1, 4) - 1, !whole), "{cut}");
                assert_eq!(run.knows(Part::Health), whole, "{cut}");
                assert!(cut >= ends[0], "{cut}");
            }
            Err(error) => {
                assert!(cut < ends[0] && error.to_string().starts_with("cannot read `"), "{cut}: {error}");
            }
        }
    }
}

#[test]
fn a_run_that_was_killed_lasts_until_its_last_answer() {
    let whole = file();
    let started = DateTime::constant(2026, 1, 2, 3, 4, 5, 0);
    let text = String::from_utf8(whole).unwrap().replacen("0000-01-01T00:00:00", "2026-01-02T03:04:05", 1);
    let lines: Vec<&str> = text.lines().take(3).collect();
    let scratch = Scratch::with("killed", lines.join("\n") + "\n");
    let run = Run::read(&scratch.0).unwrap();
    assert_eq!((run.duration.nanos(), run.partial, run.uncounted), (20_000_000, true, 2));
    assert_eq!(
        (run.setup.started, run.setup.ended),
        (started, started.saturating_add(SignedDuration::from_millis(20)))
    );
    assert_eq!(run.conversations, [0, 2]);
}

#[test]
fn version_1_has_no_setup_and_no_end() {
    let text = String::from_utf8(file()).unwrap();
    let records: Vec<&str> = text.lines().skip(1).take(3).collect();
    let first = r#"{"format":"llmbench records","version":1}"#;
    let scratch = Scratch::with("one", format!("{first}\n{}\n", records.join("\n")));
    let run = Run::read(&scratch.0).unwrap();
    assert_eq!((run.records.len(), run.planned, run.partial), (3, 3, true));
    assert_eq!(run.setup, Setup { ended: run.setup.ended, ..Setup::default() });
}

#[test]
fn what_is_no_record_file_is_refused_with_its_line_and_the_cause() {
    let whole = String::from_utf8(file()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let spoilt = |number: usize, from: &str, to: &str| {
        let line = lines[number - 1].replacen(from, to, 1);
        assert_ne!(line, lines[number - 1], "{from}");
        let all: Vec<&str> = lines.iter().zip(1..).map(|(old, at)| if at == number { &line } else { *old }).collect();
        all.join("\n") + "\n"
    };
    let table = [
        (String::new(), "the file is empty"),
        ("{\"a\":1}\n".into(), "not a file of llmbench records"),
        ("hello".into(), "not a file of llmbench records"),
        (spoilt(1, ":2,", ":3,"), "it has version 3, this program reads up to 2"),
        (spoilt(1, ":2,", ":\"two\","), "line 1 makes no sense: column 44: invalid type: string \"two\", expected u32"),
        (spoilt(1, "[0,2]", "[2,0]"), "line 1 makes no sense: its conversations are in no order"),
        (spoilt(3, "{", ""), "line 3 is no record: column "),
        (spoilt(3, "\"done\"", "\"dome\""), "line 3 is no record: column "),
        (spoilt(2, "\"end\":", "\"end\":99999999999"), "line 2 is no record: it has a time of 9"),
        (
            spoilt(5, "\"duration\":", "\"duration\":70000000"),
            "line 5, the last, does not tell the end of a run: it has a time",
        ),
        (spoilt(3, "\"chunks\":[", "\"chunks\":[604800000000001,"), "line 3 is no record: it has a time of 604800"),
        (spoilt(5, "\"duration\":", "\"duration\":x"), "line 5, the last, does not tell the end of a run: column "),
        (format!("{whole}{}\n", lines[2]), "line 5 is no record: column "),
        (lines[..3].join("\n") + "\n" + lines[2] + "\n", "line 4 is no record: request 0 is on a line before it too"),
        (whole.replacen(lines[2], lines[1], 1), "line 3 is no record: request 1 is on a line before it too"),
        (
            whole.replacen(&format!("{}\n", lines[2]), "", 1),
            "its last line tells of 3 requests, and there are lines of 2",
        ),
    ];
    for (content, cause) in table {
        let scratch = Scratch::with("spoilt", content);
        let error = Run::read(&scratch.0).unwrap_err().to_string();
        let (file, found) = error.split_once("`: ").unwrap();
        assert!(file.starts_with("cannot read `") && found.starts_with(cause), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
