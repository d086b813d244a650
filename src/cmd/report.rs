//! `report`: any report of a run anew, from the file of its records, or from its result as far as that goes. Nothing is sent.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::args::{Words, options};
use crate::error::{Error, Exit, Result};
use crate::measure::{self, Asked, MetricsArgs};
use crate::record::file::Reader;
use crate::record::{Run, Setup};
use crate::report::{Charts, Format, Held, Output, Place, Report, Screen, Stored, Thresholds, same};
use crate::ui::Ui;
use crate::ui::out::{to_stdout, width};

/// The end of the help.
const EXAMPLES: &str = "\
Examples:
  The report of a run that kept its records, or was killed:
    llmbench report run.jsonl
  Other percentiles, and how many requests kept a limit, as a table for an issue:
    llmbench report run.jsonl --as markdown --percentiles 50,90,99.9 --goodput ttft:200
  The result file that --save-result would have written, with the values of every request:
    llmbench report run.jsonl --as json --save-detailed -o result.json
  The same of a result, also one of `vllm bench serve`; other percentiles where it has the values of every request:
    llmbench report result.json --percentiles 50,90

What is not asked for here is as it was in the run itself.";

/// The flags of `report`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("metric_percentiles", |arg| arg.visible_alias("percentiles")))]
pub(super) struct ReportArgs {
    /// The file of records that --record has kept; several are the parts of one run. Or a result file, alone, as far as it
    /// goes. Name it before a flag that takes several values, such as --goodput
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What kind of report to make [default: vllm]
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    format: Option<Format>,
    /// Write the report to this file, over one that is there; `-` is stdout [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    metrics: MetricsArgs,
    /// Keep the values of every request in a result: lengths, times, texts, errors
    #[arg(long)]
    save_detailed: bool,
    /// Limits in milliseconds between the colours of the timeline's gaps, two numbers with a comma
    #[arg(long, value_name = "MS,MS", default_value = "25,50")]
    timeline_itl_thresholds: String,
    /// Draw tokens a second and requests in flight before the report; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    charts: Charts,
    /// The words that all this was read from.
    #[arg(skip)]
    pub(super) words: Words,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}

impl ReportArgs {
    /// Makes the report.
    ///
    /// # Errors
    /// If a file cannot be read, the files are no parts of one run, or the report cannot be written.
    pub(super) fn run(self, ui: &Ui) -> Result<Exit> {
        self.check_files()?;
        if let [file] = self.files.as_slice()
            && !Run::is_at(file)?
        {
            let details = self.output(self.format()?, self.save_detailed).needs_details();
            return match Held::read(file, details)? {
                Held::Figures(stored) => self.of_figures(*stored, ui),
                Held::Run(rebuilt) => {
                    ui.warn(&rebuilt.limits);
                    self.of_run(&rebuilt.run, rebuilt.details, ui)
                }
            };
        }
        self.of_run(&Run::of_parts(&self.files)?, None, ui)
    }

    /// Looks whether the files go together: none is written over while it is read, and a result stands alone.
    fn check_files(&self) -> Result<()> {
        if let Some(file) = self.files.iter().find(|file| self.file().is_some_and(|output| same(output, file))) {
            let what = format!("`{}` is to be read and to be written over", file.display());
            return Err(Error::new(what).hint("give `-o` another file"));
        }
        for file in self.files.iter().filter(|_| self.files.len() > 1) {
            if !Run::is_at(file)? {
                let what = format!("`{}` is no file of records: only those are parts of one run", file.display());
                return Err(
                    Error::new(what).hint("name a result alone; `llmbench compare` holds several against each other")
                );
            }
        }
        Ok(())
    }

    /// Makes the report of a run; `details` of its requests are those that its files do not hold as records.
    fn of_run(&self, run: &Run, details: Option<Reader>, ui: &Ui) -> Result<Exit> {
        let args = self.as_in(&run.setup)?;
        // Parts have no details to be read by: those that the run kept are left out, those that are asked for here are missed.
        let detailed = args.save_detailed && (self.save_detailed || self.files.len() == 1);
        let (asked, format) = (args.metrics.resolve(run.setup.task)?, args.format()?);
        let metrics = measure::metrics(run, &asked);
        let verdict = measure::verdict(run, &metrics, &asked);
        let output = args.output(format, detailed);
        let report = Report {
            run,
            metrics: &metrics,
            asked: &asked,
            verdict: &verdict,
            screen: args.screen(),
            saved: &[],
            detailed,
        };
        if let Some(cause) = format.refusal(&report) {
            return Err(Error::new(format!("the run has nothing for this report to show: {cause}"))
                .hint("choose another form with `--as`"));
        }
        let mut details = if details.is_some() { details } else { args.details(&output)? };
        match args.file() {
            Some(_) => {
                let written = output.open(&run.setup)?.write(&report, details.as_mut());
                written.failures.into_iter().next().map_or(Ok(()), Err)?;
            }
            None => to_stdout(&mut |out| {
                format.write(&report, details.as_mut(), out)?;
                // The last line of a result has no end of its own.
                let open = matches!(format, Format::VllmJson | Format::PyTorch | Format::EvalscopeFile(_));
                if open { writeln!(out) } else { Ok(()) }
            })?,
        }
        for doubt in &verdict.doubts {
            ui.warn(&format!("{}; {}", doubt.what, doubt.advice));
        }
        Ok(Exit::Done)
    }

