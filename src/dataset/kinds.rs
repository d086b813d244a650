//! The datasets there are, and the groups of their flags: a line each.

use clap::Args;
use clap::builder::PossibleValue;

use super::file::{
    burstgpt, custom, custom_audio, custom_image, sharegpt, sonnet, spec_bench, speed_bench, timed_trace, timing,
    txt_slices,
};
use super::kind::{Group, Kind};
use super::made::{prefix_repetition, random, random_mm, rerank};
use super::{hf, longest, media};

/// All datasets, in the order of the help; the first is the default.
pub static KINDS: &[&Kind] = &[
    &random::KIND,
    &sharegpt::KIND,
    &custom::KIND,
    &hf::KIND,
    &random_mm::KIND,
    &custom_image::KIND,
    &custom_audio::KIND,
    &rerank::KIND,
    &prefix_repetition::KIND,
    &burstgpt::KIND,
    &spec_bench::KIND,
    &speed_bench::KIND,
    &timed_trace::KIND,
    &sonnet::KIND,
    &txt_slices::KIND,
];

/// The groups of flags beside those that every dataset reads, each once: several datasets may read one.
pub(super) static GROUPS: &[Group] = &[
    random::RandomArgs::augment_args,
    sharegpt::ShareGptArgs::augment_args,
    longest::LongestArgs::augment_args,
    custom::CustomArgs::augment_args,
    hf::HfArgs::augment_args,
    media::MediaArgs::augment_args,
    random_mm::RandomMmArgs::augment_args,
    custom_image::CustomImageArgs::augment_args,
    rerank::RerankArgs::augment_args,
    prefix_repetition::PrefixRepetitionArgs::augment_args,
    spec_bench::SpecBenchArgs::augment_args,
    speed_bench::SpeedBenchArgs::augment_args,
    timed_trace::TimedTraceArgs::augment_args,
    timing::TimingArgs::augment_args,
    sonnet::SonnetArgs::augment_args,
    txt_slices::TxtSlicesArgs::augment_args,
];

/// The dataset of this name, which may be an older one.
pub fn named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is(name))
}

/// The names that `--dataset-name` takes.
pub(super) fn names() -> Vec<PossibleValue> {
    let values = |kind: &&'static Kind| {
        let older = kind.older.iter().map(|name| PossibleValue::new(*name).hide(true));
        let name = PossibleValue::new(kind.name).help(kind.about).aliases(kind.aliases);
        std::iter::once(name).chain(older)
    };
    KINDS.iter().flat_map(values).collect()
}

/// The options that general lengths are stored under too: the name of a general one, and that of the other.
pub fn stored_lengths() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = |kind: &&Kind| [("input_len", kind.stored_lengths.0), ("output_len", kind.stored_lengths.1)];
    KINDS.iter().flat_map(pairs).filter_map(|(general, own)| Some((general, own?)))
}
