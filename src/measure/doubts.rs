//! What a reader should know before trusting the numbers: a run and its metrics come in, doubts go out, each with how much it
//! matters and what to do about it. Data; printing it is the caller's.

use super::verdict::{Doubt, Grade};
use super::{Asked, Basis, Metric, Metrics, Overload};
use crate::record::{Outcome, Part, Run, Task};

/// Sends later than this are looked at.
const LATE_SECONDS: f64 = 0.001;

/// Sends that are late by more than this share of the time between requests distort the load.
const LATE_SHARE: f64 = 0.1;

/// Above this share of chunks, merged ones distort gaps.
const MERGED_SHARE: f64 = 0.01;

/// Bytes that lie unread for longer than this say that the client was kept from its work.
const LAG_SECONDS: f64 = 0.010;

/// Bytes that are read within this time of their arrival were not kept waiting by the client.
const PROMPT_SECONDS: f64 = 0.002;

/// From this share of its cores on, the client may be what limits the run.
const BUSY_SHARE: f64 = 0.8;

/// The client's start weighs too much in what it used in a run as short as this.
const SHORT_SECONDS: f64 = 0.1;

/// From this share of prompt tokens on, a run says more of the server's cache than of its speed.
const CACHED_SHARE: f64 = 0.1;

/// What there is to doubt, the gravest first.
pub(super) fn doubts(run: &Run, metrics: &Metrics, asked: &Asked) -> Vec<Doubt> {
    let found = [
        nothing_succeeded(run, metrics),
        some_failed(run, metrics),
        overload(run, metrics),
        partial(run),
        overdue(run),
        clock_steps(run),
        late_sends(run, metrics),
        busy_client(run),
        unread(metrics),
        uncounted(run),
        unread_counts(run),
        fewer_than_chunks(metrics),
        short_of_duration(run),
        short_answers(run, metrics),
        cut_prompts(run, metrics),
        mistyped(run),
        open_ends(run),
        no_samples(metrics),
        several_tokens(metrics),
        merged_chunks(run, metrics),
        no_kernel_stamps(run, metrics),
        stale_connections(run),
        histogram(metrics),
        short_steady(metrics),
        cached(metrics),
    ];
    // Of a run whose waits are not known it cannot be said whether it has them.
    let waits = [Metric::ClientQueueTime, Metric::E2elIncludingClientQueue];
    let known = |metric: &Metric| run.knows(Part::Waits) || !waits.contains(metric);
    let asked = asked.metrics.iter().copied().filter(known);
    let missing = asked.filter(|metric| !metrics.has(*metric));
    found.into_iter().flatten().chain(missing.map(missing_latency)).collect()
}

/// A latency was asked for that the run does not have.
fn missing_latency(metric: Metric) -> Doubt {
    let advice = match metric {
        Metric::Ttft | Metric::Itl => "only answers that are generated have it; ask for e2el",
        Metric::Tpot => "let the server report usage, or give a tokenizer; only answers that are generated have it",
        Metric::E2el => "send at least one request",
        Metric::ClientQueueTime => "it needs `--max-concurrency`; without that no request waits in the client",
        Metric::E2elIncludingClientQueue => {
            "it needs `--max-concurrency` and `--request-rate`; \"E2EL from due\" says the same in every run"
        }
    };
    Doubt::new(Grade::Valid, format!("there is no {} in this run", metric.name()), advice)
}

fn nothing_succeeded(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    if run.partial && run.records.is_empty() {
        let what = "the run was stopped before any request ended, so there are no latencies".to_owned();
        return Some(Doubt::new(Grade::Invalid, what, "run it again, to its end"));
    }
    let most = metrics.failures.classes.iter().max_by_key(|(_, count)| **count);
    (metrics.counts.completed == 0).then(|| {
        let cause =
            most.map_or(String::new(), |(class, count)| format!(" ({count} of {}: {class})", run.records.len()));
        let advice = "check the address, the endpoint, the model name and the key; the causes stand above the report";
        Doubt::new(Grade::Invalid, format!("no request succeeded{cause}, so there are no latencies"), advice)
    })
}

