//! Whatever breaks around a run, what was measured is kept: each row of the table breaks one thing, and the result is there.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::command::{Dir, Llmbench, Outcome};
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, stream};

fn server() -> Server {
    Server::start(Cut::Whole, |_: &Request| stream(&answer(Dialect::Completions, 3)))
}

/// `llmbench serve` of some requests with a result, as a line of a shell.
fn command(server: &Server) -> String {
    format!(
        "llmbench serve --base-url {} --model m --tokenizer builtin --temperature 0 --no-side-calls --random-input-len 8 \
         --random-output-len 4 --num-prompts 40 --save-result --result-dir out --result-filename r.json",
        server.url()
    )
}

/// Runs a line in `dir`, which has a place of its own for temporary files.
fn shell(line: &str, dir: &Path) -> Outcome {
    let temporary = dir.join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    Llmbench::shell(line, dir).env("TMPDIR", temporary.to_str().unwrap()).run()
}

fn result(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    serde_json::from_str(text.trim()).unwrap_or_else(|cause| panic!("{cause}: {text}"))
}

/// The names in a directory.
fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_screen_that_takes_nothing_costs_no_result() {
    for (redirected, status) in [("> /dev/full", 2), (">&-", 2), ("2> /dev/full", 0), ("| head -n 1", 0), ("2>&-", 0)] {
        let (server, dir) = (server(), Dir::new());
        let outcome = shell(&format!("{} --save-detailed {redirected}", command(&server)), dir.path());
        let result = result(&dir.path().join("out/r.json"));
        assert_eq!(
            (&result["completed"], &result["ttfts"].as_array().map(Vec::len)),
            (&json!(40), &Some(40)),
            "{redirected}"
        );
        assert_eq!(names(&dir.path().join("out")), ["r.json"], "{redirected}");
        assert!(
            outcome.status == Some(status) || redirected == ">&-",
            "{redirected}: {:?} {}",
            outcome.status,
            outcome.stderr
        );
    }
}

#[test]
fn a_result_for_a_stdout_that_is_closed_is_refused_before_anything_is_sent() {
    for (redirected, status) in [(">&-", 2), (">/dev/null", 0)] {
        let (server, dir) = (server(), Dir::new());
        let outcome = shell(&format!("{} --output-json - {redirected}", command(&server)), dir.path());
        assert_eq!(outcome.status, Some(status), "{redirected}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.contains("stdout, which is closed"), status == 2, "{}", outcome.stderr);
        assert_eq!(server.requests().is_empty(), status == 2, "{redirected}");
    }
}

#[test]
fn results_of_several_runs_at_once_are_lines_of_one_file() {
    let (server, dir) = (server(), Dir::new());
    let one = format!("{} --append-result --save-detailed", command(&server));
    let outcome = shell(&format!("{one} & {one} & {one} & {one} & wait"), dir.path());
    let lines = fs::read_to_string(dir.path().join("out/r.json")).unwrap();
    let completed = |line: &str| serde_json::from_str::<Value>(line).map(|result| result["completed"].clone());
    let completed: Vec<_> = lines.lines().map(|line| completed(line).unwrap_or_default()).collect();
    assert_eq!(completed, vec![json!(40); 4], "{}", outcome.stderr);
}

#[test]
fn a_result_that_stdout_does_not_take_is_saved_elsewhere() {
    let (server, dir) = (server(), Dir::new());
    let outcome = shell(&format!("{} --output-json - > /dev/full", command(&server)), dir.path());
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot write to stdout"), "{}", outcome.stderr);
    let [saved] = &names(&dir.path().join("tmp"))[..] else { panic!("{:?}", names(&dir.path().join("tmp"))) };
    assert_eq!(result(&dir.path().join("tmp").join(saved))["completed"], 40);
    assert!(outcome.stderr.contains(saved), "{}", outcome.stderr);
}

#[test]
fn a_disk_that_fills_up_with_details_has_room_for_the_result() {
    let (server, dir) = (server(), Dir::new());
    // Of so many kilobytes no file may become longer: the records do.
    let outcome = shell(&format!("ulimit -f 12; {} --save-detailed", command(&server)), dir.path());
    assert_eq!(result(&dir.path().join("out/r.json"))["completed"], 40, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("details of requests"), "{}", outcome.stderr);
}

#[test]
fn a_line_that_does_not_fit_spoils_none_before_it() {
    let (server, dir) = (server(), Dir::new());
    let file = dir.path().join("out/r.json");
    fs::create_dir_all(dir.path().join("out")).unwrap();
    let earlier = format!("{}\n", json!({"filler": "x".repeat(12_000)}));
    fs::write(&file, &earlier).unwrap();
    let outcome = shell(&format!("ulimit -f 12; {} --append-result", command(&server)), dir.path());
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), earlier);
    // The result stands where temporary files do, and the warning says so.
    let rescued = names(&dir.path().join("tmp"));
    assert_eq!(rescued.len(), 1, "{rescued:?}");
    assert!(outcome.stderr.contains(&rescued[0]), "{}", outcome.stderr);
    assert_eq!(result(&dir.path().join("tmp").join(&rescued[0]))["completed"], 40);
}

