use proptest::prelude::*;

use super::*;
use crate::sim::form::Field;
use crate::sim::prompt::Blocks;
use crate::sim::tokens::Tokens;

fn read(endpoint: Endpoint, body: &str) -> Result<Order, String> {
    order(endpoint, body.as_bytes(), Meter::new(&mut Tokens::shared(), Blocks::Unwanted))
}

fn completion(body: &str) -> Result<Order, String> {
    read(Endpoint::Completions, body)
}

#[test]
fn an_order_is_read_wherever_its_fields_stand() {
    let body = r#" {"prompt": "a \"max_tokens\": 3 b", "model":"m", "max_tokens" : 16,"stream":true,
        "stream_options":{"include_usage":true, "continuous_usage_stats":false},"ignore_eos":true,"temperature":0.0} "#;
    let read = completion(body).unwrap();
    assert_eq!(read.max_tokens, Some(16));
    assert_eq!(read.model.as_deref(), Some("m"));
    assert!(read.stream && read.include_usage && !read.continuous_usage && read.ignore_eos);
    assert_eq!(read.prompt_tokens, 12);
}

#[test]
fn the_newer_name_of_the_limit_wins() {
    for body in [
        r#"{"prompt":"","max_tokens":1,"max_completion_tokens":2}"#,
        r#"{"prompt":"","max_output_tokens":2,"max_tokens":1}"#,
    ] {
        assert_eq!(completion(body).unwrap().max_tokens, Some(2));
    }
    assert_eq!(completion(r#"{"prompt":"","max_tokens":null}"#).unwrap().max_tokens, None);
}

#[test]
fn prompts_are_counted_whatever_their_shape() {
    let size = |endpoint, body: &str| {
        let order = read(endpoint, body).unwrap();
        (order.prompt_tokens, order.inputs)
    };
    let table = [
        (Endpoint::Completions, r#"{"prompt":[1, 22,333]}"#, (3, 1)),
        (Endpoint::Completions, r#"{"prompt":[" the return", " the"]}"#, (3, 2)),
        (Endpoint::Chat, r#"{"messages":[{"content":" the"}]}"#, (1, 1)),
        (Endpoint::Responses, r#"{"input":" the"}"#, (1, 1)),
        (Endpoint::Embeddings, r#"{"input":[" the"," the"],"messages":null}"#, (0, 1)),
        (Endpoint::Rerank, r#"{"query":" the","documents":[" the return",{"text":" the"}]}"#, (5, 2)),
        (Endpoint::Score, r#"{"text_1":[" the"," the"],"text_2":[" the"," the"]}"#, (4, 2)),
        (Endpoint::Score, r#"{"text_1":" the","text_2":" the"}"#, (2, 1)),
    ];
    for (endpoint, body, expected) in table {
        assert_eq!(size(endpoint, body), expected, "{body}");
    }
}

#[test]
fn vectors_are_written_as_asked_and_never_streamed() {
    let order = read(Endpoint::Embeddings, r#"{"input":"a","encoding_format":"base64","dimensions":3,"stream":true}"#);
    let order = order.unwrap();
    assert_eq!((order.encoding, order.dimensions, order.stream), (Encoding::Base64, Some(3), false));
    assert!(read(Endpoint::Embeddings, r#"{"input":"a","encoding_format":"hex"}"#).is_err());
}

#[test]
fn an_answer_that_would_fill_the_memory_is_refused() {
    let asked = |inputs: usize, dimensions: u32| {
        let inputs = vec!["\"a\""; inputs].join(",");
        read(Endpoint::Embeddings, &format!("{{\"input\":[{inputs}],\"dimensions\":{dimensions}}}"))
    };
    assert!(asked(1024, 4096).is_ok());
    assert!(asked(1025, 4096).unwrap_err().contains("no more than 4194304"));
    assert!(asked(2, u32::MAX).is_err());
    let continued = |prompts: usize, tokens: u32| {
        let prompts = vec!["\"a\""; prompts].join(",");
        completion(&format!("{{\"prompt\":[{prompts}],\"max_tokens\":{tokens}}}"))
    };
    assert!(continued(1, 1 << 20).is_ok() && continued(1024, 1 << 14).is_ok());
    assert!(continued(1, (1 << 20) + 1).unwrap_err().contains("the context is 1048576 tokens long"));
    assert!(continued(1025, 1).unwrap_err().contains("no more than 1024"));
    assert!(continued(17, 1 << 20).is_err());
}

#[test]
fn what_lacks_its_prompt_is_refused_by_the_name_of_the_field() {
    assert_eq!(completion("{}").unwrap_err(), "the body has no `prompt`");
    assert_eq!(read(Endpoint::Embeddings, "{}").unwrap_err(), "the body has no `input` and no `messages`");
}

#[test]
fn a_form_is_read_in_pythons_words() {
    let sound = [0; 1281];
    let field = |name, value| Field { name, value };
    let fields = [
        field("file", &sound),
        field("model", b"whisper"),
        field("max_completion_tokens", b"448"),
        field("stream", b"True"),
        field("language", b"en"),
        field("stream_include_usage", b"True"),
        field("stream_continuous_usage_stats", b"False"),
    ];
    let order = form(&fields).unwrap();
    assert_eq!((order.prompt_tokens, order.max_tokens, order.model.as_deref()), (3, Some(448), Some("whisper")));
    assert!(order.stream && order.include_usage && !order.continuous_usage);
    assert!(form(&fields[1..]).is_err(), "no file");
    assert!(form(&[field("file", b""), field("stream", b"perhaps")]).is_err());
}

#[test]
fn what_is_no_object_or_makes_no_sense_is_refused() {
    let bad = [
        "",
        "[]",
        "{",
        "{\"a\":1",
        "{\"a\" 1}",
        "{\"a\":1}x",
        "{\"a\":}",
        "{\"a\":[1}",
        "{a:1}",
        "{\"a\":bad}",
        "nope",
    ];
    for body in bad {
        assert_eq!(completion(body).unwrap_err(), "the body is no JSON object", "{body}");
    }
    for field in ["\"max_tokens\":0", "\"max_tokens\":-3", "\"stream\":1", "\"n\":2", "\"max_tokens\":\"a\""] {
        assert!(completion(&format!("{{\"prompt\":\"a\",{field}}}")).is_err(), "{field}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_the_prompt_hides_no_field(prompt in ".*", limit in 1_u32..9_999, first: bool) {
        let text = serde_json::to_string(&prompt).unwrap();
        let body = if first {
            format!(r#"{{"prompt":{text},"max_tokens":{limit},"messages":[[{{"k":{text}}}]]}}"#)
        } else {
            format!(r#"{{"max_tokens":{limit},"stop":[{text}],"prompt":{text}}}"#)
        };
        prop_assert_eq!(completion(&body).unwrap().max_tokens, Some(limit));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), tail in "[\\[\\]{}\":,\\\\0-9a ]{0,24}") {
        let _ = order(Endpoint::Chat, &bytes, Meter::new(&mut Tokens::shared(), Blocks::Wanted));
        for key in ["prompt", "documents", "query", "a"] {
            let body = format!("{{\"{key}\":{tail}}}");
            let _ = order(Endpoint::Rerank, body.as_bytes(), Meter::new(&mut Tokens::shared(), Blocks::Wanted));
            let _ = order(Endpoint::Completions, body.as_bytes(), Meter::new(&mut Tokens::shared(), Blocks::Wanted));
        }
    }
}

#[test]
fn a_prompt_of_nested_lists_is_measured_at_once() {
    let body = format!(r#"{{"prompt":{}1{}}}"#, "[".repeat(500_000), "]".repeat(500_000));
    assert!(order(Endpoint::Completions, body.as_bytes(), Meter::new(&mut Tokens::shared(), Blocks::Unwanted)).is_ok());
}
