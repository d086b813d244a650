//! The figures that are a number of their own, a row each. Whoever adds one adds its row to a table here, and a label where a
//! report shows it.

use super::{Chunks, Client, Conversations, Metrics, Probes, Speculation};
use crate::record::{Part, Task};

/// A number of a run.
#[derive(Debug)]
pub struct Plain {
    /// Its key in result files.
    pub key: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Which way it is better; `None` where neither is: a property of the requests.
    pub better: Option<Better>,
    /// How it is got; `None` where a run has none, or one that means nothing.
    pub of: fn(&Metrics) -> Option<f64>,
}

impl PartialEq for Plain {
    fn eq(&self, other: &Plain) -> bool {
        self.key == other.key
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Whole things.
    Count,
    /// What may have a fraction.
    Number,
    /// Hundredths.
    Percent,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Bytes.
    Bytes,
    /// Requests a second.
    RequestRate,
    /// Inputs a second.
    InputRate,
    /// Tokens a second.
    TokenRate,
}

/// The better of two values of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The larger one.
    More,
    /// The smaller one.
    Less,
}

impl Unit {
    /// How it is written; empty where there is nothing to write.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Count | Unit::Number => "",
            Unit::Percent => "%",
            Unit::Seconds => "s",
            Unit::Millis => "ms",
            Unit::Bytes => "B",
            Unit::RequestRate => "req/s",
            Unit::InputRate => "inputs/s",
            Unit::TokenRate => "tok/s",
        }
    }

    /// Whether its figures are whole numbers.
    pub fn is_whole(self) -> bool {
        matches!(self, Unit::Count | Unit::Bytes)
    }
}

const MORE: Option<Better> = Some(Better::More);
const LESS: Option<Better> = Some(Better::Less);

const fn row(key: &'static str, unit: Unit, better: Option<Better>, of: fn(&Metrics) -> Option<f64>) -> Plain {
    Plain { key, unit, better, of }
}

/// Successful requests.
pub static COMPLETED: Plain = row("completed", Unit::Count, MORE, |of| whole(of.counts.completed));
/// Failed requests.
pub static FAILED: Plain = row("failed", Unit::Count, LESS, |of| whole(of.counts.failed));
/// Successful requests a second.
pub static REQUEST_THROUGHPUT: Plain = row("request_throughput", Unit::RequestRate, MORE, |of| Some(of.rates.requests));
/// Good requests a second.
pub static REQUEST_GOODPUT: Plain = row("request_goodput", Unit::RequestRate, MORE, |of| generated(of)?.rates.good);
/// Inputs of successful requests a second: texts to embed, documents to rank.
pub static INPUT_THROUGHPUT: Plain =
    row("input_sequence_throughput", Unit::InputRate, MORE, |of| Some(pooled(of)?.rates.inputs));
/// Output tokens of successful requests a second.
pub static OUTPUT_THROUGHPUT: Plain =
    row("output_throughput", Unit::TokenRate, MORE, |of| Some(counted(of)?.rates.output_tokens));
/// Prompt and output tokens of successful requests a second; requests for vectors have prompts only.
pub static TOKEN_THROUGHPUT: Plain = row("total_token_throughput", Unit::TokenRate, MORE, |of| {
    let total = if of.task == Task::Pooling { of.rates.input_tokens } else { of.rates.total_tokens };
    of.counts_tokens.then_some(total)
});

