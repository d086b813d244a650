//! The flags that choose and shape a dataset, and what they mean together. Flags come in, a [`Dataset`] of plain values
//! goes out; no file is touched.

use std::fmt;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::Map;

use super::kind::{Common, Dataset, Kind, flags};
use super::kinds::{self, GROUPS, KINDS};
use super::lengths::length;
use super::longest::LongestArgs;
use super::selection::{Order, Selection, Shortage};
use super::template::Template;
use crate::args::{self, JsonObject, range};
use crate::error::{Error, Result};

/// How many requests are made where nobody says how many, nor for how long.
pub const USUAL_PROMPTS: i64 = 1000;

/// Flags of the dataset stage.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Dataset")]
pub struct DatasetArgs {
    /// Where prompts come from.
    #[arg(long, default_value = KINDS[0].name, value_parser = PossibleValuesParser::new(kinds::names()))]
    pub dataset_name: String,
    /// The dataset's file; with `hf`, also a folder or a name on the hub.
    #[arg(long, value_name = "FILE")]
    pub dataset_path: Option<PathBuf>,
    /// How many requests to make, or as many as take `--duration`; with `custom`, 0 or less takes every line [default: 1000].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = args::int)]
    pub num_prompts: Option<i64>,
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
    /// Flags of single datasets.
    #[command(flatten)]
    pub own: OwnArgs,
}

/// Flags that only some datasets read, as they were given: each dataset finds its own in them.
#[derive(Clone)]
pub struct OwnArgs(ArgMatches);

impl Args for OwnArgs {
    fn augment_args(command: Command) -> Command {
        GROUPS.iter().fold(command, |command, group| group(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OwnArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(OwnArgs(matches.clone()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = matches.clone();
        Ok(())
    }
}

impl fmt::Debug for OwnArgs {
    /// Says nothing: all flags of the command line are among them, and some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnArgs")
    }
}

impl DatasetArgs {
    /// What the flags mean together.
    ///
    /// # Errors
    ///
    /// Where a value is out of its range or does not go with another, by the name of the flag.
    pub fn resolve(self) -> Result<Dataset> {
        let resolve = self.kind().resolve;
        self.read(resolve)
    }

    /// What `read` makes of flags that go with the chosen dataset.
    pub(super) fn read<T>(mut self, read: impl FnOnce(&ArgMatches, Common) -> Result<T>) -> Result<T> {
        self.name_requests()?;
        let kind = self.kind();
        self.check_lengths(kind)?;
        self.refuse_flags_of_others(kind)?;
        let common = self.common()?;
        read(&self.own.0, common)
    }

    /// Warns of a name that has a successor.
    pub fn warning(&self) -> Option<String> {
        let (name, kind) = (&self.dataset_name, self.kind());
        let old = kind.older.contains(&name.as_str());
        old.then(|| format!("`--dataset-name {name}` is the older name of `{}`: use that", kind.name))
    }

    /// The dataset that is chosen.
    fn kind(&self) -> &'static Kind {
        kinds::named(&self.dataset_name).expect("the flag takes no other names")
    }

    /// The longest prompt and answer together that a model takes, where it is given.
    ///
    /// # Errors
    ///
    /// Where it is no number of tokens.
    pub fn longest(&self) -> Result<Option<u32>> {
        flags::<LongestArgs>(&self.own.0).resolve()
    }

    /// How many requests can be made where nobody says how many: those that take a while before the first is sent are fewer.
    pub fn most_prompts(&self) -> i64 {
        if self.kind().all_at_first { 10_000 } else { 1_000_000 }
    }

    /// The prefix of request ids: what is given, or from now on one of its own.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub fn name_requests(&mut self) -> Result<String> {
        let prefix = self.request_id_prefix.take().map_or_else(fresh_prefix, Ok)?;
        if prefix.contains(char::is_control) {
            let what = "`--request-id-prefix` has a line break or another control character, which no header may have";
            return Err(Error::new(what).hint("give letters and digits"));
        }
        Ok(self.request_id_prefix.insert(prefix).clone())
    }

    /// Which rows are taken, and how many.
    fn selection(&self) -> Result<Selection> {
        let seed = range::whole("--seed", self.seed, 0..=u32::MAX, "a seed")?;
        let num_prompts = self.num_prompts.unwrap_or(USUAL_PROMPTS);
        if num_prompts > i64::from(u32::MAX) {
            return Err(range::outside("--num-prompts", num_prompts, "a number of requests")
                .hint(format!("give a number up to {}", u32::MAX)));
        }
        Ok(Selection {
            seed,
            num_prompts,
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

    fn common(&self) -> Result<Common> {
        Ok(Common {
            path: self.dataset_path.clone(),
            input_len: self.input_len,
            output_len: self.output_len,
            template: self.template(),
            selection: self.selection()?,
        })
    }

    /// Flags that would be taken for granted and have no effect.
    fn refuse_flags_of_others(&self, chosen: &Kind) -> Result<()> {
        let refused = |flag: &str, why: &str| {
            Error::new(format!("`--{flag}` does not go with dataset `{}`{why}", self.dataset_name))
        };
        if !chosen.reads_file && self.dataset_path.is_some() {
            return Err(refused("dataset-path", ", which reads no file").hint(
                "leave it out, or choose another `--dataset-name`: `txt-slices` makes prompts out of a text, `custom` takes \
                 them from a file",
            ));
        }
        for kind in KINDS.iter().filter(|kind| kind.name != chosen.name) {
            let mut others = kind.own.iter().filter(|own| !chosen.own.contains(own));
            if let Some((flag, why)) = others.find(|(flag, _)| self.own.0.get_flag(flag)) {
                return Err(refused(&flag.replace('_', "-"), why)
                    .hint(format!("leave it out, or use `--dataset-name {}`", kind.name)));
            }
        }
        Ok(())
    }

    /// `--input-len` and `--output-len` are lengths, whatever the dataset makes of them.
    fn check_lengths(&self, kind: &Kind) -> Result<()> {
        self.input_len.map(|len| length("--input-len", len)).transpose()?;
        let read = self.output_len == Some(-1) && kind.reads_lengths;
        self.output_len.filter(|_| !read).map(|len| length("--output-len", len)).transpose()?;
        Ok(())
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
