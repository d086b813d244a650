//! What counts as output, and whose count holds.

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, Request, Script, Server};
use crate::stream::{Dialect, Events, answer, ended, stream, text, tokens, usage};
use crate::wire::timed;

/// The result of ten answers like `script`, which succeed however they are cut; that of the paced ones, with its times.
fn result(
    dialect: Dialect,
    truths: &[(&str, f64)],
    script: impl Fn() -> Script + Copy + Send + Sync + 'static,
) -> Value {
    let run = |cut| {
        let server = Server::start(cut, move |_: &Request| script());
        Llmbench::serve(&server).args(["--backend", dialect.backend()]).run().ended(0)
    };
    let result = timed(truths, || run(Cut::Paced));
    for cut in [Cut::Bytes, Cut::Whole] {
        let other = run(cut);
        for key in ["completed", "output_lens", "generated_texts", "mean_tokens_per_chunk", "failures"] {
            assert_eq!(result[key], other[key], "{cut:?} {key}");
        }
    }
    result
}

fn delta(delta: Value) -> String {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}).to_string()
}

#[test]
fn the_first_token_is_not_the_chunk_that_names_the_role() {
    for role in [json!({"role": "assistant", "content": ""}), json!({"role": "assistant", "content": null})] {
        let server = Server::start(Cut::Paced, move |_: &Request| {
            let mut events: Events = vec![(50, delta(role.clone()))];
            events.extend(answer(Dialect::Chat, 16).into_iter().map(|(at, data)| (at + 300, data)));
            stream(&events)
        });
        let result = timed(&[("median_ttft_ms", 350.0), ("median_itl_ms", 10.0)], || {
            Llmbench::serve(&server).args(["--backend", "openai-chat"]).run().ended(0)
        });
        assert_eq!(result["output_lens"], json!(vec![16; 10]));
    }
}

#[test]
fn reasoning_and_calls_are_output_that_is_no_text() {
    let others = || {
        let call = json!({"index": 0, "function": {"name": "f", "arguments": "{"}});
        [
            json!({"reasoning_content": "hm"}),
            json!({"reasoning": "hm", "content": null}),
            json!({"tool_calls": [call]}),
            json!({"function_call": {"arguments": "{"}}),
        ]
    };
    let result = result(Dialect::Chat, &[("median_ttft_ms", 50.0)], move || {
        let mut events = tokens(Dialect::Chat, 16);
        for (event, other) in events.iter_mut().zip(others()) {
            event.1 = delta(other);
        }
        stream(&ended(events, 16))
    });
    assert_eq!(result["itls"][0].as_array().unwrap().len(), 15);
    assert_eq!(result["mean_tokens_per_chunk"], 1.0);
    assert_eq!(result["generated_texts"][0].as_str(), text(16).strip_prefix(&text(4)));
}

#[test]
fn the_end_of_a_request_is_its_last_token_and_not_late_usage() {
    for dialect in Dialect::ALL {
        result(dialect, &[("median_e2el_ms", 200.0), ("median_tpot_ms", 10.0)], move || {
            let mut events = tokens(dialect, 16);
            events.extend([(700, usage(16).to_string()), (700, "[DONE]".into())]);
            stream(&events)
        });
    }
}

/// Four chunks of four tokens, 40 ms apart, with `usage` in each as far as it is wanted.
fn fours(dialect: Dialect, with_usage: bool) -> Events {
    let chunk = |index: usize| {
        let mut chunk = dialect.token("four tokens in one ", (index == 3).then_some("stop"));
        if with_usage {
            chunk["usage"] = usage(4 * (index + 1))["usage"].clone();
        }
        (50 + 40 * index as u64, chunk.to_string())
    };
    (0..4).map(chunk).collect()
}

#[test]
fn several_tokens_in_an_event_are_told_from_slow_ones() {
    for dialect in Dialect::ALL {
        for with_usage in [false, true] {
            // What the first chunk holds came in no gap that was seen: 120 ms for 12 tokens.
            let truths = [("median_itl_ms", 40.0), ("mean_chunk_gap_ms", 40.0), ("mean_token_time_ms", 10.0)];
            let result = result(dialect, &truths, move || stream(&ended(fours(dialect, with_usage), 16)));
            assert_eq!(result["output_lens"], json!(vec![16; 10]));
            assert_eq!(result["mean_tokens_per_chunk"], 4.0);
            assert!(result["warnings"].to_string().contains("4.00 tokens a chunk"), "{}", result["warnings"]);
        }
    }
}

#[test]
fn usage_on_every_chunk_counts_once() {
    for dialect in Dialect::ALL {
        let result = result(dialect, &[], move || {
            let mut events = tokens(dialect, 16);
            for (index, event) in events.iter_mut().enumerate() {
                let mut chunk: Value = serde_json::from_str(&event.1).unwrap();
                chunk["usage"] = usage(index + 1)["usage"].clone();
                event.1 = chunk.to_string();
            }
            events.push((200, "[DONE]".into()));
            stream(&events)
        });
        assert_eq!(result["output_lens"], json!(vec![16; 10]));
        assert_eq!(result["total_output_tokens"], 160);
    }
}

#[test]
fn usage_on_the_last_chunk_with_choices_is_the_count() {
    for dialect in Dialect::ALL {
        let result = result(dialect, &[], move || {
            let mut events = tokens(dialect, 16);
            let mut last: Value = serde_json::from_str(&events[15].1).unwrap();
            last["usage"] = usage(32)["usage"].clone();
            events[15].1 = last.to_string();
            stream(&events)
        });
        assert_eq!(result["output_lens"], json!(vec![32; 10]), "the server's figure, not the number of chunks");
    }
}

#[test]
fn without_usage_the_tokenizer_counts() {
    let words = [" the", " of", " and", " one", " two", " three"];
    for dialect in Dialect::ALL {
        let result = result(dialect, &[], move || {
            let token = |(index, word): (usize, &&str)| (50 + 10 * index as u64, dialect.token(word, None).to_string());
            let mut events: Events = words.iter().enumerate().map(token).collect();
            events.push((100, "[DONE]".into()));
            stream(&events)
        });
        assert_eq!(result["output_lens"], json!(vec![6; 10]));
        assert_eq!(result["generated_texts"], json!(vec![words.concat(); 10]));
        assert_eq!(result["uncounted"], 0);
    }
}

#[test]
fn without_usage_and_tokenizer_it_is_said_that_nobody_counted() {
    let server = Server::start(Cut::Whole, |_: &Request| {
        let mut events = tokens(Dialect::Completions, 3);
        events.push((70, "[DONE]".into()));
        stream(&events)
    });
    let file = crate::command::Dir::new();
    let path = file.path().join("prompts.jsonl");
    std::fs::write(&path, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n").unwrap();
    let result = Llmbench::serve(&server)
        .args(["--dataset-name", "custom", "--num-prompts", "2", "--skip-tokenizer-init", "--skip-chat-template"])
        .args([std::ffi::OsStr::new("--dataset-path"), path.as_os_str()])
        .run();
    let result = result.ended(0);
    assert_eq!((&result["uncounted"], &result["tokenizer_id"]), (&json!(2), &Value::Null));
    assert!(!result["warnings"].as_array().unwrap().is_empty());
}
