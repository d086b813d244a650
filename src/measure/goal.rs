//! What a request must keep to for its work to count as good: limits in milliseconds.

use crate::error::{Error, Result};

/// Limits a request must keep, in milliseconds; equality passes. A limit that is not set is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Goal {
    /// Time to first token.
    pub ttft: Option<f64>,
    /// Time per output token after the first.
    pub tpot: Option<f64>,
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
    /// End-to-end latency.
    pub e2el: f64,
}

impl Goal {
    /// Whether a request that took `taken` keeps every limit.
    pub fn is_met(&self, taken: Taken) -> bool {
        let keeps = |limit: Option<f64>, seconds: f64| limit.is_none_or(|limit| limit / 1000.0 >= seconds);
        keeps(self.ttft, taken.ttft) && keeps(self.tpot, taken.tpot) && keeps(self.e2el, taken.e2el)
    }

    /// Reads items such as `ttft:250`; of two for one key the later one holds.
    ///
    /// # Errors
    /// If an item is not `KEY:MILLISECONDS`, its key is unknown, or its limit is negative or no number.
    pub fn parse(items: &[String]) -> Result<Self> {
        let mut goal = Goal::default();
        for item in items {
            let refuse = |cause: String, hint: &str| Error::new(format!("`--goodput {item}`: {cause}")).hint(hint);
            let (key, limit) = item
                .split_once(':')
                .filter(|(_, limit)| !limit.contains(':'))
                .ok_or_else(|| refuse("not of the form KEY:MILLISECONDS".into(), "write, say, `ttft:250`"))?;
            let milliseconds: f64 = limit
                .trim()
                .parse()
                .map_err(|_| refuse(format!("`{limit}` is not a number"), "write milliseconds, as in `ttft:250`"))?;
            if milliseconds.is_nan() || milliseconds < 0.0 {
                let cause = format!("the limit {milliseconds} can never be kept");
                return Err(refuse(cause, "give a limit of 0 ms or more"));
            }
            let slot = match key.trim() {
                "ttft" => &mut goal.ttft,
                "tpot" => &mut goal.tpot,
                "e2el" => &mut goal.e2el,
                other => return Err(refuse(format!("unknown key `{other}`"), "use `ttft`, `tpot` or `e2el`")),
            };
            *slot = Some(milliseconds);
        }
        Ok(goal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(items: &[&str]) -> Result<Goal> {
        Goal::parse(&items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_later_of_two_limits_holds() {
        let goal = parse(&["ttft:250", "tpot: 20.5 ", "ttft:1e2"]).unwrap();
        assert_eq!(goal, Goal { ttft: Some(100.0), tpot: Some(20.5), e2el: None });
    }

    #[test]
    fn items_that_make_no_goal_are_refused_by_name() {
        for item in ["ttft", "ttft:1:2", "ttft:fast", "itl:20", "ttft:-1", "ttft:nan", ":5", ""] {
            let error = parse(&[item]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`--goodput {item}`: ")), "{error}");
            assert!(error.advice().is_some());
        }
    }

    #[test]
    fn a_limit_that_is_just_reached_is_kept() {
        let goal = Goal { ttft: Some(250.0), tpot: Some(200.0), e2el: None };
        assert!(goal.is_met(Taken { ttft: 0.25, tpot: 0.2, e2el: 9.0 }));
        assert!(!goal.is_met(Taken { ttft: 0.2500001, tpot: 0.0, e2el: 0.3 }));
        assert!(!goal.is_met(Taken { ttft: 0.1, tpot: 0.3, e2el: 0.3 }));
    }
}
