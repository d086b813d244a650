use super::super::metrics;
use super::super::tests::{asked, worked_example};
use super::*;
use crate::record::{Failure, Gaps, Health, Part, Setup, Tick, spread};

/// The worked example on a healthy client with two cores.
fn healthy() -> Run {
    let health = Health { kernel_stamps: true, stale_connections: 1, cpu_seconds: 0.25, ..Health::default() };
    let setup = Setup { max_concurrency: Some(2), cores: 2, tokenizer_id: Some("t".into()), ..Setup::default() };
    Run { setup, health, ..worked_example(true) }
}

fn found(change: impl FnOnce(&mut Run)) -> Vec<String> {
    let mut run = healthy();
    change(&mut run);
    let found = doubts(&run, &metrics(&run, &asked()), &asked());
    assert!(found.iter().all(|doubt| !doubt.advice.is_empty() && !doubt.what.ends_with('.')));
    // Of the worked example one request failed, which is said first.
    let failed = "1 of 5 requests failed (Bad Request); the latencies are those of the other 4";
    let others = found.iter().enumerate().filter(|(at, doubt)| *at > 0 || doubt.what != failed);
    others.map(|(_, doubt)| doubt.what.clone()).collect()
}

#[test]
fn failures_are_the_first_doubt_and_more_than_half_of_them_the_gravest() {
    let of = |failed: usize| {
        let mut run = healthy();
        run.records.iter_mut().take(failed).for_each(|record| record.outcome = Outcome::Failed(Failure::Timeout));
        run.records.iter_mut().skip(failed).for_each(|record| record.outcome = Outcome::Done);
        let mut found = doubts(&run, &metrics(&run, &asked()), &asked());
        found.remove(0)
    };
    assert!(of(2).what.starts_with("2 of 5 requests failed") && of(2).grade == Grade::Degraded, "{:?}", of(2));
    assert!(of(3).what.ends_with("the latencies are those of the other 2") && of(3).grade == Grade::Invalid);
}

fn quiet(run: &mut Run) {
    run.health.stale_connections = 0;
    run.records.iter_mut().for_each(|record| {
        record.due = record.sent;
        record.output_tokens = record.chunks;
    });
}

#[test]
fn a_run_of_no_time_does_not_say_what_the_client_needs() {
    let found = found(|run| {
        quiet(run);
        (run.health.cpu_seconds, run.duration) = (5.0, Tick::from_secs_f64(0.01));
    });
    assert!(!found.iter().any(|what| what.starts_with("the client used")), "{found:?}");
}

#[test]
fn a_latency_that_the_run_does_not_have_is_told() {
    let found = found(|run| run.setup.request_rate = f64::INFINITY);
    assert_eq!(found.last().unwrap(), "there is no e2el_including_client_queue in this run");
}

#[test]
fn a_healthy_run_has_no_doubt() {
    assert_eq!(found(quiet), Vec::<String>::new());
}

#[test]
fn the_worked_example_is_doubted() {
    let found = found(|_| ());
    assert!(found[0].starts_with("requests were sent up to 250.00 ms (p99) later"), "{found:?}");
    assert!(found[1].starts_with("the server sends 1.27 tokens a chunk"), "{found:?}");
    assert!(found[2].starts_with("1 reused connections"), "{found:?}");
    assert_eq!(found.len(), 3);
}

#[test]
fn everything_that_distorts_the_measurement_is_a_doubt() {
    type Change = fn(&mut Run);
    let table: [(&str, Change); 15] = [
        ("the run was stopped after 5 of 9 requests", |run| (run.partial, run.planned) = (true, 9)),
        ("the wall clock was set during the run, as was noticed 2 times", |run| run.health.clock_steps = 2),
        ("the run ended after 2.5 s with its last prompt, and not after the 5 s of `--duration`", |run| {
            run.planned = run.records.len() as u64;
            run.setup.options = vec![("duration".into(), crate::json::Value::Int(5))];
        }),
        ("the client used 100 % of its 2 cores", |run| run.health.cpu_seconds = 5.0),
        ("bytes lay unread for up to 30 ms (p99)", |run| {
            run.health.lag = spread();
            run.health.lag.saturating_record(30_000_000);
        }),
        ("the output tokens of 1 answers were not counted", |run| run.uncounted = 1),
        ("2 chunks were read together", |run| {
            run.health.merged_chunks = 2;
            run.health.lag.saturating_record_n(5_000_000, 1000);
        }),
        ("answers came in bursts: 2 chunks arrived together", |run| run.health.merged_chunks = 2),
        ("each answer came in one burst: 2 chunks", |run| {
            run.health.merged_chunks = 2;
            run.records.iter_mut().for_each(|record| record.last = record.first);
        }),
        ("3 answers came with a count of tokens that cannot be read", |run| run.answers.unread = 3),
        ("2 of 4 answers are shorter than was asked for (finish reasons: stop 2)", |run| {
            run.answers.short = 2;
            run.answers.reasons.insert("stop".into(), 2);
        }),
        ("the server cut the prompts of 1 of 4 requests", |run| run.answers.cut = 1),
        ("2 answers came under another media type", |run| run.answers.mistyped = 2),
        ("arrivals were stamped when they were read", |run| run.health.kernel_stamps = false),
        ("there were too many gaps to keep each", |run| {
            run.gaps = Gaps::Histogram(Box::new(spread()));
            run.gaps.push(1);
        }),
    ];
    for (what, change) in table {
        let found = found(|run| {
            quiet(run);
            change(run);
        });
        assert!(found.len() == 1 && found[0].starts_with(what), "{what}: {found:?}");
    }
}

#[test]
fn lateness_that_is_small_against_the_gaps_is_no_matter() {
    let late = |nanos: u64| {
        move |run: &mut Run| {
            quiet(run);
            run.records.iter_mut().for_each(|record| record.due = Tick::from_nanos(record.sent.nanos() - nanos));
        }
    };
    assert_eq!(found(late(30_000_000)).len(), 0, "30 ms against a mean gap of 375 ms");
    assert_eq!(found(late(40_000_000)).len(), 1, "40 ms against a mean gap of 375 ms");
}

#[test]
fn a_run_without_success_names_the_commonest_failure() {
    let found = found(|run| {
        quiet(run);
        run.records.retain(|record| record.id == 3);
    });
    assert!(found[0].starts_with("no request succeeded (1 of 1: http_status)"), "{found:?}");
}

#[test]
fn stamps_are_no_matter_where_nothing_arrived() {
    let found = found(|run| {
        quiet(run);
        run.records.retain(|record| record.id == 3);
        run.health.kernel_stamps = false;
    });
    assert!(!found.iter().any(|what| what.starts_with("arrivals")), "{found:?}");
}

#[test]
fn a_run_that_was_stopped_before_any_request_ended_blames_no_server() {
    let found = found(|run| *run = Run { partial: true, planned: 9, missing: vec![Part::Health], ..Run::default() });
    assert_eq!(found[0], "the run was stopped before any request ended, so there are no latencies");
    assert!(!found.iter().any(|what| what.contains("no request succeeded") || what.contains("stamped")), "{found:?}");
}
