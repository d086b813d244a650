//! How many failures a run may have: a count or a share of what is planned.

use std::str::FromStr;

/// The most failures that a run may have, as the user gives them: `20`, or `5%` of its requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFailures {
    /// So many requests.
    Count(u64),
    /// So many of a hundred requests.
    Percent(f64),
}

impl MaxFailures {
    /// Where nothing is said, a run of which more than half has failed did not work.
    pub const HALF: MaxFailures = MaxFailures::Percent(50.0);

    /// How many of `planned` requests may fail.
    pub fn of(self, planned: u64) -> u64 {
        match self {
            MaxFailures::Count(count) => count,
            MaxFailures::Percent(percent) => (planned as f64 * percent / 100.0).floor() as u64,
        }
    }
}

impl FromStr for MaxFailures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "give a number of requests such as 20, or a share of them such as 5%".to_owned();
        match text.trim().strip_suffix('%') {
            Some(share) => {
                let percent = share.trim().parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
                percent.map(MaxFailures::Percent).ok_or_else(wrong)
            }
            None => text.trim().parse().map(MaxFailures::Count).map_err(|_| wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_count_or_a_share() {
        for (text, of_200) in [("0", 0), ("20", 20), ("5%", 10), ("0%", 0), ("100%", 200), (" 0.5 % ", 1)] {
            assert_eq!(text.parse::<MaxFailures>().unwrap().of(200), of_200, "{text}");
        }
        for text in ["", "-1", "101%", "%", "1e3", "nan%", "a"] {
            assert!(text.parse::<MaxFailures>().is_err(), "{text}");
        }
    }
}
