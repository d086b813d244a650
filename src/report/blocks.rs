//! The reference's blocks that only some runs have, as rows for console and result alike: probes, speculative decoding,
//! diffusion decoding.

use super::Report;
use super::own::{Row, Section};
use crate::json::Value;

/// The probes that ran beside, where one succeeded.
pub(super) fn probes(report: &Report) -> Option<Section> {
    let probes = report.metrics.probes.filter(|probes| probes.completed > 0)?;
    let ms = |seconds: f64| Value::Float(seconds * 1000.0);
    let rows = vec![
        Row::new("probe_completed", "Probe requests completed:", Value::Int(probes.completed)),
        Row::new("probe_failed", "Probe requests failed:", Value::Int(probes.failed)),
        Row::new("probe_median_e2el_ms", "Median probe E2EL (ms):", ms(probes.median)),
        Row::new("probe_p99_e2el_ms", "P99 probe E2EL (ms):", ms(probes.p99)),
        Row::new("probe_max_e2el_ms", "Max probe E2EL (ms):", ms(probes.max)),
    ];
    Some(Section { title: "Probe Requests", rows })
}

/// Speculative decoding, and the share of drafts whose token at each position was accepted.
pub(super) fn speculation<'a>(report: &Report<'a>) -> Option<(Section, &'a [f64])> {
    let speculation = report.metrics.speculation.as_ref()?;
    let rows = vec![
        Row::new("spec_decode_acceptance_rate", "Acceptance rate (%):", Value::Float(speculation.acceptance_rate)),
        Row::new("spec_decode_acceptance_length", "Acceptance length:", Value::Float(speculation.acceptance_length)),
        Row::new("spec_decode_num_drafts", "Drafts:", Value::Int(speculation.drafts)),
        Row::new("spec_decode_draft_tokens", "Draft tokens:", Value::Int(speculation.draft_tokens)),
        Row::new("spec_decode_accepted_tokens", "Accepted tokens:", Value::Int(speculation.accepted_tokens)),
    ];
    Some((Section { title: "Speculative Decoding", rows }, &speculation.per_position))
}

/// Diffusion decoding.
pub(super) fn diffusion(report: &Report) -> Option<Section> {
    let diffusion = report.metrics.diffusion?;
    let float = |key: &str, label: &str, value: f64| Row::new(key, label, Value::Float(value));
    let int = |key: &str, label: &str, value: u64| Row::new(key, label, Value::Int(value));
    let throughput = diffusion.committed_throughput;
    let rows = vec![
        float("diffusion_committed_throughput", "Committed throughput (tok/s):", throughput),
        float("diffusion_steps_per_canvas", "Denoising steps per canvas:", diffusion.steps_per_canvas),
        float("diffusion_committed_per_step", "Committed per denoising step:", diffusion.committed_per_step),
        int("diffusion_committed_tokens", "Committed tokens:", diffusion.committed_tokens),
        int("diffusion_denoising_steps", "Denoising steps:", diffusion.denoising_steps),
        int("diffusion_canvas_positions", "Canvas positions evaluated:", diffusion.canvas_positions),
    ];
    Some(Section { title: "Diffusion Decoding", rows })
}
