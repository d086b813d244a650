//! The figures of a run that other runs are held against: each with its key in the result file and its label on the console.

use super::{Report, console};
use crate::measure::Metric;
use crate::record::Task;

/// One number of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its key in the result file.
    pub key: String,
    /// Its label, with the unit.
    pub label: String,
    /// Its value in that unit.
    pub value: f64,
}

impl Report<'_> {
    /// Throughputs and latencies, as far as the run has them: latencies that are shown, and those that a summary of several
    /// runs shows.
    pub fn figures(&self) -> Vec<Figure> {
        let (rates, pooling) = (&self.metrics.rates, self.run.setup.task == Task::Pooling);
        let tokens = self.metrics.counts_tokens;
        let generated = |value: f64| Some(value).filter(|_| tokens && !pooling);
        let total = if pooling { rates.input_tokens } else { rates.total_tokens };
        let rates = [
            ("request_throughput", "Request throughput (req/s)", Some(rates.requests)),
            ("input_sequence_throughput", "Input throughput (inputs/s)", Some(rates.inputs).filter(|_| pooling)),
            ("request_goodput", "Request goodput (req/s)", rates.good.filter(|_| !pooling)),
            ("output_throughput", "Output token throughput (tok/s)", generated(rates.output_tokens)),
            ("total_token_throughput", "Total token throughput (tok/s)", Some(total).filter(|_| tokens)),
        ];
        let figure = |(key, label, value): (&str, &str, Option<f64>)| {
            value.map(|value| Figure { key: key.to_owned(), label: label.to_owned(), value })
        };
        rates
            .into_iter()
            .filter_map(figure)
            .chain(Metric::ALL.into_iter().flat_map(|metric| self.figures_of(metric)))
            .collect()
    }

    /// Mean, median and percentiles of one latency in milliseconds; nothing where no request has it.
    fn figures_of(&self, metric: Metric) -> Vec<Figure> {
        let summary = self.metrics.latency.metric(metric);
        let wanted = self.shown().any(|shown| shown == metric) || metric == Metric::E2el;
        if !self.metrics.measured(metric) || !wanted {
            return Vec::new();
        }
        let (name, word) = (metric.name(), console::heading(metric).1);
        let figure = |statistic: String, shown: String, seconds: f64| Figure {
            key: format!("{statistic}_{name}_ms"),
            label: format!("{shown} {word} (ms)"),
            value: seconds * 1000.0,
        };
        let mut figures = vec![
            figure("mean".into(), "Mean".into(), summary.mean),
            figure("median".into(), "Median".into(), summary.median),
        ];
        let percentile = |(p, seconds): &(f64, f64)| figure(format!("p{p}"), format!("P{p}"), *seconds);
        figures.extend(summary.percentiles.iter().map(percentile));
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, example_of, setup, told, worked_example};
    use super::*;
    use crate::measure::Asked;
    use crate::record::Setup;

    #[test]
    fn a_pooling_run_has_inputs_and_no_output() {
        let run = example_of(Setup { task: Task::Pooling, ..setup() });
        let asked = Asked { metrics: vec![Metric::E2el], ..asked() };
        let figures = told(run, asked).report().figures();
        let keys: Vec<&str> = figures.iter().map(|figure| figure.key.as_str()).collect();
        assert_eq!(keys[..3], ["request_throughput", "input_sequence_throughput", "total_token_throughput"]);
        assert!(keys[3..].iter().all(|key| key.ends_with("_e2el_ms")), "{keys:?}");
    }

    #[test]
    fn figures_have_the_keys_and_values_of_the_result() {
        let (run, asked) = (worked_example(), Asked { metrics: vec![Metric::Ttft], ..asked() });
        let told = told(run, asked);
        let report = told.report();
        let mut result = Vec::new();
        report.json(None, &mut result).unwrap();
        let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
        let figures = report.figures();
        for figure in figures.iter().filter(|figure| !figure.key.contains("e2el")) {
            assert_eq!(result[&figure.key], figure.value, "{}", figure.key);
        }
        let keys: Vec<&str> = figures.iter().map(|figure| figure.key.as_str()).collect();
        assert!(keys.contains(&"p99.9_ttft_ms") && keys.contains(&"mean_e2el_ms"), "{keys:?}");
        assert!(!keys.contains(&"mean_itl_ms"), "{keys:?}");
    }
}
