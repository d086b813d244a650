//! What `custom` takes from a file, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, rows, tokenizer};

fn custom(line: &str) -> Custom {
    let line = format!("--dataset-name custom --dataset-path prompts.jsonl {line}");
    golden::settings(&line, settings).unwrap()
}

fn samples(line: &str, tokenizer: Option<Tokenizer>, json: &str) -> Result<Samples> {
    custom(line).samples_of(json.as_bytes().to_vec(), Carries::default(), tokenizer, &mut Draws::new(0))
}

/// Five prompts with their output lengths; a blank line and Windows line ends between.
fn prompts() -> String {
    let line = |k: usize| format!("{{\"prompt\": \"{}ace\", \"output_tokens\": {}}}\r\n\r\n", "abcd".repeat(k), k + 3);
    (0..5).map(line).collect()
}

#[test]
fn lines_are_taken_and_repeated_as_in_the_reference() {
    let line = "--num-prompts 7 --seed 3 --skip-chat-template --custom-output-len -1";
    let wanted = [(0, 3), (2, 5), (3, 6), (4, 7), (1, 4), (2, 5), (1, 4)];
    let seven = samples(line, Some(tokenizer()), &prompts()).unwrap();
    assert!(seven.warnings[0].starts_with("2 of 7 requests repeat another one"));
    assert_eq!(rows(seven), wanted.map(|(k, tokens)| ("abcd".repeat(k) + "ace", tokens, tokens)));
}

#[test]
fn no_wanted_number_takes_every_line() {
    for count in ["0", "-1"] {
        let all =
            samples(&format!("--num-prompts {count} --skip-chat-template"), Some(tokenizer()), &prompts()).unwrap();
        assert_eq!((all.count, all.warnings.len()), (5, 0));
    }
}

#[test]
fn without_oversampling_each_line_is_sent_once_in_file_order() {
    let line = "--num-prompts 9 --no-oversample --disable-shuffle --skip-chat-template --custom-output-len 8";
    let made = rows(samples(line, Some(tokenizer()), &prompts()).unwrap());
    assert_eq!(made.iter().map(|row| row.1).collect::<Vec<u32>>(), [3, 4, 5, 6, 7]);
    assert!(made.iter().all(|row| row.2 == 8));
}

#[test]
fn without_a_tokenizer_prompts_go_out_unchanged_with_their_output_length() {
    let json = "{\"prompt\": \"Hi?\", \"output_tokens\": 12.9}";
    let made = |line: &str| rows(samples(line, None, json).unwrap());
    assert_eq!(made("--num-prompts 1 --custom-output-len 40"), [("Hi?".into(), 1, 40)]);
    assert_eq!(made("--num-prompts 1 --custom-output-len -1"), [("Hi?".into(), 1, 12)]);
    assert_eq!(made("--num-prompts 1 --custom-output-len 40 --output-len 5"), [("Hi?".into(), 1, 5)]);
}

#[test]
fn a_tokenizer_without_a_template_is_an_error_with_a_way_out() {
    let mut one = samples("--num-prompts 1", Some(tokenizer()), &prompts()).unwrap();
    let error = one.iter.next().unwrap().unwrap_err();
    assert!(error.advice().is_some_and(|hint| hint.contains("--skip-chat-template")));
}

#[test]
fn a_line_that_is_wrong_is_refused_with_its_number_and_field() {
    let table = [
        ("{\"prompt\": 5}", "line 2: no string at `prompt`, which is `5`"),
        ("{\"text\": \"a\"}", "line 2: no string at `prompt`; it has `text`"),
        ("[\"a\", 1]", "line 2: column 0: invalid type: sequence, expected a map"),
        ("{\"prompt\": \"a\"", "line 2: column 14: EOF while parsing an object"),
        ("{\"prompt\": \"a\"}", "line 2: no number of tokens at `output_tokens`; it has `prompt`"),
        ("{\"prompt\": \"a\", \"output_tokens\": -1}", "line 2: no number of tokens at `output_tokens`, which is `-1`"),
        (
            "{\"prompt\": \"a\", \"output_tokens\": null}",
            "line 2: no number of tokens at `output_tokens`, which is `null`",
        ),
    ];
    for (line, why) in table {
        let json = format!("{{\"prompt\": \"fine\", \"output_tokens\": \"7\"}}\n{line}\n");
        let error = samples("--custom-output-len -1", None, &json).err().unwrap();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some_and(|hint| hint.contains("\"output_tokens\": 10")));
    }
}

