use super::*;
use crate::dataset::evalscope::Form;

fn talks(speakers: Speakers, number: u32, offset: u32) -> Talks {
    Talks {
        speakers,
        path: None,
        draw: Draw { seed: 1, earlier: Vec::new(), number, warmups: 0, offset },
        shaping: Shaping { min_prompt_length: 0, max_prompt_length: 20, form: Form::Chat, max_tokens: (8, 8) },
    }
}

fn texts(conversations: Conversations) -> (Vec<u32>, Vec<String>) {
    let text = |sample: Result<Sample>| match sample.unwrap().prompt {
        Prompt::Text(text) => text,
        other => panic!("{other:?}"),
    };
    (conversations.turns, conversations.samples.iter.map(text).collect())
}

#[test]
fn what_stands_between_answers_is_a_turn() {
    let line = r#"[{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "x"},
        {"role": "user", "content": "b"}, {"role": "assistant", "content": "y"}]"#;
    assert_eq!(said(line).unwrap(), ["s\n\na", "b"]);
    assert_eq!(said(&format!("{{\"messages\": {line}}}")).unwrap(), ["s\n\na", "b"]);
    assert_eq!(said("{}").unwrap_err(), "no list of messages");
    assert_eq!(said(r#"[{"role": "user"}]"#).unwrap_err(), "no text at `content` of message 0");
}

#[test]
fn conversations_go_on_from_the_offset_and_end_where_they_are_to() {
    let content = "{\"conversation\": [{\"human\": \"a\"}, {\"human\": \"b\"}, {\"human\": \"c\"}]}\n\
                   {\"conversation\": [{\"human\": \"d\"}]}\n{\"conversation\": [{\"human\": \"e\"}, {\"human\": \"f\"}]}\n";
    let tokenizer = Tokenizer::builtin().unwrap();
    let read = talks(Speakers::ShareGptEn, 3, 1).read(content.as_bytes(), (2, 2), &tokenizer).unwrap();
    assert_eq!(read.samples.warnings.len(), 1);
    assert_eq!(texts(read), (vec![2, 2, 2], ["e", "f", "a", "b", "e", "f"].map(str::to_owned).to_vec()));
    let error = talks(Speakers::ShareGptEn, 3, 1).read(content.as_bytes(), (4, 9), &tokenizer).err().unwrap();
    assert_eq!(error.to_string(), "no conversation has 4 turns and begins with 0 to 20 tokens: there are 3 others");
}

#[test]
fn a_prepared_file_has_its_turns_apart() {
    let content = r#"{"conversations": [[{"messages": [{"role": "system", "content": "s"}, {"role": "user",
        "content": [{"type": "text", "text": "a"}]}]}, {"messages": [{"role": "user", "content": "b"}]}]]}"#;
    assert_eq!(prepared(content.as_bytes()).unwrap(), [["s\n\na", "b"]]);
    let error = prepared(br#"{"conversations": [[{"text": "a"}]]}"#).unwrap_err();
    assert_eq!(error.to_string(), "conversation 0: a turn without texts at `messages`");
}

#[test]
fn a_dataset_of_conversations_has_no_other_samples() {
    let dataset = talks(Speakers::Custom, 1, 0).dataset();
    let error = dataset.samples(&Default::default(), None, &mut crate::rng::Draws::new(0)).err().unwrap();
    assert_eq!(error.to_string(), "dataset `custom_multi_turn` is made of conversations");
}
