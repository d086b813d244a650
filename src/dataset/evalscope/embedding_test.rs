use super::super::draw::Earlier;
use super::super::shaping::Form;
use super::*;

fn embedding(number: u32, batch: Option<u32>, lengths: (u32, u32)) -> Embedding {
    Embedding {
        path: None,
        batch,
        draw: Draw { seed: 4, earlier: Vec::new(), number, warmups: 0, offset: 0 },
        shaping: Shaping {
            min_prompt_length: lengths.0,
            max_prompt_length: lengths.1,
            form: Form::Text,
            max_tokens: (1, 1),
        },
    }
}

fn prompts(samples: Samples) -> Vec<Prompt> {
    samples.iter.map(|sample| sample.unwrap().prompt).collect()
}

#[test]
fn random_texts_are_the_reference_s() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let wanted = ["\u{fffd}ested might", " ne apparentlywaterention", " intellig dest prevented lively", "NoteOMpany"];
    let alone = prompts(embedding(4, None, (3, 6)).made(&tokenizer).unwrap());
    assert_eq!(alone, wanted.map(|text| Prompt::Text(text.into())));
    let batches = prompts(embedding(2, Some(2), (3, 6)).made(&tokenizer).unwrap());
    assert_eq!(batches[1], Prompt::Batch(vec![wanted[2].into(), wanted[3].into()]));
    let mut later = embedding(4, None, (3, 6));
    later.draw.earlier = vec![Earlier { requests: 4, paced: false }];
    assert_ne!(prompts(later.made(&tokenizer).unwrap()), alone);
}

#[test]
fn texts_of_a_file_come_in_several_forms() {
    let wanted = ["a", "b c"];
    for content in
        ["a\n\nb c\n", "[\"a\", {\"text\": \"b c\"}]", "{\"input\": \"a\"}\n\"b c\"\n", "{\"sentence\": \"a\"}\nb c"]
    {
        assert_eq!(texts(content.as_bytes()).unwrap(), wanted, "{content}");
    }
    let error = texts(b"a\n{\"x\": 1}\n").unwrap_err();
    let why = "line 2: no string at `text`, `input`, `sentence`, `content`; it has `x`";
    assert_eq!((error.to_string().as_str(), error.advice()), (why, Some(FORM)));
    assert_eq!(texts(b"[{\"x\": 1}]").unwrap_err().to_string(), "entry 0: no text");
}

#[test]
fn batches_of_a_file_begin_again_where_it_ends() {
    let read = embedding(3, Some(2), (1, 3)).read(b"a\nb\ntoo long\nc\n", None).unwrap();
    assert!(read.warnings[0].starts_with("1 of 3 requests"), "{:?}", read.warnings);
    let batch = |texts: &[&str]| Prompt::Batch(texts.iter().map(ToString::to_string).collect());
    assert_eq!(prompts(read), [batch(&["a", "b"]), batch(&["c"]), batch(&["a", "b"])]);
    let error = embedding(3, None, (50, 60)).read(b"a\nb\n", None).err().unwrap();
    assert_eq!(error.to_string(), "none of the 2 texts in it has a length of 50 to 60");
}
