//! Which sizes are drawn, and which are refused.

use super::*;

const DEFAULT: &str = "{(256, 256, 1): 0.5, (720, 1280, 1): 0.5, (720, 1280, 16): 0.0}";

fn counts(base: i64, ratio: f64, images: Option<u32>, videos: Option<u32>) -> Counts {
    Counts { base, ratio, images, videos }
}

fn mix(buckets: &str, counts: Counts) -> Result<Mix> {
    Mix::new(&buckets.parse()?, counts)
}

fn size(height: u32, width: u32, frames: u32) -> Bucket {
    Bucket { height, width, frames }
}

#[test]
fn sizes_are_a_python_dictionary_or_json() {
    let wanted = Buckets(vec![(size(256, 256, 1), 0.25), (size(4, 6, 8), 1.0)]);
    for text in [
        "{(256, 256, 1): 0.25, (4, 6, 8): 1}",
        "{(256,256,1):2.5e-1,(4,6,8):'1',}",
        r#"{"(256, 256, 1)": 0.25, "(4, 6, 8)": 1.0}"#,
        "{(256, 256, 1): 7, (4, 6, 8): 1, '(256, 256, 1)': 0.25}",
    ] {
        assert_eq!(text.parse::<Buckets>().unwrap(), wanted, "{text}");
    }
}

#[test]
fn a_size_that_is_never_drawn_needs_no_limit() {
    let mix = mix(DEFAULT, counts(2, 0.0, Some(3), None)).unwrap();
    assert_eq!((mix.images, mix.videos, mix.items), (3, 0, (2, 2)));
    assert_eq!(mix.buckets, [(size(256, 256, 1), 0.5), (size(720, 1280, 1), 0.5)]);
}

#[test]
fn the_number_of_items_varies_and_is_limited() {
    let items = |base, ratio, images, videos| {
        let both = "{(1, 1, 1): 1, (2, 2, 2): 1}";
        mix(both, counts(base, ratio, Some(images), Some(videos))).unwrap().items
    };
    assert_eq!(items(3, 0.7, 3, 1), (0, 4));
    assert_eq!(items(3, 0.5, 200, 1), (1, 5));
    assert_eq!(items(0, 1.0, 9, 1), (0, 0));
}

#[test]
fn what_does_not_go_together_is_refused_in_the_order_of_the_reference() {
    let both = (Some(255), Some(1));
    let table = [
        (DEFAULT, (1, 1.5), both, "`--random-mm-num-mm-items-range-ratio 1.5`: not from 0 to 1"),
        (DEFAULT, (1, f64::NAN), both, "`--random-mm-num-mm-items-range-ratio NaN`: not from 0 to 1"),
        (
            "{(8, 8, 4): -1}",
            (1, 0.0),
            (Some(3), None),
            "`--random-mm-bucket-config` has (8, 8, 4), and `--random-mm-limit-mm-per-prompt` no `video`",
        ),
        (
            "{(8, 8, 0): 0}",
            (1, 0.0),
            both,
            "`--random-mm-bucket-config`: (8, 8, 0) is no size: one frame is a picture, more are a video",
        ),
        (
            "{(8, 8, 1): -0.5}",
            (1, 0.0),
            both,
            "`--random-mm-bucket-config`: the probability of (8, 8, 1) is -0.5, below 0",
        ),
        ("{(8, 8, 1): 0}", (1, 0.0), both, "`--random-mm-bucket-config`: no size has a probability above 0"),
        ("{}", (1, 0.0), both, "`--random-mm-bucket-config`: no size has a probability above 0"),
        (
            "{(8, 8, 1): 1e308, (9, 9, 1): 1e308}",
            (1, 0.0),
            both,
            "`--random-mm-bucket-config`: the probabilities have no sum",
        ),
        ("{(0, 8, 1): 1}", (1, 0.0), both, "`--random-mm-bucket-config`: (0, 8, 1): a side has 1 to 65535 pixels"),
        ("{(8, 1, 2): 1}", (1, 0.0), both, "`--random-mm-bucket-config`: (8, 1, 2): a side has 2 to 65535 pixels"),
        (
            "{(65535, 65535, 9): 1}",
            (1, 0.0),
            both,
            "`--random-mm-bucket-config`: (65535, 65535, 9): more than 2147483648 bytes of pixels",
        ),
        (DEFAULT, (300, 0.0), both, "a request needs 300 items or more, and may have 255 at most"),
        (DEFAULT, (-2, 0.0), both, "`--random-mm-base-items-per-request -2`: not a number of items"),
    ];
    for (buckets, (base, ratio), (images, videos), why) in table {
        let error = mix(buckets, counts(base, ratio, images, videos)).unwrap_err();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some(), "{why}");
    }
}

#[test]
fn what_is_no_dictionary_of_sizes_is_refused() {
    let table = [
        ("[1]", "`[1]` is no number"),
        ("(1, 2, 3)", "no dictionary"),
        ("{(1, 2): 1}", "a key is no (HEIGHT, WIDTH, FRAMES)"),
        ("{(1, 2, 0.5): 1}", "a key is no (HEIGHT, WIDTH, FRAMES)"),
        ("{'x': 1}", "a key is no (HEIGHT, WIDTH, FRAMES)"),
        ("{(1, -2, 1): 1}", "(1, -2, 1) is no size: one frame is a picture, more are a video"),
        ("{(1, 2, 1): 'x'}", "the probability of (1, 2, 1) is no number"),
    ];
    for (text, why) in table {
        let error = text.parse::<Buckets>().unwrap_err();
        assert_eq!(error.to_string(), format!("`--random-mm-bucket-config`: {why}"));
    }
}

#[test]
fn a_full_modality_is_struck_out() {
    let mix = mix("{(1, 1, 1): 0.01, (2, 2, 2): 0.99}", counts(4, 0.0, Some(3), Some(1))).unwrap();
    let mut generator = Generator::new(1);
    for _ in 0..20 {
        let mut videos = 0;
        let mut items = 0;
        mix.draw(&mut generator, |_, bucket| {
            items += 1;
            videos += usize::from(bucket.modality() == Modality::Video);
        });
        assert_eq!((items, videos), (4, 1));
    }
}

#[test]
fn sums_are_python_s() {
    assert_eq!(total([0.1; 10].into_iter()), 1.0);
    assert_eq!(total([1e308, 1e308].into_iter()), f64::INFINITY);
}
