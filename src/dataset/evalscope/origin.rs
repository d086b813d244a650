//! Where a dataset's file is: where the user says, else in the hub's cache, else on the hub.

use std::path::PathBuf;
use std::sync::Arc;

use crate::dataset::file::open::check;
use crate::dataset::kind::Check;
use crate::error::{Error, Result};
use crate::hub::{Hub, Repo};

/// What is known of the place of a file.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The dataset on the hub that it belongs to, and its name there.
    pub(super) own: Option<(&'static str, &'static str)>,
    /// The file, or a folder that it is in.
    pub(super) path: Option<PathBuf>,
}

impl Origin {
    /// Looks whether there is a file, as far as can be told without the hub.
    pub(super) fn check(&self) -> Arc<Check> {
        let origin = self.clone();
        Arc::new(move || match (&origin.path, origin.own) {
            (None, Some(_)) => Ok(()),
            _ => check(&origin.find()?)(),
        })
    }

    /// The path of the file.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn find(&self) -> Result<PathBuf> {
        match (&self.path, self.own) {
            (Some(path), Some((_, name))) if path.is_dir() => {
                let base = name.rsplit('/').next().unwrap_or(name);
                [name, base].into_iter().map(|name| path.join(name)).find(|file| file.is_file()).ok_or_else(|| {
                    Error::new(format!("the folder `{}` has no file `{base}`", path.display()))
                        .hint("name the file itself with `--dataset-path`")
                })
            }
            (Some(path), _) if path.is_dir() => {
                Err(Error::new(format!("`{}` is a folder", path.display())).hint("name a file with `--dataset-path`"))
            }
            (Some(path), _) => Ok(path.clone()),
            (None, Some((repo, name))) => download(repo, name),
            (None, None) => Err(Error::new("this dataset needs a file").hint("name it with `--dataset-path`")),
        }
    }
}

fn download(name: &str, file: &str) -> Result<PathBuf> {
    let (hub, repo) = (Hub::from_env(|name| std::env::var(name).ok()), Repo::dataset(name));
    if let Some(path) = hub.cached(&repo, file) {
        return Ok(path);
    }
    let hint = format!("download `{file}` of the dataset `{name}` elsewhere, and name it with `--dataset-path`");
    if hub.offline {
        return Err(Error::new(format!("`{file}` of the dataset `{name}` is not in the hub's cache")).hint(hint));
    }
    let downloaded = hub.download(&repo, &[file]).map_err(|error| {
        Error::new(error.to_string()).context(format!("cannot download the dataset `{name}`")).hint(hint)
    })?;
    downloaded.into_iter().next().ok_or_else(|| Error::new(format!("the hub gave no `{file}`")))
}
