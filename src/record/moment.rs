//! What happens while an experiment is carried out, in plain values: whoever listens finds the words.

use std::time::Duration;

use super::{Finished, Setup, Tick};

/// Whoever listens to what happens.
pub type Tell<'a> = &'a mut dyn FnMut(Moment<'_>);

/// One thing that happens, in the order in which it does.
#[derive(Debug, Clone, Copy)]
pub enum Moment<'a> {
    /// The samples are made; the dataset has this to say of how its file is read.
    Reading(&'a str),
    /// The server is asked whether it answers at all, for so long at most; `None` where that is left out.
    ReadyCheck(Option<Duration>),
    /// It does not answer yet.
    NotReady {
        /// For so long it has been asked.
        waited: Duration,
        /// What came of it last.
        cause: &'a str,
    },
    /// It answers.
    Ready,
    /// So many copies of the first request are sent before the run.
    WarmingUp(usize),
    /// They have been answered, so many as there were; nothing is left to do before the run.
    WarmedUp(usize),
    /// The server's own profiler.
    Profiler(Profiled),
    /// The clock starts.
    Begins {
        /// What the run is.
        setup: &'a Setup,
        /// How many requests it has.
        planned: u64,
        /// The id of the first turn of each conversation; empty where requests stand alone.
        conversations: &'a [u32],
        /// When the last of them is due.
        last_due: Tick,
    },
    /// A request has ended.
    Ended(&'a Finished),
    /// Time has passed.
    Beat {
        /// Now.
        at: Tick,
        /// Requests in flight.
        in_flight: u64,
        /// Pieces of output that have arrived so far.
        chunks: u64,
    },
    /// The run was asked to stop: nothing more starts.
    Stopping {
        /// Requests in flight.
        in_flight: u64,
        /// They are cancelled after so long.
        grace: Duration,
    },
    /// The run was asked to stop while the server had not answered this path, which nobody waits for any longer.
    Abandoned(&'a str),
    /// Something that the user should know, in a sentence.
    Noticed(&'a str),
}

/// What happens to a server's profiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profiled {
    /// It is told to start.
    Starting,
    /// It runs.
    Started,
    /// It is told to stop.
    Stopping,
    /// It has stopped.
    Stopped,
}
