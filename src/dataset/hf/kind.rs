//! `hf` among the datasets.

use std::sync::Arc;

use clap::{ArgMatches, Args};

use super::args::HfArgs;
use super::class::Takes;
use super::settings::Hf;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::media::MediaArgs;
use crate::dataset::needs::{Carries, Needs};
use crate::error::Result;

/// A dataset of the model hub.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[HfArgs::augment_args, MediaArgs::augment_args],
    stored_lengths: (None, Some("hf_output_len")),
    ..Kind::new("hf", "A dataset of the model hub, or a copy of one", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

pub(super) fn settings(matches: &ArgMatches, common: Common) -> Result<Hf> {
    flags::<HfArgs>(matches).resolve(common, flags::<MediaArgs>(matches).resolve())
}

impl Hf {
    /// It is called by its name on the hub.
    pub fn dataset(self) -> Dataset {
        let takes = self.takes();
        let needs = Needs {
            pictures: takes == Takes::Pictures,
            sound: takes == Takes::Sound,
            tools: takes == Takes::Tools,
            templated: self.templated(),
            ..Needs::default()
        };
        let (name, checked, talker) = (self.name.clone(), self.clone(), self.clone());
        let make = move |carries: &Carries, tokenizer: &_, draws: &mut _| {
            let mut hf = self.clone();
            if needs.sound
                && let Some(place) = carries.sound
            {
                hf.shape.placement = place;
            }
            hf.samples(Clone::clone(tokenizer), draws)
        };
        Dataset {
            name,
            needs,
            check: Arc::new(move || checked.check()),
            talks: Some(Arc::new(move |shape| talker.talk(shape))),
            ..Dataset::tokenized("hf", make)
        }
    }
}
