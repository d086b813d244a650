//! The flags that ask for several runs, and the runs that they come to: one a swept value, each as often as wanted.

use std::fmt;

use super::LoadArgs;
use crate::args;
use crate::error::{Error, Result};

/// The flags that ask for several runs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Several runs")]
pub struct SeriesArgs {
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
    pub sweep_max_concurrency: Option<List<i64>>,
    /// One run at each of these request rates, comma-separated, then a summary and the best of them
    #[arg(long, value_name = "R,R", value_parser = float_list)]
    pub sweep_request_rate: Option<List<f64>>,
    /// With --sweep-max-concurrency: send this many requests for each that may be in flight, whatever --num-prompts says
    #[arg(long, value_name = "K", value_parser = args::int)]
    pub sweep_num_prompts_factor: Option<i64>,
}

/// A comma-separated list that is one value of a flag.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T>(pub Vec<T>);

fn list<T>(text: &str, parse: fn(&str) -> Result<T, String>) -> Result<List<T>, String> {
    let item = |item: &str| parse(item).map_err(|cause| format!("`{}` is {cause}", item.trim()));
    text.split(',').map(item).collect::<Result<_, _>>().map(List)
}

fn whole_list(text: &str) -> Result<List<i64>, String> {
    list(text, args::int)
}

fn float_list(text: &str) -> Result<List<f64>, String> {
    list(text, args::float)
}

/// What differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting {
    /// Nothing.
    Same,
    /// The most requests in flight, and how many requests there are, if that goes with it.
    MaxConcurrency {
        /// The limit.
        limit: i64,
        /// Requests of the run.
        num_prompts: Option<i64>,
    },
    /// Requests a second.
    RequestRate(f64),
}

impl Setting {
    /// What goes into the name of a run's file.
    pub fn suffix(self) -> Option<String> {
        match self {
            Setting::Same => None,
            Setting::MaxConcurrency { limit, .. } => Some(format!("concurrency{limit}")),
            Setting::RequestRate(rate) => Some(format!("rate{rate}")),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Same => Ok(()),
            Setting::MaxConcurrency { limit, .. } => write!(f, "maximum concurrency {limit}"),
            Setting::RequestRate(rate) => write!(f, "request rate {rate}"),
        }
    }
}

/// The runs that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The settings in order; each is run `runs` times before the next.
    pub settings: Vec<Setting>,
    /// How often each is run; at least once.
    pub runs: u32,
    /// What looks unintended, a line each.
    pub warnings: Vec<String>,
}

impl Series {
    /// Whether there is a single run only, which needs no summary.
    pub fn is_single(&self) -> bool {
        self.runs == 1 && self.settings == [Setting::Same]
    }
}

impl SeriesArgs {
    /// Checks the flags, alone and against those of the load.
    ///
    /// # Errors
    /// Where a number makes no run, or flags exclude each other.
    pub fn resolve(&self, load: &LoadArgs) -> Result<Series> {
        let runs = u32::try_from(self.num_runs).ok().filter(|&runs| runs > 0).ok_or_else(|| {
            Error::new(format!("`--num-runs {}` is not 1 or more", self.num_runs)).hint("give 1 or more")
        })?;
        let settings = match (&self.sweep_max_concurrency, &self.sweep_request_rate) {
            (None, None) => vec![Setting::Same],
            (Some(limits), None) => self.limits(&limits.0)?,
            (None, Some(rates)) => self.rates(&rates.0, load)?,
            (Some(_), Some(_)) => {
                let what = "`--sweep-max-concurrency` and `--sweep-request-rate` exclude each other";
                return Err(Error::new(what).hint("sweep one of them at a time"));
            }
        };
        Ok(Series { settings, runs, warnings: self.warnings(load) })
    }

    fn limits(&self, limits: &[i64]) -> Result<Vec<Setting>> {
        if let Some(factor) = self.sweep_num_prompts_factor.filter(|&factor| factor < 1) {
            return Err(Error::new(format!("`--sweep-num-prompts-factor {factor}` is not 1 or more"))
                .hint("give the requests to send for each that may be in flight"));
        }
        let setting = |&limit: &i64| {
            if limit < 1 {
                return Err(Error::new(format!("`--sweep-max-concurrency`: `{limit}` is not 1 or more"))
                    .hint("give limits such as `1,10,50`"));
            }
            let num_prompts = self.sweep_num_prompts_factor.map(|factor| limit.saturating_mul(factor));
            Ok(Setting::MaxConcurrency { limit, num_prompts })
        };
        limits.iter().map(setting).collect()
    }

