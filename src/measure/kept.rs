//! Which share of requests kept the limits of a goal: records in, a [`Kept`] for each limit out.

use super::goal::Goal;
use super::metric::Metric;
use super::request::{done, taken};
use crate::record::Record;

/// A limit, and how many kept it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// What is limited.
    pub metric: Metric,
    /// The limit, in milliseconds.
    pub limit: f64,
    /// The share of all requests that kept it; one that failed did not.
    pub share: f64,
}

/// Who kept each of the limits of `goal`, of these requests.
pub(super) fn kept(goal: &Goal, records: &[Record]) -> Vec<Kept> {
    let Goal { ttft, tpot, itl, e2el } = *goal;
    let limits = [(Metric::Ttft, ttft), (Metric::Tpot, tpot), (Metric::Itl, itl), (Metric::E2el, e2el)];
    let one = |(metric, limit): (Metric, Option<f64>)| {
        let limit = limit?;
        let alone = match metric {
            Metric::Ttft => Goal { ttft: Some(limit), ..Goal::default() },
            Metric::Tpot => Goal { tpot: Some(limit), ..Goal::default() },
            Metric::Itl => Goal { itl: Some(limit), ..Goal::default() },
            _ => Goal { e2el: Some(limit), ..Goal::default() },
        };
        let kept = done(records).filter(|record| alone.is_met(taken(record))).count();
        Some(Kept { metric, limit, share: kept as f64 / records.len().max(1) as f64 })
    };
    limits.into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Outcome, Tick};

    #[test]
    fn who_failed_kept_no_limit() {
        let request = |ms: u64, outcome| {
            let first = Tick::from_nanos(ms * 1_000_000);
            Record { first, last: first, end: first, outcome, ..Record::default() }
        };
        let records =
            [(10, Outcome::Done), (30, Outcome::Done), (5, Outcome::Failed(Failure::Reset)), (20, Outcome::Done)];
        let records = records.map(|(ms, outcome)| request(ms, outcome));
        let goal = Goal { ttft: Some(20.0), e2el: Some(15.0), ..Goal::default() };
        let kept = |metric, limit, share| Kept { metric, limit, share };
        assert_eq!(super::kept(&goal, &records), [kept(Metric::Ttft, 20.0, 0.5), kept(Metric::E2el, 15.0, 0.25)]);
    }
}
