//! Where a dataset's files are: a file, a folder, or a repository on the hub, in its cache or fetched as they are needed. A
//! path or a name comes in, files with the names they have there go out; what is in them is not looked at.

use std::path::{Path, PathBuf};

use super::names::{self, Wanted};
use crate::error::{Error, Result};
use crate::hub::{self, Hub, Repo};

/// The forms that tables can have, for those who have another one.
const FORMS: &str = "tables are read from Parquet, JSON and JSON lines: `.parquet`, `.json`, `.jsonl`";

/// A place with files.
#[derive(Clone)]
pub(super) enum Source {
    /// One file by itself.
    File(PathBuf),
    /// A folder of this machine.
    Folder(PathBuf),
    /// A repository.
    Hub { hub: Hub, name: String },
}

/// A file of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DataFile {
    name: String,
    /// Whether it is one that the hub made, because the dataset's own has another form.
    converted: bool,
}

impl DataFile {
    /// One of the dataset's own files, by its name there.
    pub(super) fn own(name: &str) -> Self {
        DataFile { name: name.to_owned(), converted: false }
    }

    /// Its name in its folder or repository.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Source {
    /// The place that `dataset` names: a path if there is such a one, else a repository.
    ///
    /// # Errors
    /// Where it can be neither.
    pub(super) fn open(dataset: &str) -> Result<Self> {
        let path = Path::new(dataset);
        if path.is_dir() {
            return Ok(Source::Folder(path.to_owned()));
        }
        if path.exists() {
            return Ok(Source::File(path.to_owned()));
        }
        if !hub::is_name(dataset) {
            return Err(Error::new("no such file or directory, and not the name of a dataset on the hub")
                .hint("check `--dataset-path`"));
        }
        Ok(Source::Hub { hub: Hub::from_env(|name| std::env::var(name).ok()), name: dataset.to_owned() })
    }

    /// The files of a split.
    ///
    /// # Errors
    /// Where the place has no tables, or none for this subset and split.
    pub(super) fn split(&self, wanted: Wanted<'_>) -> Result<Vec<DataFile>> {
        let own = self.names()?;
        let (converted, all) = match self {
            Source::Hub { hub, name } if names::data_files(&own).is_empty() => {
                (true, listed(hub, &Repo::converted_dataset(name))?)
            }
            _ => (false, own),
        };
        let files = names::data_files(&all);
        if files.is_empty() {
            return Err(Error::new("it has no table").hint(FORMS));
        }
        let chosen = match self {
            Source::File(_) => files,
            _ => names::choose(&files, wanted)?,
        };
        Ok(chosen.into_iter().map(|name| DataFile { name: name.to_owned(), converted }).collect())
    }

    /// The names of all files, with `/` between folders.
    fn names(&self) -> Result<Vec<String>> {
        match self {
            Source::File(path) => Ok(vec![path.file_name().unwrap_or_default().to_string_lossy().into_owned()]),
            Source::Folder(path) => Ok(hub::files_below(path)),
            Source::Hub { hub, name } => listed(hub, &Repo::dataset(name)),
        }
    }

    /// The path of a file on this machine; one on the hub is fetched into the cache if it is not there.
    ///
    /// # Errors
    /// Where it cannot be fetched.
    pub(super) fn path(&self, file: &DataFile) -> Result<PathBuf> {
        match self {
            Source::File(path) => Ok(path.clone()),
            Source::Folder(path) => Ok(path.join(&file.name)),
            Source::Hub { hub, name } => {
                let repo = if file.converted { Repo::converted_dataset(name) } else { Repo::dataset(name) };
                if let Some(path) = hub.cached(&repo, &file.name) {
                    return Ok(path);
                }
                if hub.offline {
                    return Err(Error::new(format!("`{}` is not in the hub cache", file.name)).hint(
                        "the hub is switched off by `HF_HUB_OFFLINE`; fetch the dataset beforehand, or give a local copy",
                    ));
                }
                let mut paths = hub.download(&repo, &[&file.name]).map_err(|error| error.hint(ACCESS))?;
                Ok(paths.remove(0))
            }
        }
    }
}

const ACCESS: &str = "check the name; a gated dataset needs `HF_TOKEN`; `--dataset-path` can also be a local copy, with \
                      `--hf-name` to say what it is";

/// The names of a repository's files: from the hub, or from the cache where the hub cannot be asked.
fn listed(hub: &Hub, repo: &Repo) -> Result<Vec<String>> {
    let cached = || hub.cached_files(repo);
    if hub.offline {
        return match cached() {
            names if names.is_empty() => Err(Error::new(format!("not in the hub cache `{}`", hub.cache().display()))
                .hint(
                    "the hub is switched off by `HF_HUB_OFFLINE`; fetch the dataset beforehand, or give a local copy",
                )),
            names => Ok(names),
        };
    }
    hub.files(repo).or_else(|error| match cached() {
        names if names.is_empty() => Err(error.context("the hub").hint(ACCESS)),
        names => Ok(names),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Folder;
    use super::*;

    const TRAIN: Wanted<'_> = Wanted { subset: None, split: "train" };

    #[test]
    fn a_file_is_its_own_only_split() {
        let folder = Folder::new("file", &[("test.jsonl", "{}")]);
        let path = folder.path().join("test.jsonl");
        let source = Source::open(path.to_str().unwrap()).unwrap();
        let files = source.split(TRAIN).unwrap();
        assert_eq!(files, [DataFile::own("test.jsonl")]);
        assert_eq!(source.path(&files[0]).unwrap(), path);
    }

    #[test]
    fn a_folder_gives_the_files_of_a_split() {
        let folder =
            Folder::new("split", &[("data/train-0.jsonl", ""), ("data/test-0.jsonl", ""), (".x/train.jsonl", "")]);
        let source = Source::open(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(source.split(TRAIN).unwrap(), [DataFile::own("data/train-0.jsonl")]);
    }

    #[test]
    fn what_has_no_table_is_told() {
        let folder = Folder::new("none", &[("data.arrow", "")]);
        let error = Source::open(folder.path().to_str().unwrap()).unwrap().split(TRAIN).unwrap_err();
        assert_eq!(error.to_string(), "it has no table");
        assert!(error.advice().unwrap().contains("Parquet"));
        assert!(Source::open("/nowhere/at/all").is_err());
    }
}
