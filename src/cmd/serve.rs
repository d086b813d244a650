//! `serve`: puts load on a server and reports what happened.

use crate::backend::{RequestArgs, RequestContent, Server, ServerArgs};
use crate::error::{Error, Exit, Result};
use crate::plan::{Load, LoadArgs};
use crate::ui::{ProgressArgs, Ui};

/// The end of the help.
const EXAMPLES: &str = "\
Examples:
  A thousand prompts as fast as the server takes them, against a local vLLM:
    llmbench serve --model Qwen/Qwen3-0.6B
  Chat requests, ten a second on average, at most 64 at once:
    llmbench serve --backend openai-chat --base-url https://example.com \\
      --request-rate 10 --max-concurrency 64
  Greedy answers without thinking:
    llmbench serve --backend openai-chat --temperature 0 \\
      --extra-body.chat_template_kwargs.enable_thinking false

Flags may be shortened to any unambiguous prefix, and `_` may stand for `-` in their names.
--help=all tells more of each flag; --help=WORD shows one group, or the flags that are about a word.";

/// The flags of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

impl ServeArgs {
    /// What the flags come to, checked before anything is sent.
    pub(super) fn check(&self) -> Result<(Server, Load, RequestContent)> {
        Ok((self.server.resolve()?, self.load.resolve()?, self.request.resolve()?))
    }

    /// Runs the benchmark and reports.
    pub(super) fn run(self, ui: &Ui) -> Result<Exit> {
        let (server, load, content) = self.check()?;
        for warning in server.warnings.iter().chain(&load.warnings).chain(&content.warnings) {
            ui.warn(warning);
        }
        self.progress.resolve(ui, 0).finish();
        Err(Error::new(format!("cannot send requests to `{}` yet", server.url)))
    }
}
