use serde_json::{Value, json};

use super::*;
use crate::sim::config::Shape;
use crate::sim::event::Style;

fn body(endpoint: Endpoint, encoding: Encoding, usage: Usage) -> Body {
    let shape = Shape { usage, ..Shape::default() };
    let voice = Voice { endpoint, shape, model: "sim".to_owned(), created: 7, style: Style::new(&[]) };
    let vectors = Vectors { encoding, dimensions: 3 };
    let counts = Counts { prompt: 5, output: if endpoint == Endpoint::Completions { 4 } else { 2 }, times: None };
    voice.whole(1, Whole { counts, finish: "stop", inputs: 2, vectors })
}

fn json(endpoint: Endpoint) -> Value {
    serde_json::from_slice(&body(endpoint, Encoding::Float, Usage::Asked).bytes).unwrap()
}

#[test]
fn every_endpoint_answers_in_json_with_its_usage() {
    for endpoint in Endpoint::ALL {
        let json = json(endpoint);
        let usage = &json["usage"];
        let prompt = usage["prompt_tokens"].as_u64().or(usage["input_tokens"].as_u64());
        assert_eq!(prompt, Some(5), "{endpoint:?}: {json}");
        let none: Value = serde_json::from_slice(&body(endpoint, Encoding::Float, Usage::None).bytes).unwrap();
        assert!(none["usage"].is_null(), "{endpoint:?}");
    }
    assert_eq!(json(Endpoint::Transcription)["text"], " alpha bravo");
    assert_eq!(json(Endpoint::Chat)["choices"][0]["message"]["content"], " alpha bravo");
    let completions = json(Endpoint::Completions);
    assert_eq!(
        (&completions["choices"][1]["text"], &completions["usage"]["completion_tokens"]),
        (&json!(" alpha bravo"), &json!(4))
    );
}

#[test]
fn there_is_a_vector_or_a_score_an_input() {
    assert_eq!(
        json(Endpoint::Embeddings)["data"][1],
        json!({"index": 1, "object": "embedding", "embedding": [0.25, 0.25, 0.25]})
    );
    assert_eq!(json(Endpoint::Pooling)["data"][1]["data"], json!([0.25, 0.25, 0.25]));
    assert_eq!(json(Endpoint::Score)["data"][1]["score"], 0.5);
    assert_eq!(json(Endpoint::Rerank)["results"][1], json!({"index": 1, "relevance_score": 0.5}));
}

#[test]
fn vectors_can_be_base64_or_bytes() {
    let base64 = body(Endpoint::Embeddings, Encoding::Base64, Usage::Asked);
    let json: Value = serde_json::from_slice(&base64.bytes).unwrap();
    assert_eq!(json["data"][0]["embedding"], "AACAPgAAgD4AAIA+");
    assert_eq!((base64_of(1), base64_of(2)), ("AACAPg==".to_owned(), "AACAPgAAgD4=".to_owned()));
    let bytes = body(Endpoint::Embeddings, Encoding::Bytes, Usage::Asked);
    assert_eq!(bytes.bytes, 0.25_f32.to_le_bytes().repeat(6));
    let metadata: Value = serde_json::from_slice(&bytes.metadata.unwrap()).unwrap();
    assert_eq!(metadata["usage"]["prompt_tokens"], 5);
    assert_eq!(body(Endpoint::Embeddings, Encoding::BytesOnly, Usage::Asked).metadata, None);
}
