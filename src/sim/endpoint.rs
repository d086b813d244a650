//! The endpoints that take time to answer: what they are called on the wire, which fields their requests need, and what kind of
//! answer they give. Plain tables.

/// Which endpoint an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
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

impl Endpoint {
    /// All of them, each at its own number.
    pub(super) const ALL: [Endpoint; 9] = [
        Endpoint::Chat,
        Endpoint::Completions,
        Endpoint::Responses,
        Endpoint::Transcription,
        Endpoint::Translation,
        Endpoint::Embeddings,
        Endpoint::Pooling,
        Endpoint::Rerank,
        Endpoint::Score,
    ];

    /// The endpoint of a path.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Endpoint::Chat,
            "/v1/completions" => Endpoint::Completions,
            "/v1/responses" => Endpoint::Responses,
            "/v1/audio/transcriptions" => Endpoint::Transcription,
            "/v1/audio/translations" => Endpoint::Translation,
            "/v1/embeddings" | "/embeddings" => Endpoint::Embeddings,
            "/pooling" => Endpoint::Pooling,
            "/rerank" | "/v1/rerank" | "/v2/rerank" => Endpoint::Rerank,
            "/score" | "/v1/score" => Endpoint::Score,
            _ => return None,
        })
    }

    /// Whether it answers with numbers, not with tokens.
    pub(super) fn pools(self) -> bool {
        matches!(self, Endpoint::Embeddings | Endpoint::Pooling | Endpoint::Rerank | Endpoint::Score)
    }

    /// Whether requests are forms that bring a file.
    pub(super) fn hears(self) -> bool {
        matches!(self, Endpoint::Transcription | Endpoint::Translation)
    }

    /// The fields of which one has the prompt.
    pub(super) fn prompts(self) -> &'static [&'static str] {
        match self {
            Endpoint::Chat => &["messages"],
            Endpoint::Completions => &["prompt"],
            Endpoint::Responses => &["input"],
            Endpoint::Transcription | Endpoint::Translation => &["file"],
            Endpoint::Embeddings => &["input", "messages"],
            Endpoint::Pooling => &["input", "messages", "data"],
            Endpoint::Rerank => &["query"],
            Endpoint::Score => &["text_1", "queries", "data_1"],
        }
    }

    /// The fields of which one has what the prompt is compared with.
    pub(super) fn documents(self) -> &'static [&'static str] {
        match self {
            Endpoint::Rerank => &["documents"],
            Endpoint::Score => &["text_2", "documents", "data_2"],
            _ => &[],
        }
    }

    /// What ids begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Endpoint::Chat => "chatcmpl",
            Endpoint::Completions => "cmpl",
            Endpoint::Responses => "resp",
            Endpoint::Transcription => "trsc",
            Endpoint::Translation => "trsl",
            Endpoint::Embeddings => "embd",
            Endpoint::Pooling => "pool",
            Endpoint::Rerank => "rerank",
            Endpoint::Score => "score",
        }
    }

    /// The `object` of an event.
    pub(super) fn piece(self) -> &'static str {
        match self {
            Endpoint::Chat => "chat.completion.chunk",
            Endpoint::Transcription => "transcription.chunk",
            Endpoint::Translation => "translation.chunk",
            _ => self.object(),
        }
    }

    /// The `object` of a whole answer.
    pub(super) fn object(self) -> &'static str {
        match self {
            Endpoint::Chat => "chat.completion",
            Endpoint::Completions => "text_completion",
            Endpoint::Responses => "response",
            Endpoint::Transcription => "transcription",
            Endpoint::Translation => "translation",
            Endpoint::Embeddings | Endpoint::Pooling | Endpoint::Rerank | Endpoint::Score => "list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_stands_at_its_number() {
        assert!(Endpoint::ALL.iter().enumerate().all(|(number, endpoint)| *endpoint as usize == number));
    }
}
