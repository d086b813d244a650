//! The flags that name the server: protocol, address, headers, key. [`ServerArgs::resolve`] checks all of them before
//! anything is sent.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::address::{self, Address, Place};
use super::headers::{self, Key};
use super::kinds::Backend;
use super::url::{Url, bracketed};
use crate::args;
use crate::args::range::outside;
use crate::error::{Error, Result};
use crate::reach::{Trust, proxy};
use crate::secrets::{self, Secrets};

/// Where servers listen unless they are told otherwise, as the reference has it.
const HOST: &str = "127.0.0.1";
const PORT: u16 = 8000;

/// The flags that name the server.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// Protocol of the requests
    #[arg(long, value_name = "NAME", default_value = "openai", value_parser = backend_parser())]
    pub backend: Backend,
    /// Server's address, such as `https://example.com`; counts over --host and --port
    ///
    /// With or without /v1 or the path of the endpoint; `unix:/path` for a socket. Of several servers each gets a request in turn,
    /// and has a row of its own in the report. Where neither this nor host nor port is given, OPENAI_BASE_URL counts.
    #[arg(long, value_name = "URL", num_args = 1..)]
    pub base_url: Vec<String>,
    /// Send requests to all addresses of the server's name, in turn
    ///
    /// Each has a row of its own in the report. Otherwise the first that answers gets all of them.
    #[arg(long)]
    pub spread: bool,
    /// This host's addresses to connect from, in turn
    ///
    /// One has some 28,000 ports for one server.
    #[arg(long, value_name = "IP", num_args = 1..)]
    pub local_address: Vec<IpAddr>,
    /// Server's name or address
    #[arg(long, default_value = HOST)]
    pub host: String,
    /// Server's port
    #[arg(long, default_value_t = PORT, value_parser = port)]
    pub port: u16,
    /// Path appended to the address [default: by --backend]
    #[arg(long, value_name = "PATH")]
    pub endpoint: Option<String>,
    /// Model name [default: the first model the server lists]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Name to send in requests instead of the one in --model
    #[arg(long, value_name = "NAME")]
    pub served_model_name: Option<String>,
    /// Sent as `Authorization: Bearer KEY`
    ///
    /// Other users of this machine can read a command line: the environment variable is the safer place.
    #[arg(long, value_name = "KEY", env = "OPENAI_API_KEY", hide_env_values = true, value_parser = key)]
    pub api_key: Option<Key>,
    /// Further request headers
    ///
    /// One flag takes all of them; given again, the flag replaces the headers before it.
    #[arg(long, value_name = "KEY=VALUE", num_args = 0.., value_parser = key)]
    pub header: Vec<Key>,
    /// Accept any TLS certificate
    #[arg(long)]
    pub insecure: bool,
    /// Certificates to trust beside the system's, in PEM form
    ///
    /// REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE are heeded too, and SSL_CERT_FILE takes the place of the system's store.
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// Certificate of the client, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Key of the client's certificate, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Longest time one request may take; inf for no limit
    #[arg(long, value_name = "SECONDS", default_value = "21600", value_parser = args::float)]
    pub request_timeout: f64,
    /// Largest event of a stream; a request that gets a larger one fails
    #[arg(long, value_name = "BYTES", default_value = "16777216", value_parser = args::count)]
    pub max_event_bytes: usize,
    /// Open connections inside the measured time
    ///
    /// Connections are otherwise opened before a request's clock starts, so that TTFT says how long the server took.
    #[arg(long)]
    pub connect_in_request: bool,
}

/// Where connections are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// Before the clock of a request starts.
    Beforehand,
    /// Inside the measured time.
    InRequest,
}

/// A server and how to speak to it: what the flags come to.
#[derive(Debug, Clone)]
pub struct Server {
    /// The protocol.
    pub backend: Backend,
    /// Where it is; several where requests go to several in turn.
    pub places: Vec<Place>,
    /// Whether requests go to all addresses of a name, in turn.
    pub spread: bool,
    /// This host's addresses to connect from, in turn; none where the system chooses.
    pub local: Vec<IpAddr>,
    /// Further headers, in order; no two of one name. Values are treated like keys, since some are.
    pub headers: Vec<(String, Key)>,
    /// The bearer token; `None` where there is none, or it is empty.
    pub api_key: Option<Key>,
    /// Whom TLS trusts.
    pub trust: Trust,
    /// The model as the user names it; `None` where the server is to be asked.
    pub model: Option<String>,
    /// The name in request bodies, where it is not the model's; only with `model`.
    pub served_model_name: Option<String>,
    /// How long one request may take; `None` for no limit.
    pub request_timeout: Option<Duration>,
    /// Largest event of a stream, in bytes.
    pub max_event_bytes: usize,
    /// Where connections are opened.
    pub connect: Connect,
    /// What looks unintended, a line each.
    pub warnings: Vec<String>,
}

