//! Tokens of a point over time: records come in; how many had been taken and given by each completion, and how many that is a
//! second in three windows, go out.

use crate::record::{Outcome, Part, Run, Tick};

/// The length of the window at the end, in seconds.
pub(super) const LAST: f64 = 30.0;

/// The share of the time that the steady window leaves out at the start.
pub(super) const RAMP: f64 = 0.2;

/// Tokens up to the completion of a successful request.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    /// Seconds since the first request was sent.
    pub(super) at: f64,
    /// Tokens of prompts.
    pub(super) prompt: u64,
    /// Tokens of answers.
    pub(super) completion: u64,
}

/// Tokens a second in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Tokens of prompts.
    pub prompt: f64,
    /// Those of them that the server had cached; `None` where it is not known when.
    pub cached: Option<f64>,
    /// Tokens of answers.
    pub completion: f64,
}

impl Rates {
    /// Tokens of prompts that were not cached.
    pub(super) fn fresh(&self) -> Option<f64> {
        self.cached.map(|cached| self.prompt - cached)
    }
}

/// Tokens a second of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// Successful requests.
    pub samples: u64,
    /// From the first request that was sent to the last successful completion, in seconds.
    pub wall: f64,
    /// Over all of it.
    pub overall: Rates,
    /// Over the last 30 s; over all of it where that is shorter.
    pub last: Rates,
    /// From the latest completion in the first fifth on.
    pub steady: Rates,
}

impl Workload {
    /// The workload of a run; `None` without a success, or where it is not known when requests were sent and answered. `cached`
    /// is how many tokens of prompts the server had cached, over all of it.
    pub(super) fn of(run: &Run) -> Option<Self> {
        Workload::over(&points(run)?, run.answers.cached_tokens.unwrap_or(0))
    }

    fn over(points: &[Point], cached: u64) -> Option<Self> {
        let end = points.last()?;
        let rates = |from: Point, cached: Option<u64>| {
            let second = |tokens: u64| if end.at > from.at { tokens as f64 / (end.at - from.at) } else { 0.0 };
            Rates {
                prompt: second(end.prompt - from.prompt),
                cached: cached.map(second),
                completion: second(end.completion - from.completion),
            }
        };
        // Where some were cached, it is not known which.
        let in_part = (cached == 0).then_some(0);
        let overall = rates(Point::default(), Some(cached));
        let last = if end.at > LAST { rates(latest(points, end.at - LAST), in_part) } else { overall };
        let start = latest(points, end.at * RAMP);
        let steady = if start.at < end.at { rates(start, in_part) } else { overall };
        Some(Workload { samples: points.len() as u64, wall: end.at, overall, last, steady })
    }

    /// The windows in the order of tables.
    pub(super) fn windows(&self) -> [Rates; 3] {
        [self.overall, self.last, self.steady]
    }
}

/// When the first request was sent; `None` where that is not known of any.
pub(super) fn start(run: &Run) -> Option<Tick> {
    run.records.iter().map(|record| record.sent).min().filter(|_| run.knows(Part::Sent) && run.knows(Part::Ends))
}

/// The completions of successful requests, in order of time.
pub(super) fn points(run: &Run) -> Option<Vec<Point>> {
    let start = start(run)?;
    let mut done: Vec<_> = run.records.iter().filter(|record| record.outcome == Outcome::Done).collect();
    done.sort_by_key(|record| record.end);
    let (mut prompt, mut completion) = (0, 0);
    let point = |record: &crate::record::Record| {
        prompt += u64::from(record.input_tokens);
        completion += u64::from(record.output_tokens);
        Point { at: record.end.since(start) as f64 / 1e9, prompt, completion }
    };
    Some(done.into_iter().map(point).collect())
}

/// The latest of the points that is not after `at`; the first where all are.
fn latest(points: &[Point], at: f64) -> Point {
    points[points.partition_point(|point| point.at <= at).saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{json, points_of};
    use super::*;

    #[test]
    fn the_windows_of_real_points_are_the_reference_s() {
        for name in ["sweep_10", "vllm_10"] {
            let points = points_of(&json(&format!("{name}.timeline.json")));
            let expected = json(&format!("{name}.throughput.json"));
            let workload = Workload::over(&points, 0).unwrap();
            assert_eq!(Some(workload.samples), expected["n_samples"].as_u64());
            // The reference keeps its points to the microsecond.
            let close = |value: f64, expected: &serde_json::Value| {
                let expected = expected.as_f64().unwrap();
                assert!((value - expected).abs() <= expected * 1e-4, "{name}: {value} for {expected}");
            };
            close(workload.wall, &expected["wall_time_s"]);
            let windows = ["overall", "last_window", "steady_state"].into_iter().zip(workload.windows());
            for (key, rates) in windows {
                let values = [rates.prompt, rates.fresh().unwrap(), rates.cached.unwrap(), rates.completion];
                for (row, value) in values.into_iter().enumerate() {
                    close(value, &expected["rows"][row][key]);
                }
            }
        }
    }

    #[test]
    fn what_was_cached_is_known_over_all_but_not_by_window() {
        let points = [(1.0, 10), (40.0, 20)].map(|(at, prompt)| Point { at, prompt, completion: 4 });
        let workload = Workload::over(&points, 8).unwrap();
        assert_eq!((workload.overall.cached, workload.overall.fresh()), (Some(0.2), Some(0.3)));
        assert_eq!((workload.last.cached, workload.steady.fresh()), (None, None));
        assert_eq!(Workload::over(&[], 0), None);
    }

    #[test]
    fn a_single_completion_is_the_whole_of_it() {
        let only = [Point { at: 2.0, prompt: 6, completion: 4 }];
        let workload = Workload::over(&only, 0).unwrap();
        assert_eq!((workload.steady, workload.last.completion), (workload.overall, 2.0));
    }
}
