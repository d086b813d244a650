//! Where prompts come from. A dataset a file; each turns its flags and a tokenizer into samples, in the reference's order
//! and from the reference's generators, so that the same seed gives the same requests.
//!
//! Flags and a tokenizer come in, [`Samples`] go out: made ahead of need on all cores, handed out in order. Nothing here
//! knows of servers or times, and past [`DatasetArgs::resolve`] nothing knows of flags.

mod ahead;
mod args;
pub mod buckets;
pub mod burstgpt;
mod conversations;
mod custom;
pub mod custom_audio;
pub mod custom_image;
mod fit;
pub mod hf;
mod lengths;
mod literal;
mod longest;
pub mod media;
mod part;
pub mod prefix_repetition;
mod ramp;
mod random;
pub mod random_mm;
pub mod rerank;
mod rows;
mod selection;
pub mod sharegpt;
mod sharegpt_turns;
pub mod sonnet;
pub mod spec_bench;
pub mod speed_bench;
pub mod timed_trace;
mod turns;
mod turns_args;
pub mod txt_slices;
mod warm;

use std::path::Path;
use std::sync::mpsc;

pub use args::{DatasetArgs, DatasetName};
pub use custom::{Custom, CustomArgs, OutputLen, Template};
pub use lengths::RangeRatio;
pub use part::{Audio, Json, Part};
pub use random::{Form, Random, RandomArgs};
pub use selection::{Order, Selection, Shortage};
pub use sharegpt::{ShareGpt, ShareGptArgs};
pub use turns::{Conversations, History, Prefixes, Shape, TurnRange};
pub use turns_args::TurnsArgs;
pub use warm::Warm;

use burstgpt::BurstGpt;
use custom_audio::CustomAudio;
use custom_image::CustomImage;
use hf::Hf;
use prefix_repetition::PrefixRepetition;
use random_mm::RandomMm;
use rerank::Rerank;
use sonnet::{Sonnet, TemplatedBy};
use spec_bench::SpecBench;
use speed_bench::SpeedBench;
use timed_trace::TimedTrace;
use txt_slices::TxtSlices;

use crate::error::{Error, Result};
use crate::record::Tick;
use crate::rng::Draws;
use crate::token::Tokenizer;

/// One prompt as the dataset means it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// What is asked.
    pub prompt: Prompt,
    /// Prompt tokens as counted on the client.
    pub input_tokens: u32,
    /// Output tokens to ask for.
    pub output_tokens: u32,
    /// The value of the `x-request-id` header: prefix and index.
    pub request_id: Option<String>,
    /// Images, videos and sounds that belong to the prompt.
    pub media: Vec<Part>,
    /// What is to be transcribed.
    pub audio: Option<Audio>,
    /// Fields that replace those of the body, and come after them where they are new.
    pub overrides: Vec<(String, Json)>,
}

/// The shapes a prompt can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// One text.
    Text(String),
    /// Several texts in one request.
    Batch(Vec<String>),
    /// Token ids.
    Ids(Vec<u32>),
    /// Several prompts of token ids in one request.
    IdBatch(Vec<Vec<u32>>),
    /// The content of one message, part by part.
    Parts(Vec<Part>),
    /// A list of whole messages, which is sent as it is.
    Messages(Json),
}

impl Default for Prompt {
    fn default() -> Self {
        Prompt::Text(String::new())
    }
}

impl Prompt {
    /// How many inputs a request with this prompt holds.
    pub fn inputs(&self) -> usize {
        match self {
            Prompt::Batch(texts) => texts.len(),
            Prompt::IdBatch(prompts) => prompts.len(),
            Prompt::Text(_) | Prompt::Ids(_) | Prompt::Parts(_) | Prompt::Messages(_) => 1,
        }
    }
}

/// The samples of a run, in order. They are made as they are asked for, so that sending need not wait for the last one.
pub struct Samples {
    /// How many there will be; at least one.
    pub count: usize,
    /// Makes the next one.
    pub iter: Box<dyn Iterator<Item = Result<Sample>> + Send>,
    /// What the user should know of them beforehand, a sentence each.
    pub warnings: Vec<String>,
    /// What turns out while they are made, a sentence each: ask with `try_iter` once `iter` has ended.
    pub late_warnings: mpsc::Receiver<String>,
    /// When each is due, where the dataset says so; never going back.
    pub due: Option<Vec<Tick>>,
}

