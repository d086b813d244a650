//! What is sent before a run and not measured: whether the server answers at all, and what warms it up.

use std::time::Duration;

/// Asks whether the server answers at all, again and again until it does.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyCheck {
    /// For so long at most.
    pub limit: Duration,
    /// The flag that says so.
    pub flag: &'static str,
    /// The longest pause between two tries.
    pub pause: Duration,
    /// What is asked; `None` for the first request of the run.
    pub prompt: Option<String>,
    /// Whether a refusal (a status of 400 to 499) ends it, since no later try would go otherwise.
    pub heeds_refusals: bool,
}

impl ReadyCheck {
    /// Asks the first request of the run for so long, every second, whatever the server answers.
    pub fn lasting(limit: Duration, flag: &'static str) -> Self {
        ReadyCheck { limit, flag, pause: Duration::from_secs(1), prompt: None, heeds_refusals: false }
    }
}

/// Requests that warm the server up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// So many copies of the first request of the run.
    Copies(usize),
    /// So many of the dataset's first requests, behind which the run begins.
    Own(usize),
}

impl WarmUp {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            WarmUp::Copies(count) | WarmUp::Own(count) => count,
        }
    }

    /// How many of the dataset's requests are no part of the run.
    pub fn own(self) -> usize {
        match self {
            WarmUp::Copies(_) => 0,
            WarmUp::Own(count) => count,
        }
    }
}
