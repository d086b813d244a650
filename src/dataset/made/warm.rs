//! Prompts that a warm prefix cache serves in part: how many there are and how much they share come in; which ones they are
//! and the tokens that they share go out.

use super::ramp::Allowed;
use crate::error::{Error, Result};
use crate::rng::Generator;

/// A mix of warm prompts, which begin with the same tokens, and cold ones. By default all are cold.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Warm {
    /// Which fraction of the prompts is warm.
    pub fraction: f64,
    /// Which fraction of its length a warm prompt shares with the others.
    pub ratio: f64,
}

impl Warm {
    /// The mix that the two flags ask for, if they do; both are from 0 to 1.
    pub(super) fn of(fraction: f64, ratio: f64) -> Result<Option<Self>> {
        match (fraction > 0.0, ratio > 0.0) {
            (true, true) => Ok(Some(Warm { fraction, ratio })),
            (false, false) => Ok(None),
            _ => Err(Error::new("`--random-cache-hit-fraction` and `--random-cache-ratio` go together only")
                .hint("give both: how many prompts share a prefix, and how much of their length that is")),
        }
    }

    /// Draws the shared tokens, as many as the longest of `inputs` needs, and then which of the prompts begin with them.
    pub(super) fn draw(self, inputs: &[u32], allowed: &Allowed, generator: &mut Generator) -> Shared {
        let warm = (self.fraction * inputs.len() as f64).round() as usize;
        if warm == 0 {
            return Shared { ids: Vec::new(), warm: Vec::new(), ratio: 0.0 };
        }
        let ids = allowed.draw(part(self.ratio, inputs.iter().copied().max().unwrap_or(0)), generator);
        let mut chosen: Vec<bool> = (0..inputs.len()).map(|index| index < warm).collect();
        generator.shuffle(&mut chosen);
        Shared { ids, warm: chosen, ratio: self.ratio }
    }
}

/// The tokens that warm prompts share, and which prompts are warm.
pub(super) struct Shared {
    ids: Vec<u32>,
    warm: Vec<bool>,
    ratio: f64,
}

impl Shared {
    /// Makes room in `ramp` (start and length) of prompt `index`: gives how many shared tokens go before it.
    pub(super) fn take(&self, index: usize, ramp: &mut (u32, u32)) -> u32 {
        if !self.warm.get(index).copied().unwrap_or(false) {
            return 0;
        }
        let head = part(self.ratio, ramp.1);
        ramp.1 -= head;
        head
    }

    /// The shared tokens.
    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }
}

fn part(ratio: f64, length: u32) -> u32 {
    (ratio * f64::from(length)).round() as u32
}