#[test]
fn a_directory_that_goes_away_comes_back_with_the_result() {
    for more in [&["--result-filename", "r.json"][..], &[]] {
        let server = Server::start(Cut::Paced, |_: &Request| stream(&answer(Dialect::Completions, 8)));
        let bench =
            Llmbench::plain(&server.url()).args(["--save-result", "--result-dir", "out", "--max-concurrency", "1"]);
        let running = bench.args(more).spawn();
        server.wait_for(5);
        fs::remove_dir_all(running.dir().join("out")).unwrap();
        let outcome = running.wait();
        let out = outcome.dir.path().join("out");
        let names = names(&out);
        assert_eq!(names.len(), 1, "{names:?} {}", outcome.stderr);
        assert_eq!(result(&out.join(&names[0]))["completed"], 10);
    }
}

#[test]
fn answers_that_the_tokenizer_cannot_count_cost_their_count() {
    let (server, dir) = (
        Server::start(Cut::Whole, |_: &Request| {
            let mut events = answer(Dialect::Completions, 3);
            events.retain(|(_, data)| !data.contains("usage"));
            stream(&events)
        }),
        Dir::new(),
    );
    // A model of words without one for those that it does not know.
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"yes": 0, "no": 1}, "unk_token": "[UNK]"}
    });
    fs::create_dir_all(dir.path().join("model")).unwrap();
    fs::write(dir.path().join("model/tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(dir.path().join("p.jsonl"), "{\"prompt\": \"yes no\"}\n".repeat(40)).unwrap();
    let line = command(&server).replace("--tokenizer builtin", "--tokenizer ./model");
    let line =
        format!("{line} --dataset-name custom --dataset-path p.jsonl --skip-chat-template --custom-output-len 4");
    let outcome = shell(&line.replace("--random-input-len 8 --random-output-len 4", ""), dir.path());
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot count 40 of the answers"), "{}", outcome.stderr);
    assert_eq!(result(&dir.path().join("out/r.json"))["completed"], 40);
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_with_its_result() {
    let server = Server::start(Cut::Paced, |_: &Request| stream(&answer(Dialect::Completions, 4)));
    let load = ["--max-concurrency", "2", "--num-prompts", "200"];
    let running = Llmbench::serve(&server).args(load).args(["--save-result", "--result-filename", "r.json"]).spawn();
    server.wait_for(6);
    running.signal(Signal::SIGHUP);
    running.signal(Signal::SIGHUP);
    let outcome = running.wait();
    assert_eq!(outcome.status, Some(130), "{}", outcome.stderr);
    let result = result(&outcome.dir.path().join("r.json"));
    assert_eq!(result["partial"], true);
    assert!(result["completed"].as_u64().unwrap() >= 4, "{result}");
    assert_eq!(outcome.dir.files().len(), 1);
}

#[test]
fn what_stands_under_our_names_is_left_alone() {
    let (server, dir) = (server(), Dir::new());
    fs::create_dir_all(dir.path().join("out")).unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let links = "for n in out/llmbench-$$.records.jsonl out/r.json.$$.partial; do ln -s \"$PWD/victim\" $n; done";
    let outcome = shell(&format!("{links}; exec {} --save-detailed", command(&server)), dir.path());
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(result(&dir.path().join("out/r.json"))["completed"], 40);
}
