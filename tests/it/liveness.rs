//! A run always ends, whatever its jobs weigh, whatever the server does, whichever part of the client dies: with every request
//! that was started recorded once.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use llmbench::backend::{Backend, Connect, Delivery, Place, Url};
use llmbench::drive::{self, End, Observation, Patience, Settings, Stop, Stream, Target};
use llmbench::plan::{Job, Then};
use llmbench::reach::Trust;
use llmbench::record::{Finished, Tick};
use proptest::prelude::*;

use crate::server::{self, Cut, Request, Script, Server};
use crate::stream::{Dialect, answer, refusal, stream};

/// No run of these lasts longer; what hangs is found by then.
const LONGEST: Duration = Duration::from_secs(30);
/// Requests that are not answered fail after this.
const PATIENCE: Duration = Duration::from_millis(150);
const BUDGET: usize = 64 * 1024;
/// What a panic of a test's own making says.
const MEANT: &str = "a part that was made to die";

/// A part of the client that dies once it has seen so many requests.
#[derive(Debug, Clone, Copy)]
enum Death {
    None,
    /// What makes jobs.
    Feeder(usize),
    /// Who watches.
    Observer(usize),
    /// What makes the next request of an answer.
    Follower(usize),
}

#[derive(Debug, Clone)]
struct Case {
    /// The size of each job, and what becomes of its request.
    jobs: Vec<(usize, usize)>,
    limit: Option<usize>,
    workers: usize,
    connections: usize,
    ready: usize,
    death: Death,
    stop_after: Option<u64>,
    duration: Option<u64>,
    max_failures: Option<u64>,
    /// So many milliseconds the caller takes for the first record.
    pause: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let size = prop_oneof![100..2000_usize, 30_000..70_000_usize, 100_000..300_000_usize];
    let death = prop_oneof![
        3 => Just(Death::None),
        1 => (0..12_usize).prop_map(Death::Feeder),
        1 => (0..12_usize).prop_map(Death::Observer),
        1 => (0..12_usize).prop_map(Death::Follower),
    ];
    let load = (prop::option::of(1..6_usize), 1..4_usize, 0..6_usize, 0..40_usize);
    let limit = || prop::option::weighted(0.2, 0..100_u64);
    let ends = (limit(), limit(), prop::option::weighted(0.2, 0..8_u64));
    (prop::collection::vec((size, 0..SHAPES), 0..24), load, death, ends).prop_map(|(jobs, load, death, ends)| {
        let ((limit, workers, connections, ready), (stop_after, duration, max_failures)) = (load, ends);
        Case { jobs, limit, workers, connections, ready, death, stop_after, duration, max_failures, pause: 0 }
    })
}

/// How many kinds of answers there are.
const SHAPES: usize = 9;

fn shape(request: &Request) -> Script {
    let whole = stream(&answer(Dialect::Completions, 3));
    let cut = |end| {
        let steps = whole.steps[..2].to_vec();
        Script { steps, end }
    };
    match request.header("x-shape").unwrap() {
        "0" | "1" => whole,
        "2" => cut(server::End::Close),
        "3" => cut(server::End::Reset),
        "4" => cut(server::End::Hang),
        "5" => Script { steps: Vec::new(), end: server::End::Hang },
        "6" => Script { steps: Vec::new(), end: server::End::Close },
        "7" => refusal("503 Busy", "text/plain", "no"),
        _ => Script {
            steps: vec![(0, b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".to_vec())],
            end: server::End::Keep,
        },
    }
}

fn job(id: usize, size: usize, shape: usize) -> Job {
    let body = "x".repeat(size);
    let head =
        format!("POST /v1/completions HTTP/1.1\r\nhost: a\r\nx-shape: {shape}\r\ncontent-length: {size}\r\n\r\n");
    Job {
        id: id as u32,
        server: (id % 2) as u16,
        due: Tick::ZERO,
        bytes: [head, body].concat().into_bytes(),
        input_tokens: 1,
        output_tokens: 3,
        inputs: 1,
        audio_seconds: 0.0,
        workload: 0,
        then: None,
    }
}

/// The jobs of a case. The one at which the follower dies says so when its request has ended.
fn jobs(case: &Case) -> Box<dyn Iterator<Item = llmbench::error::Result<Job>> + Send> {
    let death = case.death;
    let jobs = case.jobs.clone().into_iter().enumerate().map(move |(id, (size, shape))| {
        let then = match death {
            Death::Feeder(last) if id == last => panic!("{MEANT}"),
            Death::Follower(last) if id == last => Some(Then::new(0, |_: &Finished| panic!("{MEANT}"))),
            _ => None,
        };
        Ok(Job { then, ..job(id, size, shape) })
    });
    Box::new(jobs)
}

/// Runs a case against `target`; gives the ids in the order in which they were recorded, and how the run ended.
fn run(case: &Case, target: &Arc<Target>) -> (Vec<u32>, llmbench::error::Result<End>) {
    let (stop, stopped): (Sender<Stop>, _) = mpsc::channel();
    if let Some(after) = case.stop_after {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(after));
            // The run may have ended.
            let _ = stop.send(Stop);
        });
    }
    let stream = Stream {
        jobs: jobs(case),
        max_in_flight: case.limit,
        workers: case.workers,
        connections: case.connections,
        ready: case.ready,
        budget: BUDGET,
        duration: case.duration.map(Duration::from_millis),
        max_failures: case.max_failures,
    };
    let settings = Settings {
        targets: [Target::clone(target), Target::clone(target)].into(),
        backend: Backend::named("openai").unwrap(),
        delivery: Delivery::Stream,
        patience: Patience { limit: PATIENCE, flag: "--request-timeout" },
        max_event_bytes: 1 << 20,
        connect: Connect::Beforehand,
        keep_requests: false,
    };
    let (mut ids, seen) = (Vec::new(), Cell::new(0));
    let ended = drive::run(stream, settings, &stopped, &mut |observation| {
        if let Observation::Finished(finished) = observation {
            if ids.is_empty() {
                thread::sleep(Duration::from_millis(case.pause));
            }
            ids.push(finished.record.id);
            if matches!(case.death, Death::Observer(last) if seen.replace(seen.get() + 1) == last) {
                panic!("{MEANT}");
            }
        }
    });
    (ids, ended)
}

