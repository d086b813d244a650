//! The result as one JSON object: the reference's keys in its order, then ours. What is an entry a request is written as it is
//! read, texts and gaps from the record file, so that memory does not grow with the answers.

use std::io::{self, Write};

use jiff::SignedDuration;

use super::lines::{Row, Section};
use super::{blocks, own, parts};
use crate::json::{Value, float, list, object, text};
use crate::measure::{Doubt, e2el, queued, ttft};
use crate::record::file::Reader;
use crate::record::{Finished, Outcome, Part, RateChange, Record, Setup, Task};
use crate::report::Report;
use crate::report::details::finished;

/// An entry of the result.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    Value(Value),
    /// An array with an item a request.
    Column(Column),
}

/// The arrays with an item a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    InputLens,
    OutputLens,
    Ttfts,
    Itls,
    Latencies,
    StartTimes,
    QueueTimes,
    GeneratedTexts,
    Errors,
    ServerQueueTimes,
    ServerTtfts,
}

impl Column {
    /// In the reference's order.
    pub(super) const ALL: [Column; 11] = [
        Column::InputLens,
        Column::OutputLens,
        Column::Ttfts,
        Column::Itls,
        Column::Latencies,
        Column::StartTimes,
        Column::QueueTimes,
        Column::GeneratedTexts,
        Column::Errors,
        Column::ServerQueueTimes,
        Column::ServerTtfts,
    ];

    /// The array that goes by `key`.
    pub(super) fn of(key: &str) -> Option<Self> {
        Column::ALL.into_iter().find(|column| column.key() == key)
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Column::InputLens => "input_lens",
            Column::OutputLens => "output_lens",
            Column::Ttfts => "ttfts",
            Column::Itls => "itls",
            Column::Latencies => "latencies",
            Column::StartTimes => "start_times",
            Column::QueueTimes => "queue_times",
            Column::GeneratedTexts => "generated_texts",
            Column::Errors => "errors",
            Column::ServerQueueTimes => "server_queue_times",
            Column::ServerTtfts => "server_ttfts",
        }
    }

    /// Whether it is there without `--save-detailed` too.
    pub(super) fn always(self) -> bool {
        matches!(self, Column::Latencies | Column::QueueTimes)
    }

    /// Whether a run of this task has it.
    fn belongs_to(self, task: Task) -> bool {
        let of_all = [Column::InputLens, Column::Latencies, Column::QueueTimes, Column::Errors];
        task == Task::Generation || of_all.contains(&self)
    }

    /// Whether it comes from the server's own clocks, which few servers tell.
    pub(super) fn of_server(self) -> bool {
        matches!(self, Column::ServerQueueTimes | Column::ServerTtfts)
    }
}

/// Keys and entries in order of first insertion: setting a key again changes its entry where it stands.
#[derive(Debug, Default)]
pub(super) struct Keys(pub(super) Vec<(String, Entry)>);

impl Keys {
    /// The value of a key that is no array.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.0.iter().find_map(|(known, entry)| match entry {
            Entry::Value(value) if known == key => Some(value),
            _ => None,
        })
    }

    fn set(&mut self, key: &str, value: Value) {
        self.put(key, Entry::Value(value));
    }

    fn put(&mut self, key: &str, entry: Entry) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = entry,
            None => self.0.push((key.to_owned(), entry)),
        }
    }

    /// Every row of a section that has a key.
    fn set_all(&mut self, section: Section) {
        for row in section.rows {
            if let Some(key) = row.key {
                self.set(&key, row.value);
            }
        }
    }

    /// For keys that the reference does not know: a key of the user's own is left alone.
    fn add(&mut self, key: &str, value: Value) {
        if !self.0.iter().any(|(known, _)| known == key) {
            self.set(key, value);
        }
    }
}

