//! `/metrics`: the counters that vLLM exports, under its names, in Prometheus' text form. What the simulated engine claims of
//! speculative and diffusion decoding follows from the output tokens, so that a test can tell each counter.

use super::config::{Canvas, Config, Speculation};
use super::stats::Stats;

/// The page for these settings and this account.
pub(super) fn page(config: &Config, stats: &Stats) -> String {
    let mut page = Page { text: String::new(), label: serde_json::Value::from(config.model.as_str()).to_string() };
    page.row("num_requests_running", "gauge", stats.running);
    page.row("num_requests_waiting", "gauge", stats.waiting);
    page.row("prompt_tokens_total", "counter", stats.prompt_tokens);
    page.row("generation_tokens_total", "counter", stats.tokens);
    page.row("request_success_total", "counter", stats.finished);
    if config.engine.prefix_blocks.is_some() {
        page.row("prefix_cache_queries_total", "counter", stats.prefix_queries);
        page.row("prefix_cache_hits_total", "counter", stats.prefix_hits);
    }
    if let Some(speculation) = config.engine.speculation {
        page.speculation(speculation, stats.tokens);
    }
    if let Some(canvas) = config.engine.canvas {
        page.canvas(canvas, stats.tokens);
    }
    page.text
}

struct Page {
    text: String,
    label: String,
}

impl Page {
    fn row(&mut self, name: &str, kind: &str, value: u64) {
        let label = &self.label;
        self.text += &format!("# TYPE vllm:{name} {kind}\nvllm:{name}{{engine=\"0\",model_name={label}}} {value}.0\n");
    }

    /// Each draft brings its accepted tokens and one more: `tokens ÷ (1 + draft × rate)` drafts, each position accepted in
    /// that share of them.
    fn speculation(&mut self, Speculation { draft, rate }: Speculation, tokens: u64) {
        let drafts = (tokens as f64 / (1.0 + f64::from(draft) * rate)).floor();
        let accepted = (drafts * rate).floor() as u64;
        let drafts = drafts as u64;
        self.row("spec_decode_num_drafts_total", "counter", drafts);
        self.row("spec_decode_num_draft_tokens_total", "counter", drafts * u64::from(draft));
        self.row("spec_decode_num_accepted_tokens_total", "counter", accepted * u64::from(draft));
        let name = "vllm:spec_decode_num_accepted_tokens_per_pos";
        self.text += &format!("# TYPE {name} counter\n");
        for position in 0..draft {
            let label = &self.label;
            self.text +=
                &format!("{name}_total{{engine=\"0\",model_name={label},position=\"{position}\"}} {accepted}.0\n");
        }
    }

    /// A canvas of so many positions is denoised in so many steps; one step more commits it.
    fn canvas(&mut self, Canvas { positions, steps }: Canvas, tokens: u64) {
        let canvases = tokens / u64::from(positions);
        let all_steps = canvases * (u64::from(steps) + 1);
        self.row("diffusion_num_denoising_steps_total", "counter", all_steps);
        self.row("diffusion_num_canvas_positions_total", "counter", all_steps * u64::from(positions));
        self.row("diffusion_num_committed_tokens_total", "counter", canvases * u64::from(positions));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::config::Engine;

    fn value(page: &str, name: &str) -> Option<f64> {
        let line = page.lines().find(|line| line.starts_with(&format!("vllm:{name}{{")))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    #[test]
    fn a_plain_engine_counts_requests_and_tokens() {
        let page = page(&Config::default(), &Stats { tokens: 7, ..Stats::default() });
        assert!(page.contains("vllm:generation_tokens_total{engine=\"0\",model_name=\"sim\"} 7.0\n"), "{page}");
        assert!(!page.contains("prefix") && !page.contains("spec") && !page.contains("diffusion"));
    }

    #[test]
    fn what_an_engine_claims_follows_from_its_tokens() {
        let speculation = Some(Speculation { draft: 4, rate: 0.5 });
        let canvas = Some(Canvas { positions: 32, steps: 8 });
        let engine = Engine { prefix_blocks: Some(9), speculation, canvas, ..Engine::default() };
        let config = Config { engine, ..Config::default() };
        let page = page(&config, &Stats { tokens: 320, prefix_queries: 100, prefix_hits: 64, ..Stats::default() });
        let value = |name| value(&page, name).unwrap();
        assert_eq!((value("prefix_cache_queries_total"), value("prefix_cache_hits_total")), (100.0, 64.0));
        assert_eq!(value("spec_decode_num_drafts_total"), 106.0);
        assert_eq!(value("spec_decode_num_draft_tokens_total"), 424.0);
        assert_eq!(value("spec_decode_num_accepted_tokens_total"), 212.0);
        assert_eq!(page.matches("accepted_tokens_per_pos_total").count(), 4);
        assert_eq!(value("diffusion_num_denoising_steps_total"), 90.0);
        assert_eq!(value("diffusion_num_committed_tokens_total"), 320.0);
    }
}
