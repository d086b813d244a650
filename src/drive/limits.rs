//! What the operating system allows this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the number of files, and so of connections, to what the system allows.
pub fn allow_many_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it cannot be raised, connections fail beyond the old limit and say so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// How many connections may be open beside the process's other files.
pub fn connections() -> usize {
    const OTHER_FILES: u64 = 64;
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(now, _)| now.saturating_sub(OTHER_FILES)) as usize
}
