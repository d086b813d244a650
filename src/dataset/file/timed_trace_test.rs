//! What `timed_trace` makes of a trace, against the reference's own samples (with the hash of this program in place of
//! Python's), and what it refuses.

use super::*;
use crate::dataset::golden::{self, resolve, tokenizer};
use crate::record::Tick;

const TRACE: &str = r#"{"ts": 0, "input_length": 20, "output_length": 5, "hash_ids": [1, 2]}
{"ts": 1.5, "input_length": 10, "output_length": 6, "hash_ids": [1, 2, 3]}
{"ts": 1.25, "input_length": 25, "output_length": 7, "hash_ids": [2, 9, 1, 4]}
{"ts": 4, "input_length": 8, "output_length": 2, "hash_ids": [7]}"#;

fn samples(line: &str, trace: &str) -> Result<Samples> {
    drawn(line, trace, &mut Draws::new(9))
}

fn drawn(line: &str, trace: &str, draws: &mut Draws) -> Result<Samples> {
    let timed_trace = golden::settings(&format!("--dataset-name timed_trace --dataset-path a {line}"), settings)?;
    timed_trace.samples_of(trace.as_bytes(), &tokenizer(), draws)
}

fn ids(samples: Samples) -> Vec<Vec<u32>> {
    let ids = |(index, sample): (usize, Result<Sample>)| {
        let sample = sample.unwrap();
        assert_eq!(sample.request_id, Some(format!("r-{index}")));
        let Prompt::Ids(ids) = sample.prompt else { panic!("no token ids") };
        assert_eq!(sample.input_tokens as usize, ids.len());
        ids
    };
    samples.iter.enumerate().map(ids).collect()
}

#[test]
fn chunks_and_times_are_the_reference_s() {
    let line = "--num-prompts 9 --timed-trace-label-timestamp ts --timed-trace-chunk-hash-size 8";
    let mut draws = Draws::new(9);
    let made = drawn(line, TRACE, &mut draws).unwrap();
    assert_eq!(made.warnings[0], "4 requests instead of 9, because the trace has no more lines");
    assert!(made.warnings[1].starts_with("1 of 4 prompts are shorter than the trace says"), "{:?}", made.warnings);
    assert!(made.warnings[2].starts_with("1 times of the trace lie before"), "{:?}", made.warnings);
    // The third is sent right after the second, whose time is later than its own.
    assert_eq!(made.due, Some([0.0, 1.5, 1.5, 4.0].map(Tick::from_secs_f64).to_vec()));
    assert_eq!([draws.legacy.uniform(), draws.python.random()], [0.5488135039273248, 0.8444218515250481]);
    let wanted: [&[u32]; 4] = [
        &[2, 13, 27, 14, 26, 12, 10, 24, 4, 10, 0, 26, 13, 1, 14, 8],
        &[2, 13, 27, 14, 26, 12, 10, 24, 22, 16],
        &[4, 10, 0, 26, 13, 1, 14, 8, 1, 23, 26, 26, 18, 2, 6, 12, 2, 13, 27, 14, 26, 12, 10, 24, 14],
        &[26, 15, 25, 4, 10, 17, 20, 24],
    ];
    assert_eq!(ids(made), wanted);
}

#[test]
fn times_have_a_unit_and_may_be_left_to_the_load() {
    let line = "--num-prompts 2 --timed-trace-label-timestamp ts --timed-trace-sec-multiplier 0.001";
    let milliseconds = Some([0, 1_500_000].map(Tick::from_nanos).to_vec());
    assert_eq!(samples(line, TRACE).unwrap().due, milliseconds);
    assert_eq!(samples(&format!("{line} --self-timed"), TRACE).unwrap().due, milliseconds);
    assert_eq!(samples(&format!("{line} --no-self-timed"), TRACE).unwrap().due, None);
}

#[test]
fn a_line_without_hash_ids_shares_nothing_and_has_its_length() {
    let line = r#"{"timestamp": "2.5", "input_length": 40, "output_length": 1}"#;
    let made = samples("--num-prompts 2", &format!("{line}\n{line}")).unwrap();
    assert!(made.warnings[0].starts_with("the trace begins 2 s after its time 0"), "{:?}", made.warnings);
    let made = ids(made);
    assert_eq!(made[0].len(), 40);
    assert_ne!(made[0], made[1]);
}

/// Texts, or numbers of token ids, each with the tokens of the answer; then the milliseconds when they are due.
type Read = (Vec<(String, u32)>, Vec<u64>);

