//! The six latencies that the reference knows: their names, and which of them a list of names asks for.

use crate::error::{Error, Result};
use crate::record::Task;

/// A latency that can be asked for by name, in the order in which reports show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Time to first token: first output - sent.
    Ttft,
    /// Time per output token after the first: (E2EL - TTFT) / (output tokens - 1), of answers with more than one token.
    Tpot,
    /// Inter-token latency: the gaps between pieces of output, of all answers.
    Itl,
    /// End-to-end latency: last output - sent.
    E2el,
    /// How long a request waited in the client: sent - due.
    ClientQueueTime,
    /// End-to-end latency with that wait.
    E2elIncludingClientQueue,
}

impl Metric {
    /// All of them, in the order in which reports show them.
    pub const ALL: [Metric; 6] = [
        Metric::Ttft,
        Metric::Tpot,
        Metric::Itl,
        Metric::E2el,
        Metric::ClientQueueTime,
        Metric::E2elIncludingClientQueue,
    ];

    /// Those that are shown when nobody asks for others.
    pub fn default_of(task: Task) -> Vec<Metric> {
        match task {
            Task::Generation => vec![Metric::Ttft, Metric::Tpot, Metric::Itl],
            Task::Pooling => vec![Metric::E2el],
        }
    }

    /// The name on the command line and in the keys of the result.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Ttft => "ttft",
            Metric::Tpot => "tpot",
            Metric::Itl => "itl",
            Metric::E2el => "e2el",
            Metric::ClientQueueTime => "client_queue_time",
            Metric::E2elIncludingClientQueue => "e2el_including_client_queue",
        }
    }

    /// Those named in a comma-separated list, in the order of reports; those of the task if it names none.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn parse_list(list: &str, task: Task) -> Result<Vec<Metric>> {
        let mut asked = Vec::new();
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let known = Metric::ALL.into_iter().find(|metric| metric.name() == name);
            asked.push(known.ok_or_else(|| {
                Error::new(format!("`--percentile-metrics {list}`: unknown metric `{name}`"))
                    .hint(format!("use one or more of {}", Metric::ALL.map(Metric::name).join(", ")))
            })?);
        }
        if asked.is_empty() {
            return Ok(Metric::default_of(task));
        }
        asked.sort_unstable();
        asked.dedup();
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_names_do_not_drop_a_metric() {
        assert_eq!(Metric::parse_list("e2el, ttft ,e2el", Task::Generation).unwrap(), [Metric::Ttft, Metric::E2el]);
    }

    #[test]
    fn an_empty_list_means_the_default() {
        let shown = [Metric::Ttft, Metric::Tpot, Metric::Itl];
        assert_eq!(Metric::parse_list("", Task::Generation).unwrap(), shown);
        assert_eq!(Metric::parse_list("", Task::Pooling).unwrap(), [Metric::E2el]);
    }

    #[test]
    fn an_unknown_metric_is_refused_with_the_known_ones() {
        let error = Metric::parse_list("ttft,latency", Task::Pooling).unwrap_err();
        assert_eq!(error.to_string(), "`--percentile-metrics ttft,latency`: unknown metric `latency`");
        assert!(error.advice().unwrap().contains("ttft, tpot, itl, e2el, client_queue_time"));
    }
}
