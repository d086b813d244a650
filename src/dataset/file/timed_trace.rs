//! A recorded trace: JSON lines or a table with times, lengths, and hash ids or texts come in; prompts of token ids go out, which share
//! what the hash ids share, and the times when they are due.
//!
//! Each hash id stands for a chunk of tokens. A chunk is drawn from a generator whose seed is the FNV-1a hash (64 bits, of
//! which the low 32 count) of `ID:TOKENS`, so it is the same in every run. (The reference's seeds differ from process to
//! process; the pattern of what is shared is the same.)

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};

use super::open::{check, from_file};
use super::timing::{self, Timing, TimingArgs};
use super::trace_entry::{Asked, Entry, Labels, Reading};
use crate::args;
use crate::args::range::outside;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::needs::Needs;
use crate::dataset::rows::{self, Row};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::table;
use crate::error::{Error, Result};
use crate::rng::{Draws, Python};
use crate::token::Tokenizer;

const FORM: &str = "write one object a line, such as {\"timestamp\": 1.5, \"input_length\": 40, \"output_length\": 20, \
                    \"hash_ids\": [1, 2, 3]}, or a table with the header `TIMESTAMP,ContextTokens,GeneratedTokens`; or name the fields with `--timed-trace-label-...`";

/// Flags of the dataset `timed_trace`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: timed_trace")]
pub struct TimedTraceArgs {
    /// Tokens that a hash id stands for.
    #[arg(long, value_name = "TOKENS", default_value_t = 16, allow_negative_numbers = true, value_parser = args::int)]
    pub timed_trace_chunk_hash_size: i64,
    /// What a time is multiplied with to give seconds: 0.001 for milliseconds.
    #[arg(long, value_name = "X", default_value = "1", allow_negative_numbers = true, value_parser = args::float)]
    pub timed_trace_sec_multiplier: f64,
    /// The field of the time.
    #[arg(long, value_name = "FIELD", default_value = "timestamp")]
    pub timed_trace_label_timestamp: String,
    /// The field of the number of input tokens.
    #[arg(long, value_name = "FIELD", default_value = "input_length")]
    pub timed_trace_label_input_length: String,
    /// The field of the number of output tokens.
    #[arg(long, value_name = "FIELD", default_value = "output_length")]
    pub timed_trace_label_output_length: String,
    /// The field of the hash ids.
    #[arg(long, value_name = "FIELD", default_value = "hash_ids")]
    pub timed_trace_label_hash_ids: String,
}

