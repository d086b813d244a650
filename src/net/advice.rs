//! What to do where a server refuses or cannot be reached: what was said of it comes in, a hint goes out.

/// Words of a refusal, and the hint for it; the first that fits counts.
const TABLE: [(&[&str], &str); 23] = [
    (
        &["expected an event stream, got application/json", "expected an event stream, got a document"],
        "the server does not stream: `--no-stream-response` asks for answers that come whole",
    ),
    (
        &["proxy: HTTP", "HTTP 407", "status 407", "tunnel error: proxy authorization", "tunnel error: unsuccessful"],
        "the proxy refuses: its address in HTTP_PROXY or HTTPS_PROXY may hold a user and a password (http://user:password@host:port), and NO_PROXY lists servers to reach without it",
    ),
    (
        &["certificate expired", "certificate not valid yet", "certificate: Expired", "certificate: NotValidYet"],
        "renew the server's certificate, or look at this host's clock; `--insecure` checks no certificate",
    ),
    (
        &["not valid for name", "NotValidForName"],
        "the server's certificate is for another name: use that name in `--base-url`, or check no certificate with `--insecure`",
    ),
    (
        &["does not allow extended key usage", "InvalidPurpose"],
        "the server's certificate is none for servers: have one issued with the extended key usage `serverAuth`, or check no certificate with `--insecure`",
    ),
    (
        &["status 401", "HTTP 401", "status 403", "HTTP 403"],
        "the server wants a key: give `--api-key` or set OPENAI_API_KEY",
    ),
    (&["redirect to", "location: "], "give `--base-url` and `--endpoint` as they stand in the address it leads to"),
    (
        &["HTTP 413"],
        "the server, or a gateway before it, takes no request of this size: ask for shorter prompts or smaller pictures",
    ),
    (
        &["HTTP 422", "HTTP 400"],
        "the server does not take such a request: its own words say why; `--dry-run` shows what is sent, and `--drop-field NAME` leaves a field out",
    ),
    (&["status 429", "HTTP 429"], "the server limits how much it takes: lower `--max-concurrency` or `--request-rate`"),
    (
        &["status 502", "HTTP 502", "status 503", "HTTP 503", "status 504", "HTTP 504"],
        "a gateway answers and the server behind it does not, or not yet: look at its log; `--ready-check-timeout-sec 600` waits for it",
    ),
    (&["status 500", "HTTP 500"], "look at the server's log"),
    (
        &["CertificateRequired", "HandshakeFailure"],
        "the server wants a certificate of the client: give `--tls-cert` and `--tls-key`",
    ),
    (
        &["invalid peer certificate", "UnknownIssuer", "CaUsedAsEndEntity"],
        "name the authority that signed the server's certificate with `--tls-ca FILE`, or check no certificate with `--insecure`",
    ),
    (&["InvalidContentType"], "the server speaks HTTP and not HTTPS there: begin `--base-url` with http://"),
    (
        &["plain HTTP request was sent to HTTPS", "invalid HTTP version"],
        "what answers there does not speak HTTP/1.1: where it speaks HTTPS, begin `--base-url` with https://",
    ),
    (
        &["text/html", "<html", "<!DOCTYPE", "<!doctype"],
        "that is a web page and not an API: check the host, the port and the path of `--base-url`",
    ),
    (
        &["connect to the proxy"],
        "the proxy is that of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: start it, or list the server in NO_PROXY",
    ),
    (
        &["HTTP 301", "HTTP 302", "HTTP 303", "HTTP 307", "HTTP 308"],
        "requests follow no redirect: give the address where it leads to as `--base-url`",
    ),
    (
        &["onnection refused"],
        "nothing listens there: start the server, or wait for it with `--ready-check-timeout-sec 600`; `--sim` tries llmbench without one",
    ),
    (
        &["Too many open files"],
        "this shell allows too few open files: `ulimit -n 65536`, or a lower `--max-concurrency`",
    ),
    (
        &["assign requested address"],
        "this host has no port left to connect from, or not this address: `--max-concurrency` limits connections, and `--local-address` takes several addresses of this host",
    ),
    (&["lookup address", "dns error", "not known"], "check the name of the host in `--base-url`"),
];

