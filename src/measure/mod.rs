//! Numbers from records: a [`Run`] comes in, [`Metrics`] go out, in seconds, counts and rates. Pure; prints nothing and knows
//! nothing of flags beyond [`MetricsArgs`].

mod args;
mod client;
mod conversations;
mod doubts;
mod figure;
mod goal;
mod groups;
mod kept;
mod latency;
mod live;
mod metric;
mod overload;
mod peaks;
mod plain;
mod probes;
mod repeat;
mod request;
mod server;
mod steady;
mod summary;
mod verdict;

use std::collections::BTreeMap;

pub use args::{Asked, MetricsArgs};
pub use client::Client;
pub use conversations::Conversations;
pub use figure::{Figure, Spread, Statistic};
pub use goal::{Goal, Taken};
pub use groups::Group;
pub use kept::Kept;
pub use latency::{Latency, Schedule};
pub use live::{Live, Snapshot};
pub use metric::Metric;
pub use overload::Overload;
pub use peaks::Peaks;
pub use plain::{
    Better, COMPLETED, FAILED, INPUT_THROUGHPUT, OUTPUT_THROUGHPUT, Plain, REQUEST_GOODPUT, REQUEST_THROUGHPUT,
    TOKEN_THROUGHPUT, Unit,
};
pub use probes::Probes;
pub use repeat::Repeated;
pub use request::{e2el, queued, seconds, tpot, ttft};
pub use server::{Diffusion, PrefixCache, Speculation};
pub use steady::{Steady, SteadyRule};
pub use summary::{Basis, OWN_PERCENTILES, Summary};
pub use verdict::{Doubt, Grade, Verdict};

use crate::record::{Failure, Outcome, Part, Record, Run, Task};
use request::{done, taken};

/// From this many tokens a piece of output on, gaps between pieces say little of the time a token takes.
const SEVERAL_TOKENS: f64 = 1.05;

/// All that a report can say of a run in numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// What the requests asked for.
    pub task: Task,
    /// What is not known of the run, so that no figure is made of it.
    pub missing: Vec<Part>,
    /// Whether output tokens are known: all counted by the server, or a tokenizer at hand for the rest.
    pub counts_tokens: bool,
    /// The latencies that mean something for the run, in the order of reports.
    pub meant: Vec<Metric>,
    /// From the start of sending to the end of the last answer, in seconds.
    pub duration: f64,
    /// Requests and tokens.
    pub counts: Counts,
    /// The same by the second.
    pub rates: Rates,
    /// The largest values.
    pub peaks: Peaks,
    /// The reference's latencies.
    pub latency: Latency,
    /// Latencies from the schedule, and the client's part in them.
    pub schedule: Schedule,
    /// How output comes in pieces.
    pub chunks: Chunks,
    /// Failures by class, and those of `http_status` by code.
    pub failures: Failures,
    /// The conversations, where requests did not stand alone.
    pub conversations: Option<Conversations>,
    /// The probes that ran beside, if any succeeded.
    pub probes: Option<Probes>,
    /// Speculative decoding, if the server counts any.
    pub speculation: Option<Speculation>,
    /// Diffusion decoding, if the server counts any.
    pub diffusion: Option<Diffusion>,
    /// The server's prefix cache, if it counts.
    pub prefix_cache: Option<PrefixCache>,
    /// The limits of the goal, and who kept them.
    pub kept: Vec<Kept>,
    /// How the server fell behind the rate at which it was asked, if it did.
    pub overload: Option<Overload>,
    /// The steady part of a run under a limit, if it has one.
    pub steady: Option<Steady>,
    /// The run by adapter, where requests were spread over several.
    pub adapters: Vec<Group>,
    /// The run by server, where requests were spread over several.
    pub servers: Vec<Group>,
    /// The client's own figures.
    pub client: Client,
}

