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
    let burstgpt = settings(&line, super::settings).unwrap();
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
        (
            format!("{head}\n0,ChatGPT,x,x\n0,GPT-4,x,3\n"),
            "line 3: no number of tokens at `Request tokens`, which is `x`",
        ),
        (format!("{head}\n0,GPT-4,3,x\n"), "line 2: no number of tokens at `Response tokens`, which is `x`"),
        (format!("{head}\n0,GPT-4,-3,1\n"), "line 2: no number of tokens at `Request tokens`, which is `-3`"),
        (
            format!("{head}\n0,GPT-4,4000000000,3\n"),
            "line 2: no number of tokens at `Request tokens`, which is `4000000000`",
        ),
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
    let error = parse(b"Model,Request tokens,Response tokens\n\xff,3,3\n", Timing::Load).unwrap_err().to_string();
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
        assert_eq!(
            parse(table.as_bytes(), Timing::Load).unwrap(),
            [Recorded { input: 472, output: 18, seconds: 0.0 }],
            "{table}"
        );
    }
}

#[test]
fn times_are_the_rows_of_the_file_from_the_first_that_is_sent() {
    let head = "Timestamp,Model,Request tokens,Response tokens\n";
    let table = format!(
        "{head}90.5,ChatGPT,1,1\n100,GPT-4,2,5\n101.5,GPT-4,3,0\n102.25,GPT-4,4,6\n101,GPT-4,5,7\n4100,GPT-4,6,8\n"
    );
    let ticks = |seconds: &[f64]| Some(seconds.iter().copied().map(crate::record::Tick::from_secs_f64).collect());
    let made = samples("--self-timed --num-prompts 3 --seed 7", &table).unwrap();
    assert_eq!(made.due, ticks(&[0.0, 2.25, 2.25]), "a time that goes back is that of the row above");
    assert_eq!(
        made.warnings,
        ["1 times of the trace lie before the one of the line above: those requests follow at once"]
    );
    let lengths: Vec<(u32, u32)> = rows(made).iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(lengths, [(2, 5), (4, 6), (5, 7)]);
    let all = samples("--self-timed --num-prompts 9", &table).unwrap();
    assert_eq!(
        (all.count, &all.warnings[1..]),
        (
            4,
            &[
                "the trace lasts 1.1 hours".to_owned(),
                "4 requests instead of 9, because the trace has no more rows".to_owned()
            ][..]
        )
    );
    for line in ["", "--no-self-timed", "--self-timed --no-self-timed"] {
        assert_eq!(samples(&format!("{line} --num-prompts 3"), &table).unwrap().due, None, "{line}");
    }
}

#[test]
fn a_time_that_is_wrong_is_refused_where_times_count() {
    for (time, why) in [
        ("x", "line 3: no number of seconds at `Timestamp`, which is `x`"),
        ("inf", "line 3: no number of seconds at `Timestamp`, which is `inf`"),
        ("40000000", "line 3: more than a year after the first row at `Timestamp`, which is `40000000`"),
    ] {
        let table = format!("Timestamp,Model,Request tokens,Response tokens\n0,GPT-4,1,1\n{time},GPT-4,1,1\n");
        assert_eq!(samples("--self-timed --num-prompts 1", &table).err().unwrap().to_string(), why);
        assert!(samples("--num-prompts 1", &table).is_ok());
    }
    let error = samples("--self-timed --num-prompts 1", "Model,Request tokens,Response tokens\nGPT-4,1,1\n");
    let why = "line 1: no column `Timestamp`; the header has `Model`, `Request tokens`, `Response tokens`";
    assert_eq!(error.err().unwrap().to_string(), why);
}