    /// Makes what can be made of the figures of a result alone.
    fn of_figures(&self, stored: Stored, ui: &Ui) -> Result<Exit> {
        let format = self.format()?;
        stored.suits(format, self.save_detailed)?;
        let setup = stored.setup();
        let asked = self.as_in(&setup)?.metrics.resolve(setup.task)?;
        let stored = if asked == self::asked(&setup)? { stored } else { stored.only(&asked)? };
        ui.warn(&stored.limits());
        let mut write = |out: &mut dyn Write| {
            format.write_stored(&stored, out)?;
            if format == Format::PyTorch && self.file().is_none() { writeln!(out) } else { Ok(()) }
        };
        if self.file().is_some() {
            self.output(format, false).open(&Setup::default())?.save(&Setup::default(), write)?;
        } else {
            to_stdout(&mut write)?;
        }
        Ok(Exit::Done)
    }

    /// The same with what the run itself was given where nothing is given here.
    fn as_in(&self, setup: &Setup) -> Result<Box<Self>> {
        let known = setup.options.iter().map(|(name, value)| (format!("--{}", name.replace('_', "-")), value));
        let flags = known.filter(|(name, _)| super::knows("report", name));
        let flags = flags.map(|(name, value)| (options::words(&name, value), name));
        super::report_args(self.words.clone().below(flags.map(|(words, name)| (name, words))))
    }

    fn format(&self) -> Result<Format> {
        match self.format.unwrap_or_default() {
            Format::Timeline(_) => Thresholds::read(&self.timeline_itl_thresholds).map(Format::Timeline),
            format => Ok(format),
        }
    }

    /// The file that the report goes to, if it does not go to stdout.
    fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    fn output(&self, format: Format, detailed: bool) -> Output {
        let place = self.file().map_or(Place::Stdout, |path| Place::File(path.to_owned()));
        Output { files: vec![(format, place)], detailed, ..Output::default() }
    }

    /// The details of single requests, where the report has a place for them.
    fn details(&self, output: &Output) -> Result<Option<Reader>> {
        match self.files.as_slice() {
            _ if !output.needs_details() => Ok(None),
            [file] => Reader::open(file).map(Some),
            _ => Err(Error::new("the values of every request are read from one file, and here are several")
                .hint("name one file, or leave out `--save-detailed`")),
        }
    }

    fn screen(&self) -> Screen {
        let terminal = width(&std::io::stdout()).filter(|_| self.file().is_none());
        Screen::of(terminal, self.charts, |name| std::env::var(name).ok())
    }
}

/// What the run of `setup` was measured by.
///
/// # Errors
/// If its options make no sense.
pub(super) fn asked(setup: &Setup) -> Result<Asked> {
    let words = ["llmbench", "report", "FILE"].map(str::to_owned).to_vec();
    let args = super::report_args(Words::strict(words))?.as_in(setup)?;
    args.metrics.resolve(setup.task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;

    #[test]
    fn what_a_run_was_measured_by_is_known_from_its_options() {
        let text = |text: &str| Value::Text(text.into());
        let options = vec![
            ("metric_percentiles".to_owned(), text("50,90")),
            ("percentile_metrics".to_owned(), text("e2el")),
            ("goodput".to_owned(), Value::List(vec![text("ttft:250")])),
            ("num_prompts".to_owned(), Value::Int(4)),
            ("no_steady_state".to_owned(), Value::Bool(true)),
        ];
        let asked = asked(&Setup { options, ..Setup::default() }).unwrap();
        assert_eq!((asked.percentiles, asked.steady), (vec![50.0, 90.0], None));
        assert_eq!(asked.goal.unwrap().ttft, Some(250.0));
        assert_eq!(self::asked(&Setup::default()).unwrap().percentiles, [99.0]);
    }
}
