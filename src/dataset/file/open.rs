//! A dataset's file is opened: its path comes in, what is made of its content goes out. Errors name the file.

use std::path::Path;
use std::sync::Arc;

use crate::dataset::kind::Check;
use crate::dataset::rows;
use crate::error::{Error, Result};

/// What `make` makes of a file's content.
pub(in crate::dataset) fn from_file<T>(path: &Path, make: impl FnOnce(Vec<u8>) -> Result<T>) -> Result<T> {
    let content = std::fs::read(path).map_err(|cause| unreadable(path, &cause))?;
    rows::unmarked(content)
        .and_then(|content| rows::is_data(&content).map(|()| content))
        .and_then(make)
        .map_err(|error| error.context(format!("cannot read dataset `{}`", path.display())))
}

/// Looks, when it is asked, whether the file can be opened.
pub(in crate::dataset) fn check(path: &Path) -> Arc<Check> {
    let path = path.to_owned();
    Arc::new(move || std::fs::File::open(&path).map(drop).map_err(|cause| unreadable(&path, &cause)))
}

fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    Error::new(format!("cannot read dataset `{}`: {cause}", path.display())).hint("check `--dataset-path`")
}
