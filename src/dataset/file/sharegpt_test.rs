//! What `sharegpt` takes from a file, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, owned, rows, shown, tokenizer};

fn sharegpt(line: &str) -> ShareGpt {
    golden::settings(&format!("--dataset-name sharegpt --dataset-path chats.json {line}"), settings).unwrap()
}

fn samples(line: &str, json: &str) -> Result<Samples> {
    sharegpt(line).samples_of(json.as_bytes().to_vec(), Media::Send, tokenizer(), &mut Draws::new(0))
}

/// Nine conversations of growing length, and two without a use: too few turns, too few tokens.
fn chats() -> String {
    let chat = |k: usize| {
        let (prompt, answer) = ("abcdefgh".repeat(k) + "acegikmo", "aceg".repeat(k));
        format!(r#"{{"conversations": [{{"from": "human", "value": "{prompt}"}}, {{"value": "{answer}"}}]}}"#)
    };
    let chats: Vec<String> = (0..9).map(chat).collect();
    let short = r#"{"conversations": [{"value": "ac"}, {"value": "aceg"}]}"#;
    format!(r#"[{}, {{"conversations": []}}, {short}, {{"id": "no turns"}}]"#, chats.join(","))
}

#[test]
fn conversations_are_taken_and_repeated_as_in_the_reference() {
    let tail = "acegikmo";
    let wanted: Vec<(String, u32, u32)> = [
        (1, 10, 4),
        (5, 18, 20),
        (6, 20, 24),
        (4, 16, 16),
        (7, 22, 28),
        (2, 12, 8),
        (8, 24, 32),
        (3, 14, 12),
        (4, 16, 16),
    ]
    .map(|(k, input, output)| ("abcdefgh".repeat(k) + tail, input, output))
    .to_vec();
    let nine = samples("--num-prompts 9 --seed 3", &chats()).unwrap();
    assert!(nine.warnings[0].starts_with("1 of 9 requests repeat another one, because the dataset has only 8 usable"));
    assert_eq!(rows(nine), wanted);
}

#[test]
fn with_a_fixed_output_length_short_answers_count() {
    let json = r#"[{"conversations": [{"value": "acegik"}, {"value": "a"}]}]"#;
    assert_eq!(rows(samples("--num-prompts 1 --sharegpt-output-len 2", json).unwrap()), [("acegik".into(), 6, 2)]);
    let error = samples("--num-prompts 1", json).err().unwrap();
    assert_eq!(error.to_string(), "no conversation can be used");
}

#[test]
fn the_general_output_length_wins() {
    assert_eq!(sharegpt("--sharegpt-output-len 7 --output-len 9").output_len, Some(9));
    assert_eq!(sharegpt("--sharegpt-output-len 7 --input-len 9").output_len, Some(7));
    assert_eq!(sharegpt("").output_len, None);
}

#[test]
fn prompts_at_the_limit_pass_and_longer_ones_do_not() {
    let chat =
        |letters: usize| format!(r#"[{{"conversations": [{{"value": "{}"}}, {{"value": ""}}]}}]"#, "a".repeat(letters));
    let line = "--num-prompts 1 --output-len 1024";
    assert_eq!(rows(samples(line, &chat(1024)).unwrap())[0].1, 1024);
    assert!(samples(line, &chat(1025)).is_err());
    assert!(samples("--num-prompts 1 --output-len 1025", &chat(1024)).is_err());
}

#[test]
fn a_file_that_is_wrong_is_refused_with_the_place_and_the_field() {
    let long = r#""conversations": [{"value": "acegik"}, {"value": "acegik"}]"#;
    let table = [
        (
            "[{\n\"conversations\": 5}]".to_owned(),
            "line 2, column 18: invalid type: integer `5`, expected an array of turns at \
          `conversations`",
        ),
        ("[".to_owned(), "line 1, column 1: EOF while parsing a list"),
        (format!(r#"[{{}}, {{{long}, "video": {{"bytes": 1}}}}]"#), "entry 1: no string at `video`"),
        (r#"[{"conversations": [{}, {"value": "a"}]}]"#.to_owned(), "entry 0: no string at `conversations[0].value`"),
        (
            r#"[{"conversations": [{"value": "a"}, {"value": 1}]}]"#.to_owned(),
            "entry 0: no string at `conversations[1].value`",
        ),
    ];
    for (json, why) in table {
        let error = samples("--num-prompts 5", &json).err().unwrap();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some());
    }
    assert!(samples("--num-prompts 1", &format!(r#"[{{{long}, "image": "", "video": null}}]"#)).is_ok());
}

const MEDIA: [&str; 7] = [
    r#""image": "cat.png""#,
    r#""video": "v.mp4""#,
    r#""id": "none""#,
    r#""image": "http://h/i.png", "video": "x""#,
    r#""image": "", "video": "https://h/v""#,
    r#""image": "data:image/png;base64,AA""#,
    r#""video": "file://v""#,
];

fn chats_with_media() -> String {
    let chat = |(k, media): (usize, &str)| {
        let (prompt, answer) = ("abcdefgh".repeat(k) + "acegikmo", "aceg".repeat(k));
        format!(r#"{{"conversations": [{{"value": "{prompt}"}}, {{"value": "{answer}"}}], {media}}}"#)
    };
    format!("[{}]", (1..).zip(MEDIA).map(chat).collect::<Vec<_>>().join(","))
}

#[test]
fn pictures_and_videos_go_with_their_prompts_as_in_the_reference() {
    let wanted = [
        (1, " | <file://cat.png>", 10, 4),
        (3, " |", 14, 12),
        (4, " | <http://h/i.png>", 16, 16),
        (7, " | <video file://v>", 22, 28),
        (6, " | <data:image/png;base64,AA>", 20, 24),
        (5, " | <video https://h/v>", 18, 20),
        (2, " | <video file://v.mp4>", 12, 8),
        (3, " |", 14, 12),
        (6, " | <data:image/png;base64,AA>", 20, 24),
    ];
    let row = |(k, media, input, output)| ("abcdefgh".repeat(k) + "acegikmo" + media, input, output);
    let beside = shown(samples("--num-prompts 9 --seed 3", &chats_with_media()).unwrap());
    assert_eq!(beside, wanted.map(row));
    let within = shown(samples("--num-prompts 7 --seed 3 --enable-multimodal-chat", &chats_with_media()).unwrap());
    assert_eq!(
        within[..2],
        owned(&[
            ("[abcdefghacegikmo <file://cat.png>] |", 10, 4),
            (&format!("[{}acegikmo] |", "abcdefgh".repeat(3)), 14, 12)
        ])
    );
}

#[test]
fn a_picture_is_refused_where_only_text_can_be_sent() {
    let (sharegpt, chats) = (sharegpt("--num-prompts 7 --disable-shuffle"), chats_with_media().into_bytes());
    let error = sharegpt.samples_of(chats, Media::Refuse, tokenizer(), &mut Draws::new(0)).err().unwrap();
    assert_eq!(error.to_string(), "entry 0: `image` is set, and the backend sends only text");
    assert!(error.advice().is_some());
}

#[test]
fn a_missing_file_is_named() {
    let error = golden::sampled(&sharegpt("").dataset(), &tokenizer()).err().unwrap();
    assert!(error.to_string().starts_with("cannot read dataset `chats.json`: No such file"), "{error}");
}

#[test]
fn conversations_are_read_in_every_form_that_files_have() {
    let said = |form: &str| {
        let (asked, answered) = ("How are you doing today my friend?", "I am fine, thank you for asking me.");
        form.replace("ASKED", asked).replace("ANSWERED", answered)
    };
    for form in [
        r#"[{"conversations":[{"from":"human","value":"ASKED"},{"from":"gpt","value":"ANSWERED"}]}]"#,
        r#"{"conversations":[{"from":"human","value":"ASKED"},{"from":"gpt","value":"ANSWERED"}]}"#,
        r#"[{"conversations":[{"role":"user","content":"ASKED"},{"role":"assistant","content":"ANSWERED"}]}]"#,
        r#"[{"messages":[{"role":"user","content":"ASKED"},{"role":"assistant","content":"ANSWERED"}]}]"#,
        r#"[{"messages":[{"role":"system","content":"x"},{"role":"user","content":"ASKED"},{"role":"assistant","content":"ANSWERED"}]}]"#,
        r#"[{"conversation":[{"role":"user","value":"ASKED"},{"role":"assistant","value":"ANSWERED"}]}]"#,
    ] {
        let entries = parse(said(form).as_bytes()).unwrap();
        assert_eq!(entries.len(), 1, "{form}");
        assert!(
            entries[0].1.turn(0).unwrap().starts_with("How") && entries[0].1.turn(1).unwrap().starts_with("I am"),
            "{form}"
        );
    }
}

#[test]
fn what_is_missing_is_named_with_what_is_there() {
    let error = parse(br#"[{"items":[{"from":"human","value":"x"}],"id":"a"}]"#).unwrap_err();
    assert_eq!(error.to_string(), "no entry has `conversations` or `messages`: entry 0 has `items`, `id`");
}
