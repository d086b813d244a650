//! The flags that say what is measured, and their plain values.

use super::{Goal, Metric, SteadyRule};
use crate::args;
use crate::args::range::outside;
use crate::error::{Error, Result};
use crate::record::Task;

/// What is measured.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Metrics and output")]
pub struct MetricsArgs {
    /// Latencies to report, comma-separated: ttft, tpot, itl, e2el, client_queue_time, e2el_including_client_queue
    /// [default: ttft,tpot,itl; e2el where no text is made]
    #[arg(long, value_name = "NAMES")]
    pub percentile_metrics: Option<String>,
    /// Percentiles to report of each, comma-separated
    #[arg(long, value_name = "PERCENTILES", default_value = "99")]
    pub metric_percentiles: String,
    /// Further percentiles for the summary of a sweep, comma-separated; each run reports them too
    #[arg(long, value_name = "PERCENTILES")]
    pub sweep_summary_percentiles: Option<String>,
    /// Limits in milliseconds that a request must keep to count as good: ttft, tpot, itl (its mean gap), e2el
    #[arg(long, value_name = "KEY:MS", num_args = 1..)]
    pub goodput: Vec<String>,
    /// Share of `--max-concurrency` that must be in flight for the steady part of a run
    ///
    /// It lasts from the first moment to the last at which so many requests are in flight. It is looked for where
    /// `--max-concurrency` is given and no rate.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = args::float)]
    pub steady_state_threshold: f64,
    /// Seconds that the steady part should last; a warning says if it does not [default: 10, or a tenth of the run if that is more]
    #[arg(long, value_name = "SECONDS", value_parser = args::float)]
    pub steady_state_min_window: Option<f64>,
    /// Do not look for the steady part of a run
    #[arg(long)]
    pub no_steady_state: bool,
    /// Show how many tokens of the prompts came out of the server's cache, by what its answers say
    #[arg(long)]
    pub report_cached_tokens: bool,
}

/// What is measured, as plain values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// The latencies to show, in the order of reports.
    pub metrics: Vec<Metric>,
    /// The percentiles of each, 0 to 100, in the order given.
    pub percentiles: Vec<f64>,
    /// What makes a request good, if that was said.
    pub goal: Option<Goal>,
    /// What part of a run is steady, if that is asked.
    pub steady: Option<SteadyRule>,
    /// Whether tokens out of the server's cache are told to people; the result has them either way.
    pub cached_tokens: bool,
}

impl MetricsArgs {
    /// The flags as values.
    ///
    /// # Errors
    /// If a metric is unknown, a percentile is no number from 0 to 100, or a goal or the steady part makes no sense.
    pub fn resolve(&self, task: Task) -> Result<Asked> {
        let mut asked = percentiles("--metric-percentiles", &self.metric_percentiles)?;
        for further in self.further_percentiles()? {
            if !asked.contains(&further) {
                asked.push(further);
            }
        }
        Ok(Asked {
            metrics: Metric::parse_list(self.percentile_metrics.as_deref().unwrap_or_default(), task)?,
            percentiles: asked,
            goal: if self.goodput.is_empty() { None } else { Some(goal(&self.goodput)?) },
            steady: if self.no_steady_state { None } else { Some(self.steady()?) },
            cached_tokens: self.report_cached_tokens,
        })
    }

    /// The percentiles beside the mean in the summary of a sweep: the 99th, or else the largest that is reported, and those
    /// that were asked for.
    ///
    /// # Errors
    /// If a percentile is no number from 0 to 100.
    pub fn summary_percentiles(&self) -> Result<Vec<f64>> {
        let reported = percentiles("--metric-percentiles", &self.metric_percentiles)?;
        let largest = reported.iter().copied().fold(0.0, f64::max);
        let mut shown = vec![if reported.contains(&99.0) { 99.0 } else { largest }];
        shown.extend(self.further_percentiles()?);
        shown.sort_by(f64::total_cmp);
        shown.dedup();
        Ok(shown)
    }

    fn further_percentiles(&self) -> Result<Vec<f64>> {
        let list = self.sweep_summary_percentiles.as_deref();
        list.map_or(Ok(Vec::new()), |list| percentiles("--sweep-summary-percentiles", list))
    }

    fn steady(&self) -> Result<SteadyRule> {
        let (threshold, min_window) = (self.steady_state_threshold, self.steady_state_min_window);
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(outside("--steady-state-threshold", threshold, "above 0 and up to 1")
                .hint("give a share of `--max-concurrency`, such as 0.95"));
        }
        if let Some(seconds) = min_window.filter(|seconds| !(seconds.is_finite() && *seconds >= 0.0)) {
            return Err(
                outside("--steady-state-min-window", seconds, "a number of seconds").hint("give 0 or more seconds")
            );
        }
        Ok(SteadyRule { threshold, min_window })
    }
}

