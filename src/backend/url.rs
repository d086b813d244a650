//! Where a request goes: the parts of an `http` or `https` URL, with the path kept byte for byte.
//!
//! No normalising: a base URL and an endpoint are joined as they are given, and that is what the server sees.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::secrets;

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP, port 80 unless given.
    Http,
    /// HTTP over TLS, port 443 unless given.
    Https,
}

impl Scheme {
    /// As it is written before `://`.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that need not be written.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// A request URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// Given, or the scheme's own.
    pub port: u16,
    /// The request target: path and query, beginning with `/`.
    pub path: String,
    /// The socket of this host's file system that the server listens on, in the place of host and port.
    pub socket: Option<PathBuf>,
}

impl Url {
    /// Takes a URL apart. User names, fragments, blanks and characters beyond ASCII are refused.
    pub fn parse(text: &str) -> Result<Url> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| no_scheme(text))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => {
                let error = Error::new(format!("the scheme `{other}` is not `http` or `https`"));
                return Err(error.hint("give an address such as `http://127.0.0.1:8000`"));
            }
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new("it has a blank, or a character beyond ASCII").hint("percent-encode it"));
        }
        if rest.contains('#') {
            return Err(Error::new("it has a fragment (`#`), which no server gets to see"));
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if secrets::names_a_user(text) {
            let hint = "give credentials as `--api-key`, or as `--header \"Authorization=Basic ...\"`";
            return Err(Error::new("it has a user name").hint(hint));
        }
        let (host, port) = split_authority(authority)?;
        let port = match port {
            Some(port) => parse_port(port)?,
            None => scheme.default_port(),
        };
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        Ok(Url { scheme, host, port, path, socket: None })
    }

    /// The path without the query.
    pub fn path_only(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The value of the `Host` header: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.name(), self.authority(), self.path)
    }
}

/// A host as it stands in a URL: an IPv6 address in brackets.
pub fn bracketed(host: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_string() }
}

fn no_scheme(text: &str) -> Error {
    let error = Error::new("it has no scheme");
    if text.is_empty() { error } else { error.hint(format!("write `http://{}`", secrets::url(text))) }
}

/// Host and port text. Only a host in brackets may have colons.
fn split_authority(authority: &str) -> Result<(String, Option<&str>)> {
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (host, rest) = inner.split_once(']').ok_or_else(|| Error::new("`[` without `]`"))?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(Error::new(format!("`{host}` is not an IPv6 address")));
        }
        match rest {
            "" => (host, None),
            _ => (host, Some(rest.strip_prefix(':').ok_or_else(|| Error::new(format!("`{rest}` after `]`")))?)),
        }
    } else {
        match authority.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                let hint = format!("write an IPv6 address in brackets: `[{authority}]`");
                return Err(Error::new("the host has more than one `:`").hint(hint));
            }
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    if host.is_empty() {
        return Err(Error::new("it has no host").hint("write it as in `http://127.0.0.1:8000`"));
    }
    Ok((host.to_string(), port))
}

fn parse_port(text: &str) -> Result<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ if text.is_empty() => Err(Error::new("it has a `:` and no port behind it")),
        _ => Err(Error::new(format!("`{text}` is not a port: 1 to 65535"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_its_path_kept() {
        let table = [
            ("http://h", ("h", 80, "/"), "http://h/"),
            ("HTTPS://h:443/a", ("h", 443, "/a"), "https://h/a"),
            ("http://h:1//v1/completions", ("h", 1, "//v1/completions"), "http://h:1//v1/completions"),
            ("http://[::1]:8000/v1/../x?a=b", ("::1", 8000, "/v1/../x?a=b"), "http://[::1]:8000/v1/../x?a=b"),
            ("http://[::1]", ("::1", 80, "/"), "http://[::1]/"),
            ("http://h?x=1", ("h", 80, "/?x=1"), "http://h/?x=1"),
        ];
        for (text, (host, port, path), printed) in table {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.host.as_str(), url.port, url.path.as_str()), (host, port, path), "{text}");
            assert_eq!(url.to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_request_url_is_refused_by_its_reason() {
        let table = [
            ("", "it has no scheme"),
            ("localhost:8000", "it has no scheme"),
            ("ftp://h", "the scheme `ftp` is not `http` or `https`"),
            ("http://", "it has no host"),
            ("http://:80/", "it has no host"),
            ("http://u:p@h/", "it has a user name"),
            ("http://h/a b", "it has a blank, or a character beyond ASCII"),
            ("http://h/\r\nX: y", "it has a blank, or a character beyond ASCII"),
            ("http://h/#a", "it has a fragment (`#`), which no server gets to see"),
            ("http://h:0", "`0` is not a port: 1 to 65535"),
            ("http://h:+80", "`+80` is not a port: 1 to 65535"),
            ("http://h:", "it has a `:` and no port behind it"),
            ("http://u:p/q@h", "it has a user name"),
            ("http://::1/", "the host has more than one `:`"),
            ("http://[::1", "`[` without `]`"),
            ("http://[h]", "`h` is not an IPv6 address"),
            ("http://[::1]x", "`x` after `]`"),
        ];
        for (text, why) in table {
            assert_eq!(Url::parse(text).unwrap_err().to_string(), why, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_url_reads_back(text in "https?://[a-z]{1,3}(:[1-9][0-9]{0,3})?(/[a-z?=/.]{0,8})?") {
            let url = Url::parse(&text).unwrap();
            prop_assert_eq!(Url::parse(&url.to_string()).unwrap(), url);
        }

        #[test]
        fn no_text_panics_the_parser(text in "(http://)?\\PC*") {
            let _ = Url::parse(&text);
        }
    }
}
