//! The description of a run: an experiment and a server as it was found come in, the [`Setup`] that records and reports repeat
//! goes out.

use std::num::NonZeroUsize;

use jiff::Zoned;
use jiff::civil::DateTime;

use super::{Experiment, Site};
use crate::plan::arrivals::Arrivals;
use crate::record::Setup;

/// The present local time.
pub(super) fn now() -> DateTime {
    Zoned::now().datetime()
}

/// The description of a run of `experiment` that begins now. What only its requests can tell, such as when a ramp reaches its
/// rates, is still missing.
pub fn setup(experiment: &Experiment, site: &Site) -> Setup {
    let Experiment { server, workload, load, said, .. } = experiment;
    let request_rate = match load.arrivals {
        Arrivals::Gamma { rate, .. } => rate,
        Arrivals::AtOnce | Arrivals::Ramp { .. } => f64::INFINITY,
    };
    let ramp = match load.arrivals {
        Arrivals::Ramp { ramp, .. } => Some(ramp),
        Arrivals::AtOnce | Arrivals::Gamma { .. } => None,
    };
    Setup {
        backend: server.backend.name().into(),
        task: server.backend.task(),
        label: said.label.clone(),
        model_id: site.model.id.clone(),
        tokenizer_id: site.tokenizer.as_ref().map(|tokenizer| tokenizer.name().to_string()),
        num_prompts: workload.num_prompts,
        metadata: said.metadata.clone(),
        request_rate,
        burstiness: load.burstiness,
        max_concurrency: load.max_concurrency.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        ramp,
        rate_changes: Vec::new(),
        recorded: false,
        probe_rate: load.probe_rate,
        options: said.options.clone(),
        command: said.command.clone(),
        proxy: None,
        adapters: None,
        servers: None,
        started: now(),
        ended: now(),
        cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
    }
}
