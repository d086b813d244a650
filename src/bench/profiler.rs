//! The server's own profiler during a run: started before the first request or by a thread beside the run, stopped after the
//! report. Whatever it does is told and never ends a run.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Site;
use super::around::{Ordered, look, order};
use crate::drive::Stop;
use crate::error::{Error, Result};
use crate::net::{Around, Client, Profile};
use crate::record::{Moment, Profiled, Tell};

/// One of the two things that a server does with its profiler.
struct Step {
    what: &'static str,
    path: &'static str,
    /// How long it may take.
    limit: Duration,
    done: Profiled,
}

const START: Step =
    Step { what: "start", path: "/start_profile", limit: Duration::from_secs(60), done: Profiled::Started };
/// The server writes the profile.
const STOP: Step =
    Step { what: "stop", path: "/stop_profile", limit: Duration::from_secs(600), done: Profiled::Stopped };

/// The time between two looks at how many requests are running, and at a thread that is waited for.
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
        /// Takes word that the thread is not waited for any longer.
        leave: Sender<Stop>,
        thread: JoinHandle<Waited>,
    },
}

/// What became of a profiler that waited.
pub(super) enum Waited {
    /// Its moment never came: so many requests ran at most, if the server says.
    InVain(Option<u64>),
    /// It did not start.
    NotStarted(Ordered),
    /// It started; how its stop went.
    Ran(Ordered),
}

impl Profiler {
    /// Starts it, or the thread that will; `None` where the run is to stop.
    pub(super) fn start(around: &Around, site: &Site, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<Option<Self>> {
        let Some(profile) = around.profile else { return Ok(Some(Profiler::Off)) };
        let clients: Vec<Client> = site.all().cloned().collect();
        tell(Moment::Profiler(Profiled::Starting));
        match profile {
            Profile::Whole => {
                let ordered = START.order(&clients, stop);
                START.tell(&ordered, tell);
                Ok(match ordered {
                    Ordered::Done => Some(Profiler::On(clients)),
                    Ordered::Refused(_) => Some(Profiler::Off),
                    Ordered::Abandoned => None,
                })
            }
            Profile::Busy { threshold, duration } => {
                let ((over, ended), (leave, left)) = (channel(), channel());
                let thread = std::thread::Builder::new().name("profiler".to_owned());
                let thread = thread.spawn(move || wait(&clients, threshold, duration, &ended, &left));
                let thread = thread.map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
                Ok(Some(Profiler::Waiting { over, leave, thread }))
            }
        }
    }

    /// Stops it where it runs, and tells what became of it and whether more runs may follow.
    pub(super) fn stop(self, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<bool> {
        let stopped = match self {
            Profiler::Off => return Ok(true),
            Profiler::On(clients) => {
                tell(Moment::Profiler(Profiled::Stopping));
                STOP.order(&clients, stop)
            }
            Profiler::Waiting { over, leave, thread } => {
                drop(over);
                match ended(thread, stop, &leave)? {
                    Waited::Ran(stopped) => {
                        tell(Moment::Profiler(Profiled::Started));
                        stopped
                    }
                    Waited::NotStarted(ordered) => {
                        return Ok(START.tell(&ordered, tell));
                    }
                    Waited::InVain(most) => {
                        let most = most
                            .map_or("`/metrics` does not say how many requests are running".to_owned(), |most| {
                                format!("at most {most} requests were running by `/metrics`")
                            });
                        tell(Moment::Noticed(&format!("the profiler did not start: {most}")));
                        return Ok(true);
                    }
                }
            }
        };
        Ok(STOP.tell(&stopped, tell))
    }
}

impl Step {
    fn order(&self, clients: &[Client], stop: &Receiver<Stop>) -> Ordered {
        order(clients.iter(), self.path, self.limit, stop)
    }

    /// Tells what came of it, and whether more may follow.
    fn tell(&self, ordered: &Ordered, tell: Tell<'_>) -> bool {
        match ordered {
            Ordered::Done => tell(Moment::Profiler(self.done)),
            Ordered::Abandoned => tell(Moment::Abandoned(self.path)),
            Ordered::Refused(refusal) => tell(Moment::Noticed(&format!(
                "the profiler did not {}: {refusal}; start the server with a profiler, or leave out `--profile`",
                self.what
            ))),
        }
        !matches!(ordered, Ordered::Abandoned)
    }
}

/// What became of the thread, which is told to leave where the run is to stop.
fn ended(thread: JoinHandle<Waited>, stop: &Receiver<Stop>, leave: &Sender<Stop>) -> Result<Waited> {
    while !thread.is_finished() {
        if let Ok(word) = stop.recv_timeout(LOOK) {
            // A thread that does not listen any longer has ended.
            let _ = leave.send(word);
        }
    }
    thread.join().map_err(|_| Error::new("the thread of the profiler panicked"))
}

/// Waits until enough requests are running, has the server profile itself for a while, and gives up when the run is over.
fn wait(clients: &[Client], threshold: u64, duration: Duration, over: &Receiver<()>, left: &Receiver<Stop>) -> Waited {
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
    let started = START.order(clients, left);
    if !matches!(started, Ordered::Done) {
        return Waited::NotStarted(started);
    }
    // The end of the run ends the profile early.
    let _ = over.recv_timeout(duration);
    Waited::Ran(STOP.order(clients, left))
}
