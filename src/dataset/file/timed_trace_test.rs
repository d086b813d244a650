//! What `timed_trace` makes of a trace, against the reference's own samples (with the hash of this program in place of
//! Python's), and what it refuses.

use super::*;
use crate::dataset::golden::{self, resolve, tokenizer};

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
        (line(r#""timestamp": 1, "output_length": 3"#), "line 2: no number of tokens at `input_length`"),
        (line(r#""timestamp": 1, "input_length": 3"#), "line 2: no number of tokens at `output_length`"),
        (line(r#""input_length": 1, "output_length": 3"#), "line 2: no number at `timestamp`"),
        (line(r#""timestamp": "x", "input_length": 1, "output_length": 3"#), "line 2: no number at `timestamp`"),
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
