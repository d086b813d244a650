//! Calls to a server that no measurement waits for: its models, its tokenizer. They carry the user's headers and show none
//! of them.

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc as calls;

use crate::error::{Error, Result};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);

/// How to reach the server.
#[derive(Clone)]
pub struct Access {
    /// Scheme, host and port, as requests use it; a slash at the end does not matter.
    pub base_url: String,
    /// Headers for each call, the authorization among them; never shown.
    pub headers: Vec<(String, String)>,
    /// Whether any certificate will do.
    pub insecure: bool,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Access { base_url, insecure, .. } = self;
        write!(f, "Access {{ base_url: {base_url:?}, insecure: {insecure}, .. }}")
    }
}

/// A thread that makes calls for whoever asks, so that asking works from any thread, inside a runtime or not. It ends when the
/// client is dropped.
#[derive(Debug)]
pub struct Client {
    calls: calls::UnboundedSender<Call>,
    base_url: String,
}

struct Call {
    url: String,
    body: Option<Value>,
    reply: mpsc::Sender<Result<Value>>,
}

impl Client {
    /// A client of the server.
    ///
    /// # Errors
    /// If a header cannot be sent, or no thread can be started.
    pub fn open(access: &Access) -> Result<Self> {
        let (calls, received) = calls::unbounded_channel();
        let runtime = super::runtime()?;
        let client = http(access)?;
        thread::Builder::new()
            .name("calls".to_owned())
            .spawn(move || runtime.block_on(answer(client, received)))
            .map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
        Ok(Client { calls, base_url: access.base_url.trim_end_matches('/').to_owned() })
    }

    /// The JSON that `path` answers with.
    ///
    /// # Errors
    /// If the server cannot be reached, or answers with an error or no JSON.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.call(path, None)
    }

    /// The JSON that `path` answers `body` with.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(path, Some(body.clone()))
    }

    fn call(&self, path: &str, body: Option<Value>) -> Result<Value> {
        let (reply, answer) = mpsc::channel();
        let gone = || Error::new("the thread that calls the server is gone");
        self.calls.send(Call { url: format!("{}{path}", self.base_url), body, reply }).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

fn http(access: &Access) -> Result<reqwest::Client> {
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
        .map_err(|cause| Error::new(super::causes(&cause)))
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
    let response = request.send().await.map_err(|cause| Error::new(super::causes(&cause)))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Error::new(format!("`{url}` answered with status {}", status.as_u16())));
    }
    response
        .json()
        .await
        .map_err(|cause| Error::new(format!("`{url}` did not answer with JSON: {}", super::causes(&cause))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_not_shown() {
        let access = Access {
            base_url: "http://127.0.0.1:1".into(),
            headers: vec![("authorization".into(), "Bearer secret".into())],
            insecure: false,
        };
        assert!(!format!("{access:?}").contains("secret"));
        let broken = Access { headers: vec![("x".into(), "secret\n".into())], ..access };
        let error = http(&broken).unwrap_err().to_string();
        assert!(error.contains("`x`") && !error.contains("secret"), "{error}");
    }
}
