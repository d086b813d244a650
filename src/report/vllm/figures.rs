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

impl Figures for Stored {
    fn value(&self, figure: Figure) -> Option<f64> {
        self.figures().find(|(known, _)| *known == figure).map(|(_, value)| value)
    }
}

impl Stored {
    /// What its run was to be, as far as that says what was measured: as it is described, it asks for the figures that are here.
    pub fn setup(&self) -> Setup {
        let task = self.task.unwrap_or_default();
        Setup { task, options: options(&self.entries, task), ..Setup::default() }
    }

    /// The same with the latencies and percentiles that are asked for, and no others.
    ///
    /// # Errors
    /// If it does not have one, or something is asked that only requests tell: with what cannot be known.
    pub fn only(mut self, asked: &Asked) -> Result<Self> {
        let refuse = |what: String| {
            Err(Error::new(format!("{}: {what}", self.limits()))
                .hint("keep records with `--record`, or the values of every request with `--save-detailed`"))
        };
        if asked.goal.is_some() {
            return refuse("how many of them kept a limit cannot be known".into());
        }
        for metric in &asked.metrics {
            let percentiles = asked.percentiles.iter().map(|p| Statistic::Percentile(*p));
            for figure in percentiles.map(|statistic| Figure::Latency(*metric, statistic)) {
                if self.value(figure).is_none() {
                    return refuse(format!("it has no `{}`", figure.key()));
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
