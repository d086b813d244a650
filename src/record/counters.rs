//! What a server says of itself: a page in Prometheus' text form comes in, the counters that are known go out. What they say of
//! a run is another stage's business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A server's counters at one moment. Each is the sum over all engines and labels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Requests that are running.
    pub running: Option<u64>,
    /// Speculative decoding.
    pub speculation: Option<Drafts>,
    /// Diffusion decoding.
    pub diffusion: Option<Canvases>,
    /// The prefix cache.
    pub prefix_cache: Option<Cache>,
}

/// What speculative decoding has drafted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Drafts {
    /// Drafts.
    pub drafts: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Tokens that were accepted.
    pub accepted: u64,
    /// Tokens that were accepted at each position of a draft.
    pub per_position: BTreeMap<usize, u64>,
}

/// What diffusion decoding has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Canvases {
    /// Steps, those that commit included.
    pub steps: u64,
    /// Canvas positions that were evaluated.
    pub positions: u64,
    /// Tokens that were committed.
    pub committed: u64,
}

/// Tokens that were looked up in the prefix cache, and found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    /// Looked up.
    pub queries: u64,
    /// Found.
    pub hits: u64,
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
