//! How prompts are shaped and counted, whatever the dataset.

use serde_json::Map;

use crate::error::{Error, Result};
use crate::rng::Python;
use crate::token::{Special, Tokenizer};

/// What prompts are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shaping {
    /// The shortest prompt: in tokens, or in characters where there is no tokenizer.
    pub min_prompt_length: u32,
    /// The longest one.
    pub max_prompt_length: u32,
    /// What they are sent as.
    pub form: Form,
    /// The fewest and the most output tokens to ask for, between which each request draws.
    pub max_tokens: (u32, u32),
}

/// What a prompt is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The message of a user, which the server puts into the chat template: the template counts too.
    Chat,
    /// A text as it stands.
    Text,
    /// Token ids.
    Ids,
}

impl Shaping {
    /// Whether there can be a prompt of these lengths.
    ///
    /// # Errors
    /// Where there is nothing between them.
    pub(super) fn check(&self) -> Result<()> {
        let Shaping { min_prompt_length: shortest, max_prompt_length: longest, .. } = self;
        if shortest > longest {
            return Err(Error::new(format!(
                "prompts cannot have a length of {shortest} at least and {longest} at most"
            ))
            .hint("give `--min-prompt-length` and `--max-prompt-length` together"));
        }
        Ok(())
    }

    /// Whether a prompt of this length is sent.
    pub(super) fn takes(&self, length: u32) -> bool {
        (self.min_prompt_length..=self.max_prompt_length).contains(&length)
    }

    /// The tokens of the chat template around an empty message; 0 where there is none around.
    pub(super) fn template_tokens(&self, tokenizer: &Tokenizer) -> Result<u32> {
        match self.form {
            Form::Chat => templated(tokenizer, ""),
            Form::Text | Form::Ids => Ok(0),
        }
    }

    /// The tokens of a text as the server will count them.
    pub(super) fn tokens(&self, text: &str, tokenizer: &Tokenizer) -> Result<u32> {
        match self.form {
            Form::Chat => templated(tokenizer, text),
            Form::Text | Form::Ids => tokenizer.count(text),
        }
    }

    /// The output tokens of `count` requests, behind `skipped` others of the same seed.
    pub(super) fn outputs(&self, seed: u32, skipped: u64, count: u32) -> Vec<u32> {
        let (low, high) = self.max_tokens;
        if low >= high {
            return vec![low; count as usize];
        }
        let mut python = Python::new(u64::from(seed));
        for _ in 0..skipped {
            python.randint(low, high);
        }
        (0..count).map(|_| python.randint(low, high)).collect()
    }
}

fn templated(tokenizer: &Tokenizer, text: &str) -> Result<u32> {
    let rendered = tokenizer.render_user(text, &Map::new()).map_err(|error| {
        error.hint("give a tokenizer with a chat template, or `--no-apply-chat-template` for a server of completions")
    })?;
    Ok(tokenizer.encode(&rendered, Special::Skip)?.len() as u32)
}
