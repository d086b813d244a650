//! Finding a tokenizer: a path, the hub's cache, the hub, the server, in this order; when all fail, what was tried.

use std::path::{Path, PathBuf};

use super::server::Server;
use super::{Choice, Served, Tokenizer, files};
use crate::error::{Error, Result};
use crate::hub::{self, Hub, Repo};

/// A tokenizer, and what the user should know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// None where the user wanted none.
    pub tokenizer: Option<Tokenizer>,
    /// Sentences to show before the run.
    pub warnings: Vec<String>,
}

/// Loads the tokenizer that was chosen; `model` is the model's id, `server` the server to ask when nothing else has it. It
/// blocks, and it may be called inside an async runtime.
///
/// # Errors
/// Where a path that exists holds no usable tokenizer, or no place has one: then with each place that was tried.
pub fn load(choice: &Choice, model: &str, server: Option<Served<'_>>) -> Result<Loaded> {
    let of = |tokenizer| Ok(Loaded { tokenizer, warnings: Vec::new() });
    match choice {
        Choice::Skip => of(None),
        Choice::Builtin => of(Some(Tokenizer::builtin()?)),
        Choice::OfModel => of_model(model, &Hub::from_env(|name| std::env::var(name).ok()), server),
        Choice::Named(name) => named(name, &Hub::from_env(|name| std::env::var(name).ok()), server),
    }
}

/// The tokenizer that the user named: what is written as a path is one, and has to be there.
fn named(name: &str, hub: &Hub, server: Option<Served<'_>>) -> Result<Loaded> {
    let path = match (name.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    };
    if path.exists() {
        return from_path(name, &path);
    }
    if name.starts_with(['/', '.', '~']) {
        let what = format!("no tokenizer at `{name}`: there is no such file or directory");
        return Err(Error::new(what).hint(
            "inside a container, mount it; else name a model on the hub, or say `--tokenizer builtin` where exact counts do \
             not matter",
        ));
    }
    search(name, hub, server, Tried::place("no such file or directory"))
}

/// The tokenizer of a model that is named as the server has it: a folder of that name here is one place to look for it.
fn of_model(model: &str, hub: &Hub, server: Option<Served<'_>>) -> Result<Loaded> {
    let path = Path::new(model);
    let tried = match path.exists() {
        true if path.is_dir() && files::holder(path).is_none() => {
            Tried::place(&format!("the folder `{model}` has no `{}`", files::FORMS.join("`, `")))
        }
        true => match from_path(model, path) {
            Ok(loaded) => return Ok(loaded),
            Err(cause) => Tried::default().unread(&cause),
        },
        false => Tried::place("no such file or directory"),
    };
    search(model, hub, server, tried)
}

/// Where a tokenizer was looked for in vain.
#[derive(Default)]
struct Tried {
    /// Each place, with why it gave none.
    places: Vec<String>,
    /// What was there and could not be read: to be told also where another place has one.
    unread: Vec<String>,
}

impl Tried {
    fn place(why: &str) -> Self {
        Tried { places: vec![why.to_owned()], unread: Vec::new() }
    }

    /// One more place, where something could not be read.
    fn unread(mut self, cause: &Error) -> Self {
        self.places.push(cause.to_string());
        self.unread.push(cause.to_string());
        self
    }
}

fn search(name: &str, hub: &Hub, server: Option<Served<'_>>, mut tried: Tried) -> Result<Loaded> {
    let found = match file_of_hub(name, hub, &mut tried.places) {
        Some(file) => from_path(name, &file).map_err(|cause| tried = std::mem::take(&mut tried).unread(&cause)).ok(),
        None => None,
    };
    let found = found.or_else(|| match server.map(Server::connect)? {
        Ok(server) => Some(from_server(name, server)),
        Err(cause) => {
            tried.places.push(format!("the server's `/tokenize`: {cause}"));
            None
        }
    });
    if let Some(mut loaded) = found {
        loaded.warnings.splice(0..0, tried.unread);
        return Ok(loaded);
    }
    if server.is_none() {
        tried.places.push("no server to ask".to_owned());
    }
    Err(Error::new(format!("no tokenizer for `{name}`: {}", tried.places.join("; "))).hint(
        "give `--tokenizer` a directory or a `tokenizer.json`, or `builtin` where exact counts do not matter; datasets that \
         need none run with `--skip-tokenizer-init`",
    ))
}

fn from_path(name: &str, path: &Path) -> Result<Loaded> {
    let tokenizer = files::read(path)
        .and_then(|files| Tokenizer::from_files(name, &files))
        .map_err(|cause| cause.context(format!("cannot load the tokenizer `{name}`")))?;
    Ok(Loaded { tokenizer: Some(tokenizer), warnings: Vec::new() })
}

/// The file that holds the tokenizer of a model, from the hub's cache or the hub.
fn file_of_hub(name: &str, hub: &Hub, tried: &mut Vec<String>) -> Option<PathBuf> {
    if !hub::is_name(name) {
        tried.push("not the name of a model on the hub".to_owned());
        return None;
    }
    if let Some(scope) = &hub.modelscope {
        if let Some(file) = scope.folder(name).and_then(|folder| files::holder(&folder)) {
            return Some(file);
        }
        tried.push(format!("not in ModelScope's cache `{}`", scope.home().display()));
    }
    let repo = Repo::model(name);
    if let Some(file) = files::FORMS.iter().find_map(|form| hub.cached(&repo, form)) {
        return Some(file);
    }
    tried.push(format!("not in the hub cache `{}`", hub.cache().display()));
    if hub.offline {
        tried.push("the hub is switched off by `HF_HUB_OFFLINE`".to_owned());
        return None;
    }
    download(hub, &repo).map_err(|cause| tried.push(format!("the hub: {cause}"))).ok()
}

