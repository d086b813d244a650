//! Conversations: what their turns carry, how many are under way, when turns follow each other, how they end early.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, Request, Script, Server};
use crate::stream::{Dialect, TTFT, answer, refusal, stream, text};

/// `serve` with so many conversations of three turns, whose answers have four tokens.
fn talks(server: &Server, conversations: &str) -> Llmbench {
    let args = ["--backend", "openai-chat", "--multi-turn", "--random-output-len", "4", "--num-prompts", conversations];
    Llmbench::serve(server).args(args).args(["--request-id-prefix", "r-"])
}

fn four(_: &Request) -> Script {
    stream(&answer(Dialect::Chat, 4))
}

/// The number of a request in the plan.
fn planned(request: &Request) -> usize {
    request.header("x-request-id").unwrap()[2..].parse().unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn a_turn_carries_the_answers_to_those_before_it() {
    let server = Server::start(Cut::Whole, four);
    let result = talks(&server, "2").args(["--per-turn-input-len", "3"]).run().ended(0);
    assert_eq!((&result["completed"], &result["conversations_completed"]), (&json!(6), &json!(2)));
    assert_eq!((&result["num_prompts"], &result["mean_turns"]), (&json!(2), &json!(3.0)));
    let mut requests = server.requests();
    requests.sort_by_key(planned);
    let messages: Vec<Value> = requests.iter().map(|request| request.json()["messages"].clone()).collect();
    for conversation in messages.chunks(3) {
        let own = |turn: usize| conversation[turn].as_array().unwrap().last().unwrap().clone();
        let answered = json!({"role": "assistant", "content": text(4)});
        assert_eq!(conversation[0], json!([own(0)]));
        assert_eq!(conversation[1], json!([own(0), answered, own(1)]));
        assert_eq!(conversation[2], json!([own(0), answered, own(1), answered, own(2)]));
        assert_eq!(own(1)["role"], "user");
    }
    assert_ne!(messages[0], messages[3]);
    // What the server counts is 8 each; without its word the sum would grow from turn to turn.
    assert_eq!(result["input_lens"], json!([8, 8, 8, 8, 8, 8]));
}

#[test]
fn turns_that_the_model_has_no_room_for_are_left_out_with_those_behind_them() {
    let server = Server::start(Cut::Whole, four);
    // The turns have 10 tokens and their answers 4: two turns with their answers make 28, a third one 42.
    let args = ["--random-input-len", "10", "--max-model-len", "30"];
    let outcome = talks(&server, "2").args(args).run();
    assert!(outcome.stderr.contains("2 of 6 turns and 0 of 2 conversations dropped"), "{}", outcome.stderr);
    assert_eq!(outcome.ended(0)["completed"], json!(4));
}

#[test]
fn turns_with_prefixes_in_common_go_without_history() {
    let server = Server::start(Cut::Whole, four);
    let args = ["--random-input-len", "20", "--multi-turn-prefix-conversation-ratio", "0.5"];
    talks(&server, "1").args(args).run().ended(0);
    let texts: Vec<String> = server
        .requests()
        .iter()
        .map(|request| {
            let messages = &request.json()["messages"];
            assert_eq!(messages.as_array().unwrap().len(), 1);
            messages[0]["content"][0]["text"].as_str().unwrap().to_owned()
        })
        .collect();
    let common = texts[0].bytes().zip(texts[1].bytes()).take_while(|(a, b)| a == b).count();
    assert!(common > 5 && texts[0] != texts[1], "{texts:?}");
}

#[test]
fn the_limit_of_conversations_is_exact_and_a_conversation_keeps_its_place() {
    let server = Server::start(Cut::Paced, four);
    let load = ["--multi-turn-concurrency", "2", "--multi-turn-delay-ms", "10", "--workers", "2"];
    let result = talks(&server, "6").args(load).run().ended(0);
    assert_eq!((&result["max_concurrency"], &result["completed"]), (&json!(2), &json!(18)));
    assert!(server.most_busy() <= 2, "{}", server.most_busy());
    // Whoever begins finds at most one other that has begun and not ended.
    let mut under_way: Vec<usize> = Vec::new();
    for number in server.requests().iter().map(planned) {
        let (conversation, turn) = (number / 3, number % 3);
        if turn == 0 {
            under_way.push(conversation);
        }
        assert!(under_way.len() <= 2 && under_way.contains(&conversation), "{under_way:?}, {conversation}");
        // The place is free when the last turn has been answered, and nobody else takes it before.
        under_way.retain(|&other| turn < 2 || other != conversation);
    }
}

#[test]
fn a_turn_waits_for_the_time_to_think_and_no_longer() {
    let server = Server::start(Cut::Paced, four);
    let result = talks(&server, "3").args(["--multi-turn-delay-ms", "60"]).run().ended(0);
    let (starts, latencies) = (numbers(&result["start_times"]), numbers(&result["latencies"]));
    for first in [0, 1, 3, 4, 6, 7] {
        let waited = starts[first + 1] - starts[first] - latencies[first];
        assert!((0.060..0.360).contains(&waited), "{waited}");
    }
    // From due, which is the end of the turn before and the time to think, nothing is waited for.
    assert!(result["p50_send_lateness_ms"].as_f64().unwrap() < 20.0, "{}", result["p50_send_lateness_ms"]);
}

#[test]
fn the_same_seed_sends_the_same_conversations() {
    let bodies = |seed: &str| {
        let server = Server::start(Cut::Whole, four);
        let turns = ["--multi-turn-min-turns", "1", "--multi-turn-max-turns", "4", "--max-concurrency", "1"];
        let outcome = talks(&server, "5").args(turns).args(["--seed", seed]).run();
        assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
        server.requests().into_iter().map(|request| request.body).collect::<Vec<_>>()
    };
    assert_eq!(bodies("1"), bodies("1"));
    assert_ne!(bodies("1"), bodies("2"));
}

#[test]
fn a_turn_that_fails_ends_its_conversation_and_no_other() {
    let server = Server::start(Cut::Whole, |request: &Request| match planned(request) {
        1 => refusal("500 Internal Server Error", "text/plain", "no"),
        _ => four(request),
    });
    let outcome = talks(&server, "2").args(["--report", "full"]).run();
    let result = outcome.ended(0);
    assert_eq!((&result["completed"], &result["failed"], &result["planned"]), (&json!(4), &json!(1), &json!(6)));
    assert_eq!((&result["conversations_completed"], &result["conversations_failed"]), (&json!(1), &json!(1)));
    assert_eq!(result["turns_not_started"], 1);
    assert_eq!(server.requests().len(), 5);
    for line in ["Requests planned:                        6", "Turns not started:                       1"] {
        assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    }
}

#[test]
fn a_signal_ends_conversations_that_think() {
    let server = Server::start(Cut::Whole, four);
    let running = talks(&server, "3").args(["--multi-turn-delay-ms", "50000"]).spawn();
    server.wait_for(3);
    std::thread::sleep(Duration::from_millis(200));
    running.signal(Signal::SIGINT);
    let outcome = running.wait();
    let result = outcome.ended(130);
    assert_eq!((&result["completed"], &result["turns_not_started"]), (&json!(3), &json!(6)));
    assert_eq!((&result["partial"], &result["conversations_completed"]), (&json!(true), &json!(0)));
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
}

#[test]
fn a_duration_ends_conversations_between_their_turns() {
    let server = Server::start(Cut::Paced, four);
    let load = ["--multi-turn-num-turns", "100", "--duration", "0.4"];
    let result = talks(&server, "2").args(load).run().ended(0);
    let completed = result["completed"].as_u64().unwrap();
    assert!((4..=2 * 400 / TTFT).contains(&completed), "{completed}");
    assert_eq!((&result["failed"], &result["planned"]), (&json!(0), &json!(200)));
    assert_eq!(result["turns_not_started"].as_u64().unwrap(), 200 - completed);
}

#[test]
fn a_turn_that_takes_too_long_ends_its_conversation() {
    let server = Server::start(Cut::Paced, |request: &Request| match planned(request) {
        4 => stream(&answer(Dialect::Chat, 400)),
        _ => four(request),
    });
    let result = talks(&server, "2").args(["--request-timeout", "1.5"]).run().ended(0);
    assert_eq!((&result["completed"], &result["failed"]), (&json!(4), &json!(1)));
    assert_eq!((&result["turns_not_started"], &result["conversations_failed"]), (&json!(1), &json!(1)));
}

#[test]
fn conversations_need_messages_and_a_dataset_that_has_them() {
    let server = Server::start(Cut::Whole, four);
    let refused = |args: &[&str]| {
        let outcome = Llmbench::serve(&server).args(["--multi-turn"]).args(args).run();
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
        outcome.stderr
    };
    let text = refused(&[]);
    assert!(text.contains("`--multi-turn` does not go with backend `openai`"), "{text}");
    let custom = ["--backend", "openai-chat", "--dataset-name", "custom", "--dataset-path", "x.jsonl"];
    let text = refused(&custom);
    assert!(text.contains("this dataset has no conversations"), "{text}");
    assert_eq!(server.requests().len(), 0);
}
