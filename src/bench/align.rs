//! Made-up prompts cut to the server's own count of tokens: samples come in, the same samples go out, in order, with shorter texts
//! where the server counts more tokens than asked for. Whether that is needed is judged by the first alone.
//!
//! The server is asked before the run, so that its tokenizing takes nothing from what is measured; only where the prompts are
//! too many to be kept are the later ones cut while the earlier are sent.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::sync::mpsc::{Receiver, Sender};

use super::Site;
use crate::dataset::{Prompt, Sample};
use crate::drive::Stop;
use crate::error::Result;
use crate::net::{Pending, Refusal};
use crate::record::{Moment, Tell};
use crate::token::{self, Agreement, Aligner, Unknown};

/// Samples that are still to come.
pub(super) type Iter = Box<dyn Iterator<Item = Result<Sample>> + Send>;

/// The samples of a run, the first apart.
pub(super) struct Supply {
    pub(super) first: Sample,
    pub(super) rest: Iter,
}

/// Prompts that the server is asked about at once.
const AT_ONCE: usize = 64;
/// Text that is kept before the run.
const KEPT_BYTES: usize = 256 * 1024 * 1024;

/// The samples as the server counts them; `None` where the run is to stop. What goes wrong only once they are
/// made, is told over `late`.
pub(super) fn align(
    supply: Supply,
    site: &Site,
    late: Sender<String>,
    stop: &Receiver<Stop>,
    tell: Tell<'_>,
) -> Result<Option<Supply>> {
    let Supply { first, rest } = supply;
    let Prompt::Text(text) = &first.prompt else { return Ok(Some(Supply { first, rest })) };
    let model = &site.model;
    let names = [model.id.as_str(), model.name.as_str()];
    let names = if model.id == model.name { &names[..1] } else { &names[..] };
    let aligner = match token::ask(&site.calls, names, text, first.input_tokens)? {
        Agreement::Fits => return Ok(Some(Supply { first, rest })),
        Agreement::Unknown(why) => {
            let why = reason(&why, names);
            tell(Moment::Noticed(&format!("prompts are not checked against the server's tokenizer: {why}")));
            return Ok(Some(Supply { first, rest }));
        }
        Agreement::Differs { counted, aligner } => {
            let asked = first.input_tokens;
            tell(Moment::Noticed(&format!(
                "the server counts {counted} tokens in the first prompt and not {asked}: prompts that are too long there are cut"
            )));
            aligner
        }
    };
    let samples: Iter = Box::new(std::iter::once(Ok(first)).chain(rest));
    let mut aligned = Aligned { aligner, samples: samples.fuse(), ahead: VecDeque::new(), failed: None, late };
    let Some(kept) = keep(&mut aligned, stop)? else { return Ok(None) };
    let mut samples = kept.into_iter().map(Ok).chain(aligned);
    let first = samples.next().expect("the first sample went in before the others")?;
    Ok(Some(Supply { first, rest: Box::new(samples) }))
}

/// As many of the samples as fit; `None` where the run is to stop.
fn keep(samples: &mut Aligned, stop: &Receiver<Stop>) -> Result<Option<Vec<Sample>>> {
    let (mut kept, mut bytes) = (Vec::new(), 0);
    while bytes < KEPT_BYTES {
        if stop.try_recv().is_ok() {
            return Ok(None);
        }
        let Some(sample) = samples.next().transpose()? else { break };
        if let Prompt::Text(text) = &sample.prompt {
            bytes += text.len();
        }
        kept.push(sample);
    }
    Ok(Some(kept))
}

fn reason(why: &Unknown, names: &[&str]) -> String {
    match why {
        Unknown::Unreachable(cause) => format!("it cannot be reached: {cause}"),
        Unknown::NotFound => {
            format!(
                "`/tokenize` answered with status 404: there is no such path, or no model `{}`",
                names.join("` or `")
            )
        }
        Unknown::Status(status) => format!("`/tokenize` answered with status {status}"),
        Unknown::Other(cause) => cause.clone(),
    }
}

type Cut = Pending<Result<Option<String>, Refusal>>;

/// Samples whose texts are cut while those before them are handed out.
struct Aligned {
    aligner: Aligner,
    samples: Fuse<Iter>,
    /// What has been asked about, in order.
    ahead: VecDeque<(Result<Sample>, Option<Cut>)>,
    /// How many texts could not be cut, and why the first of them.
    failed: Option<(usize, Refusal)>,
    late: Sender<String>,
}

impl Iterator for Aligned {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ahead.len() < AT_ONCE {
            let Some(sample) = self.samples.next() else { break };
            let cut = sample.as_ref().ok().and_then(|sample| self.start(sample));
            self.ahead.push_back((sample, cut));
        }
        let Some((sample, cut)) = self.ahead.pop_front() else {
            self.tell_failures();
            return None;
        };
        Some(match cut {
            Some(cut) => sample.and_then(|sample| self.finish(sample, cut)),
            None => sample,
        })
    }
}

impl Aligned {
    /// Asks about a text, unless the server is gone.
    fn start(&self, sample: &Sample) -> Option<Cut> {
        match (&sample.prompt, &self.failed) {
            (_, Some((_, Refusal::Unreachable(_)))) => None,
            (Prompt::Text(text), _) => Some(self.aligner.start(text, sample.input_tokens)),
            _ => None,
        }
    }

    fn finish(&mut self, sample: Sample, cut: Cut) -> Result<Sample> {
        match cut.wait()? {
            Ok(None) => return Ok(sample),
            Ok(Some(text)) => return Ok(Sample { prompt: Prompt::Text(text), ..sample }),
            Err(refusal) => match &mut self.failed {
                Some((count, _)) => *count += 1,
                None => self.failed = Some((1, refusal)),
            },
        }
        Ok(sample)
    }

    fn tell_failures(&mut self) {
        if let Some((count, cause)) = self.failed.take() {
            let rest = match cause {
                Refusal::Unreachable(_) => " and all after them",
                Refusal::Status(..) | Refusal::Unreadable(_) => "",
            };
            // Where the run is over, nobody waits for it.
            let _ = self.late.send(format!("{count} prompts{rest} are not cut to the server's count: {cause}"));
        }
    }
}
