use std::path::{Path, PathBuf};

use jiff::civil::date;

use super::*;
use crate::measure::{self, Asked, Figure, Goal};
use crate::record::file::{Existing, Reader, Writer};
use crate::record::{
    Collector, Failure, Finished, Health, Outcome, Ramp, RateChange, Record, Setup, Strategy, Task, Tick,
};

/// The reference's worked example: start, wait before it, ttft, gaps, output tokens as the server said, prompt tokens, text.
pub(in crate::report) type Example = (f64, f64, f64, &'static [f64], u32, u32, &'static str);

const EXAMPLES: [Example; 5] = [
    (100.0, 0.0, 0.2, &[0.1, 0.1, 0.1], 4, 10, "a b c d"),
    (100.25, 0.0, 0.3, &[], 1, 12, "x"),
    (100.9, 0.25, 0.15, &[0.5, 0.5], 0, 14, "p q r"),
    (101.0, 0.1, 0.0, &[], 0, 16, ""),
    (101.5, 0.25, 0.25, &[0.05, 0.1], 6, 18, "s t u v w y"),
];

pub(in crate::report) fn finished(
    id: u32,
    (start, wait, ttft, gaps, output_tokens, input_tokens, text): Example,
) -> Finished {
    let failed = text.is_empty();
    let mut at = start + ttft;
    let mut chunks = if failed { Vec::new() } else { vec![Tick::from_secs_f64(at)] };
    for gap in gaps {
        at += gap;
        chunks.push(Tick::from_secs_f64(at));
    }
    let sent = Tick::from_secs_f64(start);
    let record = Record {
        id,
        input_tokens,
        output_tokens,
        chunks: chunks.len() as u32,
        inputs: 1,
        due: Tick::from_secs_f64(start - wait),
        sent,
        first: chunks.first().copied().unwrap_or(sent),
        last: chunks.last().copied().unwrap_or(sent),
        end: Tick::from_secs_f64(at + 0.01),
        outcome: if failed { Outcome::Failed(Failure::HttpStatus(400)) } else { Outcome::Done },
    };
    Finished {
        record,
        connected: Tick::ZERO,
        chunks,
        tokens: Vec::new(),
        text: text.into(),
        counted_by_server: output_tokens > 0,
        detail: if failed { "Bad Request".into() } else { String::new() },
        ..Finished::default()
    }
}

pub(in crate::report) fn health() -> Health {
    let mut health = Health { kernel_stamps: true, stale_connections: 1, cpu_seconds: 0.25, ..Health::default() };
    health.max_rss_bytes = 64 << 20;
    (1..=10).for_each(|step| {
        health.lag.saturating_record(step * 10_000);
        health.connect.saturating_record(step * 100_000);
    });
    health
}

pub(in crate::report) fn worked_example() -> Run {
    let mut collector = Collector::new(5);
    EXAMPLES.into_iter().zip(0..).for_each(|(example, id)| collector.push(finished(id, example)));
    collector.count(2, 3);
    Run { setup: setup(), ..collector.finish(Tick::from_secs_f64(2.5), health()) }
}

pub(in crate::report) fn failed_run() -> Run {
    let mut collector = Collector::new(2);
    collector.push(finished(0, EXAMPLES[3]));
    Run { setup: setup(), partial: true, ..collector.finish(Tick::from_secs_f64(2.0), health()) }
}

/// The worked example as if it had been asked for in this way.
pub(in crate::report) fn example_of(setup: Setup) -> Run {
    Run { setup, ..worked_example() }
}

pub(in crate::report) fn setup() -> Setup {
    let at = date(2025, 3, 14).at(15, 9, 26, 0);
    Setup {
        command: vec!["llmbench".into(), "serve".into(), "--seed=7".into()],
        proxy: None,
        backend: "openai".into(),
        task: Task::Generation,
        label: None,
        model_id: "org/demo-7b".into(),
        tokenizer_id: Some("org/demo-7b".into()),
        num_prompts: 5,
        metadata: vec![("tp".into(), "2".into()), ("gpu".into(), "demo".into())],
        request_rate: 4.0,
        burstiness: 1.0,
        max_concurrency: Some(2),
        ramp: None,
        rate_changes: Vec::new(),
        recorded: false,
        probe_rate: None,
        adapters: None,
        servers: None,
        options: Vec::new(),
        started: at,
        ended: at,
        cores: 2,
    }
}

