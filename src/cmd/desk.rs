//! Who listens to a run: says the reference's words, draws progress, keeps the records of requests as they end, and at the end
//! measures, reports and writes every file that was asked for.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::details::Details;
use super::order::Order;
use crate::error::{Error, Exit, Result};
use crate::measure::{self, Live, Metrics};
use crate::net::advice;
use crate::plan::MaxFailures;
use crate::record::{Finished, Moment, Outcome, Run, Setup, Tick};
use crate::report::{Files, Output, Report, Screen, Written};
use crate::study::{Point, Tried, Went};
use crate::ui::out::{say, to_stdout, width, written};
use crate::ui::{Progress, Ui, Waiting};

/// What was warned of: of several runs that have something in common it is said once.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<String>);

impl Told {
    fn warn(&mut self, ui: &Ui, what: &str) {
        if self.0.insert(what.to_owned()) {
            ui.warn(what);
        }
    }
}

/// The listener to one run.
pub(super) struct Desk<'a> {
    order: &'a Order,
    ui: &'a Ui,
    out: &'a mut dyn Write,
    /// What results will be written to, until they are.
    files: Option<Files>,
    details: Option<Details>,
    live: Live,
    waiting: Waiting,
    progress: Progress,
    /// What was noticed while the run was going on: told after its report.
    held: Option<Vec<String>>,
    told: &'a mut Told,
    /// What went wrong here.
    complaints: Vec<Error>,
}

impl<'a> Desk<'a> {
    /// Opens what the results of the run will be written to.
    ///
    /// # Errors
    /// If one cannot be written.
    pub(super) fn open(
        order: &'a Order,
        setup: &Setup,
        ui: &'a Ui,
        out: &'a mut dyn Write,
        told: &'a mut Told,
    ) -> Result<Self> {
        let files = order.output.open(setup)?;
        let details = Details::open(&order.output, &files)?;
        Ok(Desk {
            order,
            ui,
            out,
            files: Some(files),
            details,
            live: Live::new(0, Tick::ZERO, None),
            waiting: Waiting::default(),
            progress: Progress::off(),
            held: None,
            told,
            complaints: Vec::new(),
        })
    }

    /// Takes in what happens.
    pub(super) fn hear(&mut self, moment: Moment<'_>) {
        // Several reports have one voice.
        if let Some(words) = self.order.output.screens.iter().find_map(|format| format.words(&moment)) {
            self.say(&words);
        }
        match moment {
            Moment::NotReady { waited, cause } => {
                let line = self.waiting.line(waited, cause);
                line.into_iter().for_each(|line| self.ui.note(&line));
            }
            Moment::Begins { setup, planned, conversations, last_due } => {
                if let Some(details) = &mut self.details {
                    details.begin(setup, planned, conversations);
                    let Output { record, detailed, .. } = &self.order.output;
                    let told = record.as_ref().map_or(*detailed, |keep| keep.told);
                    told.then(|| self.ui.note(&details.said()));
                }
                self.held = Some(Vec::new());
                let closes = setup.asked_duration().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                self.live = Live::new(planned, last_due, closes);
                self.progress = self.order.progress.resolve(self.ui, planned);
            }
            Moment::Ended(finished) => self.ended(finished),
            Moment::Beat { at, in_flight, chunks } => {
                self.progress.update(&self.live.snapshot(at, in_flight, chunks));
            }
            Moment::Stopping { in_flight, grace } => {
                let grace = grace.as_secs();
                self.progress.print(&format!(
                    "llmbench: stopping: {in_flight} in flight, up to {grace} s; Ctrl-C again ends at once"
                ));
            }
            Moment::Abandoned(path) => self
                .ui
                .note(&format!("stopping: the server has not answered `{path}`, and may still do what it was told")),
            Moment::Noticed(what) => match &mut self.held {
                Some(held) => held.push(what.to_owned()),
                None => self.told.warn(self.ui, what),
            },
            _ => {}
        }
    }

    fn ended(&mut self, finished: &Finished) {
        if let Some(details) = &mut self.details {
            details.append(finished);
        }
        self.live.add(finished);
    }

