//! The model hub: from a model's name to a directory with its tokenizer's files, in the cache that all hub tools share or by
//! downloading them into it. It fetches no weights, and never shows a token.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::api::tokio::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};

use super::files::{MORE_TEMPLATES, NAMES, TOKENIZER};
use crate::error::{Error, Result};
use crate::net;

/// The longest wait for the hub's first answer: a machine without a way out is told so soon.
const ANSWER: Duration = Duration::from_secs(8);

/// The longest wait for one file; tokenizers have tens of megabytes at most.
const FILE: Duration = Duration::from_secs(300);

/// Where the hub and its cache are, as the environment says.
pub(super) struct Hub {
    cache: PathBuf,
    endpoint: Option<String>,
    token: Option<String>,
    /// Whether no call may be made.
    pub(super) offline: bool,
}

impl Hub {
    /// Reads the environment through `variable`; an empty value counts as none.
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let user = variable("HOME").map(PathBuf::from).unwrap_or_default();
        let path = |value: String| match value.strip_prefix("~/") {
            Some(rest) => user.join(rest),
            None => PathBuf::from(value),
        };
        let home = variable("HF_HOME").map(path).unwrap_or_else(|| {
            variable("XDG_CACHE_HOME").map(path).unwrap_or_else(|| user.join(".cache")).join("huggingface")
        });
        let cache = variable("HF_HUB_CACHE").or_else(|| variable("HUGGINGFACE_HUB_CACHE")).map(path);
        let token_file = variable("HF_TOKEN_PATH").map(path).unwrap_or_else(|| home.join("token"));
        let token = variable("HF_TOKEN").or_else(|| variable("HUGGING_FACE_HUB_TOKEN"));
        let on = |name: &str| {
            variable(name).is_some_and(|value| ["1", "ON", "YES", "TRUE"].contains(&&*value.to_ascii_uppercase()))
        };
        Hub {
            cache: cache.unwrap_or_else(|| home.join("hub")),
            endpoint: variable("HF_ENDPOINT").map(|url| url.trim_end_matches('/').to_owned()),
            token: token.or_else(|| std::fs::read_to_string(token_file).ok()).map(|token| token.trim().to_owned()),
            offline: on("HF_HUB_OFFLINE") || on("TRANSFORMERS_OFFLINE"),
        }
    }

    /// Where the cache is.
    pub(super) fn cache(&self) -> &Path {
        &self.cache
    }

    /// The cached directory of `model`, where it has a tokenizer.
    pub(super) fn cached(&self, model: &str) -> Option<PathBuf> {
        let file = Cache::new(self.cache.clone()).model(model.to_owned()).get(TOKENIZER)?;
        file.parent().map(Path::to_owned)
    }

    /// Downloads the tokenizer of `model` into the cache and gives its directory.
    ///
    /// # Errors
    /// Where the hub cannot be reached, does not know the model or does not let us have it, or the model has no
    /// `tokenizer.json`.
    pub(super) fn download(&self, model: &str) -> Result<PathBuf> {
        net::run(self.fetch(model))
    }

    async fn fetch(&self, model: &str) -> Result<PathBuf> {
        let builder = ApiBuilder::from_cache(Cache::new(self.cache.clone()))
            .with_progress(false)
            .with_token(self.token.clone().filter(|token| !token.is_empty()));
        let builder = match &self.endpoint {
            Some(url) => builder.with_endpoint(url.clone()),
            None => builder,
        };
        let api = builder.build().map_err(|cause| Error::new(net::causes(&cause)))?;
        let repo = api.repo(Repo::new(model.to_owned(), RepoType::Model));
        let info = tokio::time::timeout(ANSWER, repo.info())
            .await
            .map_err(|_| Error::new(format!("no answer within {} seconds", ANSWER.as_secs())))?
            .map_err(|cause| Error::new(net::causes(&cause)))?;
        let names: Vec<&str> = info.siblings.iter().map(|file| &*file.rfilename).filter(|name| wanted(name)).collect();
        if !names.contains(&TOKENIZER) {
            return Err(Error::new(format!("the model has no `{TOKENIZER}`")));
        }
        for name in names {
            get(&repo, name).await?;
        }
        self.cached(model).ok_or_else(|| Error::new("the downloaded files are not in the cache"))
    }
}

