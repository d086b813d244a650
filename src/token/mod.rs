//! The stage `token`.
