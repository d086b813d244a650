//! SIGINT, SIGTERM and SIGHUP become messages while a run listens, and end the process as usual while none does.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, raise};

use crate::drive::Stop;
use crate::error::{Error, Result};

/// How long a run that was stopped twice may take to report what it has. Then the process ends, whatever its threads do.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The process's stop signals. They must be taken over before any other thread starts, since threads inherit what is
/// blocked.
#[derive(Debug)]
pub struct Signals {
    listener: Arc<Mutex<Option<Sender<Stop>>>>,
    heard: Option<Receiver<Stop>>,
}

impl Signals {
    /// Takes the signals over.
    pub fn take_over() -> Result<Self> {
        let cannot = |cause: &dyn std::fmt::Display| Error::new(format!("cannot wait for signals: {cause}"));
        let stops = stops();
        stops.thread_block().map_err(|cause| cannot(&cause))?;
        // A file that may not grow is an error of its own, and not the end of the process with all that was measured.
        SigSet::from(Signal::SIGXFSZ).thread_block().map_err(|cause| cannot(&cause))?;
        let ours = Signals { listener: Arc::default(), heard: None };
        let listener = Arc::clone(&ours.listener);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || forward(stops, &listener))
            .map_err(|cause| cannot(&cause))?;
        Ok(ours)
    }

    /// From the first call on signals arrive here, until this value is dropped.
    pub fn listen(&mut self) -> &Receiver<Stop> {
        self.heard.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel();
            *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
            receiver
        })
    }

    /// Whether a signal has come since somebody listens that nobody has taken notice of.
    pub fn pending(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.try_recv().is_ok())
    }
}

/// An interrupt, a wish that the program end, and a terminal that goes away, unless `nohup` has said that it does not matter.
fn stops() -> SigSet {
    let hangup = (!ignores(Signal::SIGHUP)).then_some(Signal::SIGHUP);
    SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM].into_iter().chain(hangup))
}

/// Whether this process was started with a signal ignored, as far as the system tells.
fn ignores(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}

/// Tells each signal to whoever listens. Where nobody does, it does what it does to any program; so does the second, once the run
/// has had time for its report, and at once the third. A terminal that goes away may send several, which count as one.
fn forward(stops: SigSet, listener: &Mutex<Option<Sender<Stop>>>) {
    let mut told = 0;
    while let Ok(signal) = stops.wait() {
        if signal == Signal::SIGHUP && told > 0 {
            continue;
        }
        let listens = listener.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|to| to.send(Stop));
        told += 1;
        match (listens, told) {
            (Some(Ok(())), 1) => {}
            (Some(Ok(())), 2) => drop(thread::spawn(move || {
                thread::sleep(LAST_WORDS);
                end_by(stops, signal);
            })),
            _ => end_by(stops, signal),
        }
    }
}

/// Ends the process as the signal does by itself.
fn end_by(stops: SigSet, signal: Signal) {
    let _ = stops.thread_unblock().and_then(|()| raise(signal));
}
