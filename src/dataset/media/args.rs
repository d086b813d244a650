//! The flags that all datasets with pictures, videos or sounds share, and what they mean.

use super::parts::Placement;

/// Flags of all datasets with media.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset")]
pub struct MediaArgs {
    /// Send media as content of the prompt's own message (datasets with media); `custom_audio` needs it for chat servers.
    #[arg(long)]
    pub enable_multimodal_chat: bool,
}

impl MediaArgs {
    /// Where media go.
    pub fn resolve(&self) -> Placement {
        if self.enable_multimodal_chat { Placement::Within } else { Placement::Beside }
    }
}
