//! Keys reach the server and nothing else: no stream, no file, no error shows them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::command::Llmbench;
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, refusal, stream};

const SECRET: &str = "sk-7f3a9c51d2";

/// The authorization that the server saw where a key is given like this, and nobody else.
fn authorization(succeeds: bool, give: impl FnOnce(Llmbench) -> Llmbench) -> String {
    seen(succeeds, give).header("authorization").unwrap().to_owned()
}

/// Runs with `give` in every way that prints or saves, and gives a request that the server saw.
fn seen(succeeds: bool, give: impl FnOnce(Llmbench) -> Llmbench) -> Request {
    let server = Server::start(Cut::Whole, move |_: &Request| match succeeds {
        true => stream(&answer(Dialect::Completions, 2)),
        // Some servers repeat the key that they refuse.
        false => refusal(
            "401 Unauthorized",
            "application/json",
            &format!(r#"{{"error": {{"message": "wrong key: Bearer {SECRET}, {SECRET}"}}}}"#),
        ),
    });
    let saved = ["--save-result", "--append-result", "--result-filename", "r.json", "--progress", "always"];
    let saved = saved.into_iter().chain(["--record", "r.jsonl"]);
    let outcome = give(Llmbench::serve(&server).args(saved)).run();
    assert_eq!(outcome.status, Some(if succeeds { 0 } else { 1 }), "{}", outcome.stderr);
    let files = outcome.dir.files();
    assert_eq!(files.len(), 2);
    let texts = [("stdout", &outcome.stdout), ("stderr", &outcome.stderr), ("a", &files[0].1), ("b", &files[1].1)];
    for (name, text) in texts {
        assert!(!text.contains(SECRET), "{name}: {text}");
    }
    server.requests().swap_remove(5)
}

#[test]
fn a_key_reaches_the_server_and_is_shown_nowhere() {
    let bearer = format!("Bearer {SECRET}");
    for succeeds in [true, false] {
        assert_eq!(authorization(succeeds, |bench| bench.args(["--api-key", SECRET])), bearer);
        assert_eq!(authorization(succeeds, |bench| bench.env("OPENAI_API_KEY", SECRET)), bearer);
        let header = format!("Authorization=Basic {SECRET}");
        assert_eq!(authorization(succeeds, |bench| bench.args(["--header", &header])), format!("Basic {SECRET}"));
    }
}

#[test]
fn a_header_goes_before_the_key_of_the_environment() {
    let give = |bench: Llmbench| bench.env("OPENAI_API_KEY", "other").args(["--header", "authorization=mine"]);
    assert_eq!(authorization(true, give), "mine");
}

#[test]
fn a_key_in_a_query_reaches_the_server_and_is_shown_nowhere() {
    let endpoint = format!("/v1/completions?api-version=2024-02-01&api-key={SECRET}");
    for succeeds in [true, false] {
        assert_eq!(seen(succeeds, |bench| bench.args(["--endpoint", &endpoint])).target, endpoint);
    }
    let outcome = Llmbench::serve_at(&format!("http://127.0.0.1:9/v1?key={SECRET}")).args(["--output-json", "-"]).run();
    let all = outcome.stdout + &outcome.stderr;
    assert!(all.contains("127.0.0.1:9/v1?key=***` is read as") && !all.contains(SECRET), "{all}");
}

#[test]
fn a_proxys_password_reaches_the_proxy_and_is_shown_nowhere() {
    let pair = STANDARD.encode(format!("user:{SECRET}"));
    let words = format!("user:{SECRET}, {SECRET}, {pair}");
    let proxy = Server::start(Cut::Whole, move |_: &Request| {
        refusal("407 Proxy Authentication Required", "text/plain", &format!("who is {words}?"))
    });
    let address = format!("http://user:{SECRET}@{}", proxy.address());
    let outcome = Llmbench::serve_at("http://model.test").env("HTTP_PROXY", &address).run();
    let all = outcome.stdout + &outcome.stderr;
    assert!(all.contains("who is ***, ***, ***?") && !all.contains(SECRET), "{all}");
    assert_eq!(proxy.requests()[0].header("proxy-authorization"), Some(&*format!("Basic {pair}")));
}

#[test]
fn errors_about_keys_do_not_show_them() {
    let broken = format!("{SECRET}\nx");
    let table = [
        vec!["--api-key", &broken],
        vec!["--header", SECRET],
        vec!["--header", "Authorization=Bearer sk-7f3a9c51d2\nx"],
        vec!["--api-key", SECRET, "--max-concurrency", "0"],
        vec!["--api-key", SECRET, "--nope"],
        vec!["--base-url", "http://user:sk-7f3a9c51d2@127.0.0.1:9"],
        vec!["--base-url", "http://user:a/sk-7f3a9c51d2@127.0.0.1:9"],
        vec!["--base-url", "http://user:a?sk-7f3a9c51d2@127.0.0.1:9"],
        vec!["--base-url", "user:sk-7f3a9c51d2@127.0.0.1:9"],
        vec!["--endpoint", "/nowhere?key=sk-7f3a9c51d2"],
        vec!["--endpoint", "/v1/completions?key=sk-7f3a9c51d2#"],
    ];
    for args in table {
        let outcome = Llmbench::serve_at("http://127.0.0.1:9").args(&args).run();
        assert_eq!(outcome.status, Some(2), "{args:?}");
        assert!(!outcome.stderr.contains(SECRET), "{}", outcome.stderr);
    }
    let outcome = Llmbench::new().args(["serve", "--host", "user:sk-7f3a9c51d2@127.0.0.1", "--model", "m"]).run();
    assert!(outcome.stderr.contains("`--host ***@127.0.0.1` is not a host name"), "{}", outcome.stderr);
}

#[test]
fn help_does_not_show_the_environments_key() {
    let outcome = Llmbench::new().args(["serve", "--help=all"]).env("OPENAI_API_KEY", SECRET).run();
    assert_eq!(outcome.status, Some(0));
    assert!(outcome.stdout.contains("OPENAI_API_KEY") && !outcome.stdout.contains(SECRET));
}
