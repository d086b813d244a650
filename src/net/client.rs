//! Calls to a server that no measurement waits for: its models, its tokenizer, its counters. They carry the user's headers and
//! show none of them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::error::{Error, Result, seconds};
use crate::reach::{self, Trust};

/// How long a call may take, from its start to the last byte of its answer, unless a request may take less.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// A call that takes longer is told to the user, who waits for it.
const SLOW: Duration = Duration::from_secs(1);
/// How often whoever waits for a call looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// The most bytes that an answer may have.
const LARGEST: usize = 64 << 20;

/// How to reach the server.
#[derive(Clone)]
pub struct Access {
    /// Scheme, host and port, as requests use it; a slash at the end does not matter.
    pub base_url: String,
    /// The socket of this host that it listens on, in the place of the URL's host.
    pub socket: Option<PathBuf>,
    /// The address of this host to call from; `None` where the system chooses.
    pub local: Option<IpAddr>,
    /// Headers for each call, the authorization among them; never shown.
    pub headers: Vec<(String, String)>,
    /// Whom TLS trusts.
    pub trust: Trust,
    /// How long a call may take.
    pub patience: Duration,
    /// Who is told of a call that the user waits for.
    pub slow: Slow,
}

/// Takes the path of a call that has not been answered for a second.
#[derive(Clone)]
pub struct Slow(Arc<dyn Fn(&str) + Send + Sync>);

impl Slow {
    /// Tells `told`.
    pub fn new(told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Slow(Arc::new(told))
    }
}

impl fmt::Debug for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slow")
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Access { base_url, trust, .. } = self;
        write!(f, "Access {{ base_url: {base_url:?}, trust: {trust:?}, .. }}")
    }
}

/// A thread that makes calls for whoever asks, so that asking works from any thread, inside a runtime or not. It ends when the
/// client and all its clones are dropped; what has been started by then is dropped with it.
#[derive(Debug, Clone)]
pub struct Client {
    work: mpsc::UnboundedSender<Work>,
    base_url: Arc<str>,
    slow: Slow,
}

type Work = Box<dyn FnOnce(&Caller) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Makes the calls, on the client's thread.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    base_url: Arc<str>,
    patience: Duration,
    /// The paths that were not answered in time: nobody waits for them again, and little for others.
    silent: Arc<Mutex<BTreeSet<String>>>,
}

/// Work that has been started.
#[derive(Debug)]
pub struct Pending<T> {
    done: std::sync::mpsc::Receiver<T>,
    path: String,
    slow: Slow,
}

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
        let caller = Caller {
            http: http(access)?,
            base_url: Arc::clone(&base_url),
            patience: access.patience,
            silent: Arc::default(),
        };
        thread::Builder::new()
            .name("calls".to_owned())
            .spawn(move || runtime.block_on(answer(&caller, received)))
            .map_err(|cause| Error::new(format!("cannot start a thread: {cause}")))?;
        Ok(Client { work, base_url, slow: access.slow.clone() })
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
        let called = path.to_owned();
        self.start(path, |caller| async move { caller.get(&called).await }).wait()?.map_err(Refusal::into_error)
    }

    /// The JSON that `path` answers `body` with.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (called, body) = (path.to_owned(), body.clone());
        self.start(path, |caller| async move { caller.post(&called, &body).await }).wait()?.map_err(Refusal::into_error)
    }

    /// Starts work that makes calls to `path`, several of them or one after the other; what has been started goes on side by side.
    pub fn start<T, F>(&self, path: &str, work: impl FnOnce(Caller) -> F + Send + 'static) -> Pending<T>
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
        Pending { done: receiver, path: path.to_owned(), slow: self.slow.clone() }
    }
}

impl<T> Pending<T> {
    /// What came of it.
    ///
    /// # Errors
    /// If the work or its thread ended without an answer.
    pub fn wait(self) -> Result<T> {
        self.wait_unless(&mut || false).map(|done| done.expect("nobody gives it up"))
    }

