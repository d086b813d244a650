//! The flags of the progress display.

use std::io::IsTerminal;

use super::style::is_dumb;
use super::{Progress, Ui};

/// The flags of the progress display.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Display")]
pub struct ProgressArgs {
    /// When to show progress on stderr; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub progress: When,
    /// Show no progress, as --progress never
    #[arg(long)]
    pub disable_tqdm: bool,
}

/// When to show something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always: as plain lines where there is no terminal.
    Always,
    /// Never.
    Never,
}

impl ProgressArgs {
    /// The display for a run of `total` requests.
    pub fn resolve(&self, ui: &Ui, total: u64) -> Progress {
        let terminal = std::io::stderr().is_terminal() && !std::env::var("TERM").is_ok_and(is_dumb);
        match self.progress {
            _ if self.disable_tqdm => Progress::off(),
            When::Never => Progress::off(),
            When::Auto | When::Always if terminal => Progress::bar(ui.style, total),
            When::Auto => Progress::off(),
            When::Always => Progress::lines(),
        }
    }
}
