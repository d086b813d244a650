//! What `random-mm` draws, against the reference's own samples.

use super::*;
use crate::dataset::golden::{self, TOKENIZER, resolve, tokenizer};
use crate::dataset::part::Part;

fn random_mm(line: &str) -> RandomMm {
    golden::settings(&format!("--dataset-name random-mm {line}"), settings).unwrap()
}

/// A checksum of an item's pixels: each byte times its place.
fn checksum((bucket, mut generator): (Bucket, Generator)) -> (u32, u32, u32, u64) {
    let mut pixels = vec![0; bucket.bytes() as usize];
    generator.bytes().fill(&mut pixels);
    let sum = pixels.iter().enumerate().map(|(place, byte)| u64::from(*byte) * (place as u64 % 65_521 + 1)).sum();
    (bucket.height, bucket.width, bucket.frames, sum)
}

#[test]
fn texts_and_pixels_are_the_reference_s() {
    let added = r#""added_tokens": [
        {"id": 1, "content": "b", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 14, "content": "o", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]"#;
    let tokenizer = Tokenizer::from_json(TOKENIZER.replace(r#""added_tokens": []"#, added).as_bytes()).unwrap();
    let line = r#"--num-prompts 12 --random-input-len 30 --random-output-len 9 --random-prefix-len 5 --seed 42
        --random-range-ratio {"input":0.5,"output":0.3} --random-mm-base-items-per-request 3
        --random-mm-num-mm-items-range-ratio 0.7 --random-mm-limit-mm-per-prompt {"image":3,"video":1}
        --random-mm-bucket-config {(5,7,1):0.1,(8,8,1):0.2,(6,6,3):0.7}"#;
    let wanted = [
        ("abcdopopabcdefghijklmnopacdefghijklmklgh", 22, 11, &[(6, 6, 3, 6_971_890)][..]),
        (
            "abcdopklmnopabcdefghijklmnopacdefghijklmnpabcdefghijklmnopabcdefghijklmnopacdefkl",
            43,
            11,
            &[(6, 6, 3, 6_199_464), (5, 7, 1, 708_957)],
        ),
        (
            "abcdoppabcdefghijklmnopabcdefghijklmnopacdefghijklmnpabcdefghijklmnopefcdckl",
            40,
            11,
            &[(5, 7, 1, 730_084), (5, 7, 1, 727_624)],
        ),
        (
            "abcdopacdefghijklmnpabcdefghijklmnopabcdefghijklmnopacipid",
            33,
            11,
            &[(8, 8, 1, 2_378_303), (6, 6, 3, 6_309_910), (8, 8, 1, 2_503_025)],
        ),
        ("abcdopklmnopabcdefghijklmnopacdefghijklmnpabcdefghijklmndkefghl", 33, 9, &[]),
    ];
    let (requests, warnings, _) = random_mm(line).requests(tokenizer).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    for (index, (request, (text, input, output, items))) in requests.zip(wanted).enumerate() {
        let Request { text: made, rest, items: drawn } = request.unwrap();
        assert_eq!((made.as_str(), rest.input_tokens, rest.output_tokens), (text, input, output));
        assert_eq!(rest.request_id, Some(format!("r-{index}")));
        assert_eq!(drawn.into_iter().map(checksum).collect::<Vec<_>>(), items);
    }
}

#[test]
fn items_go_beside_the_prompt_or_into_its_message() {
    let line = "--num-prompts 3 --random-input-len 6 --random-mm-bucket-config {(8,8,1):1} --random-mm-base-items-per-request 2";
    let samples = |line: &str| -> Vec<Sample> {
        random_mm(line).samples(tokenizer()).unwrap().iter.map(Result::unwrap).collect()
    };
    let (beside, within) = (samples(line), samples(&format!("{line} --enable-multimodal-chat")));
    assert_eq!(beside.len(), 3);
    for (beside, within) in beside.into_iter().zip(within) {
        let Prompt::Text(text) = beside.prompt else { panic!("no text") };
        assert!(matches!(&beside.media[..], [Part::Image { .. }, Part::Image { .. }]));
        assert_eq!(within.prompt, Prompt::Parts([vec![Part::Lead(text)], beside.media].concat()));
        assert!(within.media.is_empty());
        assert_eq!(within.request_id, beside.request_id);
    }
}

#[test]
fn the_defaults_are_the_reference_s() {
    let RandomMm { text, mix, placement } = random_mm("--num-prompts 2 --input-len 7 --output-len 9");
    assert_eq!((text.input_len, text.output_len), (7, 9));
    let buckets = "{(256, 256, 1): 0.5, (720, 1280, 1): 0.5}".parse().unwrap();
    let counts = Counts { base: 1, ratio: 0.0, images: Some(255), videos: Some(1) };
    assert_eq!((mix, placement), (Mix::new(&buckets, counts).unwrap(), Placement::Beside));
}

#[test]
fn what_does_not_go_together_is_refused_by_its_flag() {
    let table = [
        (
            "--random-mm-limit-mm-per-prompt {\"image\":-1}",
            "`--random-mm-limit-mm-per-prompt`: `image` is -1, which is no number of items",
        ),
        ("--prompt-token-ids", "`--prompt-token-ids` does not go with dataset `random-mm`"),
        ("--num-prompts 0", "`--num-prompts 0`: dataset `random-mm` makes 1 prompt or more"),
        ("--dataset-path a", "`--dataset-path` does not go with dataset `random-mm`, which reads no file"),
    ];
    for (line, why) in table {
        let error = resolve(&format!("--dataset-name random-mm {line}")).unwrap_err();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some(), "{why}");
    }
}
