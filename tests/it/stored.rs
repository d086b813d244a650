//! Runs on disk: the file of records is kept, read after a kill, and reported anew; stored runs are compared.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::command::{Dir, Llmbench, Outcome};
use crate::server::{Cut, Server};
use crate::stream::{Dialect, answer, stream};

/// `serve` against a simulator of its own, its records in `run.jsonl` and its result in `run.json`.
fn recorded(line: &str) -> Outcome {
    let bench = Llmbench::new().args(["serve", "--sim=--ttft 5 --itl 1", "--temperature", "0"]).arg_line(
        "--num-prompts 12 --random-input-len 8 --random-output-len 6 --record run.jsonl --output-json run.json",
    );
    let outcome = bench.arg_line(line).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    outcome
}

/// Runs `llmbench` with these arguments where `dir` is.
fn in_dir(dir: &Path, line: &str) -> Outcome {
    let bench = Llmbench::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, bench.dir().join(path.file_name().unwrap())).unwrap();
    }
    bench.arg_line(line).run()
}

/// What a command printed that worked.
#[track_caller]
fn printed(dir: &Path, line: &str) -> String {
    let outcome = in_dir(dir, line);
    assert_eq!(outcome.status, Some(0), "{line}: {}", outcome.stderr);
    outcome.stdout
}

/// The last line that a command printed on stderr, of two for an error with its advice; it ended with status 2.
#[track_caller]
fn refused(dir: &Path, line: &str) -> String {
    let outcome = in_dir(dir, line);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{line}: {}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    outcome.stderr.lines().find(|line| line.starts_with("llmbench: ")).unwrap_or_default().to_owned()
}

#[test]
fn the_report_of_a_record_is_the_live_one() {
    for line in [
        "--request-rate 200 --metric-percentiles 50,90 --goodput ttft:30 tpot:9",
        "--max-concurrency 3 --save-detailed --percentile-metrics ttft,e2el --steady-state-threshold 0.5",
        "--backend openai-chat --probe-request-rate 20 --no-side-calls --lora-modules a b",
        "--backend openai-embeddings --random-batch-size 2 --save-detailed",
    ] {
        let live = recorded(line);
        let dir = live.dir.path();
        let report = printed(dir, "report run.jsonl");
        // But for where the results were saved.
        let (told, _) = live.stdout.split_once("\n Saved: ").unwrap();
        let told = format!("{told}\n");
        assert!(!report.is_empty() && told.ends_with(&report), "{line}:\n{told}\n{report}");
        let result = fs::read_to_string(dir.join("run.json")).unwrap();
        assert_eq!(printed(dir, "report run.jsonl --as json").trim_end(), result, "{line}");
    }
}

#[test]
fn the_dashboard_s_form_is_the_same_live_and_from_a_record() {
    for line in ["", "--plot-timeline", "--save-detailed", "--save-detailed --plot-timeline"] {
        let bench = Llmbench::new().env("SAVE_TO_PYTORCH_BENCHMARK_FORMAT", "1").args(["serve", "--sim"]);
        let bench = bench.arg_line("--num-prompts 4 --temperature 0 --percentile-metrics ttft,e2el --record r.jsonl");
        let live = bench.arg_line("--save-result --result-filename a.json").arg_line(line).run();
        assert_eq!(live.status, Some(0), "{line}: {}", live.stderr);
        let old = fs::read_to_string(live.dir.path().join("a.pytorch.json")).unwrap();
        assert_eq!(old.contains("\"input_lens\""), line.contains("--save-detailed"), "{line}");
        assert_eq!(printed(live.dir.path(), "report r.jsonl --as pytorch").trim_end(), old, "{line}");
    }
}

