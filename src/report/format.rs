//! The ways to say what came of a run: a report comes in, one of them goes out. Whoever adds one adds its file, a variant and an
//! arm here.

use std::io::{self, Write};
use std::str::FromStr;

use super::evalscope::{self, File, Lang, Profile, Row};
use super::page::{dataset_stats, timeline};
use super::vllm::announce;
use super::{Report, Stored, Thresholds, csv, markdown};
use crate::error::{Error, Result};
use crate::record::file::Reader;
use crate::record::{Moment, Part, Task};

/// A way to say what came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Format {
    /// The reference's report for people, and what matters of it.
    #[default]
    Vllm,
    /// The same with all that there is to tell.
    Full,
    /// What matters, on less than a screen.
    Outline,
    /// The reference's result: one line of JSON without an end.
    VllmJson,
    /// Figures as PyTorch's dashboard reads them.
    PyTorch,
    /// Figures as comma-separated values.
    Csv,
    /// Figures as a table for issues and pull requests.
    Markdown,
    /// A page with a bar a request.
    Timeline(Thresholds),
    /// A picture of the lengths of prompts and answers.
    Lengths,
    /// EvalScope's report for people.
    Evalscope(Profile, Lang),
    /// A file as EvalScope writes it.
    EvalscopeFile(File),
    /// EvalScope's database of requests.
    EvalscopeDatabase,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 19] = [
        Format::Vllm,
        Format::Full,
        Format::Outline,
        Format::VllmJson,
        Format::PyTorch,
        Format::Csv,
        Format::Markdown,
        Format::Timeline(Thresholds::DEFAULT),
        Format::Lengths,
        Format::Evalscope(Profile::Current, Lang::En),
        Format::Evalscope(Profile::Classic, Lang::En),
        Format::EvalscopeFile(File::Summary(Profile::Current)),
        Format::EvalscopeFile(File::Summary(Profile::Classic)),
        Format::EvalscopeFile(File::Percentile(Profile::Current)),
        Format::EvalscopeFile(File::Percentile(Profile::Classic)),
        Format::EvalscopeFile(File::Throughput),
        Format::EvalscopeFile(File::Timeline),
        Format::EvalscopeFile(File::Args),
        Format::EvalscopeDatabase,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Vllm => "vllm",
            Format::Full => "full",
            Format::Outline => "outline",
            Format::VllmJson => "json",
            Format::PyTorch => "pytorch",
            Format::Csv => "csv",
            Format::Markdown => "markdown",
            Format::Timeline(_) => "timeline",
            Format::Lengths => "lengths",
            Format::Evalscope(Profile::Current, _) => "evalscope",
            Format::Evalscope(Profile::Classic, _) => "evalscope-classic",
            Format::EvalscopeFile(file) => file.format(),
            Format::EvalscopeDatabase => "evalscope-db",
        }
    }

    /// What the name of a file ends in that stands beside a result.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Vllm | Format::Full | Format::Outline | Format::Evalscope(..) => "txt",
            Format::VllmJson => "json",
            Format::PyTorch => "pytorch.json",
            Format::Csv => "csv",
            Format::Markdown => "md",
            Format::Timeline(_) => "timeline.html",
            Format::Lengths => "dataset_stats.png",
            Format::EvalscopeFile(file) => file.name(),
            Format::EvalscopeDatabase => "benchmark_data.db",
        }
    }

    /// What it is called where one is told that it was written; `None` where nobody need know.
    pub fn title(self) -> Option<&'static str> {
        match self {
            Format::Timeline(_) => Some("Timeline plot"),
            Format::Lengths => Some("Dataset statistics plot"),
            _ => None,
        }
    }

    /// Whether it cannot be written without the details of every request.
    pub fn needs_details(self) -> bool {
        matches!(self, Format::Timeline(_) | Format::EvalscopeDatabase)
    }

    /// Why it has nothing to show of this run, if it has nothing.
    pub fn refusal(self, report: &Report) -> Option<&'static str> {
        let pooling = report.run.setup.task == Task::Pooling;
        match self {
            Format::Timeline(_) if !report.run.knows(Part::Sent) => Some("it is not known when requests were sent"),
            Format::Timeline(_) if pooling => Some("these requests have no output over time"),
            Format::Lengths if pooling => Some("these requests have no output lengths"),
            Format::EvalscopeFile(File::Throughput | File::Timeline)
                if !(report.run.knows(Part::Sent) && report.run.knows(Part::Ends)) =>
            {
                Some("it is not known when requests were sent and answered")
            }
            Format::Timeline(_) | Format::Lengths | Format::EvalscopeFile(File::Throughput | File::Timeline) => {
                report.run.records.is_empty().then_some("no request was sent")
            }
            _ => None,
        }
    }

    /// What it says while a run goes on, where it is what the screen shows.
    pub fn words(self, moment: &Moment<'_>) -> Option<String> {
        match self {
            Format::Vllm | Format::Full | Format::Outline => announce::words(moment),
            Format::Evalscope(_, lang) => evalscope::announce::words(moment, lang),
            _ => None,
        }
    }

    /// Writes the report, with what the record file `details` of the run has, where the format has a place for it.
    ///
    /// # Errors
    /// If `out` cannot be written, `details` cannot be read or are missing, or the run has nothing to show.
    pub fn write(self, report: &Report, details: Option<&mut Reader>, out: &mut dyn Write) -> io::Result<()> {
        if let Some(cause) = self.refusal(report) {
            return Err(io::Error::other(cause));
        }
        match (self, details) {
            (Format::Vllm, _) => report.brief(out),
            (Format::Full, _) => report.console(out),
            (Format::Outline, _) => report.outline(out),
            (Format::VllmJson, details) => report.json(details, out),
            (Format::PyTorch, _) => report.pytorch(out),
            (Format::Csv, _) => csv::write(report.all_figures(), out),
            (Format::Markdown, _) => markdown::write(report, out),
            (Format::Timeline(thresholds), Some(details)) => timeline::write(report, details, thresholds, out),
            (Format::EvalscopeDatabase, Some(details)) => evalscope::database(report, details, out),
            (Format::Timeline(_) | Format::EvalscopeDatabase, None) => {
                Err(io::Error::other("the details of the run are missing"))
            }
            (Format::Lengths, _) => dataset_stats::write(report, out),
            (Format::Evalscope(profile, lang), _) => evalscope::point(&Row::of(report), profile, lang, out),
            (Format::EvalscopeFile(file), _) => file.write(&Row::of(report), report.run, out),
        }
    }
}

