use super::*;
use crate::record::{Collector, Finished, Health, Setup, Tick};

/// One request of the worked example: start, queued before it, ttft, gaps, output tokens as the server said, prompt tokens.
struct Example(f64, f64, f64, &'static [f64], u32, u32);

const EXAMPLES: [Example; 5] = [
    Example(100.0, 0.0, 0.2, &[0.1, 0.1, 0.1], 4, 10),
    Example(100.25, 0.0, 0.3, &[], 1, 12),
    Example(100.9, 0.25, 0.15, &[0.5, 0.5], 0, 14),
    Example(101.0, 0.1, 0.05, &[0.01], 0, 16),
    Example(101.5, 0.25, 0.25, &[0.05, 0.1], 6, 18),
];

fn finished(id: u32, example: &Example) -> Finished {
    let Example(start, queued, ttft, gaps, output_tokens, input_tokens) = *example;
    let mut at = start + ttft;
    let mut chunks = vec![Tick::from_secs_f64(at)];
    for gap in gaps {
        at += gap;
        chunks.push(Tick::from_secs_f64(at));
    }
    let outcome = if id == 3 { Outcome::Failed(Failure::HttpStatus(400)) } else { Outcome::Done };
    let record = Record {
        id,
        input_tokens,
        output_tokens,
        chunks: chunks.len() as u32,
        inputs: 1,
        due: Tick::from_secs_f64(start - queued),
        sent: Tick::from_secs_f64(start),
        first: chunks[0],
        last: chunks[chunks.len() - 1],
        end: chunks[chunks.len() - 1],
        outcome,
    };
    let connected = Tick::ZERO;
    let (tokens, text, detail) = (Vec::new(), "p q r".to_owned(), "Bad Request".to_owned());
    Finished {
        record,
        connected,
        chunks,
        tokens,
        text,
        counted_by_server: output_tokens > 0,
        detail,
        ..Finished::default()
    }
}

pub(super) fn worked_example(tokenizer: bool) -> Run {
    let mut collector = Collector::new(5);
    EXAMPLES.iter().zip(0..).for_each(|(example, id)| collector.push(finished(id, example)));
    if tokenizer {
        collector.count(2, 3);
    }
    let setup = Setup { max_concurrency: Some(2), ..Setup::default() };
    Run { setup, ..collector.finish(Tick::from_secs_f64(2.5), Health::default()) }
}

pub(super) fn asked() -> Asked {
    Asked {
        metrics: Metric::ALL.to_vec(),
        percentiles: vec![50.0, 90.0, 99.0],
        goal: Some(Goal { ttft: Some(250.0), tpot: Some(200.0), ..Goal::default() }),
        steady: None,
        cached_tokens: false,
    }
}

fn row(summary: &Summary) -> [f64; 6] {
    let asked = [50.0, 90.0, 99.0].map(|p| summary.percentile(p).unwrap());
    [summary.mean, summary.median, summary.std, asked[0], asked[1], asked[2]].map(|seconds| seconds * 1000.0)
}

#[test]
fn the_worked_example_gives_the_reference_s_counts_and_rates() {
    let metrics = metrics(&worked_example(true), &asked());
    let Counts { completed, failed, input_tokens, output_tokens, good, .. } = metrics.counts;
    assert_eq!((completed, failed, input_tokens, output_tokens, good), (4, 1, 54, 14, Some(2)));
    let Rates { requests, good, output_tokens, total_tokens, .. } = metrics.rates;
    assert_eq!((requests, good, output_tokens, total_tokens), (1.6, Some(0.8), 5.6, 27.2));
    assert_eq!((metrics.peaks.chunks_in_a_bucket, metrics.peaks.concurrent_in_a_bucket), (5, 3));
}

/// The published figures: those of the result file to the digit (mean, median, std, p50, p99), p90 as it was rounded.
fn agrees(summary: &Summary, exact: [f64; 5], p90: f64) {
    let [mean, median, std, p50, own_p90, p99] = row(summary);
    assert_eq!([mean, median, std, p50, p99], exact);
    assert!((own_p90 - p90).abs() < 1e-9, "{own_p90} is not {p90}");
}

#[test]
fn the_worked_example_gives_the_reference_s_latencies_to_the_digit() {
    let latency = metrics(&worked_example(true), &asked()).latency;
    agrees(&latency.ttft, [225.0, 225.0, 55.901699437494734, 225.0, 298.5], 285.0);
    let tpot = [210.0, 99.99999999999999, 207.04266871026041, 99.99999999999999, 491.99999999999994];
    agrees(&latency.tpot, tpot, 420.0);
    agrees(&latency.itl, [207.14285714285717, 100.0, 185.9888080898791, 100.0, 500.0], 500.0);
    agrees(&latency.e2el, [587.5, 450.0, 332.3683950077083, 450.0, 1130.4999999999998], 955.0);
    assert_eq!((latency.tpot.count, latency.itl.count), (3, 7));
}

#[test]
fn an_answer_that_nobody_counts_has_one_token() {
    let run = worked_example(false);
    let metrics = metrics(&run, &asked());
    assert_eq!(run.records.iter().map(|record| record.output_tokens).collect::<Vec<_>>(), [4, 1, 1, 0, 6]);
    assert_eq!((metrics.counts.output_tokens, run.uncounted), (12, 1));
    assert_eq!(metrics.latency.tpot.mean * 1000.0, 65.0);
}

#[test]
fn our_own_numbers_of_the_worked_example_are_exact() {
    let metrics = metrics(&worked_example(true), &asked());
    assert_eq!((metrics.peaks.in_flight, metrics.peaks.tokens_in_a_second), (2, 8.0));
    assert_eq!(metrics.schedule.e2el.max * 1000.0, 1400.0);
    assert_eq!(metrics.failures.classes, BTreeMap::from([("http_status", 1)]));
    assert_eq!(metrics.failures.statuses, BTreeMap::from([(400, 1)]));
    assert_eq!(metrics.chunks.tokens, Some(14.0 / 11.0));
}

#[test]
fn several_tokens_a_chunk_show_as_a_long_gap_and_a_short_token_time() {
    let mut collector = Collector::new(1);
    collector.push(finished(0, &Example(0.0, 0.0, 0.05, &[0.04, 0.04, 0.04], 16, 1)));
    let run = collector.finish(Tick::from_secs_f64(1.0), Health::default());
    let Chunks { tokens, gap, token_time } = metrics(&run, &asked()).chunks;
    assert_eq!((tokens, gap), (Some(4.0), Some(0.04)));
    assert!((token_time.unwrap() - 0.01).abs() < 1e-12);
}

#[test]
fn inputs_and_sound_are_counted_by_the_second() {
    let mut collector = Collector::new(2);
    for id in 0..2 {
        let mut batch = finished(id, &Example(0.0, 0.0, 0.5, &[], 1, 7));
        batch.record.inputs = 3;
        batch.audio_seconds = 5.0;
        collector.push(batch);
    }
    let run = collector.finish(Tick::from_secs_f64(2.0), Health::default());
    let Metrics { counts, rates, .. } = metrics(&run, &asked());
    assert_eq!((counts.inputs, rates.inputs, rates.input_tokens, rates.sound), (6, 3.0, 7.0, 5.0));
}

#[test]
fn the_gaps_of_an_answer_count_against_a_goal_by_their_mean() {
    let good = |limit: f64| {
        let goal = Some(Goal { itl: Some(limit), ..Goal::default() });
        metrics(&worked_example(true), &Asked { goal, ..asked() }).counts.good
    };
    // Mean gaps of the four that succeeded: 100, 0 (one piece), 500 and 75 ms.
    assert_eq!([74.0, 75.0, 100.1, 500.1].map(good), [Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn a_run_in_which_nothing_succeeded_has_zeros_and_no_chunks() {
    let mut collector = Collector::new(1);
    collector.push(finished(3, &EXAMPLES[3]));
    let run = collector.finish(Tick::from_secs_f64(1.0), Health::default());
    let metrics = metrics(&run, &asked());
    assert_eq!(row(&metrics.latency.ttft), [0.0; 6]);
    assert_eq!(metrics.chunks, Chunks::default());
    assert_eq!((metrics.counts.completed, metrics.rates.good, metrics.peaks.chunks_in_a_bucket), (0, Some(0.0), 0));
}
