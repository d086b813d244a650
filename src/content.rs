//! The whole content of a file that somebody else names or fills: what is called a picture, or a template, may be a device without
//! end.

use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::Path;

/// The content of the file at `path`, which may have `most` bytes.
///
/// # Errors
/// If it cannot be read, or has more.
pub fn of(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 <= most {
        true => Ok(bytes),
        false => Err(Error::other(format!("it has more than {} MiB", most >> 20))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_end_has_an_end_here() {
        assert_eq!(of(Path::new("/dev/zero"), 2 << 20).unwrap_err().to_string(), "it has more than 2 MiB");
        assert!(of(Path::new("/dev/null"), 1).unwrap().is_empty());
        assert!(of(Path::new("/no/such"), 1).is_err());
    }
}