/// Failures come first: the latencies are those of the other requests.
fn some_failed(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    let (failed, completed) = (metrics.counts.failed, metrics.counts.completed);
    (failed > 0 && completed > 0).then(|| {
        let first = run.records.iter().find(|record| record.outcome != Outcome::Done);
        let cause = first.map_or(String::new(), |record| format!(" ({})", run.errors.of(record.id)));
        let (all, grade) = (failed + completed, if failed > completed { Grade::Invalid } else { Grade::Degraded });
        let what =
            format!("{failed} of {all} requests failed{cause}; the latencies are those of the other {completed}");
        Doubt::new(grade, what, "the causes stand above the report, and in the result by class")
    })
}

/// The server's counts contradict what it sent, or cannot be read.
fn unread_counts(run: &Run) -> Option<Doubt> {
    let unread = run.answers.unread;
    (unread > 0).then(|| {
        let what = format!("{unread} answers came with a count of tokens that cannot be read, which was left out");
        Doubt::new(
            Grade::Degraded,
            what,
            "look at the server's `usage`; the tokenizer counts in its place where there is one",
        )
    })
}

/// A chunk holds a token at least, unless the server leaves tokens out of its count.
fn fewer_than_chunks(metrics: &Metrics) -> Option<Doubt> {
    const FEWER: f64 = 0.9;
    let tokens = metrics.chunks.tokens.filter(|tokens| *tokens < FEWER && metrics.task == Task::Generation)?;
    let what =
        format!("the server counts {tokens:.2} tokens a chunk: it leaves some out, such as those that are reasoned");
    Some(Doubt::new(Grade::Degraded, what, "TPOT and token throughput are off by as much: compare ITL instead"))
}

/// Who asks for a time gets it only where there are prompts enough.
fn short_of_duration(run: &Run) -> Option<Doubt> {
    const SHORT: f64 = 0.9;
    let asked = run.setup.asked_duration()?;
    let lasted = run.duration.as_secs_f64();
    let all = run.records.len() as u64;
    (!run.partial && all == run.planned && 0.0 < lasted && lasted < SHORT * asked).then(|| {
        let what = format!(
            "the run ended after {lasted:.1} s with its last prompt, and not after the {asked} s of `--duration`"
        );
        let enough = (1.2 * all as f64 * asked / lasted).ceil();
        Doubt::new(Grade::Valid, what, &format!("give `--num-prompts` {enough} or more"))
    })
}

fn short_answers(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    let short = run.answers.short;
    (short > 0).then(|| {
        let reasons: Vec<String> =
            run.answers.reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        let reasons =
            if reasons.is_empty() { String::new() } else { format!(" (finish reasons: {})", reasons.join(", ")) };
        let what = format!("{short} of {} answers are shorter than was asked for{reasons}", metrics.counts.completed);
        Doubt::new(Grade::Valid, what, "give `--ignore-eos` where answers should have the length that was asked for")
    })
}

fn cut_prompts(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    let cut = run.answers.cut;
    (cut > 0).then(|| {
        let what = format!(
            "the server cut the prompts of {cut} of {} requests: it counts fewer tokens than were sent",
            metrics.counts.completed
        );
        Doubt::new(Grade::Degraded, what, "send shorter inputs than the model's context")
    })
}

fn mistyped(run: &Run) -> Option<Doubt> {
    let mistyped = run.answers.mistyped;
    (mistyped > 0).then(|| {
        let what = format!("{mistyped} answers came under another media type than theirs, and were read all the same");
        Doubt::new(Grade::Valid, what, "nothing to do here; other clients may refuse them")
    })
}

fn open_ends(run: &Run) -> Option<Doubt> {
    let open = run.answers.open;
    (open > 0).then(|| {
        let what = format!("the server left the body of {open} answers open after their end");
        Doubt::new(
            Grade::Valid,
            what,
            "their connections were closed and none was reused: latencies are right, and each request opens a new one",
        )
    })
}

fn partial(run: &Run) -> Option<Doubt> {
    (run.partial && !run.records.is_empty()).then(|| {
        let how = if run.gave_up { "gave up (`--max-failures`)" } else { "was stopped" };
        let what = format!("the run {how} after {} of {} requests", run.records.len(), run.planned);
        Doubt::new(Grade::Degraded, what, "compare it only with runs of the same length, or run it to its end")
    })
}

