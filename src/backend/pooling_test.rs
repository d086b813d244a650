use serde_json::Map;

use super::*;
use crate::backend::{Backend, Delivery};

fn image() -> Part {
    Part::Image { url: "data:x".into(), more: String::new() }
}

fn sample(prompt: Prompt, media: Vec<Part>, request_id: &str) -> Sample {
    Sample { prompt, media, request_id: Some(request_id.into()), ..Sample::default() }
}

fn text(prompt: &str, media: Vec<Part>) -> Sample {
    sample(Prompt::Text(prompt.into()), media, "bench-12")
}

fn batch(texts: &[&str]) -> Sample {
    sample(Prompt::Batch(texts.iter().map(ToString::to_string).collect()), Vec::new(), "bench-12")
}

fn named(backend: &str) -> Backend {
    Backend::named(backend).unwrap()
}

fn body(backend: &str, sample: &Sample, overlay: Value) -> String {
    let overlay: Map<String, Value> = serde_json::from_value(overlay).unwrap();
    let fixed = Fixed {
        model: "m",
        logprobs: None,
        ignore_eos: true,
        delivery: Delivery::Stream,
        overlay: &overlay,
        dropped: &[],
        base: None,
    };
    let mut out = Vec::new();
    named(backend).template(&fixed).write(sample, None, &mut out);
    String::from_utf8(out).unwrap()
}

/// Each sample, under fields of the user's own, has this body.
fn sends<const N: usize>(table: [(&str, Sample, Value, &str); N]) {
    for (backend, sample, overlay, expected) in table {
        assert_eq!(body(backend, &sample, overlay), expected, "{backend}");
        assert!(named(backend).check(&sample).is_ok(), "{backend}");
    }
}

#[test]
fn bodies_of_bare_inputs_are_the_reference_s() {
    sends([
        (
            "openai-embeddings",
            text("hi", vec![image()]),
            json!({"encoding_format": "base64"}),
            r#"{"model":"m","input":"hi","truncate_prompt_tokens":-1,"ignore_eos":true,"encoding_format":"base64"}"#,
        ),
        (
            "openai-embeddings",
            batch(&["a", "b"]),
            json!({}),
            r#"{"model":"m","input":["a","b"],"truncate_prompt_tokens":-1,"ignore_eos":true}"#,
        ),
        (
            "openai-embeddings",
            sample(Prompt::Ids(vec![1, 2]), Vec::new(), ""),
            json!({}),
            r#"{"model":"m","input":[1,2],"truncate_prompt_tokens":-1,"ignore_eos":true}"#,
        ),
        (
            "vllm-pooling",
            text("hi", Vec::new()),
            json!({"task": "token_embed"}),
            r#"{"model":"m","truncate_prompt_tokens":-1,"input":"hi","ignore_eos":true,"task":"token_embed"}"#,
        ),
        // What the user puts over the body counts here too.
        (
            "vllm-rerank",
            batch(&["q", "a", "b"]),
            json!({"top_n": 1}),
            r#"{"model":"m","query":"q","documents":["a","b"],"truncate_prompt_tokens":-1,"top_n":1}"#,
        ),
    ]);
}

#[test]
fn bodies_for_infinity_are_the_reference_s() {
    sends([
        (
            "infinity-embeddings",
            text("hi", vec![image()]),
            json!({}),
            r#"{"model":"m","input":"hi","ignore_eos":true}"#,
        ),
        (
            "infinity-embeddings",
            text("", vec![Part::Video { url: "data:v".into() }]),
            json!({"a": 1}),
            r#"{"model":"m","input":"data:v","modality":"video","ignore_eos":true,"a":1}"#,
        ),
        (
            "infinity-embeddings-clip",
            text("hi", vec![image()]),
            json!({"a": 1}),
            r#"{"model":"m","input":"data:x","modality":"image","ignore_eos":true,"a":1}"#,
        ),
        (
            "infinity-embeddings-clip",
            text("hi", Vec::new()),
            json!({}),
            r#"{"model":"m","input":"hi","ignore_eos":true}"#,
        ),
    ]);
}

