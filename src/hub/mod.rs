//! The model hub: from a repository's name to its files, in the cache that all hub tools share or by downloading them into
//! it. It fetches only the files that it is asked for, and never shows a token.

mod modelscope;

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use hf_hub::api::tokio::{Api, ApiBuilder, ApiRepo};
use hf_hub::{Cache, RepoType};

pub use modelscope::ModelScope;

use crate::error::{Error, Result};
use crate::net;

/// The longest wait for the hub's first answer: a machine without a way out is told so soon.
const ANSWER: Duration = Duration::from_secs(8);

/// The longest wait for one file of a model's tokenizer; those have tens of megabytes at most.
const SMALL_FILE: Duration = Duration::from_secs(300);

/// The longest wait for one file of a dataset; those have a gigabyte at most.
const LARGE_FILE: Duration = Duration::from_secs(3600);

/// A repository on the hub, at one of its revisions.
#[derive(Debug, Clone)]
pub struct Repo {
    inner: hf_hub::Repo,
    patience: Duration,
}

impl Repo {
    /// The model `name`, as it is now.
    pub fn model(name: &str) -> Self {
        Repo { inner: hf_hub::Repo::model(name.to_owned()), patience: SMALL_FILE }
    }

    /// The dataset `name`, as it is now.
    pub fn dataset(name: &str) -> Self {
        Repo { inner: hf_hub::Repo::dataset(name.to_owned()), patience: LARGE_FILE }
    }

    /// What the hub made of the dataset `name`: Parquet files in `subset/split/`, whatever form its own files have.
    pub fn converted_dataset(name: &str) -> Self {
        let revision = "refs/convert/parquet".to_owned();
        let inner = hf_hub::Repo::with_revision(name.to_owned(), RepoType::Dataset, revision);
        Repo { inner, patience: LARGE_FILE }
    }
}

/// Where the hub and its cache are, as the environment says.
#[derive(Clone)]
pub struct Hub {
    cache: PathBuf,
    endpoint: Option<String>,
    token: Option<String>,
    /// Whether no call may be made.
    pub offline: bool,
    /// The cache that models are looked for in first, where it is used.
    pub modelscope: Option<ModelScope>,
}

impl Hub {
    /// Reads the environment through `variable`; an empty value counts as none.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
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
            modelscope: ModelScope::from_env(variable, &user),
            cache: cache.unwrap_or_else(|| home.join("hub")),
            endpoint: variable("HF_ENDPOINT").map(|url| url.trim_end_matches('/').to_owned()),
            token: token.or_else(|| fs::read_to_string(token_file).ok()).map(|token| token.trim().to_owned()),
            offline: on("HF_HUB_OFFLINE") || on("TRANSFORMERS_OFFLINE") || on("HF_DATASETS_OFFLINE"),
        }
    }

    /// Where the cache is.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The cached file `name` of a repository.
    pub fn cached(&self, repo: &Repo, name: &str) -> Option<PathBuf> {
        Cache::new(self.cache.clone()).repo(repo.inner.clone()).get(name)
    }

    /// The names of a repository's files that are in the cache, sorted; none where it is not there.
    pub fn cached_files(&self, repo: &Repo) -> Vec<String> {
        let folder = self.cache.join(repo.inner.folder_name());
        let Ok(commit) = fs::read_to_string(folder.join("refs").join(repo.inner.revision())) else { return Vec::new() };
        files_below(&folder.join("snapshots").join(commit.trim()))
    }

    /// The names of all files of a repository, as the hub lists them.
    ///
    /// # Errors
    /// Where the hub cannot be reached, does not know the repository or does not let us have it.
    pub fn files(&self, repo: &Repo) -> Result<Vec<String>> {
        net::run(async {
            let repo = self.api()?.repo(repo.inner.clone());
            let info = tokio::time::timeout(ANSWER, repo.info())
                .await
                .map_err(|_| Error::new(format!("no answer within {} seconds", ANSWER.as_secs())))?
                .map_err(|cause| Error::new(net::causes(&cause)))?;
            Ok(info.siblings.into_iter().map(|file| file.rfilename).collect())
        })
    }

    /// Downloads files of a repository into the cache, and gives the path of each there.
    ///
    /// # Errors
    /// As [`files`](Self::files), with the name of the file; where a name leads out of the repository, before any call.
    pub fn download(&self, repo: &Repo, names: &[&str]) -> Result<Vec<PathBuf>> {
        if let Some(name) = names.iter().find(|name| !lies_inside(name)) {
            let what = format!("the hub lists a file `{name}`, which would lie outside of its repository in the cache");
            return Err(Error::new(what).hint("see whether `HF_ENDPOINT` names a hub that you trust"));
        }
        net::run(async {
            let api = self.api()?.repo(repo.inner.clone());
            let mut paths = Vec::with_capacity(names.len());
            for name in names {
                paths.push(get(&api, name, repo.patience).await?);
            }
            Ok(paths)
        })
    }

    fn api(&self) -> Result<Api> {
        let builder = ApiBuilder::from_cache(Cache::new(self.cache.clone()))
            .with_progress(false)
            .with_token(self.token.clone().filter(|token| !token.is_empty()));
        let builder = match &self.endpoint {
            Some(url) => builder.with_endpoint(url.clone()),
            None => builder,
        };
        builder.build().map_err(|cause| Error::new(net::causes(&cause)))
    }
}

