//! The server's address in every spelling that people have: a text comes in, the prefix of all URLs of the server goes out, and
//! what is to be said of it.

use std::path::PathBuf;

use super::kinds::Backend;
use super::url::Url;
use crate::error::{Error, Result};
use crate::secrets;

/// An address as it is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme, host, port and what stands before the paths of the API.
    pub(super) base: String,
    /// The socket that the server listens on, in the place of host and port.
    pub(super) socket: Option<PathBuf>,
    /// What was made of the text, where that is not plain.
    pub(super) note: Option<String>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The prefix of all URLs of this server; paths such as `/v1/models` are appended to it.
    pub base: String,
    /// Where requests go: base and endpoint.
    pub url: Url,
}

impl Place {
    /// As people read it.
    pub fn shown(&self) -> String {
        match &self.url.socket {
            Some(path) => format!("unix:{}", path.display()),
            None => self.base.clone(),
        }
    }
}

/// Reads the address that `flag` gives, to which `endpoint` will be appended.
///
/// # Errors
/// If it is none.
pub(super) fn read(flag: &str, text: &str, endpoint: &str) -> Result<Address> {
    let given = text.trim();
    if let Some(path) = given.strip_prefix("unix:") {
        return on_this_host(flag, path);
    }
    let refused = |error: Error| error.context(format!("`{flag} {}` is not a URL", secrets::url(text)));
    let schemed = match given.contains("://") || !names_a_host(given) {
        true => given.to_owned(),
        false => format!("http://{given}"),
    };
    Url::parse(&schemed).map_err(refused)?;
    let without_query = schemed.split('?').next().unwrap_or_default();
    let (base, whole) = without_endpoint(without_query.trim_end_matches('/'));
    let versioned = endpoint.starts_with("/v1/");
    let base = base.strip_suffix("/v1").filter(|_| versioned).unwrap_or(base).trim_end_matches('/').to_owned();
    let other = whole.filter(|whole| *whole != endpoint).map_or(String::new(), |whole| {
        format!("; requests go to `{endpoint}`, and for `{whole}` another `--backend` is to be given")
    });
    let plain = base == text.trim_end_matches('/') && other.is_empty();
    let note = (!plain).then(|| format!("`{flag} {}` is read as `{}`{other}", secrets::url(text), secrets::url(&base)));
    Ok(Address { base, socket: None, note })
}

/// A server that listens on a socket of the file system, which is written `unix:/path` or `unix:///path`.
fn on_this_host(flag: &str, path: &str) -> Result<Address> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        let error = Error::new(format!("`{flag} unix:` names no socket"));
        return Err(error.hint("give its path, as in `unix:/run/vllm.sock`"));
    }
    Ok(Address { base: "http://localhost".to_owned(), socket: Some(path.into()), note: None })
}

/// Whether a text without a scheme is a host with or without a port: no flag's value that went astray.
fn names_a_host(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !host.is_empty() && host.bytes().all(letters) && (text.contains([':', '.']) || host == "localhost")
}

/// An address without the path of an API at its end, and that path.
fn without_endpoint(address: &str) -> (&str, Option<&'static str>) {
    let endpoints = Backend::all().map(Backend::default_endpoint).chain(["/v1/models", "/metrics", "/tokenize"]);
    let longest = endpoints.filter(|endpoint| address.ends_with(endpoint)).max_by_key(|endpoint| endpoint.len());
    longest.map_or((address, None), |endpoint| (&address[..address.len() - endpoint.len()], Some(endpoint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_leads_to_the_server() {
        let table = [
            ("http://h:8000", "http://h:8000", false),
            ("http://h:8000/", "http://h:8000", false),
            ("http://h:8000/v1", "http://h:8000", true),
            ("http://h:8000/v1/", "http://h:8000", true),
            (" http://h:8000/v1/ ", "http://h:8000", true),
            ("http://h:8000/v1/completions", "http://h:8000", true),
            ("http://h:8000/v1/chat/completions", "http://h:8000", true),
            ("https://h/api/v1", "https://h/api", true),
            ("https://h/api", "https://h/api", false),
            ("http://h/v1/models?x=1", "http://h", true),
            ("localhost:8000", "http://localhost:8000", true),
            ("10.0.0.7:8000/v1", "http://10.0.0.7:8000", true),
            ("localhost", "http://localhost", true),
            ("http://[::1]:8000/v1", "http://[::1]:8000", true),
        ];
        for (text, base, told) in table {
            let read = read("--base-url", text, "/v1/completions").unwrap();
            assert_eq!((read.base.as_str(), read.note.is_some()), (base, told), "{text}: {:?}", read.note);
        }
    }

    #[test]
    fn a_path_of_another_protocol_is_told() {
        let note = |text| read("--base-url", text, "/v1/completions").unwrap().note.unwrap();
        assert!(note("http://h/v1/chat/completions").contains("another `--backend`"));
        assert!(!note("http://h/v1/completions").contains("another"));
    }

    #[test]
    fn a_socket_is_named_by_its_path() {
        for (text, path) in
            [("unix:/run/v.sock", "/run/v.sock"), ("unix:///run/v.sock", "/run/v.sock"), ("unix:v", "v")]
        {
            let read = read("--base-url", text, "/v1/completions").unwrap();
            assert_eq!((read.base.as_str(), read.socket), ("http://localhost", Some(path.into())), "{text}");
        }
        assert!(read("--base-url", "unix:", "/v1/completions").is_err());
    }

    #[test]
    fn a_version_stays_where_no_version_is_appended() {
        assert_eq!(read("--base-url", "http://h/v1", "/pooling").unwrap().base, "http://h/v1");
    }

    #[test]
    fn what_is_no_address_is_refused_and_shows_no_password() {
        for text in [
            "",
            "http://",
            "ftp://h",
            "no such thing",
            "h",
            "http://user:secret@h",
            "user:secret@h",
            "http://user:secret/x@h",
            "http://h/ ?key=secret",
            "--seed",
        ] {
            let error = read("--base-url", text, "/v1/completions").unwrap_err();
            let error = format!("{error} {:?}", error.advice());
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
