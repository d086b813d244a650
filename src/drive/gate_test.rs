//! Who may start when: the line, the limit, what follows in a kept place, the end.

use proptest::prelude::*;

use super::*;

fn job(id: u32, due: u64) -> Job {
    Job {
        server: 0,
        id,
        due: Tick::from_nanos(due),
        bytes: vec![0; 10],
        input_tokens: 1,
        output_tokens: 1,
        inputs: 1,
        audio_seconds: 0.0,
        workload: 0,
        then: None,
    }
}

fn ids(gate: &Gate, now: u64) -> Vec<u32> {
    std::iter::from_fn(|| gate.take(now)).map(|job| job.id).collect()
}

#[test]
fn jobs_start_in_order_and_not_before_they_are_due() {
    let gate = Gate::new(None, 1000);
    for (id, due) in [(0, 10), (1, 5), (2, 30)] {
        gate.push(job(id, due));
    }
    assert!(ids(&gate, u64::MAX - 1).is_empty(), "the gate is still closed");
    gate.open(Clock::starting_at(1_000));
    assert!(ids(&gate, 1_009).is_empty());
    assert_eq!(gate.next(), 1_010);
    assert_eq!(ids(&gate, 1_010), [0, 1]);
    assert_eq!(ids(&gate, 1_030), [2]);
}

#[test]
fn the_limit_of_requests_in_flight_is_exact() {
    let gate = Gate::new(Some(2), 1000);
    for id in 0..4 {
        gate.push(job(id, 0));
    }
    gate.open(Clock::starting_at(0));
    assert_eq!(ids(&gate, 0), [0, 1]);
    assert_eq!(gate.give_back(0).map(|job| job.id), Some(2));
    assert!(ids(&gate, 0).is_empty());
    assert_eq!(gate.look().in_flight, 2);
}

#[test]
fn a_place_given_back_early_waits_for_the_next_due_job() {
    let gate = Gate::new(Some(1), 1000);
    gate.push(job(0, 0));
    gate.push(job(1, 50));
    gate.open(Clock::starting_at(0));
    assert_eq!(ids(&gate, 0), [0]);
    assert_eq!(gate.next(), NEVER);
    assert!(gate.give_back(20).is_none());
    assert_eq!(gate.next(), 50);
}

#[test]
fn a_large_job_gets_in_once_the_line_has_drained() {
    let gate = Gate::new(None, 100);
    gate.open(Clock::starting_at(0));
    let sized = |id, bytes| Job { bytes: vec![0; bytes], ..job(id, 0) };
    gate.push(sized(0, 45));
    std::thread::scope(|scope| {
        let (sender, pushed) = std::sync::mpsc::channel();
        let gate = &gate;
        scope.spawn(move || sender.send(gate.push(sized(1, 90))));
        assert_eq!(pushed.recv_timeout(std::time::Duration::from_millis(50)).ok(), None, "there is no room yet");
        // One alone: the large one may be in before a second is asked for.
        assert_eq!(gate.take(0).map(|job| job.id), Some(0));
        let inside = pushed.recv_timeout(std::time::Duration::from_secs(5));
        gate.end(Line::Keep);
        assert_eq!(inside.ok(), Some(Pushed::First));
    });
}

#[test]
fn a_run_is_over_when_the_line_has_ended_and_all_are_back() {
    let gate = Gate::new(None, 1000);
    gate.push(job(0, 0));
    gate.push(job(1, 0));
    gate.open(Clock::starting_at(0));
    assert!(gate.take(0).is_some());
    gate.end(Line::Drop);
    assert!(!gate.look().is_over());
    assert!(gate.give_back(0).is_none());
    assert!(gate.look().is_over());
}

#[test]
fn a_job_that_follows_keeps_its_place_while_it_waits() {
    let gate = Gate::new(Some(1), 1000);
    gate.push(job(0, 0));
    gate.push(job(9, 0));
    gate.end(Line::Keep);
    gate.open(Clock::starting_at(0));
    assert_eq!(ids(&gate, 0), [0]);
    assert_eq!(gate.keep(job(1, 20), 20).map(|job| job.id), Some(1), "it is due at once");
    assert!(gate.keep(job(2, 50), 30).is_none());
    assert!(ids(&gate, 49).is_empty());
    assert_eq!(gate.next(), 50);
    assert_eq!(ids(&gate, 50), [2]);
    assert!(!gate.look().is_over());
    assert_eq!(gate.give_back(60).map(|job| job.id), Some(9));
    assert!(gate.give_back(70).is_none() && gate.look().is_over());
}

