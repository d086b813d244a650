//! What `sonnet` makes of lines, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{self, rows, tokenizer};
use crate::dataset::needs::Carries;

const LINES: &str = "abcd ace\nefgh\nijkl aceg mnop\no\nklmn abab\n";

fn sonnet(line: &str) -> Result<Sonnet> {
    golden::settings(&format!("--dataset-name sonnet {line}"), settings)
}

fn samples(line: &str, draws: &mut Draws) -> Result<Samples> {
    sonnet(&format!("--skip-chat-template {line}"))?.samples_of(LINES, TemplatedBy::Client, &tokenizer(), draws)
}

#[test]
fn lines_are_picked_as_in_the_reference() {
    let line = "--num-prompts 4 --sonnet-prefix-len 40 --sonnet-input-len 60 --sonnet-output-len 8";
    let mut draws = Draws::new(2);
    let made = samples(line, &mut draws).unwrap();
    assert_eq!([draws.python.random(), draws.python.random()], [0.9079404966260946, 0.26813751289981635]);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|line| LINES.split_inclusive('\n').nth(line).unwrap());
    let wanted =
        [([d, b, d, d, c, a], 55), ([e, d, d, e, d, d], 53), ([b, e, e, a, d, d], 56), ([d, c, b, b, d, a], 55)];
    let wanted = wanted.map(|(lines, tokens)| (format!("{BASE}{a}{b}{c}{}", lines.concat()), tokens, 8));
    assert_eq!(rows(made), wanted);
}

#[test]
fn the_sonnets_inside_are_whole() {
    assert_eq!(SONNETS.lines().count() % 14, 0);
    assert!(SONNETS.ends_with('\n') && SONNETS.is_ascii());
    assert!(SONNETS.lines().all(|line| (25..60).contains(&line.len())), "a line of verse has ten syllables or so");
    let dataset = sonnet("--num-prompts 3").unwrap().dataset();
    let made = golden::sampled(&dataset, &Tokenizer::builtin().unwrap()).unwrap();
    let made: Vec<Sample> = made.iter.map(Result::unwrap).collect();
    assert!(made.iter().all(|sample| (450..=550).contains(&sample.input_tokens) && sample.output_tokens == 150));
}

#[test]
fn a_server_that_applies_the_template_gets_the_plain_prompt() {
    let dataset = sonnet("--num-prompts 1").unwrap().dataset();
    assert!(dataset.needs.templated && dataset.needs.yields_template);
    let sample = |messages: bool| {
        let carries = Carries { messages, ..Carries::default() };
        let made = dataset.samples(&carries, Some(&Tokenizer::builtin().unwrap()), &mut Draws::new(0)).unwrap();
        let Sample { prompt: Prompt::Text(text), input_tokens, .. } = { made }.iter.next().unwrap().unwrap() else {
            panic!("no text")
        };
        (text, input_tokens)
    };
    let ((rendered, tokens), (plain, counted)) = (sample(false), sample(true));
    assert!(plain.starts_with(BASE) && rendered.contains(&plain) && rendered.len() > plain.len());
    assert_eq!(tokens, counted, "prompts are counted as the model sees them");
}

#[test]
fn lengths_that_leave_no_room_are_refused() {
    let table = [
        ("--sonnet-input-len 30", "`--sonnet-input-len 30`: the question alone has 30 tokens"),
        ("--sonnet-input-len 31 --sonnet-prefix-len 46", "no prompt of 31 tokens or fewer found"),
        ("--num-prompts 0", "`--num-prompts 0`: dataset `sonnet` makes 1 prompt or more"),
    ];
    for (line, why) in table {
        let error = samples(line, &mut Draws::new(0)).err().unwrap();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some());
    }
    let nothing =
        sonnet("").unwrap().samples_of("", TemplatedBy::Client, &tokenizer(), &mut Draws::new(0)).err().unwrap();
    assert_eq!(nothing.to_string(), "no lines");
    let general = sonnet("--input-len 70 --output-len 9").unwrap();
    assert_eq!((general.input_len, general.output_len, general.prefix_len), (70, 9, 200));
}
