//! The flags that choose and shape a dataset, and what they mean together. Flags come in, a [`Dataset`] of plain values
//! goes out; no file is touched.

use std::path::PathBuf;

use clap::ValueEnum;
use rand::TryRng;
use rand::rngs::SysRng;

use super::{CustomArgs, Dataset, HfArgs, Order, RandomArgs, Selection, Shape, ShareGptArgs, Shortage, Template};
use crate::args::{self, JsonObject};
use crate::error::{Error, Result};

/// Flags of the dataset stage.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset")]
pub struct DatasetArgs {
    /// Where prompts come from.
    #[arg(long, value_enum, default_value_t = DatasetName::Random)]
    pub dataset_name: DatasetName,
    /// The dataset's file; with `hf`, also a folder or a name on the hub.
    #[arg(long, value_name = "FILE")]
    pub dataset_path: Option<PathBuf>,
    /// How many requests to make; with `custom`, 0 or less takes every line.
    #[arg(long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true, value_parser = args::int)]
    pub num_prompts: i64,
    /// Seed of every draw: the same seed makes the same requests, 0 to 4294967295.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = args::int)]
    pub seed: i64,
    /// Input tokens of a request; goes before `--random-input-len`.
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = args::int)]
    pub input_len: Option<i64>,
    /// Output tokens of a request; goes before the output length of each dataset.
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = args::int)]
    pub output_len: Option<i64>,
    /// Send fewer requests, rather than repeat prompts, if the dataset has too few.
    #[arg(long)]
    pub no_oversample: bool,
    /// Take prompts in the order of the file.
    #[arg(long)]
    pub disable_shuffle: bool,
    /// Send text and media as one message made on the client, where the dataset has media.
    #[arg(long)]
    pub enable_multimodal_chat: bool,
    /// Send prompts as they are, without the model's chat template (`custom`, `hf`).
    #[arg(long)]
    pub skip_chat_template: bool,
    /// Further variables for the chat template, as a JSON object (`custom`); never sent to the server.
    #[arg(long, value_name = "JSON", value_parser = args::json_object)]
    pub chat_template_kwargs: Option<JsonObject>,
    /// Goes before the index in the `x-request-id` header of each request [default: `bench-` and 8 random digits].
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub request_id_prefix: Option<String>,
    /// Flags of `random`.
    #[command(flatten)]
    pub random: RandomArgs,
    /// Flags of `sharegpt`.
    #[command(flatten)]
    pub sharegpt: ShareGptArgs,
    /// Flags of `custom`.
    #[command(flatten)]
    pub custom: CustomArgs,
    /// Flags of `hf`.
    #[command(flatten)]
    pub hf: HfArgs,
}

/// The datasets there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatasetName {
    /// Made-up prompts of drawn lengths.
    Random,
    /// Conversations from a file in the ShareGPT form.
    #[value(name = "sharegpt")]
    ShareGpt,
    /// Your own prompts, from a `.jsonl` file.
    Custom,
    /// A dataset of the model hub, or a copy of one.
    Hf,
}

impl DatasetArgs {
    /// What the flags mean together.
    ///
    /// # Errors
    ///
    /// Where a value is out of its range or does not go with another, by the name of the flag.
    pub fn resolve(mut self) -> Result<Dataset> {
        self.apply_general_lengths();
        let seed = u32::try_from(self.seed).map_err(|_| {
            Error::new(format!("`--seed {}`: not a seed", self.seed))
                .hint(format!("give a number from 0 to {}", u32::MAX))
        })?;
        if self.num_prompts > i64::from(u32::MAX) {
            return Err(Error::new(format!("`--num-prompts {}`: too many", self.num_prompts))
                .hint(format!("give a number up to {}", u32::MAX)));
        }
        let request_id_prefix = match self.request_id_prefix {
            Some(prefix) => prefix,
            None => fresh_prefix()?,
        };
        let selection = Selection {
            seed,
            num_prompts: self.num_prompts,
            order: if self.disable_shuffle { Order::File } else { Order::Shuffled },
            shortage: if self.no_oversample { Shortage::SendFewer } else { Shortage::Oversample },
            request_id_prefix,
        };
        match self.dataset_name {
            DatasetName::Random if self.dataset_path.is_some() => {
                Err(Error::new("`--dataset-path` does not go with dataset `random`, which reads no file")
                    .hint("leave it out, or choose another `--dataset-name`"))
            }
            DatasetName::Random => {
                let random = self.random.resolve(seed, self.num_prompts, selection.request_id_prefix)?;
                Ok(Dataset::Random(random))
            }
            DatasetName::ShareGpt => Ok(Dataset::ShareGpt(self.sharegpt.resolve(self.dataset_path, selection)?)),
            DatasetName::Custom => {
                let variables = self.chat_template_kwargs.unwrap_or_default().0;
                let template = if self.skip_chat_template { Template::None } else { Template::Chat(variables) };
                Ok(Dataset::Custom(self.custom.resolve(self.dataset_path, template, selection)?))
            }
            DatasetName::Hf => {
                let shape = Shape { templated: !self.skip_chat_template, multimodal_chat: self.enable_multimodal_chat };
                Ok(Dataset::Hf(self.hf.resolve(self.dataset_path, shape, selection)?))
            }
        }
    }

    /// `--input-len` and `--output-len` win over the flags of a dataset, even over those that were given.
    fn apply_general_lengths(&mut self) {
        if let Some(len) = self.input_len {
            self.random.random_input_len = len;
        }
        if let Some(len) = self.output_len {
            self.random.random_output_len = len;
            self.sharegpt.sharegpt_output_len = Some(len);
            self.custom.custom_output_len = len;
            self.hf.hf_output_len = Some(len);
        }
    }
}

/// A prefix that no other process uses: two runs against one server can be told apart in its log.
fn fresh_prefix() -> Result<String> {
    let number = SysRng
        .try_next_u32()
        .map_err(|cause| Error::new(format!("no random numbers: {cause}")).hint("give `--request-id-prefix`"))?;
    Ok(format!("bench-{number:08x}-"))
}

#[cfg(test)]
#[path = "args_test.rs"]
mod tests;
