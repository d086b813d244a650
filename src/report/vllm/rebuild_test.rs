use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::measure::{self, Asked, Figure, Goal, Metric};
use crate::record::{Ramp, Strategy};
use crate::report::scratch::Scratch;
use crate::report::tests::{asked, told, worked_example};
use crate::report::{Format, Report};

fn golden(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name)).unwrap()
}

fn held(content: &str, details: bool) -> Result<Held> {
    let scratch = Scratch::new("held");
    let path = scratch.0.join("a.json");
    fs::write(&path, content).unwrap();
    Held::read(&path, details)
}

fn rebuilt(content: &str) -> Rebuilt {
    match held(content, true).unwrap() {
        Held::Run(rebuilt) => *rebuilt,
        Held::Figures(stored) => panic!("{stored:?}"),
    }
}

/// The reference's result with other values; a null takes its key away.
fn with(changes: serde_json::Value) -> String {
    let mut result: Map<String, Value> = serde_json::from_str(&golden("reference_result.json")).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => result.shift_remove(key),
            value => result.insert(key.clone(), value.clone()),
        };
    }
    Value::Object(result).to_string()
}

/// What makes the file with these values senseless.
fn refusal(changes: serde_json::Value) -> String {
    let error = held(&with(changes), false).unwrap_err();
    assert!(error.advice().is_some(), "{error}");
    error.to_string().rsplit_once("a.json`: ").unwrap().1.to_owned()
}

#[test]
fn a_result_of_ours_becomes_the_run_that_it_was_made_of() {
    let live = worked_example();
    let rebuilt = rebuilt(&told(live.clone(), asked()).json());
    let (run, setup) = (&rebuilt.run, &rebuilt.run.setup);
    assert_eq!(run.records.len(), 5);
    for (record, known) in live.records.iter().zip(&run.records) {
        let moments =
            |record: &crate::record::Record| (record.due, record.sent, record.first, record.last, record.chunks);
        assert_eq!(moments(record), moments(known));
    }
    assert_eq!((setup.metadata.clone(), setup.ended, setup.max_concurrency), {
        let setup = &live.setup;
        (setup.metadata.clone(), setup.ended, setup.max_concurrency)
    });
    let numbers = |run: &Run| measure::metrics(run, &asked());
    let (old, new) = (numbers(&live), numbers(run));
    assert_eq!((old.latency, old.rates, old.chunks), (new.latency.clone(), new.rates, new.chunks));
    let figures = Figure::all(&asked()).into_iter().filter_map(|figure| Some((figure, figure.of(&new)?)));
    for (figure, value) in figures {
        assert_eq!(figure.of(&numbers(&live)), Some(value), "{figure:?}");
    }
}

#[test]
fn a_result_of_the_reference_gives_its_report_to_the_byte() {
    let rebuilt = rebuilt(&golden("reference_result.json"));
    let told = told(rebuilt.run, asked());
    let report = told.console();
    let theirs = report.split("---------------Measured by llmbench").next().unwrap();
    let trimmed: String = theirs.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    assert_eq!(trimmed + &"=".repeat(50) + "\n", golden("reference_report.txt"));
    assert!(report.contains("Peak requests in flight:                 n/a "), "{report}");
    for nothing in ["Schedule", "Health", "Failures by Class", "Steady"] {
        assert!(!report.contains(nothing), "{nothing}: {report}");
    }
    assert!(rebuilt.limits.contains("when requests were due") && rebuilt.limits.contains("the limits of its goodput"));
    let result: Map<String, Value> = serde_json::from_str(&told.json()).unwrap();
    for unknown in ["failures", "kernel_stamps", "workload", "mean_ttft_from_due_ms", "client_cpu_seconds"] {
        assert!(!result.contains_key(unknown), "{unknown}");
    }
    assert_eq!(result["peak_in_flight"], Value::Null);
}

#[test]
fn tokens_that_perhaps_nobody_counted_are_not_shown() {
    let told = told(rebuilt(&with(json!({"tokenizer_id": null}))).run, asked());
    assert!(!told.metrics.counts_tokens && !told.metrics.has(Metric::Tpot));
    assert!(!told.console().contains("Output token throughput"));
}

