//! The files of a tokenizer: from a directory or a file to their content, with tokenizers of other forms told as a
//! `tokenizer.json`. It never looks anything up elsewhere.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::tiktoken::Family;
use super::{gguf, sentencepiece, tekken, tiktoken};
use crate::content;
use crate::error::{Error, Result};

/// The names that one tokenizer's files have in a directory or a repository; beside the one that holds it.
const NAMES: [&str; 4] =
    ["tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "chat_template.json"];

/// The largest file that is read: ten times what any tokenizer has.
const LARGEST: u64 = 512 << 20;

/// The form that is read as it is.
pub(super) const TOKENIZER: &str = "tokenizer.json";

/// The files that hold a tokenizer, one of which is required; the first that is there counts.
pub(super) const FORMS: [&str; 5] = [TOKENIZER, "tekken.json", "qwen.tiktoken", "tiktoken.model", "tokenizer.model"];

/// The folder of further chat templates, a `.jinja` file each, named by its stem.
pub(super) const MORE_TEMPLATES: &str = "additional_chat_templates";

/// Whether a file of a repository belongs to its tokenizer.
pub(super) fn belongs(name: &str) -> bool {
    let template = name.strip_prefix(MORE_TEMPLATES).and_then(|rest| rest.strip_prefix('/'));
    FORMS.contains(&name)
        || NAMES.contains(&name)
        || template.is_some_and(|file| file.ends_with(".jinja") && !file.contains('/'))
}

/// What the files of one tokenizer contain.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// `tokenizer.json`, or what another form says, told as one.
    pub(super) tokenizer: Vec<u8>,
    /// `tokenizer_config.json`, empty where there is none.
    pub(super) config: Map<String, Value>,
    /// `special_tokens_map.json`.
    pub(super) special_tokens: Option<Map<String, Value>>,
    /// Chat templates that have files of their own, by name; they go before the configuration's.
    pub(super) templates: Vec<(String, String)>,
    /// The template of a processor's `chat_template.json`, for when there is no other.
    pub(super) processor_template: Option<Value>,
}

/// The file of a folder that holds its tokenizer.
pub(super) fn holder(folder: &Path) -> Option<PathBuf> {
    FORMS.map(|name| folder.join(name)).into_iter().find(|path| path.exists())
}

/// Reads `path`, a directory or a file with a tokenizer (whose neighbours are then read too).
///
/// # Errors
/// Where there is no readable tokenizer, or another file is not the JSON it should be.
pub(super) fn read(path: &Path) -> Result<Files> {
    if path.is_dir() {
        return tokenizer(&holder(path).ok_or_else(|| no_tokenizer(path))?, neighbours(path)?);
    }
    let called = |names: &[&str]| path.file_name().is_some_and(|file| names.iter().any(|name| file == *name));
    match path.parent() {
        Some(parent) if called(&NAMES[..1]) => read(parent),
        Some(parent) if called(&FORMS) => tokenizer(path, neighbours(parent)?),
        _ => tokenizer(path, Files::default()),
    }
}

fn tokenizer(path: &Path, beside: Files) -> Result<Files> {
    let form = look_at(path)?;
    let unreadable = |cause: Error| {
        let what = format!("cannot read `{}`", path.display());
        cause.context(what).hint("leave `--tokenizer` out: the server's `/tokenize` counts then")
    };
    let whole = || bytes(path)?.ok_or_else(|| missing(path));
    Ok(match form {
        Form::Json => Files { tokenizer: whole()?, ..beside },
        Form::Tekken => {
            let (tokenizer, config) = tekken::to_json(&whole()?).map_err(unreadable)?;
            Files { tokenizer, config, ..Files::default() }
        }
        Form::Ranks(family) => {
            let tokenizer = tiktoken::to_json(&whole()?, family, &beside.config).map_err(unreadable)?;
            Files { tokenizer, ..beside }
        }
        Form::SentencePiece => {
            let (tokenizer, config) = sentencepiece::to_json(&whole()?, &beside.config).map_err(unreadable)?;
            Files { tokenizer, config, ..beside }
        }
        Form::Gguf => {
            let (tokenizer, config) = gguf::read(path).map_err(unreadable)?;
            Files { tokenizer, config, ..Files::default() }
        }
    })
}

/// The forms of tokenizers that can be read.
enum Form {
    Json,
    Tekken,
    Ranks(Family),
    SentencePiece,
    /// A model of llama.cpp, of which only the beginning is read.
    Gguf,
}

