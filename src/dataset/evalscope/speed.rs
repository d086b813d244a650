//! The prompts of EvalScope's speed test: one Chinese character, as often as a prompt has tokens.

use crate::dataset::kind::Dataset;
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::Result;
use crate::token::Tokenizer;

/// The settings of `speed_benchmark` and `speed_benchmark_long`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// Prompts of 1 to 30720 tokens.
    Usual,
    /// Prompts of 63488 and 129024 tokens.
    Long,
}

/// Most tokenizers have it as one token.
const CHARACTER: &str = "熵";

/// Requests of each length.
const REPEATS: usize = 2;

/// Output tokens of each request.
const OUTPUT_TOKENS: u32 = 2048;

impl Speed {
    /// How many different requests there are: a point has as many.
    pub fn requests(self) -> u32 {
        (self.lengths().len() * REPEATS) as u32
    }

    /// Ready to be sampled: `count` requests, around the end where there are more.
    pub fn dataset(self, count: u32) -> Dataset {
        let needs = Needs { full_answers: true, ..Needs::default() };
        Dataset {
            needs,
            ..Dataset::new(self.name(), move |_, tokenizer, _| Ok(self.samples(count as usize, tokenizer)))
        }
    }

    fn name(self) -> &'static str {
        match self {
            Speed::Usual => "speed_benchmark",
            Speed::Long => "speed_benchmark_long",
        }
    }

    fn lengths(self) -> &'static [usize] {
        match self {
            Speed::Usual => &[1, 6144, 14336, 30720],
            Speed::Long => &[63488, 129_024],
        }
    }

    fn samples(self, count: usize, tokenizer: Option<&Tokenizer>) -> Samples {
        let tokenizer = tokenizer.cloned();
        let iter = (0..count).map(move |index| {
            let text = CHARACTER.repeat(self.lengths()[index / REPEATS % self.lengths().len()]);
            let input_tokens: Result<u32> = tokenizer.as_ref().map_or(Ok(0), |tokenizer| tokenizer.count(&text));
            Ok(Sample {
                input_tokens: input_tokens?,
                prompt: Prompt::Text(text),
                output_tokens: OUTPUT_TOKENS,
                ..Sample::default()
            })
        });
        Samples::new(count, iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_is_asked_twice() {
        let samples: Vec<Sample> = Speed::Usual.samples(10, None).iter.collect::<Result<_>>().unwrap();
        let characters = |sample: &Sample| match &sample.prompt {
            Prompt::Text(text) => text.chars().count(),
            other => panic!("{other:?}"),
        };
        let lengths: Vec<usize> = samples.iter().map(characters).collect();
        assert_eq!(lengths, [1, 1, 6144, 6144, 14336, 14336, 30720, 30720, 1, 1]);
        assert!(samples.iter().all(|sample| sample.output_tokens == 2048));
        assert_eq!((Speed::Usual.requests(), Speed::Long.requests()), (8, 4));
    }
}
