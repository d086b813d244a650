//! The server's own profiler during a run: started before the first request or by a thread beside the run, stopped after the
//! report. Whatever it does is told and never ends a run.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Site;
use super::around::{look, order};
use crate::error::{Error, Result};
use crate::net::{Around, Client, Profile, Refusal};
use crate::record::{Moment, Profiled, Tell};

/// How long the server may take to start it.
const START: Duration = Duration::from_secs(60);
/// How long it may take to stop it, which writes the profile.
const WRITE: Duration = Duration::from_secs(600);
/// The time between two looks at how many requests are running.
const LOOK: Duration = Duration::from_millis(100);

/// The profiler of a run.
pub(super) enum Profiler {
    /// It was not asked for, or did not start.
    Off,
    /// It runs until it is stopped.
    On(Vec<Client>),
    /// A thread waits for its moment.
    Waiting {
        /// Dropped when the run is over.
        over: Sender<()>,
        thread: JoinHandle<Waited>,
    },
}

/// What became of a profiler that waited.
pub(super) enum Waited {
    /// Its moment never came: so many requests ran at most, if the server says.
    InVain(Option<u64>),
    /// It did not start.
    Refused(Refusal),
    /// It started; how its stop went.
    Ran(Result<(), Refusal>),
}

impl Profiler {
    /// Starts it, or the thread that will.
    pub(super) fn start(around: &Around, site: &Site, tell: Tell<'_>) -> Result<Self> {
        let Some(profile) = around.profile else { return Ok(Profiler::Off) };
        let clients: Vec<Client> = site.all().cloned().collect();
        tell(Moment::Profiler(Profiled::Starting));
        match profile {
            Profile::Whole => match order(clients.iter(), "/start_profile", START) {
                Ok(()) => {
                    tell(Moment::Profiler(Profiled::Started));
                    Ok(Profiler::On(clients))
                }
                Err(refusal) => {
                    complain("start", &refusal, tell);
                    Ok(Profiler::Off)
                }
            },
            Profile::Busy { threshold, duration } => {
                let (over, ended) = channel();
                let thread = std::thread::Builder::new().name("profiler".to_owned());
                let thread = thread.spawn(move || wait(&clients, threshold, duration, &ended));
                let thread = thread.map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
                Ok(Profiler::Waiting { over, thread })
            }
        }
    }

    /// Stops it where it runs, and tells what became of it.
    pub(super) fn stop(self, tell: Tell<'_>) -> Result<()> {
        let stopped = match self {
            Profiler::Off => return Ok(()),
            Profiler::On(clients) => {
                tell(Moment::Profiler(Profiled::Stopping));
                order(clients.iter(), "/stop_profile", WRITE)
            }
            Profiler::Waiting { over, thread } => {
                drop(over);
                match thread.join().map_err(|_| Error::new("the thread of the profiler panicked"))? {
                    Waited::Ran(stopped) => {
                        tell(Moment::Profiler(Profiled::Started));
                        stopped
                    }
                    Waited::Refused(refusal) => {
                        complain("start", &refusal, tell);
                        return Ok(());
                    }
                    Waited::InVain(most) => {
                        let most = most
                            .map_or("`/metrics` does not say how many requests are running".to_owned(), |most| {
                                format!("at most {most} requests were running by `/metrics`")
                            });
                        tell(Moment::Noticed(&format!("the profiler did not start: {most}")));
                        return Ok(());
                    }
                }
            }
        };
        match stopped {
            Ok(()) => tell(Moment::Profiler(Profiled::Stopped)),
            Err(refusal) => complain("stop", &refusal, tell),
        }
        Ok(())
    }
}

/// Waits until enough requests are running, has the server profile itself for a while, and gives up when the run is over.
fn wait(clients: &[Client], threshold: u64, duration: Duration, over: &Receiver<()>) -> Waited {
    let mut most = None;
    loop {
        let running = look(clients.iter()).and_then(|counters| counters.running);
        most = most.max(running);
        if running >= Some(threshold) {
            break;
        }
        if over.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
            return Waited::InVain(most);
        }
    }
    if let Err(refusal) = order(clients.iter(), "/start_profile", START) {
        return Waited::Refused(refusal);
    }
    // The end of the run ends the profile early.
    let _ = over.recv_timeout(duration);
    Waited::Ran(order(clients.iter(), "/stop_profile", WRITE))
}

fn complain(what: &str, refusal: &Refusal, tell: Tell<'_>) {
    tell(Moment::Noticed(&format!(
        "the profiler did not {what}: {refusal}; start the server with a profiler, or leave out `--profile`"
    )));
}
