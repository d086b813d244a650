//! The flags that say where results go and what is written beside them, and their plain values.

use std::path::PathBuf;

use super::files::{summary_name, with_suffix};
use super::{Beside, Glyphs, Kind, Thresholds};
use crate::args::float;
use crate::error::{Error, Result};
use crate::record::Setup;

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
    /// Draw tokens a second and requests in flight before the report; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub charts: Charts,
}

/// When charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Charts {
    /// Where the report goes to a terminal.
    #[default]
    Auto,
    /// In every report.
    Always,
    /// In none.
    Never,
}

impl Charts {
    /// What the charts of a report are drawn with, if there are any, where the report goes to a terminal or not and the
    /// environment holds these variables: blocks where the locale can show them.
    pub fn glyphs(self, terminal: bool, env: impl Fn(&str) -> Option<String>) -> Option<Glyphs> {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(&env).find(|value| !value.is_empty());
        let unicode = locale.is_some_and(|locale| locale.to_lowercase().replace('-', "").contains("utf8"));
        let dumb = env("TERM").is_some_and(|name| name == "dumb");
        let glyphs = if unicode && !dumb { Glyphs::Blocks } else { Glyphs::Ascii };
        (self == Charts::Always || (self == Charts::Auto && terminal)).then_some(glyphs)
    }
}

/// Where results go, as plain values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// `--label` as given.
    pub label: Option<String>,
    /// Further text fields of the result, in order.
    pub metadata: Vec<(String, String)>,
    /// Whether results hold the values of every request.
    pub detailed: bool,
    /// The result file in the reference's manner.
    pub save: Option<Save>,
    /// The result at a place of its own.
    pub export: Option<Export>,
    /// What is written beside the result.
    pub beside: Beside,
    /// When charts are drawn.
    pub charts: Charts,
}

impl Output {
    /// Whether the details of every request are needed for what is to be written.
    pub fn needs_details(&self) -> bool {
        let of_result = self.detailed && (self.save.is_some() || self.export.is_some());
        of_result || self.beside.kinds.iter().any(|kind| matches!(kind, Kind::Timeline(_)))
    }
}

/// A result file in the reference's manner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// Its directory, created if missing.
    pub dir: Option<PathBuf>,
    /// Its name, if not a generated one.
    pub name: Option<PathBuf>,
    /// What happens to a file of that name.
    pub mode: Mode,
}

/// What happens to a file that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is replaced if it was named, and left alone if the name was generated.
    Replace,
    /// The result becomes its next line.
    Append,
    /// It is left alone: the result gets the next name that is free.
    Number,
}

/// A place of its own for the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Export {
    /// A file.
    File(PathBuf),
    /// Stdout: the report then belongs on stderr.
    Stdout,
}

impl OutputArgs {
    /// The flags as values.
    ///
    /// # Errors
    /// If an item of `--metadata` is not `KEY=VALUE`, or the limits of the timeline are not two numbers that ascend.
    pub fn resolve(&self) -> Result<Output> {
        let save = (self.save_result || self.append_result).then(|| Save {
            dir: self.result_dir.clone(),
            name: self.result_filename.clone(),
            mode: if self.append_result { Mode::Append } else { Mode::Replace },
        });
        Ok(Output {
            label: self.label.clone(),
            metadata: self.metadata.iter().map(|item| pair(item)).collect::<Result<_>>()?,
            detailed: self.save_detailed,
            save,
            export: self.output_json.as_ref().map(|path| match path.to_str() {
                Some("-") => Export::Stdout,
                _ => Export::File(path.clone()),
            }),
            beside: self.beside()?,
            charts: self.charts,
        })
    }

    fn beside(&self) -> Result<Beside> {
        let timeline = || thresholds(&self.timeline_itl_thresholds).map(Kind::Timeline);
        let timeline = self.plot_timeline.then(timeline).transpose()?;
        let saved = self.save_result || self.append_result;
        let pytorch = saved && std::env::var_os(PYTORCH).is_some_and(|value| !value.is_empty());
        let kinds = [timeline, self.plot_dataset_stats.then_some(Kind::DatasetStats), pytorch.then_some(Kind::PyTorch)];
        let (dir, name) = (self.result_dir.clone(), self.result_filename.clone());
        Ok(Beside { kinds: kinds.into_iter().flatten().collect(), dir, name })
    }
}

fn thresholds(text: &str) -> Result<Thresholds> {
    let limits: Option<Vec<f64>> = text.split(',').map(|item| float(item).ok()).collect();
    match limits.as_deref() {
        Some(&[low, high]) if 0.0 <= low && low < high && high.is_finite() => Ok(Thresholds(low, high)),
        _ => Err(Error::new(format!("`--timeline-itl-thresholds {text}`: not two numbers that ascend"))
            .hint("give two limits in milliseconds, such as `25,50`")),
    }
}

