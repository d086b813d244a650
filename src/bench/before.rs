//! What a session sends before its run, and does not measure: the ready check and the warm-ups.

use std::iter::repeat_n;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use super::session::{AHEAD_BYTES, Session, in_turn};
use crate::dataset::{Prompt, Sample};
use crate::drive::{self, Observation, Patience, Settings, Stop};
use crate::error::{Error, Result};
use crate::net::advice;
use crate::plan::{ReadyCheck, WarmUp};
use crate::record::{Failure, Finished, Moment, Outcome, Tell, Tick};

impl Session {
    /// The ready check, if it was asked for; tells whether the run may go on.
    pub(super) fn check_ready(&self, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<bool> {
        let check = self.load.ready_check.as_ref();
        tell(Moment::ReadyCheck(check.map(|check| check.limit)));
        let Some(check) = check else { return Ok(true) };
        let ready = self.wait_until_ready(check, stop, tell)?;
        if ready {
            tell(Moment::Ready);
        }
        Ok(ready)
    }

    /// The warm-ups, as far as they were asked for; tells whether the run may go on.
    pub(super) fn warm_up(&mut self, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<bool> {
        let count = self.load.warm_up.count();
        if count > 0 {
            tell(Moment::WarmingUp(count));
            let samples: Vec<Sample> = std::mem::take(&mut self.warm_ups);
            let (_, stopped) = match self.load.warm_up {
                WarmUp::Copies(_) => self.test(repeat_n(self.first.clone(), count), self.patience(), stop, tell)?,
                WarmUp::Own(_) => self.test(samples.into_iter(), self.patience(), stop, tell)?,
            };
            if stopped {
                return Ok(false);
            }
        }
        tell(Moment::WarmedUp(count));
        Ok(true)
    }

    fn wait_until_ready(&self, check: &ReadyCheck, stop: &Receiver<Stop>, tell: Tell<'_>) -> Result<bool> {
        let ReadyCheck { limit, flag, pause, prompt, heeds_refusals } = check;
        let begun = drive::now();
        let sample = match prompt {
            Some(prompt) => Sample {
                prompt: Prompt::Text(prompt.clone()),
                output_tokens: self.first.output_tokens,
                ..Sample::default()
            },
            None => self.first.clone(),
        };
        loop {
            // A server that takes the request and says nothing is not ready either.
            let left = limit.saturating_sub(drive::now() - begun).max(*pause);
            let patience = match self.patience() {
                longer if longer.limit > left => Patience { limit: left, flag },
                patience => patience,
            };
            let (finished, stopped) = self.test(repeat_n(sample.clone(), self.targets.len()), patience, stop, tell)?;
            let Some(finished) = finished.filter(|_| !stopped) else { return Ok(false) };
            if finished.record.outcome == Outcome::Done {
                return Ok(true);
            }
            let waited = drive::now() - begun;
            let left = limit.saturating_sub(waited);
            if left.is_zero() {
                let what = format!("the server was not ready within {} s: {}", limit.as_secs(), finished.detail);
                return Err(Error::new(what).hint(format!("check the address, or raise `{flag}`")));
            }
            if *heeds_refusals && let Outcome::Failed(Failure::HttpStatus(400..=499)) = finished.record.outcome {
                let what = format!("the server refuses the connection test: {}", finished.detail);
                let hint = advice(&finished.detail).unwrap_or("check the address, the model's name and the key");
                return Err(Error::new(what).hint(hint));
            }
            tell(Moment::NotReady { waited, cause: &finished.detail });
            if !matches!(stop.recv_timeout(left.min(*pause)), Err(RecvTimeoutError::Timeout)) {
                return Ok(false);
            }
        }
    }

    /// Sends samples to the servers in turn, without a request id; gives the last that failed, or else finished, and whether it
    /// was stopped. Each may take so long as `patience` says.
    fn test(
        &self,
        samples: impl ExactSizeIterator<Item = Sample> + Send + 'static,
        patience: Patience,
        stop: &Receiver<Stop>,
        tell: Tell<'_>,
    ) -> Result<(Option<Finished>, bool)> {
        let count = samples.len();
        let encoder = self.encoder.clone().with_servers(in_turn(&self.targets, count).map(Arc::new));
        let stream = drive::Stream {
            jobs: Box::new(
                (0_u32..)
                    .zip(samples)
                    .map(move |(id, sample)| Ok(encoder.job(id, Tick::ZERO, &Sample { request_id: None, ..sample }))),
            ),
            max_in_flight: self.load.max_concurrency,
            workers: 1,
            connections: 0,
            ready: count,
            budget: AHEAD_BYTES,
            duration: None,
            max_failures: None,
        };
        let mut last: Option<Finished> = None;
        let settings = Settings { patience, ..self.settings() };
        let ending = drive::run(stream, settings, stop, &mut |observation| match observation {
            Observation::Finished(mut finished) => {
                finished.detail = self.secrets.mask(finished.detail);
                if last.as_ref().is_none_or(|last| last.record.outcome == Outcome::Done) {
                    last = Some(*finished);
                }
            }
            Observation::Stopping { in_flight, grace } => tell(Moment::Stopping { in_flight, grace }),
            Observation::Began | Observation::Beat { .. } => {}
        })?;
        Ok((last, ending.stopped))
    }
}
