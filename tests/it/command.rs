//! Runs the real binary: arguments and environment in, what it printed and its exit status out. Nothing runs for longer than
//! a minute, and each run has a directory of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::server::Server;

const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(2);

/// A directory that goes away with its value.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("run-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Names and contents of the files in it, sorted.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<(String, String)> = entries
            .filter(|path| path.is_file())
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
            .collect();
        files.sort();
        files
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A command line.
pub(crate) struct Llmbench {
    command: Command,
    dir: Dir,
}

impl Llmbench {
    /// The binary without arguments, in an empty directory and without the variables that it listens to.
    pub(crate) fn new() -> Self {
        Llmbench::alone(Command::new(env!("CARGO_BIN_EXE_llmbench")))
    }

    /// A line for the shell, in a directory that others have used; it finds the binary by its name.
    pub(crate) fn shell(line: &str, dir: &Path) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_llmbench"));
        let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut shell = Llmbench::alone(Command::new("bash")).args(["-o", "pipefail", "-c", line]).env("PATH", &path);
        shell.command.current_dir(dir);
        shell
    }

    fn alone(mut command: Command) -> Self {
        let dir = Dir::new();
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "OPENAI_BASE_URL"] {
            command.env_remove(name);
        }
        for name in ["OPENAI_API_KEY", "HF_TOKEN", "HF_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "COLUMNS"] {
            command.env_remove(name);
        }
        command.env("HF_HUB_OFFLINE", "1").env("HOME", dir.path()).current_dir(dir.path()).stdin(Stdio::null());
        Llmbench { command, dir }
    }

    /// `serve` against `server`: 10 requests of 16 tokens, the result with all details on stdout.
    pub(crate) fn serve(server: &Server) -> Self {
        Llmbench::serve_at(&server.url())
    }

    /// `serve` against the server at `url`.
    pub(crate) fn serve_at(url: &str) -> Self {
        Llmbench::plain(url).args(["--output-json", "-", "--save-detailed"]).args([
            "--percentile-metrics",
            "ttft,tpot,itl,e2el",
            "--metric-percentiles",
            "50,99",
        ])
    }

    /// `serve` with the report on stdout; the server gets the requests and nothing else.
    pub(crate) fn plain(url: &str) -> Self {
        Llmbench::talking(url).args(["--no-side-calls"])
    }

    /// As [`Llmbench::plain`], and the server is asked for its count of tokens and its counters.
    pub(crate) fn talking(url: &str) -> Self {
        Llmbench::new()
            .args(["serve", "--base-url", url, "--model", "m", "--tokenizer", "builtin", "--temperature", "0"])
            .args(["--num-prompts", "10", "--random-input-len", "8", "--random-output-len", "16"])
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Arguments without blanks in them, as one writes them on a line.
    pub(crate) fn arg_line(self, line: &str) -> Self {
        self.args(line.split_whitespace())
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The directory it runs in.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn spawn(mut self) -> Running {
        let mut child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = gather(child.stderr.take().unwrap());
        let stdout = child.stdout.take().unwrap();
        Running { child, stdout: Some(BufReader::new(stdout)), stderr: Some(stderr), dir: Some(self.dir) }
    }

    pub(crate) fn run(self) -> Outcome {
        self.spawn().wait()
    }

    /// Runs with stdout and stderr in one file, as `2>&1` does: the exit status, and what was printed in its order.
    pub(crate) fn interleaved(mut self) -> (Option<i32>, String) {
        let path = self.dir.path().with_extension("printed");
        let file = fs::File::create(&path).unwrap();
        let child = self.command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        let status = Running { child, stdout: None, stderr: None, dir: Some(self.dir) }.wait().status;
        let printed = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        (status, printed)
    }
}

fn gather(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

/// A process that has not ended yet. It is killed with its value.
pub(crate) struct Running {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    stderr: Option<JoinHandle<String>>,
    dir: Option<Dir>,
}

impl Running {
    /// The directory it runs in.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// The next line on stdout.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Reads no more of stdout, as `head` does.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// All of stderr, once the process has closed it; nothing where it goes elsewhere.
    fn stderr(&mut self) -> String {
        self.stderr.take().map(|stderr| stderr.join().unwrap()).unwrap_or_default()
    }

    pub(crate) fn wait(mut self) -> Outcome {
        let stdout = self.stdout.take().map(gather);
        let mut waited = Duration::ZERO;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if waited > LIMIT {
                self.child.kill().unwrap();
                panic!("no end within {LIMIT:?}: {}", self.stderr());
            }
            thread::sleep(LOOK);
            waited += LOOK;
        };
        Outcome {
            status: status.code(),
            stdout: stdout.map(|stdout| stdout.join().unwrap()).unwrap_or_default(),
            stderr: self.stderr(),
            dir: self.dir.take().unwrap(),
            took: waited,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a process ended.
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) dir: Dir,
    /// How long it was waited for, in sleeps alone: never more than it took.
    pub(crate) took: Duration,
}

impl Outcome {
    /// The result on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|cause| panic!("{cause}: {}{}", self.stdout, self.stderr))
    }

    /// The result, of a process that ended with `status`.
    #[track_caller]
    pub(crate) fn ended(&self, status: i32) -> Value {
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        self.json()
    }
}
