//! SIGINT and SIGTERM become messages while a run listens, and end the process as usual while none does.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal, raise};

use crate::drive::Stop;
use crate::error::{Error, Result};

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
        let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
        let cannot = |cause: &dyn std::fmt::Display| Error::new(format!("cannot wait for signals: {cause}"));
        signals.thread_block().map_err(|cause| cannot(&cause))?;
        let ours = Signals { listener: Arc::default(), heard: None };
        let listener = Arc::clone(&ours.listener);
        let forward = move || {
            while let Ok(signal) = signals.wait() {
                let told = listener.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|to| to.send(Stop));
                if !matches!(told, Some(Ok(()))) {
                    // Nobody listens: the signal does what it does to any program.
                    let _ = signals.thread_unblock().and_then(|()| raise(signal));
                }
            }
        };
        thread::Builder::new().name("signals".into()).spawn(forward).map_err(|cause| cannot(&cause))?;
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
