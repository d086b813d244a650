//! Which adapter each request of a run asked for.

/// The adapters (LoRA modules) that requests were spread over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adapters {
    /// Their names as they were given.
    pub names: Vec<String>,
    /// For each request, by id, the position of its adapter among the names.
    pub of: Vec<u16>,
}
