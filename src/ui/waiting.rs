//! What is said while a server is waited for: each answer that is new, and the same one less and less often.

use std::time::Duration;

/// The wait for one server.
#[derive(Debug, Default)]
pub struct Waiting {
    /// The last answer.
    cause: String,
    /// When it is said again.
    next: Duration,
}

impl Waiting {
    /// The line for an answer after so long, if it is to be said.
    pub fn line(&mut self, waited: Duration, cause: &str) -> Option<String> {
        if self.cause == cause && waited < self.next {
            return None;
        }
        cause.clone_into(&mut self.cause);
        self.next = waited + (waited / 2).clamp(Duration::from_secs(5), Duration::from_secs(60));
        Some(match waited.as_secs() {
            0 => format!("not ready yet: {cause}"),
            seconds => format!("not ready after {seconds} s: {cause}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_said_when_it_is_new_and_then_less_and_less_often() {
        let mut waiting = Waiting::default();
        let refused = |second: &u64| (90..95).contains(second);
        let said = (0..600).filter_map(|second: u64| {
            let cause = if refused(&second) { "503" } else { "refused" };
            waiting.line(Duration::from_secs(second), cause).map(|line| (second, line))
        });
        let said: Vec<(u64, String)> = said.collect();
        let seconds: Vec<u64> = said.iter().map(|(second, _)| *second).collect();
        assert_eq!(seconds, [0, 5, 10, 15, 23, 35, 53, 80, 90, 95, 143, 203, 263, 323, 383, 443, 503, 563]);
        assert_eq!(said[8].1, "not ready after 90 s: 503");
    }
}
