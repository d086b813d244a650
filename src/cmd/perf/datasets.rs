//! The datasets of `perf` by their names: flags and `--dataset-args` come in, a dataset goes out, and the shape of conversations
//! where it makes some.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::prompt_args::PromptArgs;
use crate::dataset::evalscope::{
    self, Draw, Embedding, Known, Pairs, Random, RandomTalks, RandomVl, Rows, Same, Shaping, Speakers, Speed, Takes,
    Talks, Texts, Trie, Workload,
};
use crate::dataset::{Dataset, Shape, TurnRange};
use crate::error::{Error, Result};

/// Texts in a request of `embedding_batch`.
const BATCH: u32 = 8;
/// Documents that go with a query, and how much longer each is.
const DOCUMENTS: u32 = 10;
const RATIO: f64 = 5.0;

/// What is known of a point when its dataset is chosen.
pub(super) struct Wanted {
    pub(super) draw: Draw,
    pub(super) shaping: Shaping,
    /// Conversations, or requests, that are under way at once.
    pub(super) parallel: u32,
}

/// The dataset that the flags name.
///
/// # Errors
/// If it is unknown, lacks a file or a tokenizer, or has no such setting.
pub(super) fn dataset(args: &PromptArgs, tokenized: bool, wanted: Wanted) -> Result<Dataset> {
    let Wanted { draw, shaping, parallel } = wanted;
    if let Some(prompt) = &args.prompt {
        return Ok(Same { prompt: evalscope::prompt(prompt)?, draw, shaping }.dataset());
    }
    let known = evalscope::named(&args.dataset).map_err(|error| error.context("`--dataset`"))?;
    check(known, args, tokenized)?;
    let settings = Settings::of(args, known)?;
    let path = args.dataset_path.clone();
    let texts = |rows: Rows, draw: Draw| Texts { rows, path: path.clone(), draw, shaping }.dataset();
    let talks = |speakers: Speakers, draw: Draw| Talks { speakers, path: path.clone(), draw, shaping }.dataset();
    let prefixes = args.prefixes()?;
    Ok(match known.name {
        "openqa" => texts(Rows::OpenQa, draw),
        "longalpaca" => texts(Rows::LongAlpaca, draw),
        "line_by_line" | "custom" => texts(Rows::Lines, draw),
        "share_gpt_zh" => texts(Rows::ShareGptZh, draw),
        "share_gpt_en" => texts(Rows::ShareGptEn, draw),
        "share_gpt_zh_multi_turn" => talks(Speakers::ShareGptZh, draw),
        "share_gpt_en_multi_turn" => talks(Speakers::ShareGptEn, draw),
        "custom_multi_turn" => talks(Speakers::Custom, draw),
        "swe_smith" => talks(Speakers::SweSmith, draw),
        "random" => Random { draw, shaping, prefixes }.dataset(),
        "random_vl" => random_vl(args, Random { draw, shaping, prefixes })?,
        "random_multi_turn" => RandomTalks { draw, shaping, prefixes, parallel }.dataset(),
        "embedding" | "embed" => Embedding { path, batch: None, draw, shaping }.dataset(),
        "embedding_batch" => {
            Embedding { path, batch: Some(settings.count("batch_size", BATCH)?), draw, shaping }.dataset()
        }
        "random_embedding" => Embedding { path: None, batch: None, draw, shaping }.dataset(),
        "random_embedding_batch" => {
            Embedding { path: None, batch: Some(settings.count("batch_size", BATCH)?), draw, shaping }.dataset()
        }
        "rerank" | "random_rerank" => pairs(known, path, &settings, (draw, shaping))?,
        "speed_benchmark" => Speed::Usual.dataset(draw.requests()),
        "speed_benchmark_long" => Speed::Long.dataset(draw.requests()),
        "workload_trace" => workload(file(path, known)?, &settings, (draw, shaping))?,
        name => Trie { name, path: file(path, known)?, draw, shaping }.dataset(),
    })
}

/// The shape of conversations, where the dataset makes some.
///
/// # Errors
/// If the numbers of turns make no range.
pub(super) fn shape(args: &PromptArgs) -> Result<Option<Shape>> {
    let name = args.dataset.as_str();
    let talks = name.ends_with("_multi_turn") || name == "swe_smith" || name.starts_with("trie_");
    if !(talks || args.multi_turn) || args.prompt.is_some() {
        return Ok(None);
    }
    let most = args.max_turns.map(|turns| args.count("--max-turns", turns)).transpose()?;
    let fewest = args.count("--min-turns", args.min_turns)?;
    let turns = TurnRange { usual: most.unwrap_or(fewest).max(1), fewest: Some(fewest.max(1)), most };
    Ok(Some(Shape { turns, later_input_len: None, prefixes: None }))
}

