//! A server as tokenizer: text to ids and back through `/tokenize` and `/detokenize`, in vLLM's protocol or llama.cpp's. It
//! carries the user's headers and shows none of them; it is for before the run, never for the hot path.

use serde_json::{Value, json};

use super::Special;
use crate::error::{Error, Result};
use crate::net::Client;

/// A server that may be asked for tokens.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// Makes the calls.
    pub calls: &'a Client,
    /// The model's name as the server knows it.
    pub model: &'a str,
}

/// The words of `/tokenize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Vllm,
    LlamaCpp,
}

/// A tokenizer that a server offers.
#[derive(Debug)]
pub(super) struct Server {
    client: Client,
    protocol: Protocol,
    model: String,
    vocabulary: Vocabulary,
    special_count: u32,
}

/// The size of the vocabulary, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vocabulary {
    Told(u32),
    AtLeast(u32),
}

/// A text in many scripts: the largest id in it is a lower bound of the vocabulary.
const SAMPLE: &str = "The quick brown fox, 1234567890 times; fn main() { return x_1 != \"y\"; } Übergrößenträger, \
    déjà-vu, señor, łódź; Привет, мир; γειά σου; שלום עולם; مرحبا بالعالم; नमस्ते दुनिया; สวัสดีชาวโลก; 你好，世界; こんにちは世界; \
    안녕하세요 세계; 🦀🚀👩‍🚀; ∑∫√≠≈ αβγ; electroencephalographically, antidisestablishmentarianism";

impl Server {
    /// Asks the server for its protocol, its vocabulary and the special tokens that it adds.
    ///
    /// # Errors
    /// Where it cannot be reached or has no `/tokenize` in a known protocol.
    pub(super) fn connect(served: Served<'_>) -> Result<Self> {
        let client = served.calls.clone();
        let (protocol, ids) = protocol(&client, served.model)?;
        let largest = ids.iter().max().map_or(0, |id| id + 1);
        let vocabulary = match client.get("/v1/models").ok().and_then(|models| told_vocabulary(&models, served.model)) {
            Some(size) => Vocabulary::Told(size),
            None => Vocabulary::AtLeast(largest),
        };
        let mut server = Server { client, protocol, model: served.model.to_owned(), vocabulary, special_count: 0 };
        let count = |special| server.encode("a", special).map(|ids| ids.len() as u32);
        server.special_count = count(Special::Add)?.saturating_sub(count(Special::Skip)?);
        Ok(server)
    }

    /// The token ids of `text`.
    pub(super) fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>> {
        let body = self.protocol.tokenize(&self.model, text, special);
        tokens(&self.client.post("/tokenize", &body)?)
    }

    /// The text of `ids`.
    pub(super) fn decode(&self, ids: &[u32]) -> Result<String> {
        let (body, key) = self.protocol.detokenize(&self.model, ids);
        let answer = self.client.post("/detokenize", &body)?;
        let text = answer.get(key).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| Error::new(format!("`/detokenize` answered without `{key}`")))
    }

    /// The size of the vocabulary, told or guessed.
    pub(super) fn vocab_size(&self) -> u32 {
        self.vocabulary().0
    }

    /// The size of the vocabulary, and whether the server told it.
    pub(super) fn vocabulary(&self) -> (u32, bool) {
        match self.vocabulary {
            Vocabulary::Told(size) => (size, true),
            Vocabulary::AtLeast(size) => (size, false),
        }
    }

    /// How many special tokens one sequence gets.
    pub(super) fn special_count(&self) -> u32 {
        self.special_count
    }
}

impl Protocol {
    fn tokenize(self, model: &str, text: &str, special: Special) -> Value {
        let add = special == Special::Add;
        match self {
            Protocol::Vllm => json!({"model": model, "prompt": text, "add_special_tokens": add}),
            Protocol::LlamaCpp => json!({"content": text, "add_special": add}),
        }
    }

    /// The body of `/detokenize`, and the key of the text in its answer.
    fn detokenize(self, model: &str, ids: &[u32]) -> (Value, &'static str) {
        match self {
            Protocol::Vllm => (json!({"model": model, "tokens": ids}), "prompt"),
            Protocol::LlamaCpp => (json!({"tokens": ids}), "content"),
        }
    }
}

/// Finds the protocol by tokenizing the sample. A server of the other protocol may answer with success and no tokens.
fn protocol(client: &Client, model: &str) -> Result<(Protocol, Vec<u32>)> {
    let mut first = None;
    for protocol in [Protocol::Vllm, Protocol::LlamaCpp] {
        let answer =
            client.post("/tokenize", &protocol.tokenize(model, SAMPLE, Special::Skip)).and_then(|a| tokens(&a));
        match answer {
            Ok(ids) if !ids.is_empty() => return Ok((protocol, ids)),
            Ok(_) => {}
            Err(cause) => first = first.or(Some(cause)),
        }
    }
    Err(first.unwrap_or_else(|| Error::new("it answers with no tokens")))
}

/// The ids of an answer of `/tokenize`.
pub(super) fn tokens(answer: &Value) -> Result<Vec<u32>> {
    let ids = answer.get("tokens").and_then(Value::as_array).map(|list| {
        list.iter().map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok())).collect::<Option<Vec<u32>>>()
    });
    ids.flatten().ok_or_else(|| Error::new("`/tokenize` answered without a list of ids at `tokens`"))
}

/// The vocabulary's size that a list of models tells of `model`, or of the only model.
fn told_vocabulary(models: &Value, model: &str) -> Option<u32> {
    let list = models.get("data")?.as_array()?;
    let ours = list.iter().find(|one| one.get("id").and_then(Value::as_str) == Some(model)).or_else(|| list.first())?;
    u32::try_from(ours.get("meta")?.get("n_vocab")?.as_u64()?).ok()
}

#[cfg(test)]
#[path = "server_test.rs"]
mod tests;