    /// Measures, reports and saves the run of `point`. `failure` is why it ended early, where something broke; `witness` sees what
    /// is reported.
    pub(super) fn publish(
        &mut self,
        point: &Point,
        run: &Run,
        failure: Option<Error>,
        witness: &mut dyn FnMut(&Report<'_>),
    ) -> Went {
        std::mem::replace(&mut self.progress, Progress::off()).finish();
        let recorded = self.details.as_mut().map_or(Ok(()), |details| details.end(run));
        self.check(recorded);
        let asked = &self.order.asked;
        let metrics = measure::metrics(run, asked);
        let trust = measure::verdict(run, &metrics, asked);
        let (screen, detailed) = (screen(&self.order.output), self.order.output.detailed);
        let report = Report { run, metrics: &metrics, asked, verdict: &trust, screen, saved: &[], detailed };
        // Nothing that is shown may cost what is saved.
        let (files, said) = self.save(&report);
        for what in self.held.take().unwrap_or_default() {
            self.told.warn(self.ui, &what);
        }
        for doubt in &trust.doubts {
            self.told.warn(self.ui, &format!("{}; {}", doubt.what, doubt.advice));
        }
        said.iter().for_each(|line| self.say(line));
        // What matters stands last.
        let report = Report { saved: &files, ..report };
        witness(&report);
        for format in &self.order.output.screens {
            let reported = written(format.write(&report, None, self.out).and_then(|()| self.out.flush()));
            self.check(reported);
        }
        let mut complaints = std::mem::take(&mut self.complaints).into_iter().chain(failure);
        let exit = match complaints.next() {
            Some(first) => {
                complaints.for_each(|other| self.ui.error(&other));
                Err(first)
            }
            None if run.partial && !run.gave_up => Ok(Exit::Interrupted),
            None => Ok(answer(run, &metrics, self.order.experiment.load.max_failures, self.ui)),
        };
        let tried = Tried {
            point: point.clone(),
            num_prompts: run.setup.num_prompts,
            figures: report.figures(),
            verdict: trust.clone(),
            completed: metrics.counts.completed,
            failed: metrics.counts.failed,
            partial: run.partial,
            files,
        };
        Went { tried: Some(tried), exit }
    }

    /// Writes the result to every place that was asked for, and takes the file of details away once it is in there; gives the
    /// files that hold the result, and what is to be said of all files.
    fn save(&mut self, report: &Report<'_>) -> (Vec<PathBuf>, Vec<String>) {
        let output = &self.order.output;
        let mut details = self.details.take().map(|details| details.read(output.needs_details()));
        let mut reader = details.as_mut().and_then(|details| details.reader.as_mut());
        let mut files = self.files.take().expect("a run is published once");
        let Written { mut results, failures, beside } = files.write(report, reader.as_deref_mut());
        let exported = output.on_stdout().map_or(Ok(()), |format| {
            to_stdout(&mut |out| format.write(report, reader.as_deref_mut(), out).and_then(|()| writeln!(out)))
        });
        if let Some(details) = details {
            let cleared = details.clear(failures.is_empty(), self.ui);
            self.check(cleared);
        }
        if !failures.is_empty() {
            results.extend(self.save_again(report, &mut files));
        }
        failures.into_iter().for_each(|failure| self.complain(failure));
        if let Err(error) = exported {
            self.complain(error);
            let rescued = output.on_stdout().map(|format| Files::rescue_as(format, report));
            results.extend(rescued.and_then(|rescued| self.rescued(rescued)));
        }
        let mut said = Vec::new();
        for (format, written) in beside {
            match (format.title(), written) {
                (Some(title), Ok(path)) => said.push(format!("{title} saved to: {}", path.display())),
                (None, Ok(_)) => {}
                (title, Err(cause)) => {
                    let title = title.unwrap_or("PyTorch's form of the result").to_lowercase();
                    self.ui.warn(&format!("no {title}: {cause}"));
                }
            }
        }
        (results, said)
    }

    /// Writes the results that could not be written: without the details, for which there may have been no room, else at another
    /// place.
    fn save_again(&mut self, report: &Report<'_>, files: &mut Files) -> Vec<PathBuf> {
        let Written { mut results, failures, .. } = files.write(report, None);
        if failures.is_empty() {
            self.ui.warn("the result stands without the details of requests, for which there was no room");
            return results;
        }
        for rescued in files.rescue(report) {
            results.extend(self.rescued(rescued));
        }
        results
    }

    /// The place of a result that could not be written where it was wanted, if there is one, which is told.
    fn rescued(&mut self, rescued: Result<PathBuf>) -> Option<PathBuf> {
        let path = self.check(rescued)?;
        self.ui.warn(&format!("the result cannot be written where it was wanted, and stands in `{}`", path.display()));
        Some(path)
    }

    fn say(&mut self, words: &str) {
        let said = say(self.out, words);
        self.check(said);
    }

    /// Keeps what goes wrong for the end of the run, whose exit status it decides.
    pub(super) fn complain(&mut self, error: Error) {
        self.complaints.push(error);
    }

    /// Keeps what goes wrong for the end of the run, which it must not keep from ending.
    fn check<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.complain(error)).ok()
    }
}

/// Listens to what is found out before there is a run.
pub(super) fn warn(ui: &Ui, moment: Moment<'_>) {
    if let Moment::Noticed(what) = moment {
        ui.warn(what);
    }
}

/// Where the report is read: it goes to stdout, unless the result goes there.
pub(super) fn screen(output: &Output) -> Screen {
    let width = match output.on_stdout() {
        Some(_) => width(&std::io::stderr()),
        None => width(&std::io::stdout()),
    };
    Screen::of(width, output.charts, |name| std::env::var(name).ok())
}

/// The answer to whether it worked: no request that succeeded is a no, with its commonest cause, and so are more failures than may
/// be.
fn answer(run: &Run, metrics: &Metrics, limit: Option<MaxFailures>, ui: &Ui) -> Exit {
    let (failed, all) = (metrics.counts.failed, run.records.len() as u64);
    let most = limit.unwrap_or(MaxFailures::HALF).of(all);
    if metrics.counts.completed > 0 && failed <= most {
        return Exit::Done;
    }
    let first = run.records.iter().find(|record| record.outcome != Outcome::Done);
    let cause = first.map_or("none was started", |record| run.errors.of(record.id));
    let what = match metrics.counts.completed {
        0 => format!("no request succeeded: {cause}"),
        _ => format!("{failed} of {all} requests failed, and no more than {most} may (`--max-failures`): {cause}"),
    };
    let hint = advice(cause).unwrap_or("check the server, its address and the model's name");
    ui.error(&Error::new(what).hint(hint));
    Exit::No
}