/// Requests and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that the plan held.
    pub planned: u64,
    /// Successful requests.
    pub completed: u64,
    /// Failed requests.
    pub failed: u64,
    /// Inputs of successful requests: texts to embed, documents to rank; one a request for generation.
    pub inputs: u64,
    /// Prompt tokens of successful requests.
    pub input_tokens: u64,
    /// Output tokens of successful requests.
    pub output_tokens: u64,
    /// Pieces of output of successful requests.
    pub chunks: u64,
    /// Successful requests whose output tokens nobody counted: one is assumed for each.
    pub uncounted: u64,
    /// Successful requests that kept every limit of the goal; `None` without a goal.
    pub good: Option<u64>,
}

/// Counts by the second, over the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Successful requests.
    pub requests: f64,
    /// Good requests; `None` without a goal.
    pub good: Option<f64>,
    /// Inputs of successful requests.
    pub inputs: f64,
    /// Prompt tokens of successful requests.
    pub input_tokens: f64,
    /// Output tokens of successful requests.
    pub output_tokens: f64,
    /// Prompt and output tokens of successful requests.
    pub total_tokens: f64,
    /// Seconds of sound in successful requests a second of the run: the inverse real-time factor.
    pub sound: f64,
}

/// How output comes in pieces, over successful requests; `None` where there is no such piece.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Chunks {
    /// Output tokens a piece, on average.
    pub tokens: Option<f64>,
    /// Seconds between pieces, on average.
    pub gap: Option<f64>,
    /// Seconds a token, on average: the time between first and last piece over the tokens that came after the first piece,
    /// which is taken to hold as many tokens as the others of its answer.
    pub token_time: Option<f64>,
}

/// Failures by what happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failures {
    /// Requests by class.
    pub classes: BTreeMap<&'static str, u64>,
    /// Requests of the class `http_status`, by code.
    pub statuses: BTreeMap<u16, u64>,
}

/// The numbers of a run, all of them.
pub fn metrics(run: &Run, asked: &Asked) -> Metrics {
    let counts = counts(run, asked.goal.as_ref());
    let counts_tokens = run.setup.tokenizer_id.is_some() || (run.uncounted == 0 && run.knows(Part::Uncounted));
    Metrics {
        task: run.setup.task,
        missing: run.missing.clone(),
        counts_tokens,
        duration: run.duration.as_secs_f64(),
        meant: Metric::ALL.into_iter().filter(|&metric| is_meant(metric, run, counts_tokens)).collect(),
        counts,
        rates: rates(&counts, run),
        peaks: Peaks::of(&run.records, &run.flow),
        latency: Latency::of(&run.records, &run.gaps, &asked.percentiles),
        kept: asked.goal.map_or(Vec::new(), |goal| kept::kept(&goal, &run.records)),
        overload: Overload::of(run),
        schedule: Schedule::of(run),
        chunks: chunks(run),
        failures: failures(run),
        conversations: Conversations::of(run),
        probes: Probes::of(&run.probes),
        speculation: Speculation::of(run),
        diffusion: Diffusion::of(run),
        prefix_cache: PrefixCache::of(run),
        steady: asked.steady.and_then(|rule| Steady::of(run, rule, &asked.percentiles)),
        adapters: groups::groups(run, run.setup.adapters.as_deref()),
        servers: groups::groups(run, run.setup.servers.as_deref()),
        client: Client::of(&run.health),
    }
}

/// How far `run` is to be trusted, and why; `metrics` are its numbers.
pub fn verdict(run: &Run, metrics: &Metrics, asked: &Asked) -> Verdict {
    Verdict::of(doubts::doubts(run, metrics, asked))
}

impl Metrics {
    /// Whether a part of the run is known.
    pub fn knows(&self, part: Part) -> bool {
        !self.missing.contains(&part)
    }

    /// Whether a latency means anything for the run.
    pub fn has(&self, metric: Metric) -> bool {
        self.meant.contains(&metric)
    }

    /// Whether there is anything that a latency was made from. Where each answer came in one piece, nothing says how long a
    /// token took, though TPOT is defined.
    pub fn measured(&self, metric: Metric) -> bool {
        !self.latency.metric(metric).is_empty() && (metric != Metric::Tpot || !self.latency.itl.is_empty())
    }
}

