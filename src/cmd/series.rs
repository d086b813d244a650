//! All runs of a `serve`, one after the other: mostly one; several where a value is swept or runs are repeated, which end in a
//! summary. Checked settings come in, reports and an exit status go out.

use std::io::Write;

use super::desk::{Desk, Published};
use super::serve::Serve;
use crate::bench::{self, Carried, Signals, Site};
use crate::error::{Error, Exit, Result};
use crate::plan::{self, Setting};
use crate::record::Setup;
use crate::report::{Export, Files, Output, Series, SeriesPoint, Swept};
use crate::ui::Ui;
use crate::ui::out::{say, to_stdout, written};

/// What whoever compares runs should know.
const SAME_PROMPTS: &str = "all runs send the same prompts: a server that caches prefixes answers the later ones faster, \
                            unless `--reset-prefix-cache` empties its cache before each";

/// One run: what it was set to, and all that follows from it.
pub(super) struct Trial {
    pub(super) setting: Setting,
    /// Which of the runs with this setting, from 1.
    pub(super) run: u32,
    pub(super) serve: Serve,
}

/// Runs all `trials`, and sums up where more than one was asked for.
pub(super) fn run(
    asked: &plan::Series,
    mut trials: Vec<Trial>,
    site: &Site,
    (ui, signals): (&Ui, &mut Signals),
) -> Result<Exit> {
    let base = trials[0].serve.clone();
    let mut out = out(&base.output);
    if asked.is_single() {
        let published = one(&base, site, (ui, signals), &mut out)?;
        return published.map_or(Ok(Exit::Interrupted), |published| published.exit);
    }
    ui.note(SAME_PROMPTS);
    let setup = bench::setup(&base.experiment, site);
    let output = base.output.of_summary(&setup);
    let files = output.open(&setup)?;
    trials.iter_mut().enumerate().for_each(|(index, trial)| trial.take_place(index, asked));
    let mut story = Story::new(asked, &base);
    for (index, trial) in trials.iter().enumerate() {
        // A signal may have come when the last run was over.
        let ended = if signals.pending() {
            Ok(None)
        } else {
            say(&mut out, &trial.heading(asked, index + 1, trials.len()))?;
            one(&trial.serve, site, (ui, signals), &mut out)
        };
        story.take(trial, ended);
        if trial.run > 1 && (trial.run == asked.runs || story.over) {
            written(story.series.repetition(&mut out))?;
        }
        if story.over {
            break;
        }
    }
    story.conclude((files, &output), setup, &mut out)
}

/// Carries one run out, from its settings to its report and its files; nothing comes back where it was interrupted before its
/// first request.
fn one(
    serve: &Serve,
    site: &Site,
    (ui, signals): (&Ui, &mut Signals),
    out: &mut dyn Write,
) -> Result<Option<Published>> {
    let mut desk = Desk::open(serve, &bench::setup(&serve.experiment, site), ui, out)?;
    let carried = bench::carry_out(&serve.experiment, site, signals, &mut |moment| desk.hear(moment))?;
    let Some(Carried { run, failure, after }) = carried else { return Ok(None) };
    let published = desk.publish(&run, failure);
    after.end(&mut |moment| desk.hear(moment))?;
    Ok(Some(published))
}

impl Trial {
    /// Fits the settings of a run to its place among others: its result has a name of its own, and what the first run has
    /// found out is not asked again.
    fn take_place(&mut self, index: usize, asked: &plan::Series) {
        let run = (asked.runs > 1).then(|| format!("run{}", self.run));
        let suffix: Vec<String> = self.setting.suffix().into_iter().chain(run).collect();
        self.serve.output = self.serve.output.of_run(&suffix.join("-"));
        if index > 0 {
            self.serve.experiment.load.ready_check = None;
        }
    }

    /// The line over a run's report.
    fn heading(&self, asked: &plan::Series, number: usize, count: usize) -> String {
        let repetition = format!("repetition {} of {}", self.run, asked.runs);
        match self.setting {
            Setting::Same => format!("\nRun {number} of {count}"),
            setting if asked.runs == 1 => format!("\nRun {number} of {count}: {setting}"),
            setting => format!("\nRun {number} of {count}: {setting}, {repetition}"),
        }
    }

    fn value(&self) -> f64 {
        match self.setting {
            Setting::Same => 0.0,
            Setting::MaxConcurrency { limit, .. } => limit as f64,
            Setting::RequestRate(rate) => rate,
        }
    }
}

/// What has come of the runs so far.
struct Story {
    series: Series,
    /// Runs that went to their ends, and runs that were asked for.
    whole: (usize, usize),
    exit: Exit,
    error: Option<Error>,
    /// Whether no further run should start.
    over: bool,
}

impl Story {
    fn new(asked: &plan::Series, base: &Serve) -> Self {
        let series = Series {
            swept: match asked.settings[0] {
                Setting::Same => None,
                Setting::MaxConcurrency { .. } => Some(Swept::MaxConcurrency),
                Setting::RequestRate(_) => Some(Swept::RequestRate),
            },
            runs: asked.runs,
            shown: base.asked.metrics.clone(),
            percentiles: base.summary_percentiles.clone(),
            points: Vec::new(),
            complete: false,
        };
        let whole = (0, asked.settings.len() * asked.runs as usize);
        Story { series, whole, exit: Exit::Done, error: None, over: false }
    }

    /// Takes in how a run ended.
    fn take(&mut self, trial: &Trial, ended: Result<Option<Published>>) {
        let exit = match ended {
            Ok(Some(Published { run, exit })) => {
                if trial.run == 1 {
                    self.series.points.push(SeriesPoint { value: trial.value(), runs: Vec::new() });
                }
                self.whole.0 += usize::from(!run.partial);
                let point = self.series.points.last_mut().expect("the first run of a setting has made a point");
                point.runs.push(run);
                exit
            }
            Ok(None) => Ok(Exit::Interrupted),
            Err(error) => Err(error),
        };
        match exit {
            Ok(Exit::Done) => {}
            // A value that nothing succeeds with is an answer, and the others have theirs.
            Ok(Exit::No) => self.exit = Exit::No,
            Ok(exit) => {
                self.exit = exit;
                self.over = true;
            }
            Err(error) => {
                self.error = Some(error);
                self.over = true;
            }
        }
    }

    /// Sums up and saves, if there is anything to sum up.
    fn conclude(mut self, (files, output): (Files, &Output), mut setup: Setup, out: &mut dyn Write) -> Result<Exit> {
        if !self.series.points.is_empty() {
            setup.ended = bench::now();
            self.series.complete = self.whole.0 == self.whole.1;
            written(self.series.sweep(out).and_then(|()| out.flush()))?;
            files.save(&setup, |file| self.series.json(&setup, file))?;
            if output.export == Some(Export::Stdout) {
                to_stdout(&mut |out| self.series.json(&setup, out).and_then(|()| writeln!(out)))?;
            }
        }
        self.error.map_or(Ok(self.exit), Err)
    }
}

/// Where the report goes: stdout, unless the result goes there.
fn out(output: &Output) -> Box<dyn Write> {
    match output.export {
        Some(Export::Stdout) => Box::new(std::io::stderr()),
        _ => Box::new(std::io::stdout()),
    }
}
