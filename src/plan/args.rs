//! The flags that shape the load: when requests start, how many run at once, what comes before them.
//! [`LoadArgs::resolve`] checks all of them before anything is sent.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::arrivals::Arrivals;
use super::before::{ReadyCheck, WarmUp};
use super::patience::MaxFailures;
use crate::args;
use crate::args::range::outside;
use crate::dataset::{Shape, TurnsArgs};
use crate::error::{Error, Result};
use crate::record::{Ramp, Strategy};

/// The flags that shape the load.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// Mean requests a second; inf sends all at once
    #[arg(long, value_name = "R", default_value = "inf", value_parser = args::float)]
    pub request_rate: f64,
    /// Evenness of the gaps between requests: 1 is Poisson, less comes in bursts, inf is constant
    #[arg(long, value_name = "SHAPE", default_value = "1.0", value_parser = args::float)]
    pub burstiness: f64,
    /// Most requests in flight [default: no limit]
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub max_concurrency: Option<i64>,
    /// How the request rate changes over the run
    #[arg(long, value_name = "HOW", value_parser = strategy_parser())]
    pub ramp_up_strategy: Option<Strategy>,
    /// Requests a second at the first request of a ramp
    #[arg(long, value_name = "R", value_parser = args::int)]
    pub ramp_up_start_rps: Option<i64>,
    /// Requests a second at the last request of a ramp
    #[arg(long, value_name = "R", value_parser = args::int)]
    pub ramp_up_end_rps: Option<i64>,
    /// Copies of the first request that are sent before the run, not measured
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::int)]
    pub num_warmups: i64,
    /// How long to wait for the server to answer at all; 0 does not check
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = args::int)]
    pub ready_check_timeout_sec: i64,
    /// Start no request after this time; what is in flight then goes on to its end
    #[arg(long, value_name = "SECONDS", value_parser = args::float)]
    pub duration: Option<f64>,
    /// Most failures before the run gives up, a number or a share such as 5%; with more the exit status is 1 [default: half]
    ///
    /// Without it a run goes on to its end, and its exit status is 1 where more than half of its requests have failed.
    #[arg(long, value_name = "N|P%")]
    pub max_failures: Option<MaxFailures>,
    /// Threads that send and receive [default: by the number of cores]
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub workers: Option<i64>,
    /// Small requests a second that are sent beside the run, one at a time on a connection of their own; 0 for none
    #[arg(long, value_name = "R", default_value = "0.0", allow_negative_numbers = true, value_parser = args::float)]
    pub probe_request_rate: f64,
    /// Most conversations under way [default: --max-concurrency, else all]
    ///
    /// A conversation keeps its place from its first turn to its last, the time between turns included.
    #[arg(long, value_name = "N", value_parser = args::int, help_heading = "Multi-turn")]
    pub multi_turn_concurrency: Option<i64>,
    /// Time from the end of an answer to the next turn, in milliseconds
    #[arg(long, value_name = "MS", default_value = "0", value_parser = args::int, help_heading = "Multi-turn")]
    pub multi_turn_delay_ms: i64,
}

/// The shape of the load: what the flags come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// When requests start.
    pub arrivals: Arrivals,
    /// The shape as given; of no effect on arrivals all at once.
    pub burstiness: f64,
    /// Most requests in flight; `None` for no limit.
    pub max_concurrency: Option<usize>,
    /// Unmeasured requests before the run.
    pub warm_up: WarmUp,
    /// Whether the server answers at all; `None` not to check.
    pub ready_check: Option<ReadyCheck>,
    /// When to stop the run; `None` for when it is done.
    pub duration: Option<Duration>,
    /// Most failures before the run gives up; `None` not to give up.
    pub max_failures: Option<MaxFailures>,
    /// Threads; `None` to choose by the number of cores.
    pub workers: Option<NonZeroUsize>,
    /// Probes a second beside the run; `None` for no probes.
    pub probe_rate: Option<f64>,
    /// Most conversations under way, where that was said; `None` for as many as requests.
    pub conversations: Option<usize>,
    /// From the end of an answer to the next turn of its conversation.
    pub think_time: Duration,
    /// What looks unintended, a line each.
    pub warnings: Vec<String>,
}

impl Load {
    /// The load of a run of conversations: the limit is theirs.
    #[must_use]
    pub fn of_conversations(self) -> Self {
        Load { max_concurrency: self.conversations.or(self.max_concurrency), ..self }
    }

