//! The rows that are ours: one table feeds both the console's sections and the keys of the result file.

use super::lines::{Row, Section, figures};
use super::parts;
use crate::json::Value;
use crate::measure::{Basis, FAILED, Figure, Metrics, Spread};
use crate::record::{Part, Task};
use crate::report::Report;

/// Our sections, in order.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let mut from_due = spread(Spread::TtftFromDue, report.metrics);
    if report.run.setup.task == Task::Pooling {
        from_due.clear();
    }
    from_due.extend(spread(Spread::E2elFromDue, report.metrics));
    let mut sections = vec![Section { title: "Measured by llmbench", rows: load(report) }];
    sections.extend(conversations(report.metrics));
    if report.run.knows(Part::Due) && report.run.has_schedule() {
        sections.push(Section { title: "Latency from the Schedule", rows: from_due });
    } else if report.run.knows(Part::Due) {
        // Without a schedule the keys are there, and null.
        sections[0].rows.extend(from_due.into_iter().map(Row::unlabelled));
    }
    sections.extend(report.run.knows(Part::Health).then(|| health(report)));
    sections.extend(parts::steady(report));
    sections.extend(prefix_cache(report));
    if report.metrics.counts.failed > 0 && report.run.knows(Part::Classes) {
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
    rows.extend(figures(&["peak_output_tokens_per_s", "mean_tokens_per_chunk"], metrics));
    // Where a chunk holds one token, ITL says what these say.
    let moot = !(metrics.chunks.hold_several_tokens() && metrics.chunks.gap.is_some());
    let times = figures(&["mean_chunk_gap_ms", "mean_token_time_ms"], metrics);
    rows.extend(times.into_iter().map(|row| if moot { row.unlabelled() } else { row }));
    rows.push(Row::keyed("itl_basis", Value::Text(basis(metrics.latency.itl.basis).into())));
    rows.extend(figures(&["uncounted"], metrics).into_iter().map(Row::unlabelled));
    let answers = &report.run.answers;
    let reasons = answers.reasons.iter().map(|(reason, &count)| (reason.clone(), Value::Int(count)));
    if !answers.reasons.is_empty() {
        rows.push(Row::keyed("finish_reasons", Value::Object(reasons.collect())));
        rows.push(Row::keyed("short_answers", Value::Int(answers.short)));
    }
    rows.push(Row::keyed("mistyped_streams", Value::Int(answers.mistyped)));
    rows.push(Row::keyed("open_ends", Value::Int(answers.open)));
    rows.extend(answers.cached_tokens.map(|cached| Row::keyed("total_cached_tokens", Value::Int(cached))));
    rows
}

fn requests(report: &Report) -> Vec<Row> {
    let (run, metrics) = (report.run, report.metrics);
    let whole = run.planned == run.records.len() as u64;
    let (failed, all) = (metrics.counts.failed as f64, run.records.len() as f64);
    let mut rows =
        vec![Row::keyed("partial", Value::Bool(run.partial)), Row::keyed("gave_up", Value::Bool(run.gave_up))];
    rows.push(Row::keyed("failed_share", if all > 0.0 { Value::Float(failed / all) } else { Value::Null }));
    let planned = figures(&["planned"], metrics);
    rows.extend(planned.into_iter().map(|row| if whole { row.unlabelled() } else { row }));
    rows.extend(figures(&["peak_in_flight"], metrics));
    rows.push(Row::keyed("overdue_not_started", Value::Int(run.overdue.requests)));
    let overdue = || Row::labelled("Overdue and never started", Value::Int(run.overdue.requests));
    rows.extend((run.overdue.requests > 0).then(overdue));
    let workload = || Row::keyed("workload", Value::Text(format!("{:016x}", run.workload)));
    rows.extend(run.knows(Part::Workload).then(workload));
    if run.setup.task == Task::Pooling {
        // The reference keeps it from the result of these tasks.
        rows.insert(0, Row::figure(Figure::Plain(&FAILED), metrics).unlabelled());
    }
    rows
}

fn conversations(metrics: &Metrics) -> Option<Section> {
    let keys =
        ["conversations_planned", "conversations_completed", "conversations_failed", "turns_not_started", "mean_turns"];
    let mut section = Section::of("Conversations", &keys, metrics)?;
    section.rows.extend(spread(Spread::FirstTurnTtft, metrics));
    section.rows.extend(spread(Spread::LaterTurnTtft, metrics));
    Some(section)
}

fn health(report: &Report) -> Section {
    let (health, metrics) = (&report.run.health, report.metrics);
    let mut rows = spread(Spread::SendLateness, metrics);
    rows.extend(spread(Spread::ConnectTime, metrics));
    rows.extend(spread(Spread::MeasurementLag, metrics));
    rows.push(Row::keyed("kernel_stamps", Value::Bool(health.kernel_stamps)));
    rows.extend(figures(&["merged_chunks", "stale_connections", "clock_steps", "client_cpu_seconds"], metrics));
    rows.extend(figures(&["client_max_rss_bytes"], metrics).into_iter().map(Row::unlabelled));
    let mib = health.max_rss_bytes as f64 / f64::from(1 << 20);
    rows.push(Row::labelled("Client memory, largest (MiB)", Value::Float(mib)));
    Section { title: "Measurement Health", rows }
}

/// What the server's prefix cache gave, where it counts.
fn prefix_cache(report: &Report) -> Option<Section> {
    let keys = ["prefix_cache_queries", "prefix_cache_hits", "prefix_cache_hit_rate"];
    Section::of("Prefix Cache of the Server", &keys, report.metrics)
}

/// Classes with their counts; the result file has them as objects, see [`super::json`].
fn failures(report: &Report) -> Vec<Row> {
    let failures = &report.metrics.failures;
    let mut rows = Vec::new();
    for (&class, &count) in &failures.classes {
        rows.push(Row::labelled(class, Value::Int(count)));
        if class == "http_status" {
            let row = |(code, &count): (&u16, &u64)| Row::labelled(format!("  {code}"), Value::Int(count));
            rows.extend(failures.statuses.iter().map(row));
        }
    }
    rows
}

/// Mean, median, 99th percentile and maximum in ms; null where there is no sample.
fn spread(spread: Spread, metrics: &Metrics) -> Vec<Row> {
    Figure::of_spread(spread).into_iter().map(|figure| Row::figure(figure, metrics)).collect()
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Exact => "exact",
        Basis::Histogram => "histogram",
    }
}
