//! The flags that choose and shape a dataset, and what they mean together. Flags come in, a [`Dataset`] of plain values
//! goes out; no file is touched.

use std::path::PathBuf;

use clap::ValueEnum;
use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::Map;

use super::burstgpt::BurstGpt;
use super::custom_audio::CustomAudio;
use super::custom_image::CustomImageArgs;
use super::hf::{HfArgs, Shape};
use super::lengths::length;
use super::media::MediaArgs;
use super::prefix_repetition::PrefixRepetitionArgs;
use super::random_mm::RandomMmArgs;
use super::rerank::RerankArgs;
use super::sonnet::SonnetArgs;
use super::spec_bench::SpecBenchArgs;
use super::speed_bench::SpeedBenchArgs;
use super::timed_trace::TimedTraceArgs;
use super::txt_slices::TxtSlicesArgs;
use super::{CustomArgs, Dataset, Order, RandomArgs, Selection, ShareGptArgs, Shortage, Template};
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
    /// Send prompts as they are, without the model's chat template.
    #[arg(long)]
    pub skip_chat_template: bool,
    /// Further variables for the chat template, as a JSON object; never sent to the server.
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
    /// Drop requests whose prompt and answer together have more than N tokens.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = args::int)]
    pub max_model_len: Option<i64>,
    /// Flags of `custom`.
    #[command(flatten)]
    pub custom: CustomArgs,
    /// Flags of `hf`.
    #[command(flatten)]
    pub hf: HfArgs,
    /// Flags of all datasets with media.
    #[command(flatten)]
    pub media: MediaArgs,
    /// Flags of `random-mm`.
    #[command(flatten)]
    pub random_mm: RandomMmArgs,
    /// Flags of `custom_image`.
    #[command(flatten)]
    pub custom_image: CustomImageArgs,
    /// Flags of `random-rerank`.
    #[command(flatten)]
    pub rerank: RerankArgs,
    /// Flags of `prefix_repetition`.
    #[command(flatten)]
    pub prefix_repetition: PrefixRepetitionArgs,
    /// Flags of `spec_bench`.
    #[command(flatten)]
    pub spec_bench: SpecBenchArgs,
    /// Flags of `speed_bench`.
    #[command(flatten)]
    pub speed_bench: SpeedBenchArgs,
    /// Flags of `timed_trace`.
    #[command(flatten)]
    pub timed_trace: TimedTraceArgs,
    /// Flags of `sonnet`.
    #[command(flatten)]
    pub sonnet: SonnetArgs,
    /// Flags of `txt-slices`.
    #[command(flatten)]
    pub txt_slices: TxtSlicesArgs,
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
    /// Made-up prompts with pictures and videos of random pixels.
    RandomMm,
    /// Your own prompts with pictures, from a `.jsonl` file.
    #[value(name = "custom_image")]
    CustomImage,
    /// The older name of `custom_image`.
    #[value(name = "custom_mm", hide = true)]
    CustomMm,
    /// Your own prompts with sound, from a `.jsonl` file.
    #[value(name = "custom_audio")]
    CustomAudio,
    /// Made-up queries and documents for rerankers.
    RandomRerank,
    /// Made-up prompts, many behind each of a few prefixes.
    #[value(name = "prefix_repetition")]
    PrefixRepetition,
    /// Lengths from a table of the BurstGPT form.
    #[value(name = "burstgpt")]
    BurstGpt,
    /// The first turns of Spec-Bench, from its file.
    #[value(name = "spec_bench")]
    SpecBench,
    /// Prompts of SPEED-Bench, from its directory.
    #[value(name = "speed_bench", alias = "speed-bench")]
    SpeedBench,
    /// A recorded trace: its times, lengths and shared prefixes.
    #[value(name = "timed_trace")]
    TimedTrace,
    /// Lines of poems, Shakespeare's or from a file.
    Sonnet,
    /// Slices of a text file.
    TxtSlices,
}

impl DatasetArgs {
    /// What the flags mean together.
    ///
    /// # Errors
    ///
    /// Where a value is out of its range or does not go with another, by the name of the flag.
    pub fn resolve(mut self) -> Result<Dataset> {
        self.name_requests()?;
        self.apply_general_lengths()?;
        self.refuse_flags_of_others()?;
        let (selection, template) = (self.selection()?, self.template());
        let (path, placement) = (self.dataset_path, self.media.resolve());
        Ok(match self.dataset_name {
            DatasetName::Random => Dataset::Random(self.random.resolve("random", selection)?),
            DatasetName::RandomMm => {
                Dataset::RandomMm(self.random_mm.resolve(self.random.resolve("random-mm", selection)?, placement)?)
            }
            DatasetName::CustomImage | DatasetName::CustomMm => {
                let rows = self.custom.resolve("custom_image", path, template, selection)?;
                Dataset::CustomImage(self.custom_image.resolve(rows, placement))
            }
            DatasetName::CustomAudio => {
                let rows = self.custom.resolve("custom_audio", path, template, selection)?;
                Dataset::CustomAudio(CustomAudio { rows, placement })
            }
            DatasetName::RandomRerank => Dataset::Rerank(self.rerank.resolve(self.random, selection)?),
            DatasetName::PrefixRepetition => Dataset::PrefixRepetition(self.prefix_repetition.resolve(selection)?),
            DatasetName::ShareGpt => Dataset::ShareGpt(self.sharegpt.resolve(path, placement, selection)?),
            DatasetName::BurstGpt => Dataset::BurstGpt(BurstGpt::resolve(path, selection)?),
            DatasetName::Custom => Dataset::Custom(self.custom.resolve("custom", path, template, selection)?),
            DatasetName::SpecBench => Dataset::SpecBench(self.spec_bench.resolve(path, template, selection)?),
            DatasetName::SpeedBench => Dataset::SpeedBench(self.speed_bench.resolve(path, template, selection)?),
            DatasetName::TimedTrace => Dataset::TimedTrace(self.timed_trace.resolve(path, selection)?),
            DatasetName::Sonnet => Dataset::Sonnet(self.sonnet.resolve(path, template, selection)?),
            DatasetName::Hf => {
                let shape = Shape { templated: template != Template::None, placement };
                Dataset::Hf(self.hf.resolve(path, shape, selection)?)
            }
            DatasetName::TxtSlices => {
                let ratio = self.random.random_range_ratio.parse()?;
                Dataset::TxtSlices(self.txt_slices.resolve(path, ratio, selection)?)
            }
        })
    }

