//! One prompt for all requests, as it is given to the command.

use super::draw::Draw;
use super::shaping::{Form, Shaping};
use crate::dataset::kind::Dataset;
use crate::dataset::needs::Needs;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::token::{Special, Tokenizer};

/// A prompt that every request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Same {
    /// The text.
    pub prompt: String,
    /// How many requests there are.
    pub draw: Draw,
    /// What it is sent as; any length is taken.
    pub shaping: Shaping,
}

/// The prompt that a flag means: the content of the file behind an `@`, else the text itself.
///
/// # Errors
/// Where there is no such file.
pub fn prompt(given: &str) -> Result<String> {
    match given.strip_prefix('@') {
        None => Ok(given.to_owned()),
        Some(path) => std::fs::read_to_string(path).map_err(|cause| {
            Error::new(format!("cannot read the prompt `{path}`: {cause}"))
                .hint("name a text file in UTF-8 behind the `@` of `--prompt`")
        }),
    }
}

impl Same {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { token_ids: self.shaping.form == Form::Ids, ..Needs::default() };
        Dataset { needs, ..Dataset::new("prompt", move |_, tokenizer, _| self.samples(tokenizer)) }
    }

    fn samples(&self, tokenizer: Option<&Tokenizer>) -> Result<Samples> {
        let (prompt, input_tokens) = match (self.shaping.form, tokenizer) {
            (Form::Ids, None) => {
                return Err(Error::new("token ids need a tokenizer").hint("give `--tokenizer-path`"));
            }
            (Form::Ids, Some(tokenizer)) => {
                let ids = tokenizer.encode(&self.prompt, Special::Skip)?;
                let tokens = ids.len() as u32;
                (Prompt::Ids(ids), tokens)
            }
            (Form::Chat | Form::Text, None) => (Prompt::Text(self.prompt.clone()), 0),
            (Form::Chat | Form::Text, Some(tokenizer)) => {
                (Prompt::Text(self.prompt.clone()), self.shaping.tokens(&self.prompt, tokenizer)?)
            }
        };
        let outputs = self.shaping.outputs(self.draw.seed, self.draw.earlier_requests(), self.draw.requests());
        let sample = Sample { prompt, input_tokens, ..Sample::default() };
        let count = outputs.len();
        let iter = outputs.into_iter().map(move |output_tokens| Ok(Sample { output_tokens, ..sample.clone() }));
        Ok(Samples::new(count, iter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_a_text_or_a_file() {
        assert_eq!(prompt("Hello @all").unwrap(), "Hello @all");
        let error = prompt("@/no/such/file").unwrap_err();
        assert!(error.to_string().starts_with("cannot read the prompt `/no/such/file`: "), "{error}");
    }

    #[test]
    fn all_requests_are_the_same() {
        let same = Same {
            prompt: " the".into(),
            draw: Draw { seed: 1, earlier: Vec::new(), number: 2, warmups: 1, offset: 0 },
            shaping: Shaping { min_prompt_length: 0, max_prompt_length: 9, form: Form::Chat, max_tokens: (7, 7) },
        };
        let tokenizer = Tokenizer::builtin().unwrap();
        let samples: Vec<Sample> = same.samples(Some(&tokenizer)).unwrap().iter.collect::<Result<_>>().unwrap();
        assert_eq!(samples.len(), 3);
        let wanted =
            Sample { prompt: Prompt::Text(" the".into()), input_tokens: 5, output_tokens: 7, ..Sample::default() };
        assert!(samples.iter().all(|sample| *sample == wanted), "{samples:?}");
    }
}