/// Looks at the beginning of a file before all of it is read: models are large.
fn look_at(path: &Path) -> Result<Form> {
    let mut begin = Vec::new();
    let opened = fs::File::open(path).and_then(|file| file.take(512).read_to_end(&mut begin));
    opened.map_err(|cause| Error::new(format!("cannot read `{}`: {cause}", path.display())))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let text = String::from_utf8_lossy(&begin);
    let what = match text.trim_start_matches('\u{feff}').trim_start() {
        gguf if gguf.starts_with("GGUF") => return Ok(Form::Gguf),
        pointer if pointer.starts_with("version https://git-lfs") => {
            "a pointer of Git LFS: `git lfs pull` fetches the file"
        }
        page if page.starts_with("<!") || page.to_lowercase().starts_with("<html") => "a web page",
        tekken if tekken.starts_with('{') && name.contains("tekken") => return Ok(Form::Tekken),
        json if json.starts_with('{') => return Ok(Form::Json),
        _ if name.contains("tiktoken") => match Family::of(&name) {
            Some(family) => return Ok(Form::Ranks(family)),
            None => "a table of ranks (tiktoken) of a model whose way to cut text is not known here",
        },
        _ if name.ends_with(".model") => return Ok(Form::SentencePiece),
        _ => "no JSON",
    };
    Err(Error::new(format!("`{}` is no `{TOKENIZER}`: it is {what}", path.display())).hint(
        "name the model's folder or its own `tokenizer.json`, or leave `--tokenizer` out: the server's `/tokenize` counts then",
    ))
}

/// What stands in a folder beside the tokenizer.
fn neighbours(path: &Path) -> Result<Files> {
    let [config, special_tokens, template, processor] = NAMES.map(|name| path.join(name));
    let mut templates = Vec::new();
    if let Some(source) = text(&template)? {
        templates.push(("default".to_owned(), source));
    }
    templates.extend(more_templates(&path.join(MORE_TEMPLATES))?);
    Ok(Files {
        tokenizer: Vec::new(),
        config: object(&config)?.unwrap_or_default(),
        special_tokens: object(&special_tokens)?,
        templates,
        processor_template: object(&processor)?.and_then(|mut object| object.remove("chat_template")),
    })
}

fn more_templates(folder: &Path) -> Result<Vec<(String, String)>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut templates = Vec::new();
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "jinja"))
    {
        if let (Some(name), Some(source)) = (path.file_stem(), text(&path)?) {
            templates.push((name.to_string_lossy().into_owned(), source));
        }
    }
    templates.sort();
    Ok(templates)
}

/// The content of a file, if it is there.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    match content::of(path, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::new(format!("cannot read `{}`: {cause}", path.display()))),
    }
}

fn text(path: &Path) -> Result<Option<String>> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| Error::new(format!("`{}` is not UTF-8", path.display())))
}

fn object(path: &Path) -> Result<Option<Map<String, Value>>> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|cause| Error::new(format!("`{}` is not a JSON object: {cause}", path.display())))
}

fn missing(path: &Path) -> Error {
    Error::new(format!("no file `{}`", path.display()))
}

/// Says which tokenizer the directory has, where it is one of another format.
fn no_tokenizer(path: &Path) -> Error {
    let found = other_formats(path);
    let what = format!("no `{TOKENIZER}` in `{}`", path.display());
    let what = if found.is_empty() { what } else { format!("{what}, only `{}`", found.join("`, `")) };
    Error::new(what).hint(
        "`tokenizer.json`, `tekken.json`, `qwen.tiktoken`, `tiktoken.model`, `tokenizer.model` and a `.gguf` named by its own \
         path work: `vocab.json` with `merges.txt` can be converted by `save_pretrained` of transformers; or leave `--tokenizer` out, and the server's \
         `/tokenize` counts",
    )
}

