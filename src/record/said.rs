//! What answers say beside their output: why they ended, what was cached, what of them could not be read or was odd.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one answer says of itself, beside its output and its counts; mostly nothing but why it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// Why it ended, in the server's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Tokens of the prompt that the server had cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u32>,
    /// The server counts fewer output tokens than were asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub short: bool,
    /// The server counts fewer tokens in the prompt than were sent.
    #[serde(skip_serializing_if = "is_false")]
    pub cut: bool,
    /// It has a count that cannot be read.
    #[serde(skip_serializing_if = "is_false")]
    pub unread: bool,
    /// It is an event stream under another media type.
    #[serde(skip_serializing_if = "is_false")]
    pub mistyped: bool,
    /// Its body went on, or stayed open, after its end.
    #[serde(skip_serializing_if = "is_false")]
    pub open: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Said {
    /// Whether there is nothing to say.
    pub fn is_nothing(&self) -> bool {
        *self == Said::default()
    }
}

/// Distinct reasons that are counted apart; servers may make them up.
const MOST_REASONS: usize = 32;

/// What the successful answers of a run say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// How often each reason was given for an end.
    pub reasons: BTreeMap<String, u64>,
    /// Tokens of prompts that the server had cached, where it says so.
    pub cached_tokens: Option<u64>,
    /// Answers shorter than was asked for.
    pub short: u64,
    /// Prompts that the server cut.
    pub cut: u64,
    /// Answers with counts that cannot be read.
    pub unread: u64,
    /// Streams under another media type.
    pub mistyped: u64,
    /// Answers whose body did not end with them.
    pub open: u64,
}

impl Answers {
    /// Counts what one answer says.
    pub fn add(&mut self, said: Said) {
        let Said { reason, cached_tokens, short, cut, unread, mistyped, open } = said;
        if let Some(reason) = reason {
            let known = self.reasons.len() < MOST_REASONS || self.reasons.contains_key(&reason);
            *self.reasons.entry(if known { reason } else { "others".to_owned() }).or_default() += 1;
        }
        if let Some(cached) = cached_tokens {
            *self.cached_tokens.get_or_insert(0) += u64::from(cached);
        }
        let flags = [
            (&mut self.short, short),
            (&mut self.cut, cut),
            (&mut self.unread, unread),
            (&mut self.mistyped, mistyped),
            (&mut self.open, open),
        ];
        flags.into_iter().for_each(|(count, said)| *count += u64::from(said));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_bounded() {
        let mut answers = Answers::default();
        for number in 0..100 {
            let reason = Some(if number < 50 { "stop".to_owned() } else { format!("made-up-{number}") });
            answers.add(Said {
                reason,
                cached_tokens: (number < 2).then_some(8),
                short: number == 7,
                ..Said::default()
            });
        }
        assert_eq!((answers.reasons["stop"], answers.cached_tokens, answers.short), (50, Some(16), 1));
        assert_eq!((answers.reasons.len(), answers.reasons.values().sum::<u64>()), (MOST_REASONS + 1, 100));
    }

    #[test]
    fn nothing_takes_no_room_in_a_file() {
        assert_eq!(serde_json::to_string(&Said::default()).unwrap(), "{}");
    }
}
