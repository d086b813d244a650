//! Bytes on the wire: whatever a server may legally do to a stream, all tokens arrive, with their texts and times.

use serde_json::{Value, json};

use crate::command::Llmbench;
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, Events, Framing, ITL, TTFT, answer, respond, sse, stream, text};

/// Runs `script` in both dialects, cut in every way: always the same tokens and texts, and the times where it is paced.
fn holds(script: impl Fn(Dialect) -> Script + Copy + Send + Sync + 'static) {
    for dialect in Dialect::ALL {
        for cut in Cut::ALL {
            let server = Server::start(cut, move |_: &Request| script(dialect));
            let run = || Llmbench::serve(&server).args(["--backend", dialect.backend()]).run().ended(0);
            let result = if cut == Cut::Paced { timed(&TRUTHS, run) } else { run() };
            assert_eq!(result["completed"], 10, "{dialect:?} {cut:?}: {result}");
            assert_eq!(result["failures"], json!({}), "{dialect:?} {cut:?}");
            assert_eq!(result["output_lens"], json!(vec![16; 10]), "{dialect:?} {cut:?}");
            assert_eq!(result["input_lens"], json!(vec![8; 10]), "{dialect:?} {cut:?}");
            assert_eq!(result["generated_texts"], json!(vec![text(16); 10]), "{dialect:?} {cut:?}");
            assert_eq!(result["itls"][9].as_array().unwrap().len(), 15, "{dialect:?} {cut:?}");
        }
    }
}

/// The figures of 16 tokens at their times.
const TRUTHS: [(&str, f64); 4] = [
    ("median_ttft_ms", TTFT as f64),
    ("median_itl_ms", ITL as f64),
    ("median_tpot_ms", ITL as f64),
    ("median_e2el_ms", (TTFT + 15 * ITL) as f64),
];

/// A result whose figures are what was dictated. On a busy machine the server itself is late: then it runs again, a few times.
#[track_caller]
pub(crate) fn timed(truths: &[(&str, f64)], run: impl Fn() -> Value) -> Value {
    let mut off = String::new();
    for _ in 0..6 {
        let result = run();
        let far = truths.iter().filter_map(|(key, truth)| {
            let value = result[key].as_f64();
            let near = value.is_some_and(|value| (truth - 2.0..truth + 15.0_f64.max(truth / 8.0)).contains(&value));
            (!near).then(|| format!("{key} is {value:?} and not about {truth}"))
        });
        off = far.collect::<Vec<String>>().join(", ");
        if off.is_empty() {
            return result;
        }
    }
    panic!("{off}");
}

/// A chunked response of an answer, each event written by `write`.
fn styled(dialect: Dialect, write: fn(usize, &str) -> String) -> Script {
    let events = answer(dialect, 16);
    let body = events.iter().enumerate().map(|(index, (at, data))| (*at, write(index, data).into_bytes()));
    respond(Framing::Chunked, body.collect())
}

#[test]
fn a_plain_stream_is_measured_as_it_was_sent() {
    holds(|dialect| stream(&answer(dialect, 16)));
}

#[test]
fn comments_beside_events_and_alone_change_nothing() {
    holds(|dialect| styled(dialect, |_, data| format!(": ping\n\ndata: {data}\n: pong\n\n:\n\n")));
    holds(|dialect| {
        let events = sse(&answer(dialect, 16));
        let with_comment = |(at, bytes): (u64, Vec<u8>)| [(at - 5, b": ping\n\n".to_vec()), (at, bytes)];
        respond(Framing::Chunked, events.into_iter().flat_map(with_comment).collect())
    });
}

#[test]
fn lines_may_end_in_crlf_or_cr() {
    holds(|dialect| styled(dialect, |_, data| format!("data: {data}\r\n\r\n")));
    holds(|dialect| styled(dialect, |_, data| format!("data: {data}\r\r")));
    holds(|dialect| {
        styled(dialect, |index, data| format!("data: {data}{}", ["\r\n\n", "\n\r\n", "\r\r\n", "\n\n"][index % 4]))
    });
}