    /// How many requests are made where nobody says how many: as many as usual, or so many, up to `most`, that the duration ends the
    /// run. Without a rate that is reckoned from the limit and from answers of 5 ms. A ramp is stretched over all its requests, and a run
    /// without rate and limit sends all at once: there the number is part of the load.
    pub fn enough(&self, usual: i64, most: i64) -> i64 {
        const QUICK_ANSWER_SECONDS: f64 = 0.005;
        const SPARE: f64 = 1.1;
        let a_second = match (&self.arrivals, self.max_concurrency) {
            (Arrivals::Gamma { rate, .. }, _) => *rate,
            (Arrivals::AtOnce, Some(limit)) => limit as f64 / QUICK_ANSWER_SECONDS,
            (Arrivals::AtOnce, None) | (Arrivals::Ramp { .. }, _) => return usual,
        };
        let needed = self.duration.map_or(0.0, |duration| (SPARE * a_second * duration.as_secs_f64()).round());
        (needed as i64).min(most).max(usual)
    }
}

impl LoadArgs {
    /// The load, and the shape of conversations where they are asked for.
    ///
    /// # Errors
    /// As [`LoadArgs::resolve`], and where the flags of conversations make no sense.
    pub fn resolve_for(&self, conversations: &TurnsArgs) -> Result<(Load, Option<Shape>)> {
        let mut load = self.resolve()?;
        if let Some(shape) = conversations.resolve()? {
            return Ok((load.of_conversations(), Some(shape)));
        }
        let idle = [
            ("--multi-turn-concurrency", self.multi_turn_concurrency.is_some()),
            ("--multi-turn-delay-ms", self.multi_turn_delay_ms != 0),
        ];
        let idle = idle.into_iter().find(|(_, given)| *given);
        let idle = idle.map(|(flag, _)| format!("`{flag}` has no effect without `--multi-turn`"));
        load.warnings.extend(conversations.warning().or(idle));
        Ok((load, None))
    }

    /// Checks the flags, alone and against each other.
    ///
    /// # Errors
    /// If a number is out of its range, or flags exclude each other.
    pub fn resolve(&self) -> Result<Load> {
        let mut warnings = Vec::new();
        let ends = self.ramp_up_start_rps.is_some() || self.ramp_up_end_rps.is_some();
        if ends && self.ramp_up_strategy.is_none() {
            let flags = "`--ramp-up-start-rps` and `--ramp-up-end-rps`";
            warnings.push(format!("{flags} have no effect without `--ramp-up-strategy`"));
        }
        let max_concurrency = at_least_one("--max-concurrency", self.max_concurrency, "no limit")?.map(usize::from);
        Ok(Load {
            arrivals: self.arrivals()?,
            burstiness: self.burstiness,
            max_concurrency,
            max_failures: self.max_failures,
            warm_up: WarmUp::Copies(usize::try_from(self.num_warmups).unwrap_or(0)),
            ready_check: u64::try_from(self.ready_check_timeout_sec)
                .ok()
                .filter(|&secs| secs > 0)
                .map(|secs| ReadyCheck::lasting(Duration::from_secs(secs), "--ready-check-timeout-sec")),
            duration: self.duration.map(duration).transpose()?,
            workers: at_least_one("--workers", self.workers, "a choice by the number of cores")?,
            probe_rate: self.probe_rate()?,
            conversations: self.conversations(max_concurrency)?,
            think_time: match u64::try_from(self.multi_turn_delay_ms) {
                Ok(millis) => Duration::from_millis(millis),
                Err(_) => {
                    return Err(
                        outside("--multi-turn-delay-ms", self.multi_turn_delay_ms, "a time").hint("give 0 or more")
                    );
                }
            },
            warnings,
        })
    }

    fn probe_rate(&self) -> Result<Option<f64>> {
        match self.probe_request_rate {
            rate if rate.is_nan() || rate == f64::INFINITY => {
                Err(outside("--probe-request-rate", rate, "a rate").hint("give requests a second, or 0 for no probes"))
            }
            rate => Ok((rate > 0.0).then_some(rate)),
        }
    }

    fn conversations(&self, max_concurrency: Option<usize>) -> Result<Option<usize>> {
        let flag = "--multi-turn-concurrency";
        let most = at_least_one(flag, self.multi_turn_concurrency, "--max-concurrency")?.map(usize::from);
        match (most, max_concurrency) {
            (Some(most), Some(requests)) if most > requests => {
                Err(Error::new(format!("`{flag} {most}` is above `--max-concurrency {requests}`"))
                    .hint("give one of them: a conversation has one request in flight at most"))
            }
            (most, _) => Ok(most),
        }
    }

