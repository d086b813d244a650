//! What `custom_audio` makes of a file, and what it refuses.

use super::*;
use crate::dataset::golden::{self, tokenizer};
use crate::dataset::part::Part;

const LINES: &str = r#"{"prompt": "abcd", "audio": {"array": [0.0, 0.5, -0.5], "sampling_rate": 8000}, "output_tokens": 5}
{"prompt": "abcdefgh", "audio": {"array": [[0, 0.25], [0, 0.25]], "sampling_rate": 16000}, "output_tokens": 6}"#;

/// The two sounds of the lines as WAV, in base64: from the reference's library.
const WAVS: [&str; 2] = [
    "UklGRioAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQYAAAAAAABAAMA=",
    "UklGRiwAAABXQVZFZm10IBAAAAABAAIAgD4AAAD6AAAEABAAZGF0YQgAAAAAAAAgAAAAIA==",
];

fn custom_audio(line: &str) -> CustomAudio {
    let line = format!("--dataset-name custom_audio --dataset-path a.jsonl --disable-shuffle --num-prompts 2 {line}");
    golden::settings(&line, settings).unwrap()
}

fn made(line: &str, lines: &str, tokenizer: Option<Tokenizer>) -> Result<Vec<Sample>> {
    custom_audio(line).samples_of(lines.as_bytes().to_vec(), tokenizer, &mut Draws::new(0))?.iter.collect()
}

#[test]
fn sound_goes_into_the_message_for_chat() {
    let samples = made("--enable-multimodal-chat --custom-output-len -1", LINES, Some(tokenizer())).unwrap();
    for (index, (sample, wav)) in samples.into_iter().zip(WAVS).enumerate() {
        let wanted = Sample {
            prompt: Prompt::Text(["abcd", "abcdefgh"][index].into()),
            input_tokens: index as u32 + 1,
            output_tokens: index as u32 + 5,
            request_id: Some(format!("r-{index}")),
            media: vec![Part::Audio { data: wav.into(), format: "wav".into() }],
            ..Sample::default()
        };
        assert_eq!(sample, wanted);
    }
}

#[test]
fn sound_is_a_file_to_transcribe_otherwise() {
    let samples = made("", LINES, Some(tokenizer())).unwrap();
    let audio = samples[1].audio.as_ref().unwrap();
    assert_eq!((audio.name.as_str(), audio.media_type.as_str()), ("audio.wav", "audio/wav"));
    assert_eq!((audio.seconds, audio.bytes.len()), (2.0 / 16_000.0, 52));
    assert!(samples[1].media.is_empty());
    assert_eq!((samples[1].input_tokens, samples[1].output_tokens), (2, 256));
}

#[test]
fn the_prompt_of_a_transcription_counts_with_its_template() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let plain = made("--skip-chat-template", LINES, Some(tokenizer.clone())).unwrap()[0].input_tokens;
    let templated = made("", LINES, Some(tokenizer.clone())).unwrap()[0].input_tokens;
    let chat = made("--enable-multimodal-chat", LINES, Some(tokenizer)).unwrap()[0].input_tokens;
    assert!(templated > plain);
    assert_eq!(chat, plain);
}

#[test]
fn without_a_tokenizer_the_sound_is_sent_all_the_same() {
    let samples = made("--custom-output-len 9", LINES, None).unwrap();
    assert!(samples.iter().all(|sample| sample.audio.is_some()));
    assert_eq!((samples[0].input_tokens, samples[0].output_tokens), (1, 9));
}

#[test]
fn a_line_that_is_wrong_is_refused_with_its_number_and_field() {
    let table = [
        (r#"{"audio": "a.wav"}"#, "no string at `prompt`; it has `audio`"),
        (r#"{"prompt": "a"}"#, "no path at `audio`, and no object"),
        (r#"{"prompt": "a", "audio": {}}"#, "no list at `audio.array`"),
        (r#"{"prompt": "a", "audio": {"array": [1]}}"#, "no rate at `audio.sampling_rate`"),
        (
            r#"{"prompt": "a", "audio": {"array": [[1], [1, 2]], "sampling_rate": 8000}}"#,
            "moments of different lengths at `audio.array`",
        ),
        (
            r#"{"prompt": "a", "audio": {"array": [1, "x"], "sampling_rate": 8000}}"#,
            "something other than numbers at `audio.array`",
        ),
        (
            r#"{"prompt": "a", "audio": {"array": [[], []], "sampling_rate": 8000}}"#,
            "0 samples are no sound of 0 channels at 8000 Hz",
        ),
    ];
    for (line, why) in table {
        let error = made("", &format!("\n{line}"), Some(tokenizer())).unwrap_err();
        assert_eq!(error.to_string(), format!("line 2: {why}"));
        assert!(error.advice().is_some(), "{why}");
    }
    let error = made("", r#"{"prompt": "a", "audio": "no/such.wav"}"#, None).unwrap_err();
    assert!(error.to_string().starts_with("line 1: cannot read `no/such.wav`: "), "{error}");
    assert_eq!(made("", "", None).unwrap_err().to_string(), "no lines");
}

#[test]
fn a_file_that_is_no_sound_is_told_when_its_turn_comes() {
    let file = std::env::temp_dir().join(format!("llmbench-custom-audio-{}.wav", std::process::id()));
    std::fs::write(&file, "no sound").unwrap();
    let line = format!(r#"{{"prompt": "a", "audio": "{}"}}"#, file.display());
    let error = made("", &line, None).unwrap_err().to_string();
    std::fs::remove_file(&file).unwrap();
    assert!(error.starts_with("dataset `a.jsonl`: line 1: cannot send `"), "{error}");
    assert!(error.contains("not a sound that can be read: "), "{error}");
}
