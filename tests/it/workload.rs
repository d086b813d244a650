//! The number that says whether two runs sent the same: what changes it, and what does not.

use crate::command::Llmbench;
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, refusal, stream};

/// The workload of ten small requests, sent with `args`.
fn sent(args: &[&str]) -> String {
    let server = Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 4)));
    workload(&Llmbench::serve(&server).args(args).run().ended(0))
}

fn workload(result: &serde_json::Value) -> String {
    let hash = result["workload"].as_str().unwrap();
    assert!(hash.len() == 16 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{hash}");
    hash.to_owned()
}

#[test]
fn runs_that_send_the_same_have_the_same_workload() {
    let plain = sent(&[]);
    let same: [&[&str]; 4] = [
        &[],
        &["--request-id-prefix", "other-"],
        &["--header", "x-key=secret"],
        &["--max-concurrency", "1", "--num-warmups", "2"],
    ];
    for args in same {
        assert_eq!(sent(args), plain, "{args:?}");
    }
    let other: [&[&str]; 4] =
        [&["--seed", "1"], &["--top-p", "0.5"], &["--num-prompts", "9"], &["--request-rate", "90"]];
    for args in other {
        assert_ne!(sent(args), plain, "{args:?}");
    }
}

#[test]
fn what_a_server_answers_to_a_conversation_is_not_part_of_its_workload() {
    let talk = |answers: fn(&Request) -> crate::server::Script, status: i32| {
        let server = Server::start(Cut::Whole, answers);
        let args = ["--backend", "openai-chat", "--multi-turn", "--num-prompts", "2"];
        workload(&Llmbench::serve(&server).args(args).run().ended(status))
    };
    let four = talk(|_| stream(&answer(Dialect::Chat, 4)), 0);
    assert_eq!(talk(|_| stream(&answer(Dialect::Chat, 5)), 0), four);
    let first_turns = talk(|_| refusal("500 Internal Server Error", "text/plain", "no"), 1);
    assert_ne!(first_turns, four, "turns after a failure are not sent");
}
