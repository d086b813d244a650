use std::fs;
use std::path::PathBuf;

use super::*;
use crate::dataset::golden::{self, resolve, rows, tokenizer};
use crate::rng::Draws;

const PLAIN: Shape =
    Shape { turns: TurnRange { usual: 3, fewest: None, most: None }, later_input_len: None, prefixes: None };

fn range(fewest: u32, most: u32) -> TurnRange {
    TurnRange { usual: 3, fewest: Some(fewest), most: Some(most) }
}

fn made(line: &str, shape: &Shape) -> Result<Conversations> {
    resolve(line)?.conversations(shape, Some(&tokenizer()), &mut Draws::new(0))
}

fn texts(conversations: Conversations) -> Vec<Vec<String>> {
    let mut turns = rows(conversations.samples).into_iter().map(|(text, ..)| text);
    conversations.turns.iter().map(|&count| turns.by_ref().take(count as usize).collect()).collect()
}

#[test]
fn made_up_conversations_begin_with_the_requests_of_a_run_without_turns() {
    let line = "--num-prompts 3 --random-input-len 6 --random-output-len 9 --random-range-ratio 0.4";
    let shape = Shape { later_input_len: Some(3), ..PLAIN };
    let conversations = made(line, &shape).unwrap();
    assert_eq!((conversations.history, conversations.turns.clone()), (History::Kept, vec![3; 3]));
    let alone = rows(golden::samples(line).unwrap());
    let turns = rows(conversations.samples);
    assert_eq!(turns.len(), 9);
    for (conversation, alone) in turns.chunks(3).zip(&alone) {
        assert_eq!(&conversation[0], alone);
        assert!(conversation[1..].iter().all(|(_, tokens, _)| (1..=5).contains(tokens)), "{conversation:?}");
    }
}

#[test]
fn the_same_seed_makes_the_same_conversations_and_another_does_not() {
    let of = |seed: u32| {
        let line = format!("--num-prompts 4 --random-input-len 8 --seed {seed}");
        texts(made(&line, &Shape { turns: range(1, 4), ..PLAIN }).unwrap())
    };
    let lengths: Vec<usize> = of(0).iter().map(Vec::len).collect();
    assert!(lengths.iter().all(|length| (1..=4).contains(length)), "{lengths:?}");
    assert_eq!(of(5), of(5));
    assert_ne!(of(5), of(6));
}

#[test]
fn the_first_conversation_of_seed_0_is_this_one() {
    let conversations = made("--num-prompts 1 --random-input-len 4", &PLAIN).unwrap();
    assert_eq!(texts(conversations), [["opabcdefghijkl", "cdefmnk", "abcdefghijg"]]);
}

#[test]
fn turns_with_prefixes_begin_alike_and_go_without_history() {
    let shape = Shape { prefixes: Some(Prefixes { global: 0.25, conversation: 0.5 }), ..PLAIN };
    let conversations = made("--num-prompts 2 --random-input-len 16 --random-prefix-len 4", &shape).unwrap();
    assert_eq!(conversations.history, History::Dropped);
    let texts = texts(conversations);
    let common = |one: &str, other: &str| one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let within = common(&texts[0][0], &texts[0][1]);
    let across = common(&texts[0][0], &texts[1][1]);
    assert!(across > 0 && within > across, "{across} and {within} of {texts:?}");
    assert_ne!(texts[0][0], texts[0][1]);
}

#[test]
fn a_prefix_of_nobody_needs_no_tokens() {
    let shape = Shape { prefixes: Some(Prefixes { global: 0.0, conversation: 0.5 }), ..PLAIN };
    assert_eq!(made("--num-prompts 2 --random-input-len 8", &shape).unwrap().samples.iter.count(), 6);
}

