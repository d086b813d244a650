//! What `serve` does instead of a run, and where its flags may come from: comparisons, dry runs, files of flags.

use std::fs;

use crate::command::Llmbench;

fn serve() -> Llmbench {
    Llmbench::new().arg_line("serve --num-prompts 12 --random-input-len 16 --random-output-len 4")
}

#[test]
fn a_dry_run_needs_no_server_and_says_what_would_be_sent() {
    let outcome =
        serve().arg_line("--dry-run --tokenizer builtin --request-rate 4 --base-url http://127.0.0.1:1").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], "Requests: 12");
    assert!(lines[2].starts_with("input   16.") && lines[3].starts_with("output   4.00  "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("Exact repetitions of an earlier prompt: 0\nLast request due after: 3.000 s\n"));
    assert!(lines.last().unwrap().starts_with("Prompt 2: \""), "{}", outcome.stdout);
}

#[test]
fn a_dry_run_of_a_sweep_shows_each_value() {
    let outcome =
        serve().arg_line("--dry-run --sim --sweep-max-concurrency 1,3 --sweep-num-prompts-factor 2 --num-runs 5").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let heads: Vec<&str> =
        outcome.stdout.lines().filter(|line| line.starts_with("With ") || line.starts_with("Requests")).collect();
    assert_eq!(heads, ["With maximum concurrency 1:", "Requests: 2", "With maximum concurrency 3:", "Requests: 6"]);
}

#[test]
fn a_dry_run_warns_as_a_run_would() {
    let outcome = serve().arg_line("--dry-run --sim --use-beam-search --base-url http://h").run();
    assert_eq!(outcome.status, Some(0));
    for flag in ["`--use-beam-search` has no effect", "`--base-url` has no effect with `--sim`"] {
        assert!(outcome.stderr.contains(flag), "{}", outcome.stderr);
    }
}

#[test]
fn a_dry_run_without_model_and_tokenizer_says_what_to_give() {
    let outcome = serve().arg_line("--dry-run").run();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("hint: give `--model` or `--tokenizer`"), "{}", outcome.stderr);
}

#[test]
fn two_results_are_compared_without_any_other_flag() {
    let first = serve().arg_line("--sim --temperature 0 --save-result --result-filename a.json").run();
    assert_eq!(first.status, Some(0), "{}", first.stderr);
    let a = first.dir.path().join("a.json");
    let content = fs::read_to_string(&a).unwrap().replace("\"completed\": 12", "\"completed\": 6");
    let b = first.dir.path().join("b.json");
    fs::write(&b, content).unwrap();
    let outcome = Llmbench::new().args(["serve".as_ref(), "--compare".as_ref(), a.as_os_str(), b.as_os_str()]).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let row = |key: &str| {
        let line = outcome.stdout.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("{key}: {}", outcome.stdout)).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("completed"), ["completed", "12", "6", "-6", "-50.00", "A"]);
    assert_eq!(row("mean_ttft_ms")[4..], ["+0.00"]);
}

#[test]
fn what_is_no_result_is_refused_by_file_and_field() {
    let command = Llmbench::new();
    fs::write(command.dir().join("a.json"), "{\"duration\": 1, \"completed\": 1}").unwrap();
    let outcome = command.args(["serve", "--compare", "a.json", "a.json"]).run();
    assert_eq!(outcome.status, Some(2));
    let message = "llmbench: cannot read result `a.json`: no number at `request_throughput`\nhint: name a file";
    assert!(outcome.stderr.starts_with(message), "{}", outcome.stderr);
    let outcome = Llmbench::new().args(["serve", "--compare", "a.json"]).run();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.starts_with("llmbench: `--compare` needs two files\n"), "{}", outcome.stderr);
}

#[test]
fn flags_come_from_a_file_and_the_command_line_wins() {
    let command = serve();
    let yaml = "sim: true\ntemperature: 0\nnum_prompts: 99\nlabel: of the file\nmetadata: [a=1, b=2]\n\
                extra-body:\n  stop: [x]\nsave_result: true\nresult-filename: r.json\n";
    fs::write(command.dir().join("c.yaml"), yaml).unwrap();
    let outcome = command.arg_line("--config c.yaml --label line").run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let files = outcome.dir.files();
    let (_, result) = files.iter().find(|(name, _)| name == "r.json").unwrap();
    let result: serde_json::Value = serde_json::from_str(result).unwrap();
    assert_eq!((&result["label"], &result["a"], &result["b"]), (&"line".into(), &"1".into(), &"2".into()));
    assert_eq!(result["completed"], 12);
    assert!(!outcome.stderr.contains("given"), "{}", outcome.stderr);
}

#[test]
fn a_file_of_flags_is_refused_by_line_and_key() {
    let table = [
        ("label: x\nnum-promts: 3\n", "line 2: unknown key `num-promts`\nhint: did you mean `num-prompts`?\n"),
        ("num_prompts: many\n", "line 1: invalid value 'many' for '--num-prompts <N>': not a whole number\nhint: "),
        ("label: [\n", "line "),
    ];
    for (yaml, message) in table {
        let command = Llmbench::new();
        fs::write(command.dir().join("c.yaml"), yaml).unwrap();
        let outcome = command.arg_line("serve --config c.yaml").run();
        assert_eq!(outcome.status, Some(2));
        let message = format!("llmbench: cannot read config `c.yaml`: {message}");
        assert!(outcome.stderr.starts_with(&message), "{}", outcome.stderr);
    }
}

#[test]
fn the_simulator_takes_a_file_of_flags_too() {
    let command = Llmbench::new();
    fs::write(command.dir().join("c.yaml"), "port: nowhere\n").unwrap();
    let outcome = command.arg_line("sim --config c.yaml").run();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("`c.yaml`: line 1: invalid value 'nowhere' for '--port"), "{}", outcome.stderr);
}
