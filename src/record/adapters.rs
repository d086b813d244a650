//! Which adapter of the model each request went to.

use serde::{Deserialize, Serialize};

/// The adapters of a run (LoRA), and the one that each request was assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Adapters {
    /// The names that requests carry as their model.
    pub names: Vec<String>,
    /// The adapter of each request by its id: a position in `names`.
    pub of: Vec<u16>,
}

impl Adapters {
    /// The name of the adapter that request `id` went to.
    pub fn name_of(&self, id: u32) -> Option<&str> {
        let position = *self.of.get(id as usize)?;
        self.names.get(usize::from(position)).map(String::as_str)
    }
}
