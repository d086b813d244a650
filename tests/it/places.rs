//! Where requests go and come from: several servers in turn, a socket of the file system, an address of one's own.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, Request, Script, Server};
use crate::stream::{Dialect, answer, refusal, stream};

/// Four tokens, and a count of what is in the cache.
fn reply(request: &Request) -> Script {
    match request.target.as_str() {
        "/v1/chat/completions" => stream(&answer(Dialect::Chat, 4)),
        "/v1/completions" => stream(&answer(Dialect::Completions, 4)),
        "/v1/models" => refusal("200 OK", "application/json", r#"{"data": [{"id": "m"}]}"#),
        "/reset_prefix_cache" => refusal("200 OK", "application/json", "{}"),
        _ => refusal("404 Not Found", "text/plain", "no"),
    }
}

fn server() -> Server {
    Server::start(Cut::Whole, reply)
}

fn count(server: &Server, target: &str) -> usize {
    server.requests().iter().filter(|request| request.target == target).count()
}

#[test]
fn several_servers_get_requests_in_turn_and_a_row_each() {
    let servers = [server(), server(), server()];
    let urls = servers.each_ref().map(Server::url);
    let bench = Llmbench::new().args(["serve", "--base-url"]).args(&urls);
    let outcome = bench
        .arg_line("--model m --tokenizer builtin --num-prompts 9 --random-input-len 8 --random-output-len 4")
        .arg_line("--max-concurrency 2 --ready-check-timeout-sec 5 --num-warmups 3 --reset-prefix-cache")
        .args(["--output-json", "r.json"])
        .run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let result: Value = serde_json::from_str(&outcome.dir.files()[0].1).unwrap();
    for server in &servers {
        // One to see whether it is ready, one to warm up, a third of the run.
        assert_eq!((count(server, "/v1/completions"), count(server, "/reset_prefix_cache")), (5, 1));
        let own = &result["by_target"][server.url()];
        assert_eq!((&own["requests"], &own["failed"]), (&json!(3), &json!(0)), "{own}");
        assert!(outcome.stdout.contains(&server.url()), "{}", outcome.stdout);
    }
    assert!(outcome.stdout.contains("Servers (latencies in ms)"), "{}", outcome.stdout);
}

#[test]
fn a_conversation_stays_with_its_server() {
    let servers = [server(), server()];
    let bench =
        Llmbench::new().args(["serve", "--no-side-calls", "--base-url"]).args(servers.each_ref().map(Server::url));
    let outcome = bench
        .arg_line("--backend openai-chat --model m --tokenizer builtin --output-json -")
        .arg_line("--random-input-len 8 --random-output-len 4 --num-prompts 4 --multi-turn --multi-turn-num-turns 3")
        .run();
    let result = outcome.ended(0);
    for server in &servers {
        let length = |request: &Request| request.json()["messages"].as_array().unwrap().len();
        let mut lengths: Vec<usize> = server.requests().iter().map(length).collect();
        lengths.sort_unstable();
        // Two conversations of three turns, each with all that was said before it.
        assert_eq!(lengths, [1, 1, 3, 3, 5, 5]);
        assert_eq!(result["by_target"][server.url()]["requests"], json!(6));
    }
}

#[test]
fn a_server_that_is_not_there_costs_its_share_and_is_named() {
    let there = server();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = Llmbench::new()
        .args(["serve", "--no-side-calls", "--output-json", "-", "--base-url", &there.url(), &format!("http://{gone}")])
        .arg_line("--model m --tokenizer builtin --num-prompts 6 --random-input-len 8 --random-output-len 4")
        .run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["failed"]), (&json!(3), &json!(3)));
    assert_eq!(result["by_target"][format!("http://{gone}")]["failed"], json!(3));
    assert!(outcome.stderr.contains(&gone.to_string()), "{}", outcome.stderr);
}

#[test]
fn a_server_is_named_once() {
    let twice = ["serve", "--base-url", "http://127.0.0.1:1", "http://127.0.0.1:1/v1"];
    let outcome = Llmbench::new().args(twice).run();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("names `http://127.0.0.1:1` twice"), "{}", outcome.stderr);
}

/// Hands everything on to `to`, both ways.
fn forward<S: io::Read + io::Write + Send + 'static>(from: S, clone: S, to: SocketAddr) {
    let server = TcpStream::connect(to).unwrap();
    let back = server.try_clone().unwrap();
    // Either side may end first.
    let copy = |mut from: Box<dyn io::Read + Send>, mut to: Box<dyn io::Write + Send>| {
        thread::spawn(move || drop(io::copy(&mut from, &mut to)))
    };
    copy(Box::new(from), Box::new(server));
    copy(Box::new(back), Box::new(clone));
}

#[test]
fn a_server_at_a_socket_of_the_file_system_is_asked_and_measured() {
    let server = server();
    let bench = Llmbench::new();
    let path = bench.dir().join("s.sock");
    let (listener, to) = (UnixListener::bind(&path).unwrap(), server.address());
    thread::spawn(move || {
        listener.incoming().map_while(Result::ok).for_each(|from| forward(from.try_clone().unwrap(), from, to));
    });
    let outcome = bench
        .args(["serve", "--output-json", "-", "--base-url", "unix:s.sock", "--tokenizer", "builtin"])
        .arg_line("--num-prompts 5 --random-input-len 8 --random-output-len 4")
        .run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["model_id"]), (&json!(5), &json!("m")), "{}", outcome.stderr);
    assert!(count(&server, "/v1/models") > 0);
    let lost = Llmbench::plain("unix:/nowhere/s.sock").run();
    assert!(lost.stderr.contains("/nowhere/s.sock"), "{}", lost.stderr);
}

#[test]
fn connections_come_from_the_addresses_that_are_given_in_turn() {
    let server = server();
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), server.address());
    let (url, seen) =
        (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(Vec::<IpAddr>::new())));
    let noted = Arc::clone(&seen);
    thread::spawn(move || {
        for from in listener.incoming().map_while(Result::ok) {
            noted.lock().unwrap().push(from.peer_addr().unwrap().ip());
            forward(from.try_clone().unwrap(), from, to);
        }
    });
    let own = ["127.0.0.1", "127.0.0.9"];
    // Apple's systems have but one address of this host.
    let own = if cfg!(target_os = "linux") { &own[..] } else { &own[..1] };
    let outcome = Llmbench::plain(&url).args(["--connect-in-request", "--local-address"]).args(own).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    for own in own {
        let own: IpAddr = own.parse().unwrap();
        assert!(seen.lock().unwrap().iter().filter(|from| **from == own).count() >= 5);
    }
    let foreign = Llmbench::plain(&url).args(["--local-address", "203.0.113.7"]).run();
    assert!(foreign.stderr.contains("from 203.0.113.7"), "{}", foreign.stderr);
}
