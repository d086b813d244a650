//! What the console and the result file say of runs of every kind, held against files: `UPDATE_GOLDEN=1` rewrites them.

use crate::measure::{Asked, Diffusion, Figure, Metric, Probes, Speculation, SteadyRule};
use crate::record::counters::Cache;
use crate::record::{Collector, Counters, Partition, Ramp, RateChange, Record, Run, Setup, Strategy, Task, Tick};
use crate::report::tests::{
    Told, asked, assert_golden, example_of, failed_run, finished, health, setup, told, worked_example,
};
use crate::report::{Glyphs, Report, Screen};

impl Told {
    /// Holds both forms against the files of this name.
    fn agrees(&self, name: &str) {
        assert_golden(&format!("{name}.txt"), &self.console());
        assert_golden(&format!("{name}.json"), &self.json());
        self.has_its_figures();
    }

    /// Holds every figure that the run has against the result, by its key.
    fn has_its_figures(&self) {
        let result: serde_json::Value = serde_json::from_str(&self.json()).unwrap();
        let figures = Figure::all(&self.asked);
        for (figure, value) in figures.iter().filter_map(|figure| Some((figure, figure.of(&self.metrics)?))) {
            let key = figure.key();
            assert_eq!(result[&key].as_f64(), Some(value), "{key}");
            assert_eq!(key.parse::<Figure>().unwrap(), *figure);
        }
    }
}

fn speculation() -> Speculation {
    Speculation {
        acceptance_rate: 60.0,
        acceptance_length: 2.8,
        drafts: 5,
        draft_tokens: 15,
        accepted_tokens: 9,
        per_position: vec![0.8, 0.6, 0.4],
    }
}

fn diffusion() -> Diffusion {
    Diffusion {
        committed_throughput: 512.4,
        steps_per_canvas: 8.0,
        committed_per_step: 4.0,
        committed_tokens: 1281,
        denoising_steps: 320,
        canvas_positions: 11529,
    }
}

/// The reference's pooling example: three requests of 11 tokens, one after another.
fn pooled() -> Told {
    let mut collector = Collector::new(3);
    let mut sent = 0;
    for (id, micros) in [100_000, 118_000, 142_000].into_iter().enumerate() {
        let at = |nanos: u64| Tick::from_nanos(nanos * 1000);
        let (start, end) = (at(sent), at(sent + micros));
        let record = Record {
            id: id as u32,
            input_tokens: 11,
            inputs: 1,
            chunks: 1,
            due: start,
            sent: start,
            ..Record::default()
        };
        let record = Record { first: end, last: end, end, ..record };
        collector.push(crate::record::Finished { record, chunks: vec![end], ..Default::default() });
        sent += micros;
    }
    let run = collector.finish(Tick::from_secs_f64(0.4), health());
    let setup = Setup {
        backend: "openai-embeddings".into(),
        task: Task::Pooling,
        request_rate: f64::INFINITY,
        max_concurrency: Some(1),
        ..setup()
    };
    told(Run { setup, ..run }, Asked { metrics: vec![Metric::E2el], percentiles: vec![99.0], ..Asked::default() })
}

#[test]
fn requests_for_vectors_have_a_report_of_their_own() {
    let told = pooled();
    told.agrees("pooling");
    assert!(told.verdict.doubts.iter().all(|warning| !warning.what.contains("token")), "of tokens nothing is known");
}

#[test]
fn a_failed_request_for_vectors_counts_and_has_no_input() {
    let Told { mut run, asked, .. } = pooled();
    let mut failed = finished(3, (0.3, 0.0, 0.0, &[], 0, 16, ""));
    failed.record.inputs = 1;
    run.records.push(failed.record);
    let json: serde_json::Value = serde_json::from_str(&told(run, asked).json()).unwrap();
    assert_eq!((&json["failed"], &json["input_lens"]), (&1.into(), &serde_json::json!([11, 11, 11, 0])));
}

#[test]
fn the_steady_part_of_a_run_for_vectors_has_no_tokens_of_output() {
    let Told { run, asked, .. } = pooled();
    let steady = Some(SteadyRule { threshold: 0.95, min_window: None });
    let told = told(run, Asked { steady, ..asked });
    let console = told.console();
    let (_, block) = console.split_once("-Steady State-").unwrap();
    let (block, _) = block.split_once("====").unwrap();
    assert!(block.contains("Steady: E2EL p99 (ms)") && !block.contains("TTFT") && !block.contains("token"), "{block}");
    let json: serde_json::Value = serde_json::from_str(&told.json()).unwrap();
    let keys: Vec<&String> = json["steady_state"].as_object().unwrap().keys().collect();
    assert!(
        keys.iter().all(|key| !key.contains("output") && !key.contains("tpot") && !key.contains("ttft")),
        "{keys:?}"
    );
    assert_eq!(json["steady_state"]["mean_e2el_ms"], 120.0);
}

