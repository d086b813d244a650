//! From a run that has been sent to its report, its files and the exit status.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::around::Counted;
use super::serve::Checked;
use super::session::Sent;
use super::watch::Details;
use crate::error::{Error, Exit, Result};
use crate::measure::{self, Metrics};
use crate::record::file::{Reader, Writer};
use crate::record::{Collector, Ending, Outcome, Run, Setup};
use crate::report::{Export, Files, Glyphs, Output, Report, SeriesRun};
use crate::token::{Loaded, Special, Tokenizer};
use crate::ui::Ui;
use crate::ui::out::{say, to_stdout, written};

/// What a conclusion needs to know beside the run.
pub(super) struct Context<'a> {
    pub(super) checked: &'a Checked,
    pub(super) setup: Setup,
    pub(super) loaded: &'a Loaded,
    /// What the server counted.
    pub(super) counted: Counted,
    pub(super) ui: &'a Ui,
}

/// A run that has been reported.
pub(super) struct Concluded {
    /// Its numbers, for a summary of several runs.
    pub(super) run: SeriesRun,
    /// The exit status, or what went wrong after numbers were there.
    pub(super) verdict: Result<Exit>,
}

/// Opens the file of details, if the result is to hold any.
pub(super) fn details(output: &Output, files: &Files) -> Result<Option<Details>> {
    if !output.needs_details() {
        return Ok(None);
    }
    let path = files.records_path();
    let writer = Writer::create(&path)?;
    Ok(Some(Details { path, writer, broken: None }))
}

/// Counts, measures, reports and saves: what is written of a run after it stands here.
pub(super) fn conclude(sent: Sent, context: Context<'_>, files: Files, out: &mut dyn Write) -> Result<Concluded> {
    let Context { checked, setup, loaded, counted, ui } = context;
    let (mut collector, details, end) = sent.watch.into_parts();
    if let Some(tokenizer) = &loaded.tokenizer {
        count(&mut collector, tokenizer)?;
    }
    let incomplete = sent.ending.stopped || sent.ending.error.is_some();
    let ending = if incomplete { Ending::Interrupted } else { Ending::Complete };
    let run = Run {
        setup,
        conversations: sent.conversations,
        probes: sent.probes,
        counted,
        ..collector.finish(end, sent.ending.health, ending)
    };
    let metrics = measure::metrics(&run, &checked.asked);
    let asked = &checked.asked;
    let trust = measure::verdict(&run, &metrics, asked);
    let charts = charts(&checked.output);
    let report = Report { run: &run, metrics: &metrics, asked, verdict: &trust, charts };
    written(report.console(out).and_then(|()| out.flush()))?;
    sent.late_warnings.iter().for_each(|warning| ui.warn(warning));
    for doubt in &trust.doubts {
        ui.warn(&format!("{}; {}", doubt.what, doubt.advice));
    }
    let saved = save(&report, details, (files, out), (checked, ui));
    let (files, saved) = match saved {
        Ok(files) => (files, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    let verdict = saved.and_then(|()| match sent.ending.error {
        Some(error) => Err(error.context("the run ended early")),
        None if sent.ending.stopped => Ok(Exit::Interrupted),
        None => verdict(&run, &metrics, ui),
    });
    let series_run = SeriesRun {
        num_prompts: run.setup.num_prompts,
        figures: report.figures(),
        completed: metrics.counts.completed,
        failed: metrics.counts.failed,
        partial: incomplete,
        files,
    };
    Ok(Concluded { run: series_run, verdict })
}

/// Counts the answers that came without a count of the server's.
fn count(collector: &mut Collector, tokenizer: &Tokenizer) -> Result<()> {
    let counted = |(id, text): (u32, &str)| Ok((id, tokenizer.encode(text, Special::Skip)?.len() as u32));
    let counts: Vec<(u32, u32)> = collector.uncounted().map(counted).collect::<Result<_>>()?;
    counts.into_iter().for_each(|(id, tokens)| collector.count(id, tokens));
    Ok(())
}

/// Writes the result to every place that was asked for, and takes the file of details away once it is in there; gives the
/// files that hold the result.
fn save(
    report: &Report<'_>,
    details: Option<Details>,
    (files, out): (Files, &mut dyn Write),
    (checked, ui): (&Checked, &Ui),
) -> Result<Vec<PathBuf>> {
    let output = &checked.output;
    let (mut reader, path) = match details {
        None => (None, None),
        Some(Details { path, broken: Some(cause), .. }) => {
            let left = format!("the details are incomplete: {cause}; what there is stands in `{}`", path.display());
            ui.warn(&left);
            (None, None)
        }
        Some(Details { path, writer, broken: None }) => (Some(writer.into_reader()?), Some(path)),
    };
    // A timeline needs details that the result may be asked to leave out.
    let detailed = |reader: &mut Option<Reader>, file: &mut dyn Write| {
        report.json(reader.as_mut().filter(|_| output.detailed), file)
    };
    let saved = files.save(&report.run.setup, |file| detailed(&mut reader, file))?;
    if output.export == Some(Export::Stdout) {
        to_stdout(&mut |out| detailed(&mut reader, out).and_then(|()| writeln!(out)))?;
    }
    let results = saved.results.clone();
    for (kind, written) in saved.write_beside(report, reader.as_mut()) {
        match (kind.title(), written) {
            (Some(title), Ok(path)) => say(out, &format!("{title} saved to: {}", path.display()))?,
            (None, Ok(_)) => {}
            (title, Err(cause)) => {
                let title = title.unwrap_or("PyTorch's form of the result").to_lowercase();
                ui.warn(&format!("no {title}: {cause}"));
            }
        }
    }
    if let Some(path) = path {
        fs::remove_file(&path)
            .map_err(|cause| Error::new(format!("cannot remove the passing file `{}`: {cause}", path.display())))?;
    }
    Ok(results)
}

/// What charts are drawn with, if the report has any: it goes to stdout, unless the result goes there.
fn charts(output: &Output) -> Option<Glyphs> {
    let terminal = match output.export {
        Some(Export::Stdout) => std::io::stderr().is_terminal(),
        _ => std::io::stdout().is_terminal(),
    };
    output.charts.glyphs(terminal, |name| std::env::var(name).ok())
}

/// The answer to whether it worked: no request that succeeded is a no, with its commonest cause.
fn verdict(run: &Run, metrics: &Metrics, ui: &Ui) -> Result<Exit> {
    if metrics.counts.completed > 0 {
        return Ok(Exit::Done);
    }
    let first = run.records.iter().find(|record| record.outcome != Outcome::Done);
    let cause = first.map_or("none was started", |record| run.errors.of(record.id));
    ui.error(
        &Error::new(format!("no request succeeded: {cause}"))
            .hint("check the server, its address and the model's name"),
    );
    Ok(Exit::No)
}
