//! `perf`: EvalScope's load test, in its words and its tables, on the engine of `serve`. Flags come in, and become an experiment
//! for each point; what is sent and measured is not known here.

mod api;
mod datasets;
mod load_args;
mod output_args;
mod points;
mod prompt_args;
mod request_args;
mod show_serve;
mod stored;
mod target_args;
mod unused_args;

use self::datasets::Wanted;
use self::load_args::{LoadArgs, PointLoad};
use self::output_args::OutputArgs;
use self::points::{Plan, Points, Summary};
use self::prompt_args::PromptArgs;
use self::request_args::RequestArgs;
use self::target_args::TargetArgs;
use self::unused_args::UnusedArgs;
use super::desk::{Told, warn};
use super::order::Order;
use crate::args::{Words, options};
use crate::backend::{Backend, Delivery, RequestContent};
use crate::bench::{Experiment, Said, Signals, Site};
use crate::dataset::Dataset;
use crate::dataset::evalscope::{Draw, Earlier};
use crate::drive::limits;
use crate::error::{Error, Exit, Result};
use crate::json::Value;
use crate::measure::{Asked, Metric};
use crate::net::{Around, SideCalls, Slow};
use crate::plan::{Workload, pairing};
use crate::report::{Format, Output};
use crate::secrets::{self, MASK};
use crate::token::{self, Choice};
use crate::ui::out::say;
use crate::ui::{ProgressArgs, Ui};

/// The latencies that reports may show.
const METRICS: [Metric; 4] = [Metric::Ttft, Metric::Tpot, Metric::Itl, Metric::E2el];
/// The percentiles of EvalScope's reports.
const PERCENTILES: [f64; 9] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];
/// How alike a name must be to be the one that was meant.
const ALIKE: f64 = 0.7;

/// The end of the help.
const EXAMPLES: &str = "\
Examples:
  Three loads, one after the other, and a table of them:
    llmbench perf --model qwen3 --url http://127.0.0.1:8000/v1/chat/completions \\
      --parallel 1 10 50 --number 10 20 100 --dataset random --tokenizer-path Qwen/Qwen3-8B \\
      --min-prompt-length 1024 --max-prompt-length 1024 --max-tokens 1024 \\
      --extra-args '{\"ignore_eos\": true}'
  Requests that come at a rate, however many are under way:
    llmbench perf --model qwen3 --url http://127.0.0.1:8000/v1 --open-loop --rate 5 20 --number 50 200

Flags may be shortened to any unambiguous prefix, and `_` may stand for `-` in their names.
Exit status: 0 done, 1 nothing or less than half succeeded at a point, 2 could not be done, 130 interrupted.";

/// The flags of `perf`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PerfArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    prompts: PromptArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Print the command of `serve` that puts the same load on the server, for each point, and send nothing
    #[arg(long)]
    show_serve: bool,
    #[command(flatten)]
    unused: UnusedArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    /// Every flag with its value, for results that repeat them.
    #[arg(skip)]
    pub(super) options: Vec<(String, Value)>,
    /// The words that all this was read from.
    #[arg(skip)]
    pub(super) words: Words,
}

impl PerfArgs {
    /// Checks every flag, alone and against the others, and runs the points.
    pub(super) fn run(self, ui: &Ui) -> Result<Exit> {
        let (loads, seed) = (self.load.points()?, self.seed()?);
        let orders = (0..loads.len()).map(|at| self.order(&loads, at, seed));
        let mut orders = orders.collect::<Result<Vec<Order>>>()?;
        if self.show_serve {
            return self.show(&loads, &orders);
        }
        let first = &orders[0].experiment;
        token::limit_memory(super::too_much_memory);
        first.workload.dataset.check_file()?;
        first.warnings().for_each(|warning| ui.warn(warning));
        if self.request.seed.is_none() && self.prompts.draws() {
            ui.note(&format!(
                "no `--seed` is given: prompts are drawn from {seed}, which sends the same again as `--seed {seed}`"
            ));
        }
        let mut signals = Signals::take_over()?;
        limits::allow_many_files();
        let site = Site::ask(first, Slow::new(|_| ()), &mut |moment| warn(ui, moment))?;
        let dir = self.output.directory(&self.target.model)?;
        let mut points = Vec::new();
        for (order, load) in orders.iter_mut().zip(&loads) {
            let own = output_args::create_new(&dir.join(load.name()))?;
            order.output = self.output.of_point(&own)?;
            options::set(&mut order.experiment.said.options, "outputs_dir", Value::Text(own.display().to_string()));
            points.push(load.point(&own));
        }
        let summary = self.summary(&orders[0])?;
        let progress = self.output.enable_progress_tracker;
        let plan = Plan { orders, points, dir, pause: self.load.pause()?, progress, summary };
        Points { plan: &plan, site: &site, ui, signals: &mut signals, told: Told::default(), rows: Vec::new() }.run()
    }

    /// Shows the commands of `serve` that put the same load on the server.
    fn show(&self, loads: &[PointLoad], orders: &[Order]) -> Result<Exit> {
        let outputs = self.request.outputs()?;
        for (load, order) in loads.iter().zip(orders) {
            let command = show_serve::command(&order.experiment, load, &self.prompts, outputs)?;
            say(&mut std::io::stdout(), &command)?;
        }
        Ok(Exit::Done)
    }

