//! Prompts put into the model's chat template, or left as they are. A prompt and a tokenizer come in, what is sent goes out.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::token::Tokenizer;

/// What becomes of a prompt before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// The model's chat template makes a message of it, with these further variables.
    Chat(Map<String, Value>),
    /// It is sent as it is.
    None,
}

/// What `prompt` is sent as.
pub(super) fn render(prompt: &str, template: &Template, tokenizer: &Tokenizer) -> Result<String> {
    match template {
        Template::None => Ok(prompt.to_owned()),
        Template::Chat(variables) => tokenizer
            .render_user(prompt, variables)
            .map_err(|error| error.hint("`--skip-chat-template` sends the prompts as they are")),
    }
}
