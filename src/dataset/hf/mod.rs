//! Datasets of the model hub: rows of a table, from a local copy, the hub's cache or the hub, made into requests by what is
//! known of the dataset. Settings and a tokenizer come in, samples go out; nothing is written but the hub's cache.
//!
//! The order is the reference's for whole datasets (`--no-stream`): a permutation of all rows by the seed. The reference's
//! own default shuffles within a moving window of rows, in an order that differs between releases of its library.

mod args;
mod cell;
mod class;
#[cfg(test)]
mod class_test;
mod draft;
mod gather;
mod ids;
mod json;
mod kind;
mod names;
mod parquet;
mod picture;
mod settings;
mod source;
mod speech;
mod table;
#[cfg(test)]
mod testing;
mod text;
mod tools;
mod turns;

pub use args::HfArgs;
pub use class::{Class, Takes};
pub(super) use kind::KIND;
pub use settings::{Hf, Lengths, Shape};