#[test]
fn a_report_can_ask_for_what_the_run_did_not() {
    let live = recorded("--request-rate 200");
    let dir = live.dir.path();
    let asked = "report run.jsonl --as json --percentiles 50,99.9 --goodput e2el:1000 --percentile-metrics e2el";
    let result: Value = serde_json::from_str(&printed(dir, asked)).unwrap();
    assert_eq!(result["request_goodput"], result["request_throughput"]);
    assert!(result["p99.9_e2el_ms"].is_number() && result["p99_e2el_ms"].is_null() && result["mean_ttft_ms"].is_null());
    let detailed: Value = serde_json::from_str(&printed(dir, "report run.jsonl --as json --save-detailed")).unwrap();
    assert_eq!(detailed["ttfts"].as_array().unwrap().len(), 12);
    for (format, begin) in [
        ("csv", "key,label,value,unit\n"),
        ("markdown", "`sim`"),
        ("timeline", "<!DOCTYPE html>"),
        ("pytorch", "[{\"benchmark\""),
    ] {
        let text = printed(dir, &format!("report run.jsonl --as {format}"));
        assert!(text.starts_with(begin), "{format}: {}", &text[..text.len().min(80)]);
    }
}

#[test]
fn a_report_goes_to_a_file_that_was_asked_for() {
    let live = recorded("--request-rate 200");
    let outcome = in_dir(live.dir.path(), "report run.jsonl --as json -o anew.json");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{}", outcome.stderr);
    let read = |name: &str| fs::read_to_string(outcome.dir.path().join(name)).unwrap();
    assert_eq!(read("anew.json"), read("run.json"));
}

