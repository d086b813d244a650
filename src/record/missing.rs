//! What is not known of a run: nothing of one that was watched as it went or has kept its records, more of one that is put
//! together from its result. No figure is made of what is missing.

use super::Run;

/// Something of a run that may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// When requests were due by the schedule.
    Due,
    /// How long requests waited in the client.
    Waits,
    /// When requests were sent: nothing is known of the run over time.
    Sent,
    /// When answers had been read to their end, and when requests failed.
    Ends,
    /// Of what class failures were.
    Classes,
    /// How many answers nobody counted the tokens of.
    Uncounted,
    /// What was sent, as a number that is the same for runs that sent the same.
    Workload,
    /// How well the measurement itself went.
    Health,
}

impl Run {
    /// Whether a part of the run is known.
    pub fn knows(&self, part: Part) -> bool {
        !self.missing.contains(&part)
    }
}
