//! A run by the adapter that its requests asked for: a run in, an [`Adapter`] for each name out.

use super::request::{done, e2el, tpot, ttft};
use super::{OWN_PERCENTILES, Summary};
use crate::record::{Record, Run};

/// What became of the requests for one adapter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// Requests for it that were started.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Output tokens of the successful ones a second of the whole run.
    pub output_token_rate: f64,
    /// Time to first token.
    pub ttft: Summary,
    /// Time per output token after the first.
    pub tpot: Summary,
    /// End-to-end latency.
    pub e2el: Summary,
}

/// The run by adapter, in the order of their names; a name that is there twice counts as one. Empty without adapters.
pub(super) fn adapters(run: &Run) -> Vec<Adapter> {
    let Some(adapters) = &run.setup.adapters else { return Vec::new() };
    let mut names: Vec<&String> = Vec::new();
    for name in &adapters.names {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let of_it = |record: &&Record| adapters.name_of(record.id) == Some(name);
            let own: Vec<Record> = run.records.iter().filter(of_it).cloned().collect();
            adapter(name, &own, run.duration.as_secs_f64())
        })
        .collect()
}

fn adapter(name: &str, records: &[Record], duration: f64) -> Adapter {
    let over = |seconds: fn(&Record) -> f64| Summary::of(done(records).map(seconds).collect(), &OWN_PERCENTILES);
    let tokens: u64 = done(records).map(|record| u64::from(record.output_tokens)).sum();
    Adapter {
        name: name.to_owned(),
        requests: records.len() as u64,
        failed: (records.len() - done(records).count()) as u64,
        output_token_rate: if duration > 0.0 { tokens as f64 / duration } else { 0.0 },
        ttft: over(ttft),
        tpot: Summary::of(done(records).filter_map(tpot).collect(), &OWN_PERCENTILES),
        e2el: over(e2el),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Adapters, Failure, Outcome, Setup, Tick};

    fn request(id: u32, secs: u64) -> Record {
        let last = Tick::from_nanos(secs * 1_000_000_000);
        Record { id, output_tokens: 4, chunks: 4, first: last, last, end: last, ..Record::default() }
    }

    #[test]
    fn every_request_counts_for_its_adapter() {
        let mut records = vec![request(0, 1), request(1, 2), request(2, 3), request(3, 9)];
        records[2].outcome = Outcome::Failed(Failure::Reset);
        let names = ["sql", "chat", "sql", "idle"].map(String::from).to_vec();
        let setup = Setup { adapters: Some(Adapters { names, of: vec![0, 1, 2] }.into()), ..Setup::default() };
        let found = adapters(&Run { setup, records, duration: Tick::from_nanos(2_000_000_000), ..Run::default() });
        let told: Vec<_> = found.iter().map(|of| (of.name.as_str(), of.requests, of.failed, of.e2el.mean)).collect();
        assert_eq!(told, [("sql", 2, 1, 1.0), ("chat", 1, 0, 2.0), ("idle", 0, 0, 0.0)]);
        assert_eq!(found[0].output_token_rate, 2.0);
    }

    #[test]
    fn without_adapters_there_is_nothing_to_tell() {
        assert_eq!(adapters(&Run::default()), []);
    }
}
