use serde_json::Map;

use super::*;
use crate::backend::Usage;
use crate::dataset::{Prompt, Sample};
use crate::record::ServerTimes;

fn body(delivery: Delivery) -> String {
    let overlay: Map<String, serde_json::Value> = serde_json::from_value(json!({"top_k": 5})).unwrap();
    let fixed = Fixed {
        model: "m",
        logprobs: Some(1),
        ignore_eos: true,
        delivery,
        overlay: &overlay,
        dropped: &[],
        base: None,
    };
    let sample = Sample { prompt: Prompt::Text("hi".into()), output_tokens: 16, ..Sample::default() };
    let mut out = Vec::new();
    template(&fixed).write(&sample, None, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_body_has_the_fields_of_the_reference_in_its_order() {
    let streamed =
        r#"{"model":"m","input":"hi","max_output_tokens":16,"stream":true,"store":false,"ignore_eos":true,"top_k":5}"#;
    assert_eq!(body(Delivery::Stream), streamed);
    assert_eq!(body(Delivery::Document), streamed.replace("true,\"store\"", "false,\"store\""));
}

#[test]
fn only_deltas_of_what_is_generated_are_output() {
    let table = [
        (r#"{"type":"response.output_text.delta","delta":" hi","logprobs":[],"sequence_number":5}"#, Some(" hi")),
        (r#"{"type":"response.output_text.delta","delta":"\n\u00e9"}"#, Some("\né")),
        (r#"{"type":"response.output_text.delta","delta":null}"#, Some("")),
        (r#"{"type":"response.output_text.delta"}"#, Some("")),
        (r#"{"type":"response.reasoning_text.delta","delta":"hm"}"#, Some("")),
        (r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#, Some("")),
        (r#"{"type":"response.refusal.delta","delta":"no"}"#, Some("")),
        (r#"{"type":"response.created","response":{"status":"in_progress","output":[],"usage":null}}"#, None),
        (r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#, None),
        (r#"{"type":"response.content_part.added","part":{"text":""}}"#, None),
        (r#"{"type":"response.reasoning_summary_text.delta","delta":"x"}"#, None),
        (r#"{"type":"response.output_text.done","text":"hi"}"#, None),
        ("{}", None),
    ];
    for (data, output) in table {
        let reading = read(data.as_bytes()).unwrap();
        assert_eq!((reading.output.as_deref(), reading.finished, &reading.error), (output, false, &None), "{data}");
    }
}

#[test]
fn a_terminal_event_ends_and_counts() {
    for kind in ["response.completed", "response.incomplete"] {
        let data = format!(
            r#"{{"type":"{kind}","response":{{"usage":{{"input_tokens":3,"output_tokens":7}},"metrics":{{"queue_time_ms":2}}}}}}"#
        );
        let reading = read(data.as_bytes()).unwrap();
        let usage = Usage { prompt_tokens: Some(3), completion_tokens: Some(7), ..Usage::default() };
        assert_eq!((reading.output, reading.usage, reading.finished), (None, Some(usage), true), "{kind}");
        assert_eq!(reading.server.map(|times| *times), Some(ServerTimes { queue: Some(0.002), ttft: None }));
        for response in ["null", "{}", r#"{"usage":null}"#] {
            let data = format!(r#"{{"type":"{kind}","response":{response}}}"#);
            let reading = read(data.as_bytes()).unwrap();
            assert_eq!((reading.usage, reading.finished), (None, true), "{data}");
        }
    }
}

#[test]
fn errors_are_found_in_each_of_their_forms() {
    for data in [
        r#"{"type":"error","code":"server_error","message":"boom","param":null}"#,
        r#"{"type":"error","error":{"message":"boom"}}"#,
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"x","message":"boom"}}}"#,
        r#"{"type":"response.output_text.delta","delta":"a","error":{"message":"boom"}}"#,
        r#"{"error":{"message":"boom"}}"#,
    ] {
        assert_eq!(read(data.as_bytes()).unwrap().error.as_deref(), Some("boom"), "{data}");
    }
    assert_eq!(read(br#"{"type":"response.created","error":null}"#).unwrap().error, None);
    let failed = r#"{"type":"response.completed","response":{"status":"failed","error":{"message":"boom"}}}"#;
    assert_eq!(read(failed.as_bytes()).unwrap().error.as_deref(), Some("boom"));
    assert!(read(failed.replace(r#","error":{"message":"boom"}"#, "").as_bytes()).unwrap().error.is_some());
}

#[test]
fn a_whole_response_has_the_text_of_its_messages() {
    let data = r#"{"status":"completed","error":null,"output":[
        {"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}]},
        {"type":"message","content":[{"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]}],
        "usage":{"input_tokens":3,"output_tokens":7}}"#;
    let reading = read_document(data.as_bytes()).unwrap();
    let usage = Usage { prompt_tokens: Some(3), completion_tokens: Some(7), ..Usage::default() };
    assert_eq!((reading.output.as_deref(), reading.usage, reading.error), (Some("ab"), Some(usage), None));
    let call = read_document(br#"{"output":[{"type":"function_call","arguments":"{}"}]}"#).unwrap();
    assert_eq!(call.output.as_deref(), Some(""));
    assert_eq!(read_document(br#"{"status":"completed","output":[]}"#).unwrap().output, None);
    let failed = read_document(br#"{"status":"failed","error":{"message":"boom"},"output":[]}"#).unwrap();
    assert_eq!(failed.error.as_deref(), Some("boom"));
}

#[test]
fn an_answer_in_odd_shapes_is_read_as_far_as_it_goes() {
    let table = [
        (r#"{"output":"hi"}"#, Some("hi")),
        (r#"{"output":[{"type":"message","content":"hi"}]}"#, Some("hi")),
        (r#"{"output":[{"content":{"text":"hi"}}],"incomplete_details":"x","status":7}"#, Some("hi")),
        (r#"{"output":{"a":1}}"#, Some("")),
        (r#"{"output":7,"usage":{"output_tokens":3}}"#, Some("")),
        (r#"{"output":null}"#, None),
    ];
    for (json, output) in table {
        assert_eq!(read_document(json.as_bytes()).unwrap().output.as_deref(), output, "{json}");
        let event = format!(r#"{{"type":"response.completed","response":{json}}}"#);
        assert!(read(event.as_bytes()).unwrap().finished, "{json}");
    }
    for status in ["in_progress", "queued"] {
        assert!(!read_document(format!(r#"{{"status":"{status}","output":"hi"}}"#).as_bytes()).unwrap().finished);
    }
}
