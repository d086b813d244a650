//! The headers of requests that the user gives: items `Name=value` come in, names and values go out, which are treated like keys,
//! since some are.

use std::fmt;

use crate::error::{Error, Result};
use crate::secrets::MASK;

/// Headers that say where a request ends, which nobody but the program knows.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The text itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Key(text.into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Splits the items of `flag` at their first `=`. A later header replaces an earlier one of the same name.
///
/// # Errors
/// If one is none, or contradicts what the program says itself; no message shows a value.
pub fn read(flag: &str, items: &[Key]) -> Result<Vec<(String, Key)>> {
    let mut headers: Vec<(String, Key)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some((name, value)) = item.secret().split_once('=') else {
            return Err(Error::new(format!("item {} of `{flag}` has no `=`", index + 1))
                .hint(format!("write a header as `{flag} \"Name=value\"`")));
        };
        let (name, value) = (name.trim(), value.trim());
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Error::new(format!("item {} of `{flag}` has no valid name before its `=`", index + 1))
                .hint(format!("write a header as `{flag} \"Name=value\"`")));
        }
        if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            return Err(Error::new(format!("`{flag} {name}` would contradict the length that every request states"))
                .hint("leave it out"));
        }
        check_value(&format!("{flag} {name}"), value)?;
        headers.retain(|(earlier, _)| !earlier.eq_ignore_ascii_case(name));
        headers.push((name.into(), value.into()));
    }
    Ok(headers)
}

/// Looks whether a header may have the value that `flag` gives it.
///
/// # Errors
/// If it may not; the value is not shown.
pub(super) fn check_value(flag: &str, value: &str) -> Result<()> {
    if value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
        return Err(Error::new(format!("the value of `{flag}` has a line break or another control character"))
            .hint("give it in one line"));
    }
    Ok(())
}
