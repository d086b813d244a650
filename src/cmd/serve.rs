//! `serve`: puts load on a server and reports what happened.

use super::compare::CompareFlag;
use super::desk::{Told, warn};
use super::dry_run::{self, DryRunArgs};
use super::order::{Make, Order};
use super::runs::Runs;
use crate::args::config::ConfigArgs;
use crate::args::{Words, options};
use crate::backend::{RequestArgs, Server, ServerArgs};
use crate::bench::{Experiment, Said, Signals, Site};
use crate::dataset::{self, DatasetArgs, TurnsArgs, USUAL_PROMPTS};
use crate::drive::limits;
use crate::error::{Error, Exit, Result};
use crate::json::Value;
use crate::measure::MetricsArgs;
use crate::net::{AroundArgs, SideCalls, Slow};
use crate::plan::{AdapterArgs, Load, LoadArgs, Workload, pairing};
use crate::report::OutputArgs;
use crate::secrets;
use crate::sim::{self, SimArgs};
use crate::study::{Given, Point, StudyArgs};
use crate::token::{self, Choice, TokenizerArgs};
use crate::ui::out::is_lost;
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
With --dataset-name NAME, --help leaves out the flags of other datasets.
Exit status: 0 done, 1 more than half of the requests failed (see --max-failures), 2 could not be done,
130 interrupted.";

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
    around: AroundArgs,
    #[command(flatten)]
    tokenizer: TokenizerArgs,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    conversations: TurnsArgs,
    #[command(flatten)]
    study: StudyArgs,
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
    /// The words that all this was read from.
    #[arg(skip)]
    pub(super) words: Words,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    compare: CompareFlag,
}

impl ServeArgs {
    /// Checks every flag, alone and against the others.
    pub(super) fn check(&self) -> Result<Order> {
        let mut dataset_args = self.dataset.clone();
        let request_ids = dataset_args.name_requests()?;
        let (load, conversations) = self.load.resolve_for(&self.conversations)?;
        let num_prompts =
            *dataset_args.num_prompts.get_or_insert_with(|| load.enough(USUAL_PROMPTS, self.dataset.most_prompts()));
        let dataset = dataset_args.resolve()?;
        let sim = self.sim.as_deref().map(simulator).transpose()?;
        let tokenizer = match self.tokenizer.resolve()? {
            // The simulator's model has no tokenizer of its own.
            Choice::OfModel if sim.is_some() => Choice::Builtin,
            choice => choice,
        };
        let server = self.server.resolve()?;
        let around = self.around.resolve()?;
        let mut content = self.request.resolve(server.backend)?;
        let task = server.backend.task();
        content.ignore_eos |= dataset.needs.full_answers && server.backend.takes_sampling();
        content.warnings.extend(self.dataset.warning());
        if sim.is_some() && !self.server.base_url.is_empty() {
            content.warnings.push("`--base-url` has no effect with `--sim`".into());
        }
        if self.output.overwrite && self.output.record.is_none() {
            content.warnings.push("`--overwrite` has no effect without `--record`".into());
        }
        content.warnings.extend(pairing::pair(&dataset, server.backend, conversations.as_ref())?);
        let workload = Workload {
            aligned: around.side_calls == SideCalls::Made
                // The simulator inside has no tokenizer to agree with.
                && sim.is_none()
                && conversations.is_none()
                && dataset.needs.made_to_length,
            dataset,
            conversations,
            longest: self.dataset.longest()?,
            adapters: self.adapters.resolve()?,
            content,
            keep_requests: false,
            num_prompts: u64::try_from(num_prompts).unwrap_or_default(),
            seed: u32::try_from(self.dataset.seed).unwrap_or_default(),
        };
        let options = self.settled(&server, &workload, &load, request_ids);
        let (label, metadata, command) = (self.output.label.clone(), self.output.metadata()?, self.words.shown());
        let said = Said { label, metadata, options, command };
        Ok(Order {
            experiment: Experiment { server, tokenizer, workload, load, around, said },
            sim,
            asked: self.metrics.resolve(task)?,
            summary_percentiles: self.metrics.summary_percentiles()?,
            output: self.output.resolve()?,
            progress: self.progress.clone(),
        })
    }

