//! The endpoints that take time to answer: what they are called on the wire, which fields their requests need, and what kind of
//! answer they give. Plain tables.

/// Which endpoint an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Chat,
    Completions,
    Responses,
    Transcription,
    Translation,
    Embeddings,
    Pooling,
    Rerank,
    Score,
}

impl Dialect {
    /// All of them, each at its own number.
    pub(super) const ALL: [Dialect; 9] = [
        Dialect::Chat,
        Dialect::Completions,
        Dialect::Responses,
        Dialect::Transcription,
        Dialect::Translation,
        Dialect::Embeddings,
        Dialect::Pooling,
        Dialect::Rerank,
        Dialect::Score,
    ];

    /// The dialect of a path.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Dialect::Chat,
            "/v1/completions" => Dialect::Completions,
            "/v1/responses" => Dialect::Responses,
            "/v1/audio/transcriptions" => Dialect::Transcription,
            "/v1/audio/translations" => Dialect::Translation,
            "/v1/embeddings" | "/embeddings" => Dialect::Embeddings,
            "/pooling" => Dialect::Pooling,
            "/rerank" | "/v1/rerank" | "/v2/rerank" => Dialect::Rerank,
            "/score" | "/v1/score" => Dialect::Score,
            _ => return None,
        })
    }

    /// Whether it answers with numbers, not with tokens.
    pub(super) fn pools(self) -> bool {
        matches!(self, Dialect::Embeddings | Dialect::Pooling | Dialect::Rerank | Dialect::Score)
    }

    /// Whether requests are forms that bring a file.
    pub(super) fn hears(self) -> bool {
        matches!(self, Dialect::Transcription | Dialect::Translation)
    }

    /// The fields of which one has the prompt.
    pub(super) fn prompts(self) -> &'static [&'static str] {
        match self {
            Dialect::Chat => &["messages"],
            Dialect::Completions => &["prompt"],
            Dialect::Responses => &["input"],
            Dialect::Transcription | Dialect::Translation => &["file"],
            Dialect::Embeddings => &["input", "messages"],
            Dialect::Pooling => &["input", "messages", "data"],
            Dialect::Rerank => &["query"],
            Dialect::Score => &["text_1", "queries", "data_1"],
        }
    }

    /// The fields of which one has what the prompt is compared with.
    pub(super) fn documents(self) -> &'static [&'static str] {
        match self {
            Dialect::Rerank => &["documents"],
            Dialect::Score => &["text_2", "documents", "data_2"],
            _ => &[],
        }
    }

    /// What ids begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Dialect::Chat => "chatcmpl",
            Dialect::Completions => "cmpl",
            Dialect::Responses => "resp",
            Dialect::Transcription => "trsc",
            Dialect::Translation => "trsl",
            Dialect::Embeddings => "embd",
            Dialect::Pooling => "pool",
            Dialect::Rerank => "rerank",
            Dialect::Score => "score",
        }
    }

    /// The `object` of an event.
    pub(super) fn piece(self) -> &'static str {
        match self {
            Dialect::Chat => "chat.completion.chunk",
            Dialect::Transcription => "transcription.chunk",
            Dialect::Translation => "translation.chunk",
            _ => self.object(),
        }
    }

    /// The `object` of a whole answer.
    pub(super) fn object(self) -> &'static str {
        match self {
            Dialect::Chat => "chat.completion",
            Dialect::Completions => "text_completion",
            Dialect::Responses => "response",
            Dialect::Transcription => "transcription",
            Dialect::Translation => "translation",
            Dialect::Embeddings | Dialect::Pooling | Dialect::Rerank | Dialect::Score => "list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_stands_at_its_number() {
        assert!(Dialect::ALL.iter().enumerate().all(|(number, dialect)| *dialect as usize == number));
    }
}
