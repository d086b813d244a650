//! The stage `sim`.
