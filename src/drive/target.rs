//! Where requests go: an address, resolved once, through TLS and the environment's proxy where there is one. Of several addresses
//! each may be a target of its own.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use crate::backend::url::bracketed;
use crate::backend::{Place, Scheme, Server};
use crate::error::{Error, Result};
use crate::plan::request::Start;
use crate::reach::{self, Trust, proxy};

/// What a connection leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    /// An address of a network.
    Net(SocketAddr),
    /// A socket of this host's file system.
    Path(PathBuf),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Net(address) => address.fmt(f),
            Peer::Path(path) => path.display().fmt(f),
        }
    }
}

/// This host's addresses to connect from, each in its turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Local {
    addresses: Vec<IpAddr>,
    turn: Arc<AtomicUsize>,
}

impl Local {
    /// The one to connect to `peer` from; `None` where the system chooses.
    pub(super) fn next(&self, peer: SocketAddr) -> Option<IpAddr> {
        let fitting: Vec<_> = self.addresses.iter().filter(|own| own.is_ipv4() == peer.is_ipv4()).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        fitting.get(turn % fitting.len().max(1)).map(|own| **own)
    }
}

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Target {
    /// What people call it.
    name: String,
    /// How requests to it start.
    start: Start,
    /// What to connect to, tried in order: the server's addresses, or its proxy's.
    pub(super) peers: Vec<Peer>,
    /// Where from.
    pub(super) local: Local,
    /// Which of them answered last.
    pub(super) best: Arc<AtomicUsize>,
    /// What TLS needs, for `https`.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// What to send first through a proxy, for `https`.
    pub(super) tunnel: Option<Vec<u8>>,
    /// Host and port of the proxy, if there is one.
    proxy: Option<String>,
}

impl Target {
    /// Finds out how to reach each place of `server`, and each address of its name where requests are spread over them: names are
    /// resolved, the proxy variables of the environment are heeded.
    ///
    /// # Errors
    /// If a name does not resolve, the proxy is of a kind that is not spoken, or there is no trust store.
    pub fn resolve_all(server: &Server) -> Result<Vec<Self>> {
        let local = Local { addresses: server.local.clone(), turn: Arc::default() };
        let mut targets = Vec::new();
        for place in &server.places {
            let target = Target::resolve(place, &server.trust)?.from(&local)?;
            match server.spread {
                true => targets.extend(target.each()?),
                false => targets.push(target),
            }
        }
        Ok(targets)
    }

    /// Finds out how to reach `place`.
    ///
    /// # Errors
    /// As [`Target::resolve_all`].
    pub fn resolve(place: &Place, trust: &Trust) -> Result<Self> {
        let url = &place.url;
        let secure = url.scheme == Scheme::Https;
        let tls = secure.then(|| tls(&url.host, trust)).transpose()?;
        let root = format!("{}://{}", url.scheme.name(), url.authority());
        let mut target = Target {
            name: place.shown(),
            start: Start { line: format!("POST {} HTTP/1.1\r\n", url.path), host: url.authority() },
            peers: Vec::new(),
            local: Local::default(),
            best: Arc::default(),
            tls,
            tunnel: None,
            proxy: None,
        };
        if let Some(path) = &url.socket {
            target.peers = vec![Peer::Path(path.clone())];
            return Ok(target);
        }
        let Some(proxy) = proxy::of(&root)? else {
            target.peers = peers(&url.host, url.port)?;
            return Ok(target);
        };
        let host = proxy.uri().host().unwrap_or_default().trim_matches(['[', ']']);
        let port = proxy.uri().port_u16().unwrap_or(80);
        target.peers = peers(host, port)?;
        target.proxy = Some(format!("{}:{port}", bracketed(host)));
        let authorization = proxy.basic_auth().and_then(|value| value.to_str().ok());
        let authorization = authorization.map_or(String::new(), |value| format!("proxy-authorization: {value}\r\n"));
        if secure {
            let authority = format!("{}:{}", bracketed(&url.host), url.port);
            let head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{authorization}\r\n");
            target.tunnel = Some(head.into_bytes());
        } else {
            // A proxy wants to know the server, and who asks.
            target.start.line = format!("POST {root}{} HTTP/1.1\r\n{authorization}", url.path);
        }
        Ok(target)
    }

    /// The same, connected to from the addresses of `local`, where there are any: to those peers that they can reach.
    fn from(self, local: &Local) -> Result<Self> {
        let local = local.clone();
        if local.addresses.is_empty() {
            return Ok(Target { local, ..self });
        }
        let reached = |peer: &Peer| match peer {
            Peer::Net(peer) => local.addresses.iter().any(|own| own.is_ipv4() == peer.is_ipv4()),
            Peer::Path(_) => true,
        };
        let peers: Vec<Peer> = self.peers.iter().filter(|peer| reached(peer)).cloned().collect();
        if peers.is_empty() {
            let peer = self.peers.first().map_or(String::new(), ToString::to_string);
            let what = format!("no `--local-address` can reach `{peer}`: one is IPv4, the other IPv6");
            return Err(Error::new(what).hint("give an address of the same kind as the server's"));
        }
        Ok(Target { local, peers, ..self })
    }

