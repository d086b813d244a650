//! `serve`: puts load on a server and reports what happened.

use std::io::Write;

use super::found::Found;
use super::point::Point;
use super::signals::Signals;
use crate::backend::{Backend, RequestArgs, RequestContent, Server, ServerArgs};
use crate::dataset::{Custom, Dataset, DatasetArgs, Template};
use crate::error::{Exit, Result};
use crate::measure::{Asked, MetricsArgs};
use crate::plan::{AdapterArgs, AdapterMix, Load, LoadArgs};
use crate::report::{Export, Output, OutputArgs, Value};
use crate::sim::{self, SimArgs};
use crate::token::{Choice, TokenizerArgs};
use crate::ui::{ProgressArgs, Ui};

/// The end of the help.
const EXAMPLES: &str = "\
Examples:
  See it work, against a simulated server inside the program:
    llmbench serve --sim --num-prompts 200 --request-rate 50
  A thousand prompts as fast as the server takes them, against a local vLLM:
    llmbench serve --model Qwen/Qwen3-0.6B
  Chat requests, ten a second on average, at most 64 at once:
    llmbench serve --backend openai-chat --base-url https://example.com \\
      --request-rate 10 --max-concurrency 64
  Greedy answers without thinking:
    llmbench serve --backend openai-chat --temperature 0 \\
      --extra-body.chat_template_kwargs.enable_thinking false

Flags may be shortened to any unambiguous prefix, and `_` may stand for `-` in their names.
--help=all tells more of each flag; --help=WORD shows one group, or the flags that are about a word.
Exit status: 0 done, 1 no request succeeded, 2 could not be done, 130 interrupted.";

/// The flags of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Measure a simulated server inside this process, with the flags of `sim` in LINE
    ///
    /// It listens on a port of its own on the loopback address. A line such as `--sim="--ttft 20 --itl 5"` dictates its
    /// times; see `llmbench sim --help`. Its work shows in the client's CPU time, so use a process of its own for figures.
    #[arg(long, value_name = "LINE", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Server")]
    sim: Option<String>,
    #[command(flatten)]
    tokenizer: TokenizerArgs,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    adapters: AdapterArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    /// Every flag with its value, for results that repeat them.
    #[arg(skip)]
    pub(super) options: Vec<(String, Value)>,
}

/// What the flags come to, checked before anything is sent.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) server: Server,
    pub(super) sim: Option<sim::Config>,
    pub(super) tokenizer: Choice,
    pub(super) dataset: Dataset,
    pub(super) seed: u32,
    pub(super) num_prompts: u64,
    pub(super) load: Load,
    pub(super) content: RequestContent,
    pub(super) adapters: Option<AdapterMix>,
    pub(super) asked: Asked,
    pub(super) output: Output,
    pub(super) progress: ProgressArgs,
    /// Every flag with its value.
    pub(super) options: Vec<(String, Value)>,
}

impl ServeArgs {
    /// Checks every flag, alone and against the others.
    pub(super) fn check(&self) -> Result<Checked> {
        let dataset = self.dataset.clone().resolve()?;
        let sim = self.sim.as_deref().map(simulator).transpose()?;
        let tokenizer = match self.tokenizer.resolve()? {
            // The simulator's model has no tokenizer of its own.
            Choice::OfModel if sim.is_some() => Choice::Builtin,
            choice => choice,
        };
        let server = self.server.resolve()?;
        let task = server.backend.task();
        let mut content = self.request.resolve(server.backend)?;
        content.ignore_eos |= matches!(dataset, Dataset::Random(_)) && server.backend.is_openai_compatible();
        if server.backend == Backend::OpenaiChat && templated(&dataset) {
            content.warnings.push(
                "`custom` puts prompts into the chat template, and so does the server: give `--skip-chat-template`"
                    .into(),
            );
        }
        Ok(Checked {
            server,
            sim,
            tokenizer,
            dataset,
            seed: u32::try_from(self.dataset.seed).unwrap_or_default(),
            num_prompts: u64::try_from(self.dataset.num_prompts).unwrap_or_default(),
            load: self.load.resolve()?,
            content,
            asked: self.metrics.resolve(task)?,
            adapters: self.adapters.resolve()?,
            output: self.output.resolve()?,
            progress: self.progress.clone(),
            options: self.options.clone(),
        })
    }

    /// Runs the benchmark and reports.
    pub(super) fn run(self, ui: &Ui) -> Result<Exit> {
        let mut checked = self.check()?;
        checked.dataset.check_file()?;
        let mut signals = Signals::take_over()?;
        super::limits::allow_many_files();
        let sim = checked.sim.take().map(sim::start).transpose()?;
        if let Some(sim) = &sim {
            checked.server.move_to(sim.address())?;
        }
        for warning in checked.warnings() {
            ui.warn(warning);
        }
        let found = Found::ask(&checked, ui)?;
        let point = Point { checked: &checked, found: &found, ui };
        match point.run(&mut signals, &mut out(&checked.output))? {
            Some(concluded) => concluded.verdict,
            None => Ok(Exit::Interrupted),
        }
    }
}

impl Checked {
    fn warnings(&self) -> impl Iterator<Item = &String> {
        self.server.warnings.iter().chain(&self.load.warnings).chain(&self.content.warnings)
    }

    /// The dialect that is spoken.
    pub(super) fn backend(&self) -> Backend {
        self.server.backend
    }
}

/// Whether prompts go through the chat template before they are sent.
fn templated(dataset: &Dataset) -> bool {
    matches!(dataset, Dataset::Custom(Custom { template: Template::Chat(_), .. }))
}

/// The settings of a simulator inside the process, on a port of its own.
fn simulator(line: &str) -> Result<sim::Config> {
    let config = SimArgs::from_line(line).and_then(|args| args.resolve());
    let mut config = config.map_err(|error| error.context("`--sim`"))?;
    config.port = 0;
    Ok(config)
}

/// Where the report goes: stdout, unless the result goes there.
fn out(output: &Output) -> Box<dyn Write> {
    match output.export {
        Some(Export::Stdout) => Box::new(std::io::stderr()),
        _ => Box::new(std::io::stdout()),
    }
}
