//! Where prompts come from. A dataset a file; each turns its flags and a tokenizer into samples, in the reference's order
//! and from the reference's generators, so that the same seed gives the same requests.
//!
//! Flags and a tokenizer come in, [`Samples`] go out: made ahead of need on all cores, handed out in order. Nothing here
//! knows of servers or times, and past [`DatasetArgs::resolve`] nothing knows of flags.

mod ahead;
mod args;
mod dialogue;
pub mod evalscope;
pub mod file;
pub mod hf;
mod kind;
mod kinds;
mod lengths;
mod longest;
pub mod made;
pub mod media;
mod needs;
mod part;
mod rows;
mod sample;
mod selection;
mod table;
mod template;
mod turns;
mod turns_args;

pub use args::{DatasetArgs, USUAL_PROMPTS};
pub use kind::{Common, Dataset, Group, Kind, Resolve};
pub use kinds::{KINDS, named, stored_lengths};
pub use media::Placement;
pub use needs::{Carries, Needs, TEMPLATED_TWICE};
pub use part::{Audio, Json, Part};
pub use sample::{Prompt, Sample, Samples};
pub use selection::{Order, Selection, Shortage};
pub use template::Template;
pub use turns::{Conversations, History, Prefixes, Shape, TurnRange};
pub use turns_args::TurnsArgs;

#[cfg(test)]
#[path = "golden_test.rs"]
mod golden;
