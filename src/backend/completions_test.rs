use serde_json::{Map, Value};

use super::*;
use crate::backend::Usage;
use crate::dataset::{Prompt, Sample};

fn body(prompt: Prompt, overlay: Value, ignore_eos: bool) -> String {
    let overlay: Map<String, Value> = serde_json::from_value(overlay).unwrap();
    let fixed = Fixed {
        model: "m",
        logprobs: None,
        ignore_eos,
        delivery: Delivery::Stream,
        overlay: &overlay,
        dropped: &[],
        base: None,
    };
    let sample = Sample { prompt, input_tokens: 3, output_tokens: 16, ..Sample::default() };
    let mut out = Vec::new();
    template(&fixed).write(&sample, None, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_body_has_the_fields_of_the_reference_in_its_order() {
    assert_eq!(
        body(Prompt::Text("a \"b\"\n\u{e9}".into()), json!({}), true),
        r#"{"model":"m","prompt":"a \"b\"\né","repetition_penalty":1.0,"max_tokens":16,"logprobs":null,"stream":true,"#
            .to_owned()
            + r#""stream_options":{"include_usage":true},"ignore_eos":true}"#
    );
}

#[test]
fn the_overlay_replaces_in_place_and_adds_at_the_end() {
    let body = body(Prompt::Text("a".into()), json!({"max_tokens": 1, "top_p": 0.5}), false);
    assert!(body.contains(r#""repetition_penalty":1.0,"max_tokens":1,"logprobs":null"#), "{body}");
    assert!(body.ends_with(r#""stream_options":{"include_usage":true},"top_p":0.5}"#), "{body}");
}

#[test]
fn a_batch_is_a_list_of_prompts() {
    let body = body(Prompt::Batch(vec!["a".into(), "b".into()]), json!({}), false);
    assert!(body.contains(r#""prompt":["a","b"],"#), "{body}");
}

#[test]
fn every_chunk_with_a_choice_is_output() {
    let table = [
        (r#"{"choices":[{"text":" hi","finish_reason":null}]}"#, Some(" hi"), false),
        (r#"{"choices":[{"text":"\u00e9\n","finish_reason":null},{"text":"x"}]}"#, Some("é\n"), false),
        (r#"{"choices":[{"text":"","finish_reason":"stop"}]}"#, Some(""), true),
        (r#"{"choices":[{"index":0,"finish_reason":"stop"}]}"#, None, true),
        (r#"{"choices":[{"index":0,"finish_reason":"null"}]}"#, None, false),
        (r#"{"choices":[{"reasoning_content":"hm","finish_reason":""}]}"#, Some(""), false),
        (r#"{"choices":[{"text":null}]}"#, Some(""), false),
        (r#"{"choices":[]}"#, None, false),
        (r#"{"choices":null}"#, None, false),
    ];
    for (data, output, finished) in table {
        let reading = read(data.as_bytes()).unwrap();
        assert_eq!((reading.output.as_deref(), reading.finished), (output, finished), "{data}");
    }
}

#[test]
fn usage_counts_wherever_it_stands() {
    let usage = Some(Usage { prompt_tokens: Some(2), completion_tokens: Some(12), ..Usage::default() });
    for choices in ["[]", r#"[{"text":"","finish_reason":"length"}]"#] {
        let data = format!(r#"{{"choices":{choices},"usage":{{"completion_tokens":12,"prompt_tokens":2,"x":{{}}}}}}"#);
        assert_eq!(read(data.as_bytes()).unwrap().usage, usage);
    }
}

#[test]
fn an_error_event_keeps_the_servers_message() {
    for data in [r#"{"error":{"message":"boom","code":500}}"#, r#"{"object":"error","message":"boom"}"#] {
        assert_eq!(read(data.as_bytes()).unwrap().error.as_deref(), Some("boom"), "{data}");
    }
    assert_eq!(read(br#"{"choices":[],"error":null}"#).unwrap().error, None);
}

#[test]
fn what_is_no_json_object_is_malformed() {
    for data in ["", "{", "17", "[]x", r#"{"choices":7}"#, "{\"choices\":[{\"text\":\"\u{1}\"}]}"] {
        assert!(read(data.as_bytes()).is_err(), "{data}");
    }
}