/// Downloads the files of a model's tokenizer and gives the path of the one that holds it, which has the others beside it.
fn download(hub: &Hub, repo: &Repo) -> Result<PathBuf> {
    let all = hub.files(repo)?;
    let wanted: Vec<&str> = all.iter().map(String::as_str).filter(|name| files::belongs(name)).collect();
    let paths = hub.download(repo, &wanted)?;
    let at = files::FORMS.iter().find_map(|form| wanted.iter().position(|name| name == form));
    at.and_then(|at| paths.into_iter().nth(at))
        .ok_or_else(|| Error::new(format!("the model has no `{}`", files::FORMS.join("`, `"))))
}

fn from_server(name: &str, server: Server) -> Loaded {
    let size = match server.vocabulary() {
        (size, true) => format!("{size}"),
        (size, false) => format!("at least {size} (the server does not tell it)"),
    };
    let warning = format!(
        "no files for the tokenizer `{name}`: the server's `/tokenize` is used; its special tokens are unknown and its \
         vocabulary is taken as {size}, so random prompts differ from those that the tokenizer's files give for the same seed"
    );
    Loaded { tokenizer: Some(Tokenizer::from_server(name, server)), warnings: vec![warning] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> Hub {
        Hub::from_env(|name| match name {
            "HF_HUB_OFFLINE" => Some("1".into()),
            "HF_HOME" => Some("/nowhere".into()),
            _ => None,
        })
    }

    #[test]
    fn nothing_is_loaded_where_none_is_wanted() {
        assert!(load(&Choice::Skip, "model", None).unwrap().tokenizer.is_none());
    }

    #[test]
    fn the_builtin_tokenizer_needs_no_place() {
        let loaded = load(&Choice::Builtin, "model", None).unwrap();
        assert_eq!(loaded.tokenizer.unwrap().name(), "builtin");
    }

    #[test]
    fn the_error_lists_what_was_tried() {
        let error = named("org/model", &nowhere(), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no tokenizer for `org/model`: no such file or directory; not in the hub cache `/nowhere/hub`; \
             the hub is switched off by `HF_HUB_OFFLINE`; no server to ask"
        );
        assert!(error.advice().unwrap().contains("builtin"));
    }

    #[test]
    fn a_path_has_to_be_there() {
        for name in ["/nowhere/at/all", "./nowhere", "../nowhere", "~/nowhere-at-all"] {
            let error = named(name, &nowhere(), None).unwrap_err();
            assert_eq!(error.to_string(), format!("no tokenizer at `{name}`: there is no such file or directory"));
            assert!(error.advice().unwrap().contains("builtin"));
        }
    }

    #[test]
    fn a_folder_with_the_models_name_and_no_tokenizer_is_one_place_that_was_tried() {
        let folder = std::env::temp_dir().join(format!("llmbench-of-model-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("vocab.json"), "x").unwrap();
        let error = of_model(folder.to_str().unwrap(), &nowhere(), None).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("has no `tokenizer.json`") && error.contains("no server to ask"), "{error}");
    }

    #[test]
    fn a_models_folder_that_cannot_be_read_is_one_place_that_was_tried() {
        let folder = std::env::temp_dir().join(format!("llmbench-unread-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("tokenizer.model"), "x").unwrap();
        let error = of_model(folder.to_str().unwrap(), &nowhere(), None).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("not a model of SentencePiece") && error.contains("no server to ask"), "{error}");
    }

    #[test]
    fn a_model_in_the_cache_of_modelscope_is_found_by_its_name() {
        let cache = std::env::temp_dir().join(format!("llmbench-scope-{}", std::process::id()));
        let folder = cache.join("models/org/a___b");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("tokenizer.json"), include_bytes!("builtin.json")).unwrap();
        let hub = Hub::from_env(|name| match name {
            "VLLM_USE_MODELSCOPE" => Some("True".to_owned()),
            "MODELSCOPE_CACHE" => Some(cache.display().to_string()),
            "HF_HUB_OFFLINE" => Some("1".to_owned()),
            _ => None,
        });
        let found = of_model("org/a.b", &hub, None).unwrap();
        let error = of_model("org/other", &hub, None).unwrap_err().to_string();
        std::fs::remove_dir_all(&cache).unwrap();
        assert_eq!((found.tokenizer.unwrap().vocab_size(), found.warnings.len()), (8192, 0));
        assert!(error.contains("not in ModelScope's cache"), "{error}");
    }

    #[test]
    fn a_directory_gives_its_tokenizer_under_the_given_name() {
        let folder = std::env::temp_dir().join(format!("llmbench-load-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let name = folder.to_str().unwrap();
        let error = named(name, &nowhere(), None).unwrap_err();
        assert!(error.to_string().starts_with("cannot load the tokenizer") && error.advice().is_some(), "{error}");
        std::fs::write(folder.join("tokenizer.json"), include_bytes!("builtin.json")).unwrap();
        let loaded = named(name, &nowhere(), None).unwrap().tokenizer.unwrap();
        assert_eq!((loaded.name(), loaded.vocab_size()), (name, 8192));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
