//! The probe stream beside a run: threads and a connection of its own, from before the run's clock starts until the run is over.

use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use crate::backend::Connect;
use crate::drive::{self, Observation, Settings, Stop, Stream};
use crate::error::{Error, Result};
use crate::plan::Job;
use crate::record::Record;

/// Probes under way.
pub(super) struct Probing {
    stop: Sender<Stop>,
    thread: JoinHandle<(Vec<Record>, Option<Error>)>,
}

impl Probing {
    /// Starts the chain of probes that begins with `first`.
    pub(super) fn start(first: Job, settings: Settings) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let stream = Stream {
            jobs: Box::new(std::iter::once(Ok(first))),
            max_in_flight: Some(1),
            workers: 1,
            connections: usize::from(settings.connect == Connect::Beforehand),
            ready: 1,
            budget: 0,
            duration: None,
            max_failures: None,
        };
        let probe = move || {
            let mut records = Vec::new();
            let ended = drive::run(stream, settings, &stopped, &mut |observation| {
                if let Observation::Finished(finished) = observation {
                    records.push(finished.record);
                }
            });
            (records, ended.map_or_else(Some, |end| end.error))
        };
        let started = thread::Builder::new().name("probes".into()).spawn(probe);
        let thread = started.map_err(|cause| Error::new(format!("cannot start the thread `probes`: {cause}")))?;
        Ok(Probing { stop, thread })
    }

    /// Ends the stream: none starts any more, and one in flight gets a few seconds to end. Gives what was measured, and what ended
    /// it early.
    pub(super) fn end(self) -> (Vec<Record>, Option<Error>) {
        // The thread listens until its run is over.
        let _ = self.stop.send(Stop);
        let broke = |_| (Vec::new(), Some(Error::new("the probes' thread broke: this is a bug in llmbench")));
        self.thread.join().unwrap_or_else(broke)
    }
}
