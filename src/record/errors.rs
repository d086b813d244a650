//! Why requests failed: one line a failed request, with equal lines kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// Distinct texts that are kept as they are: servers put ids of requests into them. Further ones are kept without their figures.
const MOST: usize = 10_000;

/// The failures' details by request id. A run of a million equal failures keeps one text.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    by_id: HashMap<u32, Arc<str>>,
    texts: HashMap<Arc<str>, ()>,
}

impl Errors {
    /// Keeps `detail` for request `id`.
    pub fn insert(&mut self, id: u32, detail: &str) {
        if self.texts.len() < MOST || self.texts.contains_key(detail) {
            return self.keep(id, detail);
        }
        let plain = without_figures(detail);
        let told = self.texts.len() < 2 * MOST || self.texts.contains_key(plain.as_str());
        self.keep(id, if told { &plain } else { "as others, in further words" });
    }

    fn keep(&mut self, id: u32, detail: &str) {
        let text = match self.texts.get_key_value(detail) {
            Some((text, ())) => Arc::clone(text),
            None => {
                let text: Arc<str> = detail.into();
                self.texts.insert(Arc::clone(&text), ());
                text
            }
        };
        self.by_id.insert(id, text);
    }

    /// The detail of request `id`; empty for a request that did not fail.
    pub fn of(&self, id: u32) -> &str {
        self.by_id.get(&id).map_or("", AsRef::as_ref)
    }
}

/// A text without what differs from request to request: words with a digit in them.
fn without_figures(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.bytes().any(|byte| byte.is_ascii_digit()) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_different_texts_take_room_for_some() {
        let mut errors = Errors::default();
        for id in 0..50_000 {
            errors.insert(id, &format!("request req-{id} was refused"));
        }
        assert_eq!((errors.of(7), errors.of(49_999)), ("request req-7 was refused", "request … was refused"));
        assert_eq!(errors.texts.len(), MOST + 1);
        for id in 0..50_000_u32 {
            let word: String = format!("{id:05}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
            errors.insert(id, &word);
        }
        assert_eq!(errors.texts.len(), 2 * MOST + 1);
    }

    #[test]
    fn equal_details_are_kept_once() {
        let mut errors = Errors::default();
        errors.insert(3, "HTTP 429");
        errors.insert(9, "HTTP 429");
        assert_eq!(errors.of(3), "HTTP 429");
        assert_eq!(errors.of(9), "HTTP 429");
        assert_eq!(errors.of(4), "");
        assert_eq!(errors.texts.len(), 1);
    }
}