fn check(known: &Known, args: &PromptArgs, tokenized: bool) -> Result<()> {
    let name = known.name;
    let needs_tokenizer =
        matches!(known.takes, Takes::Tokenizer | Takes::FileAndTokenizer | Takes::FileOrHubAndTokenizer);
    if needs_tokenizer && !tokenized {
        return Err(Error::new(format!("`--dataset {name}` needs a tokenizer"))
            .hint("give `--tokenizer-path`: a path, a name on the hub, or `builtin`"));
    }
    let needs_file = matches!(known.takes, Takes::File | Takes::FileAndTokenizer);
    if needs_file && args.dataset_path.is_none() {
        return Err(Error::new(format!("`--dataset {name}` needs a file")).hint("give it as `--dataset-path`"));
    }
    match (&args.dataset_path, needs_file) {
        (Some(path), _) if !path.exists() => {
            Err(Error::new(format!("`--dataset-path {}` is not there", path.display())).hint("give the path of a file"))
        }
        _ => Ok(()),
    }
}

fn file(path: Option<PathBuf>, known: &Known) -> Result<PathBuf> {
    path.ok_or_else(|| {
        Error::new(format!("`--dataset {}` needs a file", known.name)).hint("give it as `--dataset-path`")
    })
}

fn random_vl(args: &PromptArgs, text: Random) -> Result<Dataset> {
    let width = args.count("--image-width", args.image_width)?;
    let height = args.count("--image-height", args.image_height)?;
    if args.image_format != "RGB" {
        return Err(Error::new(format!("`--image-format {}` is not made here", args.image_format)).hint("use RGB"));
    }
    Ok(RandomVl { text, width, height, pictures: args.count("--image-num", args.image_num)? }.dataset())
}

fn pairs(
    known: &Known,
    path: Option<PathBuf>,
    settings: &Settings,
    (draw, shaping): (Draw, Shaping),
) -> Result<Dataset> {
    let path = path.filter(|_| known.name == "rerank");
    let documents = settings.count("num_documents", DOCUMENTS)?;
    Ok(Pairs { path, documents, ratio: settings.float("document_length_ratio", RATIO)?, draw, shaping }.dataset())
}

fn workload(path: PathBuf, settings: &Settings, (draw, shaping): (Draw, Shaping)) -> Result<Dataset> {
    let renamed = settings.texts("model_mapping")?;
    Ok(Workload {
        path,
        number: Some(draw.requests()),
        speed: settings.float("speed", 1.0)?,
        renamed,
        model: settings.text("model")?,
        full_answers: settings.flag("match_output_length")?,
        shaping,
    }
    .dataset())
}

/// `--dataset-args`, as far as the dataset knows them.
struct Settings<'a>(Option<&'a Map<String, Value>>);

impl<'a> Settings<'a> {
    fn of(args: &'a PromptArgs, known: &Known) -> Result<Self> {
        let keys: &[&str] = match known.name {
            "embedding_batch" | "random_embedding_batch" => &["batch_size"],
            "rerank" | "random_rerank" => &["num_documents", "document_length_ratio"],
            "workload_trace" => &["speed", "model", "model_mapping", "match_output_length"],
            _ => &[],
        };
        let given = args.dataset_args.as_ref().map(|object| &object.0);
        let unknown = given.and_then(|given| given.keys().find(|key| !keys.contains(&key.as_str())));
        match unknown {
            None => Ok(Settings(given)),
            Some(key) if keys.is_empty() => {
                Err(Error::new(format!("`--dataset-args`: `{key}` is no setting of `{}`", known.name))
                    .hint("it has none: leave `--dataset-args` out"))
            }
            Some(key) => Err(Error::new(format!("`--dataset-args`: `{key}` is no setting of `{}`", known.name))
                .hint(format!("it has {}", keys.join(", ")))),
        }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.0.and_then(|given| given.get(key)).filter(|value| !value.is_null())
    }

    fn read<T>(&self, key: &str, what: &str, of: impl Fn(&Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let read = of(value);
        let wrong = || Error::new(format!("`--dataset-args`: `{key}` is {value}")).hint(format!("give {what}"));
        read.map(Some).ok_or_else(wrong)
    }

    fn count(&self, key: &str, usual: u32) -> Result<u32> {
        let count = |value: &Value| u32::try_from(value.as_u64()?).ok().filter(|&count| count > 0);
        Ok(self.read(key, "a number from 1 on", count)?.unwrap_or(usual))
    }

    fn float(&self, key: &str, usual: f64) -> Result<f64> {
        let float = |value: &Value| value.as_f64().filter(|&value| value > 0.0 && value.is_finite());
        Ok(self.read(key, "a number above 0", float)?.unwrap_or(usual))
    }

    fn text(&self, key: &str) -> Result<Option<String>> {
        self.read(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    fn flag(&self, key: &str) -> Result<bool> {
        Ok(self.read(key, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    fn texts(&self, key: &str) -> Result<Vec<(String, String)>> {
        let texts = |value: &Value| {
            let pairs = value.as_object()?.iter();
            pairs.map(|(from, to)| Some((from.clone(), to.as_str()?.to_owned()))).collect()
        };
        Ok(self.read(key, "an object of texts", texts)?.unwrap_or_default())
    }
}
