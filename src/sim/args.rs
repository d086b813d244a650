//! The simulator's flags, and what they mean.

use std::net::IpAddr;

use clap::{Args, FromArgMatches};

use super::config::{
    Batching, Canvas, Config, Delta, Detail, Engine, Flow, HeadTime, Models, Pace, RoleChunk, Shape, Speculation, Text,
    Time, Usage,
};
use super::fault::{self, Fault};
use crate::error::{Error, Result};

/// What the simulated server does.
#[derive(Debug, Clone, clap::Args)]
pub struct SimArgs {
    /// Address to listen on; loopback only.
    #[arg(long = "host", value_name = "ADDRESS", default_value = "127.0.0.1")]
    sim_host: IpAddr,
    /// Port to listen on; 0 lets the system choose.
    #[arg(long = "port", value_name = "PORT", default_value_t = 8000)]
    sim_port: u16,
    /// Time from a request's arrival to its first token, in milliseconds.
    #[arg(long = "ttft", value_name = "MS", default_value_t = 50.0, value_parser = milliseconds)]
    sim_ttft: f64,
    /// Time from token to token, in milliseconds; 0 sends all tokens with the first.
    #[arg(long = "itl", value_name = "MS", default_value_t = 10.0, value_parser = milliseconds)]
    sim_itl: f64,
    /// Draw each time to first token from a lognormal distribution with this sigma; `--ttft` stays the mean.
    #[arg(long = "ttft-sigma", value_name = "SIGMA", default_value_t = 0.0, value_parser = sigma)]
    sim_ttft_sigma: f64,
    /// Draw each time between tokens from a lognormal distribution with this sigma; `--itl` stays the mean.
    #[arg(long = "itl-sigma", value_name = "SIGMA", default_value_t = 0.0, value_parser = sigma)]
    sim_itl_sigma: f64,
    /// Seed of the draws.
    #[arg(long = "seed", value_name = "N", default_value_t = 0)]
    sim_seed: u64,
    /// Send each answer whole when its first token is due.
    #[arg(long = "whole")]
    sim_whole: bool,
    /// When the head of a streamed answer is sent.
    #[arg(long = "head", value_enum, default_value_t = HeadTime::FirstToken)]
    sim_head: HeadTime,
    /// Time from the role chunk to the first content, in milliseconds.
    #[arg(long = "content-delay", value_name = "MS", default_value_t = 0.0, value_parser = milliseconds)]
    sim_content_delay: f64,
    /// How long before a deadline to watch the clock instead of sleeping, in microseconds.
    #[arg(long = "spin", value_name = "US", default_value_t = 50)]
    sim_spin: u64,
    #[command(flatten)]
    shape: SimShapeArgs,
    #[command(flatten)]
    batch: SimBatchArgs,
    #[command(flatten)]
    engine: SimEngineArgs,
    /// A fault, `NAME[=VALUE][@WHEN]`; repeat it for more. WHEN is first:N, request:N, every:N or chance:P.
    #[arg(long = "fault", value_name = "FAULT", long_help = fault_help())]
    sim_fault: Vec<Fault>,
}

fn fault_help() -> String {
    format!(
        "A fault, `NAME[=VALUE][@WHEN]`; repeat it for more. WHEN says which generation requests it meets: first:N, request:N, \
         every:N or chance:P; without it, all. The faults: {}",
        fault::NAMES
    )
}

/// What the answers look like.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Answers")]
struct SimShapeArgs {
    /// Name of the model.
    #[arg(long = "model", value_name = "NAME", default_value = "sim")]
    sim_model: String,
    /// Answer requests for any other model with 404.
    #[arg(long = "strict-model")]
    sim_strict_model: bool,
    /// Output tokens of a request that states no limit.
    #[arg(long = "output-tokens", value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    sim_output_tokens: u32,
    /// Tokens in one event.
    #[arg(long = "tokens-per-chunk", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    sim_tokens_per_chunk: u32,
    /// Where a stream carries the usage.
    #[arg(long = "usage", value_enum, default_value_t = Usage::Asked)]
    sim_usage: Usage,
    /// Whether a chat stream begins with a chunk that only names the role.
    #[arg(long = "role-chunk", value_enum, default_value_t = RoleChunk::On)]
    sim_role_chunk: RoleChunk,
    /// Make the first so many tokens of a chat reasoning.
    #[arg(long = "reasoning", value_name = "N", default_value_t = 0)]
    sim_reasoning: u32,
    /// What carries the other tokens of a chat stream.
    #[arg(long = "delta", value_enum, default_value_t = Delta::Content)]
    sim_delta: Delta,
    /// The tokens' text.
    #[arg(long = "text", value_enum, default_value_t = Text::Words)]
    sim_text: Text,
    /// Send events with the delta alone.
    #[arg(long = "compact")]
    sim_compact: bool,
}