    fn arrivals(&self) -> Result<Arrivals> {
        let (rate, burstiness) = (self.request_rate, self.burstiness);
        if rate.is_nan() || rate <= 0.0 {
            return Err(outside("--request-rate", rate, "a rate above 0")
                .hint("give requests a second, or inf to send all at once"));
        }
        if burstiness.is_nan() || burstiness <= 0.0 {
            return Err(outside("--burstiness", burstiness, "a shape above 0")
                .hint("give 1 for Poisson arrivals, or inf for constant gaps"));
        }
        match self.ramp_up_strategy {
            Some(strategy) => Ok(Arrivals::Ramp { ramp: self.ramp(strategy)?, burstiness }),
            None if rate == f64::INFINITY => Ok(Arrivals::AtOnce),
            None => Ok(Arrivals::Gamma { rate, burstiness }),
        }
    }

    fn ramp(&self, strategy: Strategy) -> Result<Ramp> {
        if self.request_rate != f64::INFINITY {
            return Err(Error::new("`--request-rate` and `--ramp-up-strategy` exclude each other")
                .hint("leave out `--request-rate`: a ramp sets the rate"));
        }
        let ends = "--ramp-up-start-rps and --ramp-up-end-rps";
        let (Some(start), Some(end)) = (self.ramp_up_start_rps, self.ramp_up_end_rps) else {
            return Err(Error::new("`--ramp-up-strategy` needs a first and a last rate").hint(format!("give {ends}")));
        };
        // A rate of 0 at the first request would never let it start, whatever the strategy.
        let start = ramp_rate("--ramp-up-start-rps", start)?;
        let end = ramp_rate("--ramp-up-end-rps", end)?;
        if start > end {
            let what = format!("`--ramp-up-start-rps {start}` is above `--ramp-up-end-rps {end}`");
            return Err(Error::new(what).hint("swap them: a ramp goes up"));
        }
        Ok(Ramp { strategy, start, end })
    }
}

fn strategy_parser() -> impl TypedValueParser<Value = Strategy> {
    PossibleValuesParser::new(["linear", "exponential"]).map(|name| match name.as_str() {
        "linear" => Strategy::Linear,
        _ => Strategy::Exponential,
    })
}

fn ramp_rate(flag: &str, rate: i64) -> Result<u32> {
    match u32::try_from(rate) {
        Ok(rate) if rate > 0 => Ok(rate),
        _ => Err(outside(flag, rate, "a whole rate above 0").hint("give 1 or more")),
    }
}

fn at_least_one(flag: &str, value: Option<i64>, absent: &str) -> Result<Option<NonZeroUsize>> {
    let Some(value) = value else { return Ok(None) };
    match usize::try_from(value).ok().and_then(NonZeroUsize::new) {
        Some(number) => Ok(Some(number)),
        None => Err(outside(flag, value, "1 or more").hint(format!("give 1 or more, or leave it out for {absent}"))),
    }
}

