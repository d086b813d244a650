//! What is said of a run of which nothing but the figures of its result is known: the reference's report for people, in which
//! rows that the result does not have are left out, and the form of PyTorch's dashboard.

use std::io::{self, Write};

use serde_json::Value as Json;

use super::blocks;
use super::console::{Configured, decoding, main_block};
use super::described::options;
use super::json::{Entry, Keys};
use super::labels::heading;
use super::lines::{Figures, Row, Section, banner};
use super::pytorch::Records;
use super::read::Stored;
use crate::error::{Error, Result};
use crate::json::{Value, object};
use crate::measure::{Asked, Figure, Metric, Statistic};
use crate::record::Setup;
use crate::report::Format;

impl Figures for Stored {
    fn value(&self, figure: Figure) -> Option<f64> {
        let (_, value) = self.figures().find(|(known, _)| *known == figure)?;
        // A result has it without any sound too.
        Some(value).filter(|value| figure.key() != "rtfx" || *value > 0.0)
    }
}

impl Stored {
    /// What its run was to be, as far as that says what was measured: as it is described, it asks for the figures that are here.
    pub fn setup(&self) -> Setup {
        let task = self.task.unwrap_or_default();
        Setup { task, options: options(&self.entries, task), ..Setup::default() }
    }

    /// Looks whether it is enough for a report in this form, with the values of every request or without.
    ///
    /// # Errors
    /// If it is not: with the cause.
    pub fn suits(&self, format: Format, detailed: bool) -> Result<()> {
        match format.needs_requests() {
            Some(cause) => Err(self.lacks(cause)),
            None if detailed => Err(self.lacks("there are no values of requests to keep")),
            None => Ok(()),
        }
    }

    fn lacks(&self, what: &str) -> Error {
        Error::new(format!("{}; {what}", self.limits()))
            .hint("keep the values of every request with `--save-detailed`, or all of a run with `--record`")
    }

    /// The same with the latencies and percentiles that are asked for, and no others.
    ///
    /// # Errors
    /// If it does not have one, or something is asked that only requests tell: with what cannot be known.
    pub fn only(mut self, asked: &Asked) -> Result<Self> {
        if asked.goal.is_some() {
            return Err(self.lacks("how many requests kept a limit cannot be known"));
        }
        for metric in &asked.metrics {
            let percentiles = asked.percentiles.iter().map(|p| Statistic::Percentile(*p));
            for figure in percentiles.map(|statistic| Figure::Latency(*metric, statistic)) {
                if self.value(figure).is_none() {
                    return Err(self.lacks(&format!("`{}` is not among them and cannot be known", figure.key())));
                }
            }
        }
        let wanted = |figure: Figure| match figure {
            Figure::Latency(metric, Statistic::Percentile(p)) => {
                asked.metrics.contains(&metric) && asked.percentiles.contains(&p)
            }
            Figure::Latency(metric, _) => asked.metrics.contains(&metric),
            Figure::Plain(_) | Figure::Spread(..) => true,
        };
        self.numbers.retain(|number| number.path.parse().map_or(true, wanted));
        Ok(self)
    }

    /// Writes the report for people, as far as it goes.
    pub(in crate::report) fn console(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", banner(" Serving Benchmark Result ", '='))?;
        let entry = |key: &str| self.entries.get(key);
        let configured = Configured {
            limit: entry("max_concurrency").and_then(Json::as_u64),
            rate: entry("request_rate").and_then(Json::as_f64),
        };
        main_block(self, configured, out)?;
        blocks::probes(self).map_or(Ok(()), |probes| probes.write(out))?;
        Metric::ALL.into_iter().filter_map(|metric| self.latency(metric)).try_for_each(|section| section.write(out))?;
        let positions = entry("spec_decode_per_position_acceptance_rates").and_then(Json::as_array);
        let positions: Vec<f64> = positions.into_iter().flatten().filter_map(Json::as_f64).collect();
        decoding(self, &positions, out)?;
        writeln!(out, "{}", banner("", '='))
    }

