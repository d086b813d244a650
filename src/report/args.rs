//! The flags that say where results go and what is written beside them, and their plain values.

use std::path::{Path, PathBuf};

use super::output::Keep;
use super::place::{Mode, Place};
use super::{Charts, Format, Output, Thresholds};
use crate::args::float;
use crate::error::{Error, Result};
use crate::record::file::Existing;

/// The variable that asks for PyTorch's form of the result: any text that is not empty does, `0` too.
const PYTORCH: &str = "SAVE_TO_PYTORCH_BENCHMARK_FORMAT";

/// Where results go.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Metrics and output")]
pub struct OutputArgs {
    /// Stored as `label`; the result file's name begins with it [default: the backend]
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Further text fields of the result
    #[arg(long, value_name = "KEY=VALUE", num_args = 0..)]
    pub metadata: Vec<String>,
    /// Write the result as a JSON file
    #[arg(long)]
    pub save_result: bool,
    /// Keep the values of every request in the result: lengths, times, texts, errors
    #[arg(long)]
    pub save_detailed: bool,
    /// Append the result to the file, as a line of its own, instead of replacing the file
    #[arg(long)]
    pub append_result: bool,
    /// Directory of the result file, created if missing [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub result_dir: Option<PathBuf>,
    /// Name of the result file [default: made from label, rate, concurrency, model and date]
    #[arg(long, value_name = "FILE")]
    pub result_filename: Option<PathBuf>,
    /// Write the result to exactly this file; `-` is stdout, and the report then goes to stderr
    #[arg(long, value_name = "FILE|-")]
    pub output_json: Option<PathBuf>,
    /// Write a page beside the result that shows every request over time; it opens without network
    #[arg(long)]
    pub plot_timeline: bool,
    /// Limits in milliseconds between the colours of the timeline's gaps, two numbers with a comma
    #[arg(long, value_name = "MS,MS", default_value = "25,50")]
    pub timeline_itl_thresholds: String,
    /// Write a picture beside the result that shows the lengths of prompts and answers
    #[arg(long)]
    pub plot_dataset_stats: bool,
    /// How much of the report the screen shows; everything is in the result as well
    ///
    /// brief: vLLM's figures and what matters of the run; of each of several runs the latter alone.
    #[arg(long, value_name = "HOW", default_value = "brief")]
    pub report: Extent,
    /// Draw tokens a second and requests in flight before the report; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub charts: Charts,
    /// Keep a file of records: the run's set-up, every request as it ends, how the run ended; see `llmbench report`
    ///
    /// `llmbench report FILE` makes any report of it anew, also with other percentiles or limits, and of a run that was killed.
    /// Of several runs each has a file of its own, as with --result-filename.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write over the file of --record if it is there already
    #[arg(long)]
    pub overwrite: bool,
}

/// How much of a report the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Extent {
    /// What matters.
    Brief,
    /// All of it.
    Full,
}

impl Extent {
    fn format(self) -> Format {
        match self {
            Extent::Brief => Format::Vllm,
            Extent::Full => Format::Full,
        }
    }
}

impl OutputArgs {
    /// Where results go, as plain values.
    ///
    /// # Errors
    /// If the limits of the timeline are not two numbers that ascend.
    pub fn resolve(&self) -> Result<Output> {
        let (dir, name) = (self.result_dir.clone(), self.result_filename.clone());
        let saved = self.save_result || self.append_result;
        let mut files = Vec::new();
        if saved {
            let mode = if self.append_result { Mode::Append } else { Mode::Replace };
            files.push((Format::VllmJson, Place::Saved { dir: dir.clone(), name: name.clone(), mode }));
        }
        if let Some(path) = &self.output_json {
            let stdout = path.to_str() == Some("-");
            files.push((Format::VllmJson, if stdout { Place::Stdout } else { Place::File(path.clone()) }));
        }
        let beside = Place::Beside { dir, name };
        if self.plot_timeline {
            files.push((Format::Timeline(Thresholds::read(&self.timeline_itl_thresholds)?), beside.clone()));
        }
        if self.plot_dataset_stats {
            files.push((Format::Lengths, beside.clone()));
        }
        if saved && std::env::var_os(PYTORCH).is_some_and(|value| !value.is_empty()) {
            files.push((Format::PyTorch, beside));
        }
        if self.record.as_deref() == Some(Path::new("-")) {
            return Err(Error::new("`--record -`: records are read back, which stdout cannot be").hint("name a file"));
        }
        let existing = if self.overwrite { Existing::Replaced } else { Existing::Kept };
        let record = self.record.clone().map(|path| Keep { path, existing, told: true });
        Ok(Output {
            screens: vec![self.report.format()],
            files,
            record,
            charts: self.charts,
            detailed: self.save_detailed,
        })
    }