fn duration(seconds: f64) -> Result<Duration> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(outside("--duration", seconds, if seconds > 0.0 { "a time that ends" } else { "a time above 0" })
            .hint("give seconds, or leave it out to run to the end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn resolve(flags: &[&str]) -> Result<Load, String> {
        let flags = Flags::try_parse_from(["x"].iter().chain(flags)).map_err(|error| error.to_string())?;
        flags.load.resolve().map_err(|error| {
            assert!(error.advice().is_some(), "{error}");
            error.to_string()
        })
    }

    const RAMP: [&str; 3] = ["--ramp-up-strategy=linear", "--ramp-up-start-rps=1", "--ramp-up-end-rps=9"];

    #[test]
    fn flags_choose_how_requests_arrive() {
        assert_eq!(resolve(&[]).unwrap().arrivals, Arrivals::AtOnce);
        let constant = Arrivals::Gamma { rate: 1000.0, burstiness: f64::INFINITY };
        assert_eq!(resolve(&["--request-rate=1e3", "--burstiness=inf"]).unwrap().arrivals, constant);
        let ramp = Ramp { strategy: Strategy::Linear, start: 1, end: 9 };
        assert_eq!(resolve(&RAMP).unwrap().arrivals, Arrivals::Ramp { ramp, burstiness: 1.0 });
    }

    #[test]
    fn phases_of_zero_or_less_are_left_out() {
        let load = resolve(&["--num-warmups=-1", "--ready-check-timeout-sec=0"]).unwrap();
        assert_eq!((load.warm_up, load.ready_check, load.duration), (WarmUp::Copies(0), None, None));
        let load = resolve(&["--num-warmups=2", "--ready-check-timeout-sec=3", "--duration=0.5"]).unwrap();
        let ready = ReadyCheck::lasting(Duration::from_secs(3), "--ready-check-timeout-sec");
        let half = Duration::from_millis(500);
        assert_eq!((load.warm_up, load.ready_check, load.duration), (WarmUp::Copies(2), Some(ready), Some(half)));
    }

    #[test]
    fn conversations_have_a_limit_of_their_own() {
        let load = resolve(&["--max-concurrency=8"]).unwrap().of_conversations();
        assert_eq!((load.max_concurrency, load.think_time), (Some(8), Duration::ZERO));
        let flags = ["--max-concurrency=8", "--multi-turn-concurrency=3", "--multi-turn-delay-ms=20"];
        let load = resolve(&flags).unwrap().of_conversations();
        assert_eq!((load.max_concurrency, load.think_time), (Some(3), Duration::from_millis(20)));
    }

    #[test]
    fn probes_of_no_rate_are_left_out() {
        assert_eq!(resolve(&["--probe-request-rate=-1"]).unwrap().probe_rate, None);
        assert_eq!(resolve(&["--probe-request-rate=0.5"]).unwrap().probe_rate, Some(0.5));
    }

    #[test]
    fn nonsense_is_refused_by_flag_and_value() {
        let table: [(&[&str], &str); 18] = [
            (&["--max-concurrency=0"], "`--max-concurrency 0`: not 1 or more"),
            (&["--max-concurrency=-4"], "`--max-concurrency -4`: not 1 or more"),
            (&["--workers=0"], "`--workers 0`: not 1 or more"),
            (&["--request-rate=0"], "`--request-rate 0`: not a rate above 0"),
            (&["--request-rate=-1"], "`--request-rate -1`: not a rate above 0"),
            (&["--request-rate=nan"], "`--request-rate NaN`: not a rate above 0"),
            (&["--burstiness=0"], "`--burstiness 0`: not a shape above 0"),
            (&["--burstiness=nan"], "`--burstiness NaN`: not a shape above 0"),
            (&["--duration=0"], "`--duration 0`: not a time above 0"),
            (&["--duration=inf"], "`--duration inf`: not a time that ends"),
            (&["--probe-request-rate=inf"], "`--probe-request-rate inf`: not a rate"),
            (&["--multi-turn-concurrency=0"], "`--multi-turn-concurrency 0`: not 1 or more"),
            (&["--multi-turn-delay-ms=-1"], "`--multi-turn-delay-ms -1`: not a time"),
            (
                &["--multi-turn-concurrency=5", "--max-concurrency=4"],
                "`--multi-turn-concurrency 5` is above `--max-concurrency 4`",
            ),
            (&["--ramp-up-strategy=linear"], "`--ramp-up-strategy` needs a first and a last rate"),
            (&[RAMP[0], RAMP[2], "--ramp-up-start-rps=0"], "`--ramp-up-start-rps 0`: not a whole rate above 0"),
            (&[RAMP[0], RAMP[2], "--ramp-up-start-rps=10"], "`--ramp-up-start-rps 10` is above `--ramp-up-end-rps 9`"),
            (
                &[RAMP[0], RAMP[1], RAMP[2], "--request-rate=2"],
                "`--request-rate` and `--ramp-up-strategy` exclude each other",
            ),
        ];
        for (flags, message) in table {
            assert_eq!(resolve(flags), Err(message.into()), "{flags:?}");
        }
    }

    #[test]
    fn a_duration_takes_as_many_requests_as_it_lasts() {
        let enough = |line: &str| resolve(&line.split(' ').collect::<Vec<_>>()).unwrap().enough(1000, 100_000);
        let table = [
            ("--request-rate=50", 1000),
            ("--request-rate=50 --duration=100", 5500),
            ("--request-rate=1 --duration=5", 1000),
            ("--max-concurrency=64 --duration=5", 70_400),
            ("--max-concurrency=64 --request-rate=500 --duration=5", 2750),
            ("--duration=100", 1000),
            ("--request-rate=1e9 --duration=1e9", 100_000),
            ("--ramp-up-strategy=linear --ramp-up-start-rps=1 --ramp-up-end-rps=99 --duration=100", 1000),
        ];
        for (line, expected) in table {
            assert_eq!(enough(line), expected, "{line}");
        }
    }

    #[test]
    fn ends_of_a_ramp_without_a_strategy_are_warned_of() {
        assert_eq!(resolve(&RAMP[1..]).unwrap().warnings.len(), 1);
        assert_eq!(resolve(&RAMP).unwrap().warnings.len(), 0);
    }
}
