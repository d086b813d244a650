//! What only Linux has stands behind a seam, so that other systems build: a name of Linux alone is found in files called
//! `linux.rs`, or right behind an attribute that keeps it from the others.

use crate::architecture::{code, sources};

/// Names that nix and libc know on Linux and not on macOS.
const LINUX_ALONE: [&str; 16] = [
    "Epoll",
    "TimerFd",
    "EventFd",
    "SignalFd",
    "prctl::",
    "ReceiveTimestampns",
    "ScmTimestampns",
    "MSG_NOSIGNAL",
    "SOCK_CLOEXEC",
    "SOCK_NONBLOCK",
    "accept4",
    "recvmmsg",
    "TcpUserTimeout",
    "sched_setaffinity",
    "memfd_create",
    "std::os::linux",
];

/// How many lines below its attribute an item may name what the attribute is for.
const REACH: usize = 8;

#[test]
fn what_only_linux_has_stands_behind_a_seam() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, text) in ["src", "benches"].into_iter().flat_map(sources) {
        if path.ends_with("linux.rs") {
            seen += 1;
            continue;
        }
        let lines: Vec<&str> = code(&text).collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(name) = LINUX_ALONE.iter().find(|name| line.contains(*name)) else { continue };
            seen += 1;
            let above = &lines[number.saturating_sub(REACH)..number];
            if !above.iter().any(|line| line.contains(r#"cfg(target_os = "linux")"#)) {
                wrong.push(format!("{}: {name} in `{}`", path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 5, "the names are no longer those that the code uses: {seen}");
}

#[test]
fn other_systems_get_one_sentence() {
    let library = include_str!("../../src/lib.rs");
    let modules = library.lines().zip(library.lines().skip(1)).filter(|(_, line)| line.starts_with("pub mod "));
    let bare: Vec<_> = modules.filter(|(above, _)| *above != "#[cfg(unix)]").collect();
    assert!(bare.is_empty(), "{bare:?}");
    assert!(library.contains("#[cfg(not(unix))]\ncompile_error!("));
    let package = include_str!("../../Cargo.toml");
    assert!(!package.contains("\n[dependencies]"), "dependencies stand under `cfg(unix)`");
}
