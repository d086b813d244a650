//! A server as it was found: asked once, for all runs of a study. Nothing is measured.

use super::Experiment;
use crate::backend::{Place, Server};
use crate::error::{Error, Result};
use crate::net::{self, Access, Client, Model, PATIENCE, Slow};
use crate::record::{Moment, Tell};
use crate::token::{self, Choice, Served, Tokenizer};

/// What all runs of a study share beside their settings.
#[derive(Debug, Clone)]
pub struct Site {
    /// Makes the calls that are not measured, to the first server.
    pub calls: Client,
    /// Makes such calls to the others.
    pub others: Vec<Client>,
    /// The model, by the name of requests and its own.
    pub model: Model,
    /// Counts tokens; `None` where the user wanted none.
    pub tokenizer: Option<Tokenizer>,
}

impl Site {
    /// Asks the server for what the user did not name, and loads the tokenizer; `slow` is told of calls that take long, now and
    /// later.
    ///
    /// # Errors
    /// If the server has to be asked and does not answer, or no place has the tokenizer.
    pub fn ask(experiment: &Experiment, slow: Slow, tell: Tell<'_>) -> Result<Self> {
        let (calls, others) = calls(&experiment.server, &slow)?;
        let model = named(&experiment.server).map_or_else(|| net::first_model(&calls), Ok)?;
        let served = Served { calls: &calls, model: &model.name };
        let tokenizer = tokenizer(&experiment.tokenizer, &model.id, Some(served), tell)?;
        Ok(Site { calls, others, model, tokenizer })
    }

    /// What there is without asking a server: a dry run needs no more.
    ///
    /// # Errors
    /// If the tokenizer cannot be loaded, or would be that of a model which only the server knows.
    pub fn unasked(experiment: &Experiment, tell: Tell<'_>) -> Result<Self> {
        let model = match named(&experiment.server) {
            Some(model) => model,
            None if experiment.tokenizer == Choice::OfModel => {
                return Err(Error::new("a dry run asks no server for the model, and the tokenizer is the model's")
                    .hint("give `--model` or `--tokenizer`; `--tokenizer builtin` is always there"));
            }
            None => Model { name: String::new(), id: String::new() },
        };
        let tokenizer = tokenizer(&experiment.tokenizer, &model.id, None, tell)?;
        let (calls, others) = calls(&experiment.server, &Slow::new(|_| ()))?;
        Ok(Site { calls, others, model, tokenizer })
    }

    /// Makes calls to each server.
    pub fn all(&self) -> impl Iterator<Item = &Client> {
        std::iter::once(&self.calls).chain(&self.others)
    }
}

fn tokenizer(choice: &Choice, model: &str, served: Option<Served<'_>>, tell: Tell<'_>) -> Result<Option<Tokenizer>> {
    let loaded = token::load(choice, model, served)?;
    loaded.warnings.iter().for_each(|warning| tell(Moment::Noticed(warning)));
    Ok(loaded.tokenizer)
}

/// Makes calls to the first server and to the others, with the key and the headers of requests, which take no longer than those
/// may.
fn calls(server: &Server, slow: &Slow) -> Result<(Client, Vec<Client>)> {
    let open = |place: &Place| {
        Client::open(&Access {
            base_url: place.base.clone(),
            socket: place.url.socket.clone(),
            local: server.local.first().copied(),
            headers: server.all_headers(),
            trust: server.trust.clone(),
            patience: server.request_timeout.map_or(PATIENCE, |limit| limit.min(PATIENCE)),
            slow: slow.clone(),
        })
    };
    let (first, others) = server.places.split_first().expect("there is a server");
    Ok((open(first)?, others.iter().map(open).collect::<Result<_>>()?))
}

/// The model as the user named it.
fn named(server: &Server) -> Option<Model> {
    let id = server.model.clone()?;
    Some(Model { name: server.served_model_name.clone().unwrap_or_else(|| id.clone()), id })
}
