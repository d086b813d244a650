//! The settings of `hf`, as plain values, and what they come to with a tokenizer and the files.

use super::class::{Class, Takes};
use super::source::Source;
use crate::dataset::media::Placement;
use crate::dataset::selection::Selection;
use crate::token::Tokenizer;

/// The settings of `hf`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hf {
    /// A path, or a name on the hub.
    pub path: String,
    /// The name on the hub, where `path` is a copy.
    pub name: String,
    /// What the rows are.
    pub class: Class,
    /// The part of the dataset; none where it has only one.
    pub subset: Option<String>,
    /// Such as `train`.
    pub split: String,
    /// The columns that are read.
    pub(super) columns: Vec<String>,
    /// The column of prompts, where it is named.
    pub text_column: Option<String>,
    /// How many output tokens to ask for.
    pub lengths: Lengths,
    /// Least and greatest edit distance (Blazedit).
    pub distances: (f64, f64),
    /// Shortest and longest recording, in seconds (ASR).
    pub seconds: (f64, f64),
    /// Categories of the function-calling leaderboard.
    pub categories: Vec<String>,
    /// What becomes of texts and images.
    pub shape: Shape,
    /// Which rows become requests.
    pub selection: Selection,
}

/// Where the output length of a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// The same for all, as the flag says.
    Given(u32),
    /// The same for all, as is usual for the dataset.
    Usual(u32),
    /// As many tokens as the answer in the row has.
    Answer,
}

impl Lengths {
    /// The length of all, where it is one.
    pub(super) fn of_all(self) -> Option<u32> {
        match self {
            Lengths::Given(len) | Lengths::Usual(len) => Some(len),
            Lengths::Answer => None,
        }
    }
}

/// What becomes of texts and images of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Whether prompts go through the model's chat template, where the class wants that.
    pub templated: bool,
    /// Where media go.
    pub placement: Placement,
}

/// Makes drafts of rows.
pub(super) struct Maker {
    pub(super) hf: Hf,
    pub(super) tokenizer: Tokenizer,
    pub(super) source: Source,
    /// Where the prompt is, in datasets that are not known.
    pub(super) text: String,
}

impl Hf {
    /// What a backend must send.
    pub fn takes(&self) -> Takes {
        self.class.takes()
    }

    /// Whether prompts go through the chat template before they are sent.
    pub fn templated(&self) -> bool {
        self.class == Class::MlPerf || self.class.templated() && self.shape.templated
    }
}
