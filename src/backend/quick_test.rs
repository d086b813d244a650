use proptest::prelude::*;

use super::*;
use crate::backend::{chat, completions};

const COMPLETION: &str = r#"{"id":"cmpl-1","object":"text_completion","created":17,"model":"m","choices":[{"index":0,"text":" hi","logprobs":null,"finish_reason":null}]}"#;
const CHAT: &str = r#"{"id": "x", "created": 17, "choices": [{"index": 0, "delta": {"content": "é"}, "finish_reason": "stop"}], "usage": null}"#;

#[test]
fn the_usual_events_take_the_short_cut() {
    let output = |text| Some(Cow::Borrowed(text));
    let usual = Reading::from(read(COMPLETION.as_bytes(), Shape::Text).unwrap());
    assert_eq!(usual, Reading { output: output(" hi"), choice: true, ..Reading::default() });
    let usual = Reading::from(read(CHAT.as_bytes(), Shape::Delta).unwrap());
    let stop = Some(Cow::Borrowed("stop"));
    assert_eq!(
        usual,
        Reading { output: output("é"), choice: true, finished: true, reason: stop, ..Reading::default() }
    );
}

#[test]
fn what_is_unusual_is_left_to_serde() {
    for (from, to) in [
        ("\" hi\"", "\" \\n\""),
        ("null}]}", "null},{\"text\":\"b\"}]}"),
        ("null}]}", "null}],\"usage\":{\"completion_tokens\":1}}"),
        ("null}]}", "null}],\"error\":{\"message\":\"boom\"}}"),
        ("\"text_completion\"", "\"error\""),
        (":17,", ":1.5,"),
        (":17,", ":017,"),
        ("null}]}", "null}]"),
        ("null}]}", "null}]}x"),
    ] {
        assert_eq!(read(COMPLETION.replace(from, to).as_bytes(), Shape::Text), None, "{to}");
    }
}

/// Pieces of JSON, put together in ways that are often right and often not.
fn nearly_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null"),
        Just("0"),
        Just("17"),
        Just("-1"),
        Just("1.5"),
        Just("true"),
        Just("\"a\""),
        Just("\"\""),
        Just("\"b c\""),
        Just("\"\\n\""),
        Just("\"error\""),
        Just("{}"),
        Just("[]"),
        Just("01"),
        Just("nul"),
    ];
    let inner = prop_oneof![
        4 => Just("text"), 2 => Just("finish_reason"), 2 => Just("index"), 4 => Just("delta"), 1 => Just("role"),
    ];
    let content = prop_oneof![3 => Just("content"), 1 => Just("role"), 1 => Just("reasoning")];
    let delta = (content, scalar.clone()).prop_map(|(key, value)| format!("{{\"{key}\":{value}}}"));
    let value = prop_oneof![3 => scalar.clone().prop_map(String::from), 2 => delta];
    let members = prop::collection::vec((inner, value), 1..4);
    let choice = members.prop_map(|members| {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    });
    let outer = prop_oneof![Just("id"), Just("object"), Just("usage"), Just("error"), Just("model"), Just("metrics")];
    let gap = prop_oneof![3 => Just(","), 2 => Just(", "), 1 => Just(" ,")];
    let cut = prop_oneof![6 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    (choice, prop::collection::vec((outer, scalar), 0..3), gap, cut).prop_map(|(choice, others, gap, cut)| {
        let mut members: Vec<String> = others.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        members.push(format!("\"choices\":[{choice}]"));
        let mut text = format!("{{{}}}", members.join(gap));
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_the_short_cut_speaks_serde_says_the_same(text in nearly_json()) {
        for (shape, slow) in [
            (Shape::Text, completions::by_serde(text.as_bytes())),
            (Shape::Delta, chat::by_serde(text.as_bytes())),
        ] {
            if let Some(reading) = read(text.as_bytes(), shape).map(Reading::from) {
                prop_assert_eq!(reading, slow.expect("the short cut took it for JSON"));
            }
        }
    }

    #[test]
    fn no_bytes_panic_the_short_cut(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = (read(&bytes, Shape::Text), read(&bytes, Shape::Delta));
    }
}
