//! What the measuring itself went through: a run's health comes in, the client's own figures go out. None is the server's.

use crate::record::Health;

/// The client's own figures.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Client {
    /// Pieces of output that shared a read with a later one of the same answer.
    pub merged_chunks: u64,
    /// Reused connections that the server had closed.
    pub stale_connections: u64,
    /// Reads whose wall-clock stamp could not be true.
    pub clock_steps: u64,
    /// CPU time while the clock ran, in seconds.
    pub cpu_seconds: f64,
    /// Largest resident memory, in bytes.
    pub max_rss_bytes: u64,
}

impl Client {
    /// The figures of a run of this health.
    pub(super) fn of(health: &Health) -> Self {
        Client {
            merged_chunks: health.merged_chunks,
            stale_connections: health.stale_connections,
            clock_steps: health.clock_steps,
            cpu_seconds: health.cpu_seconds,
            max_rss_bytes: health.max_rss_bytes,
        }
    }
}
