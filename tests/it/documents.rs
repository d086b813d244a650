//! Every command line in `README.md` and in the manual, run as it stands. What is indented in these texts is one of three:
//!
//! * a file, where the text before it ends with the file's name, as `bench.yaml`:
//! * command lines, with comments and continued lines;
//! * what a command prints: its lines must be there, up to their figures.
//!
//! Each section is followed by itself and in its own directory. A server of one's own is a simulator here, at another address. Command lines that no test can run stand in a table.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread;

use nix::sys::signal::Signal;

use crate::command::{Dir, Llmbench, Running};

/// Command lines that are not run here: tests of their own, and what builds the program anew.
const ELSEWHERE: [&str; 10] = [
    "cargo install --path . --locked",
    "cargo bench --bench truth",
    "cargo bench --bench hot",
    "cargo test --release --test fuzz -- sse body",
    "tests/all",
    "tests/compare/run",
    "tests/compare/run random sharegpt",
    "tests/compare/run --record venv/bin/python",
    "tests/real/run",
    "tests/browser/run",
];

/// What a server of one's own is called in the texts, up to its port.
const OWN: &str = "http://127.0.0.1:";

/// A text that users read.
#[derive(Debug)]
pub(crate) struct Document {
    /// The name of its file.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// `README.md` and the topics of the manual.
pub(crate) fn documents() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let topics = fs::read_dir(root.join("src/manual")).unwrap().map(|entry| entry.unwrap().path());
    let topics = topics.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let read = |path: &Path| Document {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        text: fs::read_to_string(path).unwrap(),
    };
    topics.chain([root.join("README.md")]).map(|path| read(&path)).collect()
}

/// Lines that stand indented between others.
#[derive(Debug)]
enum Shown {
    File { name: String, content: String },
    Commands(Vec<String>),
    Printed(Vec<String>),
}

impl Document {
    /// What stands in backticks in the text, outside of what is indented.
    pub(crate) fn code(&self) -> Vec<String> {
        let mut code = Vec::new();
        let lines: Vec<&str> = self.text.lines().filter(|line| !line.starts_with("    ")).collect();
        for paragraph in lines.split(|line| line.is_empty()) {
            let text = paragraph.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
            let parts: Vec<&str> = text.split('`').collect();
            assert!(parts.len() % 2 == 1, "{}: a backtick is alone: {text}", self.name);
            code.extend(parts.into_iter().skip(1).step_by(2).map(str::to_owned));
        }
        code
    }

    /// The parts between headings.
    fn sections(&self) -> impl Iterator<Item = &str> {
        self.text.split("\n## ")
    }
}

/// What is indented in a text, in order.
fn shown(text: &str) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut lead = "";
    for paragraph in text.split("\n\n") {
        let lines: Option<Vec<&str>> = paragraph.trim_end().lines().map(|line| line.strip_prefix("    ")).collect();
        match lines {
            Some(lines) => shown.push(Shown::new(lead, &lines)),
            None => lead = paragraph,
        }
    }
    shown
}

impl Shown {
    /// What these lines are, behind the paragraph `lead`.
    fn new(lead: &str, lines: &[&str]) -> Self {
        if let Some(name) = lead.strip_suffix("`:").and_then(|lead| lead.rsplit('`').next()) {
            return Shown::File { name: name.into(), content: lines.join("\n") + "\n" };
        }
        if !is_command(lines[0]) && !lines[0].starts_with('#') {
            return Shown::Printed(lines.iter().map(|line| (*line).to_owned()).collect());
        }
        let text = lines.join("\n").replace("\\\n", "");
        Shown::Commands(text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect())
    }
}

fn is_command(line: &str) -> bool {
    ["llmbench ", "cargo ", "tests/"].iter().any(|start| line.starts_with(start))
}

/// A reader who does what a section says, in a directory of its own, and notes what goes wrong.
#[derive(Default)]
struct Reader {
    /// Servers, each with its address in the text and its real one.
    servers: Vec<(Running, String, String)>,
    /// What the commands have printed.
    printed: String,
    /// Lines that the text says they print.
    promised: Vec<String>,
    /// Command lines that stand in the table above.
    elsewhere: BTreeSet<String>,
    wrong: String,
}

