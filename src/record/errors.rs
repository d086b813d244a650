//! Why requests failed: one line a failed request, with equal lines kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// The failures' details by request id. A run of a million equal failures keeps one text.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    by_id: HashMap<u32, Arc<str>>,
    texts: HashMap<Arc<str>, ()>,
}

impl Errors {
    /// Keeps `detail` for request `id`.
    pub fn insert(&mut self, id: u32, detail: &str) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