fn other_formats(path: &Path) -> Vec<String> {
    const KNOWN: [&str; 3] = ["vocab.json", "merges.txt", "vocab.txt"];
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| {
            name.ends_with(".model")
                || name.ends_with(".tiktoken")
                || name.ends_with(".gguf")
                || KNOWN.contains(&&**name)
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, gone when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("llmbench-files-{}-{name}", std::process::id()));
            for (file, content) in files {
                let file = path.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, content).unwrap();
            }
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn only_files_of_the_tokenizer_belong_to_it() {
        assert!(belongs("tokenizer.json") && belongs("chat_template.jinja"));
        assert!(belongs("additional_chat_templates/tool_use.jinja"));
        for name in ["model.safetensors", "onnx/tokenizer.json", "additional_chat_templates/a/b.jinja"] {
            assert!(!belongs(name), "{name}");
        }
    }

    #[test]
    fn a_directory_gives_every_file_it_has() {
        let folder = Folder::new(
            "all",
            &[
                ("tokenizer.json", "{}"),
                ("tokenizer_config.json", r#"{"bos_token": "<s>"}"#),
                ("special_tokens_map.json", r#"{"eos_token": "</s>"}"#),
                ("chat_template.jinja", "one"),
                ("additional_chat_templates/tool_use.jinja", "two"),
                ("chat_template.json", r#"{"chat_template": "three"}"#),
            ],
        );
        for path in [folder.0.clone(), folder.0.join("tokenizer.json")] {
            let files = read(&path).unwrap();
            assert_eq!(files.tokenizer, b"{}");
            assert_eq!(files.config["bos_token"], "<s>");
            assert_eq!(files.special_tokens.unwrap()["eos_token"], "</s>");
            assert_eq!(files.templates, [("default".into(), "one".into()), ("tool_use".into(), "two".into())]);
            assert_eq!(files.processor_template.unwrap(), "three");
        }
    }

    #[test]
    fn a_tokenizer_under_another_name_has_no_neighbours() {
        let folder =
            Folder::new("alone", &[("other.json", "{}"), ("tokenizer_config.json", r#"{"bos_token": "<s>"}"#)]);
        assert!(read(&folder.0.join("other.json")).unwrap().config.is_empty());
    }

    #[test]
    fn a_directory_with_another_form_is_refused_by_name() {
        let folder = Folder::new("other", &[("vocab.json", "{}"), ("merges.txt", ""), ("config.json", "{}")]);
        let error = read(&folder.0).unwrap_err();
        assert!(error.to_string().ends_with("only `merges.txt`, `vocab.json`"), "{error}");
        assert!(error.advice().unwrap().contains("save_pretrained"));
    }

    #[test]
    fn a_file_of_another_kind_is_known_by_its_beginning() {
        let rows = [
            ("big.gguf", "GGUF\u{3}", "ends within its fields"),
            ("tekken.json", "{\"config\": 1}", "not a file of tekken"),
            ("cl100k_base.tiktoken", "IQ== 0\n", "tiktoken"),
            ("qwen.tiktoken", "IQ== 1\n", "ranks do not count from 0"),
            ("tiktoken.model", "IQ== 0\nIQ\n", "line 2 is not a token"),
            ("tokenizer.model", "\n\u{e}\n\u{5}<unk>", "SentencePiece"),
            ("lfs.json", "version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
            ("page.json", "<!doctype html><html>", "web page"),
            ("words.txt", "hello", "no JSON"),
        ];
        let folder = Folder::new("kinds", &rows.map(|(name, content, _)| (name, content)));
        for (name, _, kind) in rows {
            let error = read(&folder.0.join(name)).unwrap_err();
            assert!(error.to_string().contains(kind), "{name}: {error}");
            assert!(error.advice().unwrap().contains("/tokenize"), "{name}");
        }
    }

    #[test]
    fn a_folders_tokenizer_is_looked_at_too() {
        let folder = Folder::new("pointer", &[("tokenizer.json", "version https://git-lfs.github.com/spec/v1\n")]);
        for path in [folder.0.clone(), folder.0.join("tokenizer.json")] {
            assert!(read(&path).err().unwrap().to_string().contains("Git LFS"), "{}", path.display());
        }
    }

    #[test]
    fn the_configuration_leads_to_its_tokenizer() {
        let folder = Folder::new("config", &[("tokenizer.json", "{}"), ("tokenizer_config.json", "{}")]);
        assert_eq!(read(&folder.0.join("tokenizer_config.json")).unwrap().tokenizer, b"{}");
    }

    #[test]
    fn a_broken_configuration_is_named() {
        let folder = Folder::new("broken", &[("tokenizer.json", "{}"), ("tokenizer_config.json", "[1]")]);
        assert!(read(&folder.0).unwrap_err().to_string().contains("tokenizer_config.json` is not a JSON object"));
    }
}
