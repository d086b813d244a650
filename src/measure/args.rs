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
        Ok(Asked {
            metrics: Metric::parse_list(self.percentile_metrics.as_deref().unwrap_or_default())?,
            percentiles: percentiles(&self.metric_percentiles)?,
            goal: if self.goodput.is_empty() { None } else { Some(Goal::parse(&self.goodput)?) },
        })
    }
}

fn percentiles(list: &str) -> Result<Vec<f64>> {
    let percentile = |item: &str| {
        let refuse = |cause| {
            Error::new(format!("`--metric-percentiles {list}`: `{}` {cause}", item.trim()))
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
