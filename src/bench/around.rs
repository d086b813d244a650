//! What the server is told and asked around a run: to empty its prefix cache, what it has counted. None of it is inside the
//! measured time, and no call waits for ever.

use std::time::Duration;

use super::Site;
use crate::error::{Error, Result};
use crate::net::{Around, Client, Refusal, SideCalls};
use crate::record::Counters;

/// How long it may take to empty its cache.
const RESET: Duration = Duration::from_secs(60);

/// Whether calls can reach each of so many servers: all addresses of one name cannot be told apart.
///
/// # Errors
/// If they cannot, and something is to be done at each.
pub(super) fn reaches(around: &Around, servers: usize, site: &Site) -> Result<()> {
    if servers == site.all().count() || !around.reset_prefix_cache && around.profile.is_none() {
        return Ok(());
    }
    let what =
        "`--reset-prefix-cache` and `--profile` reach one address of a name, and `--spread` sends requests to all";
    Err(Error::new(what).hint("name each server: `--base-url http://10.0.0.1:8000 http://10.0.0.2:8000`"))
}

/// Has the servers empty their prefix caches, if that was asked for.
pub(super) fn reset_prefix_cache(around: &Around, site: &Site) -> Result<()> {
    if !around.reset_prefix_cache {
        return Ok(());
    }
    order(site.all(), "/reset_prefix_cache", RESET).map_err(|refusal| {
        let error = refusal.into_error().context("cannot reset the server's prefix cache");
        error.hint(
            "vLLM offers it with VLLM_SERVER_DEV_MODE=1; leave out `--reset-prefix-cache` to run with what is cached",
        )
    })
}

/// What so many servers have counted together, if all of them show it and may be asked.
pub(super) fn counters(around: &Around, servers: usize, site: &Site) -> Option<Counters> {
    if around.side_calls == SideCalls::None || servers != site.all().count() {
        return None;
    }
    look(site.all())
}

/// What servers have counted together by now; nothing if one of them shows none.
pub(super) fn look<'a>(clients: impl Iterator<Item = &'a Client>) -> Option<Counters> {
    let asked = clients.map(|client| client.start("/metrics", |caller| async move { caller.page("/metrics").await }));
    let asked: Vec<_> = asked.collect();
    let pages = asked.into_iter().map(|page| page.wait().ok()?.ok()).collect::<Option<Vec<String>>>()?;
    Some(Counters::parse(&pages.join("\n")))
}

/// Orders servers to do what `path` means; gives the first refusal once all have answered.
pub(super) fn order<'a>(
    clients: impl Iterator<Item = &'a Client>,
    path: &'static str,
    limit: Duration,
) -> Result<(), Refusal> {
    let ordered = clients.map(|client| client.start(path, move |caller| async move { caller.tell(path, limit).await }));
    let ordered: Vec<_> = ordered.collect();
    let done = ordered.into_iter().map(|done| done.wait());
    let done: Vec<_> =
        done.map(|done| done.unwrap_or_else(|gone| Err(Refusal::Unreachable(gone.to_string())))).collect();
    done.into_iter().collect()
}
