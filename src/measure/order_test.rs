//! However the records of a run come in, and however they are cut, the numbers are the same to the last bit.

use proptest::prelude::*;

use super::*;
use crate::record::file::{Existing, Writer};
use crate::record::{Collector, Finished, Health, Setup, Tick};

/// The largest odd number of nanoseconds that a time of these requests is made of: sums in seconds are never exact.
const ODD: u64 = 333_333_333;

prop_compose! {
    fn any_finished()(
        (sent, ttft, gaps) in (0..9 * ODD, 1..ODD, prop::collection::vec(0..20 * ODD, 0..8)),
        (input_tokens, output_tokens, told, counted) in (0_u32..5_000, 0_u32..5_000, any::<bool>(), any::<bool>()),
        (failed, audio_seconds) in (prop::bool::weighted(0.2), 0.0..30.0_f64),
    ) -> Finished {
        let first = sent + ttft;
        let later = gaps.iter().scan(first, |at, gap| { *at += gap; Some(*at) });
        let chunks: Vec<Tick> = std::iter::once(first).chain(later).map(Tick::from_nanos).collect();
        let last = *chunks.last().unwrap();
        let record = Record {
            input_tokens,
            output_tokens,
            chunks: chunks.len() as u32,
            inputs: 1,
            sent: Tick::from_nanos(sent),
            first: chunks[0],
            last,
            end: last,
            outcome: if failed { Outcome::Failed(Failure::Reset) } else { Outcome::Done },
            ..Record::default()
        };
        let tokens = if told { (1..).take(chunks.len()).collect() } else { Vec::new() };
        Finished { record, chunks, tokens, counted_by_server: counted, audio_seconds, ..Finished::default() }
    }
}

/// A run of those of `all` that stand at `positions`, taken in in that order. Every third request begins a conversation.
fn run(all: &[Finished], positions: &[usize]) -> Run {
    let mut collector = Collector::new(positions.len() as u64);
    positions.iter().for_each(|&position| collector.push(all[position].clone()));
    let end = positions.iter().map(|&position| all[position].record.end).max().unwrap_or_default();
    let mut run = collector.finish(end, Health::default());
    run.setup = Setup { max_concurrency: Some(2), request_rate: f64::INFINITY, ..Setup::default() };
    run.conversations = (0..all.len() as u32).step_by(3).filter(|&id| positions.contains(&(id as usize))).collect();
    run
}

/// The same by way of its file.
fn stored(all: &[Finished], positions: &[usize]) -> Run {
    let thread = std::thread::current().id();
    let path = std::env::temp_dir().join(format!("llmbench-order-{}-{thread:?}", std::process::id()));
    let run = run(all, positions);
    let mut writer = Writer::create(&path, Existing::Replaced).unwrap();
    writer.begin(&run.setup, run.planned, &run.conversations).unwrap();
    positions.iter().for_each(|&position| writer.append(&all[position]).unwrap());
    writer.end(&run).unwrap();
    let read = Run::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    read
}

fn numbers(run: &Run) -> Metrics {
    let steady = Some(SteadyRule { threshold: 0.5, min_window: None });
    let goal = Some(Goal { ttft: Some(150.0), ..Goal::default() });
    metrics(run, &Asked { metrics: Metric::ALL.to_vec(), percentiles: vec![50.0, 99.0], goal, steady })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_in_any_order_and_cut_into_any_files_give_equal_numbers(
        mut all in prop::collection::vec(any_finished(), 1..40),
        cuts in prop::collection::vec((any::<u32>(), 0_usize..4), 40),
    ) {
        all.iter_mut().zip(0..).for_each(|(finished, id)| finished.record.id = id);
        let in_order: Vec<usize> = (0..all.len()).collect();
        let mut shuffled = in_order.clone();
        shuffled.sort_by_key(|&position| cuts[position].0);
        let part = |number| shuffled.iter().copied().filter(|&position| cuts[position].1 == number).collect::<Vec<_>>();
        let mut merged = stored(&all, &part(0));
        (1..4).for_each(|number| merged.merge(stored(&all, &part(number))));
        let (whole, merged) = (numbers(&run(&all, &in_order)), numbers(&merged));
        prop_assert_eq!(&whole, &merged);
        prop_assert_eq!(&whole, &numbers(&run(&all, &shuffled)));
    }
}
