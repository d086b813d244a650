//! The figures of a run that other runs are held against: each with its key in result files, its unit, which way it is better,
//! and how it is got. A key comes in and a figure goes out, or metrics and a value. How a figure is shown is not known here.

use std::fmt;
use std::str::FromStr;

use super::plain::{self, Better, Plain, Unit};
use super::{Asked, Metric, Metrics, Summary};
use crate::error::{Error, Result};
use crate::record::Task;

/// The statistics of a latency that results have, beside percentiles.
const OF_LATENCIES: [Statistic; 3] = [Statistic::Mean, Statistic::Median, Statistic::Std];

/// The statistics of a spread that results have.
const OF_SPREADS: [Statistic; 4] =
    [Statistic::Mean, Statistic::Percentile(50.0), Statistic::Percentile(99.0), Statistic::Max];

/// A number that runs are held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// A number of its own.
    Plain(&'static Plain),
    /// A statistic of one of the reference's latencies.
    Latency(Metric, Statistic),
    /// A statistic of a quantity that the reference does not measure.
    Spread(Spread, Statistic),
}

/// What is said of many durations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Middle value.
    Median,
    /// Population standard deviation.
    Std,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// The value at this percentile, 0 to 100.
    Percentile(f64),
}

/// A quantity of ours that is measured in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Time to first token of first turns.
    FirstTurnTtft,
    /// Time to first token of later turns.
    LaterTurnTtft,
    /// First output - due.
    TtftFromDue,
    /// Last output - due.
    E2elFromDue,
    /// How much later than it could have been a request was sent.
    SendLateness,
    /// How long opening a connection took.
    ConnectTime,
    /// From the arrival of bytes at this host to the moment they were read.
    MeasurementLag,
}

impl Figure {
    /// All figures that a result with these latencies and percentiles may have, in the order in which they are listed.
    pub fn all(asked: &Asked) -> Vec<Figure> {
        let latencies = asked.metrics.iter().flat_map(|&metric| {
            let percentiles = asked.percentiles.iter().copied().map(Statistic::Percentile);
            OF_LATENCIES.into_iter().chain(percentiles).map(move |statistic| Figure::Latency(metric, statistic))
        });
        let spreads = Spread::ALL.into_iter().flat_map(Figure::of_spread);
        let plain = plain::OF_RUN.iter().map(|plain| Figure::Plain(plain));
        let of_client = plain::OF_CLIENT.iter().map(|plain| Figure::Plain(plain));
        plain.chain(latencies).chain(spreads).chain(of_client).collect()
    }

    /// Those of one of our quantities that results have.
    pub fn of_spread(spread: Spread) -> [Figure; 4] {
        OF_SPREADS.map(|statistic| Figure::Spread(spread, statistic))
    }

    /// Its key in result files.
    pub fn key(&self) -> String {
        match self {
            Figure::Plain(plain) => plain.key.to_owned(),
            Figure::Latency(metric, statistic) => format!("{statistic}_{}_ms", metric.name()),
            Figure::Spread(spread, statistic) => format!("{statistic}_{}_ms", spread.name()),
        }
    }

    /// What it counts.
    pub fn unit(&self) -> Unit {
        match self {
            Figure::Plain(plain) => plain.unit,
            Figure::Latency(..) | Figure::Spread(..) => Unit::Millis,
        }
    }

    /// Which way it is better; `None` where neither is: a property of the requests.
    pub fn better(&self) -> Option<Better> {
        match self {
            Figure::Plain(plain) => plain.better,
            Figure::Latency(..) | Figure::Spread(..) => Some(Better::Less),
        }
    }

    /// Its value in its unit; `None` where the run has none, or one that means nothing.
    pub fn of(&self, metrics: &Metrics) -> Option<f64> {
        let millis = |summary: &Summary, statistic: &Statistic| statistic.of(summary).map(|seconds| seconds * 1000.0);
        match self {
            Figure::Plain(plain) => (plain.of)(metrics),
            Figure::Latency(metric, _) if !(metrics.has(*metric) && metrics.measured(*metric)) => None,
            Figure::Latency(metric, statistic) => millis(metrics.latency.metric(*metric), statistic),
            Figure::Spread(spread, statistic) => {
                spread.of(metrics).filter(|summary| !summary.is_empty()).and_then(|summary| millis(summary, statistic))
            }
        }
    }
}

impl FromStr for Figure {
    type Err = Error;

    /// Reads what [`Figure::key`] gives.
    fn from_str(key: &str) -> Result<Self> {
        if let Some(plain) = plain::OF_RUN.iter().chain(plain::OF_CLIENT).find(|plain| plain.key == key) {
            return Ok(Figure::Plain(plain));
        }
        let timed = || {
            let (statistic, name) = key.strip_suffix("_ms")?.split_once('_')?;
            let statistic = statistic.parse().ok()?;
            let metric = Metric::ALL.into_iter().find(|metric| metric.name() == name);
            let spread = Spread::ALL.into_iter().find(|spread| spread.name() == name);
            let latency = metric.map(|metric| Figure::Latency(metric, statistic));
            latency.or(spread.map(|spread| Figure::Spread(spread, statistic)))
        };
        timed().ok_or_else(|| {
            Error::new(format!("no figure is called `{key}`"))
                .hint("name a key of the result file, such as `request_throughput` or `p99_ttft_ms`")
        })
    }
}

