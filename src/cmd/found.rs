//! What is found out once, before the first run: the model and its tokenizer. Checked settings come in; nothing is measured.

use super::serve::Checked;
use crate::backend::Server;
use crate::error::{Error, Result};
use crate::net::{self, Access, Client, Model};
use crate::token::{self, Choice, Loaded, Served};
use crate::ui::Ui;

/// What all runs of a `serve` share beside its settings.
pub(super) struct Found {
    /// Makes the calls that are not measured.
    pub(super) calls: Client,
    pub(super) model: Model,
    pub(super) loaded: Loaded,
}

impl Found {
    /// Asks the server for what the user did not name, and loads the tokenizer.
    pub(super) fn ask(checked: &Checked, ui: &Ui) -> Result<Self> {
        let calls = calls(&checked.server)?;
        let model = model(&checked.server, &calls)?;
        let loaded = token::load(&checked.tokenizer, &model.id, Some(Served { calls: &calls, model: &model.name }))?;
        loaded.warnings.iter().for_each(|warning| ui.warn(warning));
        Ok(Found { calls, model, loaded })
    }
    /// What there is without asking a server: a dry run needs no more.
    ///
    /// # Errors
    /// If the tokenizer cannot be loaded, or would be that of a model which only the server knows.
    pub(super) fn without_server(checked: &Checked, ui: &Ui) -> Result<Self> {
        let calls = calls(&checked.server)?;
        let model = match &checked.server.model {
            Some(_) => model(&checked.server, &calls)?,
            None if checked.tokenizer == Choice::OfModel => {
                return Err(Error::new("a dry run asks no server for the model, and the tokenizer is the model's")
                    .hint("give `--model` or `--tokenizer`; `--tokenizer builtin` is always there"));
            }
            None => Model { name: String::new(), id: String::new() },
        };
        let loaded = token::load(&checked.tokenizer, &model.id, None)?;
        loaded.warnings.iter().for_each(|warning| ui.warn(warning));
        Ok(Found { calls, model, loaded })
    }
}

/// How calls that are not measured reach the server: with the key and the headers of requests.
fn calls(server: &Server) -> Result<Client> {
    Client::open(&Access { base_url: server.base.clone(), headers: server.all_headers(), insecure: server.insecure })
}

/// The model's name and id: as given, or the first that the server lists.
fn model(server: &Server, calls: &Client) -> Result<Model> {
    match &server.model {
        Some(id) => {
            let name = server.served_model_name.clone().unwrap_or_else(|| id.clone());
            Ok(Model { name, id: id.clone() })
        }
        None => net::first_model(calls),
    }
}
