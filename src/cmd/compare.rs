//! `serve --compare A B`: two result files side by side; nothing is sent.

use std::path::PathBuf;

use crate::error::{Error, Exit, Result};
use crate::report::Comparison;
use crate::ui::out::to_stdout;

/// Which results to compare.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Instead of a run")]
pub(super) struct CompareArgs {
    /// Show two result files side by side, with what changed and which is better, and send nothing
    #[arg(long, value_names = ["A", "B"], num_args = 1..=2)]
    compare: Vec<PathBuf>,
}

impl CompareArgs {
    /// Prints the comparison, if one is asked for.
    ///
    /// # Errors
    /// If there are not two files, or one holds no result.
    pub(super) fn run(&self) -> Result<Option<Exit>> {
        let [a, b] = match self.compare.as_slice() {
            [] => return Ok(None),
            [a, b] => [a, b],
            _ => return Err(Error::new("`--compare` needs two files").hint("write `--compare a.json b.json`")),
        };
        let comparison = Comparison::read(&[a, b])?;
        to_stdout(&mut |out| comparison.console(out))?;
        Ok(Some(Exit::Done))
    }
}