impl Statistic {
    /// Its value, in seconds; `None` for a percentile that was not asked for.
    pub fn of(self, summary: &Summary) -> Option<f64> {
        match self {
            Statistic::Mean => Some(summary.mean),
            Statistic::Median => Some(summary.median),
            Statistic::Std => Some(summary.std),
            Statistic::Min => Some(summary.min),
            Statistic::Max => Some(summary.max),
            Statistic::Percentile(p) => summary.percentile(p),
        }
    }
}

impl fmt::Display for Statistic {
    /// As keys begin with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statistic::Mean => f.write_str("mean"),
            Statistic::Median => f.write_str("median"),
            Statistic::Std => f.write_str("std"),
            Statistic::Min => f.write_str("min"),
            Statistic::Max => f.write_str("max"),
            Statistic::Percentile(p) => write!(f, "p{p}"),
        }
    }
}

impl FromStr for Statistic {
    type Err = Error;

    /// Reads what it displays as.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "mean" => return Ok(Statistic::Mean),
            "median" => return Ok(Statistic::Median),
            "std" => return Ok(Statistic::Std),
            "min" => return Ok(Statistic::Min),
            "max" => return Ok(Statistic::Max),
            _ => {}
        }
        let percentile = name.strip_prefix('p').and_then(|p| p.parse().ok()).filter(|p| (0.0..=100.0).contains(p));
        let unknown =
            || Error::new(format!("unknown statistic `{name}`")).hint("use mean, median, std, min, max or p99");
        percentile.map(Statistic::Percentile).ok_or_else(unknown)
    }
}

impl Spread {
    /// All of them, in the order of reports.
    pub const ALL: [Spread; 7] = [
        Spread::FirstTurnTtft,
        Spread::LaterTurnTtft,
        Spread::TtftFromDue,
        Spread::E2elFromDue,
        Spread::SendLateness,
        Spread::ConnectTime,
        Spread::MeasurementLag,
    ];

    /// Its name in the keys of the result.
    pub fn name(self) -> &'static str {
        match self {
            Spread::FirstTurnTtft => "first_turn_ttft",
            Spread::LaterTurnTtft => "later_turn_ttft",
            Spread::TtftFromDue => "ttft_from_due",
            Spread::E2elFromDue => "e2el_from_due",
            Spread::SendLateness => "send_lateness",
            Spread::ConnectTime => "connect_time",
            Spread::MeasurementLag => "measurement_lag",
        }
    }

    fn of(self, metrics: &Metrics) -> Option<&Summary> {
        let (schedule, conversations) = (&metrics.schedule, metrics.conversations.as_ref());
        match self {
            Spread::FirstTurnTtft => conversations.map(|conversations| &conversations.first_ttft),
            Spread::LaterTurnTtft => conversations.map(|conversations| &conversations.later_ttft),
            Spread::TtftFromDue => (metrics.task == Task::Generation).then_some(&schedule.ttft),
            Spread::E2elFromDue => Some(&schedule.e2el),
            Spread::SendLateness => Some(&schedule.lateness),
            Spread::ConnectTime => Some(&schedule.connect),
            Spread::MeasurementLag => Some(&schedule.lag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_found_by_its_key_and_no_key_is_there_twice() {
        let asked = Asked { metrics: Metric::ALL.to_vec(), percentiles: vec![50.0, 99.9], ..Asked::default() };
        let mut keys: Vec<String> = Figure::all(&asked).iter().map(Figure::key).collect();
        for figure in Figure::all(&asked) {
            assert_eq!(figure.key().parse::<Figure>().unwrap(), figure);
        }
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert!(
            ["median_itl_ms", "p99.9_ttft_ms", "p50_connect_time_ms"].iter().all(|key| keys.contains(&(*key).into()))
        );
    }

    #[test]
    fn what_is_no_key_is_refused_with_an_example() {
        for key in ["", "ttft", "p101_ttft_ms", "pnan_ttft_ms", "mean_ttft", "best_ttft_ms", "mean__ms", "start"] {
            let error = key.parse::<Figure>().unwrap_err();
            assert_eq!(error.to_string(), format!("no figure is called `{key}`"));
            assert!(error.advice().unwrap().contains("p99_ttft_ms"));
        }
    }

    #[test]
    fn throughput_goes_up_latency_down_and_a_property_of_requests_neither_way() {
        let better = |key: &str| key.parse::<Figure>().unwrap().better();
        for key in ["request_throughput", "request_goodput", "peak_output_tokens_per_s", "completed", "rtfx"] {
            assert_eq!(better(key), Some(Better::More), "{key}");
        }
        for key in ["mean_ttft_ms", "p99_itl_ms", "std_e2el_ms", "failed", "duration", "max_send_lateness_ms"] {
            assert_eq!(better(key), Some(Better::Less), "{key}");
        }
        for key in ["planned", "total_input_tokens", "peak_in_flight", "mean_turns"] {
            assert_eq!(better(key), None, "{key}");
        }
    }

    #[test]
    fn a_figure_that_means_nothing_is_not_there() {
        let all = Figure::all(&Asked { metrics: Metric::ALL.to_vec(), ..Asked::default() });
        let pooling = Metrics { task: Task::Pooling, ..Metrics::default() };
        let found: Vec<String> =
            all.iter().filter(|figure| figure.of(&pooling).is_some()).map(|figure| figure.key()).collect();
        assert!(found.iter().all(|key| !key.contains("output") && !key.ends_with("_ms")), "{found:?}");
    }
}
