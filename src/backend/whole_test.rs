use super::*;

/// What an answer says: its text, its counts, or why it failed.
type Said = Result<(Option<String>, Option<Usage>), String>;

fn read(backend: Backend, delivery: Delivery, head: Head<'_>, body: &[u8]) -> Said {
    let mut whole = Whole::new(backend, delivery, head, 1000).map_err(|cause| cause.0)?;
    for piece in body.chunks(3) {
        whole.feed(piece).map_err(|cause| cause.0)?;
    }
    let reading = whole.read().map_err(|cause| cause.0)?;
    match reading.error {
        Some(error) => Err(error),
        None => Ok((reading.output.map(Into::into), reading.usage)),
    }
}

fn json(backend: Backend, body: &str) -> Said {
    read(backend, Delivery::Document, Head { media_type: "application/json", metadata: None }, body.as_bytes())
}

fn said(text: &str, usage: Option<(u32, Option<u32>)>) -> Said {
    let usage = usage.map(|(prompt, tokens)| Usage {
        prompt_tokens: Some(prompt),
        completion_tokens: tokens,
        ..Usage::default()
    });
    Ok((Some(text.into()), usage))
}

#[test]
fn generated_answers_have_their_text_and_counts() {
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":7}"#;
    let chat = |message: &str, more: &str| {
        json(Backend::named("openai-chat").unwrap(), &format!(r#"{{"choices":[{{"message":{message}}}]{more}}}"#))
    };
    assert_eq!(chat(r#"{"role":"assistant","content":"hi"}"#, &format!(",{usage}")), said("hi", Some((3, Some(7)))));
    assert_eq!(chat(r#"{"role":"assistant","content":null,"tool_calls":[{}]}"#, ""), said("", None));
    assert_eq!(chat(r#"{"role":"assistant","content":""}"#, &format!(",{usage}")), said("", Some((3, Some(7)))));
    assert_eq!(chat(r#"{"role":"assistant","content":""}"#, ""), Ok((None, None)));
    let text = format!(r#"{{"choices":[{{"text":"hi","finish_reason":"stop"}}],{usage}}}"#);
    assert_eq!(json(Backend::named("vllm").unwrap(), &text), said("hi", Some((3, Some(7)))));
    let audio = r#"{"text":"hi","usage":{"type":"duration","seconds":3}}"#;
    assert_eq!(json(Backend::named("openai-audio").unwrap(), audio), Ok((Some("hi".into()), None)));
}

#[test]
fn vectors_need_counts_or_a_list() {
    let table = [
        (
            r#"{"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":3,"completion_tokens":0}}"#,
            said("", Some((3, None))),
        ),
        (r#"{"results":[{"index":0}]}"#, said("", None)),
        (r#"{"data":[{"embedding":"AAAA"}],"usage":null}"#, said("", None)),
        (r#"{"usage":{"prompt_tokens":3}}"#, said("", Some((3, None)))),
        (r#"{"data":[]}"#, Ok((None, None))),
        ("{}", Ok((None, None))),
        (r#"{"error":{"message":"boom"}}"#, Err("boom".into())),
        (r#"{"object":"error","message":"boom","data":[1]}"#, Err("boom".into())),
        (r#"{"detail":"gone","object":"error"}"#, Err("gone".into())),
        (r#"{"data":[1"#, Err("the object has no end".into())),
        // The reference takes it for a success.
        (r#"{"data":[],"usage":{"prompt_tokens":3}}"#, said("", Some((3, None)))),
        (r#"[{"index":0,"score":0.5}]"#, said("", None)),
        ("[]", Ok((None, None))),
        ("7", Err("expected an object".into())),
        ("", Err("the object has no end".into())),
    ];
    for (body, expected) in table {
        assert_eq!(json(Backend::named("vllm-pooling").unwrap(), body), expected, "{body}");
    }
}

#[test]
fn vectors_as_bytes_have_their_counts_in_a_header_or_none() {
    let metadata = Some(r#"{"data":[{"index":0}],"usage":{"prompt_tokens":3}}"#);
    let head = Head { media_type: "application/octet-stream", metadata };
    let embed = |delivery, head, body| read(Backend::named("openai-embeddings").unwrap(), delivery, head, body);
    assert_eq!(embed(Delivery::Bytes, head, b"\x00\xff{"), said("", Some((3, None))));
    assert_eq!(embed(Delivery::BareBytes, head, b"\x00\xff{"), said("", None));
    assert_eq!(embed(Delivery::Bytes, Head { metadata: None, ..head }, b"\x00"), said("", None));
    assert_eq!(embed(Delivery::Bytes, head, b"").unwrap().0, None);
    assert!(embed(Delivery::Bytes, Head { metadata: Some("no"), ..head }, b"\x00").is_err());
    let json = Head { media_type: "application/json", metadata: None };
    assert_eq!(embed(Delivery::Bytes, json, br#"{"error":"boom"}"#), Err("boom".into()));
}

#[test]
fn another_type_is_told_and_a_text_has_a_limit() {
    let head = Head { media_type: "text/event-stream", metadata: None };
    let error = Whole::new(Backend::named("openai-chat").unwrap(), Delivery::Document, head, 9).unwrap_err();
    assert_eq!(error.0, "expected JSON, got text/event-stream");
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(1000));
    assert!(json(Backend::named("openai-audio").unwrap(), &long).unwrap_err().contains("--max-event-bytes"));
    let vectors = format!(r#"{{"data":["{}"]}}"#, "x".repeat(1000));
    assert_eq!(json(Backend::named("openai-embeddings").unwrap(), &vectors), said("", None));
}