/// Runs a case in a thread of its own, so that one that hangs is told.
fn ended(case: &Case, target: &Arc<Target>) -> (Vec<u32>, llmbench::error::Result<End>) {
    let (sender, ended) = mpsc::channel();
    let (case, target) = (case.clone(), Arc::clone(target));
    // Whoever waits for it may have given up.
    thread::spawn(move || drop(sender.send(run(&case, &target))));
    ended.recv_timeout(LONGEST).expect("the run ends")
}

/// What must hold of a run that has ended.
fn check(case: &Case, ids: &[u32], ended: llmbench::error::Result<End>) -> Result<(), TestCaseError> {
    let distinct: BTreeSet<u32> = ids.iter().copied().collect();
    prop_assert_eq!(distinct.len(), ids.len(), "a request is recorded once");
    let end = ended.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let cut_short = end.stopped || case.duration.is_some() || end.gave_up;
    let reached = match case.death {
        Death::None => false,
        Death::Feeder(last) => last < case.jobs.len(),
        Death::Observer(last) => last < ids.len(),
        Death::Follower(last) => ids.contains(&(last as u32)),
    };
    if !cut_short {
        prop_assert_eq!(end.error.is_some(), reached, "{:?}", end.error);
    }
    if !reached && !cut_short {
        prop_assert_eq!(ids.len(), case.jobs.len(), "every request is recorded");
    }
    if let (Death::Feeder(last), false) = (case.death, cut_short) {
        prop_assert!(ids.iter().all(|id| (*id as usize) < last), "what was made before the death is sent");
    }
    Ok(())
}

/// Panics that are meant leave the output of the tests alone.
fn hush() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some(MEANT) {
                others(info);
            }
        }));
    });
}

fn target(server: &Server) -> Arc<Target> {
    let place = Place { base: server.url(), url: Url::parse(&server.url()).unwrap() };
    Arc::new(Target::resolve(&place, &Trust::default()).unwrap())
}

#[test]
fn a_run_always_ends() {
    hush();
    let server = Server::start(Cut::Whole, shape);
    let target = target(&server);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) };
    proptest!(config, |(case in cases())| {
        let (ids, ended) = ended(&case, &target);
        check(&case, &ids, ended)?;
    });
}

/// More requests than may wait for a caller who is busy; nothing listens, so that they end at once.
#[test]
fn a_caller_that_falls_behind_gets_every_record() {
    let place = "http://127.0.0.1:1".to_owned();
    let place = Place { url: Url::parse(&place).unwrap(), base: place };
    let target = Arc::new(Target::resolve(&place, &Trust::default()).unwrap());
    for stop_after in [None, Some(700)] {
        let case = Case {
            jobs: vec![(10, 0); 30_000],
            limit: None,
            workers: 2,
            connections: 0,
            ready: 1,
            death: Death::None,
            stop_after,
            duration: None,
            max_failures: None,
            pause: 1_000,
        };
        let (ids, ended) = ended(&case, &target);
        check(&case, &ids, ended).unwrap();
        assert!(ids.len() > 10_000, "{}", ids.len());
    }
}

/// Jobs of which one is larger than what is left of the budget, and too few before it to start at once.
#[test]
fn start_up_waits_only_for_what_can_come() {
    let server = Server::start(Cut::Whole, shape);
    let target = target(&server);
    for share in [1, 2, 3, 5, 8] {
        let case = Case {
            jobs: vec![(BUDGET * share / 8, 0); 12],
            limit: Some(4),
            workers: 2,
            connections: 0,
            ready: 12,
            death: Death::None,
            stop_after: None,
            duration: None,
            max_failures: None,
            pause: 0,
        };
        let (ids, ended) = ended(&case, &target);
        assert_eq!((ids.len(), ended.unwrap().error.is_some()), (12, false), "jobs of {share} eighths of the budget");
    }
}
