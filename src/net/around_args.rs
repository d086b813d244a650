//! The flags that say what a server is asked or told around a run, beside the requests that are measured.

use std::time::Duration;

use crate::args;
use crate::args::range::outside;
use crate::error::Result;

/// The flags that say what a server is asked or told around a run.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct AroundArgs {
    /// Have the server profile itself during the run; it must have been started with a profiler
    #[arg(long)]
    pub profile: bool,
    /// Start the profiler when so many requests are running, by the server's `/metrics` [default: before the first]
    #[arg(long, value_name = "N", value_parser = args::count)]
    pub profile_batch_threshold: Option<usize>,
    /// Seconds for which a profiler that waited for `--profile-batch-threshold` runs
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = args::float)]
    pub profile_duration: f64,
    /// Empty the server's prefix cache before the first request of a run, after ready check and warm-ups
    #[arg(long)]
    pub reset_prefix_cache: bool,
    /// Send nothing to the server that no flag asks for but the requests: leave its `/tokenize` and `/metrics` alone
    ///
    /// Without this, made-up prompts are cut to the server's own count of tokens, and what it counts of its prefix cache
    /// and of speculative or diffusion decoding is read before and after the run.
    #[arg(long)]
    pub no_side_calls: bool,
}

/// What a server is asked or told around a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// Whether it profiles itself.
    pub profile: Option<Profile>,
    /// Whether its prefix cache is emptied before.
    pub reset_prefix_cache: bool,
    /// Whether it is asked what no flag asks.
    pub side_calls: SideCalls,
    /// What looks unintended, a line each.
    pub warnings: Vec<String>,
}

/// How long a server profiles itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Profile {
    /// From before the first request to the report.
    Whole,
    /// For so long once so many requests are running.
    Busy {
        /// Running requests.
        threshold: u64,
        /// How long.
        duration: Duration,
    },
}

/// Whether a server is asked what no flag asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideCalls {
    /// Its tokenizer and its counters.
    Made,
    /// Nothing.
    None,
}

/// The longest profile: a day of it fills any disk.
const LONGEST: f64 = 86_400.0;

impl AroundArgs {
    /// The flags as values.
    ///
    /// # Errors
    /// If the duration is no time up to a day.
    pub fn resolve(&self) -> Result<Around> {
        let seconds = self.profile_duration;
        if !(seconds > 0.0 && seconds <= LONGEST) {
            return Err(outside("--profile-duration", seconds, "a time above 0 and up to a day")
                .hint("give seconds, such as 5"));
        }
        let duration = Duration::from_secs_f64(seconds);
        let busy = |threshold: usize| Profile::Busy { threshold: threshold as u64, duration };
        let profile = self.profile.then(|| self.profile_batch_threshold.map_or(Profile::Whole, busy));
        let mut warnings = Vec::new();
        if self.profile_batch_threshold.is_some() && !self.profile {
            warnings.push("`--profile-batch-threshold` has no effect without `--profile`".to_owned());
        }
        let side_calls = if self.no_side_calls { SideCalls::None } else { SideCalls::Made };
        Ok(Around { profile, reset_prefix_cache: self.reset_prefix_cache, side_calls, warnings })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        around: AroundArgs,
    }

    fn resolve(args: &[&str]) -> Result<Around> {
        Cli::try_parse_from([&["llmbench"], args].concat()).unwrap().around.resolve()
    }

    #[test]
    fn without_flags_only_side_calls_are_made() {
        let plain = Around { profile: None, reset_prefix_cache: false, side_calls: SideCalls::Made, warnings: vec![] };
        assert_eq!(resolve(&[]).unwrap(), plain);
    }

    #[test]
    fn a_profile_is_of_the_whole_run_or_of_its_busy_part() {
        assert_eq!(resolve(&["--profile"]).unwrap().profile, Some(Profile::Whole));
        let busy = Profile::Busy { threshold: 8, duration: Duration::from_millis(2500) };
        let args = ["--profile", "--profile-batch-threshold", "8", "--profile-duration", "2.5"];
        assert_eq!(resolve(&args).unwrap().profile, Some(busy));
    }

    #[test]
    fn a_threshold_alone_is_warned_of_and_a_wrong_duration_refused() {
        let around = resolve(&["--profile-batch-threshold", "8"]).unwrap();
        assert_eq!((around.profile, around.warnings.len()), (None, 1));
        for seconds in ["0", "-1", "nan", "inf"] {
            let error = resolve(&[&format!("--profile-duration={seconds}")]).unwrap_err();
            assert!(error.to_string().contains("--profile-duration") && error.advice().is_some());
        }
    }
}
