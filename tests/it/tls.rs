//! TLS and proxies: what is encrypted is measured like the rest, and a certificate that nobody vouches for is a failure.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use serde_json::json;

use crate::command::Llmbench;
use crate::server::{Cut, End, Manner, Request, Script, Server};
use crate::stream::{Dialect, Events, Framing, answer, refusal, respond, sse, stream, text};
use crate::wire::timed;

/// A certificate of 127.0.0.1, localhost and model.test that has signed itself, and one that has signed nothing else.
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/server.pem");
const OTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/other.pem");

/// An authority of one's own that is a server too, as `openssl req -x509` makes it, and a client that it has signed.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/ca.pem");
const CLIENT: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/client.pem"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/client.key"),
];

fn config() -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/server.key")).unwrap();
    settings(SERVER, key, None)
}

/// The authority as a server, which may want its own clients.
fn authority(asks: bool) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/ca.key")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(AUTHORITY).unwrap()).unwrap();
    settings(AUTHORITY, key, asks.then_some(roots))
}

fn settings(certificate: &str, key: PrivateKeyDer<'static>, clients: Option<RootCertStore>) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    Arc::new(builder.with_single_cert(vec![CertificateDer::from_pem_file(certificate).unwrap()], key).unwrap())
}

fn server(cut: Cut) -> Server {
    Server::start(Manner { tls: Some(config()), ..cut.into() }, |_: &Request| stream(&answer(Dialect::Chat, 16)))
}

/// A proxy that answers so to the request for a tunnel, and then is the server as well.
fn proxy(opened: &str) -> Server {
    let manner = Manner { tls: Some(config()), tunnel: Some(opened.to_owned()), ..Cut::Whole.into() };
    Server::start(manner, |_: &Request| stream(&answer(Dialect::Chat, 16)))
}

fn through(proxy: &Server) -> Llmbench {
    let address = format!("http://{}", proxy.address());
    let bench = Llmbench::serve_at("https://model.test").env("HTTPS_PROXY", &address).env("SSL_CERT_FILE", SERVER);
    bench.args(["--backend", "openai-chat"])
}

#[test]
fn an_encrypted_stream_is_measured_like_a_plain_one() {
    for cut in Cut::ALL {
        let server = server(cut);
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
    let server = server(Cut::Whole);
    let outcome = Llmbench::serve(&server).env("SSL_CERT_FILE", OTHER).run();
    assert_eq!(outcome.ended(1)["failures"], json!({"tls": 10}));
    assert!(outcome.stderr.contains("certificate"), "{}", outcome.stderr);
    assert!(server.requests().is_empty());
}

#[test]
fn a_certificate_of_the_trust_store_is_trusted() {
    let server = server(Cut::Whole);
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
    let outcome = bench.env("HTTP_PROXY", &address).run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["proxy"]), (&json!(10), &json!(proxy.address().to_string())));
    assert!(outcome.stderr.contains("through the proxy") && !outcome.stderr.contains("pass"), "{}", outcome.stderr);
    let request = &proxy.requests()[0];
    assert_eq!(request.target, "http://model.test:8123/v1/chat/completions");
    assert_eq!(request.header("host"), Some("model.test:8123"));
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjpwYXNz"));
}

#[test]
fn an_encrypted_request_goes_through_a_tunnel() {
    let proxy = proxy("HTTP/1.1 200 Connection established\r\n\r\n");
    assert_eq!(through(&proxy).run().ended(0)["completed"], 10);
    let requests = proxy.requests();
    let (tunnels, rest): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.method == "CONNECT");
    assert!(tunnels.iter().all(|tunnel| tunnel.target == "model.test:443"));
    assert_eq!(rest.len(), 10);
    assert!(rest.iter().all(|request| request.target == "/v1/chat/completions"));
}