    /// A target for each of its addresses.
    fn each(self) -> Result<Vec<Self>> {
        if let Some(proxy) = &self.proxy {
            let what = format!("`--spread` cannot see the addresses of a server behind the proxy `{proxy}`");
            return Err(Error::new(what).hint("leave out `--spread`, or list the server in NO_PROXY"));
        }
        let mut peers: Vec<&Peer> = Vec::new();
        for peer in &self.peers {
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        let alone = |peer: &Peer| Target {
            name: peer.to_string(),
            peers: vec![peer.clone()],
            best: Arc::default(),
            ..self.clone()
        };
        Ok(peers.into_iter().map(alone).collect())
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Host and port of the proxy that requests go through, if they do.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// What connections lead to, as people read it.
    pub(super) fn shown(&self) -> String {
        self.peers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    }

    /// How requests to it start.
    pub fn start(&self) -> &Start {
        &self.start
    }
}

fn tls(host: &str, trust: &Trust) -> Result<(Arc<ClientConfig>, ServerName<'static>)> {
    let mut config = reach::config(trust)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Arc::new(config), reach::name(host)?))
}

fn peers(host: &str, port: u16) -> Result<Vec<Peer>> {
    let found = (host, port).to_socket_addrs().map_err(|cause| Error::new(cause.to_string()));
    let found = found.map_err(|error| error.context(format!("cannot resolve host `{host}`")))?;
    let found: Vec<Peer> = found.map(Peer::Net).collect();
    if found.is_empty() { Err(Error::new(format!("host `{host}` has no address"))) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Url;

    #[test]
    fn own_addresses_take_turns_with_peers_of_their_family() {
        let addresses = ["127.0.0.2", "::1", "127.0.0.3"].map(|own| own.parse().unwrap()).to_vec();
        let local = Local { addresses, turn: Arc::default() };
        let from = |peer: &str| local.next(peer.parse().unwrap()).unwrap().to_string();
        let four: Vec<String> = (0..4).map(|_| from("127.0.0.1:80")).collect();
        assert_eq!(four, ["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"]);
        assert_eq!(from("[::1]:80"), "::1");
        assert_eq!(Local::default().next("127.0.0.1:80".parse().unwrap()), None);
    }

    #[test]
    fn own_addresses_reach_peers_of_their_family_alone() {
        let place = Place { base: "http://127.0.0.1:1".into(), url: Url::parse("http://127.0.0.1:1/x").unwrap() };
        let resolved = Target::resolve(&place, &Trust::default()).unwrap();
        let peers = ["127.0.0.1:1", "[::1]:1"].map(|peer| Peer::Net(peer.parse().unwrap())).to_vec();
        let from = |own: &[&str], peers: &[Peer]| {
            let addresses = own.iter().map(|own| own.parse().unwrap()).collect();
            let target = Target { peers: peers.to_vec(), ..resolved.clone() };
            target.from(&Local { addresses, turn: Arc::default() }).map(|target| target.peers.len())
        };
        assert_eq!(from(&[], &peers).unwrap(), 2);
        assert_eq!(from(&["::1"], &peers).unwrap(), 1);
        assert_eq!(from(&["::1", "127.0.0.2"], &peers).unwrap(), 2);
        assert!(from(&["::1"], &peers[..1]).unwrap_err().to_string().contains("`127.0.0.1:1`"));
    }

    #[test]
    fn each_address_of_a_name_is_a_target_of_its_own() {
        let place = Place { base: "http://127.0.0.1:1".into(), url: Url::parse("http://127.0.0.1:1/x").unwrap() };
        let resolved = Target::resolve(&place, &Trust::default()).unwrap();
        let peers = ["10.0.0.1:1", "[::2]:1", "10.0.0.1:1"].map(|peer| Peer::Net(peer.parse().unwrap())).to_vec();
        let targets = Target { peers, ..resolved.clone() }.each().unwrap();
        assert_eq!(targets.iter().map(Target::name).collect::<Vec<_>>(), ["10.0.0.1:1", "[::2]:1"]);
        assert_eq!((targets[1].peers.len(), targets[1].start().host.as_str()), (1, "127.0.0.1:1"));
        let behind = Target { proxy: Some("p:3128".into()), ..resolved };
        assert!(behind.each().unwrap_err().to_string().contains("`p:3128`"));
    }
}
