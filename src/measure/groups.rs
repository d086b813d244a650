//! A run by what its requests were spread over, adapters or servers: a run in, a [`Group`] for each name out.

use super::request::{done, e2el, tpot, ttft};
use super::{OWN_PERCENTILES, Summary};
use crate::record::{Partition, Record, Run};

/// What became of the requests that went to one of several.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Requests to it that were started.
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

/// The run by what its requests were spread over, in the order of their names; a name that is there twice counts as one. Empty
/// where they were not.
pub(super) fn groups(run: &Run, partition: Option<&Partition>) -> Vec<Group> {
    let Some(partition) = partition else { return Vec::new() };
    let mut names: Vec<&String> = Vec::new();
    for name in &partition.names {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let of_it = |record: &&Record| partition.name_of(record.id) == Some(name);
            let own: Vec<Record> = run.records.iter().filter(of_it).cloned().collect();
            group(name, &own, run.duration.as_secs_f64())
        })
        .collect()
}

fn group(name: &str, records: &[Record], duration: f64) -> Group {
    let over = |seconds: fn(&Record) -> f64| Summary::of(done(records).map(seconds).collect(), &OWN_PERCENTILES);
    let tokens: u64 = done(records).map(|record| u64::from(record.output_tokens)).sum();
    Group {
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
    use crate::record::{Failure, Outcome, Tick};

    fn request(id: u32, secs: u64) -> Record {
        let last = Tick::from_nanos(secs * 1_000_000_000);
        Record { id, output_tokens: 4, chunks: 4, first: last, last, end: last, ..Record::default() }
    }

    #[test]
    fn every_request_counts_for_what_it_went_to() {
        let mut records = vec![request(0, 1), request(1, 2), request(2, 3), request(3, 9)];
        records[2].outcome = Outcome::Failed(Failure::Reset);
        let names = ["sql", "chat", "sql", "idle"].map(String::from).to_vec();
        let partition = Partition { names, of: vec![0, 1, 2] };
        let found =
            groups(&Run { records, duration: Tick::from_nanos(2_000_000_000), ..Run::default() }, Some(&partition));
        let told: Vec<_> = found.iter().map(|of| (of.name.as_str(), of.requests, of.failed, of.e2el.mean)).collect();
        assert_eq!(told, [("sql", 2, 1, 1.0), ("chat", 1, 0, 2.0), ("idle", 0, 0, 0.0)]);
        assert_eq!(found[0].output_token_rate, 2.0);
    }

    #[test]
    fn where_nothing_is_spread_there_is_nothing_to_tell() {
        assert_eq!(groups(&Run::default(), None), []);
    }
}
