//! Fuzzing: readers of what comes from outside are given mutated files and streams, and must neither panic, abort, hang,
//! nor ask for memory without end; streams must read alike however they are cut.
//!
//! Each target runs in a process of its own, so that an overflowing stack or an abort is a finding as well. A run is bounded
//! and repeats itself: `LLMBENCH_FUZZ_BYTES` is how many mutated bytes each target is given, `LLMBENCH_FUZZ_SEED` what they
//! are drawn from, and arguments choose targets by name:
//!
//! ```text
//! LLMBENCH_FUZZ_BYTES=100000000 LLMBENCH_FUZZ_SEED=7 cargo test --release --test fuzz -- sse body
//! ```

#![expect(clippy::print_stdout, reason = "what came of each target is printed, as test runners do")]

mod answers;
mod child;
mod commands;
mod files;
mod mutate;
mod streams;

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use mutate::Mutator;

/// How many mutated bytes a target is given where nothing else is said.
const BYTES: u64 = 40_000;
/// However long its cases are, a target is given so many.
const CASES: u64 = 100;
const SEED: u64 = 20_260_101;

/// Takes an input in; a panic is a finding. The mutator draws what else there is to draw.
type Take = Box<dyn Fn(&[u8], &mut Mutator)>;

/// One thing that is fuzzed.
struct Target {
    name: String,
    /// Makes well-formed inputs, which are mutated.
    seeds: fn() -> Vec<Vec<u8>>,
    /// What is put in here and there.
    dictionary: &'static [&'static str],
    /// What is done with an input.
    take: Take,
}

/// How much is done, and from which numbers.
#[derive(Clone, Copy)]
struct Measure {
    bytes: u64,
    seed: u64,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let targets = || streams::targets().into_iter().chain(answers::targets()).chain(commands::targets());
    let measure = Measure { bytes: number("LLMBENCH_FUZZ_BYTES", BYTES), seed: number("LLMBENCH_FUZZ_SEED", SEED) };
    if let [flag, name] = words.as_slice()
        && flag == "--child"
    {
        let target = targets().find(|target| target.name == *name).expect("a target of this name");
        child::run(&target, measure);
        return ExitCode::SUCCESS;
    }
    // Flags are those of the ordinary test runner; there is nothing to list one by one.
    if words.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let names: Vec<String> = targets().map(|target| target.name).filter(|name| chosen(name)).collect();
    let failed = names.iter().filter(|name| !passes(name)).count();
    println!("\ntest result: fuzz: {} passed; {failed} failed", names.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a target in a process of its own and says what came of it.
fn passes(name: &str) -> bool {
    let folder = folder(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the target");
    let output = File::create(folder.join("output")).expect("a file for what the target prints");
    let errors = output.try_clone().expect("the same file again");
    let begun = now();
    let status = Command::new(env::current_exe().expect("the path of this program"))
        .args(["--child", name])
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .status()
        .expect("a process for the target");
    let took = now() - begun;
    let findings = [
        fs::read_to_string(folder.join(child::FINDING)).ok(),
        (!status.success()).then(|| format!("the process ended with {status}")),
        child::unsafe_output(&folder.join("output")),
    ];
    let findings: Vec<String> = findings.into_iter().flatten().collect();
    let cases = fs::read_to_string(folder.join(child::DONE)).unwrap_or_default();
    println!(
        "fuzz {name} ... {} ({cases}in {:.1} s)",
        if findings.is_empty() { "ok" } else { "FAILED" },
        took.as_secs_f64()
    );
    for finding in &findings {
        println!("  {finding}");
    }
    if !findings.is_empty() {
        println!("  the case is in {}", folder.join(child::CASE).display());
    }
    findings.is_empty()
}

/// Where a target keeps its case and what it prints.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(name)
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => otherwise,
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a target took is told and never tested")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// A case that takes longer hangs.
const LONGEST_CASE: Duration = Duration::from_secs(120);
