//! What a run is: its description in the result, and the lines that announce it.

use std::io::Write;
use std::num::NonZeroUsize;

use jiff::Zoned;
use jiff::civil::DateTime;

use super::serve::Checked;
use crate::args::options;
use crate::error::Result;
use crate::json::Value;
use crate::net::Model;
use crate::plan::Load;
use crate::plan::arrivals::Arrivals;
use crate::record::{Setup, Tick};
use crate::token::Loaded;
use crate::ui::out::say;

/// The present local time.
pub(super) fn now() -> DateTime {
    Zoned::now().datetime()
}

/// The description of the run that starts its requests at `due`.
pub(super) fn setup(checked: &Checked, model: &Model, loaded: &Loaded, due: &[Tick]) -> Setup {
    let (load, output) = (&checked.load, &checked.output);
    let request_rate = match load.arrivals {
        Arrivals::Gamma { rate, .. } => rate,
        Arrivals::AtOnce | Arrivals::Ramp { .. } => f64::INFINITY,
    };
    let ramp = match load.arrivals {
        Arrivals::Ramp { ramp, .. } => Some(ramp),
        Arrivals::AtOnce | Arrivals::Gamma { .. } => None,
    };
    Setup {
        backend: checked.backend().name().into(),
        task: checked.backend().task(),
        label: output.label.clone(),
        model_id: model.id.clone(),
        tokenizer_id: loaded.tokenizer.as_ref().map(|tokenizer| tokenizer.name().to_string()),
        num_prompts: checked.num_prompts,
        metadata: output.metadata.clone(),
        request_rate,
        burstiness: load.burstiness,
        max_concurrency: load.max_concurrency.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        ramp,
        rate_changes: ramp.map_or(Vec::new(), |ramp| ramp.changes(due)),
        options: settled(checked),
        adapters: None,
        started: now(),
        ended: now(),
        cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
    }
}

/// The flags as they came to be in this run.
fn settled(checked: &Checked) -> Vec<(String, Value)> {
    let (mut options, load) = (checked.options.clone(), &checked.load);
    options::settle(&mut options);
    let mut put = |name, value| options::set(&mut options, name, value);
    put("ignore_eos", Value::Bool(checked.content.ignore_eos));
    put("request_id_prefix", Value::Text(checked.request_id_prefix.clone()));
    // A sweep changes these from run to run.
    put("num_prompts", Value::Int(checked.num_prompts));
    put("max_concurrency", load.max_concurrency.map_or(Value::Null, |limit| Value::Int(limit as u64)));
    if let Arrivals::Gamma { rate, .. } = load.arrivals {
        put("request_rate", Value::Float(rate));
    }
    if let Some((_, endpoint @ Value::Null)) = options.iter_mut().find(|(name, _)| name == "endpoint") {
        *endpoint = Value::Text(checked.backend().default_endpoint().to_owned());
    }
    options
}

/// Announces the probes, if there will be any, in the reference's words.
pub(super) fn probes(load: &Load, out: &mut dyn Write) -> Result<()> {
    match load.probe_rate {
        Some(rate) => say(out, &format!("Probe request rate: {rate:?} req/s")),
        None => Ok(()),
    }
}

/// Announces, in the reference's words, that the dataset says when requests start.
pub(super) fn recorded(_: &Setup, out: &mut dyn Write) -> Result<()> {
    say(out, "Self timing is set, using the timestamps from the trace file.")
}

/// Announces the traffic in the reference's words.
pub(super) fn traffic(setup: &Setup, out: &mut dyn Write) -> Result<()> {
    match &setup.ramp {
        Some(ramp) => {
            say(out, &format!("Traffic ramp-up strategy: {}.", ramp.strategy.name()))?;
            let (start, end) = (ramp.start, ramp.end);
            say(out, &format!("Will increase RPS from {start} to {end} RPS over the duration of the benchmark."))?;
        }
        None => say(out, &format!("Traffic request rate: {:?}", setup.request_rate))?,
    }
    let law = if setup.burstiness == 1.0 { "Poisson process" } else { "Gamma distribution" };
    say(out, &format!("Burstiness factor: {:?} ({law})", setup.burstiness))?;
    let limit = setup.max_concurrency.map_or("None".to_string(), |limit| limit.to_string());
    say(out, &format!("Maximum request concurrency: {limit}"))
}