    /// What the summary of all points says of them.
    fn summary(&self, first: &Order) -> Result<Summary> {
        let profile = |format: &Format| match format {
            Format::Evalscope(profile, _) => Some(*profile),
            _ => None,
        };
        Ok(Summary {
            model: self.output.alias.clone().unwrap_or_else(|| self.target.model.clone()),
            dataset: self.prompts.dataset.clone(),
            api: self.target.api.clone(),
            endpoint: first.experiment.server.places[0].url.authority(),
            profiles: self.output.formats()?.iter().filter_map(profile).collect(),
            lang: self.output.lang(),
        })
    }

    /// The seed of all prompts: that which was given, else a new one.
    fn seed(&self) -> Result<u32> {
        match self.request.seed {
            None => Ok(rand::random()),
            Some(seed) => u32::try_from(seed).map_err(|_| {
                Error::new(format!("`--seed {seed}` is no seed")).hint(format!("give a number from 0 to {}", u32::MAX))
            }),
        }
    }

    /// What the `at`th point comes to; where its results go is not known yet.
    fn order(&self, loads: &[PointLoad], at: usize, seed: u32) -> Result<Order> {
        let load = &loads[at];
        let mut server = self.target.server(self.prompts.tokenize_prompt)?;
        server.warnings.extend(self.unused.warnings()?);
        let content = self.request.content()?;
        server.warnings.extend(self.prompts.warnings());
        self.prompts.check_template(server.backend.carries().messages)?;
        let conversations = datasets::shape(&self.prompts)?;
        let dataset = self.dataset(loads, at, seed, server.backend)?;
        let warned = pairing::pair(&dataset, server.backend, conversations.as_ref())?;
        server.warnings.extend(warned);
        let options = self.settled(load, &content, seed, server.backend);
        let workload = Workload {
            dataset,
            conversations: conversations.clone(),
            longest: None,
            adapters: None,
            content,
            aligned: false,
            keep_requests: true,
            num_prompts: u64::from(load.number),
            seed,
        };
        let around =
            Around { profile: None, reset_prefix_cache: false, side_calls: SideCalls::None, warnings: Vec::new() };
        let said =
            Said { label: self.output.alias.clone(), metadata: Vec::new(), options, command: self.words.shown() };
        let load = load.load(self.target.test(server.backend)?, self.load.most_time()?, conversations.is_some());
        Ok(Order {
            experiment: Experiment { server, tokenizer: self.target.tokenizer(), workload, load, around, said },
            sim: None,
            asked: Asked { metrics: METRICS.to_vec(), percentiles: PERCENTILES.to_vec(), ..Asked::default() },
            summary_percentiles: Vec::new(),
            output: Output::default(),
            progress: self.progress.clone(),
        })
    }

    /// The dataset of the `at`th point.
    fn dataset(&self, loads: &[PointLoad], at: usize, seed: u32, backend: Backend) -> Result<Dataset> {
        let load = &loads[at];
        let talks = datasets::shape(&self.prompts)?.is_some();
        let earlier = loads[..at]
            .iter()
            .map(|load| Earlier { requests: load.number + load.warm_ups, paced: load.rate.is_some() });
        let draw = Draw {
            seed,
            earlier: earlier.collect(),
            number: load.number,
            // Conversations are warmed up with copies of a first turn.
            warmups: if talks { 0 } else { load.warm_ups },
            offset: self.prompts.offset(&loads[..at])?,
        };
        let shaping = self.prompts.shaping(backend.carries().messages, self.request.outputs()?)?;
        let parallel = load.parallel.map_or(1, |parallel| u32::try_from(parallel).unwrap_or(u32::MAX));
        let tokenized = self.target.tokenizer() != Choice::Skip;
        datasets::dataset(&self.prompts, tokenized, Wanted { draw, shaping, parallel })
    }

    /// The flags as they came to be at a point.
    fn settled(&self, load: &PointLoad, content: &RequestContent, seed: u32, backend: Backend) -> Vec<(String, Value)> {
        let masked = |secret: bool| if secret { Value::Text(MASK.into()) } else { Value::Null };
        let model_id = output_args::file_name(&self.target.model);
        let headers = self.target.headers.iter().map(|_| ("***".to_owned(), masked(true))).collect();
        let tokens = match self.request.max_tokens[..] {
            [one] => stored::number(one as f64),
            _ => Value::List(self.request.max_tokens.iter().map(|&tokens| stored::number(tokens as f64)).collect()),
        };
        let settled = vec![
            ("model_id", Value::Text(model_id)),
            ("url", Value::Text(secrets::url(&self.target.url))),
            ("headers", Value::Object(headers)),
            ("api_key", masked(self.target.api_key.is_some())),
            ("total_timeout", stored::number(self.target.total_timeout)),
            ("number", Value::Int(load.number.into())),
            ("parallel", load.parallel.map_or(Value::Float(-1.0), |parallel| Value::Int(parallel as u64))),
            ("rate", Value::Float(load.rate.unwrap_or(-1.0))),
            ("warmup_num", stored::number(self.load.warmup_num)),
            ("sleep_interval", stored::number(self.load.sleep_interval)),
            ("open_loop", Value::Bool(self.load.is_open())),
            ("apply_chat_template", Value::Bool(backend.carries().messages)),
            ("max_tokens", tokens),
            ("seed", Value::Int(seed.into())),
            ("stream", Value::Bool(content.delivery == Delivery::Stream)),
        ];
        stored::stored(&self.options, settled)
    }
}

/// The name that was meant, if one is like it.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(alike, _)| *alike > ALIKE).map(|(_, known)| known)
}