#[test]
fn an_older_result_has_its_latencies_and_nothing_over_time() {
    let rebuilt = rebuilt(&with(json!({"start_times": null, "latencies": null, "queue_times": null})));
    let told = told(rebuilt.run, asked());
    let metrics = &told.metrics;
    assert!((metrics.latency.e2el.mean - 0.5875).abs() < 1e-9, "{:?}", metrics.latency.e2el);
    assert!(!metrics.has(Metric::ClientQueueTime));
    let value = |key: &str| key.parse::<Figure>().unwrap().of(metrics);
    for unknown in ["max_output_tokens_per_s", "max_concurrent_requests", "peak_output_tokens_per_s"] {
        assert_eq!(value(unknown), None, "{unknown}");
    }
    assert!(value("mean_ttft_ms").is_some() && !told.console().contains("Peak concurrent requests"));
    let report = told.report();
    assert!(Format::Timeline(crate::report::Thresholds::DEFAULT).refusal(&report).is_some());
    assert!(told.verdict.doubts.iter().all(|doubt| !doubt.what.contains("client_queue_time")));
}

#[test]
fn a_report_that_shows_each_request_has_what_the_file_has_of_it() {
    let Rebuilt { run, details, .. } = rebuilt(&golden("reference_result.json"));
    let told = told(run, asked());
    let mut out = Vec::new();
    told.report().json(Some(&mut details.unwrap()), &mut out).unwrap();
    let (old, new): (Value, Value) =
        (serde_json::from_str(&golden("reference_result.json")).unwrap(), serde_json::from_slice(&out).unwrap());
    for key in ["input_lens", "output_lens", "ttfts", "itls", "latencies", "generated_texts", "errors"] {
        assert_eq!(old[key], new[key], "{key}");
    }
    assert_eq!(new["start_times"][0], 0.0, "a clock of the reference begins anywhere");
}

#[test]
fn other_questions_are_answered_from_the_requests() {
    let run = rebuilt(&golden("reference_result.json")).run;
    let goal = Some(Goal { ttft: Some(200.0), ..Goal::default() });
    let asked = Asked { percentiles: vec![90.0], goal, ..asked() };
    let metrics = measure::metrics(&run, &asked);
    assert_eq!(metrics.counts.good, Some(2));
    assert!((metrics.latency.ttft.percentile(90.0).unwrap() - 0.285).abs() < 1e-9);
}

#[test]
fn requests_for_vectors_share_the_inputs_that_the_result_counts() {
    let vectors = json!({
        "date": "20250314-150926", "duration": 2.0, "completed": 3, "total_input_sequences": 7, "num_prompts": 4,
        "request_throughput": 1.5, "input_sequence_throughput": 3.5, "input_lens": [1, 2, 3, 0],
        "latencies": [0.1, 0.2, 0.3, 0.0], "queue_times": [0, 0, 0, 0], "errors": ["", "", "", "HTTP 503 Busy"],
    });
    let run = rebuilt(&vectors.to_string()).run;
    let metrics = measure::metrics(&run, &asked());
    assert_eq!((run.setup.task, metrics.counts.inputs, metrics.latency.e2el.max), (Task::Pooling, 7, 0.3));
    assert_eq!(metrics.failures.statuses.get(&503), Some(&1), "here the text tells");
}

#[test]
fn a_ramp_is_known_and_its_course_is_not() {
    let ramp = json!({"ramp_up_strategy": "linear", "ramp_up_start_rps": 1, "ramp_up_end_rps": 3,
        "rps_change_events": [{"rps": 1, "timestamp": "2025-03-14T15:09:01"}]});
    let rebuilt = rebuilt(&with(ramp));
    assert_eq!(rebuilt.run.setup.ramp, Some(Ramp { strategy: Strategy::Linear, start: 1, end: 3 }));
    assert!(rebuilt.limits.contains("when its rate changed"));
    assert!(!told(rebuilt.run, asked()).json().contains("rps_change_events"));
}

