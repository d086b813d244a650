//! A record file in which a byte was changed is refused in a sentence, or its run has numbers.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::record::file::{Existing, Writer};
use crate::record::{Collector, Counters, Finished, Health, Setup, Tick};

/// The file of a run of conversations that is partly counted by a tokenizer.
fn file(path: &std::path::Path) -> Vec<u8> {
    let setup = Setup { max_concurrency: Some(2), request_rate: f64::INFINITY, ..Setup::default() };
    let mut writer = Writer::create(path, Existing::Replaced).unwrap();
    let mut collector = Collector::new(4);
    writer.begin(&setup, 4, &[0, 2]).unwrap();
    for id in 0..4 {
        let at = |millis: u64| Tick::from_nanos((u64::from(id) * 700 + millis) * 1_000_000);
        let [sent, first, last] = [0, 40, 1_490].map(at);
        let record = Record { id, output_tokens: id, chunks: 2, sent, first, last, end: last, ..Record::default() };
        let failed = id == 3;
        let outcome = if failed { Outcome::Failed(Failure::HttpStatus(429)) } else { Outcome::Done };
        let record = Record { outcome, inputs: 1, ..record };
        let finished = Finished { record, chunks: vec![first, last], counted_by_server: id > 0, ..Finished::default() };
        writer.append(&finished).unwrap();
        collector.push(finished);
    }
    collector.count(0, 2);
    let mut health = Health::default();
    [70_000, 80_000, 90_000].into_iter().for_each(|nanos| health.lag.saturating_record(nanos));
    let run = collector.finish(Tick::from_nanos(3_590_000_000), health);
    let page = "vllm:prefix_cache_queries_total 7\nvllm:prefix_cache_hits_total 3\n";
    let counted = Some((Counters::default(), Counters::parse(page)));
    writer.end(&Run { probes: run.records.clone(), counted, setup, ..run }).unwrap();
    fs::read(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_makes_a_record_file_break_the_program(
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"0123456789-.eE\"[]{},:\n\\ax\0\xff".as_slice()),
        instead in any::<bool>(),
    ) {
        let thread = std::thread::current().id();
        let path = std::env::temp_dir().join(format!("llmbench-spoilt-{}-{thread:?}", std::process::id()));
        let mut text = file(&path);
        let at = at.index(text.len());
        text.splice(at..at + usize::from(instead), [byte]);
        fs::write(&path, text).unwrap();
        judged(&path)?;
    }

    #[test]
    fn no_number_makes_a_record_file_break_the_program(
        line in 0..6_usize,
        at in any::<prop::sample::Index>(),
        number in prop_oneof![
            Just(u64::MAX), Just(99_999_999_999_999), any::<u64>(), (0..64_u32).prop_map(|bits| 1 << bits),
        ],
    ) {
        let thread = std::thread::current().id();
        let path = std::env::temp_dir().join(format!("llmbench-numbers-{}-{thread:?}", std::process::id()));
        let text = String::from_utf8(file(&path)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // The last line has most to say that nothing else does.
        let last = lines.len() - 1;
        let line = &mut lines[if line < 3 { last } else { line }];
        let bytes = line.as_bytes();
        let begins = |&at: &usize| bytes[at].is_ascii_digit() && b":[,".contains(&bytes[at - 1]);
        let numbers: Vec<usize> = (1..bytes.len()).filter(begins).collect();
        let start = numbers[at.index(numbers.len())];
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        line.replace_range(start..start + length, &number.to_string());
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        judged(&path)?;
    }
}

/// The file at `path` is refused in a sentence, or its run has numbers and a verdict. It goes.
fn judged(path: &std::path::Path) -> Result<(), TestCaseError> {
    let read = Run::read(path);
    fs::remove_file(path).unwrap();
    match read {
        Ok(run) => {
            let steady = Some(SteadyRule { threshold: 0.5, min_window: None });
            let asked = Asked { metrics: Metric::ALL.to_vec(), percentiles: vec![99.0], steady, ..Asked::default() };
            verdict(&run, &metrics(&run, &asked), &asked);
        }
        Err(error) => prop_assert!(!error.to_string().contains('\n'), "{error}"),
    }
    Ok(())
}