#[test]
fn bodies_of_chats_are_the_reference_s() {
    let (hi, look) = (r#"{"type":"text","text":"hi"}"#, r#"{"type":"image_url","image_url":{"url":"data:x"}}"#);
    let said = |text: &str| format!(r#"{{"type":"text","text":"{text}"}}"#);
    let alone = said("Represent the given image.");
    let asked = said("Represent the given image with the following question: hi");
    let plain = || text("hi", Vec::new());
    let seen = |id: &str| sample(Prompt::Text("hi".into()), vec![image()], id);
    let table = [
        ("openai-embeddings-chat", seen("b-1"), format!("{hi},{look}")),
        ("openai-embeddings-clip", seen("b-1"), format!("{},{look}", said(""))),
        ("openai-embeddings-clip", plain(), hi.to_owned()),
        ("openai-embeddings-vlm2vec", seen("b-12"), format!("{look},{alone}")),
        ("openai-embeddings-vlm2vec", seen("b-13"), format!("{look},{asked}")),
        ("openai-embeddings-vlm2vec", seen("b-13x"), format!("{look},{alone}")),
        ("openai-embeddings-vlm2vec", plain(), hi.to_owned()),
    ];
    for (backend, sample, content) in table {
        let expected = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{content}]}}],"truncate_prompt_tokens":-1,"ignore_eos":true}}"#
        );
        assert_eq!(body(backend, &sample, json!({})), expected, "{backend}");
    }
}

#[test]
fn inputs_are_counted_as_each_protocol_has_them() {
    let three = batch(&["a", "b", "c"]);
    let table = [
        ("openai-embeddings", &three, 3),
        ("infinity-embeddings", &three, 3),
        ("vllm-pooling", &three, 3),
        ("vllm-rerank", &three, 2),
        ("openai-embeddings-chat", &three, 1),
        ("openai-embeddings-clip", &three, 1),
        ("openai-embeddings", &batch(&[]), 1),
        ("openai", &three, 1),
    ];
    for (backend, sample, count) in table {
        assert_eq!(named(backend).inputs(sample), count, "{backend}");
    }
}

#[test]
fn what_has_nothing_to_embed_or_rank_is_refused() {
    let two = vec![image(), image()];
    let (bytes, name, media_type) = (Vec::new(), String::new(), String::new());
    let sound = crate::dataset::Audio { bytes, name, media_type, seconds: 1.0 };
    let heard = Sample { audio: Some(sound), ..text("hi", Vec::new()) };
    for (backend, sample) in [
        ("openai-chat", heard.clone()),
        ("openai-embeddings", heard),
        ("vllm-rerank", text("hi", Vec::new())),
        ("vllm-rerank", batch(&["q"])),
        ("infinity-embeddings", text("", Vec::new())),
        ("infinity-embeddings", text("", two.clone())),
        ("infinity-embeddings-clip", text("hi", two)),
        ("openai-audio", text("hi", Vec::new())),
    ] {
        let error = named(backend).check(&sample).unwrap_err();
        assert!(error.advice().is_some() && error.to_string().contains(backend), "{error}");
    }
}

#[test]
fn the_form_of_answers_follows_the_body() {
    let delivery = |backend: &str, overlay: Value| {
        let overlay: Map<String, Value> = serde_json::from_value(overlay).unwrap();
        let delivery = Delivery::Stream;
        let fixed = Fixed {
            model: "m",
            logprobs: None,
            ignore_eos: false,
            delivery,
            overlay: &overlay,
            dropped: &[],
            base: None,
        };
        named(backend).template(&fixed).delivery()
    };
    for backend in Backend::all() {
        let expected = match backend.task() {
            crate::record::Task::Generation => Delivery::Stream,
            crate::record::Task::Pooling => Delivery::Document,
        };
        assert_eq!(delivery(backend.name(), json!({})), expected, "{backend:?}");
    }
    assert_eq!(delivery("openai-chat", json!({"stream": false})), Delivery::Document);
    let format = |format: &str| delivery("openai-embeddings", json!({"encoding_format": format}));
    assert_eq!(format("base64"), Delivery::Document);
    assert_eq!((format("bytes"), format("bytes_only")), (Delivery::Bytes, Delivery::BareBytes));
}

#[test]
fn fields_stand_in_the_place_of_an_input() {
    let fields = json!({"data": {"data": "https://x/a.tif"}, "priority": 0, "softmax": false});
    let fields = sample(Prompt::Fields(crate::dataset::Json::of(&fields)), Vec::new(), "bench-0");
    let expected =
        r#"{"model":"m","truncate_prompt_tokens":-1,"data":{"data":"https://x/a.tif"},"priority":0,"softmax":false"#;
    assert!(body("vllm-pooling", &fields, json!({})).starts_with(expected));
    let none = sample(Prompt::Fields(crate::dataset::Json::of(&json!({}))), Vec::new(), "bench-0");
    assert!(body("vllm-pooling", &none, json!({})).starts_with(r#"{"model":"m","truncate_prompt_tokens":-1"#));
}
