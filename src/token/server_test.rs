use super::*;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn both_protocols_ask_in_their_own_words() {
    assert_eq!(
        Protocol::Vllm.tokenize("m", "hi", Special::Skip),
        json(r#"{"model": "m", "prompt": "hi", "add_special_tokens": false}"#)
    );
    assert_eq!(Protocol::LlamaCpp.tokenize("m", "hi", Special::Add), json(r#"{"content": "hi", "add_special": true}"#));
    assert_eq!(Protocol::Vllm.detokenize("m", &[1, 2]), (json(r#"{"model": "m", "tokens": [1, 2]}"#), "prompt"));
    assert_eq!(Protocol::LlamaCpp.detokenize("m", &[1]), (json(r#"{"tokens": [1]}"#), "content"));
}

#[test]
fn the_answers_of_both_servers_are_read() {
    let ids = vec![9707, 1879, 11, 419, 374, 264, 1273, 13];
    let vllm = r#"{"count":8,"max_model_len":4096,"tokens":[9707,1879,11,419,374,264,1273,13],"token_strs":null}"#;
    assert_eq!(tokens(&json(vllm)).unwrap(), ids);
    assert_eq!(tokens(&json(r#"{"tokens":[9707,1879,11,419,374,264,1273,13]}"#)).unwrap(), ids);
}

#[test]
fn an_answer_without_ids_is_an_error() {
    for answer in ["{}", "[]", r#"{"tokens": 3}"#, r#"{"tokens": ["a"]}"#, r#"{"tokens": [-1]}"#] {
        assert!(tokens(&json(answer)).is_err(), "{answer}");
    }
}

#[test]
fn the_vocabulary_is_what_the_models_list_tells() {
    let llamacpp = json(r#"{"data":[{"id":"other","meta":{"n_vocab":7}},{"id":"tiny","meta":{"n_vocab":151669}}]}"#);
    assert_eq!(told_vocabulary(&llamacpp, "tiny"), Some(151_669));
    assert_eq!(told_vocabulary(&llamacpp, "renamed"), Some(7), "an unknown name means the first");
    assert_eq!(told_vocabulary(&json(r#"{"data":[{"id":"tiny","root":"models/tiny"}]}"#), "tiny"), None);
    assert_eq!(told_vocabulary(&json(r#"{"data":[]}"#), "tiny"), None);
}
