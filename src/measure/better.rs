//! Which way a figure is better, by its key in the result file.

/// The better of two values of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The larger one.
    More,
    /// The smaller one.
    Less,
}

/// Keys that no rule finds, and which way they are better.
const SINGLE: [(&str, Better); 13] = [
    ("rtfx", Better::More),
    ("probe_completed", Better::More),
    ("probe_failed", Better::Less),
    ("conversations_completed", Better::More),
    ("conversations_failed", Better::Less),
    ("turns_not_started", Better::Less),
    ("completed", Better::More),
    ("failed", Better::Less),
    ("duration", Better::Less),
    ("uncounted", Better::Less),
    ("merged_chunks", Better::Less),
    ("clock_steps", Better::Less),
    ("client_cpu_seconds", Better::Less),
];

/// Parts of keys of figures that are the better the larger they are.
const MORE: [&str; 6] =
    ["throughput", "goodput", "output_tokens_per_s", "acceptance", "committed_per_step", "hit_rate"];

/// Which way the figure `key` is better; `None` where neither is: a setting, or a property of the requests.
pub fn better(key: &str) -> Option<Better> {
    if let Some((_, better)) = SINGLE.iter().find(|(single, _)| *single == key) {
        return Some(*better);
    }
    if MORE.iter().any(|part| key.contains(part)) {
        return Some(Better::More);
    }
    key.ends_with("_ms").then_some(Better::Less)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throughput_goes_up_and_latency_down() {
        for key in
            ["request_throughput", "output_throughput", "request_goodput", "peak_output_tokens_per_s", "completed"]
        {
            assert_eq!(better(key), Some(Better::More), "{key}");
        }
        for key in ["mean_ttft_ms", "p99_itl_ms", "std_e2el_ms", "failed", "duration", "max_send_lateness_ms"] {
            assert_eq!(better(key), Some(Better::Less), "{key}");
        }
        for key in ["num_prompts", "request_rate", "total_input_tokens", "peak_in_flight", "max_concurrency"] {
            assert_eq!(better(key), None, "{key}");
        }
    }
}