#[test]
fn what_makes_no_sense_is_refused_by_field_and_request() {
    let table = [
        (json!({"ttfts": [0.1]}), "`ttfts` has 1 items and `errors` has 5"),
        (json!({"start_times": [1, 2]}), "`start_times` has 2 items"),
        (json!({"ttfts": [0.1, "fast", 0, 0, 0]}), "`ttfts`: invalid type: string \"fast\", expected f64"),
        (json!({"ttfts": "fast"}), "`ttfts`: invalid type: string"),
        (json!({"itls": [[0.1], 2, [], [], []]}), "request 1: `itls`: invalid type: integer `2`"),
        (json!({"itls": [[0.1], [-0.5], [], [], []]}), "request 1: `itls`: -0.5 s is no time of a run"),
        (json!({"ttfts": [0.1, 1e300, 0.1, 0, 0.1]}), "request 1: `ttfts`: 1e+300 s is no time of a run"),
        (json!({"itls": [[8e6, 8e6], [], [], [], []]}), "request 0: `itls`: 16000000."),
        (json!({"start_times": [1e300, 2, 3, 4, 5]}), "request 0: `start_times`: "),
        (json!({"output_lens": [1, -1, 1, 1, 1]}), "`output_lens`: invalid value: integer `-1`, expected u32"),
        (json!({"input_lens": [1, 1e99, 1, 1, 1]}), "`input_lens`: invalid type: floating point"),
        (json!({"errors": [1, 2, 3, 4, 5]}), "request 0: `errors`: invalid type: integer `1`"),
        (json!({"duration": 0.5}), "request 2: it ended after 2.05 s, and `duration` says 0.5 s"),
        (json!({"duration": -1}), "`duration`: -1.0 s is no time of a run"),
        (json!({"completed": 3}), "`completed` says 3 and `errors` says that 4 requests succeeded"),
        (json!({"date": "yesterday"}), "`date`: `yesterday` is no date"),
        (json!({"request_rate": "fast"}), "`request_rate`: \"fast\" is neither"),
        (json!({"max_concurrency": -2}), "`max_concurrency`: invalid value"),
        (json!({"ramp_up_strategy": "steep"}), "`ramp_up_strategy`: `steep` is neither"),
    ];
    for (changes, cause) in table {
        let told = refusal(changes);
        assert!(told.starts_with(cause), "{cause}: {told}");
    }
    let nan = golden("reference_result.json").replacen("\"ttfts\": [0.2", "\"ttfts\": [NaN", 1);
    assert!(held(&nan, false).unwrap_err().to_string().contains("`ttfts`: invalid type: null"));
    let deep =
        format!("{{\"duration\": 1, \"completed\": 1, \"request_throughput\": 1, \"x\": {}", "[".repeat(1 << 20));
    assert!(held(&deep, false).unwrap_err().to_string().contains("not JSON"));
    let nested = "[".repeat(5000) + &"]".repeat(5000);
    let deep = format!("{{\"duration\": 1, \"completed\": 1, \"request_throughput\": 1, \"x\": {nested}}}");
    assert!(!held(&deep, false).unwrap_err().to_string().contains('\n'));
}

#[test]
fn a_result_without_one_of_the_arrays_has_figures_alone() {
    for key in ["itls", "errors", "input_lens"] {
        assert!(matches!(held(&with(json!({ key: null })), false).unwrap(), Held::Figures(_)), "{key}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_makes_a_result_break_the_program(
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"0123456789-.eE\"[]{},:\n\\ax\0\xff".as_slice()),
        instead in any::<bool>(),
    ) {
        let mut text = golden("reference_result.json").into_bytes();
        let at = at.index(text.len());
        text.splice(at..at + usize::from(instead), [byte]);
        let scratch = Scratch::new("spoilt");
        let path = scratch.0.join("a.json");
        fs::write(&path, text).unwrap();
        match Held::read(&path, true) {
            Ok(Held::Run(rebuilt)) => {
                let Rebuilt { run, details, .. } = *rebuilt;
                let told = told(run, asked());
                for format in Format::ALL.into_iter().filter(|format| *format != Format::Lengths) {
                    let report: Report = told.report();
                    let _ = format.write(&report, None, &mut std::io::sink());
                }
                told.report().json(Some(&mut details.unwrap()), &mut std::io::sink()).unwrap();
            }
            Ok(Held::Figures(stored)) => stored.console(&mut std::io::sink()).unwrap(),
            Err(error) => prop_assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
}