impl Report<'_> {
    /// Writes the result: one line without an end. With `details`, the record file of the run, it has all arrays, if it is to have
    /// them.
    pub(in crate::report) fn json(&self, details: Option<&mut Reader>, out: &mut dyn Write) -> io::Result<()> {
        // What stands beside it may need details that it was asked to leave out.
        let details = details.filter(|_| self.detailed);
        let keys = self.keys(details.is_some());
        self.entries(keys.0.iter(), details, out)
    }

    /// Writes entries as an object.
    pub(super) fn entries<'a>(
        &self,
        entries: impl Iterator<Item = &'a (String, Entry)>,
        mut details: Option<&mut Reader>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        object(out, entries, |entry, out| match entry {
            Entry::Value(value) => value.write(out),
            Entry::Column(column) => self.column(*column, details.as_deref_mut(), out),
        })
    }

    pub(super) fn keys(&self, detailed: bool) -> Keys {
        let mut keys = Keys::default();
        identification(&self.run.setup, &mut keys);
        traffic(&self.run.setup, &mut keys);
        match self.run.setup.task {
            Task::Generation => self.counts(detailed, &mut keys),
            Task::Pooling => self.pooled_counts(detailed, &mut keys),
        }
        blocks::probes(self.metrics).into_iter().for_each(|section| keys.set_all(section));
        if let Some(changes) = rate_changes(&self.run.setup) {
            keys.set("rps_change_events", changes);
        }
        if let Some(section) = blocks::speculation(self.metrics) {
            keys.set_all(section);
            let rates = self.metrics.speculation.iter().flat_map(|speculation| &speculation.per_position);
            let rates = rates.map(|&rate| Value::Float(rate)).collect();
            keys.set("spec_decode_per_position_acceptance_rates", Value::List(rates));
        }
        blocks::diffusion(self.metrics).into_iter().for_each(|section| keys.set_all(section));
        self.latencies(&mut keys);
        // The reference takes these keys away at the end, whoever put them there.
        keys.0.retain(|(key, _)| detailed || !Column::ALL.iter().any(|column| column.key() == key && !column.always()));
        self.own(&mut keys);
        keys
    }

    fn counts(&self, detailed: bool, keys: &mut Keys) {
        let (counts, rates, peaks) = (&self.metrics.counts, &self.metrics.rates, &self.metrics.peaks);
        keys.set("duration", Value::Float(self.run.duration.as_secs_f64()));
        keys.set("completed", Value::Int(counts.completed));
        keys.set("failed", Value::Int(counts.failed));
        keys.set("total_input_tokens", Value::Int(counts.input_tokens));
        keys.set("total_output_tokens", Value::Int(counts.output_tokens));
        keys.set("request_throughput", Value::Float(rates.requests));
        keys.set("request_goodput", Value::maybe(rates.good));
        keys.set("output_throughput", Value::Float(rates.output_tokens));
        keys.set("total_token_throughput", Value::Float(rates.total_tokens));
        self.columns(detailed, keys);
        if self.run.knows(Part::Sent) {
            keys.set("max_output_tokens_per_s", Value::Float(peaks.chunks_in_a_bucket as f64));
            keys.set("max_concurrent_requests", Value::Int(peaks.concurrent_in_a_bucket));
        }
        keys.set("rtfx", Value::Float(rates.sound));
    }

    fn pooled_counts(&self, detailed: bool, keys: &mut Keys) {
        let (counts, rates) = (&self.metrics.counts, &self.metrics.rates);
        keys.set("duration", Value::Float(self.run.duration.as_secs_f64()));
        keys.set("completed", Value::Int(counts.completed));
        keys.set("total_input_tokens", Value::Int(counts.input_tokens));
        keys.set("total_input_sequences", Value::Int(counts.inputs));
        keys.set("request_throughput", Value::Float(rates.requests));
        keys.set("input_sequence_throughput", Value::Float(rates.inputs));
        keys.set("total_token_throughput", Value::Float(rates.input_tokens));
        self.columns(detailed, keys);
    }

    fn columns(&self, detailed: bool, keys: &mut Keys) {
        let (task, told) = (self.run.setup.task, self.run.server_times);
        let wanted =
            |column: &Column| (detailed || column.always()) && column.belongs_to(task) && (told || !column.of_server());
        for column in Column::ALL.into_iter().filter(wanted) {
            keys.put(column.key(), Entry::Column(column));
        }
    }

    fn latencies(&self, keys: &mut Keys) {
        for metric in self.shown() {
            let (summary, name) = (self.metrics.latency.metric(metric), metric.name());
            let ms = |seconds: f64| Value::Float(seconds * 1000.0);
            keys.set(&format!("mean_{name}_ms"), ms(summary.mean));
            keys.set(&format!("median_{name}_ms"), ms(summary.median));
            keys.set(&format!("std_{name}_ms"), ms(summary.std));
            for p in &self.asked.percentiles {
                keys.set(&format!("p{p}_{name}_ms"), ms(summary.percentile(*p).unwrap_or_default()));
            }
        }
    }

    fn own(&self, keys: &mut Keys) {
        for row in own::sections(self).into_iter().flat_map(|section| section.rows) {
            if let Some(key) = row.key {
                keys.add(&key, row.value);
            }
        }
        keys.add("steady_state", parts::steady_state(self));
        for (key, groups) in [("adapters", &self.metrics.adapters), ("by_target", &self.metrics.servers)] {
            if groups.is_empty() {
                continue;
            }
            keys.add(key, parts::group_values(self, groups));
        }
        if self.run.knows(Part::Classes) {
            self.failures(keys);
        }
        if let Some(proxy) = &self.run.setup.proxy {
            keys.add("proxy", Value::Text(proxy.clone()));
        }
        if !self.run.setup.command.is_empty() {
            keys.add("llmbench", self.program());
        }
        let warning = |doubt: &Doubt| {
            let entry = |key: &str, value: &str| (key.to_owned(), Value::Text(value.to_owned()));
            Value::Object(vec![entry("what", &doubt.what), entry("advice", &doubt.advice)])
        };
        keys.add("warnings", Value::List(self.verdict.doubts.iter().map(warning).collect()));
        // A figure that has no place above has one here.
        self.all_figures().for_each(|(figure, _)| keys.add(&figure.key(), Row::figure(figure, self.metrics).value));
    }

    /// What made the result: the program's version, its command line, and every setting as it came to be.
    fn program(&self) -> Value {
        let text = |text: &str| Value::Text(text.to_owned());
        let command = Value::List(self.run.setup.command.iter().map(|word| text(word)).collect());
        let entries = [
            ("version", text(env!("CARGO_PKG_VERSION"))),
            ("command", command),
            ("settings", Value::Object(self.run.setup.options.clone())),
        ];
        Value::Object(entries.map(|(key, value)| (key.to_owned(), value)).to_vec())
    }

    fn failures(&self, keys: &mut Keys) {
        let failures = &self.metrics.failures;
        let classes = failures.classes.iter().map(|(class, &count)| ((*class).to_owned(), Value::Int(count)));
        keys.add("failures", Value::Object(classes.collect()));
        let statuses = failures.statuses.iter().map(|(code, &count)| (code.to_string(), Value::Int(count)));
        keys.add("http_statuses", Value::Object(statuses.collect()));
    }

    fn column(&self, column: Column, details: Option<&mut Reader>, out: &mut dyn Write) -> io::Result<()> {
        let records = &self.run.records;
        let seconds = |out: &mut dyn Write, of: fn(&Record) -> f64| {
            list(out, records, |record, out| out.write_all(float(of(record)).as_bytes()))
        };
        match column {
            Column::InputLens => list(out, records, |record, out| write!(out, "{}", self.input_len(record))),
            Column::OutputLens => list(out, records, |record, out| write!(out, "{}", record.output_tokens)),
            Column::Ttfts => seconds(out, ttft),
            Column::Latencies => seconds(out, latency),
            Column::StartTimes => seconds(out, |record| record.sent.as_secs_f64()),
            Column::QueueTimes => seconds(out, queued),
            Column::Errors => {
                let errors = &self.run.errors;
                list(out, records, |record, out| out.write_all(text(errors.of(record.id)).as_bytes()))
            }
            Column::Itls | Column::GeneratedTexts | Column::ServerQueueTimes | Column::ServerTtfts => {
                detail(column, records, details, out)
            }
        }
    }

    /// The reference knows no input length of a request for vectors or scores that failed.
    fn input_len(&self, record: &Record) -> u32 {
        let unknown = self.run.setup.task == Task::Pooling && record.outcome != Outcome::Done;
        if unknown { 0 } else { record.input_tokens }
    }
}

