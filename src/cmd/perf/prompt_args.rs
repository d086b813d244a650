//! The flags of `perf` that say where prompts come from and how they are shaped.

use std::path::PathBuf;

use super::load_args::PointLoad;
use crate::args::range::outside;
use crate::args::{self, JsonObject};
use crate::dataset::evalscope::{Form, Prefixes, Shaping};
use crate::error::{Error, Result};

/// Where prompts come from, and how they are shaped.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Prompts")]
pub(super) struct PromptArgs {
    /// Dataset: see `llmbench help perf-datasets`
    #[arg(long, value_name = "NAME", default_value = "openqa")]
    pub(super) dataset: String,
    /// File or directory of the dataset
    #[arg(long, value_name = "PATH")]
    pub(super) dataset_path: Option<PathBuf>,
    /// Where datasets come from that are given no path: modelscope, huggingface or local
    #[arg(long, value_name = "NAME")]
    pub(super) data_source: Option<String>,
    /// Rows to leave out at the start; each point moves on by its number of requests
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::int)]
    pub(super) dataset_offset: i64,
    /// Settings of the dataset
    #[arg(long, value_name = "JSON", value_parser = args::json_object)]
    pub(super) dataset_args: Option<JsonObject>,
    /// Longest prompt: of `random` its tokens, of others a limit above which a prompt is left out
    #[arg(long, value_name = "N", default_value = "131072", value_parser = args::int)]
    pub(super) max_prompt_length: i64,
    /// Shortest prompt, as --max-prompt-length
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::int)]
    pub(super) min_prompt_length: i64,
    /// Tokens of a prefix that prompts of `random` share, before their own
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::int)]
    pub(super) prefix_length: i64,
    /// Different prefixes, which prompts of `random` take in turn
    #[arg(long, value_name = "N", default_value = "1", value_parser = args::int)]
    pub(super) prefix_count: i64,
    /// The prompt of every request, as text or as @FILE, in the place of a dataset
    #[arg(long, value_name = "TEXT|@FILE")]
    pub(super) prompt: Option<String>,
    /// Send prompts as messages [default: where the URL is that of a chat]
    #[arg(long, overrides_with = "no_apply_chat_template")]
    pub(super) apply_chat_template: bool,
    /// Send prompts without a template, to completions
    #[arg(long)]
    pub(super) no_apply_chat_template: bool,
    /// Send token ids, to completions
    #[arg(long)]
    pub(super) tokenize_prompt: bool,
    /// Width of made-up images
    #[arg(long, value_name = "PIXELS", default_value = "224", value_parser = args::int)]
    pub(super) image_width: i64,
    /// Height of made-up images
    #[arg(long, value_name = "PIXELS", default_value = "224", value_parser = args::int)]
    pub(super) image_height: i64,
    /// Colours of made-up images
    #[arg(long, value_name = "MODE", default_value = "RGB")]
    pub(super) image_format: String,
    /// Made-up images in a request
    #[arg(long, value_name = "N", default_value = "1", value_parser = args::int)]
    pub(super) image_num: i64,
    /// Side of the patches that a model counts images by
    #[arg(long, value_name = "PIXELS", default_value = "28", value_parser = args::int)]
    pub(super) image_patch_size: i64,
    /// Send conversations, each turn with the answers before it
    #[arg(long)]
    pub(super) multi_turn: bool,
    /// Fewest turns of a conversation
    #[arg(long, value_name = "N", default_value = "1", value_parser = args::int)]
    pub(super) min_turns: i64,
    /// Most turns of a conversation
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) max_turns: Option<i64>,
}

impl PromptArgs {
    pub(super) fn offset(&self, earlier: &[PointLoad]) -> Result<u32> {
        Ok(earlier.iter().map(|load| load.number).sum::<u32>() + self.dataset_offset as u32)
    }

    /// What prompts are like; they are sent to a chat, or not.
    ///
    /// # Errors
    /// If a number makes no prompts.
    pub(super) fn shaping(&self, chat: bool, max_tokens: (u32, u32)) -> Result<Shaping> {
        let min_prompt_length = self.count("--min-prompt-length", self.min_prompt_length)?;
        let max_prompt_length = self.count("--max-prompt-length", self.max_prompt_length)?;
        if min_prompt_length > max_prompt_length {
            let what =
                format!("`--min-prompt-length {min_prompt_length}` is over `--max-prompt-length {max_prompt_length}`");
            return Err(Error::new(what).hint("give the shortest and the longest prompt"));
        }
        Ok(Shaping { min_prompt_length, max_prompt_length, form: self.form(chat), max_tokens })
    }

    /// Looks whether prompts are templated where they are sent to: to a chat, or not.
    ///
    /// # Errors
    /// If the flags say otherwise.
    pub(super) fn check_template(&self, chat: bool) -> Result<()> {
        match (self.apply_chat_template, self.no_apply_chat_template) {
            (true, false) if !chat => {
                Err(Error::new("`--apply-chat-template` goes with a chat, whose server has the template")
                    .hint("give the URL of a chat, such as http://127.0.0.1:8000/v1/chat/completions"))
            }
            (_, true) if chat => {
                Err(Error::new("`--no-apply-chat-template` goes with completions: a chat has its template")
                    .hint("give the URL of completions, such as http://127.0.0.1:8000/v1/completions"))
            }
            _ => Ok(()),
        }
    }

    /// Whether prompts are drawn from the seed.
    pub(super) fn draws(&self) -> bool {
        self.prompt.is_none() && self.dataset.starts_with("random")
    }

    /// What a prompt is sent as.
    fn form(&self, chat: bool) -> Form {
        match (self.tokenize_prompt, chat) {
            (true, _) => Form::Ids,
            (false, true) => Form::Chat,
            (false, false) => Form::Text,
        }
    }

    /// What prompts begin with.
    ///
    /// # Errors
    /// If there are none to take in turn.
    pub(super) fn prefixes(&self) -> Result<Prefixes> {
        let count = self.count("--prefix-count", self.prefix_count)?;
        if count == 0 {
            return Err(outside("--prefix-count", 0, "1 or more").hint("give 1 or more"));
        }
        Ok(Prefixes { length: self.count("--prefix-length", self.prefix_length)?, count })
    }

    /// A number that is not negative.
    pub(super) fn count(&self, flag: &str, value: i64) -> Result<u32> {
        u32::try_from(value).map_err(|_| outside(flag, value, "0 or more").hint("give 0 or more"))
    }

    /// What is said of flags that change nothing.
    pub(super) fn warnings(&self) -> Vec<String> {
        let table = [
            (
                self.data_source.as_deref().is_some_and(|source| source != "local"),
                "`--data-source` has no effect: datasets without a path come from the hub that HF_ENDPOINT names, or its cache",
            ),
            (self.image_patch_size != 28, "`--image-patch-size` has no effect: the server counts what a picture takes"),
        ];
        table.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning.to_owned()).collect()
    }
}
