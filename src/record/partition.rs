//! Which of several each request went to: adapters of the model, or servers.

use serde::{Deserialize, Serialize};

/// Names, and the one that each request was assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Partition {
    /// The names.
    pub names: Vec<String>,
    /// The name of each request by its id: a position in `names`.
    pub of: Vec<u16>,
}

impl Partition {
    /// Assigns `count` requests to the names in turn.
    pub fn in_turn(names: Vec<String>, count: usize) -> Self {
        let all = names.len().max(1);
        Partition { of: (0..count).map(|id| (id % all) as u16).collect(), names }
    }

    /// The position of what request `id` went to.
    pub fn place_of(&self, id: u32) -> Option<usize> {
        self.of.get(id as usize).map(|position| usize::from(*position))
    }

    /// The name of what request `id` went to.
    pub fn name_of(&self, id: u32) -> Option<&str> {
        self.names.get(self.place_of(id)?).map(String::as_str)
    }
}
