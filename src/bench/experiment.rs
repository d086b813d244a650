//! What one run is to be: checked, and free of flags. Which percentiles, files and progress bars is no part of it.

use std::net::SocketAddr;

use crate::backend::Server;
use crate::error::Result;
use crate::json::Value;
use crate::net::Around;
use crate::plan::{Load, Workload};
use crate::token::Choice;

/// What one run is to be.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Who is asked, and how.
    pub server: Server,
    /// Which tokenizer counts.
    pub tokenizer: Choice,
    /// What is sent.
    pub workload: Workload,
    /// When, and how much at once.
    pub load: Load,
    /// What the server is told and asked before and after.
    pub around: Around,
    /// What reports repeat.
    pub said: Said,
}

/// What reports repeat as it was said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Said {
    /// `--label` as given.
    pub label: Option<String>,
    /// Further text fields of the result, in order.
    pub metadata: Vec<(String, String)>,
    /// Every option with the value that it came to have, under the names that the reference stores them by.
    pub options: Vec<(String, Value)>,
    /// The command line, without keys.
    pub command: Vec<String>,
}

impl Experiment {
    /// The same with a server at another address on this host.
    ///
    /// # Errors
    /// If address and endpoint make no URL.
    pub fn at(mut self, address: SocketAddr) -> Result<Self> {
        self.server.move_to(address)?;
        Ok(self)
    }

    /// The same without a ready check, for a server that has answered before.
    #[must_use]
    pub fn known_ready(mut self) -> Self {
        self.load.ready_check = None;
        self
    }

    /// What looks unintended in it, a line each.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        let warnings = self.server.warnings.iter().chain(&self.around.warnings);
        warnings.chain(&self.load.warnings).chain(&self.workload.content.warnings)
    }
}