#[test]
fn the_report_of_a_result_with_every_request_is_the_live_one_as_far_as_it_goes() {
    let live =
        recorded("--request-rate 200 --save-detailed --metric-percentiles 50,90 --percentile-metrics ttft,itl,e2el");
    let dir = live.dir.path();
    let outcome = in_dir(dir, "report run.json");
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let unknown = outcome.stderr.lines().next().unwrap();
    assert!(unknown.contains("no figure is made of what it does not tell") && unknown.contains("how well the client"));
    let (begin, end) = ("============ Serving", format!("\n{}\n", "=".repeat(50)));
    let theirs = |report: &str| report[report.find(begin).unwrap()..report.find(&end).unwrap()].to_owned();
    assert_eq!(theirs(&outcome.stdout), theirs(&live.stdout));
    let full = printed(dir, "report run.json --as full");
    assert!(full.contains("Latency from the Schedule") && !full.contains("Health"));
    let (old, new) =
        (fs::read_to_string(dir.join("run.json")).unwrap(), printed(dir, "report run.json --as json --save-detailed"));
    let [old, new]: [Value; 2] = [old, new].map(|text| serde_json::from_str(&text).unwrap());
    for (key, value) in new.as_object().unwrap() {
        assert!(old[key] == *value || ["peak_in_flight", "warnings"].contains(&key.as_str()), "{key}: {value}");
    }
    let other = printed(dir, "report run.json --as json --percentiles 75 --goodput e2el:1000");
    let other: Value = serde_json::from_str(&other).unwrap();
    assert!(other["p75_e2el_ms"].is_number() && other["request_goodput"] == other["request_throughput"]);
    assert!(printed(dir, "report run.json --as timeline").starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_result_of_figures_is_reported_as_far_as_they_go() {
    let live = recorded("--request-rate 200");
    let dir = live.dir.path();
    let report = printed(dir, "report run.json");
    let end = format!("{}\n", "=".repeat(50));
    let (theirs, _) = live.stdout.rsplit_once(&end).unwrap();
    let rows = report.strip_suffix(&end).unwrap();
    assert!(theirs.ends_with(rows), "{report}");
    for (format, begin) in [("csv", "key,label,"), ("markdown", "`sim`"), ("pytorch", "[{\"benchmark\"")] {
        assert!(printed(dir, &format!("report run.json --as {format}")).starts_with(begin), "{format}");
    }
    for (line, cause) in [
        ("--percentiles 90", "; `p90_ttft_ms` is not among them and cannot be known"),
        ("--goodput ttft:9", "; how many requests kept a limit cannot be known"),
        ("--as json", "; as JSON it is that file already"),
        ("--as timeline", "; a timeline shows when each was answered"),
        ("--save-detailed", "; there are no values of requests to keep"),
    ] {
        let told = refused(dir, &format!("report run.json {line}"));
        assert!(told.contains("`run.json` is a result") && told.ends_with(cause), "{line}: {told}");
    }
}

#[test]
fn a_killed_run_is_reported_as_far_as_it_went() {
    let server = Server::start(Cut::Paced, |_| stream(&answer(Dialect::Completions, 8)));
    let bench = Llmbench::plain(&server.url()).arg_line("--num-prompts 100 --max-concurrency 2 --record k.jsonl");
    let running = bench.spawn();
    server.wait_for(9);
    running.signal(Signal::SIGKILL);
    let killed = running.wait();
    let line = "every request is recorded as it ends: should the run be killed, `llmbench report k.jsonl`";
    assert!(killed.stderr.contains(line), "{}", killed.stderr);
    let report = in_dir(killed.dir.path(), "report k.jsonl --as json");
    let result = report.ended(0);
    assert_eq!((&result["partial"], &result["planned"]), (&true.into(), &100.into()));
    assert!(result["completed"].as_u64().unwrap() >= 6, "{result}");
    assert!(report.stderr.contains(" of 100 requests"), "{}", report.stderr);
}

#[test]
fn a_record_that_was_cut_anywhere_still_reads() {
    let live = recorded("--request-rate 200 --save-detailed");
    let whole = fs::read(live.dir.path().join("run.jsonl")).unwrap();
    let begin = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let bench = Llmbench::new();
    for cut in [begin, begin + 1, whole.len() / 2, whole.len() - 1_000, whole.len() - 2, whole.len() - 1] {
        fs::write(bench.dir().join("cut.jsonl"), &whole[..cut]).unwrap();
        let result: Value = serde_json::from_str(&printed(bench.dir(), "report cut.jsonl --as json")).unwrap();
        assert!(result["completed"].as_u64().unwrap() <= 12, "{cut}: {result}");
    }
    fs::write(bench.dir().join("cut.jsonl"), &whole[..begin]).unwrap();
    for form in ["timeline", "lengths"] {
        let told = refused(bench.dir(), &format!("report cut.jsonl --as {form} -o x"));
        assert!(told.contains("the run has nothing for this report to show: no request was sent"), "{told}");
    }
}

#[test]
fn a_file_that_is_there_is_not_written_over_without_a_word() {
    let bench = Llmbench::new().args(["serve", "--sim", "--num-prompts", "1", "--record", "run.jsonl"]);
    fs::write(bench.dir().join("run.jsonl"), "mine").unwrap();
    let outcome = bench.run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`run.jsonl` is there already") && outcome.stderr.contains("--overwrite"));
    assert_eq!(outcome.dir.files(), [("run.jsonl".to_owned(), "mine".to_owned())]);
    let bench = Llmbench::new().args(["serve", "--sim", "--num-prompts", "1", "--record", "run.jsonl", "--overwrite"]);
    fs::write(bench.dir().join("run.jsonl"), "mine").unwrap();
    let outcome = bench.run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.dir.files()[0].1.starts_with("{\"format\":\"llmbench records\",\"version\":2,"));
}

#[test]
fn a_record_is_untouched_until_a_run_begins() {
    let idle = ["serve", "--base-url", "http://127.0.0.1:1", "--model", "m", "--tokenizer", "builtin"];
    let idle = || Llmbench::new().args(idle).arg_line("--ready-check-timeout-sec 1 --record run.jsonl");
    let outcome = idle().run();
    assert_eq!((outcome.status, outcome.dir.files()), (Some(2), Vec::new()), "{}", outcome.stderr);
    let bench = idle().args(["--overwrite"]);
    fs::write(bench.dir().join("run.jsonl"), "mine").unwrap();
    let outcome = bench.run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert_eq!(outcome.dir.files(), [("run.jsonl".to_owned(), "mine".to_owned())]);
}

#[test]
fn records_share_no_file_with_anything_else() {
    for line in [
        "--record a.json --output-json a.json",
        "--record ./a.json --save-result --result-filename a.json",
        "--record a.timeline.html --plot-timeline --save-result --result-filename a.json",
        "--record -",
        "--record /dev/null",
        "--record /dev/null --overwrite",
        "--record . --overwrite",
    ] {
        let outcome = Llmbench::new().args(["serve", "--sim", "--num-prompts", "1"]).arg_line(line).run();
        assert_eq!((outcome.status, outcome.dir.files()), (Some(2), Vec::new()), "{line}: {}", outcome.stderr);
    }
    let live = recorded("--request-rate 200");
    let dir = live.dir.path();
    let record = fs::read_to_string(dir.join("run.jsonl")).unwrap();
    for line in ["report run.jsonl -o run.jsonl", "report run.json --as csv -o ./run.json"] {
        assert!(refused(dir, line).contains("is to be read and to be written over"), "{line}");
    }
    assert_eq!(fs::read_to_string(dir.join("run.jsonl")).unwrap(), record);
    assert!(refused(dir, "report run.json run.json").contains("is no file of records"));
    assert!(printed(dir, "report run.jsonl -o -").contains("Successful requests:"));
}

#[test]
fn records_that_could_not_be_written_are_an_error_after_the_report() {
    let line = "ulimit -f 1; llmbench serve --sim='--ttft 1' --num-prompts 2 --temperature 0 --random-output-len 2 \
                --record r.jsonl";
    let outcome = Llmbench::shell(line, Dir::new().path()).run();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("Successful requests:                     2"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("the records of the run are incomplete"), "{}", outcome.stderr);
}

#[test]
fn each_of_several_runs_keeps_its_records() {
    let bench = Llmbench::new().args(["serve", "--sim=--ttft 5", "--temperature", "0", "--random-output-len", "4"]);
    let outcome = bench.arg_line("--num-prompts 4 --sweep-max-concurrency 1,2 --record s.jsonl").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let names: Vec<String> = outcome.dir.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["s-concurrency1.jsonl", "s-concurrency2.jsonl"]);
    let result: Value =
        serde_json::from_str(&printed(outcome.dir.path(), "report s-concurrency2.jsonl --as json")).unwrap();
    assert_eq!(result["max_concurrency"], 2);
}

