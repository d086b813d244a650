//! The reference's blocks that only some runs have, as rows for console and result alike: probes, speculative decoding,
//! diffusion decoding.

use super::lines::Section;
use crate::report::Report;

/// The probes that ran beside, where one succeeded.
pub(super) fn probes(report: &Report) -> Option<Section> {
    let keys = ["probe_completed", "probe_failed", "probe_median_e2el_ms", "probe_p99_e2el_ms", "probe_max_e2el_ms"];
    Section::of("Probe Requests", &keys, report.metrics)
}

/// Speculative decoding, and the share of drafts whose token at each position was accepted.
pub(super) fn speculation<'a>(report: &Report<'a>) -> Option<(Section, &'a [f64])> {
    let keys = [
        "spec_decode_acceptance_rate",
        "spec_decode_acceptance_length",
        "spec_decode_num_drafts",
        "spec_decode_draft_tokens",
        "spec_decode_accepted_tokens",
    ];
    let section = Section::of("Speculative Decoding", &keys, report.metrics)?;
    Some((section, &report.metrics.speculation.as_ref()?.per_position))
}

/// Diffusion decoding.
pub(super) fn diffusion(report: &Report) -> Option<Section> {
    let keys = [
        "diffusion_committed_throughput",
        "diffusion_steps_per_canvas",
        "diffusion_committed_per_step",
        "diffusion_committed_tokens",
        "diffusion_denoising_steps",
        "diffusion_canvas_positions",
    ];
    Section::of("Diffusion Decoding", &keys, report.metrics)
}
