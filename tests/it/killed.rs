//! What a run leaves behind that nobody could end: the records of the requests that had ended.

use llmbench::record::Run;
use nix::sys::signal::Signal;

use crate::command::Llmbench;
use crate::server::{Cut, Request, Server};
use crate::stream::{Dialect, answer, stream};

const SECRET: &str = "sk-7f3a9c51d2";

#[test]
fn a_killed_run_leaves_its_setup_and_its_records_and_no_key() {
    let server = Server::start(Cut::Paced, |_: &Request| stream(&answer(Dialect::Completions, 4)));
    let load = ["--max-concurrency", "1", "--num-prompts", "100", "--save-result", "--save-detailed"];
    let header = format!("x-key={SECRET}");
    let running = Llmbench::serve(&server).args(load).args(["--api-key", SECRET, "--header", &header]).spawn();
    server.wait_for(8);
    running.signal(Signal::SIGKILL);
    let outcome = running.wait();
    let files = outcome.dir.files();
    let (name, text) = files.iter().find(|(name, _)| name.ends_with(".records.jsonl")).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    let run = Run::read(&outcome.dir.path().join(name)).unwrap();
    assert!((3..8).contains(&run.records.len()), "{text}");
    assert_eq!((run.planned, run.partial, run.setup.max_concurrency), (100, true, Some(1)));
    assert!(run.records.iter().all(|record| record.output_tokens == 4), "{text}");
}
