//! The stage `rng`.
