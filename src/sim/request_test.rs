use proptest::prelude::*;

use super::*;

#[test]
fn a_head_is_read_once_its_end_has_come() {
    let bytes = b"POST /v1/completions?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n{";
    for cut in 0..bytes.len() - 1 {
        assert_eq!(head(&bytes[..cut]).unwrap(), None, "cut at {cut}");
    }
    let read = head(bytes).unwrap().unwrap();
    assert_eq!((read.len, read.method, read.path.as_str()), (bytes.len() - 1, Method::Post, "/v1/completions"));
    assert_eq!((read.body, read.keep_alive, read.expects), (Some(12), true, true));
}

#[test]
fn a_head_says_whether_the_connection_stays() {
    let keeps = |bytes: &[u8]| head(bytes).unwrap().unwrap().keep_alive;
    assert!(keeps(b"GET / HTTP/1.1\r\n\r\n"));
    assert!(!keeps(b"GET / HTTP/1.1\r\nconnection: Close\r\n\r\n"));
    assert!(!keeps(b"GET / HTTP/1.0\r\n\r\n"));
    assert!(head(b"nonsense\r\n\r\n").is_err());
    assert_eq!(head(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").unwrap().unwrap().body, None);
}

#[test]
fn an_order_is_read_wherever_its_fields_stand() {
    let body = br#" {"prompt": "a \"max_tokens\": 3 b", "model":"m", "max_tokens" : 16,"stream":true,
        "stream_options":{"include_usage":true, "continuous_usage_stats":false},"ignore_eos":true,"temperature":0.0} "#;
    let read = order(body).unwrap();
    assert_eq!(read.max_tokens, Some(16));
    assert_eq!(read.model.as_deref(), Some("m"));
    assert!(read.stream && read.include_usage && !read.continuous_usage && read.ignore_eos && read.has_prompt);
    assert_eq!(read.prompt_tokens, 6);
}

#[test]
fn the_newer_name_of_the_limit_wins() {
    for body in [r#"{"max_tokens":1,"max_completion_tokens":2}"#, r#"{"max_completion_tokens":2,"max_tokens":1}"#] {
        assert_eq!(order(body.as_bytes()).unwrap().max_tokens, Some(2));
    }
    assert_eq!(order(br#"{"max_tokens":null}"#).unwrap().max_tokens, None);
}

#[test]
fn prompt_tokens_are_ids_or_a_quarter_of_the_bytes() {
    assert_eq!(order(br#"{"prompt":[1, 22,333]}"#).unwrap().prompt_tokens, 3);
    assert_eq!(order(br#"{"prompt":"abcde"}"#).unwrap().prompt_tokens, 2);
    assert_eq!(order(br#"{"messages":[{"a":"]}"}]}"#).unwrap().prompt_tokens, 3);
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
    let wrong = ["{\"max_tokens\":0}", "{\"max_tokens\":-3}", "{\"stream\":1}", "{\"n\":2}", "{\"max_tokens\":\"a\"}"];
    for body in bad.iter().chain(&wrong) {
        assert!(order(body.as_bytes()).is_err(), "{body}");
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
        prop_assert_eq!(order(body.as_bytes()).unwrap().max_tokens, Some(limit));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), tail in "[\\[\\]{}\":,\\\\0-9a ]{0,24}") {
        let _ = order(&bytes);
        let _ = order(format!("{{\"a\":{tail}").as_bytes());
        let _ = head(&bytes);
    }
}
