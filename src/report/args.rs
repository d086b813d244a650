//! The flags that say where results go and what is written beside them, and their plain values.

use std::path::PathBuf;

use super::Setup;
use super::files::{summary_name, with_suffix};
use crate::error::{Error, Result};

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
}

/// Where results go, as plain values.
#[derive(Debug, Clone, PartialEq)]
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
    /// If an item of `--metadata` is not `KEY=VALUE`.
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
        })
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
        Output { save, export: None, ..self.clone() }
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
        Output { save, ..self.clone() }
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
    fn appending_implies_saving() {
        let output = resolve(&["--append-result", "--result-dir", "out", "--output-json", "-"]).unwrap();
        assert_eq!(output.save, Some(Save { dir: Some("out".into()), name: None, mode: Mode::Append }));
        assert_eq!(output.export, Some(Export::Stdout));
    }
}