impl Samples {
    /// Samples of which there is nothing to warn.
    pub fn new(count: usize, iter: impl Iterator<Item = Result<Sample>> + Send + 'static) -> Self {
        let (_, late_warnings) = mpsc::channel();
        let iter = Box::new(iter);
        Samples { count, iter, warnings: Vec::new(), late_warnings, due: None }
    }
}

/// A dataset with all its settings: plain values, ready to be sampled.
#[derive(Debug, Clone, PartialEq)]
pub enum Dataset {
    /// Made-up prompts of drawn lengths.
    Random(Random),
    /// Conversations from a file in the ShareGPT form.
    ShareGpt(ShareGpt),
    /// The user's own prompts, an object a line.
    Custom(Custom),
    /// A dataset of the model hub.
    Hf(Hf),
    /// Made-up prompts with pictures and videos of random pixels.
    RandomMm(RandomMm),
    /// The user's own prompts with pictures, an object a line.
    CustomImage(CustomImage),
    /// The user's own prompts with sound, an object a line.
    CustomAudio(CustomAudio),
    /// Made-up queries and documents.
    Rerank(Rerank),
    /// Made-up prompts behind a few prefixes.
    PrefixRepetition(PrefixRepetition),
    /// Lengths from a table.
    BurstGpt(BurstGpt),
    /// First turns of Spec-Bench.
    SpecBench(SpecBench),
    /// Prompts of SPEED-Bench.
    SpeedBench(SpeedBench),
    /// A recorded trace.
    TimedTrace(TimedTrace),
    /// Lines of poems.
    Sonnet(Sonnet),
    /// Slices of a text.
    TxtSlices(TxtSlices),
}

/// A kind of prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text in a request.
    Texts,
    /// Several texts in a request.
    Batches,
    /// Token ids.
    TokenIds,
}

impl Dataset {
    /// Opens the dataset's file, if it has one, so that a wrong path is known before a server is asked for anything.
    ///
    /// # Errors
    ///
    /// Where the file cannot be opened.
    pub fn check_file(&self) -> Result<()> {
        let speed_bench;
        let path = match self {
            Dataset::Hf(hf) => return hf.check(),
            Dataset::Random(_) | Dataset::RandomMm(_) | Dataset::Rerank(_) | Dataset::PrefixRepetition(_) => {
                return Ok(());
            }
            Dataset::Sonnet(Sonnet { path: None, .. }) => return Ok(()),
            Dataset::ShareGpt(ShareGpt { path, .. })
            | Dataset::Custom(Custom { path, .. })
            | Dataset::CustomImage(CustomImage { rows: Custom { path, .. }, .. })
            | Dataset::CustomAudio(CustomAudio { rows: Custom { path, .. }, .. })
            | Dataset::BurstGpt(BurstGpt { path, .. })
            | Dataset::SpecBench(SpecBench { path, .. })
            | Dataset::TimedTrace(TimedTrace { path, .. })
            | Dataset::Sonnet(Sonnet { path: Some(path), .. })
            | Dataset::TxtSlices(TxtSlices { path, .. }) => path,
            Dataset::SpeedBench(dataset) => {
                speed_bench = dataset.file();
                &speed_bench
            }
        };
        std::fs::File::open(path).map(drop).map_err(|cause| unreadable(path, &cause))
    }