#[test]
fn no_key_and_no_header_gets_into_a_record() {
    let outcome = recorded("--api-key sk-hidden --header X-Token=hidden-too");
    for (name, content) in outcome.dir.files() {
        assert!(!content.contains("hidden"), "{name}");
    }
}

#[test]
fn runs_of_every_readable_kind_are_held_against_each_other() {
    let live = recorded("--request-rate 200");
    let dir = live.dir.path();
    let by_flag = printed(dir, "serve --compare run.json run.json");
    assert_eq!(printed(dir, "compare run.json run.json"), by_flag);
    let three = printed(dir, "compare run.json run.jsonl run.json");
    for expected in ["A: run.json ", "B: run.jsonl ", "C: run.json ", "request_throughput "] {
        assert!(three.contains(expected), "{expected}: {three}");
    }
}

#[test]
fn runs_that_sent_the_same_have_one_workload_and_others_another() {
    let workload = |line: &str| {
        let outcome = recorded(line);
        let result: Value = serde_json::from_str(&outcome.dir.files()[0].1).unwrap();
        result["workload"].as_str().unwrap().to_owned()
    };
    let one = workload("");
    assert_eq!((one.len(), &one), (16, &workload("--max-concurrency 1")));
    for other in ["--seed 1", "--request-rate 500", "--random-output-len 7", "--extra-body.x 1"] {
        assert_ne!(one, workload(other), "{other}");
    }
}

