//! Made-up prompts with pictures and videos of random pixels: the texts of `random`, and items of drawn numbers and sizes.
//! Settings and a tokenizer come in, the reference's requests go out.
//!
//! One generator makes filler ids, numbers of items, sizes and pixels, in this order for each request. Pixels are as many as
//! their size says, so drawing goes on behind them at once, and other threads draw and compress them from where they begin.

use clap::{ArgMatches, Args};

use std::sync::mpsc::Receiver;

use super::buckets::{Bucket, Buckets, Counts, Mix};
use super::ramp::{Allowed, Drawn, Texts, repeats_warning};
use super::random::{Random, RandomArgs};
use crate::args::{self, JsonObject};
use crate::dataset::ahead::{DEPTH_OF_MEDIA, relay};
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::media::{MediaArgs, Placement, noise};
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::rng::Generator;
use crate::token::Tokenizer;

/// Flags of the dataset `random-mm`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: random-mm")]
pub struct RandomMmArgs {
    /// Pictures and videos of a request; texts are made by the flags of `random`.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = args::int)]
    pub random_mm_base_items_per_request: i64,
    /// How far the number of items varies: from N * (1 - RATIO) to N * (1 + RATIO), 0 to 1.
    #[arg(long, value_name = "RATIO", default_value = "0.0", allow_negative_numbers = true, value_parser = args::float)]
    pub random_mm_num_mm_items_range_ratio: f64,
    /// The most items of each kind in a request, as a JSON object.
    #[arg(long, value_name = "JSON", default_value = r#"{"image": 255, "video": 1}"#, value_parser = args::json_object)]
    pub random_mm_limit_mm_per_prompt: JsonObject,
    /// Sizes of items and their probabilities, as a Python dictionary or JSON; one frame is a picture, more are a video.
    #[arg(
        long,
        value_name = "{(HEIGHT, WIDTH, FRAMES): P}",
        default_value = "{(256, 256, 1): 0.5, (720, 1280, 1): 0.5, (720, 1280, 16): 0.0}"
    )]
    pub random_mm_bucket_config: String,
}

/// The settings of `random-mm`.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomMm {
    /// How texts are made; one in each request.
    pub text: Random,
    /// What goes with them.
    pub mix: Mix,
    /// Where it goes.
    pub placement: Placement,
}

/// Made-up prompts with pictures and videos of random pixels.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[RandomArgs::augment_args, RandomMmArgs::augment_args, MediaArgs::augment_args],
    reads_file: false,
    ..Kind::new("random-mm", "Made-up prompts with pictures and videos of random pixels", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<RandomMm> {
    let text = RandomArgs::read(matches, &common).resolve(KIND.name, common.selection)?;
    flags::<RandomMmArgs>(matches).resolve(text, flags::<MediaArgs>(matches).resolve())
}

impl RandomMmArgs {
    fn resolve(self, text: Random, placement: Placement) -> Result<RandomMm> {
        let limit = |modality: &str| match self.random_mm_limit_mm_per_prompt.0.get(modality) {
            None => Ok(None),
            Some(value) => value.as_u64().and_then(|limit| u32::try_from(limit).ok()).map(Some).ok_or_else(|| {
                Error::new(format!(
                    "`--random-mm-limit-mm-per-prompt`: `{modality}` is {value}, which is no number of items"
                ))
                .hint("give whole numbers from 0, such as {\"image\": 3, \"video\": 0}")
            }),
        };
        let counts = Counts {
            base: self.random_mm_base_items_per_request,
            ratio: self.random_mm_num_mm_items_range_ratio,
            images: limit("image")?,
            videos: limit("video")?,
        };
        let buckets: Buckets = self.random_mm_bucket_config.parse()?;
        Ok(RandomMm { text, mix: Mix::new(&buckets, counts)?, placement })
    }
}

impl RandomMm {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { pictures: true, full_answers: true, ..Needs::default() };
        Dataset {
            needs,
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, _| self.clone().samples(tokenizer.clone()))
        }
    }

    fn samples(self, tokenizer: Tokenizer) -> Result<Samples> {
        let (count, placement) = (self.text.num_prompts as usize, self.placement);
        let (requests, warnings, late_warnings) = self.requests(tokenizer)?;
        let sample = move |request: Result<Request>| request.and_then(|request| request.sample(placement));
        Ok(Samples { warnings, late_warnings, ..Samples::new(count, relay(requests, DEPTH_OF_MEDIA, sample)) })
    }

    /// The requests, what to warn of now, and where more of that comes from.
    fn requests(self, tokenizer: Tokenizer) -> Result<(Requests, Vec<String>, Receiver<String>)> {
        let RandomMm { text, mix, .. } = self;
        let allowed = Allowed::without(&tokenizer, &tokenizer.flagged_ids())?;
        let mut generator = Generator::new(u64::from(text.seed));
        let lengths = (text.input_len.saturating_sub(tokenizer.special_count()), text.output_len);
        let draws = Drawn::new(text.num_prompts, lengths, text.range_ratio, tokenizer.vocab_size(), &mut generator);
        let ramps = draws.ramps(0, &allowed);
        let prefix = text.prefix(&allowed, &tokenizer, &mut generator)?;
        let warnings = text.prefix_warning(&prefix).into_iter().chain(repeats_warning(&ramps)).collect();
        let (texts, late) = Texts::new(ramps, (prefix.ids, text.prefix_len), allowed, tokenizer, generator);
        let outputs = draws.outputs.into_iter();
        let prefix = text.request_id_prefix;
        Ok((Requests { texts, outputs, mix, next: 0, prefix }, warnings, late))
    }
}

/// The requests as they are drawn.
struct Requests {
    texts: Texts,
    outputs: std::vec::IntoIter<u32>,
    mix: Mix,
    next: usize,
    prefix: String,
}

/// A request whose pixels are not made yet.
struct Request {
    text: String,
    /// All but its prompt and its media.
    rest: Sample,
    /// Sizes, and the generator at the first pixel of each.
    items: Vec<(Bucket, Generator)>,
}

impl Iterator for Requests {
    type Item = Result<Request>;

    fn next(&mut self) -> Option<Self::Item> {
        let (fitted, output_tokens) = match (self.texts.next()?, self.outputs.next()?) {
            (Ok(fitted), output_tokens) => (fitted, output_tokens),
            (Err(error), _) => return Some(Err(error)),
        };
        let mut items = Vec::new();
        self.mix.draw(self.texts.generator(), |generator, bucket| {
            items.push((bucket, generator.clone()));
            generator.skip_bytes(bucket.bytes());
        });
        let request_id = Some(format!("{}{}", self.prefix, self.next));
        self.next += 1;
        let input_tokens = fitted.ids.len() as u32;
        let rest = Sample { input_tokens, output_tokens, request_id, ..Sample::default() };
        Some(Ok(Request { text: fitted.text, rest, items }))
    }
}

impl Request {
    fn sample(self, placement: Placement) -> Result<Sample> {
        let parts: Result<_> = self.items.into_iter().map(|(bucket, generator)| noise(bucket, generator)).collect();
        let (prompt, media): (Prompt, _) = placement.place(self.text, parts?);
        Ok(Sample { prompt, media, ..self.rest })
    }
}

#[cfg(test)]
#[path = "random_mm_test.rs"]
mod tests;
