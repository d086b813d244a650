//! The proxy of the environment: a server's address comes in, the proxy to reach it by goes out, for requests and for calls beside
//! them alike.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::error::{Error, Result};
use crate::secrets;

/// The proxy that the environment names for `server`, if it does and no exception is made.
///
/// # Errors
/// If it names one that cannot be used, which must not be passed over in silence.
pub fn of(server: &str) -> Result<Option<Intercept>> {
    named(server, |name| std::env::var(name).ok())
}

/// As [`of`], where `of` looks a variable up.
fn named(server: &str, of: impl Fn(&str) -> Option<String>) -> Result<Option<Intercept>> {
    let names = match server.starts_with("https:") {
        true => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        false => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let given = |name: &'static str| Some((name, of(name)?)).filter(|(_, value)| !value.trim().is_empty());
    let Some((name, value)) = names.into_iter().find_map(given) else { return Ok(None) };
    let except = of("NO_PROXY").or_else(|| of("no_proxy")).unwrap_or_default();
    let uri = server.parse().map_err(|cause| Error::new(format!("cannot use the server URL `{server}`: {cause}")))?;
    let by = |proxy: &str| Matcher::builder().all(proxy).no(except.as_str()).build().intercept(&uri);
    let port = uri.port_u16().unwrap_or(if server.starts_with("https:") { 443 } else { 80 });
    if by("http://any").is_none() || excepts(&except, uri.host().unwrap_or_default(), port) {
        return Ok(None);
    }
    match by(value.trim()).filter(|proxy| proxy.uri().scheme_str() == Some("http")) {
        Some(proxy) => Ok(Some(proxy)),
        None => {
            let what = format!("{name} names no proxy that can be used: `{}`", secrets::url(&value));
            Err(Error::new(what).hint("name one as in `http://10.0.0.1:3128`, or list the server in NO_PROXY"))
        }
    }
}

/// Whether a list of exceptions has `*`, which stands for addresses too, or this host with this port: what other clients know and the
/// library of proxies does not.
fn excepts(list: &str, host: &str, port: u16) -> bool {
    list.split(',').map(str::trim).any(|entry| match entry.rsplit_once(':') {
        Some((name, number)) => {
            let name = name.trim_start_matches('.');
            number.parse() == Ok(port) && (host == name || host.ends_with(&format!(".{name}")))
        }
        None => entry == "*",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_used_excepted_or_refused_and_never_passed_over() {
        let found = |variables: &[(&str, &str)], server: &str| {
            let of =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
            named(server, of).map(|found| found.map(|proxy| proxy.uri().to_string()))
        };
        type Variables = [(&'static str, &'static str)];
        let table: &[(&Variables, &str, Option<&str>)] = &[
            (&[], "http://h", None),
            (&[("http_proxy", " ")], "http://h", None),
            (&[("http_proxy", "http://p:3128")], "http://h", Some("http://p:3128/")),
            (&[("http_proxy", "p:3128")], "http://h", Some("http://p:3128/")),
            (&[("http_proxy", "http://p:3128")], "https://h", None),
            (&[("HTTPS_PROXY", "http://p:3128")], "https://h", Some("http://p:3128/")),
            (&[("ALL_PROXY", "http://p:3128")], "https://h", Some("http://p:3128/")),
            (&[("http_proxy", "http://p:3128"), ("NO_PROXY", "h,i")], "http://h", None),
            (&[("http_proxy", "ftp://p"), ("no_proxy", "h")], "http://h", None),
            (&[("http_proxy", "http://p:3128"), ("no_proxy", "*")], "http://127.0.0.1:8000", None),
            (&[("http_proxy", "http://p:3128"), ("no_proxy", "x, 127.0.0.1:8000")], "http://127.0.0.1:8000", None),
            (&[("http_proxy", "http://p:3128"), ("no_proxy", "h:81")], "http://h", Some("http://p:3128/")),
            (&[("http_proxy", "http://p:3128"), ("no_proxy", ".h:80")], "http://a.h", None),
        ];
        for (variables, server, expected) in table {
            assert_eq!(found(variables, server).unwrap().as_deref(), *expected, "{variables:?} {server}");
        }
        for value in ["ftp://p", "http://", "socks5://p:1080", "https://p", "http://a b", "http://u:secret@"] {
            let error =
                found(&[("http_proxy", value), ("ALL_PROXY", "http://p:1")], "http://h").unwrap_err().to_string();
            assert!(error.starts_with("http_proxy names no proxy that can be used: `"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
