//! Points that are known beforehand: one run for each value of a swept flag, each as often as wanted.

use std::fmt::Display;

use super::Point;
use crate::args::Change;
use crate::json::Value;

/// The points of a study, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// What is swept; `None` for repetition alone.
    pub swept: Option<Swept>,
    /// How often each value is run; at least once.
    pub runs: u32,
    /// The points: each value `runs` times before the next.
    pub points: Vec<Point>,
}

/// What a sweep goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// The most requests in flight.
    MaxConcurrency,
    /// Requests a second.
    RequestRate,
}

impl List {
    /// One run of each of `values` of what is swept, `runs` times; a value may bring further changes along.
    pub(super) fn sweep<V: Display>(swept: Swept, values: &[V], runs: u32, with: impl Fn(&V) -> Vec<Change>) -> Self {
        let points = values.iter().flat_map(|value| {
            let name = format!("{}{value}", swept.short());
            let mut changes = vec![Change::new(swept.flag(), value)];
            changes.extend(with(value));
            repeated(&name, &changes, runs)
        });
        List { swept: Some(swept), runs, points: points.collect() }
    }

    /// The command line as it stands, `runs` times.
    pub(super) fn repetition(runs: u32) -> Self {
        List { swept: None, runs, points: repeated("", &[], runs) }
    }

    /// Whether there is a single run only, which needs no summary.
    pub fn is_single(&self) -> bool {
        self.runs == 1 && self.swept.is_none()
    }
}

/// A point as often as it is to be run. Its name says which run it is where there are several.
fn repeated(name: &str, changes: &[Change], runs: u32) -> Vec<Point> {
    let name = |run: u32| match (name, runs) {
        (name, 1) => name.to_owned(),
        ("", _) => format!("run{run}"),
        (name, _) => format!("{name}-run{run}"),
    };
    (1..=runs).map(|run| Point { name: name(run), changes: changes.to_vec(), run }).collect()
}

impl Swept {
    /// The flag that it changes.
    fn flag(self) -> &'static str {
        match self {
            Swept::MaxConcurrency => "--max-concurrency",
            Swept::RequestRate => "--request-rate",
        }
    }

    /// What goes before a value in the names of files.
    fn short(self) -> &'static str {
        match self {
            Swept::MaxConcurrency => "concurrency",
            Swept::RequestRate => "rate",
        }
    }

    /// The key that results have it under.
    pub fn key(self) -> &'static str {
        match self {
            Swept::MaxConcurrency => "max_concurrency",
            Swept::RequestRate => "request_rate",
        }
    }

    /// What headings call it.
    pub fn label(self) -> &'static str {
        match self {
            Swept::MaxConcurrency => "Max concurrency",
            Swept::RequestRate => "Request rate",
        }
    }

    /// The value that a point has of it, in words.
    pub fn said(self, point: &Point) -> String {
        let what = match self {
            Swept::MaxConcurrency => "maximum concurrency",
            Swept::RequestRate => "request rate",
        };
        format!("{what} {}", self.of(point))
    }

    /// The value that a point has of it, as it was written.
    pub fn of(self, point: &Point) -> &str {
        let change = point.changes.iter().find(|change| change.flag == self.flag());
        change.map_or("", |change| change.value.as_str())
    }

    /// The value that a point has of it as results have it: an infinite rate is a text, as JSON has no infinity.
    pub fn json(self, point: &Point) -> Value {
        let text = self.of(point);
        match self {
            Swept::MaxConcurrency => text.parse().map_or(Value::Null, Value::Int),
            Swept::RequestRate => match text.parse::<f64>() {
                Ok(rate) if rate.is_finite() => Value::Float(rate),
                _ => Value::Text("inf".into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_bear_what_differs_in_their_names() {
        let names = |list: &List| list.points.iter().map(|point| point.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&List::repetition(1)), [""]);
        assert_eq!(names(&List::repetition(2)), ["run1", "run2"]);
        let swept = List::sweep(Swept::RequestRate, &[0.5, f64::INFINITY], 2, |_| Vec::new());
        assert_eq!(names(&swept), ["rate0.5-run1", "rate0.5-run2", "rateinf-run1", "rateinf-run2"]);
        assert!(List::repetition(1).is_single() && !List::repetition(2).is_single() && !swept.is_single());
    }

    #[test]
    fn a_value_changes_its_flag_and_what_goes_with_it() {
        let factor = |limit: &i64| vec![Change::new("--num-prompts", 4 * limit)];
        let list = List::sweep(Swept::MaxConcurrency, &[8], 1, factor);
        let point = &list.points[0];
        assert_eq!(point.changes, [Change::new("--max-concurrency", 8), Change::new("--num-prompts", 32)]);
        assert_eq!((point.name.as_str(), Swept::MaxConcurrency.json(point)), ("concurrency8", Value::Int(8)));
        let rates = List::sweep(Swept::RequestRate, &[f64::INFINITY, 2.0], 1, |_| Vec::new());
        let json: Vec<Value> = rates.points.iter().map(|point| Swept::RequestRate.json(point)).collect();
        assert_eq!(json, [Value::Text("inf".into()), Value::Float(2.0)]);
        assert_eq!(Swept::RequestRate.of(&rates.points[0]), "inf");
    }
}