async fn get(repo: &ApiRepo, name: &str) -> Result<()> {
    tokio::time::timeout(FILE, repo.download(name))
        .await
        .map_err(|_| Error::new(format!("`{name}` took longer than {} seconds", FILE.as_secs())))?
        .map_err(|cause| Error::new(format!("`{name}`: {}", net::causes(&cause))))?;
    Ok(())
}

/// Whether a file of a repository belongs to its tokenizer.
fn wanted(name: &str) -> bool {
    let template = name.strip_prefix(MORE_TEMPLATES).and_then(|rest| rest.strip_prefix('/'));
    NAMES.contains(&name) || template.is_some_and(|file| file.ends_with(".jinja") && !file.contains('/'))
}

/// Whether `name` could be a model's name on the hub: `model` or `organisation/model`.
pub(super) fn is_model_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let good = |part: &&str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && part.chars().all(|c| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&c))
    };
    parts.len() <= 2 && name.len() <= 96 && parts.iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        Hub::from_env(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_cache_is_where_the_environment_says() {
        assert_eq!(hub(&[("HOME", "/h")]).cache(), Path::new("/h/.cache/huggingface/hub"));
        assert_eq!(hub(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]).cache(), Path::new("/x/huggingface/hub"));
        assert_eq!(hub(&[("HOME", "/h"), ("HF_HOME", "~/hf")]).cache(), Path::new("/h/hf/hub"));
        assert_eq!(hub(&[("HF_HOME", "/a"), ("HF_HUB_CACHE", "/b")]).cache(), Path::new("/b"));
    }

    #[test]
    fn offline_and_the_endpoint_are_read() {
        assert!(hub(&[("HF_HUB_OFFLINE", "1")]).offline);
        assert!(hub(&[("TRANSFORMERS_OFFLINE", "yes")]).offline);
        assert!(!hub(&[("HF_HUB_OFFLINE", "0")]).offline);
        assert_eq!(hub(&[("HF_ENDPOINT", "http://mirror/")]).endpoint.unwrap(), "http://mirror");
        assert_eq!(hub(&[("HF_TOKEN", " secret\n")]).token.unwrap(), "secret");
    }

    #[test]
    fn a_cached_model_is_found_through_its_reference() {
        let cache = std::env::temp_dir().join(format!("llmbench-hub-{}", std::process::id()));
        let model = cache.join("models--org--name");
        let snapshot = model.join("snapshots/abc");
        fs::create_dir_all(model.join("refs")).unwrap();
        fs::create_dir_all(&snapshot).unwrap();
        fs::write(model.join("refs/main"), "abc").unwrap();
        let hub = hub(&[("HF_HUB_CACHE", cache.to_str().unwrap())]);
        assert_eq!(hub.cached("org/name"), None, "a model without a tokenizer counts as absent");
        fs::write(snapshot.join("tokenizer.json"), "{}").unwrap();
        assert_eq!(hub.cached("org/name"), Some(snapshot));
        assert_eq!(hub.cached("org/other"), None);
        fs::remove_dir_all(&cache).unwrap();
    }

    #[test]
    fn only_files_of_the_tokenizer_are_wanted() {
        assert!(wanted("tokenizer.json") && wanted("chat_template.jinja"));
        assert!(wanted("additional_chat_templates/tool_use.jinja"));
        for name in ["model.safetensors", "onnx/tokenizer.json", "additional_chat_templates/a/b.jinja"] {
            assert!(!wanted(name), "{name}");
        }
    }

    #[test]
    fn names_of_models_are_told_from_paths() {
        for name in ["gpt2", "Qwen/Qwen3-0.6B", "a_b/c.d"] {
            assert!(is_model_name(name), "{name}");
        }
        for name in ["", "/a", "./a", "../a", "a/b/c", "a b", "a/", "http://x", "~/x"] {
            assert!(!is_model_name(name), "{name}");
        }
    }
}