    /// Warns of a name that has a successor.
    pub fn warning(&self) -> Option<String> {
        let old = self.dataset_name == DatasetName::CustomMm;
        old.then(|| "`--dataset-name custom_mm` is the older name of `custom_image`: use that".into())
    }

    /// The longest prompt and answer together that a model takes, where it is given.
    ///
    /// # Errors
    ///
    /// Where it is no number of tokens.
    pub fn longest(&self) -> Result<Option<u32>> {
        self.max_model_len.map(|len| length("--max-model-len", len)).transpose()
    }

    /// The prefix of request ids: what is given, or from now on one of its own.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub fn name_requests(&mut self) -> Result<String> {
        let prefix = self.request_id_prefix.take().map_or_else(fresh_prefix, Ok)?;
        Ok(self.request_id_prefix.insert(prefix).clone())
    }

    /// Which rows are taken, and how many.
    fn selection(&self) -> Result<Selection> {
        let seed = u32::try_from(self.seed).map_err(|_| {
            Error::new(format!("`--seed {}`: not a seed", self.seed))
                .hint(format!("give a number from 0 to {}", u32::MAX))
        })?;
        if self.num_prompts > i64::from(u32::MAX) {
            return Err(Error::new(format!("`--num-prompts {}`: too many", self.num_prompts))
                .hint(format!("give a number up to {}", u32::MAX)));
        }
        Ok(Selection {
            seed,
            num_prompts: self.num_prompts,
            order: if self.disable_shuffle { Order::File } else { Order::Shuffled },
            shortage: if self.no_oversample { Shortage::SendFewer } else { Shortage::Oversample },
            request_id_prefix: self.request_id_prefix.clone().unwrap_or_default(),
        })
    }

    fn template(&self) -> Template {
        match &self.chat_template_kwargs {
            _ if self.skip_chat_template => Template::None,
            Some(variables) => Template::Chat(variables.0.clone()),
            None => Template::Chat(Map::new()),
        }
    }

    /// Flags that would be taken for granted and have no effect.
    fn refuse_flags_of_others(&self) -> Result<()> {
        let made_up = matches!(
            self.dataset_name,
            DatasetName::Random | DatasetName::RandomMm | DatasetName::RandomRerank | DatasetName::PrefixRepetition
        );
        let timed = self.timed_trace.self_timed || self.timed_trace.no_self_timed;
        let (flag, why, hint) = if made_up && self.dataset_path.is_some() {
            ("--dataset-path", ", which reads no file", "leave it out, or choose another `--dataset-name`")
        } else if timed && self.dataset_name != DatasetName::TimedTrace {
            let flag = if self.timed_trace.self_timed { "--self-timed" } else { "--no-self-timed" };
            (flag, ", which has no times", "leave it out, or use `--dataset-name timed_trace`")
        } else if self.random.prompt_token_ids && self.dataset_name != DatasetName::Random {
            ("--prompt-token-ids", "", "leave it out, or use `--dataset-name random`")
        } else {
            return Ok(());
        };
        let name = self.dataset_name.name();
        Err(Error::new(format!("`{flag}` does not go with dataset `{name}`{why}")).hint(hint))
    }

    /// `--input-len` and `--output-len` win over the flags of a dataset, even over those that were given.
    fn apply_general_lengths(&mut self) -> Result<()> {
        if let Some(len) = self.input_len {
            length("--input-len", len)?;
            self.random.random_input_len = len;
            self.sonnet.sonnet_input_len = len;
            self.txt_slices.txt_slices_input_len = len;
        }
        if let Some(len) = self.output_len {
            // Where rows come from a file of one's own, -1 takes their lengths from it.
            if len != -1 || !self.reads_lengths() {
                length("--output-len", len)?;
            }
            self.random.random_output_len = len;
            self.sharegpt.sharegpt_output_len = Some(len);
            self.custom.custom_output_len = len;
            self.hf.hf_output_len = Some(len);
            self.spec_bench.spec_bench_output_len = len;
            self.speed_bench.speed_bench_output_len = len;
            self.prefix_repetition.prefix_repetition_output_len = len;
            self.sonnet.sonnet_output_len = len;
            self.txt_slices.txt_slices_output_len = len;
        }
        Ok(())
    }

    fn reads_lengths(&self) -> bool {
        use DatasetName::{Custom, CustomAudio, CustomImage, CustomMm};
        matches!(self.dataset_name, Custom | CustomAudio | CustomImage | CustomMm)
    }
}

impl DatasetName {
    /// As it is written on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().expect("no dataset is skipped").get_name().to_owned()
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
