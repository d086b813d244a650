//! The datasets there are, and the groups of their flags: a line each.

use clap::Args;
use clap::builder::PossibleValue;

use super::file::custom::CustomArgs;
use super::file::custom_image::CustomImageArgs;
use super::file::sharegpt::ShareGptArgs;
use super::file::sonnet::SonnetArgs;
use super::file::spec_bench::SpecBenchArgs;
use super::file::speed_bench::SpeedBenchArgs;
use super::file::timed_trace::TimedTraceArgs;
use super::file::txt_slices::TxtSlicesArgs;
use super::file::{
    burstgpt, custom, custom_audio, custom_image, sharegpt, sonnet, spec_bench, speed_bench, timed_trace, txt_slices,
};
use super::hf::{self, HfArgs};
use super::kind::{Group, Kind};
use super::longest::LongestArgs;
use super::made::prefix_repetition::PrefixRepetitionArgs;
use super::made::random::RandomArgs;
use super::made::random_mm::RandomMmArgs;
use super::made::rerank::RerankArgs;
use super::made::{prefix_repetition, random, random_mm, rerank};
use super::media::MediaArgs;

/// All datasets, in the order of the help; the first is the default.
pub static KINDS: [&Kind; 15] = [
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
pub(super) static GROUPS: [Group; 15] = [
    RandomArgs::augment_args,
    ShareGptArgs::augment_args,
    LongestArgs::augment_args,
    CustomArgs::augment_args,
    HfArgs::augment_args,
    MediaArgs::augment_args,
    RandomMmArgs::augment_args,
    CustomImageArgs::augment_args,
    RerankArgs::augment_args,
    PrefixRepetitionArgs::augment_args,
    SpecBenchArgs::augment_args,
    SpeedBenchArgs::augment_args,
    TimedTraceArgs::augment_args,
    SonnetArgs::augment_args,
    TxtSlicesArgs::augment_args,
];

/// The dataset of this name, which may be an older one.
pub fn named(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.is(name))
}

/// The names that `--dataset-name` takes.
pub(super) fn names() -> Vec<PossibleValue> {
    let values = |kind: &'static Kind| {
        let older = kind.older.iter().map(|name| PossibleValue::new(*name).hide(true));
        let name = PossibleValue::new(kind.name).help(kind.about).aliases(kind.aliases);
        std::iter::once(name).chain(older)
    };
    KINDS.into_iter().flat_map(values).collect()
}

/// The options that general lengths are stored under too: the name of a general one, and that of the other.
pub fn stored_lengths() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = |kind: &Kind| [("input_len", kind.stored_lengths.0), ("output_len", kind.stored_lengths.1)];
    KINDS.into_iter().flat_map(pairs).filter_map(|(general, own)| Some((general, own?)))
}
