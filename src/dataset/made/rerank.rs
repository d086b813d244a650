//! Made-up queries and documents for rerankers: one query for all requests, a batch of documents in each. Settings and a
//! tokenizer come in; the reference's prompts go out, the query first.

use clap::Args;

use super::fit::{Fit, Fitted};
use super::ramp::{Allowed, Drawn, Texts};
use super::random::{RandomArgs, batches};
use crate::dataset::kind::{Dataset, Kind, flags};
use crate::dataset::lengths::{RangeRatio, length};
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::selection::Selection;
use crate::error::{Error, Result};
use crate::rng::Generator;
use crate::token::Tokenizer;

/// Flags of the dataset `random-rerank`, besides those of `random`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: random-rerank")]
pub struct RerankArgs {
    /// The model ranks by embeddings: query and documents are separate sequences.
    #[arg(long)]
    pub no_reranker: bool,
}

/// The settings of `random-rerank`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rerank {
    /// Seed of all draws.
    pub seed: u32,
    /// How many documents; above 0.
    pub documents: u32,
    /// Nominal tokens of a pair of query and document, or of each of them.
    pub input_len: u32,
    /// How far lengths vary.
    pub range_ratio: RangeRatio,
    /// Documents in one request; above 0.
    pub batch_size: u32,
    /// How the model sees query and document.
    pub scoring: Scoring,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// How a model sees query and document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoring {
    /// As one sequence with a separator between: half the length each.
    Pair,
    /// As sequences of their own; the query counts once as a prompt.
    Apart,
}

/// Made-up queries and documents.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[RandomArgs::augment_args, RerankArgs::augment_args],
    reads_file: false,
    ..Kind::new("random-rerank", "Made-up queries and documents for rerankers", |matches, common| {
        let random = RandomArgs::read(matches, &common);
        Ok(flags::<RerankArgs>(matches).resolve(random, common.selection)?.dataset())
    })
};

impl RerankArgs {
    fn resolve(self, random: RandomArgs, selection: Selection) -> Result<Rerank> {
        let prompts = selection.some_prompts(KIND.name)?;
        let batch_size = random.random_batch_size.clamp(1, i64::from(u32::MAX)) as u32;
        let scoring = if self.no_reranker { Scoring::Apart } else { Scoring::Pair };
        let query = u32::from(scoring == Scoring::Apart);
        if prompts == query || batch_size == query {
            return Err(Error::new("`--no-reranker` counts the query as a prompt, which leaves no document")
                .hint("give `--num-prompts` and `--random-batch-size` above 1"));
        }
        Ok(Rerank {
            seed: selection.seed,
            documents: prompts - query,
            input_len: length("--random-input-len", random.random_input_len)?,
            range_ratio: random.random_range_ratio.0.parse()?,
            batch_size: batch_size - query,
            scoring,
            request_id_prefix: selection.request_id_prefix,
        })
    }
}

impl Rerank {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { batches: true, ..Needs::default() };
        Dataset {
            needs,
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, _| self.clone().samples(tokenizer.clone()))
        }
    }

    fn samples(self, tokenizer: Tokenizer) -> Result<Samples> {
        let allowed = Allowed::of(&tokenizer)?;
        let mut generator = Generator::new(u64::from(self.seed));
        let query_len = match self.scoring {
            Scoring::Pair => (self.input_len / 2).saturating_sub(1),
            Scoring::Apart => self.input_len,
        };
        let query = self.draw(1, query_len, &tokenizer, &mut generator);
        let document_len = match self.scoring {
            Scoring::Pair => self.input_len.saturating_sub(query.inputs[0] + 1),
            Scoring::Apart => self.input_len,
        };
        let documents = self.draw(self.documents, document_len, &tokenizer, &mut generator);
        let (start, len) = query.ramps(0, &allowed)[0];
        let query = Fit::new(allowed.ramp(start, len).collect(), len as usize)
            .advance(&tokenizer)?
            .finish(&tokenizer, &mut generator)?;
        // Documents are numbered after the query.
        let ramps = documents.ramps(1, &allowed);
        let (texts, late_warnings) = Texts::new(ramps, (Vec::new(), 0), allowed, tokenizer, generator);
        let missed = (query.excess != 0).then(|| {
            format!("the query has {} tokens instead of {len}: no text of that length found", query.ids.len())
        });
        Ok(Samples { warnings: missed.into_iter().collect(), late_warnings, ..self.requests(query, texts) })
    }

    fn draw(&self, count: u32, input_len: u32, tokenizer: &Tokenizer, generator: &mut Generator) -> Drawn {
        let input_len = input_len.saturating_sub(tokenizer.special_count());
        Drawn::new(count, (input_len, 0), self.range_ratio, tokenizer.vocab_size(), generator)
    }

    fn requests(self, query: Fitted, texts: Texts) -> Samples {
        let count = self.documents.div_ceil(self.batch_size) as usize;
        let documents = texts.map(|fitted| {
            let sample = |Fitted { text, ids, .. }: Fitted| Sample {
                prompt: Prompt::Text(text),
                input_tokens: ids.len() as u32,
                ..Sample::default()
            };
            fitted.map(sample)
        });
        let (scoring, prefix, query_tokens) = (self.scoring, self.request_id_prefix, query.ids.len() as u32);
        let request = move |(index, members): (usize, Result<Vec<Sample>>)| {
            let members = members?;
            let queries = match scoring {
                Scoring::Pair => (query_tokens + 1) * members.len() as u32,
                Scoring::Apart => query_tokens,
            };
            let input_tokens = queries + members.iter().map(|member| member.input_tokens).sum::<u32>();
            let texts = members.into_iter().filter_map(|member| match member.prompt {
                Prompt::Text(text) => Some(text),
                _ => None,
            });
            let prompt = Prompt::Batch(std::iter::once(query.text.clone()).chain(texts).collect());
            Ok(Sample { prompt, input_tokens, request_id: Some(format!("{prefix}{index}")), ..Sample::default() })
        };
        Samples::new(count, batches(documents, self.batch_size).enumerate().map(request))
    }
}

#[cfg(test)]
#[path = "rerank_test.rs"]
mod tests;
