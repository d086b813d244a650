//! An experiment carried out: an [`Experiment`] and a [`Site`] come in, a [`Run`] goes out. What happens meanwhile is told as
//! [`Moment`]s; nothing here prints, measures or reports.

mod align;
mod around;
mod before;
mod count;
mod experiment;
mod probing;
mod profiler;
mod schedule;
mod session;
mod setup;
mod signals;
mod site;

use std::sync::mpsc::{Receiver, channel};

pub use experiment::{Experiment, Said};
pub use schedule::Schedule;
pub use setup::setup;
pub use signals::Signals;
pub use site::Site;

use crate::drive::Stop;
use crate::error::{Error, Result};
use crate::record::{Moment, Run, Tell};
use count::Counting;
use profiler::Profiler;
use session::Session;

/// An experiment that has been carried out.
pub struct Carried {
    /// All that happened.
    pub run: Run,
    /// Why the run ended early, where something broke.
    pub failure: Option<Error>,
    /// What is left to be done.
    pub after: After,
}

/// What is left to be done once a run has been published, so that no server keeps a report waiting.
pub struct After {
    profiler: Profiler,
    /// What turned out while prompts were cut.
    late_warnings: Receiver<String>,
}

/// Carries one experiment out; `None` where it was stopped before its first request.
///
/// # Errors
/// If its samples cannot be made or the server cannot be used: before the first request, all of it.
pub fn carry_out(
    experiment: &Experiment,
    site: &Site,
    signals: &mut Signals,
    tell: Tell<'_>,
) -> Result<Option<Carried>> {
    let schedule = Schedule::of(experiment, site.tokenizer.as_ref(), tell)?;
    if let Some(line) = &experiment.workload.dataset.announcement {
        tell(Moment::Reading(line));
    }
    let session = Session::new(experiment, site, schedule, tell)?;
    let stop = signals.listen();
    if !session.check_ready(stop, tell)? {
        return Ok(None);
    }
    let Some((mut session, late_warnings)) = align(experiment, site, session, stop, tell)? else { return Ok(None) };
    if !session.warm_up(stop, tell)? {
        return Ok(None);
    }
    if !around::reset_prefix_cache(&experiment.around, site, stop, tell)? {
        return Ok(None);
    }
    let Some(profiler) = Profiler::start(&experiment.around, site, stop, tell)? else { return Ok(None) };
    let measured = measure(experiment, site, session, stop, tell);
    let after = After { profiler, late_warnings };
    match measured {
        Ok((run, failure)) => Ok(Some(Carried { run, failure, after })),
        Err(error) => after.end(stop, tell).and(Err(error)),
    }
}

impl After {
    /// Stops the profiler; tells whether more runs may follow.
    ///
    /// # Errors
    /// If its thread broke.
    pub fn end(self, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<bool> {
        self.late_warnings.try_iter().for_each(|warning| tell(Moment::Noticed(&warning)));
        self.profiler.stop(stop, tell)
    }
}

/// Sends everything: what has to happen right before the first request or right after the last stands here. Gives the run, and
/// why it ended early where something broke.
fn measure(
    experiment: &Experiment,
    site: &Site,
    mut session: Session,
    stop: &Receiver<Stop>,
    tell: Tell<'_>,
) -> Result<(Run, Option<Error>)> {
    session.setup.started = setup::now();
    let Session { setup, conversations, .. } = &session;
    tell(Moment::Begins { setup, planned: session.count() as u64, conversations, last_due: session.last_due() });
    let servers = session.servers();
    let before = around::counters(&experiment.around, servers, site);
    let counting = Counting::with(site.tokenizer.clone());
    let mut sent = session.run(counting, stop, tell)?;
    sent.setup.ended = setup::now();
    let counted = before.and_then(|before| Some((before, around::counters(&experiment.around, servers, site)?)));
    sent.counting.end(&mut sent.collector, tell);
    sent.late_warnings.iter().for_each(|warning| tell(Moment::Noticed(warning)));
    Ok(sent.into_run(counted))
}

/// The session with its prompts cut to the server's count, and what there is to warn of it once they are sent; `None` where the
/// run is to stop.
fn align(
    experiment: &Experiment,
    site: &Site,
    session: Session,
    stop: &Receiver<Stop>,
    tell: Tell<'_>,
) -> Result<Option<(Session, Receiver<String>)>> {
    let (late, late_warnings) = channel();
    if !experiment.workload.aligned {
        return Ok(Some((session, late_warnings)));
    }
    let session = session.replace(|supply| align::align(supply, site, late, stop, tell))?;
    Ok(session.map(|session| (session, late_warnings)))
}