#[test]
fn an_empty_file_and_a_missing_one_are_refused() {
    assert_eq!(samples("", None, "\n \n").err().unwrap().to_string(), "no lines");
    let error = custom("").samples(Carries::default(), None, &mut Draws::new(0)).err().unwrap();
    assert!(error.to_string().starts_with("cannot read dataset `prompts.jsonl`: No such file"), "{error}");
}

#[test]
fn a_prompt_that_will_begin_twice_is_warned_of() {
    let json = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "<s>": 1}, "merges": []},
        "added_tokens": [{"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
        "post_processor": {"type": "TemplateProcessing", "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}}"#;
    let warned = |prompt: &str| {
        let tokenizer = Tokenizer::from_json(json.as_bytes()).unwrap();
        let row = format!("{{\"prompt\": \"{prompt}\"}}");
        let made = samples("--num-prompts 1 --skip-chat-template", Some(tokenizer), &row).unwrap();
        made.warnings.iter().any(|warning| warning.starts_with("prompts begin with the token"))
    };
    assert_eq!((warned("<s>aa"), warned("aa")), (true, false));
}

#[test]
fn rows_of_messages_are_sent_whole_where_there_is_a_place_for_them() {
    let row = r#"{"messages":[{"role":"system","content":"Be terse."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}],"tools":[{"type":"function"}]}"#;
    let settings = || custom("");
    let of = |json: &str, chats: bool| {
        let carries = Carries { messages: chats, ..Carries::default() };
        let samples = settings().samples_of(json.as_bytes().to_vec(), carries, None, &mut Draws::new(0))?;
        samples.iter.collect::<Result<Vec<Sample>>>()
    };
    let whole = of(row, true).unwrap().remove(0);
    let Prompt::Messages(messages) = &whole.prompt else { panic!("{:?}", whole.prompt) };
    let sent = format!("{messages:?}");
    assert!(sent.contains("Be terse.") && sent.contains("Hi") && !sent.contains("Ho"), "{sent}");
    assert_eq!(whole.overrides[0].0, "tools");
    assert_eq!(of(row, false).unwrap()[0].prompt, Prompt::Text("Be terse.\nHi".to_owned()));
    let within = r#"{"prompt":[{"role":"user","content":"Hi"}]}"#;
    assert!(matches!(of(within, true).unwrap()[0].prompt, Prompt::Messages(_)));
    assert!(of(r#"{"messages":[{"role":"assistant","content":"Ho"}]}"#, true).is_err());
}

#[test]
fn an_object_is_sent_as_fields_where_requests_have_a_place_for_them() {
    let line = r#"{"prompt": {"data": {"data": "https://x/a.tif"}, "softmax": false}}"#;
    let of = |fields: bool| {
        let carries = Carries { fields, ..Carries::default() };
        custom("").samples_of(line.as_bytes().to_vec(), carries, None, &mut Draws::new(0))
    };
    let sample = of(true).unwrap().iter.next().unwrap().unwrap();
    let Prompt::Fields(fields) = &sample.prompt else { panic!("{:?}", sample.prompt) };
    assert_eq!(fields.as_str(), r#"{"data":{"data":"https://x/a.tif"},"softmax":false}"#);
    let error = of(false).err().unwrap();
    assert!(error.to_string().contains("the prompt is an object"), "{error}");
    assert!(error.advice().unwrap().contains("vllm-pooling"), "{error:?}");
}

#[test]
fn only_prompts_that_are_texts_go_through_the_template_twice() {
    let warned = |line: &str, json: &str, untemplated: bool| {
        let carries = Carries { messages: true, untemplated, ..Carries::default() };
        let made = custom(line).samples_of(json.as_bytes().to_vec(), carries, None, &mut Draws::new(0)).unwrap();
        made.warnings.contains(&TEMPLATED_TWICE.to_owned())
    };
    let (text, chat) = (r#"{"prompt": "a"}"#, r#"{"messages": [{"role": "user", "content": "a"}]}"#);
    assert!(warned("--num-prompts 1", text, true) && warned("--num-prompts 1", &format!("{chat}\n{text}"), true));
    assert!(!warned("--num-prompts 1", chat, true) && !warned("--num-prompts 1", text, false));
    assert!(!warned("--num-prompts 1 --skip-chat-template", text, true));
}
