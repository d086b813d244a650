//! One request of each class.

use std::io::Cursor;

use serde_json::json;

use super::gather::tests::{hf, made, samples};
use super::testing::{Folder, Leaf, Values, parquet_file, texts};
use crate::dataset::media::Sound;
use crate::dataset::part::Part;
use crate::dataset::sample::{Prompt, Sample};
use crate::rng::Draws;
use crate::token::{self, Tokenizer};

/// The first request of a dataset of one file.
fn first(name: &str, file: &str, content: &[u8], line: &str) -> Sample {
    let folder = Folder::new(name, &[]);
    folder.write(file, content);
    made(&folder, &format!("{line} --num-prompts 1 --disable-shuffle")).remove(0)
}

fn text(sample: &Sample) -> &str {
    match &sample.prompt {
        Prompt::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

/// Prompt and lengths of the first row of a file with JSON lines.
fn asked(name: &str, row: serde_json::Value, line: &str) -> (String, u32, u32) {
    let sample = first(name, "train.jsonl", row.to_string().as_bytes(), line);
    assert_eq!(sample.request_id.as_deref(), Some("r-0"));
    (text(&sample).to_owned(), sample.input_tokens, sample.output_tokens)
}

#[test]
fn rows_of_one_text_become_prompts() {
    let problem = json!({"problem": "What is 1 + 1?", "solution": "It is 2, clearly."});
    let turns = json!([{"from": "human", "value": "What is 1 + 1?"}, {"from": "gpt", "value": "It is 2, clearly."}]);
    let coder = json!({"input": "x = 1", "instruction": "Add two."});
    let coded = "x = 1\n\nAdd two. Just output the code, do not include any explanation.";
    let table = [
        ("likaixin/InstructCoder", coder, coded, 20, 200),
        ("philschmid/mt-bench", json!({"turns": ["Say hello.", "Again."]}), "Say hello.", 6, 256),
        ("openai/openai_humaneval", json!({"prompt": "def f():\n    "}), "def f():\n    ", 5, 256),
        ("openai/gsm8k", json!({"question": "What is 1 + 1?", "answer": "2"}), "What is 1 + 1?", 6, 256),
        ("AI-MO/NuminaMath-CoT", problem, "What is 1 + 1?", 6, 7),
        ("Aeala/ShareGPT_Vicuna_unfiltered", json!({"conversations": turns}), "What is 1 + 1?", 6, 7),
    ];
    for (name, row, prompt, input, output) in table {
        let line = format!("--hf-name {name} --hf-split train --skip-chat-template");
        let folder = name.replace('/', "-");
        assert_eq!(asked(&folder, row, &line), (prompt.to_owned(), input, output), "{name}");
    }
}

#[test]
fn texts_go_through_the_chat_template_unless_told_not_to() {
    let row = json!({"question": "Hi!"});
    let wanted = "<|bos|><|user|>Hi!<|eos|><|assistant|>";
    assert_eq!(asked("templated", row.clone(), "--hf-name openai/gsm8k --hf-split train").0, wanted);
    assert_eq!(asked("plain", row, "--hf-name openai/gsm8k --hf-split train --skip-chat-template").0, "Hi!");
    let row = json!({"system_prompt": "Be brief.", "question": "Why is that so?", "output": "Because it is so."});
    let always = asked("system", row, "--hf-name mgoin/mlperf-inference-llama2-data --skip-chat-template");
    let wanted = "<|bos|><|system|>Be brief.<|eos|><|user|>Why is that so?<|eos|><|assistant|>";
    assert_eq!(always, (wanted.to_owned(), 14, 6));
}

#[test]
fn edits_ask_for_the_region_that_may_change() {
    let row =
        |output: &str| json!({"events": "User edited a.py", "input": "<|user_cursor_is_here|>", "output": output});
    let line = "--hf-name zed-industries/zeta --hf-output-len 7";
    let (prompt, input, output) = asked("region", row("abc <|editable_region_start|> def"), line);
    for part in [
        "### Instruction:\n",
        "### User Edits:\n\nUser edited a.py\n",
        "### User Excerpt:\n\n<|user_cursor_is_here|>\n",
    ] {
        assert!(prompt.contains(part), "{prompt}");
    }
    assert!(prompt.ends_with("### Response:\n"));
    assert_eq!((input, output), (116, 12), "no flag decides the length");
    let whole = Tokenizer::builtin().unwrap().count("abc def").unwrap();
    assert_eq!(asked("marker", row("abc def"), line).2, whole, "without a region the whole file is expected");
}

#[test]
fn changes_of_the_wanted_size_are_asked_for() {
    let row =
        |code: &str, distance: f64| json!({"code": code, "change_request": "Name it b.", "norm_distance": distance});
    let rows = [row("a = 0", 0.1), row("a = 1", 0.5), row("a = 2", 0.2), row("a = 3", 0.9), row("a = 4", 0.4)];
    let content = rows.map(|row| row.to_string()).join("\n");
    let folder = Folder::new("blazedit", &[("train.jsonl", &content)]);
    let line = "--hf-name vdaita/edit_5k_char --blazedit-min-distance 0.2 --blazedit-max-distance 0.5 --num-prompts 5 \
                --disable-shuffle --skip-chat-template";
    let made = made(&folder, line);
    let ids: Vec<&str> = made.iter().filter_map(|sample| sample.request_id.as_deref()).collect();
    assert_eq!(ids, ["r-1", "r-2", "r-4", "r-3", "r-5"], "rows keep their numbers, and copies take what is left");
    for part in ["Original file:\n```python\na = 1\n```\n\n", "Change request:\nName it b.\n\n"] {
        assert!(text(&made[0]).contains(part), "{}", text(&made[0]));
    }
    assert_eq!((made[0].input_tokens, made[0].output_tokens), (68, 4000));
}

/// A PNG of one colour.
fn png() -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(4, 2, image::Rgb([200, 10, 10]))
        .write_to(&mut content, image::ImageFormat::Png)
        .unwrap();
    content.into_inner()
}

#[test]
fn images_become_parts() {
    let png = png();
    let schema = "message m { required binary question (UTF8); optional group image { optional binary bytes; optional binary path (UTF8); } }";
    let leaf = |values| Leaf { values: Values::Bytes(values), levels: Some((&[2], &[0])) };
    let content =
        parquet_file(schema, &[&[texts(&[b" What?\nOptions: A"]), leaf(&[png.as_slice()]), leaf(&[b"x.png"])]]);
    let plain = first("star", "val.parquet", &content, "--hf-name Lin-Chen/MMStar");
    assert_eq!((text(&plain), plain.input_tokens, plain.output_tokens), ("What?", 2, 128));
    let [Part::Image { url, .. }] = plain.media.as_slice() else { panic!("{:?}", plain.media) };
    assert!(url.starts_with("data:image/jpeg;base64,/9j/"), "{url}");
    let message = first("star-chat", "val.parquet", &content, "--hf-name Lin-Chen/MMStar --enable-multimodal-chat");
    assert_eq!(message.prompt, Prompt::Parts(vec![Part::Lead("What?".into()), plain.media[0].clone()]));
    assert!(message.media.is_empty());
}

#[test]
fn conversations_have_the_image_that_their_row_has() {
    let turn = |content: &str| json!([{"role": "user", "content": content}]);
    let url = |sample: &Sample| match sample.media.as_slice() {
        [Part::Image { url, .. }] => Some(url.clone()),
        [] => None,
        other => panic!("{other:?}"),
    };
    let row =
        json!({"images": ["a.png", "b.png"], "conversation": [turn("What?"), turn("That.")], "turns": [turn("Who?")]});
    let row = row.to_string();
    let chat = first("arena", "train.jsonl", row.as_bytes(), "--hf-name lmarena-ai/VisionArena-Chat");
    assert_eq!((text(&chat), url(&chat).as_deref(), chat.output_tokens), ("What?", Some("file://a.png"), 128));
    let bench = first("bench", "train.jsonl", row.as_bytes(), "--hf-name lmarena-ai/vision-arena-bench-v0.1");
    assert_eq!(text(&bench), "Who?");
    let answer = json!([{"value": "What can be seen here?"}, {"value": "Nothing much can be seen."}]);
    let rows =
        [json!({"conversations": answer, "image": "https://x/a.png"}), json!({"conversations": answer, "image": null})];
    let content = rows.map(|row| row.to_string()).join("\n");
    let folder = Folder::new("llava", &[("train.jsonl", &content)]);
    let made = made(&folder, "--hf-name lmms-lab/LLaVA-OneVision-Data --num-prompts 2 --disable-shuffle");
    assert_eq!(
        made.iter().map(url).collect::<Vec<_>>(),
        [Some("https://x/a.png".into()), None],
        "no image is no error"
    );
}

#[test]
fn videos_are_those_of_the_copy() {
    let video = "https://huggingface.co/datasets/yale-nlp/MMVU/resolve/main/videos/Art/0.mp4";
    let row = json!({"question": "What?", "choices": {"A": "this", "C": null, "B": "that"}, "video": video});
    let folder = Folder::new("mmvu", &[("validation.json", &format!("[{row}]"))]);
    let made = made(&folder, "--hf-name yale-nlp/MMVU --num-prompts 1");
    assert_eq!(text(&made[0]), "What? A.this C.None B.that");
    let url = format!("file://{}/videos/Art/0.mp4", folder.path().display());
    assert_eq!(made[0].media, [Part::Video { url }]);
}

#[test]
fn recordings_of_the_wanted_length_are_uploaded() {
    let array = |seconds: usize| json!({"audio": {"array": vec![0.25; 100 * seconds], "sampling_rate": 100}});
    let rows = [array(1), array(3), json!({"audio": {"bytes": null, "path": "a.wav"}}), array(9)];
    let folder = Folder::new("asr", &[("train.jsonl", &rows.map(|row| row.to_string()).join("\n"))]);
    let wav = Sound::new(&[0.5; 400], 1, 200).unwrap().upload();
    folder.write("a.wav", &wav.bytes);
    let line = "--hf-name openslr/librispeech_asr --asr-min-audio-len-sec 1.5 --asr-max-audio-len-sec 4 --num-prompts 9 \
                --disable-shuffle --no-oversample";
    let samples = samples(&folder, line).unwrap();
    assert_eq!(samples.warnings[0], "2 recordings are shorter or longer than asked for, and left out");
    let made: Vec<Sample> = samples.iter.map(Result::unwrap).collect();
    let sounds: Vec<_> = made.iter().filter_map(|sample| sample.audio.as_ref()).collect();
    assert_eq!(
        sounds.iter().map(|sound| (&*sound.name, sound.seconds)).collect::<Vec<_>>(),
        [("audio.wav", 3.0), ("a.wav", 2.0)]
    );
    assert_eq!(sounds[1].bytes, wav.bytes);
    assert_eq!((made[0].output_tokens, text(&made[0])), (1024, ""));
}

#[test]
fn functions_become_tools() {
    let parameters = json!({"type": "dict", "properties": {"a": {"type": "float"}, "b": {"type": "tuple", "items": {"type": "any"}}}});
    let row = |id: &str| {
        json!({"question": [[{"role": "user", "content": id}], [{"role": "user", "content": "more"}]],
                                "function": [{"name": "f", "parameters": parameters}]})
        .to_string()
    };
    let folder = Folder::new(
        "bfcl",
        &[
            (
                "BFCL_v3_simple.json",
                &format!("{}\n{}\n{{\"question\": [], \"function\": []}}\n{}\n", row("s0"), row("s1"), row("s3")),
            ),
            ("BFCL_v3_multiple.json", &format!("{}\n", row("m0"))),
        ],
    );
    let name = "--hf-name gorilla-llm/Berkeley-Function-Calling-Leaderboard --num-prompts 4";
    let made = made(&folder, &format!("{name} --bfcl-categories simple,multiple, --disable-shuffle"));
    let asked: Vec<String> = made
        .iter()
        .map(|sample| match &sample.prompt {
            Prompt::Messages(messages) => messages.as_str().to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    let wanted = ["s0", "m0", "s1", "s3"].map(|id| format!(r#"[{{"role":"user","content":"{id}"}}]"#));
    assert_eq!(asked, wanted, "one of each category in turn, and the first turn alone");
    let (tools, choice) = (&made[0].overrides[0], &made[0].overrides[1]);
    assert_eq!(
        (&*tools.0, tools.1.as_str()),
        (
            "tools",
            concat!(
                r#"[{"type":"function","function":{"name":"f","#,
                r#""parameters":{"type":"object","properties":{"a":{"type":"number"},"b":{"type":"array","items":{"type":"string"}}}}}}]"#
            )
        )
    );
    assert_eq!((&*choice.0, choice.1.as_str()), ("tool_choice", "\"auto\""));
    assert_eq!((made[0].input_tokens, made[0].output_tokens), (6, 512));
    let error = samples(&folder, &format!("{name} --bfcl-categories rest")).err().unwrap().to_string();
    assert!(error.contains("category `rest`") && error.contains("BFCL_v3_rest.json"), "{error}");
}

#[test]
fn a_count_without_tools_is_told_and_no_other() {
    let row = |content: &str| {
        json!({"question": [[{"role": "user", "content": content}]],
               "function": [{"name": "f", "parameters": {"type": "dict", "properties": {"a": {"type": "float"}}}}]})
    };
    let rows = [row("Hi"), row("no tools"), row("nothing")].map(|row| format!("{row}\n")).concat();
    let table = [
        (
            "{% for t in tools or [] %}{% for k, v in t.function.parameters.properties.items() %}{{ k }}{% endfor %}\
             {% endfor %}{{ messages[0].content }}",
            vec![],
        ),
        (
            "{% if tools %}{{ raise_exception('none') }}{% endif %}{{ messages[0].content }}",
            vec!["prompt tokens are those of messages without tools: "],
        ),
        (
            "{% if messages[0].content == 'nothing' or tools and messages[0].content == 'no tools' %}\
             {{ raise_exception('none') }}{% endif %}{{ messages[0].content }}",
            vec![
                "prompt tokens of 1 of 3 requests are those of messages without tools: ",
                "prompt tokens of 1 of 3 requests are those of the contents of messages alone: ",
            ],
        ),
    ];
    for (index, (template, told)) in table.into_iter().enumerate() {
        let folder = Folder::new(&format!("doubt-{index}"), &[("BFCL_v3_simple.json", &rows)]);
        folder.write("model/tokenizer.json", include_bytes!("../../token/builtin.json"));
        folder.write("model/tokenizer_config.json", json!({"chat_template": template}).to_string().as_bytes());
        let model = folder.path().join("model").display().to_string();
        let tokenizer = token::load(&token::Choice::Named(model), "m", None).unwrap().tokenizer.unwrap();
        let line = "--hf-name gorilla-llm/Berkeley-Function-Calling-Leaderboard --bfcl-categories simple \
                    --disable-shuffle --num-prompts 3";
        let hf = hf(folder.path().to_str().unwrap(), line).unwrap();
        let warnings = hf.samples(tokenizer, &mut Draws::new(0)).unwrap().warnings;
        assert_eq!(warnings.len(), told.len(), "{template}: {warnings:?}");
        for (warning, begins) in warnings.iter().zip(told) {
            assert!(warning.starts_with(begins) && warning.contains("none"), "{warning}");
        }
    }
}
