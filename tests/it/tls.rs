//! TLS and proxies: what is encrypted is measured like the rest, and a certificate that nobody vouches for is a failure.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::command::Llmbench;
use crate::server::{Cut, Manner, Request, Server};
use crate::stream::{Dialect, answer, stream, text};
use crate::wire::timed;

/// A certificate of 127.0.0.1, localhost and model.test that has signed itself, and one that has signed nothing else.
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/server.pem");
const OTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/other.pem");

fn config() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(SERVER).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}

fn server(cut: Cut, tunnel: bool) -> Server {
    let manner = Manner { tls: Some(config()), tunnel, ..cut.into() };
    Server::start(manner, |_: &Request| stream(&answer(Dialect::Chat, 16)))
}

#[test]
fn an_encrypted_stream_is_measured_like_a_plain_one() {
    for cut in Cut::ALL {
        let server = server(cut, false);
        let run = || {
            let bench = Llmbench::serve(&server).env("SSL_CERT_FILE", OTHER);
            bench.args(["--backend", "openai-chat", "--insecure"]).run().ended(0)
        };
        let truths = [("median_ttft_ms", 50.0), ("median_itl_ms", 10.0), ("median_e2el_ms", 200.0)];
        let result = if cut == Cut::Paced { timed(&truths, run) } else { run() };
        assert_eq!(result["output_lens"], json!(vec![16; 10]), "{cut:?}");
        assert_eq!(result["generated_texts"], json!(vec![text(16); 10]), "{cut:?}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_a_failure_of_its_own() {
    let server = server(Cut::Whole, false);
    let outcome = Llmbench::serve(&server).env("SSL_CERT_FILE", OTHER).run();
    assert_eq!(outcome.ended(1)["failures"], json!({"tls": 10}));
    assert!(outcome.stderr.contains("certificate"), "{}", outcome.stderr);
    assert!(server.requests().is_empty());
}

#[test]
fn a_certificate_of_the_trust_store_is_trusted() {
    let server = server(Cut::Whole, false);
    let bench = Llmbench::serve(&server).env("SSL_CERT_FILE", SERVER).args(["--backend", "openai-chat"]);
    assert_eq!(bench.run().ended(0)["completed"], 10);
}

#[test]
fn a_handshake_that_never_ends_does_not_hold_the_run() {
    // The server waits for the end of a request in the clear, which never comes.
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Chat, 2)));
    let url = server.url().replace("http:", "https:");
    let outcome = Llmbench::serve_at(&url).args(["--insecure", "--request-timeout", "1"]).run();
    assert_eq!(outcome.ended(1)["failures"], json!({"timeout": 10}));
    assert!(outcome.took < Duration::from_secs(10), "{:?}", outcome.took);
}

#[test]
fn a_plain_request_goes_through_the_environments_proxy() {
    let proxy = Server::start(Cut::Paced, |_: &Request| stream(&answer(Dialect::Chat, 4)));
    let address = format!("http://user:pass@{}", proxy.address());
    let bench = Llmbench::serve_at("http://model.test:8123").args(["--backend", "openai-chat"]);
    assert_eq!(bench.env("HTTP_PROXY", &address).run().ended(0)["completed"], 10);
    let request = &proxy.requests()[0];
    assert_eq!(request.target, "http://model.test:8123/v1/chat/completions");
    assert_eq!(request.header("host"), Some("model.test:8123"));
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjpwYXNz"));
}

#[test]
fn an_encrypted_request_goes_through_a_tunnel() {
    let proxy = server(Cut::Whole, true);
    let address = format!("http://{}", proxy.address());
    let bench = Llmbench::serve_at("https://model.test").env("HTTPS_PROXY", &address).env("SSL_CERT_FILE", SERVER);
    assert_eq!(bench.args(["--backend", "openai-chat"]).run().ended(0)["completed"], 10);
    let requests = proxy.requests();
    let (tunnels, rest): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.method == "CONNECT");
    assert!(tunnels.iter().all(|tunnel| tunnel.target == "model.test:443"));
    assert_eq!(rest.len(), 10);
    assert!(rest.iter().all(|request| request.target == "/v1/chat/completions"));
}

#[test]
fn a_server_that_needs_no_proxy_is_reached_without_one() {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Chat, 2)));
    let bench = Llmbench::serve(&server).args(["--backend", "openai-chat"]);
    let bench = bench.env("HTTP_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
    assert_eq!(bench.run().ended(0)["completed"], 10);
}
