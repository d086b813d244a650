//! What of a command line may be secret, and how it is shown and kept without it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// The one name in a query whose value is shown: it says which interface is meant, and is never a key.
const VERSION: &str = "api-version";

/// The secrets of a run, which somebody else may repeat.
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those of these texts that are secrets: one of a few characters is none, and would be found in any text.
    pub fn new(texts: impl Iterator<Item = String>) -> Self {
        const SHORTEST: usize = 8;
        Secrets(texts.filter(|text| text.len() >= SHORTEST).collect())
    }

    /// What somebody else says, without them.
    pub fn mask(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| text.replace(secret, MASK))
    }
}

/// The value of a flag, named without its dashes, as it may be kept.
pub fn shown(flag: &str, value: &str) -> String {
    match flag {
        "api-key" | "wandb-api-key" | "swanlab-api-key" => MASK.to_owned(),
        "header" | "headers" => format!("{}={MASK}", value.split('=').next().unwrap_or_default()),
        "base-url" | "endpoint" | "url" => url(value),
        _ if is_url(value) => url(value),
        _ => value.to_owned(),
    }
}

/// Whether a value is an address as a whole, and none that holds one.
pub fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// An address or its end as it may be shown: what stands before the host may be a password, and what a query says may be a key.
pub fn url(text: &str) -> String {
    let text = without_user(text);
    let Some((before, query)) = text.split_once('?') else { return text };
    let parts: Vec<String> = query.split('&').map(masked).collect();
    format!("{before}?{}", parts.join("&"))
}

/// The values and the words in the query of an address that may be keys.
pub fn in_query(text: &str) -> impl Iterator<Item = &str> {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|part| match part.split_once('=') {
        Some((VERSION, _)) => None,
        Some((_, value)) => Some(value),
        None => Some(part),
    })
}

/// What in the value of a header may be a key: all of it, what follows the name of a scheme, and the user and password, or the
/// password alone, that this stands for.
pub fn in_header(value: &str) -> impl Iterator<Item = String> {
    let (scheme, key) = value.rsplit_once(' ').unwrap_or(("", value));
    let pair = scheme.trim().eq_ignore_ascii_case("basic").then(|| STANDARD.decode(key).ok()).flatten();
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
    // A key may stand in the place of the user, with no password.
    let alone = |(user, password): (&str, &str)| if password.is_empty() { user } else { password }.to_owned();
    let password = pair.as_deref().and_then(|pair| pair.split_once(':')).map(alone);
    [Some(value.to_owned()), Some(key.to_owned()), pair, password].into_iter().flatten()
}

/// Whether an address names a user, whose password may follow.
pub fn names_a_user(text: &str) -> bool {
    without_user(text) != text
}

/// One part of a query without its value. A word alone may be a key as well as a switch.
fn masked(part: &str) -> String {
    match part.split_once('=') {
        Some((VERSION, _)) => part.to_owned(),
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    }
}

/// An address without user and password, which may have signs that end a host elsewhere.
fn without_user(text: &str) -> String {
    let start = text.find("//").map_or(0, |at| at + 2);
    let end = text[start..].find(['/', '?']).map_or(text.len(), |at| start + at);
    let authority = &text[start..end];
    let until = match authority.rfind('@') {
        None if is_host(authority) => None,
        None => text.rfind('@').filter(|at| *at > start),
        Some(at) => Some(start + at),
    };
    until.map_or(text.to_owned(), |at| format!("{}{MASK}{}", &text[..start], &text[at..]))
}

/// Whether a text can be a host with or without its port.
fn is_host(text: &str) -> bool {
    let port = text.rsplit(']').next().unwrap_or_default().split_once(':').map_or("", |(_, port)| port);
    port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        let table = [
            ("http://u:p@h:1/x@y", "http://***@h:1/x@y"),
            ("u:p@h", "***@h"),
            ("http://u:p@q@h", "http://***@h"),
            ("http://u:p/q@h/v1", "http://***@h/v1"),
            ("http://u:p?q@h", "http://***@h"),
            ("http://h/a@b", "http://h/a@b"),
            ("http://h:80/a@b", "http://h:80/a@b"),
            ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
            ("unix:/run/v@1.sock", "unix:/run/v@1.sock"),
        ];
        for (address, expected) in table {
            assert_eq!(url(address), expected);
        }
    }

    #[test]
    fn what_a_query_says_is_not_shown_but_for_its_version() {
        let table = [
            ("http://h/?key=k", "http://h/?key=***"),
            ("/v1/completions?api-version=2024-02-01&sig=a=b&x", "/v1/completions?api-version=2024-02-01&sig=***&***"),
            ("/v1/completions", "/v1/completions"),
            ("http://u:p@h?a=b", "http://***@h?a=***"),
        ];
        for (address, expected) in table {
            assert_eq!(url(address), expected);
        }
        assert_eq!(in_query("/x?api-version=1&a=k1&b&c=k=2").collect::<Vec<_>>(), ["k1", "b", "k=2"]);
    }

    #[test]
    fn a_header_holds_its_key_and_what_that_stands_for() {
        let table: [(&str, &[&str]); 5] = [
            ("k", &["k", "k"]),
            ("Bearer k", &["Bearer k", "k"]),
            // user:pass
            ("Basic dXNlcjpwYXNz", &["Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "user:pass", "pass"]),
            // token:
            ("basic dG9rZW46", &["basic dG9rZW46", "dG9rZW46", "token:", "token"]),
            ("Basic k", &["Basic k", "k"]),
        ];
        for (value, expected) in table {
            assert_eq!(in_header(value).collect::<Vec<_>>(), expected, "{value}");
        }
    }

    #[test]
    fn flags_are_kept_without_their_secrets() {
        let table = [
            ("api-key", "sk", "***"),
            ("header", "x-key=secret=2", "x-key=***"),
            ("base-url", "http://h?k=v", "http://h?k=***"),
            ("base-url", "h:80/v1?k=v", "h:80/v1?k=***"),
            ("base-url", "u:p@h:80", "***@h:80"),
            ("endpoint", "/v1/completions?k=v", "/v1/completions?k=***"),
            ("dataset-path", "https://h/a?sig=v", "https://h/a?sig=***"),
            ("dataset-path", "what?k=v", "what?k=v"),
            ("extra-body", r#"{"a":"http://h?k=v"}"#, r#"{"a":"http://h?k=v"}"#),
        ];
        for (flag, value, expected) in table {
            assert_eq!(shown(flag, value), expected);
        }
    }
}
