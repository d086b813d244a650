//! What the flags mean together, and what they refuse.

use serde_json::Map;

use super::*;
use crate::dataset::file::custom::{self, Custom, OutputLen};
use crate::dataset::golden::{resolve, settings};
use crate::dataset::made::random::{self, Random};

fn random(line: &str) -> Random {
    settings(line, random::settings).unwrap()
}

fn custom(line: &str) -> Custom {
    let line = format!("--dataset-name custom --dataset-path a.jsonl {line}");
    settings(&line, custom::settings).unwrap()
}

#[test]
fn the_defaults_are_the_reference_s() {
    let random = random("");
    assert_eq!((random.seed, random.num_prompts, random.batch_size), (0, 1000, 1));
    assert_eq!((random.input_len, random.output_len, random.prefix_len), (1024, 128, 0));
    assert_eq!((random.range_ratio.input, random.range_ratio.output), (0.0, 0.0));
    let custom = custom("");
    assert_eq!(custom.output_len, OutputLen::Fixed(256));
    assert_eq!(custom.template, Template::Chat(Map::new()));
    assert_eq!((custom.selection.order, custom.selection.shortage), (Order::Shuffled, Shortage::Oversample));
}

#[test]
fn the_general_lengths_win_over_those_of_the_dataset() {
    let line = "--input-len 7 --output-len 9 --random-input-len 5 --random-output-len 6";
    let random = random(line);
    assert_eq!((random.input_len, random.output_len), (7, 9));
}

#[test]
fn what_does_not_go_together_is_refused_by_its_flag() {
    let table = [
        ("--seed -1", "`--seed -1`: not a seed"),
        ("--seed 4294967296", "`--seed 4294967296`: not a seed"),
        ("--num-prompts 4294967296", "`--num-prompts 4294967296`: not a number of requests"),
        ("--dataset-path a", "`--dataset-path` does not go with dataset `random`, which reads no file"),
        ("--random-prefix-len -1", "`--random-prefix-len -1`: not a number of tokens"),
        ("--dataset-name sharegpt", "dataset `sharegpt` needs a file"),
        ("--dataset-name sharegpt --dataset-path a --num-prompts 0", "`--num-prompts 0`: no requests to send"),
        ("--dataset-name custom", "dataset `custom` needs a file"),
        ("--dataset-name custom_image", "dataset `custom_image` needs a file"),
        ("--dataset-name custom_audio", "dataset `custom_audio` needs a file"),
        ("--num-prompts 0", "`--num-prompts 0`: dataset `random` makes 1 prompt or more"),
        ("--dataset-name random-mm --num-prompts 0", "`--num-prompts 0`: dataset `random-mm` makes 1 prompt or more"),
        ("--input-len -1", "`--input-len -1`: not a number of tokens"),
        ("--output-len -1", "`--output-len -1`: not a number of tokens"),
        ("--dataset-name custom --dataset-path a.json", "cannot read dataset `a.json`: not a `.jsonl` file"),
        (
            "--dataset-name custom --dataset-path a.jsonl --custom-output-len -2",
            "`--custom-output-len -2`: not a number of tokens",
        ),
    ];
    for (line, why) in table {
        let error = resolve(line).unwrap_err();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some(), "{why}");
    }
}

#[test]
fn template_variables_are_a_json_object() {
    let template = custom(r#"--chat-template-kwargs {"x":1}"#).template;
    let Template::Chat(variables) = template else { panic!("no template") };
    assert_eq!(variables["x"], 1);
    assert_eq!(custom("--num-prompts 1_0").selection.num_prompts, 10);
    assert!(resolve("--chat-template-kwargs [1]").unwrap_err().to_string().contains("not a JSON object"));
}

#[test]
fn a_fresh_prefix_is_new_each_time() {
    let prefixes = [fresh_prefix().unwrap(), fresh_prefix().unwrap()];
    assert_ne!(prefixes[0], prefixes[1]);
    let digits = prefixes[0].strip_prefix("bench-").and_then(|rest| rest.strip_suffix('-')).unwrap();
    assert!(digits.len() == 8 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
}

#[test]
fn names_stand_for_one_dataset_and_flags_of_the_table_are_there() {
    let command = OwnArgs::augment_args(Command::new("x"));
    let known = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    for kind in KINDS {
        let stored = [kind.stored_lengths.0, kind.stored_lengths.1].into_iter().flatten();
        assert!(kind.own.iter().map(|(id, _)| *id).chain(stored).all(known), "{}", kind.name);
        assert!(kind.flags().iter().all(|id| known(id.as_str())), "{}", kind.name);
        let names = [&[kind.name], kind.aliases, kind.older].concat();
        let only = |name: &&str| KINDS.iter().filter(|other| other.is(name)).count() == 1;
        assert!(names.iter().all(only), "{names:?}");
    }
}
