//! Calls over the network that no measurement waits for: before the run and after it. Code that is not async runs them to
//! their end; they keep no state.

mod advice;
mod around_args;
mod client;
mod fetch;
mod models;

use std::thread;

pub use advice::advice;
pub use around_args::{Around, AroundArgs, Profile, SideCalls};
pub use client::{Access, Caller, Client, PATIENCE, Pending, Refusal, Slow};
pub use fetch::fetch;
pub use models::{Model, first_model};

use crate::error::{Error, Result};

/// Runs `work` to its end on a thread of its own, so that it does not matter whether the caller is inside a runtime.
///
/// # Errors
/// Where the runtime cannot start, and those of `work`.
pub(crate) fn run<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(|| runtime()?.block_on(work));
        thread.join().unwrap_or_else(|_| Err(Error::new("the thread for network calls panicked")))
    })
}

/// A runtime for the current thread, with TLS ready.
///
/// # Errors
/// Where the system has no more files or threads to give.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    // Whoever installed a provider before us is right too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::new(format!("cannot start a runtime: {cause}")))
}

/// An error and the deepest of its causes, which says what really happened.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let (what, why) = (error.to_string(), deepest.to_string());
    if what.contains(&why) { what } else { format!("{what}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_runs_inside_another_runtime() {
        let answer = runtime().unwrap().block_on(async { run(async { Ok(tokio::spawn(async { 7 }).await.ok()) }) });
        assert_eq!(answer.unwrap(), Some(7));
    }

    #[test]
    fn a_panic_is_an_error() {
        assert!(run::<()>(async { panic!("on purpose") }).is_err());
    }

    #[test]
    fn the_deepest_cause_is_told_once() {
        let inner = std::io::Error::other("refused");
        assert_eq!(causes(&inner), "refused");
        #[derive(Debug)]
        struct Outer(std::io::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("cannot connect")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        assert_eq!(causes(&Outer(inner)), "cannot connect: refused");
    }
}
