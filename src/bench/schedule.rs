//! What a run sends, and when: a workload and a tokenizer come in, the samples that the model has room for, how they belong
//! together and when each is due go out. Nothing is sent.

use std::sync::Arc;

use super::Experiment;
use crate::dataset::{Carries, Sample, Samples};
use crate::error::{Error, Result};
use crate::plan::Workload;
use crate::plan::turns::{Count, Turns};
use crate::record::{Moment, Partition, Tell, Tick};
use crate::rng::Draws;
use crate::token::{Special, Tokenizer};

/// What a run sends, and when.
pub struct Schedule {
    /// The samples, as they will be sent; at least one.
    pub samples: Samples,
    /// How they belong together, where requests do not stand alone.
    pub turns: Option<Turns>,
    /// When each of the samples is due, or each of the conversations that they make; never going back.
    pub due: Vec<Tick>,
    /// Whether the dataset says when they are due.
    pub recorded: bool,
    /// The dataset's first samples, where they warm the server up and are no part of the run.
    pub warm_ups: Vec<Sample>,
    /// Which adapter each of the samples goes to, where there are any: the turns of a conversation to one.
    pub adapters: Option<Arc<Partition>>,
}

impl Schedule {
    /// Starts to make what `experiment` sends, and tells what there is to know of it.
    ///
    /// # Errors
    /// If the dataset cannot be read, needs a tokenizer, or has no request.
    pub fn of(experiment: &Experiment, tokenizer: Option<&Tokenizer>, tell: Tell<'_>) -> Result<Self> {
        let Experiment { workload, load, .. } = experiment;
        let mut draws = Draws::new(workload.seed);
        let (mut samples, turns) = samples(workload, &experiment.server.backend.carries(), tokenizer, &mut draws)?;
        if samples.count == 0 {
            return Err(Error::new("the dataset has no request").hint("give `--num-prompts` 1 or more"));
        }
        samples.warnings.iter().for_each(|warning| tell(Moment::Noticed(warning)));
        let own = load.warm_up.own().min(samples.count - 1);
        let warm_ups = samples.iter.by_ref().take(own).collect::<Result<Vec<Sample>>>()?;
        samples.count -= own;
        let begins = turns.as_ref().map_or(samples.count, Turns::conversations);
        let recorded = samples.due.is_some();
        let due = samples.due.clone().unwrap_or_else(|| load.arrivals.due(begins, &mut draws.legacy));
        let adapters = workload.adapters.as_ref().map(|mix| mix.assign(begins, &mut draws.python));
        let adapters = adapters.map(|assigned| Arc::new(Turns::spread(turns.as_ref(), assigned)));
        Ok(Schedule { samples, turns, due, recorded, warm_ups, adapters })
    }
}

/// The samples that the model has room for, and how they belong together.
fn samples(
    workload: &Workload,
    carries: &Carries,
    tokenizer: Option<&Tokenizer>,
    draws: &mut Draws,
) -> Result<(Samples, Option<Turns>)> {
    let dataset = &workload.dataset;
    match (&workload.conversations, workload.longest) {
        (None, None) => Ok((dataset.samples(carries, tokenizer, draws)?, None)),
        (None, Some(longest)) => Ok((dataset.samples(carries, tokenizer, draws)?.within(longest)?, None)),
        (Some(shape), longest) => {
            let conversations = dataset.conversations(shape, tokenizer, draws)?;
            let conversations = match longest {
                Some(longest) => conversations.within(longest)?,
                None => conversations,
            };
            let (samples, turns) = Turns::of(conversations, counting(tokenizer.cloned()));
            Ok((samples, Some(turns)))
        }
    }
}

/// Counts the tokens of answers. Without a tokenizer, an answer that the server did not count has none.
fn counting(tokenizer: Option<Tokenizer>) -> Box<Count> {
    let tokens = move |text: &str| tokenizer.as_ref()?.encode(text, Special::Skip).ok().map(|ids| ids.len() as u32);
    Box::new(move |text| tokens(text).unwrap_or(0))
}
