//! The content behind a reference: a path, a `file://` URL or one of the network comes in, bytes go out.

use std::fmt;
use std::path::PathBuf;

use crate::content;
use crate::error::{Error, Result};
use crate::net;

/// The largest file that is read, as large as one of the network may be.
pub(super) const LARGEST: u64 = 256 << 20;

/// Where the content lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// In a file of this machine.
    File(PathBuf),
    /// On the network.
    Url(String),
}

impl Reference {
    /// What `text` refers to: a URL of `http` or `https`, a `file://` URL with its `%` escapes, or else a path.
    pub(crate) fn of(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Reference::Url(text.to_owned());
        }
        Reference::File(text.strip_prefix("file://").map_or_else(|| text.into(), |path| unescaped(path).into()))
    }

    /// Says early that a file is missing; what is on the network shows when it is read.
    ///
    /// # Errors
    ///
    /// Where the file cannot be found.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Reference::File(path) => {
                std::fs::metadata(path).map(drop).map_err(|cause| self.unreadable(&Error::new(cause.to_string())))
            }
            Reference::Url(_) => Ok(()),
        }
    }

    /// The content.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        let read = match self {
            Reference::File(path) => content::of(path, LARGEST).map_err(|cause| Error::new(cause.to_string())),
            Reference::Url(url) => net::fetch(url),
        };
        read.map_err(|cause| self.unreadable(&cause))
    }

    fn unreadable(&self, cause: &Error) -> Error {
        match self {
            Reference::File(_) => Error::new(format!("cannot read {self}: {cause}"))
                .hint("paths count from the folder that llmbench is started in"),
            Reference::Url(_) => Error::new(cause.to_string()).hint("check the URL"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::File(path) => write!(f, "`{}`", path.display()),
            Reference::Url(url) => write!(f, "`{url}`"),
        }
    }
}

/// `text` with its `%` escapes resolved; those that are none stay.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_url_or_a_file() {
        let file = |path: &str| Reference::File(path.into());
        assert_eq!(Reference::of("https://h/a.png"), Reference::Url("https://h/a.png".into()));
        assert_eq!(Reference::of("pics/a%20b.png"), file("pics/a%20b.png"));
        assert_eq!(Reference::of("file:///pics/a%20b%zz%"), file("/pics/a b%zz%"));
    }

    #[test]
    fn a_missing_file_is_told_early_and_late() {
        let missing = Reference::of("no/such.png");
        let (early, late) = (missing.check().unwrap_err(), missing.read().unwrap_err());
        assert!(early.to_string().starts_with("cannot read `no/such.png`: "), "{early}");
        assert_eq!(early.to_string(), late.to_string());
        assert!(late.advice().is_some());
    }
}
