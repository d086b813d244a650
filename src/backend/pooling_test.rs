use serde_json::Map;

use super::*;
use crate::backend::Delivery;

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

fn body(backend: Backend, sample: &Sample, overlay: Value) -> String {
    let overlay: Map<String, Value> = serde_json::from_value(overlay).unwrap();
    let fixed = Fixed { model: "m", logprobs: None, ignore_eos: true, delivery: Delivery::Stream, overlay: &overlay };
    let mut out = Vec::new();
    backend.template(&fixed).write(sample, None, &mut out);
    String::from_utf8(out).unwrap()
}

/// Each sample, under fields of the user's own, has this body.
fn sends<const N: usize>(table: [(Backend, Sample, Value, &str); N]) {
    for (backend, sample, overlay, expected) in table {
        assert_eq!(body(backend, &sample, overlay), expected, "{backend:?}");
        assert!(check(backend, &sample).is_ok(), "{backend:?}");
    }
}

#[test]
fn bodies_of_bare_inputs_are_the_reference_s() {
    sends([
        (
            Backend::OpenaiEmbeddings,
            text("hi", vec![image()]),
            json!({"encoding_format": "base64"}),
            r#"{"model":"m","input":"hi","truncate_prompt_tokens":-1,"ignore_eos":true,"encoding_format":"base64"}"#,
        ),
        (
            Backend::OpenaiEmbeddings,
            batch(&["a", "b"]),
            json!({}),
            r#"{"model":"m","input":["a","b"],"truncate_prompt_tokens":-1,"ignore_eos":true}"#,
        ),
        (
            Backend::OpenaiEmbeddings,
            sample(Prompt::Ids(vec![1, 2]), Vec::new(), ""),
            json!({}),
            r#"{"model":"m","input":[1,2],"truncate_prompt_tokens":-1,"ignore_eos":true}"#,
        ),
        (
            Backend::VllmPooling,
            text("hi", Vec::new()),
            json!({"task": "token_embed"}),
            r#"{"model":"m","truncate_prompt_tokens":-1,"input":"hi","ignore_eos":true,"task":"token_embed"}"#,
        ),
        // What the user puts over the body counts here too.
        (
            Backend::VllmRerank,
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
            Backend::InfinityEmbeddings,
            text("hi", vec![image()]),
            json!({}),
            r#"{"model":"m","input":"hi","ignore_eos":true}"#,
        ),
        (
            Backend::InfinityEmbeddings,
            text("", vec![Part::Video { url: "data:v".into() }]),
            json!({"a": 1}),
            r#"{"model":"m","input":"data:v","modality":"video","ignore_eos":true,"a":1}"#,
        ),
        (
            Backend::InfinityEmbeddingsClip,
            text("hi", vec![image()]),
            json!({"a": 1}),
            r#"{"model":"m","input":"data:x","modality":"image","ignore_eos":true,"a":1}"#,
        ),
        (
            Backend::InfinityEmbeddingsClip,
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
        (Backend::OpenaiEmbeddingsChat, seen("b-1"), format!("{hi},{look}")),
        (Backend::OpenaiEmbeddingsClip, seen("b-1"), format!("{},{look}", said(""))),
        (Backend::OpenaiEmbeddingsClip, plain(), hi.to_owned()),
        (Backend::OpenaiEmbeddingsVlm2vec, seen("b-12"), format!("{look},{alone}")),
        (Backend::OpenaiEmbeddingsVlm2vec, seen("b-13"), format!("{look},{asked}")),
        (Backend::OpenaiEmbeddingsVlm2vec, seen("b-13x"), format!("{look},{alone}")),
        (Backend::OpenaiEmbeddingsVlm2vec, plain(), hi.to_owned()),
    ];
    for (backend, sample, content) in table {
        let expected = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{content}]}}],"truncate_prompt_tokens":-1,"ignore_eos":true}}"#
        );
        assert_eq!(body(backend, &sample, json!({})), expected, "{backend:?}");
    }
}

#[test]
fn inputs_are_counted_as_each_dialect_has_them() {
    let three = batch(&["a", "b", "c"]);
    let table = [
        (Backend::OpenaiEmbeddings, &three, 3),
        (Backend::InfinityEmbeddings, &three, 3),
        (Backend::VllmPooling, &three, 3),
        (Backend::VllmRerank, &three, 2),
        (Backend::OpenaiEmbeddingsChat, &three, 1),
        (Backend::OpenaiEmbeddingsClip, &three, 1),
        (Backend::OpenaiEmbeddings, &batch(&[]), 1),
        (Backend::Openai, &three, 1),
    ];
    for (backend, sample, count) in table {
        assert_eq!(backend.inputs(sample), count, "{backend:?}");
    }
}

#[test]
fn what_has_nothing_to_embed_or_rank_is_refused() {
    let two = vec![image(), image()];
    let (bytes, name, media_type) = (Vec::new(), String::new(), String::new());
    let sound = crate::dataset::Audio { bytes, name, media_type, seconds: 1.0 };
    let heard = Sample { audio: Some(sound), ..text("hi", Vec::new()) };
    for (backend, sample) in [
        (Backend::OpenaiChat, heard.clone()),
        (Backend::OpenaiEmbeddings, heard),
        (Backend::VllmRerank, text("hi", Vec::new())),
        (Backend::VllmRerank, batch(&["q"])),
        (Backend::InfinityEmbeddings, text("", Vec::new())),
        (Backend::InfinityEmbeddings, text("", two.clone())),
        (Backend::InfinityEmbeddingsClip, text("hi", two)),
        (Backend::OpenaiAudio, text("hi", Vec::new())),
    ] {
        let error = backend.check(&sample).unwrap_err();
        assert!(error.advice().is_some() && error.to_string().contains(backend.name()), "{error}");
    }
}

#[test]
fn the_form_of_answers_follows_the_body() {
    let delivery = |backend: Backend, overlay: Value| {
        let overlay: Map<String, Value> = serde_json::from_value(overlay).unwrap();
        let delivery = Delivery::Stream;
        let fixed = Fixed { model: "m", logprobs: None, ignore_eos: false, delivery, overlay: &overlay };
        backend.template(&fixed).delivery()
    };
    for backend in Backend::ALL {
        let expected = match backend.task() {
            crate::record::Task::Generation => Delivery::Stream,
            crate::record::Task::Pooling => Delivery::Document,
        };
        assert_eq!(delivery(backend, json!({})), expected, "{backend:?}");
    }
    assert_eq!(delivery(Backend::OpenaiChat, json!({"stream": false})), Delivery::Document);
    let format = |format: &str| delivery(Backend::OpenaiEmbeddings, json!({"encoding_format": format}));
    assert_eq!(format("base64"), Delivery::Document);
    assert_eq!((format("bytes"), format("bytes_only")), (Delivery::Bytes, Delivery::BareBytes));
}
