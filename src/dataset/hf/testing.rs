//! What tests of this folder share: files of their own.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of its own for one test, gone when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Folder(std::env::temp_dir().join(format!("llmbench-hf-{}-{name}", std::process::id())));
        for (file, content) in files {
            folder.write(file, content.as_bytes());
        }
        folder
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
