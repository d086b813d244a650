//! What a server says of itself in its counters, from before to after a run: two pages in Prometheus' text form come in, what
//! happened in between goes out. Pure. The counters are the whole server's: other clients' requests are in them too.

use std::collections::BTreeMap;

use super::Metrics;

/// Speculative decoding during a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Speculation {
    /// Accepted of all draft tokens, in percent.
    pub acceptance_rate: f64,
    /// Tokens a draft brought: its accepted tokens and one more; 0 without drafts.
    pub acceptance_length: f64,
    /// Drafts.
    pub drafts: u64,
    /// Tokens of drafts.
    pub draft_tokens: u64,
    /// Tokens of drafts that were accepted.
    pub accepted_tokens: u64,
    /// Share of the drafts, 0 to 1, whose token at the position of this index was accepted; empty without drafts.
    pub per_position: Vec<f64>,
}

/// Diffusion decoding during a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Diffusion {
    /// Committed tokens a second.
    pub committed_throughput: f64,
    /// Denoising steps a canvas.
    pub steps_per_canvas: f64,
    /// Committed tokens a denoising step.
    pub committed_per_step: f64,
    /// Committed tokens.
    pub committed_tokens: u64,
    /// Denoising steps.
    pub denoising_steps: u64,
    /// Canvas positions evaluated.
    pub canvas_positions: u64,
}

/// The prefix cache during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PrefixCache {
    /// Tokens that were looked up.
    pub queries: u64,
    /// Tokens that were found.
    pub hits: u64,
}