impl Server {
    /// The headers that requests carry beside their own: the key, then those of `--header`, which go before it.
    pub fn all_headers(&self) -> Vec<(String, String)> {
        let given = |name: &str| self.headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
        let key = self.api_key.iter().filter(|_| !given("authorization"));
        let key = key.map(|key| ("Authorization".to_string(), format!("Bearer {}", key.secret())));
        key.chain(self.headers.iter().map(|(name, value)| (name.clone(), value.secret().to_string()))).collect()
    }

    /// What servers may repeat in their errors and nobody should see: the key, the values of headers and of the query, and what the
    /// environment has for the proxy.
    pub fn secrets(&self) -> Secrets {
        let keys = self.api_key.iter().chain(self.headers.iter().map(|(_, value)| value)).map(Key::secret);
        let keys = keys.flat_map(secrets::in_header);
        let proxies = self.places.iter().filter_map(|place| proxy::of(&place.base).ok().flatten());
        let proxies = proxies.filter_map(|proxy| proxy.basic_auth()?.to_str().ok().map(str::to_owned));
        let proxies = proxies.flat_map(|value| secrets::in_header(&value).collect::<Vec<_>>());
        let queries = self.places.iter().flat_map(|place| secrets::in_query(&place.url.path)).map(str::to_owned);
        Secrets::new(keys.chain(proxies).chain(queries))
    }

    /// Points the server at another address on this host, the endpoint kept.
    ///
    /// # Errors
    /// If address and endpoint make no URL.
    pub fn move_to(&mut self, address: std::net::SocketAddr) -> Result<()> {
        let (base, path) = (format!("http://{address}"), &self.places[0].url.path);
        let url = Url::parse(&format!("{base}{path}"))?;
        self.places = vec![Place { base, url }];
        self.spread = false;
        Ok(())
    }
}

impl ServerArgs {
    /// Checks the flags against each other and says where requests go.
    pub fn resolve(&self) -> Result<Server> {
        let endpoint = self.endpoint.as_deref().unwrap_or(self.backend.default_endpoint());
        if secrets::is_url(endpoint) {
            return Err(Error::new(format!("`--endpoint {}` is a whole address", secrets::url(endpoint)))
                .hint("give it as `--base-url`, or only its path"));
        }
        let endpoint = &format!("/{}", endpoint.trim_start_matches('/'));
        let addresses = self.addresses(endpoint)?;
        let notes: Vec<String> = addresses.iter().filter_map(|address| address.note.clone()).collect();
        let places = addresses.into_iter().map(|address| self.place(address, endpoint));
        let places = places.collect::<Result<Vec<Place>>>()?;
        self.check_places(&places)?;
        let api_key = self.api_key.clone().filter(|key| !key.secret().is_empty());
        if let Some(key) = &api_key {
            headers::check_value("--api-key", key.secret())?;
        }
        if self.max_event_bytes == 0 {
            return Err(Error::new("`--max-event-bytes 0` leaves no room for an event").hint("give 1 or more"));
        }
        Ok(Server {
            backend: self.backend,
            warnings: notes.into_iter().chain(self.warning()).collect(),
            places,
            spread: self.spread,
            local: self.local_address.clone(),
            headers: headers::read("--header", &self.header)?,
            api_key,
            trust: self.trust(),
            model: self.model.clone(),
            served_model_name: self.served_model_name.clone().filter(|name| !name.is_empty() && self.model.is_some()),
            request_timeout: timeout(self.request_timeout)?,
            max_event_bytes: self.max_event_bytes,
            connect: if self.connect_in_request { Connect::InRequest } else { Connect::Beforehand },
        })
    }

    fn trust(&self) -> Trust {
        Trust {
            insecure: self.insecure,
            ca: self.tls_ca.clone(),
            identity: self.tls_cert.clone().zip(self.tls_key.clone()),
        }
    }

    /// The place whose requests go to `endpoint`.
    fn place(&self, Address { base, socket, .. }: Address, endpoint: &str) -> Result<Place> {
        let url = Url::parse(&format!("{base}{endpoint}")).map_err(|error| {
            let flags = if self.endpoint.is_some() { "`--base-url` and `--endpoint`" } else { "`--base-url`" };
            error.context(format!("{flags} make no URL: `{}`", secrets::url(&format!("{base}{endpoint}"))))
        })?;
        if !self.backend.speaks_at(url.path_only()) {
            return Err(self.mismatch(endpoint));
        }
        Ok(Place { base, url: Url { socket, ..url } })
    }

