//! `compare`: two or more runs side by side, from their results or their records; nothing is sent.

use std::path::{Path, PathBuf};

use super::report::asked;
use crate::error::{Error, Exit, Result};
use crate::measure;
use crate::record::Run;
use crate::report::{Comparison, Report, Screen, Stored};
use crate::ui::out::{to_stdout, width};

/// The end of the help.
const EXAMPLES: &str = "\
Examples:
  What changed from one run to another:
    llmbench compare before.json after.json
  Three runs against the first, two of which have kept their records:
    llmbench compare before.json a.jsonl b.jsonl";

/// The flags of `compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompareArgs {
    /// Results or files of records, two at least; all are held against the first
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    files: Vec<PathBuf>,
}

/// The flag of `serve` that does the same.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Instead of a run")]
pub(super) struct CompareFlag {
    /// Show two result files side by side, with what changed and which is better, and send nothing
    #[arg(long, value_names = ["A", "B"], num_args = 1..=2)]
    compare: Vec<PathBuf>,
}

impl CompareArgs {
    /// Prints the comparison.
    ///
    /// # Errors
    /// If a file holds no run, or the runs cannot be compared.
    pub(super) fn run(&self) -> Result<Exit> {
        compare(&self.files)
    }
}

impl CompareFlag {
    /// Prints the comparison, if one is asked for.
    ///
    /// # Errors
    /// If there are not two files, or as for `compare`.
    pub(super) fn run(&self) -> Result<Option<Exit>> {
        match self.compare.as_slice() {
            [] => Ok(None),
            files @ [_, _] => compare(files).map(Some),
            _ => Err(Error::new("`--compare` needs two files").hint("write `--compare a.json b.json`")),
        }
    }
}

fn compare(files: &[PathBuf]) -> Result<Exit> {
    let runs = files.iter().map(|path| stored(path)).collect::<Result<Vec<Stored>>>()?;
    let comparison = Comparison::of(runs)?;
    let room = width(&std::io::stdout()).unwrap_or(usize::MAX);
    to_stdout(&mut |out| comparison.console(room, out))?;
    Ok(Exit::Done)
}

/// What is known of the run in a file of either kind.
fn stored(path: &Path) -> Result<Stored> {
    if !Run::is_at(path)? {
        return Stored::read(path);
    }
    let run = Run::read(path)?;
    let asked = asked(&run.setup)?;
    let metrics = measure::metrics(&run, &asked);
    let verdict = measure::verdict(&run, &metrics, &asked);
    let report = Report {
        run: &run,
        metrics: &metrics,
        asked: &asked,
        verdict: &verdict,
        screen: Screen::NONE,
        saved: &[],
        detailed: false,
    };
    Stored::of(path, &report)
}