#[test]
fn a_tunnel_is_open_at_any_success_and_at_nothing_else() {
    for opened in ["HTTP/1.1 204 No Content\r\nvia: a\r\n\r\n", "HTTP/1.0 299 Odd\r\n\r\n"] {
        assert_eq!(through(&proxy(opened)).run().ended(0)["completed"], 10, "{opened}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(100_000));
    let table = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy: HTTP 407 for a tunnel"),
        ("HTTP/1.1 302 Found\r\nlocation: http://other\r\n\r\n", "proxy: HTTP 302 for a tunnel"),
        ("no HTTP at all\r\n\r\n", "proxy: "),
        (&endless, "proxy: its answer for a tunnel has no end within 65536 bytes"),
    ];
    for (opened, expected) in table {
        let outcome = through(&proxy(opened)).run();
        assert_eq!(outcome.ended(1)["failures"], json!({"connect": 10}), "{expected}");
        assert!(outcome.stderr.contains(expected), "{expected}: {}", outcome.stderr);
    }
}

#[test]
fn a_server_that_needs_no_proxy_is_reached_without_one() {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Chat, 2)));
    let bench = Llmbench::serve(&server).args(["--backend", "openai-chat"]);
    let bench = bench.env("HTTP_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
    assert_eq!(bench.run().ended(0)["completed"], 10);
}

/// A server that hears one request a connection and answers with `answer`, which may do anything to the connection.
fn raw(answer: impl Fn(&mut ServerConnection, &mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut session = ServerConnection::new(config()).unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                match rustls::Stream::new(&mut session, &mut socket).read(&mut buffer) {
                    Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
                    _ => break,
                }
            }
            if !request.is_empty() {
                answer(&mut session, &mut socket);
            }
        }
    });
    url
}

#[test]
fn what_follows_the_end_of_a_tls_stream_is_nothing() {
    let url = raw(|session, socket| {
        let begin = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000\r\n\r\n: hi\n\n";
        session.writer().write_all(begin).unwrap();
        session.send_close_notify();
        let mut bytes = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut bytes).unwrap();
        }
        bytes.resize(bytes.len() + 8192, 7);
        // The client may have closed by then.
        let _ = socket.write_all(&bytes);
        thread::sleep(Duration::from_millis(500));
    });
    let bench = Llmbench::serve_at(&url).args(["--insecure", "--max-concurrency", "1", "--num-prompts", "2"]);
    let outcome = bench.run();
    assert_eq!(outcome.ended(1)["failures"], json!({"truncated": 2}));
    assert!(outcome.took < Duration::from_secs(30), "{:?}", outcome.took);
}

#[test]
fn answers_of_every_size_come_whole_however_they_are_cut() {
    for size in [1, 100, 16_000, 17_000, 33_000, 70_000, 300_000, 1_500_000, 8_000_000] {
        for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
            let event = json!({"choices": [{"index": 0, "text": "x".repeat(size), "finish_reason": null}]}).to_string();
            let events: Events = vec![(0, event), (0, "[DONE]".to_owned())];
            let manner = Manner { tls: Some(config()), ..Cut::Whole.into() };
            let server = Server::start(manner, move |_: &Request| respond(framing, sse(&events)));
            let bench = Llmbench::serve(&server).args(["--insecure", "--num-prompts", "2"]);
            let result = bench.args(["--max-event-bytes", "20000000"]).run().ended(0);
            let texts = result["generated_texts"].as_array().unwrap();
            let lengths: Vec<usize> = texts.iter().map(|text| text.as_str().unwrap().len()).collect();
            assert_eq!(lengths, [size, size], "{framing:?}");
        }
    }
}

#[test]
fn hostile_answers_fail_over_tls_as_in_the_clear() {
    let whole = stream(&answer(Dialect::Completions, 4));
    let bytes: Vec<u8> = whole.steps.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    // The last bytes hold nothing but the end of the framing, without which the answer is whole all the same.
    for cut in (1..bytes.len() - 160).step_by(37) {
        let mut failures = Vec::new();
        for tls in [None, Some(config())] {
            let script = Script { steps: vec![(0, bytes[..cut].to_vec())], end: End::Close };
            let manner = Manner { tls, ..Cut::Whole.into() };
            let server = Server::start(manner, move |_: &Request| script.clone());
            let outcome = Llmbench::serve(&server).args(["--insecure", "--num-prompts", "1"]).run();
            failures.push(outcome.ended(1)["failures"].clone());
        }
        assert_eq!(failures[0], failures[1], "cut at {cut}");
        assert!(failures[0] == json!({"truncated": 1}), "cut at {cut}: {}", failures[0]);
    }
}