/// What to do about what was `said`: by a server that refuses, or of one that cannot be reached.
pub fn advice(said: &str) -> Option<&'static str> {
    let about_model = said.contains("404") && said.contains("he model");
    let row = || TABLE.iter().find(|(words, _)| words.iter().any(|word| said.contains(word)));
    match about_model {
        true => Some("name one of the server's models with `--model`, or leave it out to use the first that it lists"),
        false if said.contains("HTTP 404") || said.contains("status 404") => {
            Some("check `--endpoint`, `--backend` and `--base-url`: the server has nothing at this path")
        }
        false => row().map(|(_, hint)| *hint),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{CertificateError, ExtendedKeyPurpose};

    use super::*;

    #[test]
    fn each_fault_of_a_certificate_has_its_own_hint() {
        let (time, until) =
            (UnixTime::since_unix_epoch(Duration::from_secs(2)), UnixTime::since_unix_epoch(Duration::from_secs(1)));
        let (required, presented) = (ExtendedKeyPurpose::ServerAuth, vec![ExtendedKeyPurpose::ClientAuth]);
        let expected = ServerName::try_from("h").unwrap();
        for (fault, part) in [
            (CertificateError::Expired, "renew"),
            (CertificateError::ExpiredContext { time, not_after: until }, "renew"),
            (CertificateError::NotValidYet, "renew"),
            (CertificateError::NotValidYetContext { time: until, not_before: time }, "renew"),
            (CertificateError::InvalidPurpose, "serverAuth"),
            (CertificateError::InvalidPurposeContext { required, presented }, "serverAuth"),
            (CertificateError::NotValidForName, "another name"),
            (CertificateError::NotValidForNameContext { expected, presented: vec!["i".into()] }, "another name"),
            (CertificateError::UnknownIssuer, "--tls-ca"),
        ] {
            let said = format!("TLS handshake: {}", rustls::Error::from(fault));
            let hint = advice(&said).unwrap_or_default();
            assert!(hint.contains(part), "{said}: {hint}");
        }
        // Of the client's own certificate another is said.
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateExpired).to_string();
        assert_eq!(advice(&alert), None);
    }

    #[test]
    fn each_refusal_has_its_own_hint() {
        for (said, part) in [
            ("`http://h/v1/models` answered with status 401", "--api-key"),
            ("HTTP 403 Forbidden: no", "OPENAI_API_KEY"),
            ("expected an event stream, got application/json: {}", "--no-stream-response"),
            ("HTTP 404 Not Found: The model `x` does not exist", "--model"),
            ("HTTP 404 Not Found: Not Found", "--endpoint"),
            ("`http://h/v1/models` answered with status 404", "--endpoint"),
            ("HTTP 429 Too Many Requests: slow down", "--max-concurrency"),
            ("HTTP 502 Bad Gateway: <html>nginx</html>", "gateway"),
            ("TLS handshake: invalid peer certificate: UnknownIssuer", "--tls-ca"),
            ("TLS: received fatal alert: CertificateRequired", "--tls-cert"),
            ("proxy: HTTP 403 for a tunnel", "HTTPS_PROXY"),
            ("proxy: HTTP 407 for a tunnel", "HTTPS_PROXY"),
            ("HTTP 407 Proxy Authentication Required: <html>who are you?", "HTTP_PROXY"),
            ("`http://h/v1/models` answered with status 407", "HTTP_PROXY"),
            ("client error (Connect): tunnel error: proxy authorization required", "HTTPS_PROXY"),
            ("TLS handshake: received corrupt message of type InvalidContentType", "http://"),
            ("`http://h/v1/models` did not answer with JSON: it is text/html: <html>", "web page"),
            ("cannot connect: Connection refused (os error 111)", "--sim"),
            ("Too many open files (os error 24)", "ulimit -n"),
            ("failed to lookup address information", "name of the host"),
        ] {
            let hint = advice(said).unwrap_or_default();
            assert!(hint.contains(part), "{said}: {hint}");
        }
        assert_eq!(advice("the answer carried no output"), None);
    }
}
