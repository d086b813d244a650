//! Calls to a server that no measurement waits for: its models, its tokenizer, its counters. They carry the user's headers and
//! show none of them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

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
/// client and all its clones are dropped; what has been started by then is dropped with it.
#[derive(Debug, Clone)]
pub struct Client {
    work: mpsc::UnboundedSender<Work>,
    base_url: Arc<str>,
}

type Work = Box<dyn FnOnce(&Caller) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Makes the calls, on the client's thread.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    base_url: Arc<str>,
}

/// Work that has been started.
#[derive(Debug)]
pub struct Pending<T>(std::sync::mpsc::Receiver<T>);

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The server cannot be reached, broke off, or took too long.
    Unreachable(String),
    /// It answered with this status, which is none of success.
    Status(u16, String),
    /// What it answered cannot be read.
    Unreadable(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Refusal::Unreachable(what) | Refusal::Status(_, what) | Refusal::Unreadable(what)) = self;
        f.write_str(what)
    }
}

impl Refusal {
    /// The refusal as an error.
    pub fn into_error(self) -> Error {
        Error::new(self.to_string())
    }
}

impl Client {
    /// A client of the server.
    ///
    /// # Errors
    /// If a header cannot be sent, or no thread can be started.
    pub fn open(access: &Access) -> Result<Self> {
        let (work, received) = mpsc::unbounded_channel();
        let runtime = super::runtime()?;
        let base_url: Arc<str> = access.base_url.trim_end_matches('/').into();
        let caller = Caller { http: http(access)?, base_url: Arc::clone(&base_url) };
        thread::Builder::new()
            .name("calls".to_owned())
            .spawn(move || runtime.block_on(answer(&caller, received)))
            .map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
        Ok(Client { work, base_url })
    }

    /// The address of `path` at the server.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The JSON that `path` answers with.
    ///
    /// # Errors
    /// If the server cannot be reached, or answers with an error or no JSON.
    pub fn get(&self, path: &str) -> Result<Value> {
        let path = path.to_owned();
        self.start(|caller| async move { caller.get(&path).await }).wait()?.map_err(Refusal::into_error)
    }

    /// The JSON that `path` answers `body` with.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (path, body) = (path.to_owned(), body.clone());
        self.start(|caller| async move { caller.post(&path, &body).await }).wait()?.map_err(Refusal::into_error)
    }

    /// Starts work that makes calls, several of them or one after the other; what has been started goes on side by side.
    pub fn start<T, F>(&self, work: impl FnOnce(Caller) -> F + Send + 'static) -> Pending<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (sender, receiver) = std::sync::mpsc::channel();
        let work: Work = Box::new(move |caller| {
            let done = work(caller.clone());
            Box::pin(async move {
                // Whoever asked may have given up: then nobody misses the answer.
                let _ = sender.send(done.await);
            })
        });
        // Where the thread is gone, so is the sender within, and waiting says so.
        let _ = self.work.send(work);
        Pending(receiver)
    }
}

impl<T> Pending<T> {
    /// What came of it.
    ///
    /// # Errors
    /// If the work or its thread ended without an answer.
    pub fn wait(self) -> Result<T> {
        self.0.recv().map_err(|_| Error::new("the thread that calls the server is gone"))
    }
}

impl Caller {
    /// The JSON that `path` answers with.
    ///
    /// # Errors
    /// If the server cannot be reached, or answers with an error or no JSON.
    pub async fn get(&self, path: &str) -> Result<Value, Refusal> {
        let url = self.url(path);
        json(exchange(self.http.get(&url), &url).await?, &url).await
    }

    /// The JSON that `path` answers `body` with.
    ///
    /// # Errors
    /// As for [`Caller::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        let url = self.url(path);
        json(exchange(self.http.post(&url).json(body), &url).await?, &url).await
    }

    /// The text that `path` answers with, within `limit`.
    ///
    /// # Errors
    /// If the server cannot be reached in time, or answers with an error or no text.
    pub async fn page(&self, path: &str, limit: Duration) -> Result<String, Refusal> {
        let url = self.url(path);
        let answer = exchange(self.http.get(&url).timeout(limit), &url).await?;
        answer.text().await.map_err(|cause| Refusal::Unreadable(super::causes(&cause)))
    }

    /// Tells the server to do what `path` means, within `limit`: a POST without a body.
    ///
    /// # Errors
    /// If the server cannot be reached in time, or answers with an error.
    pub async fn tell(&self, path: &str, limit: Duration) -> Result<(), Refusal> {
        let url = self.url(path);
        // A body of no bytes states its length; some servers insist on one.
        exchange(self.http.post(&url).header("content-length", 0).timeout(limit), &url).await.map(drop)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
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

async fn answer(caller: &Caller, mut work: mpsc::UnboundedReceiver<Work>) {
    while let Some(work) = work.recv().await {
        tokio::spawn(work(caller));
    }
}

async fn exchange(request: reqwest::RequestBuilder, url: &str) -> Result<reqwest::Response, Refusal> {
    let answer = request.send().await.map_err(|cause| Refusal::Unreachable(super::causes(&cause)))?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        status => {
            let what = format!("`{url}` answered with status {}", status.as_u16());
            Err(Refusal::Status(status.as_u16(), what))
        }
    }
}

async fn json(answer: reqwest::Response, url: &str) -> Result<Value, Refusal> {
    let unreadable = |cause| format!("`{url}` did not answer with JSON: {}", super::causes(&cause));
    answer.json().await.map_err(|cause| Refusal::Unreadable(unreadable(cause)))
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
