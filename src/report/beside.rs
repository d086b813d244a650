//! What is written beside a result: the timeline, the picture of lengths, PyTorch's form. Opened before the run like the result
//! itself, named after it by another last suffix, and moved into place when whole.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::files::{Draft, cannot, draft, fill, parent, result_dir, result_name, with_suffix};
use super::page::{dataset_stats, timeline};
use super::{Report, Thresholds};
use crate::error::{Error, Result};
use crate::record::file::Reader;
use crate::record::{Setup, Task};

/// What is to be written beside a result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// Each file, in the order in which they are written.
    pub kinds: Vec<Kind>,
    /// The result's directory, whether or not there is a result.
    pub dir: Option<PathBuf>,
    /// The result's name, if not a generated one.
    pub name: Option<PathBuf>,
}

/// A file beside a result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A page with a bar a request.
    Timeline(Thresholds),
    /// A picture of the lengths of prompts and answers.
    DatasetStats,
    /// Figures as PyTorch's dashboard reads them.
    PyTorch,
}

impl Kind {
    /// What takes the place of the last suffix of the result's name.
    fn suffix(self) -> &'static str {
        match self {
            Kind::Timeline(_) => "timeline.html",
            Kind::DatasetStats => "dataset_stats.png",
            Kind::PyTorch => "pytorch.json",
        }
    }

    /// What it is, to be told when it has been written; `None` where nobody need know.
    pub fn title(self) -> Option<&'static str> {
        match self {
            Kind::Timeline(_) => Some("Timeline plot"),
            Kind::DatasetStats => Some("Dataset statistics plot"),
            Kind::PyTorch => None,
        }
    }

    /// Whether a run has what it shows.
    fn refusal(self, report: &Report) -> Option<&'static str> {
        match self {
            Kind::PyTorch => None,
            Kind::Timeline(_) if report.run.setup.task == Task::Pooling => {
                Some("these requests have no output over time")
            }
            Kind::DatasetStats if report.run.setup.task == Task::Pooling => {
                Some("these requests have no output lengths")
            }
            Kind::Timeline(_) | Kind::DatasetStats => report.run.records.is_empty().then_some("no request was sent"),
        }
    }

    fn write(self, report: &Report, details: Option<&mut Reader>, out: &mut dyn Write) -> io::Result<()> {
        match (self, details) {
            (Kind::Timeline(thresholds), Some(details)) => timeline::write(report, details, thresholds, out),
            (Kind::Timeline(_), None) => Err(io::Error::other("the details of the run are missing")),
            (Kind::DatasetStats, _) => dataset_stats::write(report, out),
            (Kind::PyTorch, details) => report.pytorch(details, out),
        }
    }
}

/// Files that are opened and will stand beside a result.
#[derive(Debug)]
pub(super) struct Drafts {
    drafts: Vec<(Kind, Draft)>,
    /// The directory, and the name if it is no generated one.
    dir: PathBuf,
    name: Option<PathBuf>,
}

impl Beside {
    /// Opens a file for each kind.
    pub(super) fn open(&self, setup: &Setup) -> Result<Drafts> {
        let dir = self.dir.clone().unwrap_or_default();
        if !self.kinds.is_empty() {
            result_dir(&dir)?;
        }
        let name = self.name.clone().unwrap_or_else(|| result_name(setup).into());
        let open = |kind: &Kind| draft(&beside(&dir.join(&name), kind.suffix())).map(|draft| (*kind, draft));
        Ok(Drafts { drafts: self.kinds.iter().map(open).collect::<Result<_>>()?, dir, name: self.name.clone() })
    }
}

impl Drafts {
    /// Where passing files can be kept, if there is a file to come.
    pub(super) fn place(&self) -> Option<&Path> {
        self.drafts.first().map(|(_, draft)| parent(&draft.path))
    }

    /// Writes each file and moves it into place, beside the result at `result` if a name was found for one.
    pub(super) fn write(
        self,
        report: &Report,
        mut details: Option<&mut Reader>,
        result: Option<&Path>,
    ) -> Vec<(Kind, Result<PathBuf>)> {
        let known = result.map(Path::to_owned).or_else(|| self.name.as_ref().map(|name| self.dir.join(name)));
        let base = known.unwrap_or_else(|| self.free(&report.run.setup));
        let wanted = self.drafts.into_iter().filter(|(kind, _)| *kind != Kind::PyTorch || report.has_pytorch_figures());
        let write = |(kind, draft): (Kind, Draft)| {
            let path = beside(&base, kind.suffix());
            if let Some(cause) = kind.refusal(report) {
                return (kind, Err(Error::new(cause)));
            }
            let written = fill(&draft.file, &mut |out| kind.write(report, details.as_deref_mut(), out));
            let placed = written.and_then(|()| fs::rename(&draft.path, &path));
            (kind, placed.map(|()| path.clone()).map_err(|cause| cannot("write", &path, &cause)))
        };
        wanted.map(write).collect()
    }

    /// A generated name of which no file is there yet.
    fn free(&self, setup: &Setup) -> PathBuf {
        let name = self.dir.join(result_name(setup));
        let taken = |base: &Path| self.drafts.iter().any(|(kind, _)| beside(base, kind.suffix()).exists());
        let numbered = |number: u32| with_suffix(&name, &number.to_string());
        std::iter::once(name.clone()).chain((2..).map(numbered)).find(|base| !taken(base)).unwrap_or(name)
    }
}

/// The path of what stands beside the result at `path`: what follows the last dot of its name becomes `suffix`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{suffix}"));
    path.with_file_name(name)
}

#[cfg(test)]
#[path = "beside_test.rs"]
mod tests;
