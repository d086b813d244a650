//! Datasets that are made up, and what their prompts are made with.

pub mod buckets;
pub mod conversations;
pub(super) mod fit;
mod literal;
pub mod prefix_repetition;
pub mod ramp;
pub mod random;
pub mod random_mm;
pub mod rerank;
pub mod warm;