#[test]
fn jobs_that_follow_start_by_when_they_are_due_beside_the_line() {
    let gate = Gate::new(Some(3), 1000);
    for (id, due) in [(0, 0), (1, 0), (2, 40)] {
        gate.push(job(id, due));
    }
    gate.open(Clock::starting_at(0));
    assert_eq!(ids(&gate, 0), [0, 1]);
    assert!(gate.keep(job(10, 60), 5).is_none());
    assert!(gate.keep(job(11, 30), 5).is_none());
    assert_eq!(ids(&gate, 35), [11]);
    assert_eq!(ids(&gate, 100), [10, 2]);
}

#[test]
fn nothing_follows_once_the_gate_has_closed() {
    let gate = Gate::new(None, 1000);
    gate.push(job(0, 0));
    gate.push(job(1, 0));
    gate.open(Clock::starting_at(0));
    assert_eq!(ids(&gate, 0), [0, 1]);
    assert!(gate.keep(job(2, 50), 10).is_none());
    gate.end(Line::Drop);
    assert_eq!(gate.next(), NEVER);
    assert!(gate.keep(job(3, 10), 10).is_none());
    assert!(gate.look().is_over());
}

/// A chain of requests: when the first is due, then for each how long it takes and when the next follows its end, if one does.
#[derive(Debug, Clone)]
struct Chain {
    due: u64,
    steps: Vec<(u64, u64)>,
}

fn chains() -> impl Strategy<Value = Vec<Chain>> {
    let steps = prop::collection::vec((1..9_u64, 0..9_u64), 1..4);
    let chain = (0..30_u64, steps).prop_map(|(due, steps)| Chain { due, steps });
    prop::collection::vec(chain, 1..12).prop_map(|mut chains| {
        chains.sort_by_key(|chain| chain.due);
        chains
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chains_start_when_they_are_due_and_never_more_than_the_limit(chains in chains(), limit in 1..4_usize) {
        const STEPS: u32 = 10;
        let gate = Gate::new(Some(limit), 10_000);
        for (chain, id) in chains.iter().zip(0..) {
            gate.push(job(id * STEPS, chain.due));
        }
        gate.end(Line::Keep);
        gate.open(Clock::starting_at(0));
        let (mut now, mut running, mut started) = (0, Vec::<(u64, u32)>::new(), Vec::new());
        while !gate.look().is_over() {
            prop_assert!(now < 2_000, "nothing starts any more");
            let (ended, rest): (Vec<_>, Vec<_>) = running.into_iter().partition(|(end, _)| *end == now);
            running = rest;
            let mut starting = Vec::new();
            for (_, id) in ended {
                let (chain, step) = (&chains[(id / STEPS) as usize], (id % STEPS) as usize);
                let next = match chain.steps.get(step + 1) {
                    Some(_) => gate.keep(job(id + 1, now + chain.steps[step].1), now),
                    None => gate.give_back(now),
                };
                starting.extend(next);
            }
            starting.extend(std::iter::from_fn(|| gate.take(now)));
            for job in starting {
                prop_assert!(job.due.nanos() <= now);
                // A place is kept for what follows, so nothing can make it late.
                prop_assert!(job.id % STEPS == 0 || job.due.nanos() == now);
                let (takes, _) = chains[(job.id / STEPS) as usize].steps[(job.id % STEPS) as usize];
                running.push((now + takes, job.id));
                started.push(job.id);
            }
            prop_assert!(running.len() <= gate.look().in_flight && gate.look().in_flight <= limit);
            now += 1;
        }
        started.sort_unstable();
        let all = chains.iter().zip(0..).flat_map(|(chain, id)| (0..chain.steps.len() as u32).map(move |step| id * STEPS + step));
        prop_assert_eq!(started, all.collect::<Vec<u32>>());
    }
}
