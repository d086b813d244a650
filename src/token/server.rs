//! A server as tokenizer: text to ids and back through `/tokenize` and `/detokenize`, in vLLM's dialect or llama.cpp's. It
//! carries the user's headers and shows none of them; it is for before the run, never for the hot path.

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc as calls;

use super::{Special, net};
use crate::error::{Error, Result};

/// How to reach the server.
#[derive(Clone)]
pub struct ServerAccess {
    /// Scheme, host and port, as requests use it; a slash at the end does not matter.
    pub base_url: String,
    /// The model's name as the server knows it.
    pub model: String,
    /// Headers for each call, the authorization among them; never shown.
    pub headers: Vec<(String, String)>,
    /// Whether any certificate will do.
    pub insecure: bool,
}

impl fmt::Debug for ServerAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServerAccess { base_url, model, insecure, .. } = self;
        write!(f, "ServerAccess {{ base_url: {base_url:?}, model: {model:?}, insecure: {insecure}, .. }}")
    }
}

/// The words of `/tokenize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Vllm,
    LlamaCpp,
}

/// A tokenizer that a server offers.
#[derive(Debug)]
pub(super) struct Server {
    line: Line,
    dialect: Dialect,
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

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);

/// A text in many scripts: the largest id in it is a lower bound of the vocabulary.
const SAMPLE: &str = "The quick brown fox, 1234567890 times; fn main() { return x_1 != \"y\"; } Übergrößenträger, \
    déjà-vu, señor, łódź; Привет, мир; γειά σου; שלום עולם; مرحبا بالعالم; नमस्ते दुनिया; สวัสดีชาวโลก; 你好，世界; こんにちは世界; \
    안녕하세요 세계; 🦀🚀👩‍🚀; ∑∫√≠≈ αβγ; electroencephalographically, antidisestablishmentarianism";

impl Server {
    /// Asks the server for its dialect, its vocabulary and the special tokens that it adds.
    ///
    /// # Errors
    /// Where it cannot be reached or has no `/tokenize` in a known dialect.
    pub(super) fn connect(access: &ServerAccess) -> Result<Self> {
        let line = Line::open(access)?;
        let (dialect, ids) = dialect(&line, &access.model)?;
        let largest = ids.iter().max().map_or(0, |id| id + 1);
        let vocabulary = match line.get("/v1/models").ok().and_then(|models| told_vocabulary(&models, &access.model)) {
            Some(size) => Vocabulary::Told(size),
            None => Vocabulary::AtLeast(largest),
        };
        let mut server = Server { line, dialect, model: access.model.clone(), vocabulary, special_count: 0 };
        let count = |special| server.encode("a", special).map(|ids| ids.len() as u32);
        server.special_count = count(Special::Add)?.saturating_sub(count(Special::Skip)?);
        Ok(server)
    }

    /// The token ids of `text`.
    pub(super) fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>> {
        let body = self.dialect.tokenize(&self.model, text, special);
        tokens(&self.line.post("/tokenize", &body)?)
    }

    /// The text of `ids`.
    pub(super) fn decode(&self, ids: &[u32]) -> Result<String> {
        let (body, key) = self.dialect.detokenize(&self.model, ids);
        let answer = self.line.post("/detokenize", &body)?;
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

impl Dialect {
    fn tokenize(self, model: &str, text: &str, special: Special) -> Value {
        let add = special == Special::Add;
        match self {
            Dialect::Vllm => json!({"model": model, "prompt": text, "add_special_tokens": add}),
            Dialect::LlamaCpp => json!({"content": text, "add_special": add}),
        }
    }

    /// The body of `/detokenize`, and the key of the text in its answer.
    fn detokenize(self, model: &str, ids: &[u32]) -> (Value, &'static str) {
        match self {
            Dialect::Vllm => (json!({"model": model, "tokens": ids}), "prompt"),
            Dialect::LlamaCpp => (json!({"tokens": ids}), "content"),
        }
    }
}

/// Finds the dialect by tokenizing the sample. A server of the other dialect may answer with success and no tokens.
fn dialect(line: &Line, model: &str) -> Result<(Dialect, Vec<u32>)> {
    let mut first = None;
    for dialect in [Dialect::Vllm, Dialect::LlamaCpp] {
        let answer = line.post("/tokenize", &dialect.tokenize(model, SAMPLE, Special::Skip)).and_then(|a| tokens(&a));
        match answer {
            Ok(ids) if !ids.is_empty() => return Ok((dialect, ids)),
            Ok(_) => {}
            Err(cause) => first = first.or(Some(cause)),
        }
    }
    Err(first.unwrap_or_else(|| Error::new("it answers with no tokens")))
}

fn tokens(answer: &Value) -> Result<Vec<u32>> {
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

/// A thread that makes calls for whoever asks, so that asking works from any thread, inside a runtime or not. It ends when the
/// line is dropped.
#[derive(Debug)]
struct Line {
    calls: calls::UnboundedSender<Call>,
    base_url: String,
}

struct Call {
    url: String,
    body: Option<Value>,
    reply: mpsc::Sender<Result<Value>>,
}

impl Line {
    fn open(access: &ServerAccess) -> Result<Self> {
        let (calls, received) = calls::unbounded_channel();
        let runtime = net::runtime()?;
        let client = client(access)?;
        thread::Builder::new()
            .name("tokenize".to_owned())
            .spawn(move || runtime.block_on(answer(client, received)))
            .map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
        Ok(Line { calls, base_url: access.base_url.trim_end_matches('/').to_owned() })
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.call(path, None)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(path, Some(body.clone()))
    }

    fn call(&self, path: &str, body: Option<Value>) -> Result<Value> {
        let (reply, answer) = mpsc::channel();
        let gone = || Error::new("the thread that calls the server is gone");
        self.calls.send(Call { url: format!("{}{path}", self.base_url), body, reply }).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

fn client(access: &ServerAccess) -> Result<reqwest::Client> {
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in &access.headers {
        let name = reqwest::header::HeaderName::try_from(name.as_str())
            .map_err(|_| Error::new(format!("`{name}` is no name of a header")))?;
        let mut value = reqwest::header::HeaderValue::try_from(value.as_str()).map_err(|_| {
            Error::new(format!("the value of the header `{name}` has characters that no header may have"))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    reqwest::Client::builder()
        .default_headers(headers)
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .tls_danger_accept_invalid_certs(access.insecure)
        .build()
        .map_err(|cause| Error::new(net::causes(&cause)))
}

async fn answer(client: reqwest::Client, mut calls: calls::UnboundedReceiver<Call>) {
    while let Some(Call { url, body, reply }) = calls.recv().await {
        let client = client.clone();
        tokio::spawn(async move {
            // Whoever asked may have given up: then nobody misses the answer.
            let _ = reply.send(exchange(&client, &url, body).await);
        });
    }
}

async fn exchange(client: &reqwest::Client, url: &str, body: Option<Value>) -> Result<Value> {
    let request = match &body {
        Some(body) => client.post(url).json(body),
        None => client.get(url),
    };
    let response = request.send().await.map_err(|cause| Error::new(net::causes(&cause)))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Error::new(format!("`{url}` answered with status {}", status.as_u16())));
    }
    response
        .json()
        .await
        .map_err(|cause| Error::new(format!("`{url}` did not answer with JSON: {}", net::causes(&cause))))
}

#[cfg(test)]
#[path = "server_test.rs"]
mod tests;
