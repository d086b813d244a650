//! What people call figures: the reference's words on the console for those that it has, ours for the others.

use crate::measure::{Figure, Metric, Spread, Statistic};

/// Figures that are a number of their own, by their keys.
const PLAIN: [(&str, &str); 50] = [
    ("duration", "Benchmark duration"),
    ("planned", "Requests planned"),
    ("completed", "Successful requests"),
    ("failed", "Failed requests"),
    ("total_input_tokens", "Total input tokens"),
    ("total_output_tokens", "Total generated tokens"),
    ("total_input_sequences", "Total inputs"),
    ("request_throughput", "Request throughput"),
    ("input_sequence_throughput", "Input throughput"),
    ("request_goodput", "Request goodput"),
    ("output_throughput", "Output token throughput"),
    ("total_token_throughput", "Total token throughput"),
    ("max_output_tokens_per_s", "Peak output token throughput"),
    ("max_concurrent_requests", "Peak concurrent requests"),
    ("rtfx", "RTFx (Inverse Real-Time Factor)"),
    ("peak_in_flight", "Peak requests in flight"),
    ("peak_output_tokens_per_s", "Peak tokens in any second"),
    ("mean_tokens_per_chunk", "Output tokens per chunk"),
    ("mean_chunk_gap_ms", "Mean gap between chunks"),
    ("mean_token_time_ms", "Mean time per token"),
    ("uncounted", "Answers of uncounted length"),
    ("conversations_planned", "Conversations planned"),
    ("conversations_completed", "Conversations completed"),
    ("conversations_failed", "Conversations ended by a failed turn"),
    ("turns_not_started", "Turns not started"),
    ("mean_turns", "Turns per conversation"),
    ("probe_completed", "Probe requests completed"),
    ("probe_failed", "Probe requests failed"),
    ("probe_median_e2el_ms", "Median probe E2EL"),
    ("probe_p99_e2el_ms", "P99 probe E2EL"),
    ("probe_max_e2el_ms", "Max probe E2EL"),
    ("spec_decode_acceptance_rate", "Acceptance rate"),
    ("spec_decode_acceptance_length", "Acceptance length"),
    ("spec_decode_num_drafts", "Drafts"),
    ("spec_decode_draft_tokens", "Draft tokens"),
    ("spec_decode_accepted_tokens", "Accepted tokens"),
    ("diffusion_committed_throughput", "Committed throughput"),
    ("diffusion_steps_per_canvas", "Denoising steps per canvas"),
    ("diffusion_committed_per_step", "Committed per denoising step"),
    ("diffusion_committed_tokens", "Committed tokens"),
    ("diffusion_denoising_steps", "Denoising steps"),
    ("diffusion_canvas_positions", "Canvas positions evaluated"),
    ("prefix_cache_queries", "Prompt tokens looked up"),
    ("prefix_cache_hits", "Prompt tokens found"),
    ("prefix_cache_hit_rate", "Hit rate"),
    ("merged_chunks", "Merged chunks"),
    ("stale_connections", "Stale connections"),
    ("clock_steps", "Clock steps"),
    ("client_cpu_seconds", "Client CPU time"),
    ("client_max_rss_bytes", "Client memory, largest"),
];

/// What a figure is called, with its unit.
pub(in crate::report) fn label(figure: Figure) -> String {
    match figure.unit().name() {
        "" => name(figure),
        unit => format!("{} ({unit})", name(figure)),
    }
}

/// What a figure is called; one without a name goes by its key.
pub(in crate::report) fn name(figure: Figure) -> String {
    match figure {
        Figure::Plain(plain) => {
            let named = PLAIN.iter().find(|(key, _)| *key == plain.key);
            named.map_or(plain.key, |(_, name)| name).to_owned()
        }
        Figure::Latency(metric, of) => format!("{} {}", statistic(of), word(metric)),
        Figure::Spread(spread, of) => format!("{} {}", statistic(of), quantity(spread)),
    }
}

/// What stands over a latency's section.
pub(super) fn heading(metric: Metric) -> &'static str {
    match metric {
        Metric::Ttft => "Time to First Token",
        Metric::Tpot => "Time per Output Token (excl. 1st token)",
        Metric::Itl => "Inter-token Latency",
        Metric::E2el => "End-to-end Latency",
        Metric::ClientQueueTime => "Client-side Queueing",
        Metric::E2elIncludingClientQueue => "Queue-inclusive End-to-end Latency",
    }
}

/// What a latency is called.
pub(in crate::report) fn word(metric: Metric) -> &'static str {
    match metric {
        Metric::Ttft => "TTFT",
        Metric::Tpot => "TPOT",
        Metric::Itl => "ITL",
        Metric::E2el => "E2EL",
        Metric::ClientQueueTime => "Client Queue Time",
        Metric::E2elIncludingClientQueue => "E2EL incl. Client Queue",
    }
}

fn quantity(spread: Spread) -> &'static str {
    match spread {
        Spread::FirstTurnTtft => "first-turn TTFT",
        Spread::LaterTurnTtft => "later-turn TTFT",
        Spread::TtftFromDue => "from-due TTFT",
        Spread::E2elFromDue => "from-due E2EL",
        Spread::SendLateness => "send lateness",
        Spread::ConnectTime => "connect time",
        Spread::MeasurementLag => "measurement lag",
    }
}

/// A statistic with a capital letter.
fn statistic(statistic: Statistic) -> String {
    let name = statistic.to_string();
    name[..1].to_uppercase() + &name[1..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_a_figure() {
        for (key, named) in PLAIN {
            assert_eq!(name(key.parse().unwrap()), named);
        }
        assert_eq!(label("duration".parse().unwrap()), "Benchmark duration (s)");
        assert_eq!(label("p99.9_itl_ms".parse().unwrap()), "P99.9 ITL (ms)");
        assert_eq!(label("p50_ttft_from_due_ms".parse().unwrap()), "P50 from-due TTFT (ms)");
    }
}
