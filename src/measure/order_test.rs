//! However the records of a run come in, and however they are cut, the numbers are the same to the last bit.

use std::path::PathBuf;

use jiff::SignedDuration;
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

/// A file of those of `all` that stand at `positions`, with the first and the last line of `run`.
fn file(name: &str, run: &Run, all: &[Finished], positions: &[usize]) -> PathBuf {
    let thread = std::thread::current().id();
    let path = std::env::temp_dir().join(format!("llmbench-order-{}-{thread:?}-{name}", std::process::id()));
    let mut writer = Writer::create(&path, Existing::Replaced).unwrap();
    writer.begin(&run.setup, run.planned, &run.conversations).unwrap();
    positions.iter().for_each(|&position| writer.append(&all[position]).unwrap());
    writer.end(run).unwrap();
    path
}

/// The run that these files hold together, which go.
fn together(files: &[PathBuf]) -> Run {
    let read = Run::of_parts(files).unwrap();
    files.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    read
}

/// A file, cut into those whose lines `part` names, each with the first and the last line of the whole.
fn cut(whole: PathBuf, parts: usize, part: impl Fn(usize) -> usize) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(&whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let records = &lines[1..lines.len() - 1];
    let piece = |number: usize| {
        let path = whole.with_extension(number.to_string());
        let mine = records.iter().zip(0..).filter(|&(_, at)| part(at) == number).map(|(line, _)| *line);
        let all: Vec<&str> = lines[..1].iter().copied().chain(mine).chain(lines.last().copied()).collect();
        std::fs::write(&path, all.join("\n") + "\n").unwrap();
        path
    };
    let pieces = (0..parts).map(piece).collect();
    std::fs::remove_file(&whole).unwrap();
    pieces
}

fn numbers(run: &Run) -> Metrics {
    let steady = Some(SteadyRule { threshold: 0.5, min_window: None });
    let goal = Some(Goal { ttft: Some(150.0), ..Goal::default() });
    metrics(
        run,
        &Asked { metrics: Metric::ALL.to_vec(), percentiles: vec![50.0, 99.0], goal, steady, cached_tokens: false },
    )
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
        let run_of = |positions: &[usize]| run(&all, positions);
        // Each part was sent by a program of its own, which began at a moment of its own.
        let sent_apart = (0..4).map(|number| {
            let mut run = run_of(&part(number));
            run.setup.started = run.setup.started.saturating_add(SignedDuration::from_millis(number as i64));
            file(&number.to_string(), &run, &all, &part(number))
        });
        let merged = numbers(&together(&sent_apart.collect::<Vec<_>>()));
        let whole = run_of(&in_order);
        let mut pieces = cut(file("whole", &whole, &all, &shuffled), 4, |at| cuts[at].1);
        pieces.reverse();
        let pieced = together(&pieces);
        prop_assert_eq!((&pieced.health, &pieced.conversations), (&whole.health, &whole.conversations));
        prop_assert_eq!(pieced.planned, whole.planned);
        let whole = numbers(&whole);
        prop_assert_eq!(&whole, &numbers(&pieced));
        prop_assert_eq!(&whole, &merged);
        prop_assert_eq!(&whole, &numbers(&run_of(&shuffled)));
    }
}
