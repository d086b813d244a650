use super::*;
use crate::dataset::needs::Carries;
use crate::dataset::part::Json;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::token::Tokenizer;

fn draw(number: u32, offset: u32) -> Draw {
    Draw { seed: 1, earlier: Vec::new(), number, warmups: 0, offset }
}

fn shaping(min_prompt_length: u32, max_prompt_length: u32) -> Shaping {
    Shaping { min_prompt_length, max_prompt_length, form: Form::Chat, max_tokens: (16, 16) }
}

fn made(rows: Rows, content: &str, draw: Draw, shaping: Shaping, tokenizer: Option<&Tokenizer>) -> Result<Samples> {
    let carries = Carries { messages: true, ..Carries::default() };
    let point = Point { draw: &draw, shaping: &shaping, carries: &carries, tokenizer };
    rows.read(content.as_bytes(), |found| point.samples(found, rows.looked_for()))
}

fn all(samples: Samples) -> Vec<Sample> {
    samples.iter.collect::<Result<_>>().unwrap()
}

fn texts(rows: Rows, content: &str) -> Vec<String> {
    let samples = all(made(rows, content, draw(2, 0), shaping(0, 100), None).unwrap());
    samples
        .into_iter()
        .map(|sample| match sample.prompt {
            Prompt::Text(text) => text,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn each_dataset_has_its_field() {
    assert_eq!(texts(Rows::OpenQa, "{\"question\": \" why? \"}\n{\"question\": \"how?\"}\n"), ["why?", "how?"]);
    assert_eq!(texts(Rows::LongAlpaca, "[{\"instruction\": \"a\"}, {\"instruction\": \"b\"}]"), ["a", "b"]);
    let talks = "{\"conversation\": [{\"human\": \"a\", \"assistant\": \"x\"}, {\"human\": \"y\"}]}\n\
                 {\"conversations\": [{\"from\": \"gpt\", \"value\": \"x\"}, {\"from\": \"human\", \"value\": \"b\"}]}\n";
    assert_eq!(texts(Rows::ShareGptEn, talks), ["a", "b"]);
    assert_eq!(texts(Rows::Lines, "a\n\n  b\r\n"), ["a", "b"]);
}

#[test]
fn a_line_is_a_text_a_list_of_messages_or_a_whole_body() {
    let content = "[{\"role\": \"user\", \"content\": \"a\"}]\n\
                   {\"messages\": [{\"role\": \"user\", \"content\": \"b\"}], \"max_tokens\": 3, \"temperature\": 0.5}\n\
                   {\"prompt\": \"c\"}\n[1, 2]\n";
    let tokenizer = Tokenizer::builtin().unwrap();
    let samples = all(made(Rows::Lines, content, draw(4, 0), shaping(0, 100), Some(&tokenizer)).unwrap());
    let messages = |text: &str| Prompt::Messages(Json::of(&serde_json::json!([{"role": "user", "content": text}])));
    assert_eq!((&samples[0].prompt, samples[0].input_tokens), (&messages("a"), 5));
    assert_eq!((&samples[1].prompt, samples[1].output_tokens), (&messages("b"), 3));
    let names: Vec<&str> = samples[1].overrides.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["max_tokens", "temperature"]);
    assert_eq!((&samples[2].prompt, samples[2].output_tokens), (&Prompt::Text("c".into()), 16));
    assert_eq!(samples[3].prompt, Prompt::Text("[1, 2]".into()), "it has no messages");
}

#[test]
fn prompts_of_another_length_are_left_out() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let content = "one\none two three four five six seven\nfour\n";
    let few = all(made(Rows::Lines, content, draw(2, 0), shaping(0, 6), Some(&tokenizer)).unwrap());
    assert_eq!(few.iter().map(|sample| sample.input_tokens).collect::<Vec<_>>(), [5, 5], "the template has four");
    let characters = all(made(Rows::Lines, content, draw(1, 0), shaping(5, 100), None).unwrap());
    assert_eq!(characters[0].input_tokens, 0);
    let error = made(Rows::Lines, content, draw(1, 0), shaping(500, 600), None).err().unwrap();
    assert_eq!(error.to_string(), "no line has 500 to 600 characters: the 3 in it have 3 to 33");
    let error = made(Rows::OpenQa, "\n", draw(1, 0), shaping(0, 9), None).err().unwrap();
    assert_eq!(error.to_string(), "no `question` in it");
}

#[test]
fn rows_are_taken_from_an_offset_on_and_around_the_end() {
    let made = made(Rows::Lines, "a\nb\nc\n", draw(4, 5), shaping(0, 9), None).unwrap();
    assert!(made.warnings[0].starts_with("1 of 4 requests repeat another one"), "{:?}", made.warnings);
    let prompts: Vec<Prompt> = all(made).into_iter().map(|sample| sample.prompt).collect();
    assert_eq!(prompts, ["c", "a", "b", "c"].map(|text| Prompt::Text(text.into())));
}

#[test]
fn token_ids_are_those_of_the_text() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let shaping = Shaping { form: Form::Ids, ..shaping(0, 9) };
    let samples = all(made(Rows::Lines, " the\n", draw(1, 0), shaping, Some(&tokenizer)).unwrap());
    assert_eq!(samples[0].prompt, Prompt::Ids(tokenizer.encode("the", crate::token::Special::Skip).unwrap()));
    assert!(made(Rows::Lines, "a\n", draw(1, 0), shaping, None).unwrap().iter.next().unwrap().is_err());
}

#[test]
fn rows_that_are_wrong_are_told_with_their_place() {
    let why = |rows, content: &str| made(rows, content, draw(1, 0), shaping(0, 9), None).err().unwrap().to_string();
    assert_eq!(why(Rows::OpenQa, "\n{\"q\": 1}\n"), "line 2: no string at `question`; it has `q`");
    assert_eq!(why(Rows::ShareGptZh, "{\"text\": 1}\n"), "line 1: no list of turns at `conversations`; it has `text`");
    assert_eq!(why(Rows::Lines, "{\"a\": 1}\n"), "line 1: no string and no `messages` at `prompt`; it has `a`");
}