impl Output {
    /// Where the result of one of several runs goes: `suffix` says which. A name that nobody asked for replaces nothing,
    /// and what is at a place of its own is the summary.
    pub fn of_run(&self, suffix: &str) -> Self {
        let save = self.save.clone().map(|save| match (&save.name, save.mode) {
            (Some(name), Mode::Replace) => {
                Save { name: Some(with_suffix(name, suffix)), mode: Mode::Number, dir: save.dir }
            }
            _ => save,
        });
        let name = self.beside.name.as_deref().map(|name| with_suffix(name, suffix));
        Output { save, export: None, beside: Beside { name, ..self.beside.clone() }, ..self.clone() }
    }

    /// Where the summary of several runs goes: to the file that was named, unless the runs are appended to it.
    pub fn of_summary(&self, setup: &Setup) -> Self {
        let save = self.save.clone().map(|save| match (save.name, save.mode) {
            (None, _) => Save { name: Some(summary_name(setup).into()), mode: Mode::Number, dir: save.dir },
            (Some(name), Mode::Append) => {
                Save { name: Some(with_suffix(&name, "summary")), mode: Mode::Number, dir: save.dir }
            }
            (name, mode) => Save { name, mode, dir: save.dir },
        });
        Output { save, beside: Beside { kinds: Vec::new(), ..self.beside.clone() }, ..self.clone() }
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

    fn resolve(args: &[&str]) -> Result<Output> {
        Cli::try_parse_from([&["llmbench"], args].concat()).unwrap().output.resolve()
    }

    #[test]
    fn nothing_is_written_unless_asked_for() {
        let output = resolve(&["--save-detailed", "--result-filename", "a.json"]).unwrap();
        assert_eq!((output.save, output.export, output.detailed), (None, None, true));
    }

    #[test]
    fn metadata_is_split_at_the_first_equals_sign_and_trimmed() {
        let output = resolve(&["--metadata=tp = 2", "--metadata=flags=a=b"]).unwrap();
        assert_eq!(output.metadata, [("tp".into(), "2".into()), ("flags".into(), "a=b".into())]);
        assert_eq!(resolve(&["--metadata"]).unwrap().metadata, []);
    }

    #[test]
    fn metadata_without_a_value_is_refused_before_the_run() {
        let error = resolve(&["--metadata", "tp"]).unwrap_err();
        assert_eq!(error.to_string(), "`--metadata tp`: not of the form KEY=VALUE");
    }

    #[test]
    fn of_several_runs_only_the_summary_may_replace_the_named_file() {
        let named = |output: &Output| output.save.clone().map(|save| (save.name.unwrap_or_default(), save.mode));
        let setup = super::super::tests::setup();
        let named_file = resolve(&["--save-result", "--result-filename=d/a.json", "--output-json=-"]).unwrap();
        let run = named_file.of_run("rate10-run2");
        assert_eq!((named(&run), run.export), (Some(("d/a-rate10-run2.json".into(), Mode::Number)), None));
        let summary = named_file.of_summary(&setup);
        assert_eq!(named(&summary), Some(("d/a.json".into(), Mode::Replace)));
        assert_eq!(summary.export, Some(Export::Stdout));
        let appended = resolve(&["--append-result", "--result-filename=a.jsonl"]).unwrap();
        assert_eq!(named(&appended.of_run("run1")), Some(("a.jsonl".into(), Mode::Append)));
        assert_eq!(named(&appended.of_summary(&setup)), Some(("a-summary.jsonl".into(), Mode::Number)));
        let generated = resolve(&["--save-result"]).unwrap();
        assert_eq!(named(&generated.of_run("run1")), Some(("".into(), Mode::Replace)));
        let name = "openai-summary-demo-7b-20250314-150926.json";
        assert_eq!(named(&generated.of_summary(&setup)), Some((name.into(), Mode::Number)));
    }

    #[test]
    fn limits_of_the_timeline_are_two_numbers_that_ascend() {
        let kinds = resolve(&["--plot-timeline", "--timeline-itl-thresholds", " 8, 12.5"]).unwrap().beside.kinds;
        assert_eq!(kinds, [Kind::Timeline(Thresholds(8.0, 12.5))]);
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

    #[test]
    fn charts_go_to_terminals_in_characters_they_can_show() {
        let glyphs = |when: Charts, terminal: bool, set: &str| {
            when.glyphs(terminal, |name| set.strip_prefix(name)?.strip_prefix('=').map(String::from))
        };
        assert_eq!(glyphs(Charts::Auto, true, "LANG=de_DE.UTF-8"), Some(Glyphs::Blocks));
        assert_eq!(glyphs(Charts::Auto, true, "LANG=C"), Some(Glyphs::Ascii));
        assert_eq!(glyphs(Charts::Auto, true, "TERM=dumb"), Some(Glyphs::Ascii));
        assert_eq!(glyphs(Charts::Auto, false, "LC_ALL=C.utf8"), None);
        assert_eq!(glyphs(Charts::Always, false, "LC_ALL=C.utf8"), Some(Glyphs::Blocks));
        assert_eq!(glyphs(Charts::Never, true, "LC_ALL=C.utf8"), None);
    }

    #[test]
    fn appending_implies_saving() {
        let output = resolve(&["--append-result", "--result-dir", "out", "--output-json", "-"]).unwrap();
        assert_eq!(output.save, Some(Save { dir: Some("out".into()), name: None, mode: Mode::Append }));
        assert_eq!(output.export, Some(Export::Stdout));
    }
}
