//! Datasets that are read from a file.

pub mod burstgpt;
mod chat_row;
pub mod custom;
pub mod custom_audio;
pub mod custom_image;
pub(super) mod open;
pub mod sharegpt;
mod sharegpt_turns;
pub mod sonnet;
pub mod spec_bench;
pub mod speed_bench;
pub mod timed_trace;
pub mod timing;
pub(super) mod trace_entry;
pub mod txt_slices;