/// The arrays that come from the record file; a request that is not there has no gaps, no text and no times of the server.
fn detail(column: Column, records: &[Record], mut details: Option<&mut Reader>, out: &mut dyn Write) -> io::Result<()> {
    list(out, records, |record, out| {
        let found = details.as_deref_mut().map(|details| finished(details, record.id)).transpose()?;
        let Finished { chunks, text: answer, server, .. } = found.unwrap_or_default();
        match column {
            Column::GeneratedTexts => out.write_all(text(&answer).as_bytes()),
            Column::ServerQueueTimes => Value::maybe(server.queue).write(out),
            Column::ServerTtfts => Value::maybe(server.ttft).write(out),
            _ => list(out, chunks.windows(2), |pair, out| {
                out.write_all(float(crate::measure::seconds(pair[1], pair[0])).as_bytes())
            }),
        }
    })
}

/// The reference gives a failed request no latency.
fn latency(record: &Record) -> f64 {
    if record.outcome == Outcome::Done { e2el(record) } else { 0.0 }
}

/// Date, backend, label, model, tokenizer and metadata, as every result begins with them.
pub(in crate::report) fn identity(setup: &Setup) -> Vec<(String, Value)> {
    let mut keys = Keys::default();
    identification(setup, &mut keys);
    let values = keys.0.into_iter().filter_map(|(key, entry)| match entry {
        Entry::Value(value) => Some((key, value)),
        Entry::Column(_) => None,
    });
    values.collect()
}