impl Reader {
    fn follow(mut self, section: &str) -> Self {
        let dir = Dir::new();
        for shown in shown(section) {
            match shown {
                Shown::File { name, content } => {
                    let path = dir.path().join(name);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, content).unwrap();
                }
                Shown::Commands(lines) => lines.iter().for_each(|line| self.run(line, dir.path())),
                Shown::Printed(lines) => self.promised.extend(lines),
            }
        }
        for (server, ..) in std::mem::take(&mut self.servers) {
            server.signal(Signal::SIGINT);
            let outcome = server.wait();
            self.expect(outcome.status == Some(0), "the simulator", &outcome.stderr);
        }
        self
    }

    fn expect(&mut self, holds: bool, what: &str, why: &str) {
        if !holds {
            writeln!(self.wrong, "{what}\n{why}").unwrap();
        }
    }

    fn run(&mut self, line: &str, dir: &Path) {
        let line = line.replace("cargo run --release -- ", "llmbench ");
        if ELSEWHERE.contains(&&*line) {
            self.elsewhere.insert(line);
            return;
        }
        if !line.starts_with("llmbench ") {
            return self.expect(false, &line, "no command that is run here or known to be run elsewhere");
        }
        if let Some(words) = line.strip_prefix("llmbench sim --port ") {
            let (port, others) = words.split_once(' ').unwrap_or((words, ""));
            return self.serve(port, others);
        }
        if line.contains(&format!("{OWN}8000")) && !self.servers.iter().any(|(_, known, _)| known.ends_with(":8000")) {
            self.serve("8000", "");
        }
        let line = self.servers.iter().fold(line, |line, (_, known, real)| line.replace(known, real));
        let outcome = Llmbench::shell(&line, dir).run();
        self.expect(outcome.status == Some(0), &line, &outcome.stderr);
        self.printed += &(outcome.stdout + &outcome.stderr);
    }

    /// Starts a simulator with these flags where a text has it at `port`, at a port that the system chooses.
    fn serve(&mut self, port: &str, flags: &str) {
        let mut server = Llmbench::new().args(["sim", "--port", "0"]).arg_line(flags).spawn();
        let real = server.line().trim().trim_start_matches("listening on ").to_owned();
        self.servers.push((server, format!("{OWN}{port}"), real));
    }
}

/// Whether a command printed the line of a report, but for its figures: the lines of what matters, which are indented, have them
/// between their words, others behind a colon.
fn agrees(line: &str, printed: &str) -> bool {
    let plain = |text: &str| {
        let words = text.split_whitespace().map(|word| word.replace(|letter: char| letter.is_ascii_digit(), ""));
        words.map(|word| word.replace([',', '.'], "")).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    match line.split_once(':') {
        _ if line.starts_with(' ') => plain(line) == plain(printed),
        Some((label, _)) => printed.starts_with(label),
        None => printed.starts_with(line),
    }
}

/// Does what a document says, each section by itself. Gives what is wrong, and the command lines to be run elsewhere.
fn follow(document: &Document) -> (String, BTreeSet<String>) {
    let readers: Vec<Reader> = thread::scope(|scope| {
        let follow = |section| scope.spawn(move || Reader::default().follow(section));
        let threads: Vec<_> = document.sections().map(follow).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let printed: Vec<&str> = readers.iter().flat_map(|reader| reader.printed.lines()).collect();
    let mut wrong: String = readers.iter().map(|reader| &*reader.wrong).collect();
    for line in readers.iter().flat_map(|reader| &reader.promised).filter(|line| *line != "...") {
        if is_command(line) || !printed.iter().any(|printed| agrees(line, printed)) {
            writeln!(wrong, "{}: no command prints `{line}`", document.name).unwrap();
        }
    }
    (wrong, readers.into_iter().flat_map(|reader| reader.elsewhere).collect())
}

#[test]
fn every_command_line_in_the_texts_runs_as_it_stands() {
    let documents = documents();
    let followed: Vec<(String, BTreeSet<String>)> = thread::scope(|scope| {
        let threads: Vec<_> = documents.iter().map(|document| scope.spawn(|| follow(document))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let wrong: String = followed.iter().map(|(wrong, _)| &**wrong).collect();
    assert!(wrong.is_empty(), "{wrong}");
    let elsewhere: BTreeSet<&str> = followed.iter().flat_map(|(_, lines)| lines).map(String::as_str).collect();
    assert_eq!(elsewhere, BTreeSet::from(ELSEWHERE));
}

#[test]
fn what_is_run_elsewhere_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for line in ELSEWHERE {
        let words: Vec<&str> = line.split(' ').collect();
        let file = match words.as_slice() {
            ["cargo", "bench", "--bench", name] => format!("benches/{name}.rs"),
            ["cargo", ..] => "Cargo.toml".into(),
            [file, ..] => (*file).to_owned(),
            [] => unreachable!(),
        };
        assert!(root.join(&file).is_file(), "{line}");
    }
}
