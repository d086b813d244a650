//! The stage `measure`.