    /// Starts making the samples, with draws from the generators of the run. Without a tokenizer only `custom` can.
    ///
    /// # Errors
    ///
    /// Where lengths and tokenizer do not go together, or a file cannot be read: its name, the place and the field.
    pub fn samples(self, tokenizer: Option<Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        match self {
            Dataset::Random(random) => random.samples(needed(tokenizer, "random")?),
            Dataset::ShareGpt(sharegpt) => sharegpt.samples(needed(tokenizer, "sharegpt")?, draws),
            Dataset::Custom(custom) => custom.samples(tokenizer, draws),
            Dataset::Hf(hf) => hf.samples(needed(tokenizer, "hf")?, draws),
            Dataset::RandomMm(random_mm) => random_mm.samples(needed(tokenizer, "random-mm")?),
            Dataset::CustomImage(custom_image) => custom_image.samples(tokenizer, draws),
            Dataset::CustomAudio(custom_audio) => custom_audio.samples(tokenizer, draws),
            Dataset::Rerank(rerank) => rerank.samples(needed(tokenizer, "random-rerank")?),
            Dataset::PrefixRepetition(dataset) => dataset.samples(needed(tokenizer, "prefix_repetition")?, draws),
            Dataset::BurstGpt(burstgpt) => burstgpt.samples(needed(tokenizer, "burstgpt")?),
            Dataset::SpecBench(spec_bench) => spec_bench.samples(needed(tokenizer, "spec_bench")?, draws),
            Dataset::SpeedBench(speed_bench) => speed_bench.samples(needed(tokenizer, "speed_bench")?, draws),
            Dataset::TimedTrace(timed_trace) => timed_trace.samples(needed(tokenizer, "timed_trace")?, draws),
            Dataset::Sonnet(sonnet) => sonnet.samples(needed(tokenizer, "sonnet")?, draws),
            Dataset::TxtSlices(txt_slices) => txt_slices.samples(needed(tokenizer, "txt-slices")?),
        }
    }

    /// Whether prompts are put into the chat template before they are sent.
    pub fn is_templated(&self) -> bool {
        match self {
            Dataset::Custom(Custom { template, .. })
            | Dataset::SpecBench(SpecBench { template, .. })
            | Dataset::SpeedBench(SpeedBench { template, .. })
            | Dataset::Sonnet(Sonnet { template, templated_by: TemplatedBy::Client, .. }) => {
                *template != Template::None
            }
            Dataset::Hf(hf) => hf.templated(),
            _ => false,
        }
    }

    /// A line that says, as the reference does, how its file is read.
    pub fn announcement(&self) -> Option<String> {
        match self {
            Dataset::TimedTrace(timed_trace) => Some(timed_trace.announcement()),
            _ => None,
        }
    }

    /// Leaves the chat template to a server that applies it itself, where the reference does so.
    pub fn leave_template_to_server(&mut self) {
        if let Dataset::Sonnet(sonnet) = self {
            sonnet.templated_by = TemplatedBy::Server;
        }
    }

    /// What kind of prompts it makes, as far as only some servers take them.
    pub fn kind(&self) -> Kind {
        match self {
            Dataset::TimedTrace(_) => Kind::TokenIds,
            Dataset::Random(Random { form: Form::Ids(_), .. }) => Kind::TokenIds,
            Dataset::Random(Random { batch_size: 2.., .. }) | Dataset::Rerank(_) => Kind::Batches,
            _ => Kind::Texts,
        }
    }

    /// Whether every answer is to have its full length, even where the model would end it.
    pub fn wants_full_answers(&self) -> bool {
        matches!(self, Dataset::Random(_) | Dataset::RandomMm(_) | Dataset::TimedTrace(_))
    }
}

fn needed(tokenizer: Option<Tokenizer>, name: &str) -> Result<Tokenizer> {
    tokenizer.ok_or_else(|| {
        Error::new(format!("dataset `{name}` needs a tokenizer"))
            .hint("leave out `--skip-tokenizer-init`, or use `--dataset-name custom`")
    })
}

/// The samples that `make` makes of a file's content; its errors name the file.
fn from_file(path: &Path, make: impl FnOnce(Vec<u8>) -> Result<Samples>) -> Result<Samples> {
    let content = std::fs::read(path).map_err(|cause| unreadable(path, &cause))?;
    rows::unmarked(content)
        .and_then(make)
        .map_err(|error| error.context(format!("cannot read dataset `{}`", path.display())))
}

fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    Error::new(format!("cannot read dataset `{}`: {cause}", path.display())).hint("check `--dataset-path`")
}

#[cfg(test)]
#[path = "golden_test.rs"]
mod golden;