#[test]
fn what_comes_through_a_pipe_is_read_like_a_file_and_what_has_no_end_is_refused() {
    let live = recorded("--request-rate 200 --save-detailed");
    let dir = live.dir.path();
    for (line, same) in [
        ("llmbench report <(cat run.jsonl) --as json --save-detailed", "report run.jsonl --as json --save-detailed"),
        ("cat run.jsonl | llmbench report /dev/stdin", "report run.jsonl"),
        ("cat run.json | llmbench report /dev/stdin --as csv", "report run.json --as csv"),
    ] {
        let outcome = Llmbench::shell(line, dir).run();
        assert_eq!(outcome.status, Some(0), "{line}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, printed(dir, same), "{line}");
    }
    let line = "llmbench serve --compare <(cat run.json) run.json && llmbench compare <(cat run.jsonl) <(cat run.json)";
    let outcome = Llmbench::shell(line, dir).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    for (line, cause) in [
        ("mkfifo fifo; llmbench report fifo", "`fifo`: it is a named pipe"),
        ("llmbench report /dev/zero", "`/dev/zero`: it is a device"),
        ("llmbench report <(yes)", "not JSON"),
        ("llmbench compare . run.json", "`.`: it is a directory"),
    ] {
        let outcome = Llmbench::shell(line, dir).run();
        assert_eq!(outcome.status, Some(2), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(cause), "{line}: {}", outcome.stderr);
    }
}

#[test]
fn files_that_hold_no_run_are_named_with_their_line_and_cause() {
    let live = recorded("--request-rate 200");
    let vectors = recorded("--backend openai-embeddings");
    let dir = live.dir.path();
    let record = fs::read_to_string(dir.join("run.jsonl")).unwrap();
    let result = fs::read_to_string(dir.join("run.json")).unwrap();
    let newer = record.replacen("\"version\":2", "\"version\":3", 1);
    let second = record.lines().enumerate().map(|(index, line)| if index == 1 { "{\"id\":" } else { line });
    let broken = second.map(|line| format!("{line}\n")).collect::<String>();
    for (name, content) in [
        ("empty.jsonl", ""),
        ("newer.jsonl", &newer),
        ("broken.jsonl", &broken),
        ("cut.json", &result[..result.len() / 2]),
        ("list.json", "[1, 2]"),
        ("page.html", "<html></html>"),
    ] {
        fs::write(dir.join(name), content).unwrap();
    }
    fs::copy(vectors.dir.path().join("run.jsonl"), dir.join("vectors.jsonl")).unwrap();
    let table = [
        ("empty.jsonl", "the file is empty"),
        ("newer.jsonl", "it has version 3, this program reads up to 2"),
        ("broken.jsonl", "line 2 is no record"),
        ("cut.json", "line 1"),
        ("list.json", ""),
        ("page.html", ""),
        ("missing.json", "No such file"),
    ];
    for (name, cause) in table {
        for line in [format!("report {name}"), format!("compare {name} run.json"), format!("compare run.json {name}")] {
            let told = refused(dir, &line);
            assert!(told.contains(&format!("`{name}`")) && told.contains(cause), "{line}: {told}");
        }
    }
    for line in ["report run.jsonl vectors.jsonl", "report run.jsonl run.jsonl", "compare run.json vectors.jsonl"] {
        assert!(refused(dir, line).contains("jsonl`"), "{line}");
    }
    assert_eq!(in_dir(dir, "compare run.json").status, Some(2));
    assert_eq!(in_dir(dir, "report").status, Some(2));
}

#[test]
fn what_is_no_text_is_neither_a_result_nor_a_record() {
    let live = recorded("--request-rate 200");
    let dir = live.dir.path();
    let result = fs::read_to_string(dir.join("run.json")).unwrap();
    let wide = |char: u16| char.to_le_bytes();
    let utf16: Vec<u8> = result.encode_utf16().flat_map(wide).collect();
    let marked = [&[0xff, 0xfe][..], &utf16].concat();
    for (name, content) in
        [("packed.json", &b"\x1f\x8b\x08\x00\xff\xc0"[..]), ("wide.json", &marked), ("bare.json", &utf16)]
    {
        fs::write(dir.join(name), content).unwrap();
        for line in [format!("report {name}"), format!("compare run.json {name}")] {
            let cause =
                format!("llmbench: `{name}` is neither a result nor the record of a run: it is no text in UTF-8");
            assert_eq!(refused(dir, &line), cause);
        }
    }
    fs::write(dir.join("marked.json"), format!("\u{feff}{result}")).unwrap();
    assert_eq!(printed(dir, "report marked.json"), printed(dir, "report run.json"));
    printed(dir, "compare run.json marked.json");
}
