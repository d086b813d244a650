//! What a dataset needs of a server, and what a backend carries to one: plain values, which `plan` compares before anything is
//! sent. Sampling is told what is carried, and makes its requests so.

use super::media::Placement;

/// What is said where prompts are put into the chat template here, and again where they are sent to.
pub const TEMPLATED_TWICE: &str =
    "prompts are put into the chat template, which the server does too: give `--skip-chat-template`";

/// What a server must take for a dataset, and what else depends on the dataset alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Prompts are token ids.
    pub token_ids: bool,
    /// Prompts are there to be answered, and for no other task.
    pub answers: bool,
    /// Requests hold several prompts.
    pub batches: bool,
    /// There are pictures or videos.
    pub pictures: bool,
    /// There is sound.
    pub sound: bool,
    /// Where the user wants sound to go; `None` leaves it to the backend.
    pub sound_place: Option<Placement>,
    /// There are functions for the model to call.
    pub tools: bool,
    /// Prompts are put into the chat template before they are sent.
    pub templated: bool,
    /// Where the backend sends messages, the template is left to the server after all.
    pub yields_template: bool,
    /// Every answer is to have its full length, even where the model would end it.
    pub full_answers: bool,
    /// Prompts are made to a length, so that the server's count of tokens matters.
    pub made_to_length: bool,
}

/// What the requests of a backend have a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carries {
    /// Prompts of token ids.
    pub token_ids: bool,
    /// Pictures and videos beside a text.
    pub pictures: bool,
    /// Sound, and where it is looked for.
    pub sound: Option<Placement>,
    /// Messages of all sides of a conversation, and functions to call.
    pub messages: bool,
    /// Fields of the body in the place of a prompt.
    pub fields: bool,
    /// Prompts that the server is to put into the model's chat template.
    pub untemplated: bool,
}