/// Whether a file's name, as a hub lists it, stays within the repository's own folder.
fn lies_inside(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

async fn get(repo: &ApiRepo, name: &str, patience: Duration) -> Result<PathBuf> {
    tokio::time::timeout(patience, repo.download(name))
        .await
        .map_err(|_| Error::new(format!("`{name}` took longer than {} seconds", patience.as_secs())))?
        .map_err(|cause| Error::new(format!("`{name}`: {}", net::causes(&cause))))
}

/// The names of all files below `folder`, relative to it and with `/` between folders, sorted; hidden ones do not count.
pub fn files_below(folder: &Path) -> Vec<String> {
    let (mut folders, mut names) = (vec![String::new()], Vec::new());
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            match entry.path().is_dir() {
                _ if name.starts_with('.') => {}
                true => folders.push(relative),
                false => names.push(relative),
            }
        }
    }
    names.sort();
    names
}

/// Whether `name` could be a repository's name on the hub: `name` or `organisation/name`.
pub fn is_name(name: &str) -> bool {
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
    fn cached_files_are_found_through_their_reference() {
        let cache = std::env::temp_dir().join(format!("llmbench-hub-{}", std::process::id()));
        let hub = hub(&[("HF_HUB_CACHE", cache.to_str().unwrap())]);
        let write = |name: &str, content: &str| {
            let path = cache.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("models--org--name/refs/main", "abc\n");
        write("models--org--name/snapshots/abc/a.json", "{}");
        write("models--org--name/snapshots/abc/.git/x", "");
        write("models--org--name/snapshots/abc/b/c.json", "{}");
        write("datasets--org--name/refs/refs/convert/parquet", "def");
        write("datasets--org--name/snapshots/def/default/test/0.parquet", "");
        assert_eq!(hub.cached_files(&Repo::model("org/name")), ["a.json", "b/c.json"]);
        assert_eq!(hub.cached_files(&Repo::converted_dataset("org/name")), ["default/test/0.parquet"]);
        assert!(hub.cached_files(&Repo::dataset("org/name")).is_empty());
        assert!(hub.cached_files(&Repo::model("org/other")).is_empty());
        fs::remove_dir_all(&cache).unwrap();
    }

    #[test]
    fn a_file_that_climbs_out_of_the_cache_is_refused_before_any_call() {
        // Nothing listens there: a call would fail with another message.
        let hub = hub(&[("HF_HUB_CACHE", "/nowhere"), ("HF_ENDPOINT", "http://127.0.0.1:1")]);
        for name in ["../x.json", "/etc/x.json", "a/../../x.json", "..", ""] {
            let error = hub.download(&Repo::dataset("org/name"), &["a.json", name]).unwrap_err();
            assert!(error.to_string().contains("outside of its repository"), "{name}: {error}");
        }
        assert!(lies_inside("a.json") && lies_inside("a/..b/c.json"));
    }

    #[test]
    fn names_of_repositories_are_told_from_paths() {
        for name in ["gpt2", "Qwen/Qwen3-0.6B", "a_b/c.d"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "/a", "./a", "../a", "a/b/c", "a b", "a/", "http://x", "~/x"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
