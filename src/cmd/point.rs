//! One run from its settings to its numbers: samples are made anew, sent, measured, reported and saved. What is found out
//! once for all runs comes in; a `serve` may have several runs.

use std::io::Write;

use super::conclude::{self, Concluded, Context};
use super::describe;
use super::found::Found;
use super::serve::Checked;
use super::session::Session;
use super::signals::Signals;
use crate::backend::template::Fixed;
use crate::dataset::Samples;
use crate::error::{Error, Result};
use crate::record::Tick;
use crate::report::{Files, Setup};
use crate::ui::Ui;

/// One run: its settings, and what was found out before.
#[derive(Clone, Copy)]
pub(super) struct Point<'a> {
    pub(super) checked: &'a Checked,
    pub(super) found: &'a Found,
    pub(super) ui: &'a Ui,
}

impl Point<'_> {
    /// Runs it and reports to `out`; nothing comes back where it was interrupted before its first request.
    pub(super) fn run(self, signals: &mut Signals, out: &mut dyn Write) -> Result<Option<Concluded>> {
        let Point { checked, found, .. } = self;
        let samples = self.samples()?;
        let due = self.due(&samples);
        let setup = describe::setup(checked, &found.model, &found.loaded, &due);
        let files = checked.output.open(&setup)?;
        let session = self.session(samples, due)?;
        let stop = signals.listen();
        if !session.prepare(stop, out)? {
            return Ok(None);
        }
        describe::traffic(&setup, out)?;
        self.measure(session, signals, (setup, files), out).map(Some)
    }

    /// The samples of this run, as they will be sent.
    fn samples(self) -> Result<Samples> {
        let samples = self.checked.dataset.clone().samples(self.found.loaded.tokenizer.clone())?;
        if samples.count == 0 {
            return Err(Error::new("the dataset has no request").hint("give `--num-prompts` 1 or more"));
        }
        samples.warnings.iter().for_each(|warning| self.ui.warn(warning));
        Ok(samples)
    }

    /// When each of the samples is due.
    fn due(self, samples: &Samples) -> Vec<Tick> {
        self.checked.load.arrivals.due(samples.count, self.checked.seed)
    }

    fn session(self, samples: Samples, due: Vec<Tick>) -> Result<Session> {
        let Point { checked, found, .. } = self;
        let fixed = Fixed {
            model: &found.model.name,
            logprobs: checked.content.logprobs,
            ignore_eos: checked.content.ignore_eos,
            overlay: &checked.content.overlay,
        };
        Session::new(&checked.server, &checked.load, &fixed, (samples, due))
    }

    /// Sends everything and concludes. What has to happen right before the first request or right after the last stands
    /// here, around the sending.
    fn measure(
        self,
        session: Session,
        signals: &mut Signals,
        (mut setup, files): (Setup, Files),
        out: &mut dyn Write,
    ) -> Result<Concluded> {
        let Point { checked, found, ui } = self;
        let details = conclude::details(&checked.output, &files)?;
        let progress = checked.progress.resolve(ui, session.count() as u64);
        setup.started = describe::now();
        let sent = session.run(signals.listen(), details, progress)?;
        setup.ended = describe::now();
        let context = Context { checked, setup: &setup, loaded: &found.loaded, ui };
        conclude::conclude(sent, context, files, out)
    }
}