#[test]
fn probes_stand_between_the_main_block_and_the_latencies() {
    let mut told = told(worked_example(), asked());
    told.metrics.probes = Some(Probes { completed: 4, failed: 0, median: 0.0352, p99: 0.06175, max: 0.0621 });
    told.agrees("probes");
    told.metrics.probes = Some(Probes { failed: 3, ..Probes::default() });
    assert!(
        !told.console().contains("Probe") && !told.json().contains("probe"),
        "without a success there is nothing to tell"
    );
}

#[test]
fn speculative_decoding_has_its_block_and_keys() {
    let mut told = told(worked_example(), asked());
    told.metrics.speculation = Some(speculation());
    told.agrees("speculative");
}

#[test]
fn of_diffusion_and_speculation_one_is_shown_and_both_are_stored() {
    let mut told = told(worked_example(), asked());
    told.metrics.diffusion = Some(diffusion());
    told.agrees("diffusion");
    told.metrics.speculation = Some(speculation());
    assert!(!told.console().contains("Speculative Decoding"));
    assert!(told.json().contains("spec_decode_num_drafts") && told.json().contains("diffusion_committed_tokens"));
}

#[test]
fn a_ramp_is_told() {
    let rate_changes =
        vec![RateChange { rps: 1, at: Tick::ZERO }, RateChange { rps: 2, at: Tick::from_nanos(3_520_125_400) }];
    let ramp = Some(Ramp { strategy: Strategy::Exponential, start: 1, end: 2 });
    let setup = Setup { ramp, rate_changes, request_rate: f64::INFINITY, ..setup() };
    told(example_of(setup), asked()).agrees("ramp_up");
}

#[test]
fn a_run_that_failed_is_told() {
    told(failed_run(), asked()).agrees("failures");
}

#[test]
fn the_steady_part_the_cache_and_the_adapters_have_sections() {
    let steady = Some(SteadyRule { threshold: 0.95, min_window: None });
    let names = vec!["sql-lora".into(), "chat".into()];
    let adapters = Some(Partition { names, of: vec![0, 1, 0, 1, 0] }.into());
    let setup = Setup { request_rate: f64::INFINITY, adapters, ..setup() };
    let page = |queries, hits| Counters { prefix_cache: Some(Cache { queries, hits }), ..Counters::default() };
    let run = Run { counted: Some((page(1, 1), page(55, 28))), ..example_of(setup) };
    let told = told(run, Asked { steady, ..asked() });
    told.agrees("parts");
    let warnings: Vec<String> = told.verdict.doubts.iter().map(|warning| warning.what.clone()).collect();
    assert!(warnings.iter().any(|what| what.starts_with("the steady part of the run lasted 1.7 s")), "{warnings:?}");
    assert!(warnings.iter().any(|what| what.starts_with("50 % of the prompt tokens")), "{warnings:?}");
}

#[test]
fn sound_has_a_row_where_there_was_some() {
    let mut run = worked_example();
    assert!(!told(run.clone(), asked()).console().contains("RTFx"));
    run.sound_nanos = 25_000_000_000;
    let told = told(run, asked());
    assert!(told.console().contains("RTFx (Inverse Real-Time Factor):         10.00"));
    assert!(told.json().contains("\"rtfx\": 10.0, "));
}

#[test]
fn times_of_the_server_s_own_are_arrays_with_nulls() {
    let mut told = told(worked_example(), asked());
    told.run.server_times = true;
    let json: serde_json::Value = serde_json::from_str(&told.json()).unwrap();
    assert_eq!(json["server_queue_times"], serde_json::json!([null, null, null, null, null]));
    let mut out = Vec::new();
    told.report().json(None, &mut out).unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("server_ttfts"), "they are details");
}

#[test]
fn charts_stand_before_the_banner_and_only_if_asked_for() {
    let told = told(worked_example(), asked());
    assert!(!told.console().contains("Output tokens per second"));
    let mut out = Vec::new();
    Report { screen: Screen { charts: Some(Glyphs::Blocks), ..Screen::NONE }, ..told.report() }
        .console(&mut out)
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    let (before, _) = text.split_once("============ Serving").unwrap();
    assert_golden("charts.txt", before);
}
