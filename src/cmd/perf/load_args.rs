//! The flags of `perf` that shape the load, and the list of points that they come to.

use std::path::Path;
use std::time::Duration;

use crate::args::range::outside;
use crate::args::{self, Change};
use crate::error::{Error, Result};
use crate::json;
use crate::plan::arrivals::Arrivals;
use crate::plan::{Load, ReadyCheck, WarmUp};
use crate::study::Point;

/// The load.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Load")]
pub(super) struct LoadArgs {
    /// Requests of each point; of conversations, how many of them
    #[arg(short, long, value_name = "N", num_args = 1.., default_value = "1000", value_parser = args::int)]
    pub(super) number: Vec<i64>,
    /// Most requests in flight at each point
    #[arg(long, value_name = "N", num_args = 1.., default_value = "1", value_parser = args::int)]
    pub(super) parallel: Vec<i64>,
    /// Requests a second, with Poisson gaps; -1 for as fast as they can be sent
    ///
    /// With --open-loop the list of rates makes the points, and nothing limits how many are in flight.
    #[arg(long, value_name = "R", num_args = 1.., default_value = "-1", allow_negative_numbers = true, value_parser = args::float)]
    pub(super) rate: Vec<f64>,
    /// Start requests by the rate alone, however many are in flight
    #[arg(long, overrides_with = "no_open_loop")]
    pub(super) open_loop: bool,
    #[arg(long, hide = true)]
    pub(super) no_open_loop: bool,
    /// Start no request of a point after so many seconds; what is in flight goes on to its end
    #[arg(long, value_name = "SECONDS", value_parser = args::float)]
    pub(super) duration: Option<f64>,
    /// Requests before each point that are not measured: a number, or below 1 a share of --number
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::float)]
    pub(super) warmup_num: f64,
    /// Seconds between points
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = args::float)]
    pub(super) sleep_interval: f64,
}

/// The load of one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PointLoad {
    /// Most requests in flight; `None` in an open loop.
    pub(super) parallel: Option<usize>,
    /// Requests that are measured.
    pub(super) number: u32,
    /// Requests before them.
    pub(super) warm_ups: u32,
    /// Requests a second; `None` for as fast as they can be sent.
    pub(super) rate: Option<f64>,
}

impl PointLoad {
    /// The load as it is carried out, behind a `check` whether the server answers.
    pub(super) fn load(&self, check: Option<ReadyCheck>, duration: Option<Duration>, talks: bool) -> Load {
        let warm_ups = self.warm_ups as usize;
        Load {
            arrivals: self.rate.map_or(Arrivals::AtOnce, |rate| Arrivals::Gamma { rate, burstiness: 1.0 }),
            burstiness: 1.0,
            max_concurrency: self.parallel,
            warm_up: if talks { WarmUp::Copies(warm_ups) } else { WarmUp::Own(warm_ups) },
            ready_check: check,
            duration,
            max_failures: None,
            workers: None,
            probe_rate: None,
            conversations: None,
            think_time: Duration::ZERO,
            warnings: Vec::new(),
        }
    }

    /// What differs between this point and others, whose results go to `dir`.
    pub(super) fn point(&self, dir: &Path) -> Point {
        let axis = match self.parallel {
            Some(parallel) => Change::new("--parallel", parallel),
            None => Change::new("--rate", json::float(self.rate.unwrap_or(-1.0))),
        };
        let name = dir.file_name().map_or_else(|| self.name(), |name| name.to_string_lossy().into_owned());
        Point { name, changes: vec![axis, Change::new("--number", self.number)], run: 1 }
    }

    /// The name that its directory bears.
    pub(super) fn name(&self) -> String {
        match (self.parallel, self.rate) {
            (Some(parallel), _) => format!("parallel_{parallel}_number_{}", self.number),
            (None, rate) => format!("rate_{}_number_{}", json::float(rate.unwrap_or(-1.0)), self.number),
        }
    }
}

impl LoadArgs {
    /// Whether nothing limits how many requests are in flight.
    pub(super) fn is_open(&self) -> bool {
        self.open_loop && !self.no_open_loop
    }

    /// The points, in order.
    ///
    /// # Errors
    /// If lists do not go together, or a number makes no load.
    pub(super) fn points(&self) -> Result<Vec<PointLoad>> {
        let numbers = self.number.iter().map(|&number| at_least_one("--number", number));
        let numbers = numbers.collect::<Result<Vec<u32>>>()?;
        let rates = self.rate.iter().map(|&rate| self::rate(rate)).collect::<Result<Vec<Option<f64>>>>()?;
        let (axis, length) = if self.is_open() { ("--rate", rates.len()) } else { ("--parallel", self.parallel.len()) };
        if numbers.len() != length {
            let what = format!("`--number` has {} and `{axis}` has {length}", counted(numbers.len()));
            return Err(Error::new(what).hint(format!("give as many numbers of requests as values of `{axis}`")));
        }
        let points = if self.is_open() { self.open(&rates)? } else { self.closed(&rates)? };
        let pair = |((parallel, rate), number): ((Option<usize>, Option<f64>), u32)| {
            let warm_ups = self.warm_ups(number)?;
            match parallel.filter(|&parallel| parallel > number as usize) {
                Some(parallel) => Err(Error::new(format!("`--number {number}` is below `--parallel {parallel}`"))
                    .hint("give at least as many requests as are to be in flight")),
                None => Ok(PointLoad { parallel, number, warm_ups, rate }),
            }
        };
        points.into_iter().zip(numbers).map(pair).collect()
    }

