//! The files that stored runs are read from: a path comes in, an open file goes out that can be read again from its start. What
//! comes through a pipe of this process (`/dev/stdin`, `<(…)` in a shell) is put into a passing file once. What has no end, or
//! may keep the program waiting for ever, is refused before it is opened.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::error::{Error, Result};

/// What came through pipes, which give each byte but once, while files are opened several times.
static PIPED: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());

/// How the paths of open files of this process begin.
const OF_THIS_PROCESS: [&str; 3] = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"];

/// Opens the file at `path` to read it from its start.
///
/// # Errors
/// If it cannot be read, or is neither a file nor a pipe of this process.
pub fn open(path: &Path) -> Result<File> {
    let unreadable = |cause: io::Error| at(path, "read", &cause).hint("check the path");
    let mut piped = PIPED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = piped.get(path) {
        return again(file).map_err(unreadable);
    }
    let kind = fs::metadata(path).map_err(unreadable)?.file_type();
    if kind.is_file() {
        return File::open(path).map_err(unreadable);
    }
    let ours = OF_THIS_PROCESS.iter().any(|begin| path.starts_with(begin));
    if !(kind.is_fifo() && ours) {
        let what = if kind.is_dir() {
            "it is a directory"
        } else if kind.is_fifo() {
            "it is a named pipe, which may have nobody who writes"
        } else {
            "it is a device and no file"
        };
        let hint = "name a file, or let the shell read it: `<(cat FILE)`";
        return Err(Error::new(format!("cannot read `{}`: {what}", path.display())).hint(hint));
    }
    let file = settle(path).map_err(unreadable)?;
    let opened = again(&file).map_err(unreadable);
    piped.insert(path.to_owned(), file);
    opened
}

/// What is said of a file that cannot be read or written.
pub(super) fn at(path: &Path, action: &str, cause: &io::Error) -> Error {
    Error::new(format!("cannot {action} `{}`: {cause}", path.display()))
}

/// All that comes through the pipe at `path`, in a file that goes when it is closed. Records and results are JSON objects: of
/// what does not begin as one, the beginning is enough to say so, and it may have no end.
fn settle(path: &Path) -> io::Result<File> {
    let name = std::env::temp_dir().join(format!("llmbench-{}.piped", std::process::id()));
    let mut file = File::options().read(true).write(true).create_new(true).open(&name)?;
    // It stays open, and nobody else needs its name.
    fs::remove_file(&name)?;
    // Where whoever wrote has gone already, opening the pipe again would wait for another who writes.
    let pipe = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::empty()))?;
    let mut pipe = BufReader::new(pipe);
    let begin = pipe.fill_buf()?;
    if begin.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        io::copy(&mut pipe, &mut file)?;
    } else {
        file.write_all(begin)?;
    }
    Ok(file)
}

/// The same file anew: where the system gives it no place of its own, from the start all the same.
fn again(file: &File) -> io::Result<File> {
    let mut file = File::open(format!("/dev/fd/{}", file.as_raw_fd()))?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::Mode;

    use super::super::scratch::Scratch;
    use super::*;

    #[test]
    fn what_has_no_end_or_no_writer_is_refused_at_once() {
        let fifo = Scratch::new("fifo");
        nix::unistd::mkfifo(&fifo.0, Mode::S_IRWXU).unwrap();
        let folder = std::env::temp_dir();
        for (path, cause) in [
            (fifo.0.as_path(), "a named pipe"),
            (folder.as_path(), "a directory"),
            (Path::new("/dev/zero"), "a device"),
            (Path::new("/nowhere/at/all"), "No such file"),
        ] {
            let error = open(path).unwrap_err();
            assert!(error.to_string().contains(cause) && error.advice().is_some(), "{error}");
        }
    }

    /// A pipe that holds `content`: its ends, and its path here.
    fn pipe(content: &[u8]) -> (io::PipeReader, io::PipeWriter, PathBuf) {
        let (read, mut write) = io::pipe().unwrap();
        write.write_all(content).unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", read.as_raw_fd()));
        (read, write, path)
    }

    #[test]
    fn a_pipe_is_read_once_and_opened_again_and_what_has_no_end_is_not_read_to_it() {
        let ((_json, writer, object), (_yes, _stays_open, endless)) = (pipe(b"{\"a\":1}\n"), pipe(b"y\ny\n"));
        drop(writer);
        for _ in 0..2 {
            assert_eq!(io::read_to_string(open(&object).unwrap()).unwrap(), "{\"a\":1}\n");
            assert_eq!(io::read_to_string(open(&endless).unwrap()).unwrap(), "y\ny\n");
        }
    }
}
