//! The flags of `serve` that ask for several runs, and the points that they come to.

use super::{List, Swept};
use crate::args::range::outside;
use crate::args::{self, Change};
use crate::error::{Error, Result};

/// The flags that ask for several runs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Several runs")]
pub struct StudyArgs {
    /// Repeat each run this often, and tell how far the runs differ
    ///
    /// Every run sends the same prompts, under request ids of its own. With --save-result --result-filename a.json the runs
    /// are saved as a-run1.json, a-run2.json and so on, in a sweep as a-concurrency10-run1.json or a-rate10-run1.json, and
    /// the summary as a.json; only a.json is replaced where it is there. With --append-result the runs are appended to
    /// a.json and the summary is saved as a-summary.json. --output-json gets the summary.
    #[arg(long, value_name = "N", default_value = "1", value_parser = args::int)]
    pub num_runs: i64,
    /// One run with each of these limits of requests in flight, comma-separated, then a summary and the best of them
    #[arg(long, value_name = "N,N", value_parser = whole_list)]
    pub sweep_max_concurrency: Option<Commas<i64>>,
    /// One run at each of these request rates, comma-separated, then a summary and the best of them
    #[arg(long, value_name = "R,R", value_parser = float_list)]
    pub sweep_request_rate: Option<Commas<f64>>,
    /// With --sweep-max-concurrency: send this many requests for each that may be in flight, whatever --num-prompts says
    #[arg(long, value_name = "K", value_parser = args::int)]
    pub sweep_num_prompts_factor: Option<i64>,
}

/// Which flags of the load a command line gives that a sweep does not go with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// A limit of requests in flight.
    pub max_concurrency: bool,
    /// A finite rate.
    pub request_rate: bool,
    /// A rate that changes over the run.
    pub ramp: bool,
}

/// A comma-separated list that is one value of a flag.
#[derive(Debug, Clone, PartialEq)]
pub struct Commas<T>(pub Vec<T>);

fn list<T>(text: &str, parse: fn(&str) -> Result<T, String>) -> Result<Commas<T>, String> {
    let item = |item: &str| parse(item).map_err(|cause| format!("`{}` is {cause}", item.trim()));
    text.split(',').map(item).collect::<Result<_, _>>().map(Commas)
}

fn whole_list(text: &str) -> Result<Commas<i64>, String> {
    list(text, args::int)
}

fn float_list(text: &str) -> Result<Commas<f64>, String> {
    list(text, args::float)
}

impl StudyArgs {
    /// Checks the flags, alone and against those of the load.
    ///
    /// # Errors
    /// Where a number makes no run, or flags exclude each other.
    pub fn resolve(&self, given: Given) -> Result<(List, Vec<String>)> {
        let runs = u32::try_from(self.num_runs)
            .ok()
            .filter(|&runs| runs > 0)
            .ok_or_else(|| outside("--num-runs", self.num_runs, "1 or more").hint("give 1 or more"))?;
        let list = match (&self.sweep_max_concurrency, &self.sweep_request_rate) {
            (None, None) => List::repetition(runs),
            (Some(limits), None) => self.limits(&limits.0, runs)?,
            (None, Some(rates)) => self::rates(&rates.0, runs, given)?,
            (Some(_), Some(_)) => {
                let what = "`--sweep-max-concurrency` and `--sweep-request-rate` exclude each other";
                return Err(Error::new(what).hint("sweep one of them at a time"));
            }
        };
        Ok((list, self.warnings(given)))
    }

    fn limits(&self, limits: &[i64], runs: u32) -> Result<List> {
        if let Some(factor) = self.sweep_num_prompts_factor.filter(|&factor| factor < 1) {
            return Err(outside("--sweep-num-prompts-factor", factor, "1 or more")
                .hint("give the requests to send for each that may be in flight"));
        }
        if let Some(limit) = limits.iter().find(|&&limit| limit < 1) {
            return Err(outside("--sweep-max-concurrency", limit, "1 or more").hint("give limits such as `1,10,50`"));
        }
        let prompts = |limit: &i64| {
            let factor = self.sweep_num_prompts_factor;
            factor.map(|factor| Change::new("--num-prompts", limit.saturating_mul(factor))).into_iter().collect()
        };
        Ok(List::sweep(Swept::MaxConcurrency, limits, runs, prompts))
    }

