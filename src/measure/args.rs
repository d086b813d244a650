//! The flags that say what is measured, and their plain values.

use super::{Goal, Metric};
use crate::args;
use crate::error::{Error, Result};

/// What is measured.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Metrics and output")]
pub struct MetricsArgs {
    /// Latencies to report, comma-separated: ttft, tpot, itl, e2el, client_queue_time, e2el_including_client_queue
    /// [default: ttft,tpot,itl]
    #[arg(long, value_name = "NAMES")]
    pub percentile_metrics: Option<String>,
    /// Percentiles to report of each, comma-separated
    #[arg(long, value_name = "PERCENTILES", default_value = "99")]
    pub metric_percentiles: String,
    /// Further percentiles for the summary of a sweep, comma-separated; each run reports them too
    #[arg(long, value_name = "PERCENTILES")]
    pub sweep_summary_percentiles: Option<String>,
    /// Limits in milliseconds that a request must keep to count as good: ttft, tpot, e2el
    #[arg(long, value_name = "KEY:MS", num_args = 1..)]
    pub goodput: Vec<String>,
}

/// What is measured, as plain values.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The latencies to show, in the order of reports.
    pub metrics: Vec<Metric>,
    /// The percentiles of each, 0 to 100, in the order given.
    pub percentiles: Vec<f64>,
    /// What makes a request good, if that was said.
    pub goal: Option<Goal>,
}

impl MetricsArgs {
    /// The flags as values.
    ///
    /// # Errors
    /// If a metric is unknown, a percentile is no number from 0 to 100, or a goal makes no sense.
    pub fn resolve(&self) -> Result<Asked> {
        let mut asked = percentiles("--metric-percentiles", &self.metric_percentiles)?;
        for further in self.further_percentiles()? {
            if !asked.contains(&further) {
                asked.push(further);
            }
        }
        Ok(Asked {
            metrics: Metric::parse_list(self.percentile_metrics.as_deref().unwrap_or_default())?,
            percentiles: asked,
            goal: if self.goodput.is_empty() { None } else { Some(Goal::parse(&self.goodput)?) },
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
        Cli::try_parse_from([&["llmbench"], args].concat()).unwrap().metrics.resolve()
    }

    #[test]
    fn without_flags_the_reference_s_choice_holds() {
        let asked = resolve(&[]).unwrap();
        assert_eq!(asked, Asked { metrics: Metric::DEFAULT.to_vec(), percentiles: vec![99.0], goal: None });
    }

    #[test]
    fn a_list_flag_takes_several_values_however_they_are_given() {
        let asked = resolve(&["--goodput=ttft:250", "--goodput=tpot:200"]).unwrap();
        assert_eq!(asked.goal, Some(Goal { ttft: Some(250.0), tpot: Some(200.0), e2el: None }));
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
