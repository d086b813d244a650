//! What a request must keep to for its work to count as good: limits in milliseconds. The flag is read in `args`.

/// Limits a request must keep, in milliseconds; equality passes. A limit that is not set is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Goal {
    /// Time to first token.
    pub ttft: Option<f64>,
    /// Time per output token after the first.
    pub tpot: Option<f64>,
    /// Mean gap between pieces of the answer.
    pub itl: Option<f64>,
    /// End-to-end latency.
    pub e2el: Option<f64>,
}

/// What a successful request took, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// Time to first token.
    pub ttft: f64,
    /// Time per output token after the first; 0 for an answer of one token.
    pub tpot: f64,
    /// Mean gap between pieces of the answer, (last - first) / (pieces - 1); 0 for an answer in one piece.
    pub itl: f64,
    /// End-to-end latency.
    pub e2el: f64,
}

impl Goal {
    /// Whether a request that took `taken` keeps every limit.
    pub fn is_met(&self, taken: Taken) -> bool {
        let keeps = |limit: Option<f64>, seconds: f64| limit.is_none_or(|limit| limit / 1000.0 >= seconds);
        let Goal { ttft, tpot, itl, e2el } = *self;
        keeps(ttft, taken.ttft) && keeps(tpot, taken.tpot) && keeps(itl, taken.itl) && keeps(e2el, taken.e2el)
    }

    /// The limit that goes by `key`, to be set; `None` if there is no such key.
    pub(super) fn limit(&mut self, key: &str) -> Option<&mut Option<f64>> {
        match key {
            "ttft" => Some(&mut self.ttft),
            "tpot" => Some(&mut self.tpot),
            "itl" => Some(&mut self.itl),
            "e2el" => Some(&mut self.e2el),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_just_reached_is_kept() {
        let goal = Goal { ttft: Some(250.0), tpot: Some(200.0), itl: Some(20.0), e2el: None };
        assert!(goal.is_met(Taken { ttft: 0.25, tpot: 0.2, itl: 0.02, e2el: 9.0 }));
        assert!(!goal.is_met(Taken { ttft: 0.2500001, tpot: 0.0, itl: 0.0, e2el: 0.3 }));
        assert!(!goal.is_met(Taken { ttft: 0.1, tpot: 0.3, itl: 0.0, e2el: 0.3 }));
        assert!(!goal.is_met(Taken { ttft: 0.1, tpot: 0.1, itl: 0.021, e2el: 0.3 }));
    }
}
