//! Files of our own: new ones, under names that nobody else has, whatever stands there or another process does meanwhile.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Who may read a file of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner: it holds prompts and answers and stands where others look.
    Owner,
    /// Whoever may read what the user makes.
    AsUsual,
}

/// Creates a file at `wanted` or, where anything stands there already, under the next name that is free: no link is followed, and
/// no file is shared.
///
/// # Errors
/// If it cannot be created.
pub fn own_file(wanted: &Path, readers: Readers) -> io::Result<(File, PathBuf)> {
    const MOST: u32 = 10_000;
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::AsUsual => 0o666,
    };
    let mut path = wanted.to_owned();
    for number in 2..MOST {
        match File::options().read(true).write(true).create_new(true).mode(mode).open(&path) {
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
                let mut name = wanted.file_name().unwrap_or_default().to_owned();
                name.push(format!(".{number}"));
                path = wanted.with_file_name(name);
            }
            opened => return opened.map(|file| (file, path)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn nothing_that_stands_there_is_touched() {
        let dir = std::env::temp_dir().join(format!("llmbench-own-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let (victim, wanted) = (dir.join("victim"), dir.join("records"));
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, &wanted).unwrap();
        let (_, first) = own_file(&wanted, Readers::Owner).unwrap();
        let (_, second) = own_file(&wanted, Readers::Owner).unwrap();
        let mode = fs::metadata(&first).unwrap().permissions().mode() & 0o777;
        let kept = fs::read_to_string(&victim).unwrap();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!((kept.as_str(), mode), ("precious", 0o600));
        assert!(first != wanted && second != first, "{first:?} {second:?}");
    }
}
