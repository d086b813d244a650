//! The flags of EvalScope's `perf` that are about its own insides, or about what is not here: what is harmless is told to have no
//! effect, all else is refused with what to do instead.

use crate::args;
use crate::error::{Error, Result};

/// Flags that change nothing here, and flags that cannot be honoured.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "EvalScope's own")]
pub(super) struct UnusedArgs {
    /// Has no effect: every request is stored as it ends
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) db_commit_interval: Option<i64>,
    /// Has no effect: requests are made as they are needed
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) queue_size_multiplier: Option<i64>,
    /// Has no effect: requests are made as they are needed
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) in_flight_task_multiplier: Option<i64>,
    /// Has no effect: prompts are made on all cores
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) num_workers: Option<i64>,
    /// Has no effect: progress is shown as it happens
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) log_every_n_query: Option<i64>,
    /// Has no effect: failures are always told
    #[arg(long)]
    pub(super) debug: bool,
    /// Not here: agents' traces are replayed by AIPerf
    #[arg(long, value_name = "NAME")]
    pub(super) scenario: Option<String>,
    /// Not here: prefill and decode apart
    #[arg(long)]
    pub(super) enable_pd_metrics: bool,
    /// Not here: results go to files
    #[arg(long, value_name = "NAME")]
    pub(super) visualizer: Option<String>,
    /// Not here, as --visualizer
    #[arg(long, value_name = "KEY", hide_env_values = true)]
    pub(super) wandb_api_key: Option<String>,
    /// Not here, as --visualizer
    #[arg(long, value_name = "KEY", hide_env_values = true)]
    pub(super) swanlab_api_key: Option<String>,
    /// Not here, as --visualizer
    #[arg(long, value_name = "URL")]
    pub(super) swanlab_host: Option<String>,
    /// Not here: arguments of a plug-in
    #[arg(long, value_name = "JSON")]
    pub(super) multi_turn_args: Option<String>,
    /// Not here yet: a search for the highest load that keeps limits
    #[arg(long)]
    pub(super) sla_auto_tune: bool,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "NAME")]
    pub(super) sla_variable: Option<String>,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "JSON")]
    pub(super) sla_params: Option<String>,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) sla_num_runs: Option<i64>,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) sla_lower_bound: Option<i64>,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) sla_upper_bound: Option<i64>,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "N", value_parser = args::int)]
    pub(super) sla_fixed_parallel: Option<i64>,
    /// Not here yet, as --sla-auto-tune
    #[arg(long, value_name = "X", value_parser = args::float)]
    pub(super) sla_number_multiplier: Option<f64>,
}

impl UnusedArgs {
    /// What is told of flags that change nothing.
    ///
    /// # Errors
    /// For the first flag that cannot be honoured: why, and what to do instead.
    pub(super) fn warnings(&self) -> Result<Vec<String>> {
        if let Some((_, flag, why, instead)) = self.refused().into_iter().find(|(given, ..)| *given) {
            return Err(Error::new(format!("`{flag}` cannot be honoured: {why}")).hint(instead));
        }
        let idle = [
            (self.db_commit_interval.is_some(), "--db-commit-interval"),
            (self.queue_size_multiplier.is_some(), "--queue-size-multiplier"),
            (self.in_flight_task_multiplier.is_some(), "--in-flight-task-multiplier"),
            (self.num_workers.is_some(), "--num-workers"),
        ];
        let told = |flag: &str| format!("`{flag}` has no effect: requests are made on all cores as they are needed");
        Ok(idle.into_iter().filter(|(given, _)| *given).map(|(_, flag)| told(flag)).collect())
    }

    /// Whether each flag that cannot be honoured is given, why it cannot, and what to do instead.
    fn refused(&self) -> [(bool, &'static str, &'static str, &'static str); 9] {
        const BOARDS: &str = "leave it out, and load `benchmark_summary.json` of each point into the dashboard";
        const NO_SEARCH: &str = "no search for a load that keeps limits is here yet";
        const SWEEP: &str = "give the loads to try, such as `--parallel 1 2 4 8 --number 10 20 40 80`";
        let search = self.sla_auto_tune || self.sla_variable.is_some() || self.sla_params.is_some();
        let bounds = self.sla_num_runs.is_some()
            || self.sla_lower_bound.is_some()
            || self.sla_upper_bound.is_some()
            || self.sla_fixed_parallel.is_some()
            || self.sla_number_multiplier.is_some();
        [
            (self.visualizer.is_some(), "--visualizer", "nothing is sent to other services", BOARDS),
            (self.wandb_api_key.is_some(), "--wandb-api-key", "nothing is sent to other services", BOARDS),
            (self.swanlab_api_key.is_some(), "--swanlab-api-key", "nothing is sent to other services", BOARDS),
            (self.swanlab_host.is_some(), "--swanlab-host", "nothing is sent to other services", BOARDS),
            (self.scenario.is_some(), "--scenario", "EvalScope hands it to AIPerf", "run `aiperf` itself"),
            (
                self.enable_pd_metrics,
                "--enable-pd-metrics",
                "hand-over from prefill to decode is not told apart",
                "leave it out: TTFT and the percentiles of ITL hold both",
            ),
            (
                self.multi_turn_args.is_some(),
                "--multi-turn-args",
                "EvalScope has given it up",
                "use `--min-turns`, `--max-turns` and `--dataset-args`",
            ),
            (search, "--sla-auto-tune", NO_SEARCH, SWEEP),
            (bounds, "--sla-num-runs` and its like", NO_SEARCH, SWEEP),
        ]
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        unused: UnusedArgs,
    }

    fn warnings(args: &[&str]) -> Result<Vec<String>> {
        Cli::try_parse_from([&["x"], args].concat()).unwrap().unused.warnings()
    }

    #[test]
    fn what_changes_nothing_is_told_and_what_cannot_be_is_refused() {
        assert!(warnings(&["--debug", "--log-every-n-query=500"]).unwrap().is_empty());
        assert_eq!(warnings(&["--num-workers=4", "--db-commit-interval=5"]).unwrap().len(), 2);
        for flag in
            ["--visualizer=wandb", "--wandb-api-key=k", "--sla-auto-tune", "--scenario=agentx", "--sla-num-runs=2"]
        {
            let error = warnings(&[flag]).unwrap_err();
            assert!(error.to_string().contains("cannot be honoured") && error.advice().is_some(), "{error}");
        }
    }
}
