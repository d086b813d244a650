//! The place of a point among those of its command, all of which draw one after the other from generators that are seeded once.

use crate::rng::Legacy;

/// How much is drawn for the prompts of a point, and what was drawn for the points before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the command.
    pub seed: u32,
    /// The points before this one, in their order.
    pub earlier: Vec<Earlier>,
    /// Requests of this point, warm-ups not among them; above 0.
    pub number: u32,
    /// Warm-ups, which are the first requests.
    pub warmups: u32,
    /// Where in the vocabulary or the file this point begins; EvalScope adds the number of each point behind it.
    pub offset: u32,
}

/// A point that was drawn for before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Its requests, warm-ups among them.
    pub requests: u32,
    /// Whether it had a rate: then a gap for each of its requests was drawn behind its prompts.
    pub paced: bool,
}

impl Draw {
    /// The requests of this point, warm-ups among them.
    pub fn requests(&self) -> u32 {
        self.number.saturating_add(self.warmups)
    }

    /// The requests of all earlier points.
    pub(super) fn earlier_requests(&self) -> u64 {
        self.earlier.iter().map(|earlier| u64::from(earlier.requests)).sum()
    }

    /// The generator as the earlier points left it; `skip` draws what one with so many requests draws for its prompts.
    pub(super) fn begin(&self, skip: impl Fn(u32, &mut Legacy)) -> Legacy {
        let mut legacy = Legacy::new(self.seed);
        for earlier in &self.earlier {
            skip(earlier.requests, &mut legacy);
            if earlier.paced {
                for _ in 0..earlier.requests {
                    legacy.exponential();
                }
            }
        }
        legacy
    }
}
