//! What the operating system allows this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::{Error, Result};

/// Files of the process beside its connections.
const OTHER_FILES: u64 = 64;

/// Raises the number of files, and so of connections, to what the system allows.
pub fn allow_many_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it cannot be raised, connections fail beyond the old limit and say so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// How many connections may be open beside the process's other files.
pub fn connections() -> usize {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(now, _)| now.saturating_sub(OTHER_FILES)) as usize
}

/// Whether so many requests can be in flight at once, over so many pairs of an address of this host and a server.
///
/// # Errors
/// If the process may not have as many files, or the host has not as many ports to connect from: with the number that would do.
pub fn room_for(requests: usize, routes: usize) -> Result<()> {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(now, _)| now);
    enough(requests as u64, files, ports().saturating_mul(routes as u64))
}

fn enough(requests: u64, files: u64, ports: u64) -> Result<()> {
    let needed = requests.saturating_add(OTHER_FILES);
    if needed > files {
        let what = format!("{requests} requests in flight need {needed} open files, and this shell allows {files}");
        let fewer = match files.saturating_sub(OTHER_FILES) {
            0 => String::new(),
            fewer => format!(", or `--max-concurrency {fewer}`"),
        };
        return Err(Error::new(what).hint(format!("`ulimit -n {needed}` where the system allows it{fewer}")));
    }
    if requests > ports {
        let what =
            format!("{requests} requests in flight need as many ports to connect from, and this host has {ports}");
        return Err(Error::new(what).hint(format!(
            "widen `net.ipv4.ip_local_port_range`, connect from several addresses (`--local-address`), or give \
             `--max-concurrency {ports}`"
        )));
    }
    Ok(())
}

/// How many ports this host connects from, as far as the system tells.
fn ports() -> u64 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let ends: Vec<u64> = range.split_whitespace().filter_map(|end| end.parse().ok()).collect();
    match ends[..] {
        [first, last] => (last + 1).saturating_sub(first),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_suffice_is_told_with_the_number_that_would() {
        assert!(enough(200, 264, 28_232).is_ok());
        let error = enough(200, 100, 28_232).unwrap_err();
        assert_eq!(error.to_string(), "200 requests in flight need 264 open files, and this shell allows 100");
        assert!(
            error.advice().unwrap().contains("ulimit -n 264")
                && error.advice().unwrap().contains("--max-concurrency 36")
        );
        assert!(!enough(1, 40, 28_232).unwrap_err().advice().unwrap().contains("--max-concurrency"));
        let error = enough(30_000, 100_000, 28_232).unwrap_err();
        assert!(error.to_string().contains("28232") && error.advice().unwrap().contains("ip_local_port_range"));
    }
}