fn identification(setup: &Setup, keys: &mut Keys) {
    let text = |value: &str| Value::Text(value.to_owned());
    let maybe = |value: &Option<String>| value.as_deref().map_or(Value::Null, text);
    keys.set("date", Value::Text(setup.ended.strftime("%Y%m%d-%H%M%S").to_string()));
    keys.set("endpoint_type", text(&setup.backend));
    keys.set("backend", text(&setup.backend));
    keys.set("label", maybe(&setup.label));
    keys.set("model_id", text(&setup.model_id));
    keys.set("tokenizer_id", maybe(&setup.tokenizer_id));
    keys.set("num_prompts", Value::Int(setup.num_prompts));
    for (key, value) in &setup.metadata {
        keys.set(key, text(value));
    }
}

fn traffic(setup: &Setup, keys: &mut Keys) {
    // JSON has no infinity: the reference writes a text for the one, and a word that no parser takes for the other.
    let finite = |value: f64| if value.is_finite() { Value::Float(value) } else { Value::Text("inf".into()) };
    keys.set("request_rate", finite(setup.request_rate));
    keys.set("burstiness", finite(setup.burstiness));
    keys.set("max_concurrency", setup.max_concurrency.map_or(Value::Null, |limit| Value::Int(limit.into())));
    if let Some(ramp) = &setup.ramp {
        keys.set("ramp_up_strategy", Value::Text(ramp.strategy.name().into()));
        keys.set("ramp_up_start_rps", Value::Int(ramp.start.into()));
        keys.set("ramp_up_end_rps", Value::Int(ramp.end.into()));
    }
}

/// Local times without a zone, to the microsecond; `None` without a ramp, and of one whose course is not known.
fn rate_changes(setup: &Setup) -> Option<Value> {
    let change = |change: &RateChange| {
        let since = SignedDuration::from_nanos(change.at.nanos() as i64);
        let at = setup.started.saturating_add(since).strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string();
        Value::Object(vec![("rps".into(), Value::Int(change.rps.into())), ("timestamp".into(), Value::Text(at))])
    };
    let known = setup.ramp.filter(|_| !setup.rate_changes.is_empty());
    known.map(|_| Value::List(setup.rate_changes.iter().map(change).collect()))
}
