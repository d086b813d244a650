//! The flags of `perf` that say where results go and what the screen shows, and the directories that they come to.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::error::{Error, Result};
use crate::record::file::Existing;
use crate::report::evalscope::{File, Lang, Profile};
use crate::report::{Charts, Format, Keep, Output, Place};

/// Names of one directory that are tried.
const MOST_NAMES: u32 = 1000;

/// Where results go.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Directory of all results
    #[arg(long, value_name = "DIR", default_value = "outputs")]
    pub(super) outputs_dir: PathBuf,
    /// Leave the time out of the path of results
    #[arg(long)]
    pub(super) no_timestamp: bool,
    /// Name of the results' directory [default: the model]
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// What reports call the model
    #[arg(long, value_name = "NAME")]
    pub(super) alias: Option<String>,
    /// Keep `progress.json` beside the results, which tells how many points are done
    #[arg(long)]
    pub(super) enable_progress_tracker: bool,
    /// What the screen shows, comma-separated: evalscope, evalscope-classic (the tables of its versions before 1.7), vllm, full
    #[arg(long, value_name = "NAMES", default_value = "evalscope")]
    pub(super) report: String,
    /// Language of the tables: en or zh [default: that of the environment on a terminal, else en]
    #[arg(long, value_name = "LANG", value_parser = lang)]
    pub(super) lang: Option<Lang>,
}

impl OutputArgs {
    /// The reports that the screen shows.
    ///
    /// # Errors
    /// If a name is unknown, or no report for a screen.
    pub(super) fn formats(&self) -> Result<Vec<Format>> {
        let read = |name: &str| {
            let format = name.trim().parse().map_err(|error: Error| error.context("`--report`"))?;
            let format = match format {
                Format::Evalscope(profile, _) => Format::Evalscope(profile, self.lang()),
                other => other,
            };
            match format.ending() {
                "txt" => Ok(format),
                _ => Err(Error::new(format!("`--report {name}` is none for a screen"))
                    .hint(format!("make it of the record of a point: `llmbench report RECORD --as {name}`"))),
            }
        };
        self.report.split(',').map(read).collect()
    }

    /// The language of tables.
    pub(super) fn lang(&self) -> Lang {
        let variables = || {
            ["LC_ALL", "LC_MESSAGES", "LANG"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        match self.lang {
            Some(lang) => lang,
            None if std::io::stdout().is_terminal() && variables().is_some_and(|value| value.starts_with("zh")) => {
                Lang::Zh
            }
            None => Lang::En,
        }
    }

    /// Where the results of a point go: to files in `dir`, its record too.
    ///
    /// # Errors
    /// As [`OutputArgs::formats`].
    pub(super) fn of_point(&self, dir: &Path) -> Result<Output> {
        let screens = self.formats()?;
        let classic = screens.iter().any(|format| matches!(format, Format::Evalscope(Profile::Classic, _)));
        let profile = if classic { Profile::Classic } else { Profile::Current };
        let place = |format: Format| (format, Place::File(dir.join(format.ending())));
        let files = File::of(profile).into_iter().map(Format::EvalscopeFile).chain([Format::EvalscopeDatabase]);
        Ok(Output {
            screens,
            files: files.map(place).collect(),
            record: Some(Keep { path: dir.join("record.jsonl"), existing: Existing::Kept, told: false }),
            charts: Charts::Never,
            detailed: false,
        })
    }

    /// Creates the directory of this command's results, which was not there before.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(super) fn directory(&self, model: &str) -> Result<PathBuf> {
        let name = file_name(self.name.as_deref().unwrap_or(model));
        let above = match self.no_timestamp {
            true => self.outputs_dir.clone(),
            false => self.outputs_dir.join(Zoned::now().strftime("%Y%m%d_%H%M%S").to_string()),
        };
        fs::create_dir_all(&above).map_err(|cause| cannot(&above, &cause))?;
        create_new(&above.join(name))
    }
}

fn lang(name: &str) -> std::result::Result<Lang, String> {
    name.parse().map_err(|error: Error| format!("{error}: {}", error.advice().unwrap_or_default()))
}

/// Creates a directory at `path`, or else at the next name that is free.
pub(super) fn create_new(path: &Path) -> Result<PathBuf> {
    for number in 1..=MOST_NAMES {
        let wanted = match number {
            1 => path.to_owned(),
            _ => PathBuf::from(format!("{}_{number}", path.display())),
        };
        match fs::create_dir(&wanted) {
            Ok(()) => return Ok(wanted),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cannot(&wanted, &cause)),
        }
    }
    Err(Error::new(format!("`{}` and the names behind it are taken", path.display())).hint("give another `--name`"))
}

fn cannot(path: &Path, cause: &std::io::Error) -> Error {
    Error::new(format!("cannot create the directory `{}`: {cause}", path.display()))
        .hint("give a place that can be written to as `--outputs-dir`")
}

/// The last part of a model's name, as a directory can bear it.
pub(super) fn file_name(model: &str) -> String {
    let last = model.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name: String = last.chars().map(|char| if char.is_control() || char == '\\' { '_' } else { char }).collect();
    if matches!(name.as_str(), "" | "." | "..") { "model".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_s_name_is_no_path() {
        let table =
            [("Qwen/Qwen3-8B", "Qwen3-8B"), ("/models/x/", "x"), ("..", "model"), ("", "model"), ("a\nb", "a_b")];
        table.into_iter().for_each(|(model, name)| assert_eq!(file_name(model), name));
    }
}
