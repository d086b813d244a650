//! The probes that ran beside a run: their records in, their figures out.

use super::Summary;
use super::request::{done, e2el};
use crate::record::{Failure, Outcome, Record};

/// Small requests that were sent beside the run, one at a time. Times are in seconds from `sent` to the last output.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Probes {
    /// Successful probes.
    pub completed: u64,
    /// Failed probes.
    pub failed: u64,
    /// The median of the successful.
    pub median: f64,
    /// Their 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Probes {
    /// The figures of these probes; `None` if none succeeded. A probe that was cut off with the run neither succeeded nor
    /// failed.
    pub fn of(records: &[Record]) -> Option<Self> {
        let latency = Summary::of(done(records).map(e2el).collect(), &[99.0]);
        if latency.is_empty() {
            return None;
        }
        let failed = |record: &&Record| match record.outcome {
            Outcome::Done | Outcome::Failed(Failure::Cancelled) => false,
            Outcome::Failed(_) => true,
        };
        Some(Probes {
            completed: latency.count,
            failed: records.iter().filter(failed).count() as u64,
            median: latency.median,
            p99: latency.percentile(99.0).unwrap_or_default(),
            max: latency.max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Tick;

    fn probe(millis: u64, outcome: Outcome) -> Record {
        let [sent, last] = [1_000, 1_000 + millis].map(|millis| Tick::from_nanos(millis * 1_000_000));
        Record { sent, first: last, last, end: last, outcome, ..Record::default() }
    }

    #[test]
    fn probes_are_summed_up_without_those_that_were_cut_off() {
        let mut records: Vec<Record> = [10, 20, 40].map(|millis| probe(millis, Outcome::Done)).into();
        records.push(probe(0, Outcome::Failed(Failure::Timeout)));
        records.push(probe(0, Outcome::Failed(Failure::Cancelled)));
        let probes = Probes::of(&records).unwrap();
        assert_eq!((probes.completed, probes.failed), (3, 1));
        assert_eq!((probes.median, probes.max), (0.02, 0.04));
        assert!((probes.p99 - 0.0396).abs() < 1e-9);
    }

    #[test]
    fn without_a_success_there_are_no_figures() {
        assert_eq!(Probes::of(&[]), None);
        assert_eq!(Probes::of(&[probe(0, Outcome::Failed(Failure::Reset))]), None);
    }
}