/// Those of the run, in the order in which they are listed.
pub(super) static OF_RUN: &[&Plain] = &[
    &row("duration", Unit::Seconds, LESS, |of| Some(of.duration)),
    &row("planned", Unit::Count, None, |of| whole(of.counts.planned)),
    &COMPLETED,
    &FAILED,
    &row("total_input_tokens", Unit::Count, None, |of| whole(of.counts.input_tokens)),
    &row("total_output_tokens", Unit::Count, None, |of| whole(counted(of)?.counts.output_tokens)),
    &row("total_input_sequences", Unit::Count, None, |of| whole(pooled(of)?.counts.inputs)),
    &REQUEST_THROUGHPUT,
    &INPUT_THROUGHPUT,
    &REQUEST_GOODPUT,
    &OUTPUT_THROUGHPUT,
    &TOKEN_THROUGHPUT,
    &row("max_output_tokens_per_s", Unit::TokenRate, MORE, |of| whole(timed(counted(of)?)?.peaks.chunks_in_a_bucket)),
    // The reference writes it with decimals.
    &row("max_concurrent_requests", Unit::Number, None, |of| {
        whole(timed(generated(of)?)?.peaks.concurrent_in_a_bucket)
    }),
    &row("rtfx", Unit::Number, MORE, |of| Some(generated(of)?.rates.sound).filter(|&sound| sound > 0.0)),
    &row("peak_in_flight", Unit::Count, None, |of| whole(timed(of).filter(|of| of.knows(Part::Ends))?.peaks.in_flight)),
    &row("peak_output_tokens_per_s", Unit::TokenRate, MORE, |of| {
        (timed(generated(of)?)?.counts.completed > 0).then_some(of.peaks.tokens_in_a_second)
    }),
    &row("mean_tokens_per_chunk", Unit::Number, None, |of| chunks(of)?.tokens),
    &row("mean_chunk_gap_ms", Unit::Millis, LESS, |of| chunks(of)?.gap.map(millis)),
    &row("mean_token_time_ms", Unit::Millis, LESS, |of| chunks(of)?.token_time.map(millis)),
    &row("uncounted", Unit::Count, LESS, |of| {
        whole(generated(of).filter(|of| of.knows(Part::Uncounted))?.counts.uncounted)
    }),
    &row("conversations_planned", Unit::Count, None, |of| whole(talks(of)?.planned)),
    &row("conversations_completed", Unit::Count, MORE, |of| whole(talks(of)?.completed)),
    &row("conversations_failed", Unit::Count, LESS, |of| whole(talks(of)?.failed)),
    &row("turns_not_started", Unit::Count, LESS, |of| whole(talks(of)?.turns_not_started)),
    &row("mean_turns", Unit::Number, None, |of| Some(talks(of)?.turns)),
    &row("probe_completed", Unit::Count, MORE, |of| whole(probes(of)?.completed)),
    &row("probe_failed", Unit::Count, LESS, |of| whole(probes(of)?.failed)),
    &row("probe_median_e2el_ms", Unit::Millis, LESS, |of| Some(millis(probes(of)?.median))),
    &row("probe_p99_e2el_ms", Unit::Millis, LESS, |of| Some(millis(probes(of)?.p99))),
    &row("probe_max_e2el_ms", Unit::Millis, LESS, |of| Some(millis(probes(of)?.max))),
    &row("spec_decode_acceptance_rate", Unit::Percent, MORE, |of| Some(drafts(of)?.acceptance_rate)),
    &row("spec_decode_acceptance_length", Unit::Number, MORE, |of| Some(drafts(of)?.acceptance_length)),
    &row("spec_decode_num_drafts", Unit::Count, None, |of| whole(drafts(of)?.drafts)),
    &row("spec_decode_draft_tokens", Unit::Count, None, |of| whole(drafts(of)?.draft_tokens)),
    &row("spec_decode_accepted_tokens", Unit::Count, None, |of| whole(drafts(of)?.accepted_tokens)),
    &row("diffusion_committed_throughput", Unit::TokenRate, MORE, |of| Some(of.diffusion?.committed_throughput)),
    &row("diffusion_steps_per_canvas", Unit::Number, None, |of| Some(of.diffusion?.steps_per_canvas)),
    &row("diffusion_committed_per_step", Unit::Number, MORE, |of| Some(of.diffusion?.committed_per_step)),
    &row("diffusion_committed_tokens", Unit::Count, None, |of| whole(of.diffusion?.committed_tokens)),
    &row("diffusion_denoising_steps", Unit::Count, None, |of| whole(of.diffusion?.denoising_steps)),
    &row("diffusion_canvas_positions", Unit::Count, None, |of| whole(of.diffusion?.canvas_positions)),
    &row("prefix_cache_queries", Unit::Count, None, |of| whole(of.prefix_cache?.queries)),
    &row("prefix_cache_hits", Unit::Count, None, |of| whole(of.prefix_cache?.hits)),
    &row("prefix_cache_hit_rate", Unit::Percent, MORE, |of| of.prefix_cache?.hit_rate()),
];

/// Those of the client itself.
pub(super) static OF_CLIENT: &[&Plain] = &[
    &row("merged_chunks", Unit::Count, LESS, |of| whole(watched(of)?.merged_chunks)),
    &row("stale_connections", Unit::Count, None, |of| whole(watched(of)?.stale_connections)),
    &row("clock_steps", Unit::Count, LESS, |of| whole(watched(of)?.clock_steps)),
    &row("client_cpu_seconds", Unit::Seconds, LESS, |of| Some(watched(of)?.cpu_seconds)),
    &row("client_max_rss_bytes", Unit::Bytes, None, |of| whole(watched(of)?.max_rss_bytes)),
];

/// A count, as figures are numbers of one kind.
fn whole(count: u64) -> Option<f64> {
    Some(count as f64)
}

fn millis(seconds: f64) -> f64 {
    seconds * 1000.0
}

/// The metrics of requests for vectors or scores; `None` of others.
fn pooled(of: &Metrics) -> Option<&Metrics> {
    (of.task == Task::Pooling).then_some(of)
}

/// The metrics of requests for text.
fn generated(of: &Metrics) -> Option<&Metrics> {
    (of.task == Task::Generation).then_some(of)
}

/// The metrics of requests for text whose output tokens are known.
fn counted(of: &Metrics) -> Option<&Metrics> {
    generated(of).filter(|of| of.counts_tokens)
}

/// The metrics of requests of which it is known when they were sent.
fn timed(of: &Metrics) -> Option<&Metrics> {
    Some(of).filter(|of| of.knows(Part::Sent))
}

/// The client's own figures, where somebody watched it.
fn watched(of: &Metrics) -> Option<&Client> {
    of.knows(Part::Health).then_some(&of.client)
}

fn chunks(of: &Metrics) -> Option<&Chunks> {
    generated(of).map(|of| &of.chunks)
}

fn talks(of: &Metrics) -> Option<&Conversations> {
    of.conversations.as_ref()
}

fn drafts(of: &Metrics) -> Option<&Speculation> {
    of.speculation.as_ref()
}

/// The probes, where one succeeded.
fn probes(of: &Metrics) -> Option<&Probes> {
    of.probes.as_ref().filter(|probes| probes.completed > 0)
}
