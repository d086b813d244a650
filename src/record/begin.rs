//! What is known of a run when it begins: the first line of its file.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Setup;

/// The version of the format that is written; those up to it are read.
pub(super) const VERSION: u32 = 2;

/// The first line.
#[derive(Serialize)]
pub(super) struct FirstLine<'a> {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    begin: Begin<'a>,
}

/// How a run began. Version 1 of the format tells nothing of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Begin<'a> {
    /// Requests that the plan held.
    pub(super) planned: u64,
    /// What it was asked to do.
    pub(super) setup: Cow<'a, Setup>,
    /// The id of the first turn of each conversation.
    pub(super) conversations: Cow<'a, [u32]>,
}

impl<'a> FirstLine<'a> {
    /// The first line of the file of a run that begins so.
    pub(super) fn of(begin: Begin<'a>) -> Self {
        FirstLine { format: "llmbench records", version: VERSION, begin }
    }
}
