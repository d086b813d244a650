//! The reference's two global generators, made once from the seed of a run and lent to whoever draws from them: first the
//! dataset, then arrivals and the choice of adapters go on where it left them.

use super::{Legacy, Python};

/// The generators of a run.
#[derive(Debug, Clone)]
pub struct Draws {
    /// NumPy's: arrival gaps come from it.
    pub legacy: Legacy,
    /// CPython's: the choice of adapters comes from it.
    pub python: Python,
}

impl Draws {
    /// Both as `seed` makes them.
    pub fn new(seed: u32) -> Self {
        Draws { legacy: Legacy::new(seed), python: Python::new(u64::from(seed)) }
    }
}