impl Chunks {
    /// Whether a piece of output holds so many tokens that gaps between pieces say little of the time a token takes.
    pub fn hold_several_tokens(&self) -> bool {
        self.tokens.is_some_and(|tokens| tokens > SEVERAL_TOKENS)
    }
}

/// Whether a latency means anything for a run. The last two are shown on the reference's conditions.
fn is_meant(metric: Metric, run: &Run, counts_tokens: bool) -> bool {
    let setup = &run.setup;
    let queues = setup.max_concurrency.is_some() && run.knows(Part::Waits);
    match metric {
        Metric::E2el => true,
        Metric::Ttft | Metric::Itl => setup.task == Task::Generation,
        Metric::Tpot => setup.task == Task::Generation && counts_tokens,
        Metric::ClientQueueTime => queues,
        Metric::E2elIncludingClientQueue => queues && setup.request_rate.is_finite(),
    }
}

fn counts(run: &Run, goal: Option<&Goal>) -> Counts {
    let records = &run.records;
    let total = |of: fn(&Record) -> u32| done(records).map(|record| u64::from(of(record))).sum();
    let completed = done(records).count() as u64;
    Counts {
        planned: run.planned,
        completed,
        failed: records.len() as u64 - completed,
        inputs: total(|record| record.inputs),
        input_tokens: total(|record| record.input_tokens),
        output_tokens: total(|record| record.output_tokens),
        chunks: total(|record| record.chunks),
        uncounted: run.uncounted,
        good: goal.map(|goal| done(records).filter(|record| goal.is_met(taken(record))).count() as u64),
    }
}

fn rates(counts: &Counts, run: &Run) -> Rates {
    let duration = run.duration.as_secs_f64();
    let by_second = |amount: f64| if duration > 0.0 { amount / duration } else { 0.0 };
    let rate = |count: u64| by_second(count as f64);
    Rates {
        requests: rate(counts.completed),
        good: counts.good.map(rate),
        inputs: rate(counts.inputs),
        input_tokens: rate(counts.input_tokens),
        output_tokens: rate(counts.output_tokens),
        total_tokens: rate(counts.input_tokens + counts.output_tokens),
        sound: by_second(run.sound_nanos as f64 / 1e9),
    }
}

fn chunks(run: &Run) -> Chunks {
    let (mut pieces, mut tokens, mut decode, mut gaps, mut later_tokens) = (0_u64, 0_u64, 0.0, 0_u64, 0.0);
    for record in done(&run.records).filter(|record| record.chunks > 0) {
        let (own_chunks, own_tokens) = (f64::from(record.chunks), f64::from(record.output_tokens));
        pieces += u64::from(record.chunks);
        tokens += u64::from(record.output_tokens);
        gaps += u64::from(record.chunks) - 1;
        decode += seconds(record.last, record.first);
        later_tokens += own_tokens - own_tokens / own_chunks;
    }
    Chunks {
        tokens: (pieces > 0).then(|| tokens as f64 / pieces as f64),
        gap: (gaps > 0).then(|| decode / gaps as f64),
        token_time: (later_tokens > 0.0).then(|| decode / later_tokens),
    }
}

fn failures(run: &Run) -> Failures {
    let mut failures = Failures::default();
    for record in run.records.iter().filter(|_| run.knows(Part::Classes)) {
        let Outcome::Failed(failure) = record.outcome else { continue };
        *failures.classes.entry(failure.class()).or_default() += 1;
        if let Failure::HttpStatus(code) = failure {
            *failures.statuses.entry(code).or_default() += 1;
        }
    }
    failures
}

#[cfg(test)]
#[path = "order_test.rs"]
mod order_tests;
#[cfg(test)]
#[path = "spoilt_test.rs"]
mod spoilt_tests;
#[cfg(test)]
#[path = "measure_test.rs"]
mod tests;
