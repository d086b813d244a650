//! What a result says of the program that made it.

use std::fs;

use serde_json::Value;

use crate::command::Llmbench;

#[test]
fn a_result_says_what_was_run_and_a_comparison_what_differs() {
    let dir = crate::command::Dir::new();
    for (name, more) in [("a.json", "--seed 1"), ("b.json", "--seed 5 --random-output-len 7")] {
        let line = format!(
            "serve --sim=--ttft=5 --temperature 0 --num-prompts 4 --random-input-len 8 {more} --output-json {name}"
        );
        let bench = Llmbench::new().arg_line(&line).args(["--api-key", "sk-hush", "--header", "x-key=hush"]);
        let outcome = bench.run();
        assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
        fs::copy(outcome.dir.path().join(name), dir.path().join(name)).unwrap();
    }
    let text = fs::read_to_string(dir.path().join("a.json")).unwrap();
    assert!(!text.contains("hush"), "{text}");
    let program = serde_json::from_str::<Value>(&text).unwrap()["llmbench"].clone();
    assert_eq!((&program["version"], &program["settings"]["seed"]), (&env!("CARGO_PKG_VERSION").into(), &1.into()));
    let command = program["command"].as_array().unwrap();
    assert!(
        command.contains(&"--random-input-len=8".into()) && command.contains(&"--api-key=***".into()),
        "{command:?}"
    );
    let told = {
        let told = Llmbench::shell("llmbench compare a.json b.json", dir.path()).run();
        assert_eq!(told.status, Some(0), "{}", told.stderr);
        told.stdout
    };
    assert!(told.contains("The runs differ in `seed`: 1 and 5."), "{told}");
    assert!(told.contains("The runs differ in `random_output_len`: 128 and 7."), "{told}");
    assert!(!told.contains("output_json"), "{told}");
}
