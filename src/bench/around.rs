//! What the server is told and asked around a run: to empty its prefix cache, what it has counted. None of it is inside the
//! measured time, and no call waits for ever.

use std::time::Duration;

use crate::error::Result;
use crate::net::{Around, Client, Refusal, SideCalls};
use crate::record::Counters;

/// How long it may take to empty its cache.
const RESET: Duration = Duration::from_secs(60);

/// Has the server empty its prefix cache, if that was asked for.
pub(super) fn reset_prefix_cache(around: &Around, calls: &Client) -> Result<()> {
    if !around.reset_prefix_cache {
        return Ok(());
    }
    order(calls, "/reset_prefix_cache", RESET).map_err(|refusal| {
        let error = refusal.into_error().context("cannot reset the server's prefix cache");
        error.hint(
            "vLLM offers it with VLLM_SERVER_DEV_MODE=1; leave out `--reset-prefix-cache` to run with what is cached",
        )
    })
}

/// The server's counters, if it shows any and may be asked.
pub(super) fn counters(around: &Around, calls: &Client) -> Option<Counters> {
    if around.side_calls == SideCalls::None {
        return None;
    }
    look(calls)
}

/// The server's counters now; nothing if it shows none.
pub(super) fn look(client: &Client) -> Option<Counters> {
    let page = client.start("/metrics", |caller| async move { caller.page("/metrics").await }).wait();
    page.ok()?.ok().map(|page| Counters::parse(&page))
}

/// Orders the server to do what `path` means.
pub(super) fn order(client: &Client, path: &'static str, limit: Duration) -> Result<(), Refusal> {
    let done = client.start(path, move |caller| async move { caller.tell(path, limit).await }).wait();
    done.unwrap_or_else(|gone| Err(Refusal::Unreachable(gone.to_string())))
}
