//! What a server says of itself in its counters: a run with those before and after it comes in, what happened in between goes
//! out. The counters are the whole server's: other clients' requests are in them too.

use crate::record::Run;
use crate::record::counters::Drafts;

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
    /// Share of the drafts, 0 to 1, whose token at the position of this index was accepted; empty without drafts.
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

impl Speculation {
    /// What was drafted during `run`; `None` where no token was, where a page says nothing of it, or where the server began anew.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let (before, after) = run.counted.as_ref()?;
        let (before, after) = (before.speculation.as_ref()?, after.speculation.as_ref()?);
        let draft_tokens = after.tokens.checked_sub(before.tokens).filter(|&tokens| tokens > 0)?;
        let drafts = after.drafts.checked_sub(before.drafts)?;
        let accepted_tokens = after.accepted.checked_sub(before.accepted)?;
        let a_draft = |tokens: u64| tokens as f64 / drafts as f64;
        let at = |position: usize| {
            let count = |of: &Drafts| of.per_position.get(&position).copied().unwrap_or(0);
            a_draft(count(after).saturating_sub(count(before)))
        };
        let positions = after.per_position.keys().last().map_or(0, |last| last + 1);
        Some(Speculation {
            acceptance_rate: accepted_tokens as f64 / draft_tokens as f64 * 100.0,
            acceptance_length: if drafts > 0 { 1.0 + a_draft(accepted_tokens) } else { 0.0 },
            drafts,
            draft_tokens,
            accepted_tokens,
            per_position: if drafts > 0 { (0..positions).map(at).collect() } else { Vec::new() },
        })
    }
}

impl Diffusion {
    /// What was decoded during `run`. A canvas has `positions ÷ steps` tokens and takes one step more to be committed; where that
    /// makes no sense (nothing committed, no positions, no step left over) there is nothing to tell.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let (before, after) = run.counted.as_ref()?;
        let (before, after) = (before.diffusion?, after.diffusion?);
        let steps = after.steps.checked_sub(before.steps)?;
        let positions = after.positions.checked_sub(before.positions)?;
        let committed = after.committed.checked_sub(before.committed)?;
        if steps == 0 || positions == 0 || committed == 0 {
            return None;
        }
        let canvases = committed as f64 / (positions as f64 / steps as f64);
        let denoising = steps as f64 - canvases;
        let seconds = run.duration.as_secs_f64();
        (denoising > 0.0).then(|| Diffusion {
            committed_throughput: if seconds > 0.0 { committed as f64 / seconds } else { 0.0 },
            steps_per_canvas: denoising / canvases,
            committed_per_step: committed as f64 / denoising,
            committed_tokens: committed,
            denoising_steps: denoising.round() as u64,
            canvas_positions: positions,
        })
    }
}

