//! What the server is told and asked around a run: to empty its prefix cache, what it has counted. None of it is inside the
//! measured time, and no call waits for ever.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::Site;
use crate::drive::Stop;
use crate::error::{Error, Result};
use crate::net::{Around, Client, Refusal, SideCalls};
use crate::record::{Counters, Moment, Tell};

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

/// Has the servers empty their prefix caches, if that was asked for; tells whether the run may go on.
pub(super) fn reset_prefix_cache(around: &Around, site: &Site, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<bool> {
    const PATH: &str = "/reset_prefix_cache";
    if !around.reset_prefix_cache {
        return Ok(true);
    }
    match order(site.all(), PATH, RESET, stop) {
        Ordered::Done => Ok(true),
        Ordered::Abandoned => {
            tell(Moment::Abandoned(PATH));
            Ok(false)
        }
        Ordered::Refused(refusal) => {
            let error = refusal.into_error().context("cannot reset the server's prefix cache");
            Err(error.hint(
                "vLLM offers it with VLLM_SERVER_DEV_MODE=1; leave out `--reset-prefix-cache` to run with what is cached",
            ))
        }
    }
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

/// What came of an order.
pub(super) enum Ordered {
    /// All servers have done it.
    Done,
    /// Why the first that did not has not.
    Refused(Refusal),
    /// The run was asked to stop before all had answered.
    Abandoned,
}

/// Orders servers to do what `path` means, and waits until all have answered or the run is to stop.
pub(super) fn order<'a>(
    clients: impl Iterator<Item = &'a Client>,
    path: &'static str,
    limit: Duration,
    stop: &Receiver<Stop>,
) -> Ordered {
    let ordered = clients.map(|client| client.start(path, move |caller| async move { caller.tell(path, limit).await }));
    let ordered: Vec<_> = ordered.collect();
    let mut first = None;
    for done in ordered {
        match done.wait_unless(&mut || stop.try_recv().is_ok()) {
            Ok(Some(Ok(()))) => {}
            Ok(Some(Err(refusal))) => drop(first.get_or_insert(refusal)),
            Ok(None) => return Ordered::Abandoned,
            Err(gone) => drop(first.get_or_insert(Refusal::Unreachable(gone.to_string()))),
        }
    }
    first.map_or(Ordered::Done, Ordered::Refused)
}