impl Format {
    /// Why a result without the values of every request will not do for it, if it will not.
    pub(super) fn needs_requests(self) -> Option<&'static str> {
        match self {
            Format::VllmJson => Some("as JSON it is that file already"),
            Format::Timeline(_) => Some("a timeline shows when each was answered"),
            Format::Lengths => Some("the picture of lengths shows those of each"),
            Format::Outline => Some("it tells of single requests"),
            Format::Evalscope(..) | Format::EvalscopeFile(_) | Format::EvalscopeDatabase => {
                Some("EvalScope's percentiles are those of single requests")
            }
            Format::Vllm | Format::Full | Format::PyTorch | Format::Csv | Format::Markdown => None,
        }
    }

    /// Writes what is known of a run from the figures of its result.
    ///
    /// # Errors
    /// If `out` cannot be written, or the format is made of more than figures.
    pub fn write_stored(self, stored: &Stored, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Format::Vllm | Format::Full => stored.console(out),
            Format::PyTorch => stored.pytorch(out),
            Format::Csv => csv::write(stored.figures(), out),
            Format::Markdown => markdown::write_figures(&stored.title(), stored.figures(), out),
            _ => Err(io::Error::other(stored.limits())),
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a name.
    fn from_str(name: &str) -> Result<Self> {
        Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            Error::new(format!("unknown format `{name}`"))
                .hint(format!("use one of {}", Format::ALL.map(Format::name).join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, details, told, worked_example};
    use super::*;

    #[test]
    fn every_format_is_known_by_its_name_and_writes_something() {
        let told = told(worked_example(), asked());
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
            let mut out = Vec::new();
            format.write(&told.report(), Some(&mut details()), &mut out).unwrap();
            assert!(!out.is_empty(), "{}", format.name());
        }
        let error = "xml".parse::<Format>().unwrap_err();
        assert_eq!(
            error.advice().unwrap(),
            "use one of vllm, full, outline, json, pytorch, csv, markdown, timeline, lengths, evalscope, evalscope-classic, \
             evalscope-summary, evalscope-classic-summary, evalscope-percentile, evalscope-classic-percentile, \
             evalscope-throughput, evalscope-timeline, evalscope-args, evalscope-db"
        );
    }

    #[test]
    fn a_stored_result_gives_what_is_made_of_figures() {
        let told = told(worked_example(), asked());
        let stored = Stored::of("a.json".as_ref(), &told.report()).unwrap();
        for format in Format::ALL {
            let mut out = Vec::new();
            let written = format.write_stored(&stored, &mut out);
            assert_eq!(written.is_ok(), format.needs_requests().is_none(), "{}", format.name());
            assert_eq!(out.is_empty(), format.needs_requests().is_some(), "{}", format.name());
        }
    }

    #[test]
    fn what_needs_details_says_so_where_there_are_none() {
        let told = told(worked_example(), asked());
        for format in Format::ALL {
            let written = format.write(&told.report(), None, &mut io::sink());
            assert_eq!(written.is_err(), format.needs_details(), "{}", format.name());
        }
    }
}