    /// The reference's rows of a latency; `None` where there are none.
    fn latency(&self, metric: Metric) -> Option<Section> {
        let of_metric = self.figures().filter_map(|(figure, _)| match figure {
            Figure::Latency(known, Statistic::Mean | Statistic::Median | Statistic::Percentile(_))
                if known == metric =>
            {
                Some(Row::figure(figure, self))
            }
            _ => None,
        });
        let rows: Vec<Row> = of_metric.collect();
        (!rows.is_empty()).then_some(Section { title: heading(metric), rows })
    }

    /// Writes the records of PyTorch's dashboard.
    pub(in crate::report) fn pytorch(&self, out: &mut dyn Write) -> io::Result<()> {
        let entries =
            self.entries.iter().map(|(key, value)| (key.clone(), Entry::Value(Value::of_json(value.clone()))));
        let keys = Keys(entries.collect());
        let options = options(&self.entries, self.task.unwrap_or_default());
        Records { keys: &keys, options: &options }.write(out, &mut |entries, out| {
            object(out, entries, |entry, out| match entry {
                Entry::Value(value) => value.write(out),
                Entry::Column(_) => Ok(()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Goal;
    use crate::report::tests::{asked, told, worked_example};

    /// The worked example, of which its figures are left.
    fn stored() -> Stored {
        Stored::of("a.json".as_ref(), &told(worked_example(), asked()).report()).unwrap()
    }

    fn console(stored: &Stored) -> String {
        let mut out = Vec::new();
        stored.console(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_report_of_figures_is_the_reference_s() {
        let report = console(&stored());
        let live = told(worked_example(), asked()).console();
        let (_, live) = live.split_once("Error 0: Bad Request\n").unwrap();
        let (theirs, _) = live.split_once("---------------Measured by llmbench").unwrap();
        assert_eq!(report, format!("{theirs}{}\n", "=".repeat(50)));
    }

    #[test]
    fn only_what_is_asked_for_is_shown() {
        let asked = |metrics: &[Metric], percentiles: &[f64]| Asked {
            metrics: metrics.to_vec(),
            percentiles: percentiles.to_vec(),
            ..Asked::default()
        };
        let report = console(&stored().only(&asked(&[Metric::E2el], &[99.9])).unwrap());
        assert!(report.contains("P99.9 E2EL") && !report.contains("P99 E2EL") && !report.contains("TTFT"), "{report}");
        let error = stored().only(&asked(&[Metric::E2el], &[90.0])).unwrap_err();
        assert!(error.to_string().ends_with("; `p90_e2el_ms` is not among them and cannot be known"), "{error}");
        let goal = Asked { goal: Some(Goal::default()), ..asked(&[], &[]) };
        assert!(stored().only(&goal).unwrap_err().to_string().ends_with("kept a limit cannot be known"));
    }

    #[test]
    fn a_result_without_sound_or_latencies_has_no_rows_of_them() {
        let text = r#"{"duration": 1, "completed": 2, "request_throughput": 2, "rtfx": 0.0, "request_rate": "inf"}"#;
        let report = console(&Stored::parse("a.json", text).unwrap());
        let rows = ["Successful requests", "Benchmark duration (s)", "Request throughput (req/s)"];
        let labels: Vec<&str> = report.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
        assert_eq!(labels, rows);
    }

    #[test]
    fn the_dashboard_s_records_repeat_the_keys_of_the_file() {
        let mut out = Vec::new();
        stored().pytorch(&mut out).unwrap();
        let records: Vec<Json> = serde_json::from_slice(&out).unwrap();
        assert_eq!(records.len(), 12);
        let (first, extra) = (&records[0], &records[0]["metric"]["extra_info"]);
        assert_eq!(
            (&first["metric"]["name"], &first["metric"]["benchmark_values"]),
            (&"median_ttft_ms".into(), &serde_json::json!([225.0]))
        );
        assert_eq!((&first["model"]["name"], &extra["completed"]), (&"org/demo-7b".into(), &4.into()));
        assert_eq!(first["benchmark"]["extra_info"]["args"]["request_rate"], 4.0);
    }
}