    fn warnings(&self, given: Given) -> Vec<String> {
        let table = [
            (
                self.sweep_max_concurrency.is_some() && given.max_concurrency,
                "`--max-concurrency` has no effect: `--sweep-max-concurrency` sets the limit",
            ),
            (
                self.sweep_request_rate.is_some() && given.request_rate,
                "`--request-rate` has no effect: `--sweep-request-rate` sets the rate",
            ),
            (
                self.sweep_num_prompts_factor.is_some() && self.sweep_max_concurrency.is_none(),
                "`--sweep-num-prompts-factor` has no effect without `--sweep-max-concurrency`",
            ),
        ];
        table.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning.to_owned()).collect()
    }
}

fn rates(rates: &[f64], runs: u32, given: Given) -> Result<List> {
    if given.ramp {
        return Err(Error::new("`--sweep-request-rate` and `--ramp-up-strategy` exclude each other")
            .hint("leave out one of them: both set the rate"));
    }
    if let Some(rate) = rates.iter().find(|rate| rate.is_nan() || **rate <= 0.0) {
        return Err(
            outside("--sweep-request-rate", rate, "a rate above 0").hint("give requests a second such as `1,10,inf`")
        );
    }
    Ok(List::sweep(Swept::RequestRate, rates, runs, |_| Vec::new()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        study: StudyArgs,
    }

    fn resolve(flags: &[&str], given: Given) -> Result<(List, Vec<String>), String> {
        let flags = Flags::try_parse_from(["x"].iter().chain(flags)).map_err(|error| error.to_string())?;
        flags.study.resolve(given).map_err(|error| {
            assert!(error.advice().is_some(), "{error}");
            error.to_string()
        })
    }

    fn names(flags: &[&str]) -> Vec<String> {
        let (list, _) = resolve(flags, Given::default()).unwrap();
        list.points.into_iter().map(|point| point.name).collect()
    }

    #[test]
    fn without_flags_there_is_one_run() {
        assert!(resolve(&[], Given::default()).unwrap().0.is_single());
        assert_eq!(names(&["--num-runs=2"]), ["run1", "run2"]);
        assert_eq!(names(&["--sweep-request-rate=inf"]), ["rateinf"]);
    }

    #[test]
    fn a_sweep_is_a_run_a_value_in_the_order_given() {
        let flags = ["--sweep-max-concurrency=1, 50,1_0", "--sweep-num-prompts-factor=4"];
        let (list, _) = resolve(&flags, Given::default()).unwrap();
        let values: Vec<Vec<&str>> = list
            .points
            .iter()
            .map(|point| point.changes.iter().map(|change| change.value.as_str()).collect())
            .collect();
        assert_eq!(values, [["1", "4"], ["50", "200"], ["10", "40"]]);
        assert_eq!(names(&["--sweep-request-rate=0.5,10", "--num-runs=2"]).len(), 4);
    }

    #[test]
    fn nonsense_is_refused_by_flag_and_value() {
        let both = ["--sweep-max-concurrency=1", "--sweep-request-rate=1"];
        let table: [(&[&str], &str); 5] = [
            (&["--num-runs=0"], "`--num-runs 0`: not 1 or more"),
            (&["--sweep-max-concurrency=4,0"], "`--sweep-max-concurrency 0`: not 1 or more"),
            (&["--sweep-request-rate=nan"], "`--sweep-request-rate NaN`: not a rate above 0"),
            (
                &["--sweep-max-concurrency=1", "--sweep-num-prompts-factor=0"],
                "`--sweep-num-prompts-factor 0`: not 1 or more",
            ),
            (&both, "`--sweep-max-concurrency` and `--sweep-request-rate` exclude each other"),
        ];
        for (flags, message) in table {
            assert_eq!(resolve(flags, Given::default()), Err(message.into()), "{flags:?}");
        }
        let ramp = resolve(&["--sweep-request-rate=1"], Given { ramp: true, ..Given::default() });
        assert_eq!(ramp, Err("`--sweep-request-rate` and `--ramp-up-strategy` exclude each other".into()));
        let error = resolve(&["--sweep-max-concurrency=1,,2"], Given::default()).unwrap_err();
        assert!(error.contains("`` is not a whole number"), "{error}");
    }

    #[test]
    fn flags_that_a_sweep_overrides_are_warned_of() {
        let warned = |flags: &[&str], given: Given| resolve(flags, given).unwrap().1.len();
        let limited = Given { max_concurrency: true, ..Given::default() };
        let rated = Given { request_rate: true, ..Given::default() };
        assert_eq!(warned(&["--sweep-max-concurrency=1"], limited), 1);
        assert_eq!(warned(&["--sweep-request-rate=1"], rated), 1);
        assert_eq!(warned(&["--sweep-num-prompts-factor=2"], Given::default()), 1);
        assert_eq!(warned(&["--sweep-max-concurrency=1"], rated), 0);
    }
}