fn read_as(line: &str, trace: &str) -> Read {
    let made = samples(&format!("--num-prompts 9 {line}"), trace).unwrap();
    let due = made.due.iter().flatten().map(|due| due.nanos() / 1_000_000).collect();
    let asked = |sample: Result<Sample>| match sample.unwrap() {
        Sample { prompt: Prompt::Ids(ids), output_tokens, .. } => (ids.len().to_string(), output_tokens),
        Sample { prompt: Prompt::Text(text), output_tokens, input_tokens, .. } => {
            assert_eq!(input_tokens, tokenizer().count(&text).unwrap());
            (text, output_tokens)
        }
        other => panic!("{other:?}"),
    };
    (made.iter.map(asked).collect(), due)
}

#[test]
fn every_form_of_a_trace_is_known_by_the_names_of_its_fields() {
    /// Flags, the file, prompts with the tokens asked for, and when each is due in milliseconds.
    type Row = (&'static str, &'static str, &'static [(&'static str, u32)], &'static [u64]);
    let table: [Row; 11] = [
        (
            "",
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,48,10\n2023-11-16 18:17:04.0319600,31,8\n",
            &[("48", 10), ("31", 8)],
            &[0, 52],
        ),
        (
            "",
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2024-05-10 00:00:00.009930+00:00,4,1\r\n2024-05-10 02:00:01.009930+02:00,3,2\r\n",
            &[("4", 1), ("3", 2)],
            &[0, 1000],
        ),
        ("", "GeneratedTokens;ContextTokens;TIMESTAMP\n10;48;2023-11-16T18:17:03Z\n", &[("48", 10)], &[0]),
        (
            "--timed-trace-sec-multiplier 0.001",
            "timestamp,input_length,output_length\n0,4,1\n1500,3.0,2\n",
            &[("4", 1), ("3", 2)],
            &[0, 1500],
        ),
        (
            "--timed-trace-label-timestamp at --timed-trace-label-input-length in --timed-trace-label-output-length out",
            "out\tin\tat\n1\t4\t2\n",
            &[("4", 1)],
            &[2000],
        ),
        (
            "--timed-trace-sec-multiplier 0.001",
            r#"{"timestamp": 0, "text_input": "abcd", "output_length": 10}
               {"timestamp": 10, "input_length": 4, "output_length": 3, "hash_ids": []}"#,
            &[("abcd", 10), ("4", 3)],
            &[0, 10],
        ),
        (
            "",
            r#"{"chat_id": 159, "parent_chat_id": 55, "timestamp": 61.114, "input_length": 20, "output_length": 132, "type": "text", "turn": 2, "hash_ids": [0, 1]}"#,
            &[("20", 132)],
            &[61114],
        ),
        (
            "",
            r#"{"session_id": "a", "timestamp": 0, "input_length": 30, "output_length": 10}
               {"session_id": "a", "timestamp": 2, "input_length": 10, "output_length": 9, "hash_ids": null}"#,
            &[("30", 10), ("10", 9)],
            &[0, 2000],
        ),
        ("--output-len 7", r#"{"timestamp": 0, "input_length": 10, "hash_ids": [1]}"#, &[("10", 7)], &[0]),
        ("--output-len 7", r#"{"timestamp": 0, "input_length": 10, "output_length": 8}"#, &[("10", 8)], &[0]),
        (
            "--no-self-timed",
            r#"{"session_id": "a", "delay": 500, "input_length": 10, "output_length": 8}"#,
            &[("10", 8)],
            &[],
        ),
    ];
    for (line, trace, asked, due) in table {
        let asked = asked.iter().map(|&(asked, output)| (asked.to_owned(), output)).collect();
        assert_eq!(read_as(line, trace), (asked, due.to_vec()), "{trace}");
    }
}

#[test]
fn fields_that_are_called_otherwise_are_told_and_so_is_a_long_trace() {
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,4,1\n2023-11-16 20:00:00,4,1\n";
    let warnings = samples("--num-prompts 2", azure).unwrap().warnings;
    let told = "of the trace, `TIMESTAMP` is read as `timestamp`, `GeneratedTokens` is read as `output_length`, \
                `ContextTokens` is read as `input_length`";
    assert_eq!(warnings, ["the trace lasts 2.0 hours", told]);
    let mooncake = r#"{"timestamp": 27482, "input_length": 5, "output_length": 5}"#;
    let warnings = samples("--num-prompts 1", mooncake).unwrap().warnings;
    assert!(warnings[0].contains("--timed-trace-sec-multiplier 0.001"), "{warnings:?}");
}

#[test]
fn how_the_file_is_read_is_announced() {
    let line = "--dataset-name timed_trace --dataset-path a --timed-trace-sec-multiplier 0.001 --timed-trace-label-timestamp ts";
    let wanted = "timed-trace: 16 tokens a hash id, times in units of 0.001 s, fields `ts`, `input_length`, `output_length`, `hash_ids`";
    assert_eq!(resolve(line).unwrap().announcement.as_deref(), Some(wanted));
    assert_eq!(resolve("").unwrap().announcement, None);
}

#[test]
fn a_trace_that_is_wrong_is_refused_with_its_line_and_field() {
    let line = |fields: &str| format!("{{\"timestamp\": 1, \"input_length\": 2, \"output_length\": 3}}\n{{{fields}}}");
    let table = [
        (
            line(r#""timestamp": 1, "input_length": 3"#),
            "line 2: no number of tokens at `output_length`; it has `timestamp`, `input_length`",
        ),
        (
            line(r#""input_length": 1, "output_length": 3"#),
            "line 2: no number and no date at `timestamp`; it has `input_length`, `output_length`",
        ),
        (
            line(r#""timestamp": "x", "input_length": 1, "output_length": 3"#),
            "line 2: no number and no date at `timestamp`, which is `\"x\"`",
        ),
        (
            line(r#""timestamp": 1, "input_length": 1, "output_length": 3, "hash_ids": [1.5]"#),
            "line 2: no list of whole numbers at `hash_ids`",
        ),
        (
            line(r#""timestamp": 1, "input_length": 1, "output_length": 3, "hash_ids": 1"#),
            "line 2: no list of whole numbers at `hash_ids`",
        ),
        (
            line(r#""timestamp": 1700000000, "input_length": 1, "output_length": 3"#),
            "line 2: `timestamp` is more than a year after the start of the run",
        ),
        (
            line(r#""timestamp": 1, "input_length": 4000000000, "output_length": 3"#),
            "line 2: more than 100000000 tokens at `input_length`",
        ),
        (String::new(), "no lines"),
        (
            "TIMESTAMP,Tokens\n1,2\n".to_owned(),
            "line 2: no number of tokens at `output_length`; it has `TIMESTAMP`, `Tokens`",
        ),
        (
            "Time,ContextTokens,GeneratedTokens\n1,2,3\n".to_owned(),
            "line 2: no number and no date at `timestamp`; it has `Time`, `ContextTokens`, `GeneratedTokens`",
        ),
        (
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,2,3\nyesterday,2,3\n".to_owned(),
            "line 3: no number and no date at `TIMESTAMP`, which is `\"yesterday\"`",
        ),
        (
            "TIMESTAMP,ContextTokens,GeneratedTokens\n1,x,3\n".to_owned(),
            "line 2: no number of tokens at `ContextTokens`, which is `\"x\"`",
        ),
        (
            r#"{"session_id": "a", "delay": 500, "input_length": 1, "output_length": 1}"#.to_owned(),
            "line 1: no number and no date at `timestamp`; it has `session_id`, `delay`, `input_length`, `output_length`",
        ),
    ];
    for (trace, why) in table {
        let error = samples("--num-prompts 2", &trace).err().unwrap();
        assert_eq!(error.to_string(), why);
        assert!(error.advice().is_some());
    }
}

#[test]
fn flags_that_are_wrong_are_refused() {
    let table = [
        ("--timed-trace-chunk-hash-size 0", "`--timed-trace-chunk-hash-size 0`: not a number of tokens"),
        ("--timed-trace-sec-multiplier nan", "`--timed-trace-sec-multiplier NaN`: not a time unit"),
        ("--num-prompts 0", "`--num-prompts 0`: dataset `timed_trace` makes 1 prompt or more"),
    ];
    for (line, why) in table {
        assert_eq!(samples(line, TRACE).err().unwrap().to_string(), why);
    }
    let why = |line: &str| resolve(line).unwrap_err().to_string();
    assert_eq!(why("--dataset-name timed_trace"), "dataset `timed_trace` needs a file");
    for flag in ["--self-timed", "--no-self-timed"] {
        assert_eq!(why(flag), format!("`{flag}` does not go with dataset `random`, which has no times"));
    }
}