pub(in crate::report) fn asked() -> Asked {
    Asked {
        metrics: Metric::ALL.to_vec(),
        percentiles: vec![50.0, 99.0, 99.9],
        goal: Some(Goal { ttft: Some(250.0), tpot: Some(200.0), ..Goal::default() }),
        steady: None,
        cached_tokens: false,
    }
}

pub(in crate::report) fn details() -> Reader {
    let path =
        std::env::temp_dir().join(format!("llmbench-report-{}-{:?}", std::process::id(), std::thread::current().id()));
    let mut writer = Writer::create(&path, Existing::Replaced).unwrap();
    writer.begin(&setup(), 5, &[]).unwrap();
    EXAMPLES.into_iter().zip(0..).for_each(|(example, id)| writer.append(&finished(id, example)).unwrap());
    std::fs::remove_file(&path).unwrap();
    writer.into_reader().unwrap()
}

/// A run with all that a report says of it.
pub(in crate::report) struct Told {
    pub(in crate::report) run: Run,
    pub(in crate::report) metrics: Metrics,
    pub(in crate::report) asked: Asked,
    pub(in crate::report) verdict: Verdict,
}

pub(in crate::report) fn told(run: Run, asked: Asked) -> Told {
    let metrics = measure::metrics(&run, &asked);
    let verdict = measure::verdict(&run, &metrics, &asked);
    Told { run, metrics, asked, verdict }
}

