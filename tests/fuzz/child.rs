//! A target in its own process: draws cases until its bytes are used up, and leaves what it found in files.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};

use crate::{CASES, LONGEST_CASE, Measure, Mutator, Target, folder};

/// The case at hand.
pub(crate) const CASE: &str = "case";
/// What was found.
pub(crate) const FINDING: &str = "finding";
/// How many cases there were.
pub(crate) const DONE: &str = "done";

/// A process that asks for more address space than this is refused it, and aborts.
const MEMORY: u64 = 8 << 30;

/// Gives the target cases until it has had its bytes. Panics are written down, wherever they happen; the first ends the
/// process.
pub(crate) fn run(target: &Target, measure: Measure) {
    let folder = folder(&target.name);
    setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY).expect("a limit of memory");
    write_panics_to(folder.join(FINDING));
    let cases = Arc::new(AtomicU64::new(0));
    end_when_stuck(Arc::clone(&cases), folder.join(FINDING));
    let seeds = (target.seeds)();
    let mut mutator = Mutator::new(measure.seed, &target.name, target.dictionary);
    let mut bytes = 0;
    while bytes < measure.bytes || cases.load(Ordering::Relaxed) < CASES {
        let case = mutator.case(&seeds);
        bytes += case.len().max(1) as u64;
        fs::write(folder.join(CASE), &case).expect("room for the case");
        (target.take)(&case, &mut mutator);
        cases.fetch_add(1, Ordering::Relaxed);
    }
    let done = format!("{} cases, {bytes} bytes ", cases.load(Ordering::Relaxed));
    fs::write(folder.join(DONE), done).expect("room for the count");
}

fn write_panics_to(path: std::path::PathBuf) {
    panic::set_hook(Box::new(move |info| {
        let _ = fs::write(&path, format!("{info}").replace('\n', " "));
        std::process::abort();
    }));
}

/// Ends the process when the same case lasts too long.
fn end_when_stuck(cases: Arc<AtomicU64>, path: std::path::PathBuf) {
    thread::spawn(move || {
        let mut seen = (u64::MAX, 0);
        loop {
            thread::sleep(Duration::from_secs(1));
            let count = cases.load(Ordering::Relaxed);
            seen = if seen.0 == count { (count, seen.1 + 1) } else { (count, 0) };
            if seen.1 > LONGEST_CASE.as_secs() {
                let _ = fs::write(&path, "the case did not end");
                std::process::abort();
            }
        }
    });
}

/// What a terminal would act on in what was printed, if anything: control characters and marks that turn text around.
pub(crate) fn unsafe_output(path: &Path) -> Option<String> {
    let printed = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&printed);
    let acts = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let line = text.lines().find(|line| line.chars().any(acts))?;
    Some(format!("a line was printed that a terminal acts on: {line:?}"))
}
