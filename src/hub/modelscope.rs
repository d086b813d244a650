//! ModelScope's cache: from a model's name to the folder that its library keeps it in. Nothing is fetched.

use std::path::{Path, PathBuf};

/// Where ModelScope keeps models, for those who have vLLM use it.
#[derive(Debug, Clone)]
pub struct ModelScope {
    home: PathBuf,
}

impl ModelScope {
    /// The cache that the environment names, where it says that ModelScope is used (`VLLM_USE_MODELSCOPE=True`).
    pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>, user: &Path) -> Option<Self> {
        variable("VLLM_USE_MODELSCOPE").filter(|used| used.eq_ignore_ascii_case("true") || used == "1")?;
        let home = variable("MODELSCOPE_CACHE").map(PathBuf::from);
        Some(ModelScope { home: home.unwrap_or_else(|| user.join(".cache/modelscope/hub")) })
    }

    /// Where the cache is.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The folder of the model `name`. Releases of the library differ in where it lies, and dots in names are written
    /// otherwise there.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        let names = [name.replace('.', "___"), name.to_owned()];
        let below = ["models", "", "hub/models", "hub"];
        let folders = below.iter().flat_map(|below| names.iter().map(move |name| self.home.join(below).join(name)));
        folders.into_iter().find(|folder| folder.is_dir())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(variables: &[(&str, &str)]) -> Option<ModelScope> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        ModelScope::from_env(variable, Path::new("/u"))
    }

    #[test]
    fn it_is_used_where_the_environment_says_so() {
        assert!(scope(&[]).is_none() && scope(&[("VLLM_USE_MODELSCOPE", "False")]).is_none());
        let usual = scope(&[("VLLM_USE_MODELSCOPE", "True")]).unwrap();
        assert_eq!(usual.home(), Path::new("/u/.cache/modelscope/hub"));
        let named = scope(&[("VLLM_USE_MODELSCOPE", "true"), ("MODELSCOPE_CACHE", "/c")]).unwrap();
        assert_eq!(named.home(), Path::new("/c"));
    }

    #[test]
    fn a_model_is_found_wherever_a_release_of_the_library_puts_it() {
        let home = std::env::temp_dir().join(format!("llmbench-modelscope-{}", std::process::id()));
        let scope = ModelScope { home: home.clone() };
        for place in ["models/Qwen/Qwen2___5-7B", "Qwen/Qwen2___5-7B", "hub/Qwen/Qwen2.5-7B"] {
            std::fs::create_dir_all(home.join(place)).unwrap();
            assert_eq!(scope.folder("Qwen/Qwen2.5-7B"), Some(home.join(place)));
            assert_eq!(scope.folder("Qwen/other"), None);
            std::fs::remove_dir_all(&home).unwrap();
        }
    }
}
