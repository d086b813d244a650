//! The APIs of EvalScope: a name and an address come in, the protocol and where it is spoken go out.

use crate::backend::Backend;
use crate::error::{Error, Result};

/// An API by its names, the first of which is its usual one.
struct Row {
    names: &'static [&'static str],
    api: Api,
}

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// A chat, or completions where the address says so.
    Text,
    /// Responses.
    Responses,
    /// Vectors.
    Embedding,
    /// A ranking of documents.
    Rerank,
}

static ROWS: [Row; 4] = [
    Row { names: &["openai"], api: Api::Text },
    Row { names: &["openai_responses", "openai_response", "responses"], api: Api::Responses },
    Row { names: &["openai_embedding", "embedding"], api: Api::Embedding },
    Row { names: &["openai_rerank", "rerank"], api: Api::Rerank },
];

/// APIs that EvalScope has and this program has not, each with what to do instead.
const OTHERS: [(&str, &str); 6] = [
    ("dashscope", "give the address of DashScope's OpenAI-compatible mode as `--url`, with `--api openai`"),
    (
        "custom",
        "a plug-in is Python code, which is not run here: use `--api openai` with `--extra-args` or `--query-template`",
    ),
    ("local", "start a server, such as `vllm serve MODEL --port 8877`, and give `--api openai`"),
    ("local_vllm", "start it yourself, as `vllm serve MODEL --port 8877`, and give `--api openai`"),
    ("systemone", "only EvalScope speaks it"),
    ("autotrust", "only EvalScope speaks it"),
];

impl Api {
    /// The API of this name.
    ///
    /// # Errors
    /// If there is none here: what to do instead, or the nearest name.
    pub(super) fn named(name: &str) -> Result<Api> {
        if let Some(row) = ROWS.iter().find(|row| row.names.contains(&name)) {
            return Ok(row.api);
        }
        let refuse = |hint: String| Err(Error::new(format!("`--api {name}` is not known here")).hint(hint));
        if let Some((_, instead)) = OTHERS.iter().find(|(other, _)| *other == name) {
            return refuse((*instead).to_owned());
        }
        let known: Vec<&str> = ROWS.iter().map(|row| row.names[0]).collect();
        match super::nearest(name, ROWS.iter().flat_map(|row| row.names.iter().copied())) {
            Some(near) => refuse(format!("did you mean `{near}`? There are {}", known.join(", "))),
            None => refuse(format!("use one of {}", known.join(", "))),
        }
    }

    /// The address of requests: what `url` lacks at its end is appended. Token ids go to completions.
    pub(super) fn address(self, url: &str, ids: bool) -> String {
        let (address, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let address = address.trim().trim_end_matches('/');
        let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let (endings, usual): (&[&str], &str) = match self {
            Api::Text if ids => (&["/completions"], "completions"),
            Api::Text => (&["/completions"], "chat/completions"),
            Api::Responses => (&["/responses"], "responses"),
            Api::Embedding => (&["/embeddings"], "embeddings"),
            Api::Rerank => (&["/rerank", "/reranks"], "reranks"),
        };
        let chat = address.strip_suffix("/chat/completions");
        let address = match chat {
            Some(before) if ids => format!("{before}/completions"),
            Some(before) if self != Api::Text => before.to_owned(),
            _ => address,
        };
        if endings.iter().any(|end| address.ends_with(end)) {
            return address + query;
        }
        // A host alone: the paths of the API begin at /v1.
        let bare = address.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
        format!("{address}{}/{usual}{query}", if bare { "/v1" } else { "" })
    }

    /// The protocol that is spoken at `path`.
    ///
    /// # Errors
    /// If the address is one of another protocol.
    pub(super) fn backend(self, path: &str) -> Result<Backend> {
        let name = match self {
            Api::Text if path.ends_with("/chat/completions") => "openai-chat",
            Api::Text => "openai",
            Api::Responses => "openai-responses",
            Api::Embedding => "openai-embeddings",
            Api::Rerank => "vllm-rerank",
        };
        let backend = Backend::named(name).and_then(Backend::as_evalscope);
        backend.ok_or_else(|| Error::new(format!("no protocol is called `{name}`: this is a bug in llmbench")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_what_it_lacks() {
        let table = [
            (Api::Text, "http://h:1/v1/chat/completions", false, "http://h:1/v1/chat/completions"),
            (Api::Text, "http://h:1/v1/completions", false, "http://h:1/v1/completions"),
            (Api::Text, "http://h:1/v1/", false, "http://h:1/v1/chat/completions"),
            (Api::Text, "h:1", false, "http://h:1/v1/chat/completions"),
            (Api::Text, "https://h/api/v3?x=1", false, "https://h/api/v3/chat/completions?x=1"),
            (Api::Text, "http://h:1/v1/chat/completions", true, "http://h:1/v1/completions"),
            (Api::Text, "http://h:1/v1", true, "http://h:1/v1/completions"),
            (Api::Responses, "http://h:1/v1/chat/completions", false, "http://h:1/v1/responses"),
            (Api::Responses, "http://h:1/v1/responses", false, "http://h:1/v1/responses"),
            (Api::Embedding, "http://h:1/v1", false, "http://h:1/v1/embeddings"),
            (Api::Rerank, "http://h:1/v1/reranks", false, "http://h:1/v1/reranks"),
        ];
        for (api, given, ids, expected) in table {
            assert_eq!(api.address(given, ids), expected, "{given}");
        }
    }

    #[test]
    fn the_address_says_which_protocol_is_spoken() {
        assert_eq!(Api::Text.backend("/v1/chat/completions").unwrap().name(), "openai-chat");
        assert_eq!(Api::Text.backend("/v1/completions").unwrap().name(), "openai");
        assert_eq!(Api::Rerank.backend("/v1/rerank").unwrap().name(), "vllm-rerank");
    }

    #[test]
    fn an_unknown_api_gets_the_nearest_and_a_foreign_one_what_to_do() {
        let hint = |name: &str| Api::named(name).unwrap_err().advice().unwrap().to_owned();
        assert!(hint("openia").starts_with("did you mean `openai`?"), "{}", hint("openia"));
        assert!(hint("local_vllm").contains("vllm serve"));
        assert_eq!(Api::named("responses").unwrap(), Api::Responses);
    }
}