    fn check_places(&self, places: &[Place]) -> Result<()> {
        if let Some(twice) =
            places.iter().enumerate().find_map(|(at, place)| places[..at].contains(place).then_some(place))
        {
            return Err(
                Error::new(format!("`--base-url` names `{}` twice", twice.shown())).hint("name each server once")
            );
        }
        if places.len() > usize::from(u16::MAX) {
            return Err(Error::new("`--base-url` names more than 65,535 servers").hint("name fewer"));
        }
        let unnamed = places.iter().find(|place| place.url.socket.is_some());
        match unnamed.filter(|_| self.spread || !self.local_address.is_empty()) {
            Some(place) => {
                Err(Error::new(format!("`{}` has one address, which is no address of a network", place.shown()))
                    .hint("leave out `--spread` and `--local-address`"))
            }
            None => Ok(()),
        }
    }

    /// Where the servers are: `--base-url`, the flags of host and port, or what other clients of the API are told.
    fn addresses(&self, endpoint: &str) -> Result<Vec<Address>> {
        if self.base_url.is_empty() {
            return Ok(vec![self.unnamed(endpoint)?]);
        }
        self.base_url.iter().map(|base| address::read("--base-url", base, endpoint)).collect()
    }

    fn unnamed(&self, endpoint: &str) -> Result<Address> {
        let told = std::env::var("OPENAI_BASE_URL").ok().filter(|told| !told.trim().is_empty());
        match told.filter(|_| self.host == HOST && self.port == PORT) {
            Some(told) => {
                let address = address::read("OPENAI_BASE_URL", &told, endpoint)?;
                let note = Some(format!("the server is that of OPENAI_BASE_URL, `{}`", secrets::url(&address.base)));
                Ok(Address { note, ..address })
            }
            None => Ok(Address { base: self.base()?, socket: None, note: None }),
        }
    }

    fn base(&self) -> Result<String> {
        let bare = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host);
        if bare.is_empty() || bare.contains(['/', '?', '@']) {
            let error = Error::new(format!("`--host {}` is not a host name", secrets::url(&self.host)));
            return Err(error.hint("give a whole address as `--base-url`"));
        }
        if bare.contains(':') && bare.parse::<Ipv6Addr>().is_err() {
            let error =
                Error::new(format!("`--host {}` is neither a name nor an IPv6 address", secrets::url(&self.host)));
            return Err(error.hint("give the port as `--port`"));
        }
        let base = format!("http://{}:{}", bracketed(bare), self.port);
        Url::parse(&base)
            .map_err(|error| error.context(format!("`--host {}` is not a host name", secrets::url(&self.host))))?;
        Ok(base)
    }

    fn mismatch(&self, endpoint: &str) -> Error {
        let name = self.backend.name();
        let ends = self.backend.endings().iter().map(|end| format!("`/{end}`")).collect::<Vec<_>>().join(" or ");
        let path = endpoint.split('?').next().unwrap_or_default();
        let endpoint = secrets::url(endpoint);
        let error =
            Error::new(format!("`--endpoint {endpoint}` does not fit `--backend {name}`, whose path ends with {ends}"));
        // `openai` is the better known name of two.
        match Backend::all().skip(1).find(|backend| backend.speaks_at(path)) {
            Some(other) => error.hint(format!("give `--backend {}`, or leave out `--endpoint`", other.name())),
            None => error.hint(format!("leave out `--endpoint` for `{}`", self.backend.default_endpoint())),
        }
    }

    fn warning(&self) -> Option<String> {
        let idle = self.served_model_name.is_some() && self.model.is_none();
        idle.then(|| "`--served-model-name` has no effect without `--model`".into())
    }
}

fn backend_parser() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(Backend::all().map(Backend::name))
        .map(|name| Backend::named(&name).expect("the parser lets only names of backends through"))
}

fn key(text: &str) -> Result<Key, String> {
    Ok(text.trim().into())
}

fn port(text: &str) -> Result<u16, String> {
    match u16::try_from(args::int(text)?) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("not a port: 1 to 65535".into()),
    }
}

fn timeout(seconds: f64) -> Result<Option<Duration>> {
    if seconds == f64::INFINITY {
        return Ok(None);
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(limit) if !limit.is_zero() => Ok(Some(limit)),
        // So many years are no limit.
        Err(_) if seconds > 0.0 => Ok(None),
        _ => Err(outside("--request-timeout", seconds, "a time above 0").hint("give seconds, or inf for no limit")),
    }
}

#[cfg(test)]
#[path = "args_test.rs"]
mod tests;
