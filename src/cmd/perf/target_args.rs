//! The flags of `perf` that name the model, its server and its tokenizer, and what they come to.

use std::path::PathBuf;
use std::time::Duration;

use super::api::Api;
use crate::args::{self, range::outside};
use crate::backend::{Backend, Connect, Key, Place, Server, Url, read_headers};
use crate::error::{Error, Result};
use crate::plan::ReadyCheck;
use crate::reach::Trust;
use crate::secrets;
use crate::token::Choice;

/// The port that only the servers have which EvalScope would start itself.
const PORT: i64 = 8877;
/// The largest event of a stream.
const MAX_EVENT_BYTES: usize = 16 << 20;
/// What the connection test asks.
const HELLO: &str = "hello";
/// From one connection test to the next.
const PAUSE: Duration = Duration::from_secs(10);

/// The model, its server and its tokenizer.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model and server")]
pub(super) struct TargetArgs {
    /// Model name in requests
    #[arg(long, value_name = "NAME")]
    pub(super) model: String,
    /// Not here: EvalScope's own models only
    #[arg(long, value_name = "NAME")]
    pub(super) attn_implementation: Option<String>,
    /// Protocol: openai (chat, or completions where the URL says so), openai_responses, openai_embedding, openai_rerank
    #[arg(long, value_name = "NAME", default_value = "openai")]
    pub(super) api: String,
    /// Tokenizer that makes and counts prompts: a path, a name on the hub, or `builtin`
    #[arg(long, value_name = "NAME")]
    pub(super) tokenizer_path: Option<String>,
    /// Accepted for compatibility; has no effect
    #[arg(long, default_value_t = PORT, value_parser = args::int)]
    pub(super) port: i64,
    /// Where requests go; the path may be left out
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8877/v1/chat/completions")]
    pub(super) url: String,
    /// Further request headers
    #[arg(long, value_name = "KEY=VALUE", num_args = 0.., value_parser = key)]
    pub(super) headers: Vec<Key>,
    /// Has no effect: --total-timeout limits all of a request
    #[arg(long, value_name = "SECONDS", value_parser = args::float)]
    pub(super) connect_timeout: Option<f64>,
    /// Has no effect: --total-timeout limits all of a request
    #[arg(long, value_name = "SECONDS", value_parser = args::float)]
    pub(super) read_timeout: Option<f64>,
    /// Most seconds for a request, and for the connection test
    #[arg(long, value_name = "SECONDS", default_value = "21600", value_parser = args::float)]
    pub(super) total_timeout: f64,
    /// Sent as `Authorization: Bearer KEY`
    ///
    /// Other users of this machine can read a command line: the environment variable is the safer place.
    #[arg(long, value_name = "KEY", env = "OPENAI_API_KEY", hide_env_values = true, value_parser = key)]
    pub(super) api_key: Option<Key>,
    /// Send no request before each point that tells whether the server answers
    #[arg(long)]
    pub(super) no_test_connection: bool,
    /// Accept any TLS certificate
    #[arg(long)]
    pub(super) insecure: bool,
    /// Certificates to trust beside the system's, in PEM form
    #[arg(long, value_name = "FILE")]
    pub(super) tls_ca: Option<PathBuf>,
}

impl TargetArgs {
    /// The server, and the protocol that is spoken to it; `ids` are token ids, which only completions take.
    pub(super) fn server(&self, ids: bool) -> Result<Server> {
        let api = Api::named(&self.api)?;
        if self.attn_implementation.is_some() {
            return Err(Error::new("`--attn-implementation` is about models that EvalScope runs itself")
                .hint("leave it out: the server decides how attention is computed"));
        }
        let whole = api.address(&self.url, ids);
        let wrong = |error: Error| error.context(format!("`--url {}` is not a URL", secrets::url(&self.url)));
        let url = Url::parse(&whole).map_err(wrong)?;
        let backend = api.backend(url.path_only())?;
        let api_key = self.api_key.clone().filter(|key| !key.secret().is_empty());
        let mut headers = read_headers("--headers", &self.headers)?;
        // EvalScope's own, which gateways may know.
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
            headers.insert(0, ("user-agent".to_owned(), "modelscope_bench".into()));
        }
        Ok(Server {
            backend,
            places: vec![Place { base: base(&url, backend), url }],
            spread: false,
            local: Vec::new(),
            headers,
            api_key,
            trust: Trust { insecure: self.insecure, ca: self.tls_ca.clone(), identity: None },
            model: Some(self.model.clone()),
            served_model_name: None,
            request_timeout: Some(self.total()?),
            max_event_bytes: MAX_EVENT_BYTES,
            connect: Connect::Beforehand,
            warnings: self.warnings(),
        })
    }

    /// Whether the server answers at all, asked before each point; embeddings and rankings are not tested.
    pub(super) fn test(&self, backend: Backend) -> Result<Option<ReadyCheck>> {
        let tested = !self.no_test_connection && backend.takes_sampling();
        let check = ReadyCheck {
            pause: PAUSE,
            prompt: Some(HELLO.to_owned()),
            heeds_refusals: true,
            ..ReadyCheck::lasting(self.total()?, "--total-timeout")
        };
        Ok(tested.then_some(check))
    }

    /// The tokenizer that is asked for.
    pub(super) fn tokenizer(&self) -> Choice {
        match self.tokenizer_path.as_deref() {
            None => Choice::Skip,
            Some("builtin") => Choice::Builtin,
            Some(name) => Choice::Named(name.to_owned()),
        }
    }

    fn total(&self) -> Result<Duration> {
        let limit = Duration::try_from_secs_f64(self.total_timeout).ok().filter(|limit| !limit.is_zero());
        limit.ok_or_else(|| outside("--total-timeout", self.total_timeout, "a time above 0").hint("give seconds"))
    }

    fn warnings(&self) -> Vec<String> {
        let table = [
            (self.port != PORT, "`--port` has no effect: `--url` says where the server is"),
            (
                self.connect_timeout.is_some(),
                "`--connect-timeout` has no effect: connections are opened before a request is timed, and `--total-timeout` limits both",
            ),
            (self.read_timeout.is_some(), "`--read-timeout` has no effect: `--total-timeout` limits a whole request"),
        ];
        table.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning.to_owned()).collect()
    }
}

/// What goes before the paths of all other calls to the server.
fn base(url: &Url, backend: Backend) -> String {
    let whole = url.to_string();
    let whole = whole.split('?').next().unwrap_or_default();
    whole.strip_suffix(backend.default_endpoint()).unwrap_or(whole).to_owned()
}

fn key(text: &str) -> Result<Key, String> {
    Ok(text.trim().into())
}