/// Latencies of a line that grows say how long the run was.
fn overload(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    let Overload { asked, answered, backlog, slowdown } = metrics.overload?;
    let limit = run.setup.max_concurrency.map_or(String::new(), |limit| format!(" with {limit} in flight"));
    let what = format!(
        "{asked:.1} requests a second are more than the server takes{limit}: it answered {answered:.1}, {backlog} waited when the last was \
         due, and the last quarter took {slowdown:.1} times as long as the first"
    );
    let advice = "the longer such a run, the longer its latencies: ask for less, or find what the server keeps up with by \
                  `--sweep-request-rate`";
    Some(Doubt::new(Grade::Degraded, what, advice))
}

/// Who never came to his turn has waited longer than those who did, and is in no latency.
fn overdue(run: &Run) -> Option<Doubt> {
    let overdue = run.overdue;
    (overdue.requests > 0 && run.has_schedule()).then(|| {
        let what = format!(
            "{} requests were due and never started, after waits of up to {:.1} s: latencies from due are lower bounds",
            overdue.requests,
            overdue.longest_wait.as_secs_f64()
        );
        Doubt::new(
            Grade::Degraded,
            what,
            "the server does not keep up with this rate and limit: ask for less, or let the run end",
        )
    })
}

fn clock_steps(run: &Run) -> Option<Doubt> {
    let steps = run.health.clock_steps;
    (steps > 0).then(|| {
        let what = format!("the wall clock was set during the run, as was noticed {steps} times");
        Doubt::new(Grade::Invalid, what, "what arrived about then is stamped when it was read: run it again, and stop the time service from stepping the clock meanwhile")
    })
}

/// Lateness counts against the time between requests, or where all were due at once, against how long they took.
fn late_sends(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    let lateness = metrics.schedule.lateness.percentile(99.0).unwrap_or_default();
    let span = run.records.last().map_or(0.0, |last| last.due.as_secs_f64())
        - run.records.first().map_or(0.0, |first| first.due.as_secs_f64());
    let gap = span / (run.records.len().max(2) - 1) as f64;
    let scale = if gap > 0.0 { gap } else { metrics.latency.e2el.mean };
    (lateness > LATE_SECONDS && lateness > LATE_SHARE * scale).then(|| {
        let what = format!("requests were sent up to {:.2} ms (p99) later than the schedule says", lateness * 1000.0);
        Doubt::new(Grade::Degraded, what, "give the client a machine of its own or more cores, or ask for a lower rate")
    })
}

fn busy_client(run: &Run) -> Option<Doubt> {
    let available = run.duration.as_secs_f64() * run.setup.cores as f64;
    let share = if available > 0.0 { run.health.cpu_seconds / available } else { 0.0 };
    (share > BUSY_SHARE && run.duration.as_secs_f64() > SHORT_SECONDS).then(|| {
        let what = format!("the client used {:.0} % of its {} cores", share * 100.0, run.setup.cores);
        Doubt::new(Grade::Degraded, what, "the client may be what limits the run: give it more cores")
    })
}

/// Kernel stamps stay true meanwhile, but what is answered to the bytes, such as the next request, comes late.
fn unread(metrics: &Metrics) -> Option<Doubt> {
    let lag = metrics.schedule.lag.percentile(99.0).unwrap_or_default();
    (lag > LAG_SECONDS).then(|| {
        let what = format!("bytes lay unread for up to {:.0} ms (p99)", lag * 1000.0);
        Doubt::new(
            Grade::Degraded,
            what,
            "other programs took the client's cores: give it cores of its own, away from the server",
        )
    })
}

fn uncounted(run: &Run) -> Option<Doubt> {
    (run.uncounted > 0 && run.setup.task == Task::Generation).then(|| {
        let what = format!("the output tokens of {} answers were not counted: one is assumed for each", run.uncounted);
        Doubt::new(Grade::Degraded, what, "let the server report usage, or give a tokenizer")
    })
}

