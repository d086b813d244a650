use serde_json::Map;

use super::*;
use crate::backend::Usage;
use crate::dataset::{Prompt, Sample};

fn output(delta: &str) -> Option<String> {
    let data = format!(r#"{{"id":"x","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#);
    read(data.as_bytes()).unwrap().output.map(Cow::into_owned)
}

#[test]
fn a_body_has_the_fields_of_the_reference_in_its_order() {
    let fixed = Fixed {
        model: "m",
        logprobs: Some(3),
        ignore_eos: false,
        delivery: Delivery::Stream,
        overlay: &Map::new(),
        dropped: &[],
        base: None,
    };
    let sample = Sample { prompt: Prompt::Text("hi".into()), input_tokens: 1, output_tokens: 16, ..Sample::default() };
    let mut out = Vec::new();
    template(&fixed).write(&sample, None, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"#.to_owned()
            + r#""max_completion_tokens":16,"stream":true,"stream_options":{"include_usage":true}}"#
    );
}

#[test]
fn only_streamed_output_counts() {
    let table = [
        (r#"{"role":"assistant","content":""}"#, None),
        (r#"{"role":"assistant","content":null}"#, None),
        (r#"{"role":"assistant","content":"hi"}"#, Some("hi")),
        (r#"{"content":"hi"}"#, Some("hi")),
        (r#"{"content":""}"#, Some("")),
        (r#"{"content":null}"#, None),
        ("{}", None),
        ("null", None),
        (r#"{"reasoning":"so"}"#, Some("")),
        (r#"{"reasoning_content":"so"}"#, Some("")),
        (r#"{"reasoning":""}"#, None),
        (r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#, Some("")),
        (r#"{"tool_calls":[]}"#, None),
        (r#"{"function_call":{"arguments":"x"}}"#, Some("")),
    ];
    for (delta, expected) in table {
        assert_eq!(output(delta).as_deref(), expected, "{delta}");
    }
}

#[test]
fn a_finish_chunk_ends_and_carries_no_output() {
    let reading = read(br#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#).unwrap();
    let reason = Some("length".into());
    assert_eq!(reading, Reading { choice: true, finished: true, reason, ..Reading::default() });
}

#[test]
fn the_usage_chunk_has_no_output() {
    let reading = read(br#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":12}}"#).unwrap();
    let usage = Some(Usage { prompt_tokens: Some(10), completion_tokens: Some(12), ..Usage::default() });
    assert_eq!(reading, Reading { usage, ..Reading::default() });
}

#[test]
fn a_body_without_a_stream_asks_for_none() {
    let fixed = Fixed {
        model: "m",
        logprobs: None,
        ignore_eos: false,
        delivery: Delivery::Document,
        overlay: &Map::new(),
        dropped: &[],
        base: None,
    };
    let sample = Sample { output_tokens: 16, ..Sample::default() };
    let mut out = Vec::new();
    template(&fixed).write(&sample, Some("adapter"), &mut out);
    let body = String::from_utf8(out).unwrap();
    assert!(
        body.starts_with(r#"{"model":"adapter","#) && body.ends_with(r#""max_completion_tokens":16,"stream":false}"#),
        "{body}"
    );
}

#[test]
fn the_usage_chunk_may_carry_the_servers_own_times() {
    let times = |metrics: &str| {
        let data = format!(r#"{{"choices":[],"usage":{{"completion_tokens":12}},"metrics":{metrics}}}"#);
        read(data.as_bytes()).unwrap().server.map(|times| (times.queue, times.ttft))
    };
    assert_eq!(times(r#"{"queue_time_ms":250.0,"time_to_first_token_ms":500,"x":{}}"#), Some((Some(0.25), Some(0.5))));
    assert_eq!(times(r#"{"queue_time_ms":null,"time_to_first_token_ms":500}"#), Some((None, Some(0.5))));
    for nothing in ["{}", "null", "7", r#"{"queue_time_ms":"soon"}"#] {
        assert_eq!(times(nothing), None, "{nothing}");
    }
}

#[test]
fn an_error_event_keeps_the_servers_message() {
    let reading = read(br#"{"error":{"message":"boom"}}"#).unwrap();
    assert_eq!(reading.error.as_deref(), Some("boom"));
}

#[test]
fn counts_are_found_wherever_servers_have_them() {
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":7}"#;
    for counts in [
        format!(r#"{{"choices":[],{usage}}}"#),
        format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop",{usage}}}]}}"#),
        format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],"x_groq":{{"id":"x",{usage}}}}}"#),
        format!(r#"{{"choices":[{{"delta":{{}}}}],"usage":null,"x_groq":{{{usage}}}}}"#),
    ] {
        let reading = read(counts.as_bytes()).unwrap();
        assert_eq!(reading.usage.and_then(|usage| usage.completion_tokens), Some(7), "{counts}");
    }
    assert_eq!(read(br#"{"choices":[],"x_groq":"x"}"#).unwrap().usage, None);
}

#[test]
fn what_says_nothing_is_no_error() {
    let said = |event: String| read(event.as_bytes()).unwrap().error;
    let empty = r#"{"code":null,"message":"","details":[{"code":0}]}"#;
    for error in ["null", "0", "{ }", "[ ]", "false", "\"\"", "\"None\"", empty] {
        assert_eq!(said(format!(r#"{{"choices":[],"error":{error}}}"#)), None, "{error}");
        assert_eq!(said(format!(r#"{{"choices":[],"x_groq":{{"error":{error}}}}}"#)), None, "{error}");
    }
    for error in ["500", r#"{"code":null,"message":"boom"}"#, &format!("{}{}", "[".repeat(200), "]".repeat(200))] {
        assert!(said(format!(r#"{{"choices":[],"error":{error}}}"#)).is_some(), "{error}");
    }
}

#[test]
fn an_error_in_groqs_place_keeps_the_servers_message() {
    let event = |error: &str| {
        let finish = r#"{"delta":{},"finish_reason":"stop"}"#;
        let usage = r#""usage":{"completion_tokens":7}"#;
        let data = format!(r#"{{"choices":[{finish}],"x_groq":{{"id":"x","error":{error},{usage}}}}}"#);
        read(data.as_bytes()).unwrap().error
    };
    assert_eq!(event(r#""over capacity""#).as_deref(), Some("over capacity"));
    assert_eq!(event(r#"{"message":"over capacity"}"#).as_deref(), Some("over capacity"));
}