/// Continuous batching in place of `--ttft` and `--itl`: a step takes base + per-request × running + per-prefill-token ×
/// prompt tokens taken up in it, and gives each running request a token.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Batching model")]
struct SimBatchArgs {
    /// Batch continuously, with at most so many requests running; the others wait in a queue.
    #[arg(long = "max-running", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sim_max_running: Option<u32>,
    /// Time of a step, in milliseconds.
    #[arg(long = "step-base", value_name = "MS", default_value_t = 10.0, value_parser = milliseconds)]
    sim_step_base: f64,
    /// More time for each running request, in microseconds.
    #[arg(long = "step-per-request", value_name = "US", default_value_t = 50)]
    sim_step_per_request: u64,
    /// More time for each prompt token taken up, in microseconds.
    #[arg(long = "step-per-prefill-token", value_name = "US", default_value_t = 20.0, value_parser = milliseconds)]
    sim_step_per_prefill_token: f64,
    /// Most prompt tokens that a step takes up.
    #[arg(long = "step-tokens", value_name = "N", default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..))]
    sim_step_tokens: u32,
}

/// What the engine behind the API has and claims.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Engine")]
struct SimEngineArgs {
    /// Name of an adapter, a model beside the one; repeat it for more.
    #[arg(long = "lora", value_name = "NAME")]
    sim_lora: Vec<String>,
    /// Keep a prefix cache of so many blocks, each of 16 tokens.
    #[arg(long = "prefix-cache", value_name = "BLOCKS", value_parser = clap::value_parser!(u32).range(1..))]
    sim_prefix_cache: Option<u32>,
    /// Count speculative decoding in `/metrics`: drafts of K tokens, each accepted with this rate, as `4:0.6`.
    #[arg(long = "spec-decode", value_name = "K:RATE", value_parser = speculation)]
    sim_spec_decode: Option<Speculation>,
    /// Count diffusion decoding in `/metrics`: canvases of N tokens, denoised in so many steps, as `32:8`.
    #[arg(long = "diffusion", value_name = "N:STEPS", value_parser = canvas)]
    sim_diffusion: Option<Canvas>,
    /// Tell a request's own times with its last usage, and that it waited for so long, in milliseconds.
    #[arg(long = "server-times", value_name = "MS", value_parser = milliseconds)]
    sim_server_times: Option<f64>,
}

fn speculation(text: &str) -> Result<Speculation, String> {
    let parsed = text.split_once(':').and_then(|(draft, rate)| {
        let (draft, rate) = (draft.parse().ok()?, rate.parse().ok()?);
        ((1..=64).contains(&draft) && (0.0..=1.0).contains(&rate)).then_some(Speculation { draft, rate })
    });
    parsed.ok_or_else(|| "not a number of tokens up to 64 and a share from 0 to 1, as `4:0.6`".to_owned())
}

fn canvas(text: &str) -> Result<Canvas, String> {
    let parsed = text.split_once(':').and_then(|(positions, steps)| {
        let (positions, steps) = (positions.parse().ok()?, steps.parse().ok()?);
        (positions > 0 && steps > 0).then_some(Canvas { positions, steps })
    });
    parsed.ok_or_else(|| "not two positive numbers, as `32:8`".to_owned())
}

/// A year: beyond it, a deadline is a typing error.
const LONGEST_MS: f64 = 365.0 * 86_400_000.0;

fn milliseconds(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|ms: &f64| (0.0..LONGEST_MS).contains(ms));
    number.ok_or_else(|| "not a time of at least 0".to_owned())
}

fn sigma(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|sigma: &f64| (0.0..=5.0).contains(sigma));
    number.ok_or_else(|| "not a sigma from 0 to 5".to_owned())
}

fn nanoseconds(value: f64, unit: f64) -> u64 {
    (value * unit).round() as u64
}

impl SimArgs {
    /// Reads the flags from a line, as `--ttft 20 --itl 5`, with blanks between them; for whoever runs a simulator inside
    /// another command.
    ///
    /// # Errors
    /// When the line holds a flag or value that is none of the simulator's.
    pub fn from_line(line: &str) -> Result<Self> {
        let command = SimArgs::augment_args(clap::Command::new("sim").no_binary_name(true).disable_help_flag(true));
        let matches = command.try_get_matches_from(line.split_whitespace());
        let wrong = |error: clap::Error| {
            let text = error.to_string();
            let cause = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Error::new(format!("`{line}` is not for the simulator: {cause}"))
                .hint("`llmbench sim --help` lists its flags")
        };
        matches.and_then(|matches| SimArgs::from_arg_matches(&matches)).map_err(wrong)
    }

