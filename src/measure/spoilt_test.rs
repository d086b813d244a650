//! A record file in which a byte was changed is refused in a sentence, or its run has numbers.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::record::file::{Existing, Writer};
use crate::record::{Collector, Finished, Health, Setup, Tick};

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
    let run = collector.finish(Tick::from_nanos(3_590_000_000), Health::default());
    writer.end(&Run { probes: run.records.clone(), setup, ..run }).unwrap();
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
        let read = Run::read(&path);
        fs::remove_file(&path).unwrap();
        match read {
            Ok(run) => {
                let steady = Some(SteadyRule { threshold: 0.5, min_window: None });
                metrics(&run, &Asked { metrics: Metric::ALL.to_vec(), percentiles: vec![99.0], goal: None, steady });
            }
            Err(error) => prop_assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
}
