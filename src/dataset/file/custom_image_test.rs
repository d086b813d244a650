//! What `custom_image` makes of a file, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, owned, shown, tokenizer};

const LINES: &str = r#"{"prompt": "How many ab?", "image_files": ["a.png"]}
{"prompt": "How many cdef?", "image_files": ["a.png", "https://h/x.png", "b.png"]}
{"prompt": "How many abcdef?", "image_files": ["file:///t/q.png"]}

{"prompt": "How many opop?", "image_files": ["data:image/png;base64,AAAA"]}
{"content": [{"type": "text", "text": "abcd"}, {"type": "image", "image": "a.png"}, {"type": "text", "text": "efgh"}, {"type": "image_url", "image_url": {"url": "https://h/b.png", "detail": "low", "x": [1, {"y": null}]}}]}
{"content": [{"type": "image_url", "image_url": "b.png"}], "output_tokens": 7}
"#;

fn custom_image(line: &str) -> CustomImage {
    golden::settings(&format!("--dataset-name custom_image --dataset-path chats.jsonl {line}"), settings).unwrap()
}

fn samples(line: &str, lines: &str) -> Result<Samples> {
    custom_image(line).samples_of(lines.as_bytes().to_vec(), Some(tokenizer()), &mut Draws::new(0))
}

