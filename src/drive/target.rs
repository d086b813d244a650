//! Where requests go: an address, resolved once, through TLS and the environment's proxy where there is one.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use crate::backend::url::bracketed;
use crate::backend::{Scheme, Url};
use crate::error::{Error, Result};
use crate::reach::{self, Trust};

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Target {
    /// Addresses to connect to, tried in order: the server's, or its proxy's.
    pub(super) addresses: Vec<SocketAddr>,
    /// Which of them answered last.
    pub(super) best: Arc<AtomicUsize>,
    /// What TLS needs, for `https`.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// What to send first through a proxy, for `https`.
    pub(super) tunnel: Option<Vec<u8>>,
    /// What stands before the path in a request line, for `http` through a proxy.
    prefix: String,
    /// A `proxy-authorization` header line, for `http` through a proxy.
    authorization: String,
    /// Host and port of the proxy, if there is one.
    proxy: Option<String>,
}

impl Target {
    /// Finds out how to reach the host of `url`: names are resolved, the proxy variables of the environment are heeded.
    ///
    /// # Errors
    /// If a name does not resolve, the proxy is of a kind that is not spoken, or there is no trust store.
    pub fn resolve(url: &Url, trust: &Trust) -> Result<Self> {
        let secure = url.scheme == Scheme::Https;
        let tls = secure.then(|| tls(&url.host, trust)).transpose()?;
        let root = format!("{}://{}", url.scheme.name(), url.authority());
        let uri = root.parse().map_err(|cause| Error::new(format!("cannot use the server URL `{root}`: {cause}")))?;
        let mut target = Target {
            addresses: Vec::new(),
            best: Arc::default(),
            tls,
            tunnel: None,
            prefix: String::new(),
            authorization: String::new(),
            proxy: None,
        };
        let Some(proxy) = Matcher::from_env().intercept(&uri) else {
            target.addresses = addresses(&url.host, url.port)?;
            return Ok(target);
        };
        let host = proxy.uri().host().unwrap_or_default().trim_matches(['[', ']']);
        if proxy.uri().scheme_str() != Some("http") {
            let what = format!("cannot use the proxy `{host}`: only http proxies are spoken");
            return Err(Error::new(what).hint("name an http:// proxy, or list the server in NO_PROXY"));
        }
        let port = proxy.uri().port_u16().unwrap_or(80);
        target.addresses = addresses(host, port)?;
        target.proxy = Some(format!("{}:{port}", bracketed(host)));
        let authorization = proxy.basic_auth().and_then(|value| value.to_str().ok());
        let authorization = authorization.map_or(String::new(), |value| format!("proxy-authorization: {value}\r\n"));
        if secure {
            let authority = format!("{}:{}", bracketed(&url.host), url.port);
            let head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{authorization}\r\n");
            target.tunnel = Some(head.into_bytes());
        } else {
            target.prefix = root;
            target.authorization = authorization;
        }
        Ok(target)
    }

    /// Host and port of the proxy that requests go through, if they do.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// The addresses, as people read them.
    pub(super) fn shown(&self) -> String {
        self.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    }

    /// The start of a request's head: its first line, and what a proxy wants to see.
    pub fn request_line(&self, method: &str, path: &str) -> String {
        format!("{method} {}{path} HTTP/1.1\r\n{}", self.prefix, self.authorization)
    }
}

fn tls(host: &str, trust: &Trust) -> Result<(Arc<ClientConfig>, ServerName<'static>)> {
    let mut config = reach::config(trust)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Arc::new(config), reach::name(host)?))
}

fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map_err(|cause| Error::new(cause.to_string()));
    let found: Vec<SocketAddr> =
        found.map_err(|error| error.context(format!("cannot resolve host `{host}`")))?.collect();
    if found.is_empty() { Err(Error::new(format!("host `{host}` has no address"))) } else { Ok(found) }
}
