//! The result in the form that PyTorch's benchmark dashboard reads: a record for each of twelve figures, as far as the result
//! has them. Never an API key or a header's value.

use std::io::{self, Write};

use super::json::{Column, Entry, Keys};
use crate::json::{Value, list, text};
use crate::report::Report;

/// The figures, in their order.
const FIGURES: [&str; 12] = [
    "median_ttft_ms",
    "mean_ttft_ms",
    "std_ttft_ms",
    "p99_ttft_ms",
    "mean_tpot_ms",
    "median_tpot_ms",
    "std_tpot_ms",
    "p99_tpot_ms",
    "median_itl_ms",
    "mean_itl_ms",
    "std_itl_ms",
    "p99_itl_ms",
];

impl Report<'_> {
    /// Whether the result has a figure that this form knows.
    pub(in crate::report) fn has_pytorch_figures(&self) -> bool {
        let keys = self.keys(false);
        FIGURES.iter().any(|figure| keys.value(figure).is_some())
    }

    /// Writes the records. Of the arrays with an item a request this form has those alone that records are enough for.
    pub(in crate::report) fn pytorch(&self, out: &mut dyn Write) -> io::Result<()> {
        let records = Records { keys: &self.keys(self.detailed), options: &self.run.setup.options };
        records.write(out, &mut |entries, out| self.entries(entries.into_iter(), None, out))
    }
}

/// What the records are made of.
pub(super) struct Records<'a> {
    /// The result.
    pub(super) keys: &'a Keys,
    /// The command's options under the names that the reference stores them by.
    pub(super) options: &'a [(String, Value)],
}

/// Writes entries of the result as an object.
type WriteEntries<'a> = &'a mut dyn FnMut(Vec<&(String, Entry)>, &mut dyn Write) -> io::Result<()>;

impl Records<'_> {
    /// Writes them.
    pub(super) fn write(&self, out: &mut dyn Write, entries: WriteEntries) -> io::Result<()> {
        let benchmark = Value::Object(vec![
            ("name".into(), Value::Text("vLLM benchmark".into())),
            ("extra_info".into(), self.benchmark()),
        ]);
        let model = Value::Object(vec![("name".into(), self.option("model").cloned().unwrap_or(Value::Null))]);
        let figures = FIGURES.iter().filter_map(|figure| Some((figure, self.keys.value(figure)?)));
        list(out, figures, |(figure, value), out| {
            out.write_all(b"{\"benchmark\": ")?;
            benchmark.write(out)?;
            out.write_all(b", \"model\": ")?;
            model.write(out)?;
            write!(out, ", \"metric\": {{\"name\": {}, \"benchmark_values\": [", text(figure))?;
            value.write(out)?;
            out.write_all(b"], \"extra_info\": ")?;
            entries(self.keys.0.iter().filter(|(key, entry)| is_extra(key, entry)).collect(), out)?;
            out.write_all(b"}}")
        })
    }

    fn benchmark(&self) -> Value {
        let of_result = |key: &str| self.keys.value(key).cloned().unwrap_or_else(|| Value::Text(String::new()));
        let (mode, level) = (of_result("compilation_config.mode"), of_result("optimization_level"));
        let eager = matches!(self.option("result_filename"), Some(Value::Text(name)) if name.contains("eager"));
        let compiled = mode != Value::Text("0".into()) && !eager;
        Value::Object(vec![
            ("args".into(), self.arguments()),
            ("compilation_config.mode".into(), mode),
            ("optimization_level".into(), level),
            ("use_compile".into(), Value::Bool(compiled)),
        ])
    }

    /// The options, as the reference has them.
    fn arguments(&self) -> Value {
        const PARALLEL: &str = "tensor_parallel_size";
        let mut options = self.options.to_vec();
        match self.keys.value(PARALLEL) {
            Some(value) if self.option(PARALLEL).is_none() => options.push((PARALLEL.into(), value.clone())),
            _ => {}
        }
        Value::Object(options)
    }

    fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// Whether an entry of the result stands beside each figure.
fn is_extra(key: &str, entry: &Entry) -> bool {
    let long = [Column::Ttfts, Column::Itls, Column::GeneratedTexts, Column::Errors];
    let left_out = |column: &Column| long.contains(column) || column.of_server();
    !FIGURES.contains(&key) && !matches!(entry, Entry::Column(column) if left_out(column))
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::measure::{Asked, Metric};
    use crate::record::Setup;
    use crate::report::tests::{asked, example_of, setup, told};

    fn written(setup: Setup, metrics: &[Metric]) -> Vec<Json> {
        let told = told(example_of(setup), Asked { metrics: metrics.to_vec(), ..asked() });
        let mut out = Vec::new();
        Report { detailed: true, ..told.report() }.pytorch(&mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn options(pairs: &[(&str, Value)]) -> Vec<(String, Value)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_record_is_a_figure_with_what_it_was_measured_under() {
        let options = options(&[("num_prompts", Value::Int(5)), ("model", Value::Text("m".into()))]);
        let metadata = vec![("tensor_parallel_size".to_owned(), "2".to_owned())];
        let records = written(Setup { options, metadata, ..setup() }, &[Metric::Ttft, Metric::E2el]);
        let names: Vec<&str> = records.iter().filter_map(|record| record["metric"]["name"].as_str()).collect();
        assert_eq!(names, ["median_ttft_ms", "mean_ttft_ms", "std_ttft_ms", "p99_ttft_ms"]);
        let first = &records[0];
        assert_eq!(first["benchmark"]["name"], "vLLM benchmark");
        let expected = serde_json::json!({
            "args": {"num_prompts": 5, "model": "m", "tensor_parallel_size": "2"},
            "compilation_config.mode": "", "optimization_level": "", "use_compile": true,
        });
        assert_eq!(first["benchmark"]["extra_info"], expected);
        assert_eq!((&first["model"]["name"], &first["metric"]["benchmark_values"][0]), (&"m".into(), &225.0.into()));
        let extra = first["metric"]["extra_info"].as_object().unwrap();
        assert_eq!((&extra["request_rate"], &extra["mean_e2el_ms"]), (&4.0.into(), &587.5.into()));
        for gone in ["ttfts", "itls", "generated_texts", "errors", "mean_ttft_ms"] {
            assert!(!extra.contains_key(gone), "{gone}");
        }
        assert!(extra.contains_key("output_lens"));
    }

    #[test]
    fn the_values_of_requests_are_there_where_the_result_is_to_have_them() {
        let told = told(example_of(setup()), asked());
        for detailed in [true, false] {
            let mut out = Vec::new();
            Report { detailed, ..told.report() }.pytorch(&mut out).unwrap();
            let records: Vec<Json> = serde_json::from_slice(&out).unwrap();
            let extra = records[0]["metric"]["extra_info"].as_object().unwrap();
            for key in ["input_lens", "output_lens", "start_times"] {
                assert_eq!(extra.contains_key(key), detailed, "{key}");
            }
            assert!(extra.contains_key("latencies"));
        }
    }

    #[test]
    fn a_run_without_compilation_is_told_by_its_mode_or_its_name() {
        let compiled = |setup: Setup| {
            written(setup, &[Metric::Ttft])[0]["benchmark"]["extra_info"]["use_compile"].as_bool().unwrap()
        };
        let named = options(&[("result_filename", Value::Text("my-eager-run.json".into()))]);
        assert!(!compiled(Setup { options: named, ..setup() }));
        let mode = vec![("compilation_config.mode".to_owned(), "0".to_owned())];
        assert!(!compiled(Setup { metadata: mode, ..setup() }));
        assert!(compiled(setup()));
    }
}
