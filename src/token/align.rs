//! Prompts cut to the server's own count of tokens: a text that is so many tokens for the tokenizer here may be more for the
//! server's. A text and its length come in; the text comes out, cut where the server counts more. Texts that the server finds
//! too short stay as they are.

use std::sync::Arc;

use serde_json::{Value, json};

use super::server::tokens;
use crate::error::Result;
use crate::net::{Caller, Client, Pending, Refusal};

/// What the server says of a first text.
#[derive(Debug)]
pub enum Agreement {
    /// It counts as many tokens as there should be: nothing is to be done.
    Fits,
    /// It counts others.
    Differs {
        /// So many.
        counted: usize,
        /// Cuts this text and all others.
        aligner: Aligner,
    },
    /// It cannot be asked.
    Unknown(Unknown),
}

/// Why a server cannot be asked for its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// It cannot be reached.
    Unreachable(String),
    /// It has no `/tokenize`, or no model of that name.
    NotFound,
    /// It answers with another status.
    Status(u16),
    /// Anything else.
    Other(String),
}

/// Cuts texts to the server's own count.
#[derive(Debug)]
pub struct Aligner {
    client: Client,
    model: Arc<str>,
}

/// Asks the server for its count of `text`, which should have `length` tokens. The model is asked for by each of these names until
/// the server knows one.
///
/// # Errors
/// If the client's own thread fails.
pub fn ask(client: &Client, models: &[&str], text: &str, length: u32) -> Result<Agreement> {
    let mut unknown = Unknown::Other("no model is named".to_owned());
    for &model in models {
        let body = question(model, text);
        let answer = client.start("/tokenize", |caller| async move { caller.post("/tokenize", &body).await }).wait()?;
        unknown = match answer.map(|answer| tokens(&answer)) {
            Ok(Ok(ids)) if ids.len() == length as usize => return Ok(Agreement::Fits),
            // llama.cpp answers a question in other words than its own with no tokens.
            Ok(Ok(ids)) if ids.is_empty() => Unknown::Other("it answers with no tokens".to_owned()),
            Ok(Ok(ids)) => {
                let aligner = Aligner { client: client.clone(), model: model.into() };
                return Ok(Agreement::Differs { counted: ids.len(), aligner });
            }
            Ok(Err(cause)) => Unknown::Other(cause.to_string()),
            Err(Refusal::Unreachable(cause)) => return Ok(Agreement::Unknown(Unknown::Unreachable(cause))),
            Err(Refusal::Status(404, _)) => Unknown::NotFound,
            Err(Refusal::Status(status, _)) => Unknown::Status(status),
            Err(Refusal::Unreadable(cause)) => Unknown::Other(cause),
        };
    }
    Ok(Agreement::Unknown(unknown))
}

impl Aligner {
    /// Starts to cut `text` to `length` tokens; nothing comes back where it is to stay as it is.
    pub fn start(&self, text: &str, length: u32) -> Pending<Result<Option<String>, Refusal>> {
        let (model, body) = (Arc::clone(&self.model), question(&self.model, text));
        self.client.start("/tokenize", move |caller| async move { cut(&caller, &model, &body, length).await })
    }
}

async fn cut(caller: &Caller, model: &str, body: &Value, length: u32) -> Result<Option<String>, Refusal> {
    let unreadable = |cause: String| Refusal::Unreadable(cause);
    let ids = caller.post("/tokenize", body).await?;
    let mut ids = tokens(&ids).map_err(|cause| unreadable(cause.to_string()))?;
    if ids.len() <= length as usize {
        return Ok(None);
    }
    ids.truncate(length as usize);
    let answer = caller.post("/detokenize", &json!({"model": model, "tokens": ids})).await?;
    let text = answer.get("prompt").and_then(Value::as_str);
    text.map(|text| Some(text.to_owned()))
        .ok_or_else(|| unreadable("`/detokenize` answered without `prompt`".to_owned()))
}

fn question(model: &str, text: &str) -> Value {
    json!({"model": model, "prompt": text, "add_special_tokens": false})
}