/// The settings of `timed_trace`.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedTrace {
    /// The file.
    pub path: PathBuf,
    /// How many lines are taken, from the first; above 0.
    pub num_prompts: u32,
    /// Tokens of a whole chunk; above 0.
    pub chunk: u32,
    /// Seconds of a unit of the file's times.
    pub unit: f64,
    /// The names of its fields.
    pub labels: Labels,
    /// How long answers are where the file does not tell.
    pub output_len: Option<u32>,
    /// Who says when requests start.
    pub timing: Timing,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// A recorded trace.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[TimedTraceArgs::augment_args, TimingArgs::augment_args],
    own: timing::OWN,
    ..Kind::new("timed_trace", "A recorded trace: its times, lengths and shared prefixes", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<TimedTrace> {
    let timing = flags::<TimingArgs>(matches).resolve(Timing::Trace);
    flags::<TimedTraceArgs>(matches).resolve(common, timing)
}

impl TimedTraceArgs {
    fn resolve(self, common: Common, timing: Timing) -> Result<TimedTrace> {
        let Common { path, output_len, selection, .. } = common;
        let path = path.ok_or_else(|| {
            Error::new("dataset `timed_trace` needs a file").hint("name a `.jsonl` file with `--dataset-path`")
        })?;
        let chunk = self.timed_trace_chunk_hash_size;
        let unit = self.timed_trace_sec_multiplier;
        if !(unit.is_finite() && unit >= 0.0) {
            return Err(outside("--timed-trace-sec-multiplier", unit, "a time unit")
                .hint("give 1 for seconds, or 0.001 for milliseconds"));
        }
        Ok(TimedTrace {
            path,
            num_prompts: selection.some_prompts(KIND.name)?,
            chunk: u32::try_from(chunk).ok().filter(|&chunk| chunk > 0).ok_or_else(|| {
                outside("--timed-trace-chunk-hash-size", chunk, "a number of tokens").hint("give 1 or more")
            })?,
            unit,
            labels: Labels {
                timestamp: self.timed_trace_label_timestamp,
                input: self.timed_trace_label_input_length,
                output: self.timed_trace_label_output_length,
                hashes: self.timed_trace_label_hash_ids,
            },
            output_len: output_len.map(|len| length("--output-len", len)).transpose()?,
            timing,
            request_id_prefix: selection.request_id_prefix,
        })
    }
}

impl TimedTrace {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        Dataset {
            needs: Needs { token_ids: true, answers: true, full_answers: true, ..Needs::default() },
            announcement: Some(self.announcement()),
            check: check(&self.path),
            ..Dataset::tokenized(KIND.name, move |_, tokenizer, draws| self.clone().samples(tokenizer, draws))
        }
    }

    fn announcement(&self) -> String {
        let Labels { timestamp, input, output, hashes } = &self.labels;
        let (chunk, unit) = (self.chunk, self.unit);
        format!(
            "timed-trace: {chunk} tokens a hash id, times in units of {unit} s, \
             fields `{timestamp}`, `{input}`, `{output}`, `{hashes}`"
        )
    }

    fn samples(self, tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let path = self.path.clone();
        from_file(&path, |bytes| self.samples_of(&bytes, tokenizer, draws))
    }

    fn samples_of(self, bytes: &[u8], tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let unit = (self.timing == Timing::Trace).then_some(self.unit);
        let mut reading =
            Reading { labels: &self.labels, unit, output: self.output_len, first: None, renamed: Vec::new() };
        let entries: Vec<Entry> =
            read(bytes)?.take(self.num_prompts as usize).map(|row| reading.entry(row?)).collect::<Result<_>>()?;
        if entries.is_empty() {
            return Err(Error::new("no lines").hint(FORM));
        }
        let due = (self.timing == Timing::Trace).then(|| timing::due(times(&entries)));
        let Reading { first, renamed, .. } = reading;
        let mut warnings = self.warnings(&entries, first.is_some());
        warnings.extend(told(&renamed));
        let mut chunks = Chunks { ids: vocabulary(tokenizer)?, size: self.chunk, made: HashMap::new() };
        let (count, tokenizer) = (entries.len(), tokenizer.clone());
        let iter = entries.into_iter().enumerate().map(move |(index, entry)| {
            let (prompt, input_tokens) = match entry.asked {
                Asked::Text(text) => {
                    let tokens = tokenizer.count(&text)?;
                    (Prompt::Text(text), tokens)
                }
                Asked::Tokens(input, hashes) => {
                    let ids = chunks.prompt(index, input, &hashes);
                    let tokens = ids.len() as u32;
                    (Prompt::Ids(ids), tokens)
                }
            };
            Ok(Sample {
                input_tokens,
                prompt,
                output_tokens: entry.output,
                request_id: Some(format!("{}{index}", self.request_id_prefix)),
                ..Sample::default()
            })
        });
        // The reference seeds both generators anew, with 0.
        *draws = Draws::new(0);
        Ok(Samples { warnings, due, ..Samples::new(count, iter) })
    }

    fn warnings(&self, entries: &[Entry], dated: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        let (all, wanted) = (entries.len(), self.num_prompts);
        if all < wanted as usize {
            warnings.push(format!("{all} requests instead of {wanted}, because the trace has no more lines"));
        }
        let short = |entry: &&Entry| match &entry.asked {
            Asked::Tokens(input, hashes) if !hashes.is_empty() => {
                (hashes.len() as u64 * u64::from(self.chunk)) < u64::from(*input)
            }
            _ => false,
        };
        let short = entries.iter().filter(short).count();
        if short > 0 {
            let size = self.chunk;
            warnings.push(format!(
                "{short} of {all} prompts are shorter than the trace says, because their hash ids stand for too few tokens \
                 at {size} each: set `--timed-trace-chunk-hash-size`"
            ));
        }
        if self.timing == Timing::Trace {
            let unit = match dated {
                true => String::new(),
                false => format!(
                    " with times in units of {} s: where they are milliseconds, give \
                     `--timed-trace-sec-multiplier 0.001`",
                    self.unit
                ),
            };
            warnings.extend(timing::warnings(times(entries), &unit));
            let first = times(entries).next().unwrap_or(0.0);
            if first >= 1.0 {
                warnings.push(format!("the trace begins {first:.0} s after its time 0, and so does this run"));
            }
        }
        warnings
    }
}

