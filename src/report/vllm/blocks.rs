//! The reference's blocks that only some runs have, as rows for console and result alike: probes, speculative decoding,
//! diffusion decoding.

use super::lines::{Figures, Section};

/// The probes that ran beside, where one succeeded.
pub(super) fn probes(known: &impl Figures) -> Option<Section> {
    let keys = ["probe_completed", "probe_failed", "probe_median_e2el_ms", "probe_p99_e2el_ms", "probe_max_e2el_ms"];
    Section::of("Probe Requests", &keys, known)
}

/// Speculative decoding.
pub(super) fn speculation(known: &impl Figures) -> Option<Section> {
    let keys = [
        "spec_decode_acceptance_rate",
        "spec_decode_acceptance_length",
        "spec_decode_num_drafts",
        "spec_decode_draft_tokens",
        "spec_decode_accepted_tokens",
    ];
    Section::of("Speculative Decoding", &keys, known)
}

/// Diffusion decoding.
pub(super) fn diffusion(known: &impl Figures) -> Option<Section> {
    let keys = [
        "diffusion_committed_throughput",
        "diffusion_steps_per_canvas",
        "diffusion_committed_per_step",
        "diffusion_committed_tokens",
        "diffusion_denoising_steps",
        "diffusion_canvas_positions",
    ];
    Section::of("Diffusion Decoding", &keys, known)
}