impl PrefixCache {
    /// Found of all that was looked up, in percent; `None` where nothing was.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.queries > 0).then(|| self.hits as f64 / self.queries as f64 * 100.0)
    }

    /// What was looked up during `run`; `None` where nothing was, where a page says nothing of it, or where the server began anew.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let (before, after) = run.counted.as_ref()?;
        let (before, after) = (before.prefix_cache?, after.prefix_cache?);
        let queries = after.queries.checked_sub(before.queries).filter(|&queries| queries > 0)?;
        // More cannot be found than was looked up: such counters count something else.
        let hits = after.hits.checked_sub(before.hits).filter(|&hits| hits <= queries)?;
        Some(PrefixCache { queries, hits })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, Metrics, metrics};
    use super::*;
    use crate::record::{Counters, Tick};

    /// What two pages tell of a run of two seconds.
    fn told(before: &str, after: &str) -> Metrics {
        let counted = Some((Counters::parse(before), Counters::parse(after)));
        let run = Run { counted, duration: Tick::from_secs_f64(2.0), ..Run::default() };
        metrics(&run, &Asked::default())
    }

    fn drafts(drafts: u64, tokens: u64, accepted: u64, positions: &[(usize, u64)]) -> String {
        let mut page = format!(
            "# TYPE vllm:spec_decode_num_drafts counter\n\
             vllm:spec_decode_num_drafts_total{{engine=\"0\"}} {drafts}.0\n\
             vllm:spec_decode_num_drafts_created{{engine=\"0\"}} 1.7e9\n\
             vllm:spec_decode_num_draft_tokens_total{{engine=\"0\"}} {tokens}\n\
             vllm:spec_decode_num_accepted_tokens_total{{engine=\"0\"}} {accepted}\n"
        );
        for (position, count) in positions {
            page += &format!("vllm:spec_decode_num_accepted_tokens_per_pos_total{{position=\"{position}\"}} {count}\n");
        }
        page
    }

    fn canvases(steps: u64, positions: u64, committed: u64) -> String {
        format!(
            "vllm:diffusion_num_denoising_steps_total {steps}\nvllm:diffusion_num_canvas_positions_total {positions}\n\
             vllm:diffusion_num_committed_tokens_total {committed}\n"
        )
    }

    #[test]
    fn speculation_is_what_was_drafted_in_between() {
        let before = drafts(100, 400, 200, &[(0, 80), (1, 60)]);
        let metrics = told(&before, &drafts(200, 800, 500, &[(0, 170), (1, 120), (2, 30)]));
        let expected = Speculation {
            acceptance_rate: 75.0,
            acceptance_length: 4.0,
            drafts: 100,
            draft_tokens: 400,
            accepted_tokens: 300,
            per_position: vec![0.9, 0.6, 0.3],
        };
        assert_eq!(metrics.speculation, Some(expected));
        assert_eq!((metrics.diffusion, metrics.prefix_cache), (None, None));
    }

    #[test]
    fn a_gap_in_the_positions_keeps_the_later_ones_in_their_places() {
        let metrics = told(&drafts(0, 0, 0, &[]), &drafts(10, 40, 20, &[(0, 10), (3, 5)]));
        assert_eq!(metrics.speculation.unwrap().per_position, [1.0, 0.0, 0.0, 0.5]);
        let wild = drafts(10, 40, 20, &[(0, 10), (usize::MAX, 5)]);
        assert_eq!(told(&drafts(0, 0, 0, &[]), &wild).speculation.unwrap().per_position, [1.0]);
    }

    #[test]
    fn without_drafts_there_is_no_length_and_no_position() {
        let metrics = told(&drafts(5, 0, 0, &[(0, 1)]), &drafts(5, 10, 5, &[(0, 2)]));
        let speculation = metrics.speculation.unwrap();
        assert_eq!((speculation.acceptance_rate, speculation.acceptance_length), (50.0, 0.0));
        assert!(speculation.per_position.is_empty());
    }

    #[test]
    fn counters_that_stand_still_go_back_contradict_or_are_missing_tell_nothing() {
        let (few, many) = (drafts(1, 4, 2, &[]), drafts(9, 36, 18, &[]));
        for (before, after) in [(&few, &few), (&many, &few), (&String::new(), &many), (&many, &String::new())] {
            assert_eq!(told(before, after).speculation, None);
        }
        let (few, many) = ("vllm:prefix_cache_queries_total 5\n", "vllm:prefix_cache_queries_total 50\n");
        assert_eq!(told(few, few).prefix_cache, None);
        assert_eq!(told(many, few).prefix_cache, None);
        let beyond = format!("{many}vllm:prefix_cache_hits_total 46\n");
        assert_eq!(told(few, &beyond).prefix_cache, None);
    }

    #[test]
    fn diffusion_tells_the_steps_of_a_canvas() {
        // Ten canvases of 32 tokens, each denoised in eight steps and committed in one.
        let metrics = told(&canvases(9, 288, 32), &canvases(99, 3_168, 352));
        let expected = Diffusion {
            committed_throughput: 160.0,
            steps_per_canvas: 8.0,
            committed_per_step: 4.0,
            committed_tokens: 320,
            denoising_steps: 80,
            canvas_positions: 2_880,
        };
        assert_eq!(metrics.diffusion, Some(expected));
    }

    #[test]
    fn diffusion_that_makes_no_sense_divides_by_nothing() {
        let zero = canvases(0, 0, 0);
        for after in [canvases(10, 0, 5), canvases(10, 320, 0), canvases(0, 320, 5), canvases(10, 320, 320)] {
            assert_eq!(told(&zero, &after).diffusion, None, "{after}");
        }
    }

    #[test]
    fn the_prefix_cache_is_summed_over_engines() {
        let page = |n: u64| {
            format!(
                "vllm:prefix_cache_queries_total{{engine=\"0\"}} {}\nvllm:prefix_cache_queries_total{{engine=\"1\"}} {n}\n\
                 vllm:prefix_cache_hits_total{{engine=\"0\"}} {n}\nvllm:external_prefix_cache_hits_total 7{n}\n",
                2 * n
            )
        };
        assert_eq!(told(&page(1), &page(101)).prefix_cache, Some(PrefixCache { queries: 300, hits: 100 }));
    }
}