    /// Further text fields of the result, in order.
    ///
    /// # Errors
    /// If an item of `--metadata` is not `KEY=VALUE`.
    pub fn metadata(&self) -> Result<Vec<(String, String)>> {
        self.metadata.iter().map(|item| pair(item)).collect()
    }
}

impl Thresholds {
    /// Reads the value of `--timeline-itl-thresholds`.
    ///
    /// # Errors
    /// If it is not two numbers that ascend.
    pub fn read(text: &str) -> Result<Self> {
        let limits: Option<Vec<f64>> = text.split(',').map(|item| float(item).ok()).collect();
        match limits.as_deref() {
            Some(&[low, high]) if 0.0 <= low && low < high && high.is_finite() => Ok(Thresholds(low, high)),
            _ => Err(Error::new(format!("`--timeline-itl-thresholds {text}`: not two numbers that ascend"))
                .hint("give two limits in milliseconds, such as `25,50`")),
        }
    }
}

fn pair(item: &str) -> Result<(String, String)> {
    let (key, value) = item.split_once('=').ok_or_else(|| {
        Error::new(format!("`--metadata {item}`: not of the form KEY=VALUE")).hint("write, say, `--metadata gpus=2`")
    })?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        output: OutputArgs,
    }

    fn parse(args: &[&str]) -> OutputArgs {
        Cli::try_parse_from([&["llmbench"], args].concat()).unwrap().output
    }

    fn resolve(args: &[&str]) -> Result<Output> {
        parse(args).resolve()
    }

    fn metadata(args: &[&str]) -> Result<Vec<(String, String)>> {
        parse(args).metadata()
    }

    #[test]
    fn nothing_is_written_unless_asked_for() {
        let output = resolve(&["--save-detailed", "--result-filename", "a.json"]).unwrap();
        assert_eq!((output.files, output.detailed), (Vec::new(), true));
    }

    #[test]
    fn metadata_is_split_at_the_first_equals_sign_and_trimmed() {
        let found = metadata(&["--metadata=tp = 2", "--metadata=flags=a=b"]).unwrap();
        assert_eq!(found, [("tp".into(), "2".into()), ("flags".into(), "a=b".into())]);
        assert_eq!(metadata(&["--metadata"]).unwrap(), []);
    }

    #[test]
    fn metadata_without_a_value_is_refused_before_the_run() {
        let error = metadata(&["--metadata", "tp"]).unwrap_err();
        assert_eq!(error.to_string(), "`--metadata tp`: not of the form KEY=VALUE");
    }

    #[test]
    fn appending_implies_saving() {
        let output = resolve(&["--append-result", "--result-dir", "out", "--output-json", "-"]).unwrap();
        let saved = Place::Saved { dir: Some("out".into()), name: None, mode: Mode::Append };
        assert_eq!(output.files, [(Format::VllmJson, saved), (Format::VllmJson, Place::Stdout)]);
    }

    #[test]
    fn limits_of_the_timeline_are_two_numbers_that_ascend() {
        let files = resolve(&["--plot-timeline", "--timeline-itl-thresholds", " 8, 12.5"]).unwrap().files;
        assert_eq!(files[0].0, Format::Timeline(Thresholds(8.0, 12.5)));
        for limits in ["25", "25,", "a,b", "50,25", "5,5", "1,2,3", "nan,1", "1,inf", "-1,5"] {
            let flag = format!("--timeline-itl-thresholds={limits}");
            let error = resolve(&["--plot-timeline", &flag]).unwrap_err();
            assert!(resolve(&[&flag]).is_ok(), "without a timeline nobody looks");
            assert!(error.to_string().starts_with(&format!("`--timeline-itl-thresholds {limits}`: ")), "{error}");
        }
    }

    #[test]
    fn a_timeline_needs_details_and_a_picture_of_lengths_does_not() {
        for (args, needed) in [
            (&["--plot-timeline"][..], true),
            (&["--plot-dataset-stats"], false),
            (&["--save-detailed"], false),
            (&["--save-detailed", "--save-result"], true),
        ] {
            assert_eq!(resolve(args).unwrap().needs_details(), needed, "{args:?}");
        }
    }
}
