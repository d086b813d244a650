//! The points of a `perf`, one after the other, with a pause between; each leaves its files, and all of them together end in a
//! summary.

use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use crate::bench::{self, Carried, Signals, Site};
use crate::cmd::desk::{Desk, Told};
use crate::cmd::order::Order;
use crate::error::{Error, Exit, Result};
use crate::report::evalscope::{Lang, Overall, Profile, Row, advice};
use crate::study::{self, Conducted, Course, List, Point, Went};
use crate::ui::Ui;
use crate::ui::out::{say, written};

/// What a command comes to.
pub(super) struct Plan {
    /// What each point is, in order.
    pub(super) orders: Vec<Order>,
    /// The same points by what differs between them.
    pub(super) points: Vec<Point>,
    /// The directory of all results.
    pub(super) dir: PathBuf,
    /// From the end of a point to the next.
    pub(super) pause: Duration,
    /// Whether a file tells how far the command is.
    pub(super) progress: bool,
    /// What all points have in common.
    pub(super) summary: Summary,
}

/// What the summary of all points says of them.
pub(super) struct Summary {
    pub(super) model: String,
    pub(super) dataset: String,
    pub(super) api: String,
    pub(super) endpoint: String,
    /// Whose tables are shown.
    pub(super) profiles: Vec<Profile>,
    pub(super) lang: Lang,
}

/// Points, and what they share.
pub(super) struct Points<'a> {
    pub(super) plan: &'a Plan,
    pub(super) site: &'a Site,
    pub(super) ui: &'a Ui,
    pub(super) signals: &'a mut Signals,
    /// What was warned of at earlier points.
    pub(super) told: Told,
    /// What came of the points so far.
    pub(super) rows: Vec<Row>,
}

/// A point that was interrupted before its first request.
const INTERRUPTED: Went = Went { tried: None, exit: Ok(Exit::Interrupted) };

impl Points<'_> {
    /// Carries all of them out, and sums up.
    pub(super) fn run(mut self) -> Result<Exit> {
        let list = List { swept: None, runs: 1, points: self.plan.points.clone() };
        let mut at = 0;
        let Conducted { exit, .. } = study::conduct(&Course::List(list), &mut |point, _| {
            at += 1;
            self.track(at - 1, Some(point));
            self.one(at - 1, point).unwrap_or_else(|error| Went { tried: None, exit: Err(error) })
        });
        self.track(self.rows.len(), None);
        self.conclude().and(exit)
    }

    /// One point, from its flags to its files.
    fn one(&mut self, at: usize, point: &Point) -> Result<Went> {
        let mut out = std::io::stdout();
        if at > 0 && !self.rest(&mut out)? {
            return Ok(INTERRUPTED);
        }
        let order = &self.plan.orders[at];
        say(&mut out, &heading(point, at, self.plan.points.len()))?;
        let setup = bench::setup(&order.experiment, self.site);
        let mut desk = Desk::open(order, &setup, self.ui, &mut out, &mut self.told)?;
        let carried = bench::carry_out(&order.experiment, self.site, self.signals, &mut |moment| desk.hear(moment))?;
        let Some(Carried { run, failure, after }) = carried else { return Ok(INTERRUPTED) };
        let rows = &mut self.rows;
        let Went { tried, exit } = desk.publish(point, &run, failure, &mut |report| rows.push(Row::of(report)));
        let ended = after.end(self.signals.listen(), &mut |moment| desk.hear(moment))?;
        let exit = if ended { exit } else { exit.and(Ok(Exit::Interrupted)) };
        Ok(Went { tried, exit })
    }

    /// Waits before the next point; tells whether it may come.
    fn rest(&mut self, out: &mut dyn Write) -> Result<bool> {
        let pause = self.plan.pause;
        if self.signals.pending() {
            return Ok(false);
        }
        if pause.is_zero() {
            return Ok(true);
        }
        say(out, &format!("Sleeping for {} seconds before the next run...", pause.as_secs_f64()))?;
        Ok(matches!(self.signals.listen().recv_timeout(pause), Err(RecvTimeoutError::Timeout)))
    }

    /// Tells in a file how many points are done, and which is under way.
    fn track(&self, done: usize, current: Option<&Point>) {
        if !self.plan.progress {
            return;
        }
        let all = self.plan.points.len();
        let told = serde_json::json!({
            "status": if current.is_some() { "running" } else { "completed" },
            "total": all,
            "completed": done,
            "percent": done as f64 / all as f64 * 100.0,
            "current": current.map(|point| &point.name),
        });
        let file = self.plan.dir.join("progress.json");
        if let Err(cause) = std::fs::write(&file, told.to_string()) {
            self.ui.warn(&format!("cannot write `{}`: {cause}", file.display()));
        }
    }

    /// Saves and shows what came of the points, as far as there are any.
    fn conclude(&self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let Summary { model, dataset, api, endpoint, profiles, lang } = &self.plan.summary;
        let path = self.plan.dir.display().to_string();
        let overall = |profile: Profile| Overall {
            profile,
            lang: *lang,
            model,
            dataset,
            api,
            endpoint,
            output_path: Some(&path),
            rows: &self.rows,
        };
        let mut text = Vec::new();
        for &profile in profiles {
            written(overall(profile).write(&mut text))?;
        }
        let file = self.plan.dir.join("performance_summary.txt");
        let saved = std::fs::write(&file, &text).map_err(|cause| {
            Error::new(format!("cannot write `{}`: {cause}", file.display())).hint("the files of each point are whole")
        });
        let shown = format!("{}\n\n{}", String::from_utf8_lossy(&text).trim_end(), advice(&self.rows, *lang));
        say(&mut std::io::stdout(), &shown)?;
        saved
    }
}

/// The line over a point.
fn heading(point: &Point, at: usize, all: usize) -> String {
    let load: Vec<String> = point
        .changes
        .iter()
        .map(|change| format!("{} {}", change.flag.trim_start_matches('-'), change.value))
        .collect();
    format!("Point {} of {all}: {}", at + 1, load.join(", "))
}
