//! vLLM's words: what `bench serve` says while a run goes on, its report on the console and its result as JSON, each the
//! reference's to the byte as far as the reference goes, ours after it.

pub(super) mod announce;
mod blocks;
pub(super) mod charts;
mod console;
mod content;
mod described;
mod figures;
pub(super) mod json;
pub(super) mod labels;
pub(super) mod lines;
mod own;
mod parts;
mod pytorch;
pub(super) mod read;
pub(super) mod rebuild;
mod requests;

#[cfg(test)]
#[path = "golden_test.rs"]
mod golden_tests;