impl Told {
    pub(in crate::report) fn report(&self) -> Report<'_> {
        let Told { run, metrics, asked, verdict } = self;
        Report { run, metrics, asked, verdict, screen: Screen::NONE, saved: &[], detailed: true }
    }

    pub(in crate::report) fn console(&self) -> String {
        let mut out = Vec::new();
        self.report().console(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(in crate::report) fn json(&self) -> String {
        let mut out = Vec::new();
        self.report().json(Some(&mut details()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

fn console(run: &Run) -> String {
    told(run.clone(), asked()).console()
}

fn json(run: &Run) -> String {
    let mut out = Vec::new();
    told(run.clone(), asked()).report().json(None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn parsed(run: &Run) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(&json(run)).unwrap()
}

fn golden_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name)
}

fn golden(name: &str) -> String {
    std::fs::read_to_string(golden_path(name)).unwrap()
}

pub(in crate::report) fn assert_golden(name: &str, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|update| update == "1") {
        std::fs::write(golden_path(name), actual).unwrap();
    }
    assert_eq!(golden(name), actual, "{name}: set UPDATE_GOLDEN=1 to rewrite it");
}

#[test]
fn the_console_report_begins_as_the_reference_s_and_goes_on_with_ours() {
    let report = console(&worked_example());
    assert_golden("serve_report.txt", &report);
    let (theirs, ours) = report.split_once("---------------Measured by llmbench---------------\n").unwrap();
    let trimmed: String = theirs.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    assert_eq!(trimmed + &"=".repeat(50) + "\n", golden("reference_report.txt"));
    assert!(ours.contains(&format!("\n{}\n ", "=".repeat(50))));
}

#[test]
fn the_brief_report_is_the_reference_s_and_what_matters() {
    let told = told(worked_example(), asked());
    let mut out = Vec::new();
    told.report().brief(&mut out).unwrap();
    let brief = String::from_utf8(out).unwrap();
    let (theirs, ours) = brief.split_once(&format!("{}\n ", "=".repeat(50))).unwrap();
    let trimmed: String = theirs.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    assert_eq!(trimmed + &"=".repeat(50) + "\n", golden("reference_report.txt"));
    assert!(ours.lines().count() <= 22 && ours.contains(" ms "), "{ours}");
}

#[test]
fn rows_are_padded_as_the_reference_pads_them() {
    let report = console(&worked_example());
    assert!(report.contains("\nSuccessful requests:                     4         \n"));
    assert!(report.contains("\nP99.9 E2EL incl. Client Queue (ms):      1397.75   \n"));
}

#[test]
fn the_result_begins_as_the_reference_s_and_goes_on_with_our_keys() {
    let result = told(worked_example(), asked()).json();
    assert_golden("serve_result.json", &result);
    let theirs = golden("reference_result.json");
    let ours = result.strip_prefix(theirs.strip_suffix('}').unwrap()).expect("the reference's keys come first");
    assert!(ours.starts_with(", \"partial\": false, ") && result.ends_with('}'));
}

#[test]
fn arrays_of_every_request_are_left_out_unless_asked_for() {
    let result = parsed(&example_of(Setup { metadata: vec![("ttfts".into(), "mine".into())], ..setup() }));
    for key in ["input_lens", "output_lens", "ttfts", "itls", "start_times", "generated_texts", "errors"] {
        assert!(!result.contains_key(key), "{key}");
    }
    assert_eq!(result["latencies"], serde_json::json!([0.5, 0.3, 1.15, 0.0, 0.4]));
    assert_eq!(result["queue_times"].as_array().unwrap().len(), 5);
}

#[test]
fn metadata_overwrites_what_is_before_it_and_is_overwritten_by_what_follows() {
    let metadata = [("label", "mine"), ("duration", "long"), ("warnings", "none")];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let result = json(&example_of(Setup { metadata, ..setup() }));
    assert!(result.contains(r#""label": "mine", "model_id""#), "it keeps its place: {result}");
    assert!(result.contains(r#""num_prompts": 5, "duration": 2.5, "warnings": "none", "request_rate""#), "{result}");
}

#[test]
fn rates_that_are_not_finite_are_written_as_text_that_parsers_take() {
    let setup = Setup { request_rate: f64::INFINITY, burstiness: f64::INFINITY, max_concurrency: None, ..setup() };
    let run = example_of(setup);
    let result = json(&run);
    assert!(result.contains(r#""request_rate": "inf", "burstiness": "inf", "max_concurrency": null"#), "{result}");
    assert!(!result.contains("client_queue_time_ms"));
    let report = console(&run);
    assert!(!report.contains("Request rate configured") && !report.contains("Client-side Queueing"));
}

#[test]
fn a_ramp_adds_its_keys_and_the_moments_of_its_rates() {
    let rate_changes =
        vec![RateChange { rps: 1, at: Tick::ZERO }, RateChange { rps: 2, at: Tick::from_nanos(3_520_125_400) }];
    let ramp = Some(Ramp { strategy: Strategy::Linear, start: 1, end: 2 });
    let setup = Setup { ramp, rate_changes, request_rate: f64::INFINITY, ..setup() };
    let result = json(&example_of(setup));
    let keys = r#""max_concurrency": 2, "ramp_up_strategy": "linear", "ramp_up_start_rps": 1, "ramp_up_end_rps": 2, "#;
    assert!(result.contains(keys), "{result}");
    let events = concat!(
        r#""rtfx": 0.0, "rps_change_events": [{"rps": 1, "timestamp": "2025-03-14T15:09:26.000000"}, "#,
        r#"{"rps": 2, "timestamp": "2025-03-14T15:09:29.520125"}], "mean_ttft_ms""#
    );
    assert!(result.contains(events), "{result}");
}

#[test]
fn a_run_without_success_says_so_and_has_nulls_for_our_figures() {
    let run = failed_run();
    let report = console(&run);
    assert!(report.contains("\nNo request succeeded, so there are no latencies.\n"));
    assert!(report.contains("\nMean TTFT (ms):                          n/a       \n"));
    let result = parsed(&run);
    assert_eq!((&result["mean_ttft_ms"], &result["mean_ttft_from_due_ms"]), (&0.0.into(), &serde_json::Value::Null));
    assert_eq!(result["peak_output_tokens_per_s"], serde_json::Value::Null);
    assert_eq!((&result["failures"]["http_status"], &result["http_statuses"]["400"]), (&1.into(), &1.into()));
    assert_eq!((&result["partial"], &result["planned"]), (&true.into(), &2.into()));
}

#[test]
fn token_figures_need_somebody_who_counted() {
    let mut run = example_of(Setup { tokenizer_id: None, ..setup() });
    assert!(console(&run).contains("Total generated tokens:"), "the server counted all");
    run.uncounted = 1;
    let report = console(&run);
    for gone in ["Total generated tokens:", "Output token throughput", "Total token throughput", "Mean TPOT"] {
        assert!(!report.contains(gone), "{gone}");
    }
    assert!(report.contains("Mean TTFT (ms):") && report.contains("Mean ITL (ms):"));
}

#[test]
fn answers_in_one_piece_tell_nothing_of_the_time_of_a_token() {
    let mut collector = Collector::new(2);
    let whole: Example = (100.0, 0.0, 0.2, &[], 8, 10, "a b c d e f g h");
    (0..2).for_each(|id| collector.push(finished(id, whole)));
    let run = Run { setup: setup(), ..collector.finish(Tick::from_secs_f64(102.0), health()) };
    let told = told(run.clone(), Asked { metrics: vec![Metric::Ttft, Metric::Tpot, Metric::Itl], ..asked() });
    let shown = console(&run);
    for line in ["Mean TPOT (ms):                          n/a", "P99 ITL (ms):                            n/a"] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(shown.contains("Mean TTFT (ms):                          200.00"));
    assert_eq!(parsed(&run)["mean_tpot_ms"], 0.0, "the reference's key is there");
    assert!(
        told.report()
            .figures()
            .iter()
            .all(|(figure, _)| !matches!(figure, Figure::Latency(Metric::Tpot | Metric::Itl, _)))
    );
    let warnings: Vec<&str> = told.verdict.doubts.iter().map(|doubt| doubt.what.as_str()).collect();
    assert_eq!(warnings.iter().filter(|what| what.starts_with("each answer came in one piece")).count(), 1);
    assert!(!warnings.iter().any(|what| what.contains("tokens a chunk")), "{warnings:?}");
}

#[test]
fn the_report_of_a_record_is_that_of_the_live_run_to_the_byte() {
    let place = super::scratch::Scratch::new("record");
    let path = place.0.join("run.jsonl");
    let live = worked_example();
    let mut writer = Writer::create(&path, Existing::Kept).unwrap();
    writer.begin(&live.setup, live.planned, &live.conversations).unwrap();
    for id in [2, 0, 4, 3, 1] {
        writer.append(&finished(id, EXAMPLES[id as usize])).unwrap();
    }
    writer.end(&live).unwrap();
    let (live, mut details) = (told(live, asked()), writer.into_reader().unwrap());
    let stored = told(Run::read(&path).unwrap(), asked());
    assert_eq!(stored.console(), live.console());
    let mut out = Vec::new();
    stored.report().json(Some(&mut details), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), live.json());
}

#[test]
fn what_a_server_says_of_a_failure_is_shown_and_not_obeyed() {
    let mut run = worked_example();
    let failed = run.records.iter().find(|record| record.outcome != crate::record::Outcome::Done).unwrap().id;
    run.errors.insert(failed, "no\u{1b}[2J\nroom");
    assert!(console(&run).contains("\nError 0: no\\u{1b}[2J\\nroom\n"));
}

#[test]
fn tokens_out_of_the_server_s_cache_are_told_to_people_who_ask() {
    let mut run = worked_example();
    run.answers.cached_tokens = Some(48);
    let line = format!("{:<40} {:<10}\n", "Total cached tokens:", 48);
    assert!(!console(&run).contains("cached tokens"));
    let asked = Asked { cached_tokens: true, ..asked() };
    assert!(told(run.clone(), asked.clone()).console().contains(&line));
    assert_eq!(parsed(&run)["total_cached_tokens"], 48);
    run.answers.cached_tokens = None;
    assert!(told(run, asked).console().contains("Total cached tokens:                     n/a"), "no server told it");
}