    /// The flags as plain values.
    ///
    /// # Errors
    /// When the host is no loopback address, or two flags contradict each other.
    pub fn resolve(&self) -> Result<Config> {
        if !self.sim_host.is_loopback() {
            let error = Error::new(format!("`--host {}` is no loopback address", self.sim_host));
            return Err(error.hint("the simulator serves this host only: say `--host 127.0.0.1`"));
        }
        if self.sim_content_delay > 0.0 && self.shape.sim_role_chunk == RoleChunk::Off {
            let error = Error::new("`--content-delay` counts from the role chunk, and `--role-chunk off` sends none");
            return Err(error.hint("drop one of the two"));
        }
        let time = |ms, sigma| Time { mean_ns: nanoseconds(ms, 1e6), sigma };
        Ok(Config {
            host: self.sim_host,
            port: self.sim_port,
            model: self.shape.sim_model.clone(),
            models: if self.shape.sim_strict_model { Models::Strict } else { Models::Any },
            pace: Pace {
                ttft: time(self.sim_ttft, self.sim_ttft_sigma),
                itl: time(self.sim_itl, self.sim_itl_sigma),
                seed: self.sim_seed,
                flow: if self.sim_whole { Flow::Whole } else { Flow::Paced },
                head: self.sim_head,
                content_delay_ns: nanoseconds(self.sim_content_delay, 1e6),
            },
            batching: self.batch.resolve(),
            shape: self.shape.resolve(),
            engine: self.engine.resolve(),
            output_tokens: self.shape.sim_output_tokens,
            faults: self.sim_fault.clone(),
            spin_ns: self.sim_spin.saturating_mul(1_000),
        })
    }
}

impl SimShapeArgs {
    fn resolve(&self) -> Shape {
        Shape {
            tokens_per_chunk: self.sim_tokens_per_chunk,
            usage: self.sim_usage,
            role_chunk: self.sim_role_chunk,
            reasoning: self.sim_reasoning,
            delta: self.sim_delta,
            text: self.sim_text,
            detail: if self.sim_compact { Detail::Compact } else { Detail::Full },
        }
    }
}

impl SimEngineArgs {
    fn resolve(&self) -> Engine {
        Engine {
            adapters: self.sim_lora.clone(),
            prefix_blocks: self.sim_prefix_cache,
            speculation: self.sim_spec_decode,
            canvas: self.sim_diffusion,
            queue_ns: self.sim_server_times.map(|ms| nanoseconds(ms, 1e6)),
        }
    }
}

impl SimBatchArgs {
    fn resolve(&self) -> Option<Batching> {
        Some(Batching {
            max_running: self.sim_max_running?,
            base_ns: nanoseconds(self.sim_step_base, 1e6),
            per_request_ns: self.sim_step_per_request.saturating_mul(1_000),
            per_prefill_token_ns: nanoseconds(self.sim_step_per_prefill_token, 1e3),
            step_tokens: self.sim_step_tokens,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(flags: &str) -> Config {
        SimArgs::from_line(flags).unwrap().resolve().unwrap()
    }

    #[test]
    fn without_flags_it_is_the_default_on_port_8000() {
        assert_eq!(resolved(""), Config { port: 8000, ..Config::default() });
    }

    #[test]
    fn flags_become_plain_values() {
        let config = resolved(
            "--port 0 --ttft 0.5 --itl 2 --itl-sigma 0.3 --whole --compact --fault crlf --fault reset=9@every:5",
        );
        assert_eq!(config.pace.ttft, Time::fixed(500_000));
        assert_eq!(config.pace.itl, Time { mean_ns: 2_000_000, sigma: 0.3 });
        assert_eq!((config.pace.flow, config.shape.detail, config.faults.len()), (Flow::Whole, Detail::Compact, 2));
        assert_eq!((config.batching, config.engine), (None, Engine::default()));
        let engine =
            resolved("--lora a --lora b --prefix-cache 9 --spec-decode 4:0.5 --diffusion 32:8 --server-times 3").engine;
        assert_eq!((engine.adapters.len(), engine.prefix_blocks, engine.queue_ns), (2, Some(9), Some(3_000_000)));
        assert_eq!(engine.speculation, Some(Speculation { draft: 4, rate: 0.5 }));
        assert_eq!(engine.canvas, Some(Canvas { positions: 32, steps: 8 }));
        let batching = resolved("--max-running 4 --step-base 5 --step-per-prefill-token 0.5").batching.unwrap();
        assert_eq!((batching.max_running, batching.base_ns, batching.per_prefill_token_ns), (4, 5_000_000, 500));
    }

    #[test]
    fn nonsense_is_refused() {
        for flags in
            ["--ttft -1", "--itl x", "--itl-sigma 9", "--fault nope", "--max-running 0", "--usage never", "--host a"]
        {
            assert!(SimArgs::from_line(flags).is_err(), "{flags}");
        }
        for flags in ["--host 0.0.0.0", "--host 10.0.0.1", "--content-delay 5 --role-chunk off"] {
            assert!(SimArgs::from_line(flags).unwrap().resolve().unwrap_err().advice().is_some(), "{flags}");
        }
        for flags in
            ["--spec-decode 4", "--spec-decode 4:2", "--spec-decode 0:1", "--diffusion 0:1", "--prefix-cache 0"]
        {
            assert!(SimArgs::from_line(flags).is_err(), "{flags}");
        }
        assert_eq!(resolved("--host ::1").host, IpAddr::from(std::net::Ipv6Addr::LOCALHOST));
    }
}
