//! What a server says of itself in its counters, from before to after a run.

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
    /// Share of the drafts, 0 to 1, whose token at this position was accepted; positions ascend.
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