    fn rates(&self, rates: &[f64], load: &LoadArgs) -> Result<Vec<Setting>> {
        if load.ramp_up_strategy.is_some() {
            return Err(Error::new("`--sweep-request-rate` and `--ramp-up-strategy` exclude each other")
                .hint("leave out one of them: both set the rate"));
        }
        let setting = |&rate: &f64| {
            if rate.is_nan() || rate <= 0.0 {
                return Err(Error::new(format!("`--sweep-request-rate`: `{rate}` is not a rate above 0"))
                    .hint("give requests a second such as `1,10,inf`"));
            }
            Ok(Setting::RequestRate(rate))
        };
        rates.iter().map(setting).collect()
    }

    fn warnings(&self, load: &LoadArgs) -> Vec<String> {
        let table = [
            (
                self.sweep_max_concurrency.is_some() && load.max_concurrency.is_some(),
                "`--max-concurrency` has no effect: `--sweep-max-concurrency` sets the limit",
            ),
            (
                self.sweep_request_rate.is_some() && load.request_rate.is_finite(),
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        series: SeriesArgs,
        #[command(flatten)]
        load: LoadArgs,
    }

    fn resolve(flags: &[&str]) -> Result<Series, String> {
        let flags = Flags::try_parse_from(["x"].iter().chain(flags)).map_err(|error| error.to_string())?;
        flags.series.resolve(&flags.load).map_err(|error| {
            assert!(error.advice().is_some(), "{error}");
            error.to_string()
        })
    }

    #[test]
    fn without_flags_there_is_one_run() {
        assert!(resolve(&[]).unwrap().is_single());
        assert!(!resolve(&["--num-runs=2"]).unwrap().is_single());
        assert!(!resolve(&["--sweep-request-rate=inf"]).unwrap().is_single());
    }

    #[test]
    fn a_sweep_is_a_run_a_value_in_the_order_given() {
        let series = resolve(&["--sweep-max-concurrency=1, 50,1_0", "--sweep-num-prompts-factor=4"]).unwrap();
        let limit = |limit| Setting::MaxConcurrency { limit, num_prompts: Some(4 * limit) };
        assert_eq!(series.settings, [1, 50, 10].map(limit));
        let series = resolve(&["--sweep-request-rate=0.5,10,inf", "--num-runs=3"]).unwrap();
        assert_eq!(
            (series.settings.clone(), series.runs),
            ([0.5, 10.0, f64::INFINITY].map(Setting::RequestRate).into(), 3)
        );
        let suffixes: Vec<String> = series.settings.iter().filter_map(|setting| setting.suffix()).collect();
        assert_eq!(suffixes, ["rate0.5", "rate10", "rateinf"]);
    }

    #[test]
    fn nonsense_is_refused_by_flag_and_value() {
        let ramp = ["--ramp-up-strategy=linear", "--sweep-request-rate=1"];
        let both = ["--sweep-max-concurrency=1", "--sweep-request-rate=1"];
        let table: [(&[&str], &str); 6] = [
            (&["--num-runs=0"], "`--num-runs 0` is not 1 or more"),
            (&["--sweep-max-concurrency=4,0"], "`--sweep-max-concurrency`: `0` is not 1 or more"),
            (&["--sweep-request-rate=nan"], "`--sweep-request-rate`: `NaN` is not a rate above 0"),
            (
                &["--sweep-max-concurrency=1", "--sweep-num-prompts-factor=0"],
                "`--sweep-num-prompts-factor 0` is not 1 or more",
            ),
            (&both, "`--sweep-max-concurrency` and `--sweep-request-rate` exclude each other"),
            (&ramp, "`--sweep-request-rate` and `--ramp-up-strategy` exclude each other"),
        ];
        for (flags, message) in table {
            assert_eq!(resolve(flags), Err(message.into()), "{flags:?}");
        }
        let error = resolve(&["--sweep-max-concurrency=1,,2"]).unwrap_err();
        assert!(error.contains("`` is not a whole number"), "{error}");
    }

    #[test]
    fn flags_that_a_sweep_overrides_are_warned_of() {
        let warned = |flags: &[&str]| resolve(flags).unwrap().warnings.len();
        assert_eq!(warned(&["--sweep-max-concurrency=1", "--max-concurrency=2"]), 1);
        assert_eq!(warned(&["--sweep-request-rate=1", "--request-rate=2"]), 1);
        assert_eq!(warned(&["--sweep-num-prompts-factor=2"]), 1);
        assert_eq!(warned(&["--sweep-max-concurrency=1", "--request-rate=2"]), 0);
    }
}
