//! `serve`: puts load on a server and reports what happened.

use std::io::Write;

use super::session::{Sent, Session};
use super::signals::Signals;
use super::{conclude, describe};
use crate::backend::template::Fixed;
use crate::backend::{Backend, RequestArgs, RequestContent, Server, ServerArgs};
use crate::dataset::{Custom, Dataset, DatasetArgs, Samples, Template};
use crate::error::{Error, Exit, Result};
use crate::measure::{Asked, MetricsArgs};
use crate::net::{self, Access, Model};
use crate::plan::{Load, LoadArgs};
use crate::report::{Export, Output, OutputArgs};
use crate::sim::{self, SimArgs};
use crate::token::{self, Choice, Loaded, Served, TokenizerArgs};
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
    metrics: MetricsArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

/// What the flags come to, checked before anything is sent.
pub(super) struct Checked {
    server: Server,
    sim: Option<sim::Config>,
    tokenizer: Choice,
    dataset: Dataset,
    pub(super) seed: u32,
    pub(super) num_prompts: u64,
    pub(super) load: Load,
    content: RequestContent,
    pub(super) asked: Asked,
    pub(super) output: Output,
}

impl ServeArgs {
    /// Checks every flag, alone and against the others.
    pub(super) fn check(&self) -> Result<Checked> {
        let dataset = self.dataset.clone().resolve()?;
        let mut content = self.request.resolve()?;
        let sim = self.sim.as_deref().map(simulator).transpose()?;
        let tokenizer = match self.tokenizer.resolve()? {
            // The simulator's model has no tokenizer of its own.
            Choice::OfModel if sim.is_some() => Choice::Builtin,
            choice => choice,
        };
        let server = self.server.resolve()?;
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
            asked: self.metrics.resolve()?,
            output: self.output.resolve()?,
        })
    }

    /// Runs the benchmark and reports.
    pub(super) fn run(self, ui: &Ui) -> Result<Exit> {
        let mut checked = self.check()?;
        checked.dataset.check_file()?;
        let signals = Signals::take_over()?;
        super::limits::allow_many_files();
        let sim = checked.sim.take().map(sim::start).transpose()?;
        if let Some(sim) = &sim {
            checked.server.move_to(sim.address())?;
        }
        for warning in checked.warnings() {
            ui.warn(warning);
        }
        let access = access(&checked.server);
        let model = model(&checked.server, &access)?;
        let loaded = token::load(&checked.tokenizer, &model.id, Some(Served { access: &access, model: &model.name }))?;
        loaded.warnings.iter().for_each(|warning| ui.warn(warning));
        let samples = samples(&checked, &loaded)?;
        samples.warnings.iter().for_each(|warning| ui.warn(warning));
        let due = checked.load.arrivals.due(samples.count, checked.seed);
        let mut setup = describe::setup(&checked, &model, &loaded, &due);
        let files = checked.output.open(&setup)?;
        let fixed = Fixed {
            model: &model.name,
            logprobs: checked.content.logprobs,
            ignore_eos: checked.content.ignore_eos,
            overlay: &checked.content.overlay,
        };
        let session = Session::new(&checked.server, &checked.load, &fixed, (samples, due))?;
        let mut out = out(&checked.output);
        let stop = signals.listen();
        if !session.prepare(&stop, &mut out)? {
            return Ok(Exit::Interrupted);
        }
        describe::traffic(&setup, &mut out)?;
        let details = conclude::details(&checked.output, &files)?;
        let progress = self.progress.resolve(ui, session.count() as u64);
        setup.started = describe::now();
        let sent: Sent = session.run(&stop, details, progress)?;
        setup.ended = describe::now();
        conclude::conclude(
            sent,
            conclude::Context { checked: &checked, setup: &setup, loaded: &loaded, ui },
            files,
            &mut out,
        )
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

/// How calls that are not measured reach the server: with the key and the headers of requests.
fn access(server: &Server) -> Access {
    Access { base_url: server.base.clone(), headers: server.all_headers(), insecure: server.insecure }
}

/// The model's name and id: as given, or the first that the server lists.
fn model(server: &Server, access: &Access) -> Result<Model> {
    match &server.model {
        Some(id) => {
            let name = server.served_model_name.clone().unwrap_or_else(|| id.clone());
            Ok(Model { name, id: id.clone() })
        }
        None => net::first_model(access),
    }
}

fn samples(checked: &Checked, loaded: &Loaded) -> Result<Samples> {
    let samples = checked.dataset.clone().samples(loaded.tokenizer.clone())?;
    if samples.count == 0 {
        return Err(Error::new("the dataset has no request").hint("give `--num-prompts` 1 or more"));
    }
    Ok(samples)
}