#[test]
fn prompts_and_contents_are_sent_as_by_the_reference() {
    let wanted = owned(&[
        ("How many ab? | <file://a.png>", 5, 12),
        ("How many abcdef? | <file:///t/q.png>", 6, 12),
        ("How many opop? | <data:image/png;base64,AAAA>", 6, 12),
        ("[<file://b.png>] |", 0, 12),
        (r#"[abcd <file://a.png> efgh <https://h/b.png "detail":"low","x":[1,{"y":null}]>] |"#, 2, 12),
        ("How many cdef? | <file://a.png> <https://h/x.png> <file://b.png>", 6, 12),
        ("How many abcdef? | <file:///t/q.png>", 6, 12),
        (r#"[abcd <file://a.png> efgh <https://h/b.png "detail":"low","x":[1,{"y":null}]>] |"#, 2, 12),
        (r#"[abcd <file://a.png> efgh <https://h/b.png "detail":"low","x":[1,{"y":null}]>] |"#, 2, 12),
    ]);
    assert_eq!(shown(samples("--num-prompts 9 --seed 3 --custom-output-len 12", LINES).unwrap()), wanted);
    let all = shown(samples("--num-prompts 0 --seed 3 --custom-output-len 12", LINES).unwrap());
    assert_eq!(all, wanted[..6]);
}

#[test]
fn with_multimodal_chat_pictures_are_part_of_the_message() {
    let line = "--num-prompts 4 --seed 3 --output-len 12 --enable-multimodal-chat";
    let wanted = [
        ("[How many ab? <file://a.png>] |", 5, 12),
        ("[How many abcdef? <file:///t/q.png>] |", 6, 12),
        ("[How many opop? <data:image/png;base64,AAAA>] |", 6, 12),
        ("[<file://b.png>] |", 0, 12),
    ];
    assert_eq!(shown(samples(line, LINES).unwrap()), owned(&wanted));
}

#[test]
fn the_old_name_and_a_missing_tokenizer_will_do() {
    let line = "--dataset-name custom_mm --dataset-path chats.jsonl --num-prompts 1 --disable-shuffle";
    let old = golden::settings(line, settings).unwrap();
    let made = old.samples_of(LINES.as_bytes().to_vec(), None, &mut Draws::new(0)).unwrap();
    assert_eq!(shown(made), owned(&[("How many ab? | <file://a.png>", 1, 256)]));
}

#[test]
fn output_lengths_can_come_from_the_file() {
    let last = LINES.lines().last().unwrap();
    assert_eq!(shown(samples("--num-prompts 1 --custom-output-len -1", last).unwrap())[0].2, 7);
    let error = samples("--num-prompts 1 --custom-output-len -1", LINES).err().unwrap();
    assert_eq!(error.to_string(), "line 1: no number of tokens at `output_tokens`; it has `prompt`, `image_files`");
}

#[test]
fn a_line_that_is_wrong_is_refused_with_its_number_and_field() {
    let kind = r#"{"content": [{"type": "text", "text": "a"}, {"type": "video"}]}"#;
    let table = [
        ("{", "column 1: EOF while parsing an object"),
        ("5", "column 1: invalid type: integer `5`, expected a map"),
        (r#"{"prompt": "a"}"#, "no list at `image_files`"),
        (r#"{"image_files": ["a"]}"#, "no string at `prompt`; it has `image_files`"),
        (r#"{"text": "a"}"#, "neither `content` nor `prompt` and `image_files`"),
        (r#"{"prompt": 1, "image_files": ["a"]}"#, "no string at `prompt`, which is `1`"),
        (r#"{"prompt": "a", "image_files": []}"#, "nothing in the list at `image_files`"),
        (r#"{"prompt": "a", "image_files": "a.png"}"#, "no list at `image_files`"),
        (r#"{"prompt": "a", "image_files": ["a", 1]}"#, "no URL or path of a picture at `image_files[1]`"),
        (r#"{"content": []}"#, "nothing in the list at `content`"),
        (r#"{"content": ["a"]}"#, "no object at `content[0]`"),
        (r#"{"content": [{"type": "text"}]}"#, "no string `text` at `content[0]`"),
        (r#"{"content": [{"type": "image_url", "image_url": {}}]}"#, "no URL or path of a picture at `content[0]`"),
        (kind, r#"the type "video", which is none of `text`, `image` and `image_url`, at `content[1]`"#),
    ];
    for (line, why) in table {
        let lines = format!("\n{}\n{line}", LINES.lines().next().unwrap());
        let error = samples("--num-prompts 1", &lines).err().unwrap();
        assert_eq!(error.to_string(), format!("line 3: {why}"));
        assert!(error.advice().is_some(), "{why}");
    }
    assert_eq!(samples("", "\n").err().unwrap().to_string(), "no lines");
}

#[test]
fn pictures_go_out_as_data_where_that_is_asked_for() {
    let folder = std::env::temp_dir().join(format!("llmbench-custom-image-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (good, bad) = (folder.join("a b.png"), folder.join("bad.png"));
    image::RgbaImage::from_pixel(2, 1, image::Rgba([100, 10, 37, 128])).save(&good).unwrap();
    std::fs::write(&bad, "no picture").unwrap();
    let line = |place: &str| {
        format!(r#"{{"content": [{{"type": "image_url", "image_url": {{"url": "{place}", "detail": "low"}}}}]}}"#)
    };
    let lines = [
        line(good.to_str().unwrap()),
        line(&format!("file://{}", good.to_str().unwrap().replace(' ', "%20"))),
        line("data:image/gif;base64,AA"),
        line(bad.to_str().unwrap()),
    ];
    let flags = "--num-prompts 4 --disable-shuffle --custom-ensure-client-side-data";
    let made: Vec<Result<Sample>> = samples(flags, &lines.join("\n")).unwrap().iter.collect();
    let url = |index: usize| match &made[index].as_ref().unwrap().prompt {
        Prompt::Parts(parts) => match &parts[..] {
            [Part::Image { url, more }] if more == r#""detail":"low""# => url.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert!(url(0).starts_with("data:image/png;base64,iVBOR"));
    assert_eq!((url(1), url(2)), (url(0), "data:image/gif;base64,AA".into()));
    let error = made[3].as_ref().unwrap_err().to_string();
    assert!(error.starts_with("dataset `chats.jsonl`: line 4: cannot send `"), "{error}");
    assert!(error.contains("bad.png`: not a picture that can be read: "), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
    let error = samples(flags, &lines.join("\n")).err().unwrap().to_string();
    assert!(error.starts_with("line 1: cannot read `"), "{error}");
}
