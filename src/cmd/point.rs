//! One run from its settings to its numbers: samples are made anew, sent, measured, reported and saved. What is found out
//! once for all runs comes in; a `serve` may have several runs.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use super::align;
use super::around;
use super::conclude::{self, Concluded, Context};
use super::describe;
use super::found::Found;
use super::profiler::Profiler;
use super::serve::Checked;
use super::session::Session;
use super::signals::Signals;
use crate::backend::template::Fixed;
use crate::dataset::Samples;
use crate::error::{Error, Result};
use crate::plan::turns::{Count, Turns};
use crate::record::{Adapters, Setup, Tick};
use crate::report::Files;
use crate::rng::Draws;
use crate::token::{Special, Tokenizer};
use crate::ui::Ui;
use crate::ui::out::say;

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
        let Point { checked, found, ui } = self;
        let mut draws = Draws::new(checked.seed);
        let (samples, turns) = self.samples(&mut draws)?;
        if let Some(line) = checked.dataset.announcement() {
            say(out, &line)?;
        }
        let traffic = if samples.due.is_some() { describe::recorded } else { describe::traffic };
        let due = self.due(&samples, turns.as_ref(), &mut draws);
        let mut setup = describe::setup(checked, &found.model, &found.loaded, &due);
        setup.adapters = self.adapters(&samples, turns.as_ref(), &mut draws);
        let files = checked.output.open(&setup)?;
        let session = self.session((samples, turns), due)?.with_adapters(setup.adapters.clone());
        let stop = signals.listen();
        if !session.check_ready(stop, out)? {
            return Ok(None);
        }
        let (session, late_warnings) = self.align(session)?;
        if !session.warm_up(stop, out)? {
            return Ok(None);
        }
        around::reset_prefix_cache(&checked.around, &found.calls)?;
        let profiler = Profiler::start(&checked.around, &found.calls, (out, ui))?;
        let concluded = traffic(&setup, out)
            .and_then(|()| describe::probes(&checked.load, out))
            .and_then(|()| self.measure(session, signals, (setup, files), out));
        late_warnings.try_iter().for_each(|warning| ui.warn(&warning));
        profiler.stop((out, ui))?;
        concluded.map(Some)
    }

    /// The session with its prompts cut to the server's count, and what there is to warn of it once they are sent.
    fn align(self, session: Session) -> Result<(Session, Receiver<String>)> {
        let (late, late_warnings) = channel();
        if !self.checked.aligns {
            return Ok((session, late_warnings));
        }
        let session = session.replace(|first, rest| align::align((first, rest), self.found, late, self.ui))?;
        Ok((session, late_warnings))
    }

    /// The samples of this run that the model has room for, as they will be sent, and how they belong together.
    pub(super) fn samples(self, draws: &mut Draws) -> Result<(Samples, Option<Turns>)> {
        let (dataset, tokenizer) = (self.checked.dataset.clone(), self.found.loaded.tokenizer.clone());
        let (samples, turns) = match (&self.checked.conversations, self.checked.longest) {
            (None, None) => (dataset.samples(tokenizer, draws)?, None),
            (None, Some(longest)) => (dataset.samples(tokenizer, draws)?.within(longest)?, None),
            (Some(shape), longest) => {
                let conversations = dataset.conversations(shape, tokenizer.clone(), draws)?;
                let conversations = match longest {
                    Some(longest) => conversations.within(longest)?,
                    None => conversations,
                };
                let (samples, turns) = Turns::of(conversations, counting(tokenizer));
                (samples, Some(turns))
            }
        };
        if samples.count == 0 {
            return Err(Error::new("the dataset has no request").hint("give `--num-prompts` 1 or more"));
        }
        samples.warnings.iter().for_each(|warning| self.ui.warn(warning));
        Ok((samples, turns))
    }

    /// Which adapter each of the samples goes to, where there are any: the turns of a conversation to one.
    fn adapters(self, samples: &Samples, turns: Option<&Turns>, draws: &mut Draws) -> Option<Arc<Adapters>> {
        let mix = self.checked.adapters.as_ref()?;
        Some(Arc::new(match turns {
            None => mix.assign(samples.count, &mut draws.python),
            Some(turns) => turns.spread(&mix.assign(turns.conversations(), &mut draws.python)),
        }))
    }

    /// When each of the samples is due, or each of the conversations that they make.
    pub(super) fn due(self, samples: &Samples, turns: Option<&Turns>, draws: &mut Draws) -> Vec<Tick> {
        if let Some(due) = &samples.due {
            return due.clone();
        }
        self.checked.load.arrivals.due(turns.map_or(samples.count, Turns::conversations), &mut draws.legacy)
    }

    fn session(self, samples: (Samples, Option<Turns>), due: Vec<Tick>) -> Result<Session> {
        let Point { checked, found, .. } = self;
        let fixed = Fixed {
            model: &found.model.name,
            logprobs: checked.content.logprobs,
            ignore_eos: checked.content.ignore_eos,
            delivery: checked.content.delivery,
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
        let before = around::counters(&checked.around, &found.calls);
        let sent = session.run(signals.listen(), details, progress)?;
        setup.ended = describe::now();
        let counted = before.and_then(|before| Some((before, around::counters(&checked.around, &found.calls)?)));
        let context = Context { checked, setup, loaded: &found.loaded, counted, ui };
        conclude::conclude(sent, context, files, out)
    }
}

/// Counts the tokens of answers. Without a tokenizer, an answer that the server did not count has none.
fn counting(tokenizer: Option<Tokenizer>) -> Box<Count> {
    let tokens = move |text: &str| tokenizer.as_ref()?.encode(text, Special::Skip).ok().map(|ids| ids.len() as u32);
    Box::new(move |text| tokens(text).unwrap_or(0))
}
