//! What `burstgpt` takes from a table, against the reference's own samples, and what it refuses.

use super::*;
use crate::dataset::golden::{owned, resolve, rows, settings, tokenizer};

const TABLE: &str = "\
Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
0,ChatGPT,3,0,0,Conversation log\n\
1,GPT-4,4,2,0,Conversation log\n\
2,GPT-4,5,4,0,Conversation log\n\
3,GPT-4,6,1,0,Conversation log\n\
4,ChatGPT,7,3,0,Conversation log\n\
5,GPT-4,8,0,0,Conversation log\n\
6,GPT-4,9,2,0,Conversation log\n\
7,GPT-4,10,4,0,Conversation log\n\
8,ChatGPT,11,1,0,Conversation log\n\
9,GPT-4,12,3,0,Conversation log\n\
11,GPT-4,9,,9,\"a, b\"\n\n";

fn samples(line: &str, table: &str) -> Result<Samples> {
    let line = format!("--dataset-name burstgpt --dataset-path a.csv {line}");
    let burstgpt = settings(&line, |_, common| BurstGpt::resolve(common)).unwrap();
    burstgpt.samples_of(table.as_bytes(), tokenizer())
}

#[test]
fn rows_without_replacement_are_the_reference_s() {
    let wanted = [("abcdef", 6, 1), ("bcdef", 5, 4), ("cdefghijkl", 10, 4)];
    let made = samples("--num-prompts 3 --seed 1", TABLE).unwrap();
    assert!(made.warnings.is_empty());
    assert_eq!(rows(made), owned(&wanted));
}

#[test]
fn rows_with_replacement_are_the_reference_s() {
    let wanted = [
        ("abcd", 4, 2),
        ("bcdefghijklm", 12, 3),
        ("cdef", 4, 2),
        ("defghijkl", 9, 2),
        ("efghij", 6, 1),
        ("fghijklmn", 9, 2),
        ("ghij", 4, 2),
        ("hijklm", 6, 1),
        ("ijklm", 5, 4),
    ];
    let made = samples("--num-prompts 9 --seed 2", TABLE).unwrap();
    assert!(made.warnings[0].starts_with("9 requests have the lengths of 6 rows"), "{:?}", made.warnings);
    assert_eq!(rows(made), owned(&wanted));
}

#[test]
fn a_table_that_is_wrong_is_refused_with_its_line_and_column() {
    let head = "Timestamp,Model,Request tokens,Response tokens";
    let table = [
        ("a,b\n1,2\n".to_owned(), "line 1: no column `Model`; the header has `a`, `b`"),
        (
            "Model,Request tokens\nGPT-4,2\n".to_owned(),
            "line 1: no column `Response tokens`; the header has `Model`, `Request tokens`",
        ),
        (format!("{head}\n0,ChatGPT,x,x\n0,GPT-4,x,3\n"), "line 3: no number of tokens at `Request tokens`"),
        (format!("{head}\n0,GPT-4,3,x\n"), "line 2: no number of tokens at `Response tokens`"),
        (format!("{head}\n0,GPT-4,-3,1\n"), "line 2: no number of tokens at `Request tokens`"),
        (format!("{head}\n0,GPT-4,4000000000,3\n"), "line 2: no number of tokens at `Request tokens`"),
        (format!("{head}\n0,GPT-4,3,0\n"), "no row of model `GPT-4` with response tokens"),
        (String::new(), "line 1: no column `Model`; the header has nothing"),
        (
            "Model,Response tokens\nGPT-4,3\n".to_owned(),
            "line 1: no column `Request tokens`; the header has `Model`, `Response tokens`",
        ),
    ];
    for (content, why) in table {
        let error = samples("--num-prompts 1", &content).err().unwrap();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some());
    }
    let error = parse(b"Model,Request tokens,Response tokens\n\xff,3,3\n").unwrap_err().to_string();
    assert!(error.starts_with("line 2: invalid utf-8"), "{error}");
}

#[test]
fn a_run_without_a_file_or_requests_is_refused() {
    let why = |line: &str| resolve(line).unwrap_err().to_string();
    assert_eq!(why("--dataset-name burstgpt"), "dataset `burstgpt` needs a file");
    let none = "--dataset-name burstgpt --dataset-path a --num-prompts 0";
    assert_eq!(why(none), "`--num-prompts 0`: dataset `burstgpt` makes 1 prompt or more");
}

#[test]
fn columns_are_found_by_their_names() {
    for table in [
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,GPT-4,472,18,490,x\n",
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,1,2.5,GPT-4,472,18,490,x\n",
        "Timestamp,Model,Total tokens,Response tokens,Request tokens\n5,GPT-4,490,18,472\n",
        "timestamp;model;request_tokens;response_tokens\n5;GPT-4;472;18\n",
        "MODEL\tREQUEST TOKENS\tRESPONSE TOKENS\nGPT-4\t472\t18\n",
    ] {
        assert_eq!(parse(table.as_bytes()).unwrap(), [Lengths { input: 472, output: 18 }], "{table}");
    }
}
