//! The flags that say which tokenizer to use, and what they mean together.

use super::builtin::BUILTIN;
use crate::error::{Error, Result};

/// Which tokenizer counts tokens and builds prompts.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model and tokenizer")]
pub struct TokenizerArgs {
    /// Tokenizer: a directory, a `tokenizer.json`, a model on the hub, or `builtin` [default: the model's]
    ///
    /// A name that is no path is looked up in the local hub cache, then on the hub (`HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`,
    /// `HF_ENDPOINT` and `HF_HUB_OFFLINE` count); where neither has it, the server's own `/tokenize` is used. `builtin` is a
    /// small tokenizer inside this program. Beside `tokenizer.json` a folder or a file may hold `tekken.json` of Mistral,
    /// `qwen.tiktoken`, `tiktoken.model` of Kimi or `tokenizer.model` of SentencePiece; the first that a folder has counts, in this
    /// order. A `.gguf` of llama.cpp is named by its own path.
    #[arg(long, value_name = "NAME|PATH")]
    pub tokenizer: Option<String>,

    /// How the tokenizer is read: `auto`, or `hf` or `slow`, which mean the same here
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub tokenizer_mode: String,

    /// Accepted and without effect: no code of a model is ever run
    #[arg(long)]
    pub trust_remote_code: bool,

    /// Load no tokenizer: datasets that build prompts refuse to run, and output tokens count only as the server reports them
    #[arg(long)]
    pub skip_tokenizer_init: bool,
}

/// The tokenizer that the flags ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// None at all.
    Skip,
    /// The one inside the binary.
    Builtin,
    /// The one that belongs to the model.
    OfModel,
    /// A path or a name on the hub.
    Named(String),
}

impl TokenizerArgs {
    /// What the flags mean.
    ///
    /// # Errors
    /// Where the mode is one that this program cannot do.
    pub fn resolve(&self) -> Result<Choice> {
        match self.tokenizer_mode.as_str() {
            "auto" | "hf" | "slow" => {}
            _ if self.skip_tokenizer_init => {}
            mode => {
                return Err(Error::new(format!(
                    "`--tokenizer-mode {mode}` is not known: the form of a tokenizer is found by its file"
                ))
                .hint(
                    "leave `--tokenizer-mode` out, and name the file where a folder has several: `--tokenizer \
                     FOLDER/tekken.json`",
                ));
            }
        }
        Ok(match &self.tokenizer {
            _ if self.skip_tokenizer_init => Choice::Skip,
            None => Choice::OfModel,
            Some(name) if name == BUILTIN => Choice::Builtin,
            Some(name) => Choice::Named(name.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, Command, FromArgMatches};

    fn resolve(line: &[&str]) -> Result<Choice> {
        let command = TokenizerArgs::augment_args(Command::new("test").no_binary_name(true));
        command.clone().debug_assert();
        TokenizerArgs::from_arg_matches(&command.get_matches_from(line)).unwrap().resolve()
    }

    #[test]
    fn the_flags_choose_the_tokenizer() {
        assert_eq!(resolve(&[]).unwrap(), Choice::OfModel);
        assert_eq!(resolve(&["--tokenizer", "builtin"]).unwrap(), Choice::Builtin);
        assert_eq!(resolve(&["--tokenizer", "a/b", "--trust-remote-code"]).unwrap(), Choice::Named("a/b".into()));
        assert_eq!(resolve(&["--tokenizer", "a/b", "--skip-tokenizer-init"]).unwrap(), Choice::Skip);
    }

    #[test]
    fn a_mode_that_cannot_be_done_is_refused() {
        assert!(resolve(&["--tokenizer-mode", "hf"]).is_ok());
        for mode in ["mistral", "deepseek_v32", "fancy"] {
            let error = resolve(&["--tokenizer-mode", mode]).unwrap_err();
            assert!(error.to_string().contains(mode) && error.advice().is_some());
        }
    }
}
