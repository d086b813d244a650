//! Files that tests write.

use std::path::PathBuf;

/// A path of its own in the directory for temporary files; the file goes when this does.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let thread = std::thread::current().id();
        Scratch(std::env::temp_dir().join(format!("llmbench-records-{}-{thread:?}-{name}", std::process::id())))
    }

    pub(super) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let scratch = Scratch::new(name);
        std::fs::write(&scratch.0, content).unwrap();
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