#[test]
fn fields_beside_data_and_a_missing_blank_change_nothing() {
    holds(|dialect| styled(dialect, |_, data| format!("data:{data}\n\n")));
    holds(|dialect| {
        styled(dialect, |index, data| format!("event: message\nid: {index}\nretry: 100\ndata: {data}\nunknown\n\n"))
    });
}

#[test]
fn an_event_may_take_several_data_lines() {
    holds(|dialect| styled(dialect, |_, data| format!("data: {}\n\n", data.replace("[{", "\ndata: [\ndata:{"))));
}

#[test]
fn a_byte_order_mark_may_begin_the_stream() {
    holds(|dialect| {
        styled(dialect, |index, data| format!("{}data: {data}\n\n", if index == 0 { "\u{feff}" } else { "" }))
    });
}

#[test]
fn texts_may_be_escaped() {
    fn escaped(data: &str) -> String {
        let escape = |char: char| {
            let units = char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            if char.is_ascii() { char.to_string() } else { units }
        };
        data.chars().map(escape).collect()
    }
    holds(|dialect| styled(dialect, |_, data| format!("data: {}\n\n", escaped(data))));
}

#[test]
fn a_body_may_be_framed_in_any_way() {
    for framing in [Framing::Extended, Framing::Length, Framing::Close] {
        holds(match framing {
            Framing::Extended => |dialect| respond(Framing::Extended, sse(&answer(dialect, 16))),
            Framing::Length => |dialect| respond(Framing::Length, sse(&answer(dialect, 16))),
            Framing::Close | Framing::Chunked => |dialect| respond(Framing::Close, sse(&answer(dialect, 16))),
        });
    }
}

#[test]
fn chunks_of_the_transfer_need_not_be_events() {
    holds(|dialect| {
        let events = sse(&answer(dialect, 16));
        let halved = |(at, bytes): (u64, Vec<u8>)| {
            let (front, back) = bytes.split_at(bytes.len() / 2);
            [(at - 5, front.to_vec()), (at, back.to_vec())]
        };
        respond(Framing::Chunked, events.into_iter().flat_map(halved).collect())
    });
}

#[test]
fn interim_responses_are_passed_over() {
    holds(|dialect| {
        let mut script = stream(&answer(dialect, 16));
        let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        script.steps.insert(0, (10, early.into()));
        script
    });
}

#[test]
fn an_event_may_be_large_and_past_the_limit_is_a_failure_of_a_name() {
    let large = |dialect| {
        let mut events: Events = answer(dialect, 3);
        events[1].1.insert_str(1, &format!("\"pad\": \"{}\", ", "x".repeat(8 << 20)));
        stream(&events)
    };
    for dialect in Dialect::ALL {
        for cut in [Cut::Paced, Cut::Whole] {
            let server = Server::start(cut, move |_: &Request| large(dialect));
            let run = || Llmbench::serve(&server).args(["--backend", dialect.backend(), "--num-prompts", "2"]);
            let result = run().run().ended(0);
            assert_eq!(result["output_lens"], json!([3, 3]));
            assert_eq!(result["generated_texts"], json!([text(3), text(3)]));
            let result = run().args(["--max-event-bytes", "1000000"]).run().ended(1);
            assert_eq!(result["failures"], json!({"malformed": 2}));
            assert!(result["errors"][1].as_str().unwrap().contains("--max-event-bytes"), "{}", result["errors"]);
        }
    }
}

#[test]
fn a_connection_is_used_again_where_its_answer_ended() {
    let server =
        Server::start(Cut::Whole, |_: &Request| Script { end: End::Keep, ..stream(&answer(Dialect::Chat, 4)) });
    let result = Llmbench::serve(&server).args(["--backend", "openai-chat", "--max-concurrency", "2"]).run().ended(0);
    assert_eq!((server.connections(), server.requests().len()), (2, 10));
    assert_eq!(result["stale_connections"], 0);
}