/// A model for whoever asks, and answers, over TLS as `tls` says.
fn secured(tls: Arc<ServerConfig>) -> Server {
    Server::start(Manner { tls: Some(tls), ..Cut::Whole.into() }, |request: &Request| match request.target.as_str() {
        "/v1/models" => refusal("200 OK", "application/json", r#"{"data": [{"id": "m"}]}"#),
        "/v1/completions" => stream(&answer(Dialect::Completions, 4)),
        _ => refusal("404 Not Found", "text/plain", ""),
    })
}

/// Asks for the model and sends requests: the calls beside the requests trust as these do.
fn asked(server: &Server) -> Llmbench {
    Llmbench::new()
        .args([
            "serve",
            "--base-url",
            &server.url(),
            "--tokenizer",
            "builtin",
            "--temperature",
            "0",
            "--num-prompts",
            "3",
        ])
        .args(["--random-input-len", "4", "--random-output-len", "4", "--output-json", "-"])
}

#[test]
fn an_authority_of_ones_own_is_trusted_where_it_is_named() {
    let server = secured(authority(false));
    let trusting = [
        asked(&server).args(["--tls-ca", AUTHORITY]),
        asked(&server).env("SSL_CERT_FILE", AUTHORITY),
        asked(&server).env("REQUESTS_CA_BUNDLE", AUTHORITY),
        asked(&server).env("CURL_CA_BUNDLE", AUTHORITY),
        asked(&server).args(["--insecure"]),
    ];
    for bench in trusting {
        assert_eq!(bench.run().ended(0)["completed"], 3);
    }
    let refused = asked(&server).run();
    assert_eq!(refused.status, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("--tls-ca") && refused.stderr.contains("--insecure"), "{}", refused.stderr);
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_it() {
    let server = secured(authority(true));
    let trusting = || asked(&server).args(["--tls-ca", AUTHORITY]);
    let [certificate, key] = CLIENT;
    assert_eq!(trusting().args(["--tls-cert", certificate, "--tls-key", key]).run().ended(0)["completed"], 3);
    let without = trusting().args(["--model", "m", "--no-side-calls"]).run();
    assert_eq!(without.status, Some(1), "{}", without.stderr);
    assert!(without.stderr.contains("give `--tls-cert` and `--tls-key`"), "{}", without.stderr);
}

#[test]
fn files_that_hold_no_certificate_are_refused_before_anything_is_sent() {
    let server = secured(authority(false));
    for args in [["--tls-ca", "/nonexistent.pem"], ["--tls-ca", CLIENT[1]]] {
        let outcome = asked(&server).args(args).run();
        assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(args[1]) && outcome.stderr.contains("PEM"), "{}", outcome.stderr);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn an_answer_that_came_whole_before_a_damaged_record_is_an_answer() {
    let url = raw(|session, socket| {
        let body = "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", body.len());
        session.writer().write_all(&[head, body.to_owned()].concat().into_bytes()).unwrap();
        let mut bytes = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut bytes).unwrap();
        }
        bytes.extend(b"\x17\x03\x03\x00\x20this is no record of the session");
        let _ = socket.write_all(&bytes);
        thread::sleep(Duration::from_millis(300));
    });
    let bench = Llmbench::serve_at(&url).args(["--insecure", "--max-concurrency", "1", "--num-prompts", "2"]);
    assert_eq!(bench.run().ended(0)["completed"], 2);
}

#[test]
fn keys_that_change_in_the_middle_of_an_answer_change_nothing() {
    let url = raw(|session, socket| {
        let event = "data: {\"choices\":[{\"index\":0,\"text\":\" a\",\"finish_reason\":null}]}\n\n";
        let last = "data: [DONE]\n\n";
        let length = 5 * event.len() + last.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n");
        let mut send = |text: &str| {
            let mut wire = rustls::Stream::new(session, socket);
            wire.write_all(text.as_bytes()).and_then(|()| wire.flush()).unwrap();
            wire.conn.refresh_traffic_keys().unwrap();
        };
        send(&head);
        (0..5).for_each(|_| send(event));
        send(last);
    });
    let bench = Llmbench::serve_at(&url).args(["--insecure", "--max-concurrency", "1", "--num-prompts", "4"]);
    let result = bench.run().ended(0);
    assert_eq!((&result["completed"], &result["total_output_tokens"]), (&json!(4), &json!(20)));
}
