//! The flags of `hf`, and what they mean together. Flags and a selection come in, the settings of [`Hf`] go out; no file is
//! touched.

use super::class::{Class, Known, Output, Subset, TEXT};
use super::settings::{Hf, Lengths, Shape};
use crate::args;
use crate::dataset::kind::Common;
use crate::dataset::lengths::length;
use crate::dataset::media::Placement;
use crate::dataset::template::Template;
use crate::error::{Error, Result};

/// Flags of the dataset `hf`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: hf")]
pub struct HfArgs {
    /// Subset of the dataset, called configuration on the hub.
    #[arg(long, value_name = "NAME")]
    pub hf_subset: Option<String>,
    /// Split of the dataset [default: the usual one of the dataset, else `train`].
    #[arg(long, value_name = "NAME")]
    pub hf_split: Option<String>,
    /// Name on the hub of the dataset that `--dataset-path` is a copy of.
    #[arg(long, value_name = "NAME")]
    pub hf_name: Option<String>,
    /// Output tokens of a request [default: the dataset's, or as many as the answer in the row has].
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = args::int)]
    pub hf_output_len: Option<i64>,
    /// Column of the prompts, for any dataset [default: found by its name in datasets that are not known].
    #[arg(long, value_name = "NAME")]
    pub hf_text_column: Option<String>,
    /// Read the whole dataset to shuffle it; this is done anyway.
    #[arg(long)]
    pub no_stream: bool,
    /// Categories of the function-calling leaderboard, with commas between [default: simple,live_simple,multiple].
    #[arg(long, value_name = "NAMES")]
    pub bfcl_categories: Option<String>,
    /// Least edit distance of a row of Blazedit, from 0 to 1.
    #[arg(long, value_name = "DISTANCE", default_value_t = 0.0, allow_negative_numbers = true, value_parser = args::float)]
    pub blazedit_min_distance: f64,
    /// Greatest edit distance of a row of Blazedit, from 0 to 1.
    #[arg(long, value_name = "DISTANCE", default_value_t = 1.0, allow_negative_numbers = true, value_parser = args::float)]
    pub blazedit_max_distance: f64,
    /// Shortest recording to transcribe, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true, value_parser = args::float)]
    pub asr_min_audio_len_sec: f64,
    /// Longest recording to transcribe, in seconds; 0 is no limit.
    #[arg(long, value_name = "SECONDS", default_value_t = f64::INFINITY, allow_negative_numbers = true, value_parser = args::float)]
    pub asr_max_audio_len_sec: f64,
}

impl HfArgs {
    pub(super) fn resolve(self, common: Common, placement: Placement) -> Result<Hf> {
        let Common { path, output_len, template, selection, .. } = common;
        let shape = Shape { templated: template != Template::None, placement };
        let path = path.ok_or_else(|| {
            Error::new("dataset `hf` needs a name or a path")
                .hint("name a dataset of the hub, or a local copy, with `--dataset-path`")
        })?;
        let path = path.to_string_lossy().trim_end_matches('/').to_owned();
        selection.some_prompts("hf")?;
        let known = match &self.hf_text_column {
            Some(_) => &TEXT,
            None => Known::of(&path, self.hf_name.as_deref()).unwrap_or(&TEXT),
        };
        if let Some(name) =
            self.hf_name.as_deref().filter(|_| known.class == Class::Text && self.hf_text_column.is_none())
        {
            return Err(Error::new(format!("`--hf-name {name}`: not a dataset that is known")).hint(format!(
                "leave it out, and name the column of the prompts with `--hf-text-column`, or give one of: {}",
                Known::ids().join(", ")
            )));
        }
        let lengths = lengths(output_len.or(self.hf_output_len), known)?;
        let distances = range("blazedit", "distance", self.blazedit_min_distance, self.blazedit_max_distance)?;
        let longest = if self.asr_max_audio_len_sec == 0.0 { f64::INFINITY } else { self.asr_max_audio_len_sec };
        let seconds = range("asr", "audio-len-sec", self.asr_min_audio_len_sec, longest)?;
        let categories = self.bfcl_categories.as_deref().unwrap_or("simple,live_simple,multiple");
        let categories = categories.split(',').map(str::trim).filter(|name| !name.is_empty());
        Ok(Hf {
            class: known.class,
            columns: known.columns.iter().map(|column| (*column).to_owned()).collect(),
            subset: match known.subset {
                Subset::Flag => self.hf_subset,
                Subset::Or(subset) => Some(self.hf_subset.unwrap_or_else(|| subset.to_owned())),
                Subset::None => None,
            },
            split: self.hf_split.unwrap_or_else(|| known.split.to_owned()),
            name: self.hf_name.unwrap_or_else(|| path.clone()),
            text_column: self.hf_text_column,
            categories: categories.map(str::to_owned).collect(),
            path,
            lengths,
            distances,
            seconds,
            shape,
            selection,
        })
    }
}

/// How many output tokens are asked for.
fn lengths(given: Option<i64>, known: &Known) -> Result<Lengths> {
    let given = given.map(|len| length("--hf-output-len", len)).transpose()?;
    match (known.output, given) {
        // The answer's length is what this dataset is about.
        (Output::Answer, _) if known.class == Class::NextEdit => Ok(Lengths::Answer),
        (Output::Answer, Some(0)) => Err(Error::new("`--hf-output-len 0`: this dataset asks for one token or more")
            .hint("give 1 or more, or leave it out to ask for as many tokens as the answers have")),
        (Output::Answer, None) => Ok(Lengths::Answer),
        (Output::Answer, Some(len)) => Ok(Lengths::Given(len)),
        (Output::Fixed(_), Some(len)) => Ok(Lengths::Given(len)),
        (Output::Fixed(len), None) => Ok(Lengths::Usual(len)),
    }
}

/// Both ends of a range, of which the first is not above the second.
fn range(of: &str, what: &str, least: f64, most: f64) -> Result<(f64, f64)> {
    if least <= most {
        return Ok((least, most));
    }
    Err(Error::new(format!("`--{of}-min-{what} {least}` is above `--{of}-max-{what} {most}`")).hint("exchange them"))
}
