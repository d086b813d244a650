//! The rows that are ours: one table feeds both the console's sections and the keys of the result file.

use super::{Report, parts};
use crate::json::Value;
use crate::measure::{Basis, Chunks, Conversations, Summary};
use crate::record::Task;

/// Rows under one heading.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

/// One figure.
pub(super) struct Row {
    /// Its key in the result file; `None` if the file has it in another form.
    pub(super) key: Option<String>,
    /// Its label on the console; `None` if the console leaves it out.
    pub(super) label: Option<String>,
    pub(super) value: Value,
}

impl Row {
    pub(super) fn new(key: &str, label: &str, value: Value) -> Self {
        Row { key: Some(key.to_owned()), label: Some(label.to_owned()), value }
    }

    fn unlabelled(key: &str, value: Value) -> Self {
        Row { key: Some(key.to_owned()), label: None, value }
    }
}

/// Our sections, in order.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let schedule = &report.metrics.schedule;
    let mut from_due = spread("ttft_from_due", "TTFT from due", &schedule.ttft);
    if report.run.setup.task == Task::Pooling {
        from_due.clear();
    }
    from_due.extend(spread("e2el_from_due", "E2EL from due", &schedule.e2el));
    let mut sections = vec![
        Section { title: "Measured by llmbench", rows: load(report) },
        Section { title: "Latency from the Schedule", rows: from_due },
        Section { title: "Measurement Health", rows: health(report) },
    ];
    if let Some(found) = &report.metrics.conversations {
        sections.insert(1, Section { title: "Conversations", rows: conversations(report, found) });
    }
    sections.extend(parts::steady(report));
    sections.extend(parts::prefix_cache(report));
    if report.metrics.counts.failed > 0 {
        sections.push(Section { title: "Failures by Class", rows: failures(report) });
    }
    sections
}

fn load(report: &Report) -> Vec<Row> {
    let metrics = report.metrics;
    let mut rows = requests(report);
    if report.run.setup.task == Task::Pooling {
        return rows;
    }
    let Chunks { tokens, gap, token_time } = metrics.chunks;
    let several = metrics.chunks.hold_several_tokens();
    let ms = |seconds: Option<f64>| Value::maybe(seconds.map(|seconds| seconds * 1000.0));
    let peak = (metrics.counts.completed > 0).then_some(metrics.peaks.tokens_in_a_second);
    let chunks = [
        Row::new("peak_output_tokens_per_s", "Peak tokens in any second (tok/s):", Value::maybe(peak)),
        Row::new("mean_tokens_per_chunk", "Output tokens per chunk:", Value::maybe(tokens)),
        Row::new("mean_chunk_gap_ms", "Mean gap between chunks (ms):", ms(gap)),
        Row::new("mean_token_time_ms", "Mean time per token (ms):", ms(token_time)),
        Row::unlabelled("itl_basis", Value::Text(basis(metrics.latency.itl.basis).into())),
        Row::unlabelled("uncounted", Value::Int(report.run.uncounted)),
    ];
    let moot = |row: &Row| {
        !(several && gap.is_some()) && matches!(row.key.as_deref(), Some("mean_chunk_gap_ms" | "mean_token_time_ms"))
    };
    rows.extend(chunks.into_iter().map(|row| if moot(&row) { Row { label: None, ..row } } else { row }));
    rows
}

fn requests(report: &Report) -> Vec<Row> {
    let (run, metrics) = (report.run, report.metrics);
    let whole = run.planned == run.records.len() as u64;
    let planned = Row::new("planned", "Requests planned:", Value::Int(run.planned));
    let mut rows = vec![
        Row::unlabelled("partial", Value::Bool(run.partial)),
        if whole { Row { label: None, ..planned } } else { planned },
        Row::new("peak_in_flight", "Peak requests in flight:", Value::Int(metrics.peaks.in_flight)),
        Row::unlabelled("workload", Value::Text(format!("{:016x}", run.workload))),
    ];
    if report.run.setup.task == Task::Pooling {
        // The reference keeps it from the result of these tasks.
        rows.insert(0, Row::unlabelled("failed", Value::Int(metrics.counts.failed)));
    }
    rows
}

fn conversations(report: &Report, found: &Conversations) -> Vec<Row> {
    let Conversations { planned, completed, failed, turns, first_ttft, later_ttft } = found;
    let missing = report.run.planned - report.run.records.len() as u64;
    let mut rows = vec![
        Row::new("conversations_planned", "Conversations planned:", Value::Int(*planned)),
        Row::new("conversations_completed", "Conversations completed:", Value::Int(*completed)),
        Row::new("conversations_failed", "Conversations ended by a failed turn:", Value::Int(*failed)),
        Row::new("turns_not_started", "Turns not started:", Value::Int(missing)),
        Row::new("mean_turns", "Turns per conversation:", Value::Float(*turns)),
    ];
    rows.extend(spread("first_turn_ttft", "first-turn TTFT", first_ttft));
    rows.extend(spread("later_turn_ttft", "later-turn TTFT", later_ttft));
    rows
}

fn health(report: &Report) -> Vec<Row> {
    let (health, schedule) = (&report.run.health, &report.metrics.schedule);
    let mut rows = spread("send_lateness", "send lateness", &schedule.lateness);
    rows.extend(spread("connect_time", "connect time", &schedule.connect));
    rows.extend(spread("measurement_lag", "measurement lag", &schedule.lag));
    let mib = health.max_rss_bytes as f64 / f64::from(1 << 20);
    rows.extend([
        Row::unlabelled("kernel_stamps", Value::Bool(health.kernel_stamps)),
        Row::new("merged_chunks", "Merged chunks:", Value::Int(health.merged_chunks)),
        Row::new("stale_connections", "Stale connections:", Value::Int(health.stale_connections)),
        Row::new("clock_steps", "Clock steps:", Value::Int(health.clock_steps)),
        Row::new("client_cpu_seconds", "Client CPU time (s):", Value::Float(health.cpu_seconds)),
        Row::unlabelled("client_max_rss_bytes", Value::Int(health.max_rss_bytes)),
        Row { key: None, label: Some("Client memory, largest (MiB):".into()), value: Value::Float(mib) },
    ]);
    rows
}

/// Classes with their counts; the result file has them as objects, see [`super::result`].
fn failures(report: &Report) -> Vec<Row> {
    let failures = &report.metrics.failures;
    let row = |label: String, count: u64| Row { key: None, label: Some(label), value: Value::Int(count) };
    let mut rows = Vec::new();
    for (&class, &count) in &failures.classes {
        rows.push(row(format!("{class}:"), count));
        if class == "http_status" {
            rows.extend(failures.statuses.iter().map(|(code, &count)| row(format!("  {code}:"), count)));
        }
    }
    rows
}

/// Mean, median, 99th percentile and maximum in ms; null where there is no sample.
fn spread(key: &str, label: &str, summary: &Summary) -> Vec<Row> {
    let p = |p: f64| summary.percentile(p).unwrap_or_default();
    let figures = [("mean", summary.mean), ("p50", p(50.0)), ("p99", p(99.0)), ("max", summary.max)];
    let row = |(name, seconds): (&str, f64)| {
        let value = (!summary.is_empty()).then_some(seconds * 1000.0);
        let name_shown = name[..1].to_uppercase() + &name[1..];
        Row::new(&format!("{name}_{key}_ms"), &format!("{name_shown} {label} (ms):"), Value::maybe(value))
    };
    figures.into_iter().map(row).collect()
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Exact => "exact",
        Basis::Histogram => "histogram",
    }
}