fn no_samples(metrics: &Metrics) -> Option<Doubt> {
    let missing = metrics.latency.itl.is_empty() && metrics.counts.completed > 0;
    (missing && metrics.task == Task::Generation).then(|| {
        let what = "each answer came in one piece: nothing is known of TPOT and ITL, whose zeros in the result, and whose \
                    limits in `--goodput`, mean nothing";
        Doubt::new(Grade::Degraded, what.to_owned(), "ask for more than one output token, and for a streamed answer")
    })
}

fn several_tokens(metrics: &Metrics) -> Option<Doubt> {
    let several = metrics.chunks.hold_several_tokens() && metrics.task == Task::Generation;
    let tokens = metrics.chunks.tokens.filter(|_| several && metrics.chunks.gap.is_some())?;
    let what =
        format!("the server sends {tokens:.2} tokens a chunk: ITL is the gap between chunks, not between tokens");
    Some(Doubt::new(Grade::Valid, what, "compare the mean time per token instead"))
}

/// Chunks that are read as soon as they arrive, and together all the same, were sent together.
fn merged_chunks(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    let merged = run.health.merged_chunks;
    let lag = metrics.schedule.lag.percentile(99.0).unwrap_or_default();
    (merged as f64 > MERGED_SHARE * metrics.counts.chunks as f64).then(|| {
        let what = format!("{merged} chunks were read together with a later one and share its stamp");
        if run.health.kernel_stamps && lag < PROMPT_SECONDS {
            let burst = run.records.iter().filter(|record| record.chunks > 1).all(|record| record.first == record.last);
            let how = if burst { "each answer came in one burst" } else { "answers came in bursts" };
            let what = format!("{how}: {merged} chunks arrived together with a later one");
            let advice = "the server or a proxy holds them back: TTFT, TPOT and ITL are those of the bursts; turn its buffering off";
            return Doubt::new(Grade::Degraded, what, advice);
        }
        Doubt::new(
            Grade::Degraded,
            what,
            "some gaps read as zero and some TTFTs as too long: trust them less, or give the client more cores",
        )
    })
}

fn no_kernel_stamps(run: &Run, metrics: &Metrics) -> Option<Doubt> {
    (run.knows(Part::Health) && !run.health.kernel_stamps && metrics.counts.chunks > 0).then(|| {
        let what = "arrivals were stamped when they were read, not when they reached this host".to_owned();
        Doubt::new(
            Grade::Degraded,
            what,
            "on a busy client latencies read too long: keep the client idle enough, or run it on Linux",
        )
    })
}

fn stale_connections(run: &Run) -> Option<Doubt> {
    let stale = run.health.stale_connections;
    (stale > 0).then(|| {
        let what = format!("{stale} reused connections had been closed by the server and were replaced");
        Doubt::new(Grade::Valid, what, "their requests went out on new connections and count from then; a longer keep-alive time at the server avoids it")
    })
}

fn histogram(metrics: &Metrics) -> Option<Doubt> {
    (metrics.latency.itl.basis == Basis::Histogram).then(|| {
        let what = "there were too many gaps to keep each: ITL comes from a histogram of four digits".to_owned();
        Doubt::new(Grade::Valid, what, "nothing to do unless digits beyond the fourth matter")
    })
}

fn short_steady(metrics: &Metrics) -> Option<Doubt> {
    let steady = metrics.steady.as_ref().filter(|steady| steady.duration() < steady.least)?;
    let what = format!(
        "the steady part of the run lasted {:.1} s, less than {:.1} s: its figures say little",
        steady.duration(),
        steady.least
    );
    Some(Doubt::new(
        Grade::Degraded,
        what,
        "send more requests, lower `--steady-state-min-window`, or give `--no-steady-state`",
    ))
}

fn cached(metrics: &Metrics) -> Option<Doubt> {
    let cache = metrics.prefix_cache.as_ref().filter(|cache| cache.queries > 0)?;
    let share = cache.hits as f64 / cache.queries as f64;
    (share > CACHED_SHARE).then(|| {
        let what = format!("{:.0} % of the prompt tokens came out of the server's prefix cache", share * 100.0);
        Doubt::new(
            Grade::Degraded,
            what,
            "if prompts are not meant to repeat, use another `--seed` for each run, or reset the cache before it",
        )
    })
}

#[cfg(test)]
#[path = "doubts_test.rs"]
mod tests;