fn percentiles(flag: &str, list: &str) -> Result<Vec<f64>> {
    let percentile = |item: &str| {
        let refuse = |cause| {
            Error::new(format!("`{flag} {list}`: `{}` {cause}", item.trim()))
                .hint("give numbers from 0 to 100, such as `50,90,99.9`")
        };
        let value = args::float(item).map_err(|_| refuse("is not a number"))?;
        if (0.0..=100.0).contains(&value) { Ok(value) } else { Err(refuse("is not between 0 and 100")) }
    };
    list.split(',').map(percentile).collect()
}

/// Reads items such as `ttft:250`; of two for one key the later one holds.
fn goal(items: &[String]) -> Result<Goal> {
    let mut goal = Goal::default();
    for item in items {
        let refuse = |cause: String, hint: &str| Error::new(format!("`--goodput {item}`: {cause}")).hint(hint);
        let (key, limit) = item
            .split_once(':')
            .filter(|(_, limit)| !limit.contains(':'))
            .ok_or_else(|| refuse("not of the form KEY:MILLISECONDS".into(), "write, say, `ttft:250`"))?;
        let milliseconds = args::float(limit)
            .map_err(|_| refuse(format!("`{limit}` is not a number"), "write milliseconds, as in `ttft:250`"))?;
        if milliseconds.is_nan() || milliseconds < 0.0 {
            let cause = format!("the limit {milliseconds} can never be kept");
            return Err(refuse(cause, "give a limit of 0 ms or more"));
        }
        let key = key.trim();
        let slot = goal.limit(key);
        let unknown = || refuse(format!("unknown key `{key}`"), "use `ttft`, `tpot`, `itl` or `e2el`");
        *slot.ok_or_else(unknown)? = Some(milliseconds);
    }
    Ok(goal)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        metrics: MetricsArgs,
    }

    fn resolve(args: &[&str]) -> Result<Asked> {
        Cli::try_parse_from([&["llmbench"], args].concat()).unwrap().metrics.resolve(Task::Generation)
    }

    #[test]
    fn without_flags_the_reference_s_choice_holds() {
        let asked = resolve(&[]).unwrap();
        let steady = Some(SteadyRule { threshold: 0.95, min_window: None });
        let metrics = vec![Metric::Ttft, Metric::Tpot, Metric::Itl];
        assert_eq!(asked, Asked { metrics, percentiles: vec![99.0], steady, ..Asked::default() });
    }

    #[test]
    fn a_list_flag_takes_several_values_however_they_are_given() {
        let asked = resolve(&["--goodput=ttft:250", "--goodput=tpot:200"]).unwrap();
        assert_eq!(asked.goal, Some(Goal { ttft: Some(250.0), tpot: Some(200.0), ..Goal::default() }));
    }

    #[test]
    fn the_later_of_two_limits_holds() {
        let goal = resolve(&["--goodput", "ttft:250", "tpot: 20.5 ", "itl:1_000", "ttft:1e2"]).unwrap().goal;
        assert_eq!(goal, Some(Goal { ttft: Some(100.0), tpot: Some(20.5), itl: Some(1000.0), e2el: None }));
    }

    #[test]
    fn items_that_make_no_goal_are_refused_by_name() {
        for item in ["ttft", "ttft:1:2", "ttft:fast", "gap:20", "ttft:-1", "ttft:nan", ":5", ""] {
            let error = resolve(&[&format!("--goodput={item}")]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`--goodput {item}`: ")), "{error}");
            assert!(error.advice().is_some());
        }
    }

    #[test]
    fn what_can_be_no_steady_part_is_refused_before_the_run() {
        for flag in ["--steady-state-threshold=0", "--steady-state-threshold=1.1", "--steady-state-min-window=-1"] {
            let error = resolve(&[flag]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{}`: ", flag.replace('=', " "))), "{error}");
        }
        assert_eq!(resolve(&["--no-steady-state"]).unwrap().steady, None);
    }

    #[test]
    fn percentiles_keep_their_order_and_may_have_blanks() {
        assert_eq!(resolve(&["--metric-percentiles", "99.9, 50 ,100"]).unwrap().percentiles, [99.9, 50.0, 100.0]);
    }

    #[test]
    fn percentiles_for_a_summary_are_reported_once_and_shown_in_order() {
        let args = ["--metric-percentiles=99,50", "--sweep-summary-percentiles=90,50"];
        assert_eq!(resolve(&args).unwrap().percentiles, [99.0, 50.0, 90.0]);
        let shown = |args: &[&str]| {
            Cli::try_parse_from([&["llmbench"], args].concat()).unwrap().metrics.summary_percentiles().unwrap()
        };
        assert_eq!(shown(&args), [50.0, 90.0, 99.0]);
        assert_eq!(shown(&["--metric-percentiles=25,75"]), [75.0]);
    }

    #[test]
    fn percentiles_that_cannot_be_are_refused_before_the_run() {
        for (list, item) in [("50,101", "101"), ("-1", "-1"), ("p99", "p99"), ("50,", ""), ("nan", "nan")] {
            let error = resolve(&[&format!("--metric-percentiles={list}")]).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("`--metric-percentiles {list}`: `{item}` is not ")),
                "{error}"
            );
        }
    }
}