#[test]
fn what_has_no_conversations_is_refused() {
    let refused = |line: &str, shape: &Shape| made(line, shape).err().unwrap().to_string();
    assert_eq!(refused("--random-batch-size 2", &PLAIN), "`--random-batch-size` does not go with `--multi-turn`");
    let backwards = Shape { turns: range(5, 2), ..PLAIN };
    assert_eq!(refused("", &backwards), "conversations cannot have 5 turns at least and 2 at most");
    let shared = Prefixes { global: 0.5, conversation: 0.0 };
    let short = Shape { later_input_len: Some(4), prefixes: Some(shared), ..PLAIN };
    let what = "later turns of 4 input tokens have none of their own behind 4 in common";
    assert_eq!(refused("--random-input-len 8", &short), what);
    let custom = "--dataset-name custom --dataset-path x.jsonl";
    assert_eq!(refused(custom, &PLAIN), "this dataset has no conversations");
}

/// A file that goes away with its value.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("llmbench-{}-{name}.json", std::process::id()));
        fs::write(&path, content).unwrap();
        File(path)
    }

    fn line(&self) -> String {
        format!("--dataset-name sharegpt --disable-shuffle --dataset-path {}", self.0.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const TALKS: &str = r#"[
{"conversations": [{"from": "system", "value": "be"}, {"from": "human", "value": "abcd"}, {"from": "gpt", "value": "ab"},
 {"from": "human", "value": "ef"}, {"from": "gpt", "value": "efghijklmnop"}, {"from": "human", "value": "a"}]},
{"conversations": [{"from": "human", "value": "abcd"}, {"from": "gpt", "value": "ab"}]},
{"conversations": [{"from": "user", "value": "ij"}, {"from": "assistant", "value": ""}, {"from": "user", "value": ""},
 {"from": "assistant", "value": "x"}, {"from": "user", "value": "kl"}, {"from": "assistant", "value": "ab"},
 {"from": "user", "value": "op"}, {"from": "assistant", "value": "ab"}]}]"#;

#[test]
fn conversations_of_a_file_have_its_turns_and_the_lengths_of_its_answers() {
    let file = File::new("talks", TALKS);
    let conversations = made(&format!("{} --num-prompts 2", file.line()), &PLAIN).unwrap();
    assert_eq!(conversations.turns, [2, 3]);
    let rows = rows(conversations.samples);
    let wanted = [("abcd", 1, 1), ("ef", 1, 3), ("ij", 1, 1), ("kl", 1, 1), ("op", 1, 1)];
    assert_eq!(rows, wanted.map(|(text, input, output)| (text.to_owned(), input, output)));
}

#[test]
fn conversations_of_a_file_are_cut_and_chosen_and_repeated() {
    let file = File::new("cut", TALKS);
    let of = |flags: &str, turns: TurnRange| {
        texts(made(&format!("{} {flags}", file.line()), &Shape { turns, ..PLAIN }).unwrap())
    };
    let first = vec!["abcd".to_owned()];
    assert_eq!(of("--num-prompts 2", range(1, 1)), [first.clone(), first.clone()]);
    let repeated = of("--num-prompts 3", range(3, 3));
    assert_eq!(repeated, vec![vec!["ij", "kl", "op"]; 3]);
    assert_eq!(of("--num-prompts 3 --no-oversample", range(3, 3)).len(), 1);
}

#[test]
fn a_file_without_conversations_is_refused_by_its_place() {
    let refused = |name: &str, content: &str, shape: &Shape| {
        let file = File::new(name, content);
        let path = file.0.display().to_string();
        let error = made(&format!("{} --num-prompts 2", file.line()), shape).err().unwrap().to_string();
        error.replace(&path, "F")
    };
    let long = Shape { turns: TurnRange { fewest: Some(9), ..PLAIN.turns }, ..PLAIN };
    assert_eq!(
        refused("none", TALKS, &long),
        "cannot read dataset `F`: no conversation has 9 turns: the longest has 8 messages"
    );
    let number = TALKS.replace("\"efghijklmnop\"", "7");
    assert_eq!(
        refused("number", &number, &PLAIN),
        "cannot read dataset `F`: entry 0: no string at `conversations[4].value`"
    );
    let prefixes = Shape { prefixes: Some(Prefixes { global: 0.1, conversation: 0.0 }), ..PLAIN };
    let what = "dataset `sharegpt` has no turns with prefixes in common";
    assert_eq!(refused("prefixes", TALKS, &prefixes), what);
}