/// The rows of a file: JSON lines, or a table with a header.
fn read(bytes: &[u8]) -> Result<Box<dyn Iterator<Item = Result<Row>> + '_>> {
    match bytes.trim_ascii_start().first() {
        None | Some(b'{' | b'[') => Ok(Box::new(rows::lines(bytes, FORM))),
        Some(_) => Ok(Box::new(table::rows(bytes, FORM)?)),
    }
}

/// Which fields were taken for those that the flags name, where they are called otherwise.
fn told(renamed: &[(String, String)]) -> Option<String> {
    let pairs: Vec<String> = renamed.iter().map(|(name, label)| format!("`{name}` is read as `{label}`")).collect();
    (!pairs.is_empty()).then(|| format!("of the trace, {}", pairs.join(", ")))
}

/// When each entry is asked, in seconds.
fn times(entries: &[Entry]) -> impl Iterator<Item = f64> + Clone {
    entries.iter().map(|entry| entry.seconds)
}

/// The ids that chunks are drawn from, ascending: the whole vocabulary, added tokens too, without the named special ones.
fn vocabulary(tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    let special = tokenizer.special_ids();
    let ids: Vec<u32> = tokenizer.ids().into_iter().filter(|id| special.binary_search(id).is_err()).collect();
    if ids.is_empty() {
        return Err(Error::new("the tokenizer has no tokens to make prompts of").hint("give another `--tokenizer`"));
    }
    Ok(ids)
}

/// The chunks of tokens that hash ids stand for.
struct Chunks {
    ids: Vec<u32>,
    size: u32,
    made: HashMap<String, Arc<[u32]>>,
}

impl Chunks {
    /// The prompt of line `index`. One without hash ids shares nothing with others, and has its length all the same.
    fn prompt(&mut self, index: usize, input: u32, hashes: &[String]) -> Vec<u32> {
        if hashes.is_empty() {
            return self.draw(&format!("line {index}:{input}"), input).collect();
        }
        let mut prompt = Vec::new();
        let mut left = input;
        for hash in hashes {
            if left == 0 {
                break;
            }
            let len = left.min(self.size);
            left -= len;
            let key = format!("{hash}:{len}");
            if let Some(chunk) = self.made.get(&key) {
                prompt.extend_from_slice(chunk);
                continue;
            }
            let chunk: Arc<[u32]> = self.draw(&key, len).collect();
            prompt.extend_from_slice(&chunk);
            self.made.insert(key, chunk);
        }
        prompt
    }

    fn draw(&self, key: &str, len: u32) -> impl Iterator<Item = u32> {
        let mut python = Python::new(u64::from(fnv1a(key) as u32));
        (0..len).map(move |_| self.ids[python.index(self.ids.len())])
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll and Vo).
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
#[path = "timed_trace_test.rs"]
mod tests;
