use super::*;
use crate::dataset::evalscope::{Earlier, Form};

fn talks() -> RandomTalks {
    RandomTalks {
        draw: Draw { seed: 6, earlier: Vec::new(), number: 2, warmups: 0, offset: 0 },
        shaping: Shaping { min_prompt_length: 3, max_prompt_length: 6, form: Form::Chat, max_tokens: (8, 8) },
        prefixes: Prefixes { length: 0, count: 1 },
        parallel: 1,
    }
}

fn texts(talks: &RandomTalks) -> (Vec<u32>, Vec<String>) {
    let made = talks.made((1, 3), Tokenizer::builtin().unwrap()).unwrap();
    let text = |sample: Result<Sample>| match sample.unwrap().prompt {
        Prompt::Text(text) => text,
        other => panic!("{other:?}"),
    };
    (made.turns, made.samples.iter.map(text).collect())
}

#[test]
fn the_conversations_of_a_point_are_the_reference_s() {
    let wanted = [
        "icit laughed heroamage",
        "requ ben static excessists Net",
        " ideturnraid lockings",
        "miss ?ining",
        " desireappend referencebrary unixFile",
    ];
    let (turns, made) = texts(&talks());
    assert_eq!((turns, made.as_slice()), (vec![3, 2], wanted.map(str::to_owned).as_slice()));
    let mut later = talks();
    later.draw.earlier = vec![Earlier { requests: 2, paced: false }];
    assert_ne!(texts(&later).1, made);
}

#[test]
fn a_template_is_part_of_the_first_turn_only() {
    let made = talks().made((1, 3), Tokenizer::builtin().unwrap()).unwrap();
    let tokens: Vec<u32> = made.samples.iter.map(|sample| sample.unwrap().input_tokens).collect();
    assert_eq!(tokens, [8, 6, 5, 7, 5]);
}

#[test]
fn turns_need_a_range_and_something_to_say() {
    let mut silent = talks();
    (silent.shaping.min_prompt_length, silent.shaping.max_prompt_length) = (0, 0);
    assert!(silent.made((1, 3), Tokenizer::builtin().unwrap()).is_err());
    let shape = |fewest, most| Shape {
        turns: crate::dataset::TurnRange { usual: 1, fewest, most },
        later_input_len: None,
        prefixes: None,
    };
    let why = |fewest, most| talks().dataset().check_conversations(&shape(fewest, most)).unwrap_err().to_string();
    assert_eq!(why(None, None), "random conversations need to know how many turns they have at most");
    assert_eq!(why(Some(4), Some(3)), "conversations cannot have 4 turns at least and 3 at most");
}
