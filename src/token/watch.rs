//! A limit of memory for work of which nothing inside can be stopped: a text that a template doubles grows within one step of its
//! engine.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// So much more memory than before the process may take while watched work goes on.
pub const MOST: u64 = 1 << 30;

/// The time between two looks: memory is filled by some ten megabytes in it.
const LOOK: Duration = Duration::from_millis(10);

/// Work that was begun, and work that goes on.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
static GOING_ON: AtomicUsize = AtomicUsize::new(0);
/// What is done where work takes more, if there is a limit.
static EXCESS: OnceLock<fn() -> !> = OnceLock::new();
/// Who watches, once there has been something to watch; nobody where no thread could be started.
static WATCHER: OnceLock<Option<Thread>> = OnceLock::new();

/// From the first call on all watched work has a limit, beyond which `excess` ends the process.
pub fn begin(excess: fn() -> !) {
    EXCESS.get_or_init(|| excess);
}

/// Does work that is watched.
pub(super) fn watched<T>(work: impl FnOnce() -> T) -> T {
    /// Counted until it ends, also by a panic.
    struct Going;
    impl Drop for Going {
        fn drop(&mut self) {
            GOING_ON.fetch_sub(1, Ordering::Relaxed);
        }
    }
    BEGUN.fetch_add(1, Ordering::Relaxed);
    GOING_ON.fetch_add(1, Ordering::Release);
    let _going = Going;
    if let Some(watcher) = EXCESS.get().and_then(|excess| WATCHER.get_or_init(|| watcher(*excess)).as_ref()) {
        // Costs nothing while the watcher has its eyes open.
        watcher.unpark();
    }
    work()
}

fn watcher(excess: fn() -> !) -> Option<Thread> {
    let watcher = thread::Builder::new().name("watch".to_owned()).spawn(move || watch(excess));
    watcher.ok().map(|watcher| watcher.thread().clone())
}

fn watch(excess: fn() -> !) -> ! {
    let (mut begun, mut before) = (0, 0);
    loop {
        if GOING_ON.load(Ordering::Acquire) == 0 {
            thread::park();
            continue;
        }
        let (now, peak) = (BEGUN.load(Ordering::Relaxed), peak());
        if now != begun {
            (begun, before) = (now, peak);
        }
        if peak > before + MOST {
            excess();
        }
        thread::sleep(LOOK);
    }
}

/// The most memory that the process has taken so far, in bytes.
fn peak() -> u64 {
    // Bytes on Apple's systems, kilobytes elsewhere.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss() as u64 * unit)
}