    /// What came of it; `None` where `given_up` says first that nobody waits any longer.
    ///
    /// # Errors
    /// As for [`Pending::wait`].
    pub fn wait_unless(self, given_up: &mut dyn FnMut() -> bool) -> Result<Option<T>> {
        let mut looks = 0;
        loop {
            match self.done.recv_timeout(LOOK) {
                Ok(done) => return Ok(Some(done)),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new("the thread that calls the server is gone"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if given_up() {
                return Ok(None);
            }
            looks += 1;
            if looks == SLOW.as_millis() / LOOK.as_millis() {
                (self.slow.0)(&self.path);
            }
        }
    }
}

impl Caller {
    /// The JSON that `path` answers with.
    ///
    /// # Errors
    /// If the server cannot be reached, or answers with an error or no JSON.
    pub async fn get(&self, path: &str) -> Result<Value, Refusal> {
        json(self.exchange(path, self.patience, |http, url| http.get(url)).await?)
    }

    /// The JSON that `path` answers `body` with.
    ///
    /// # Errors
    /// As for [`Caller::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        json(self.exchange(path, self.patience, |http, url| http.post(url).json(body)).await?)
    }

    /// The text that `path` answers with.
    ///
    /// # Errors
    /// If the server cannot be reached in time, or answers with an error.
    pub async fn page(&self, path: &str) -> Result<String, Refusal> {
        let answer = self.exchange(path, self.patience, |http, url| http.get(url)).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Tells the server to do what `path` means, within `limit`: a POST without a body.
    ///
    /// # Errors
    /// If the server cannot be reached in time, or answers with an error.
    pub async fn tell(&self, path: &str, limit: Duration) -> Result<(), Refusal> {
        // A body of no bytes states its length; some servers insist on one.
        self.exchange(path, limit, |http, url| http.post(url).header("content-length", 0)).await.map(drop)
    }

    /// Sends a request to `path` and takes its answer in, all of it within `limit`.
    async fn exchange(
        &self,
        path: &str,
        limit: Duration,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> Result<Answer, Refusal> {
        let url = format!("{}{path}", self.base_url);
        let late = |limit: Duration| Refusal::Unreachable(format!("`{url}` did not answer within {}", seconds(limit)));
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if silent.contains(path) {
            return Err(late(limit));
        }
        // All calls together are not to take much longer than one.
        let limit = if silent.is_empty() || limit > self.patience { limit } else { limit.min(SLOW) };
        let late = late(limit);
        let answer = tokio::time::timeout(limit, exchange(request(&self.http, &url), &url)).await;
        answer.unwrap_or_else(|_| {
            self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
            Err(late)
        })
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
    let builder = match access.base_url.starts_with("https:") {
        true => reqwest::Client::builder().tls_backend_preconfigured(reach::config(&access.trust)?),
        false => reqwest::Client::builder(),
    };
    let builder = builder.local_address(access.local);
    let builder = match &access.socket {
        Some(path) => builder.unix_socket(path.as_path()).no_proxy(),
        None if reach::proxy::of(&access.base_url)?.is_none() => builder.no_proxy(),
        None => builder,
    };
    builder
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::custom(follow))
        .build()
        .map_err(|cause| Error::new(super::causes(&cause)))
}

async fn answer(caller: &Caller, mut work: mpsc::UnboundedReceiver<Work>) {
    while let Some(work) = work.recv().await {
        tokio::spawn(work(caller));
    }
}

/// The answer of a success.
struct Answer {
    url: String,
    media_type: String,
    body: Vec<u8>,
}

/// Follows a redirect within the server, with the headers of requests; no other host is ever told them.
fn follow(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    const MOST: usize = 5;
    let origin =
        |url: &reqwest::Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    let from = attempt.previous().first().map(origin);
    if from == Some(origin(attempt.url())) && attempt.previous().len() <= MOST {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

async fn exchange(request: reqwest::RequestBuilder, url: &str) -> Result<Answer, Refusal> {
    let unreachable = |cause: reqwest::Error| Refusal::Unreachable(super::causes(&cause));
    let mut answer = request.send().await.map_err(unreachable)?;
    let header = |name| answer.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (status, target) = (answer.status(), header("location"));
    if !status.is_success() {
        let target = target.filter(|_| status.is_redirection());
        let target = target.map_or(String::new(), |target| format!(", a redirect to `{target}` that is not followed"));
        let what = format!("`{url}` answered with status {}{target}", status.as_u16());
        return Err(Refusal::Status(status.as_u16(), what));
    }
    let media_type = header("content-type").unwrap_or_default();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&piece);
        if body.len() > LARGEST {
            return Err(Refusal::Unreadable(format!("`{url}` answered with more than {} MiB", LARGEST >> 20)));
        }
    }
    Ok(Answer { url: url.to_owned(), media_type, body })
}

fn json(answer: Answer) -> Result<Value, Refusal> {
    let Answer { url, media_type, body } = answer;
    serde_json::from_slice(&body).map_err(|cause| {
        let beginning: String = String::from_utf8_lossy(&body).chars().take(80).collect();
        let what = match media_type.as_str() {
            media if media.contains("json") || media.is_empty() => format!("{cause}"),
            media => format!("it is {media}"),
        };
        Refusal::Unreadable(format!("`{url}` did not answer with JSON: {what}: {beginning}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_not_shown() {
        let access = Access {
            base_url: "http://127.0.0.1:1".into(),
            socket: None,
            local: None,
            headers: vec![("authorization".into(), "Bearer secret".into())],
            trust: Trust::default(),
            patience: PATIENCE,
            slow: Slow::new(|_| ()),
        };
        assert!(!format!("{access:?}").contains("secret"));
        let broken = Access { headers: vec![("x".into(), "secret\n".into())], ..access };
        let error = http(&broken).unwrap_err().to_string();
        assert!(error.contains("`x`") && !error.contains("secret"), "{error}");
    }
}