/// A server's counters at one moment. Each is the sum over all engines and labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests that are running.
    pub running: Option<u64>,
    speculation: Option<Drafts>,
    diffusion: Option<Canvases>,
    prefix_cache: Option<PrefixCache>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Drafts {
    drafts: u64,
    tokens: u64,
    accepted: u64,
    per_position: BTreeMap<usize, u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Canvases {
    steps: u64,
    positions: u64,
    committed: u64,
}

/// Positions beyond this are no server's: a draft has a handful of tokens.
const MOST_POSITIONS: usize = 1024;

impl Counters {
    /// Reads a page. Lines that are none of the counters, or cannot be read, are passed over.
    pub fn parse(page: &str) -> Self {
        let mut counters = Counters::default();
        page.lines().filter_map(Line::parse).for_each(|line| counters.add(&line));
        counters
    }

    fn add(&mut self, line: &Line<'_>) {
        let name = line.name;
        if name == "vllm:num_requests_running" {
            add(self.running.get_or_insert_default(), line.value);
        }
        let Some(name) = name.strip_suffix("_total") else { return };
        if let Some(name) = name.strip_prefix("vllm:spec_decode") {
            self.speculation.get_or_insert_default().add(name, line);
        } else if let Some(name) = name.strip_prefix("vllm:diffusion") {
            self.diffusion.get_or_insert_default().add(name, line.value);
        } else if matches!(name, "vllm:prefix_cache_queries" | "vllm:gpu_prefix_cache_queries") {
            add(&mut self.prefix_cache.get_or_insert_default().queries, line.value);
        } else if matches!(name, "vllm:prefix_cache_hits" | "vllm:gpu_prefix_cache_hits") {
            add(&mut self.prefix_cache.get_or_insert_default().hits, line.value);
        }
    }
}

impl Drafts {
    fn add(&mut self, name: &str, line: &Line<'_>) {
        if name.contains("num_drafts") {
            add(&mut self.drafts, line.value);
        } else if name.contains("num_draft_tokens") {
            add(&mut self.tokens, line.value);
        } else if name.contains("num_accepted_tokens_per_pos") {
            let position = line.label("position").and_then(|position| position.parse().ok());
            if let Some(position) = position.filter(|&position| position < MOST_POSITIONS) {
                add(self.per_position.entry(position).or_default(), line.value);
            }
        } else if name.contains("num_accepted_tokens") {
            add(&mut self.accepted, line.value);
        }
    }

    /// What happened since `before`; nothing where no token was drafted, or where the server began anew.
    fn since(&self, before: &Drafts) -> Option<Speculation> {
        let draft_tokens = self.tokens.checked_sub(before.tokens).filter(|&tokens| tokens > 0)?;
        let drafts = self.drafts.checked_sub(before.drafts)?;
        let accepted_tokens = self.accepted.checked_sub(before.accepted)?;
        let a_draft = |tokens: u64| tokens as f64 / drafts as f64;
        let at = |position: usize| {
            let count = |of: &Drafts| of.per_position.get(&position).copied().unwrap_or(0);
            a_draft(count(self).saturating_sub(count(before)))
        };
        let positions = self.per_position.keys().last().map_or(0, |last| last + 1);
        Some(Speculation {
            acceptance_rate: accepted_tokens as f64 / draft_tokens as f64 * 100.0,
            acceptance_length: if drafts > 0 { 1.0 + a_draft(accepted_tokens) } else { 0.0 },
            drafts,
            draft_tokens,
            accepted_tokens,
            per_position: if drafts > 0 { (0..positions).map(at).collect() } else { Vec::new() },
        })
    }
}

impl Canvases {
    fn add(&mut self, name: &str, value: u64) {
        if name.contains("num_denoising_steps") {
            add(&mut self.steps, value);
        } else if name.contains("num_canvas_positions") {
            add(&mut self.positions, value);
        } else if name.contains("num_committed_tokens") {
            add(&mut self.committed, value);
        }
    }

    /// What happened since `before`. A canvas has `positions ÷ steps` tokens and takes one step more to be committed; where
    /// that makes no sense (nothing committed, no positions, no step left over) there is nothing to tell.
    fn since(&self, before: &Canvases, seconds: f64) -> Option<Diffusion> {
        let steps = self.steps.checked_sub(before.steps)?;
        let positions = self.positions.checked_sub(before.positions)?;
        let committed = self.committed.checked_sub(before.committed)?;
        if steps == 0 || positions == 0 || committed == 0 {
            return None;
        }
        let canvases = committed as f64 / (positions as f64 / steps as f64);
        let denoising = steps as f64 - canvases;
        (denoising > 0.0).then(|| Diffusion {
            committed_throughput: if seconds > 0.0 { committed as f64 / seconds } else { 0.0 },
            steps_per_canvas: denoising / canvases,
            committed_per_step: committed as f64 / denoising,
            committed_tokens: committed,
            denoising_steps: denoising.round() as u64,
            canvas_positions: positions,
        })
    }
}

impl PrefixCache {
    /// What happened since `before`; nothing where nothing was looked up, or where the server began anew.
    fn since(self, before: PrefixCache) -> Option<PrefixCache> {
        let queries = self.queries.checked_sub(before.queries).filter(|&queries| queries > 0)?;
        Some(PrefixCache { queries, hits: self.hits.checked_sub(before.hits)? })
    }
}

impl Metrics {
    /// Takes in what the server counted from `before` to `after` a run of so many seconds. A group of counters tells something
    /// only where both pages have it.
    pub fn count_server(&mut self, before: &Counters, after: &Counters, seconds: f64) {
        let drafts = before.speculation.as_ref().zip(after.speculation.as_ref());
        self.speculation = drafts.and_then(|(before, after)| after.since(before));
        let canvases = before.diffusion.zip(after.diffusion);
        self.diffusion = canvases.and_then(|(before, after)| after.since(&before, seconds));
        let cache = before.prefix_cache.zip(after.prefix_cache);
        self.prefix_cache = cache.and_then(|(before, after)| after.since(before));
    }
}

fn add(sum: &mut u64, value: u64) {
    *sum = sum.saturating_add(value);
}

/// One sample of a page: `name{label="value",...} value [timestamp]`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line<'a> {
    name: &'a str,
    /// Between the braces.
    labels: &'a str,
    /// Whole; what follows the point is dropped.
    value: u64,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim();
        let (name, rest) = line.split_at(line.find(['{', ' ', '\t'])?);
        if name.is_empty() || name.starts_with('#') {
            return None;
        }
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => {
                let end = labels_end(rest)?;
                (&rest[..end], &rest[end + 1..])
            }
            None => ("", rest),
        };
        let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some(Line { name, labels, value: value as u64 })
    }

    /// The value of a label; its escapes stay as they are.
    fn label(&self, wanted: &str) -> Option<&'a str> {
        let mut rest = self.labels;
        loop {
            let (name, after) = rest.split_once('=')?;
            let after = after.trim_start().strip_prefix('"')?;
            let end = quoted_end(after)?;
            if name.trim_matches([',', ' ']) == wanted {
                return Some(&after[..end]);
            }
            rest = &after[end + 1..];
        }
    }
}

/// Where the brace stands that closes the labels; one inside quotes does not.
fn labels_end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find(['"', '}'])?;
        if text[at..].starts_with('}') {
            return Some(at);
        }
        at += 1;
        at += quoted_end(&text[at..])? + 1;
    }
}

/// Where the quote stands that closes a value.
fn quoted_end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find(['"', '\\'])?;
        if text[at..].starts_with('"') {
            return Some(at);
        }
        at += 1 + text[at + 1..].chars().next()?.len_utf8();
    }
}

#[cfg(test)]
#[path = "counters_test.rs"]
mod tests;
