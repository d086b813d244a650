//! The runs of a `serve`, one after the other: mostly one; several where a value is swept or runs are repeated, which end in a
//! summary. Flags and a list of points come in, reports and an exit status go out.

use std::io::Write;
use std::net::SocketAddr;

use super::desk::{Desk, Told, screen};
use super::order::{Make, Order};
use crate::bench::{self, Carried, Experiment, Signals, Site};
use crate::error::{Exit, Result};
use crate::report::study::Summary;
use crate::report::{Files, Output};
use crate::study::{self, Conducted, Course, List, Point, Tried, Went};
use crate::ui::Ui;
use crate::ui::out::{say, to_stdout, written};

/// What whoever compares runs should know.
const SAME_PROMPTS: &str = "all runs send the same prompts: a server that caches prefixes answers the later ones faster, \
                            unless `--reset-prefix-cache` empties its cache before each";

/// Runs, and what they share.
pub(super) struct Runs<'a> {
    pub(super) make: Make<'a>,
    /// What the flags come to without a point's changes.
    pub(super) base: &'a Order,
    pub(super) list: &'a List,
    pub(super) site: &'a Site,
    /// Where a simulator inside the process listens, if that is what is measured.
    pub(super) simulator: Option<SocketAddr>,
    pub(super) ui: &'a Ui,
    pub(super) signals: &'a mut Signals,
    /// What was warned of in earlier runs.
    pub(super) told: Told,
}

impl Runs<'_> {
    /// Carries all of them out, and sums up where more than one was asked for.
    pub(super) fn run(mut self) -> Result<Exit> {
        if self.list.is_single() {
            return self.one(&self.list.points[0], &[]).exit;
        }
        self.ui.note(SAME_PROMPTS);
        let setup = bench::setup(&self.base.experiment, self.site);
        let output = self.base.output.of_summary(&setup);
        let mut files = output.open(&setup)?;
        let mut begun = 0;
        let Conducted { tried, exit } = study::conduct(&Course::List(self.list.clone()), &mut |point, tried| {
            begun += 1;
            // What came of the points before is on the disk before the next begins.
            match files.keep(|file| self.summary(tried).json(&setup, file)) {
                Ok(()) => self.one(point, tried),
                Err(error) => Went { tried: None, exit: Err(error) },
            }
        });
        let concluded = self.conclude(&tried, self.list.points[begun - 1].run, &mut files, &output);
        concluded.and(exit)
    }

    /// Saves and shows what came of the runs; the one that was begun last is the `last` of its point.
    fn conclude(&self, tried: &[Tried], last: u32, files: &mut Files, output: &Output) -> Result<()> {
        if tried.is_empty() {
            return Ok(());
        }
        let (summary, setup) = (self.summary(tried), bench::setup(&self.base.experiment, self.site));
        let json = |out: &mut dyn Write| summary.json(&setup, out);
        let saved = files.save(&setup, json);
        let shown = written(self.show(&summary, last));
        let exported = match output.on_stdout() {
            Some(_) => to_stdout(&mut |out| json(out).and_then(|()| writeln!(out))),
            None => Ok(()),
        };
        saved.and(shown).and(exported)
    }

    fn show(&self, summary: &Summary<'_>, last: u32) -> std::io::Result<()> {
        let mut out = self.out();
        if last > 1 {
            summary.repetition(&mut out)?;
        }
        summary.sweep(&mut out)?;
        out.flush()
    }

    /// One run, after those that were tried before it.
    fn one(&mut self, point: &Point, tried: &[Tried]) -> Went {
        self.carry_out(point, tried).unwrap_or_else(|error| Went { tried: None, exit: Err(error) })
    }

    /// Carries one run out, from its flags to its report and its files.
    fn carry_out(&mut self, point: &Point, tried: &[Tried]) -> Result<Went> {
        let order = (self.make)(point)?;
        let mut out = self.out();
        let mut told = Ok(());
        if point.run == 1 && self.list.runs > 1 {
            told = written(self.summary(tried).repetition(&mut out));
        }
        // A signal may have come when the last run was over.
        if self.signals.pending() {
            return Ok(INTERRUPTED);
        }
        if !self.list.is_single() {
            told = told.and(say(&mut out, &self.heading(point, tried.len() + 1)));
        }
        let experiment = self.here(order.experiment.clone(), tried)?;
        let mut desk = Desk::open(&order, &bench::setup(&experiment, self.site), self.ui, &mut out, &mut self.told)?;
        // Runs go on where nobody can be told of them.
        told.unwrap_or_else(|error| desk.complain(error));
        let carried = bench::carry_out(&experiment, self.site, self.signals, &mut |moment| desk.hear(moment))?;
        let Some(Carried { run, failure, after }) = carried else { return Ok(INTERRUPTED) };
        let Went { tried, exit } = desk.publish(point, &run, failure, &mut |_| ());
        let ended = after.end(self.signals.listen(), &mut |moment| desk.hear(moment));
        let exit = match ended {
            Ok(true) => exit,
            Ok(false) => exit.and(Ok(Exit::Interrupted)),
            Err(error) => Err(error),
        };
        Ok(Went { tried, exit })
    }

    /// The experiment against the server that was found, which is known to be ready once a run has been tried.
    fn here(&self, experiment: Experiment, tried: &[Tried]) -> Result<Experiment> {
        let experiment = if tried.is_empty() { experiment } else { experiment.known_ready() };
        match self.simulator {
            Some(address) => experiment.at(address),
            None => Ok(experiment),
        }
    }

    /// The line over a run's report.
    fn heading(&self, point: &Point, number: usize) -> String {
        let List { swept, runs, points } = self.list;
        let head = format!("\nRun {number} of {}", points.len());
        match swept {
            None => head,
            Some(swept) if *runs == 1 => format!("{head}: {}", swept.said(point)),
            Some(swept) => format!("{head}: {}, repetition {} of {runs}", swept.said(point), point.run),
        }
    }

    /// What came of the runs so far.
    fn summary<'t>(&'t self, tried: &'t [Tried]) -> Summary<'t> {
        let Order { asked, summary_percentiles, .. } = self.base;
        let room = screen(&self.base.output).columns();
        Summary { list: self.list, shown: &asked.metrics, percentiles: summary_percentiles, tried, room }
    }

    /// Where reports go: stdout, unless the result goes there.
    fn out(&self) -> Box<dyn Write> {
        match self.base.output.on_stdout() {
            Some(_) => Box::new(std::io::stderr()),
            None => Box::new(std::io::stdout()),
        }
    }
}

/// A run that was interrupted before its first request.
const INTERRUPTED: Went = Went { tried: None, exit: Ok(Exit::Interrupted) };