    /// The flags as they came to be in a run.
    fn settled(&self, server: &Server, workload: &Workload, load: &Load, request_ids: String) -> Vec<(String, Value)> {
        let mut options = self.options.clone();
        options::settle(&mut options, dataset::stored_lengths());
        let mut put = |name, value| options::set(&mut options, name, value);
        put("ignore_eos", Value::Bool(workload.content.ignore_eos));
        put("request_id_prefix", Value::Text(request_ids));
        put("num_prompts", Value::Int(workload.num_prompts));
        put("max_concurrency", load.max_concurrency.map_or(Value::Null, |limit| Value::Int(limit as u64)));
        if let [address] = &self.server.base_url[..] {
            put("base_url", Value::Text(secrets::url(address)));
        }
        if let Some((_, endpoint @ Value::Null)) = options.iter_mut().find(|(name, _)| name == "endpoint") {
            *endpoint = Value::Text(server.backend.default_endpoint().to_owned());
        }
        options
    }

    /// What the flags come to as `point` changes them.
    pub(super) fn at(&self, point: &Point) -> Result<Order> {
        let mut order = if point.changes.is_empty() {
            self.check()?
        } else {
            super::serve_args(self.words.with(&point.changes))?.check()?
        };
        if !point.name.is_empty() {
            order.output = order.output.of_run(&point.name);
        }
        Ok(order)
    }

    /// The flags of the load that a sweep does not go with.
    fn given(&self) -> Given {
        Given {
            max_concurrency: self.load.max_concurrency.is_some(),
            request_rate: self.load.request_rate.is_finite(),
            ramp: self.load.ramp_up_strategy.is_some(),
        }
    }

    /// Runs the benchmark and reports.
    pub(super) fn run(self, ui: &Ui) -> Result<Exit> {
        if let Some(exit) = self.compare.run()? {
            return Ok(exit);
        }
        let (list, warnings) = self.study.resolve(self.given())?;
        // All are checked before anything is sent.
        let make: Make<'_> = &|point| self.at(point);
        list.points.iter().try_for_each(|point| make(point).map(drop))?;
        let base = self.check()?;
        let Order { experiment, sim, .. } = make(&list.points[0])?;
        token::limit_memory(super::too_much_memory);
        experiment.workload.dataset.check_file()?;
        for warning in warnings.iter().chain(experiment.warnings()) {
            ui.warn(warning);
        }
        if self.dry_run.dry_run {
            return dry_run::run(&base, &list, make, ui);
        }
        list.points.iter().try_for_each(|point| make(point)?.output.check())?;
        if base.output.on_stdout().is_some() && is_lost() {
            return Err(Error::new("the result is to go to stdout, which is closed or the null device")
                .hint("give it a file, such as `--output-json result.json`"));
        }
        let mut signals = Signals::take_over()?;
        limits::allow_many_files();
        let sim = sim.map(sim::start).transpose()?;
        let simulator = sim.as_ref().map(|sim| sim.address());
        let experiment = match simulator {
            Some(address) => experiment.at(address)?,
            None => experiment,
        };
        let slow = Slow::new({
            let ui = *ui;
            move |path| ui.note(&format!("asking the server's `{path}`, which has not answered for a second"))
        });
        let site = Site::ask(&experiment, slow, &mut |moment| warn(ui, moment))?;
        Runs {
            make,
            base: &base,
            list: &list,
            site: &site,
            simulator,
            ui,
            signals: &mut signals,
            told: Told::default(),
        }
        .run()
    }
}

/// The settings of a simulator inside the process, on a port of its own.
fn simulator(line: &str) -> Result<sim::Config> {
    let config = SimArgs::from_line(line).and_then(|args| args.resolve());
    let mut config = config.map_err(|error| error.context("`--sim`"))?;
    config.port = 0;
    Ok(config)
}