    fn open(&self, rates: &[Option<f64>]) -> Result<Vec<(Option<usize>, Option<f64>)>> {
        if rates.contains(&None) {
            return Err(Error::new("`--open-loop` needs a `--rate` above 0")
                .hint("give requests a second, such as `--rate 5 20`"));
        }
        Ok(rates.iter().map(|&rate| (None, rate)).collect())
    }

    fn closed(&self, rates: &[Option<f64>]) -> Result<Vec<(Option<usize>, Option<f64>)>> {
        let [rate] = rates else {
            return Err(Error::new(format!("`--rate` has {} values", rates.len()))
                .hint("give one, or `--open-loop` for a point at each rate"));
        };
        let limit = |&parallel: &i64| Ok((Some(at_least_one("--parallel", parallel)? as usize), *rate));
        self.parallel.iter().map(limit).collect()
    }

    fn warm_ups(&self, number: u32) -> Result<u32> {
        let given = self.warmup_num;
        let warm_ups = if given > 0.0 && given < 1.0 { (given * f64::from(number)).max(1.0) } else { given };
        if (0.0..=f64::from(u32::MAX)).contains(&warm_ups) && (given < 1.0 || given.fract() == 0.0) {
            return Ok(warm_ups as u32);
        }
        Err(outside("--warmup-num", given, "a number of requests or a share of them")
            .hint("give a whole number, or a share such as 0.1"))
    }

    /// The seconds after which no request starts.
    pub(super) fn most_time(&self) -> Result<Option<Duration>> {
        let Some(seconds) = self.duration else { return Ok(None) };
        match Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero()) {
            Some(time) => Ok(Some(time)),
            None => Err(outside("--duration", seconds, "a time above 0").hint("give seconds")),
        }
    }

    /// The time between points.
    pub(super) fn pause(&self) -> Result<Duration> {
        Duration::try_from_secs_f64(self.sleep_interval)
            .map_err(|_| outside("--sleep-interval", self.sleep_interval, "a time").hint("give 0 or more seconds"))
    }
}

fn counted(values: usize) -> String {
    if values == 1 { "1 value".to_owned() } else { format!("{values} values") }
}

fn at_least_one(flag: &str, value: i64) -> Result<u32> {
    let fits = u32::try_from(value).ok().filter(|&value| value > 0);
    fits.ok_or_else(|| outside(flag, value, "1 or more").hint("give 1 or more"))
}

/// -1 is no rate.
fn rate(rate: f64) -> Result<Option<f64>> {
    match rate {
        -1.0 => Ok(None),
        rate if rate > 0.0 && rate.is_finite() => Ok(Some(rate)),
        _ => {
            Err(outside("--rate", rate, "a rate above 0").hint("give requests a second, or -1 for as fast as possible"))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn points(args: &[&str]) -> Result<Vec<PointLoad>> {
        Cli::try_parse_from([&["x"], args].concat()).unwrap().load.points()
    }

    fn names(args: &[&str]) -> Vec<String> {
        points(args).unwrap().iter().map(PointLoad::name).collect()
    }

    #[test]
    fn lists_pair_up_to_points() {
        assert_eq!(
            names(&["--parallel", "1", "10", "--number", "10", "20"]),
            ["parallel_1_number_10", "parallel_10_number_20"]
        );
        let open = ["--open-loop", "--rate", "5", "20.5", "--number", "10", "20", "--parallel", "7"];
        assert_eq!(names(&open), ["rate_5.0_number_10", "rate_20.5_number_20"]);
        assert_eq!(names(&[]), ["parallel_1_number_1000"]);
    }

    #[test]
    fn a_share_of_warm_ups_is_one_at_least() {
        let warm_ups =
            |value: &str| points(&["--number=10", &format!("--warmup-num={value}")]).map(|points| points[0].warm_ups);
        let table = [("0", 0), ("3", 3), ("0.25", 2), ("0.01", 1)];
        table.into_iter().for_each(|(given, count)| assert_eq!(warm_ups(given).unwrap(), count, "{given}"));
        for wrong in ["1.5", "-1", "nan", "inf"] {
            assert!(warm_ups(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_makes_no_points_is_refused_in_a_line() {
        let table: [(&[&str], &str); 9] = [
            (&["--parallel", "1", "2", "--number", "10"], "`--number` has 1 value and `--parallel` has 2"),
            (&["--open-loop", "--rate", "1", "2", "--number", "10"], "`--number` has 1 value and `--rate` has 2"),
            (&["--parallel=0", "--number=10"], "`--parallel 0`: not 1 or more"),
            (&["--parallel=5", "--number=4"], "`--number 4` is below `--parallel 5`"),
            (&["--number=0"], "`--number 0`: not 1 or more"),
            (&["--rate=0"], "`--rate 0`: not a rate above 0"),
            (&["--rate", "1", "2"], "`--rate` has 2 values"),
            (&["--open-loop"], "`--open-loop` needs a `--rate` above 0"),
            (&["--rate=nan"], "`--rate NaN`: not a rate above 0"),
        ];
        for (args, expected) in table {
            let error = points(args).unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(error.advice().is_some(), "{expected}");
        }
    }
}
