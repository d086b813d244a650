//! The stage `drive`.
