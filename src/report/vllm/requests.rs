//! The requests of a result that has the values of each: arrays come in, a [`Finished`] a request goes out, with its times as
//! far as they are known. Gaps and texts stay as they are written until their request is asked for.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::{Content, at_field};
use super::json::Column;
use crate::error::{Error, Result};
use crate::json::float;
use crate::record::{Failure, Finished, Outcome, Part, Record, ServerTimes, Task, Tick};

/// No run lasts longer, in seconds: what lies beyond is no time of a request.
const LONGEST: f64 = 100.0 * 24.0 * 3600.0;

/// The arrays without which nothing is known of a request for text: results have had these from the beginning.
const OF_TEXT: [Column; 5] = [Column::InputLens, Column::OutputLens, Column::Ttfts, Column::Itls, Column::Errors];

/// Those without which nothing is known of a request for vectors or scores.
const OF_VECTORS: [Column; 3] = [Column::InputLens, Column::Latencies, Column::Errors];

/// The arrays of a result: one item a request, in order of id. What only one of the tasks has is empty for the other.
pub(super) struct Requests<'a> {
    task: Task,
    input_lens: Vec<u32>,
    output_lens: Vec<u32>,
    ttfts: Vec<f64>,
    itls: Vec<&'a RawValue>,
    latencies: Option<Vec<f64>>,
    start_times: Option<Vec<f64>>,
    queue_times: Option<Vec<f64>>,
    errors: Vec<&'a RawValue>,
    texts: Option<Vec<&'a RawValue>>,
    server_queues: Option<Vec<Option<f64>>>,
    server_ttfts: Option<Vec<Option<f64>>>,
    /// When the run began, by the clock of `start_times`.
    begin: f64,
    /// Whether this program has written them.
    ours: bool,
}

impl<'a> Requests<'a> {
    /// The requests in `content`; `None` if it has not the values of each.
    ///
    /// # Errors
    /// If an array holds something else, or has more or fewer items than the others: with its key.
    pub(super) fn of(content: &Content<'a>, ours: bool) -> Result<Option<Self>> {
        let pooling = !content.has(Column::Ttfts.key());
        let task = if pooling { Task::Pooling } else { Task::Generation };
        let needed: &[Column] = if pooling { &OF_VECTORS } else { &OF_TEXT };
        if !needed.iter().all(|column| content.has(column.key())) {
            return Ok(None);
        }
        let mut requests = Requests {
            task,
            input_lens: content.get(Column::InputLens.key())?.unwrap_or_default(),
            output_lens: content.get(Column::OutputLens.key())?.unwrap_or_default(),
            ttfts: content.get(Column::Ttfts.key())?.unwrap_or_default(),
            itls: content.items(Column::Itls.key())?.unwrap_or_default(),
            latencies: content.get(Column::Latencies.key())?,
            start_times: content.get(Column::StartTimes.key())?,
            queue_times: content.get(Column::QueueTimes.key())?,
            errors: content.items(Column::Errors.key())?.unwrap_or_default(),
            texts: content.items(Column::GeneratedTexts.key())?,
            server_queues: content.get(Column::ServerQueueTimes.key())?,
            server_ttfts: content.get(Column::ServerTtfts.key())?,
            begin: 0.0,
            ours,
        };
        requests.are_as_many()?;
        requests.begin = requests.begin();
        Ok(Some(requests))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.errors.len()
    }

    /// What they ask for.
    pub(super) fn task(&self) -> Task {
        self.task
    }

    /// Whether the server told its own times of any.
    pub(super) fn server_times(&self) -> bool {
        self.server_queues.is_some() || self.server_ttfts.is_some()
    }

    /// What is not known of them. The reference's waits do not begin when the schedule says, but when it got round to a request.
    pub(super) fn missing(&self) -> Vec<Part> {
        let waits = self.queue_times.is_some();
        let known = [(Part::Due, self.ours && waits), (Part::Waits, waits), (Part::Sent, self.start_times.is_some())];
        let missing = known.into_iter().filter(|(_, known)| !known).map(|(part, _)| part);
        missing.chain([Part::Ends]).collect()
    }

    /// When the first of them was due.
    pub(super) fn first(&self) -> Tick {
        Tick::from_secs_f64(self.first_due() - self.begin)
    }

    /// When the run began: of ours it is where time is counted from, of the reference when its first request was due.
    fn begin(&self) -> f64 {
        if self.ours { self.first_due().min(0.0) } else { self.first_due() }
    }

    /// When the first of them was due, by the clock of `start_times`.
    fn first_due(&self) -> f64 {
        let of = |times: &Option<Vec<f64>>, index: usize| times.as_ref().map_or(0.0, |times| times[index]);
        let due = (0..self.len()).map(|index| of(&self.start_times, index) - of(&self.queue_times, index));
        due.fold(f64::INFINITY, f64::min)
    }

    /// Gives each request to `take`, in order; with the text of its answer, if that is wanted.
    ///
    /// # Errors
    /// If a request has a value that cannot be one: with its key and its position. Or what `take` says.
    pub(super) fn each(&self, texts: bool, take: &mut dyn FnMut(Finished) -> Result<()>) -> Result<()> {
        let count = u32::try_from(self.len()).map_err(|_| Error::new("it has too many requests"))?;
        (0..count).try_for_each(|id| take(self.request(id, texts)?))
    }

    fn request(&self, id: u32, texts: bool) -> Result<Finished> {
        let index = id as usize;
        let detail: String = parsed(Column::Errors, index, self.errors[index])?;
        let wait =
            self.queue_times.as_ref().map_or(Ok(0.0), |waits| seconds(Column::QueueTimes, index, waits[index]))?;
        let start = self.start_times.as_ref().map_or(0.0, |starts| starts[index]) - self.begin;
        let sent = Tick::from_secs_f64(seconds(Column::StartTimes, index, start)?);
        let chunks = self.chunks(index, sent)?;
        let output_tokens = self.output_lens.get(index).copied().unwrap_or_default();
        let failed = !detail.is_empty() || (self.task == Task::Generation && chunks.is_empty() && output_tokens == 0);
        let latency = self.latencies.as_ref().filter(|_| !failed);
        let latency = latency.map(|known| seconds(Column::Latencies, index, known[index])).transpose()?;
        let first = chunks.first().copied();
        // What the file says of the whole latency holds: a sum of gaps has their rounding.
        let last = latency.map(|latency| after(sent, latency)).or(chunks.last().copied()).unwrap_or(sent);
        let record = Record {
            id,
            input_tokens: self.input_lens[index],
            output_tokens,
            chunks: chunks.len() as u32,
            inputs: 1,
            due: Tick::from_nanos(sent.since(Tick::from_secs_f64(wait))),
            sent,
            first: first.unwrap_or(if self.task == Task::Pooling { last } else { sent }),
            last,
            end: last,
            outcome: if failed { Outcome::Failed(class(&detail)) } else { Outcome::Done },
        };
        let text = self.texts.as_ref().filter(|_| texts).map(|all| parsed(Column::GeneratedTexts, index, all[index]));
        let of_server = |times: &Option<Vec<Option<f64>>>| times.as_ref().and_then(|times| times[index]);
        Ok(Finished {
            record,
            connected: sent,
            chunks,
            text: text.transpose()?.unwrap_or_default(),
            counted_by_server: true,
            detail,
            server: ServerTimes { queue: of_server(&self.server_queues), ttft: of_server(&self.server_ttfts) },
            ..Finished::default()
        })
    }

    /// When the pieces of an answer came. One whose first did not has none.
    fn chunks(&self, index: usize, sent: Tick) -> Result<Vec<Tick>> {
        let Some(&ttft) = self.ttfts.get(index) else { return Ok(Vec::new()) };
        let ttft = seconds(Column::Ttfts, index, ttft)?;
        let gaps: Vec<f64> = parsed(Column::Itls, index, self.itls[index])?;
        if ttft == 0.0 && gaps.is_empty() {
            return Ok(Vec::new());
        }
        let mut chunks = Vec::with_capacity(gaps.len() + 1);
        let mut at = after(sent, ttft);
        chunks.push(at);
        for gap in gaps {
            at = after(at, seconds(Column::Itls, index, gap)?);
            chunks.push(at);
        }
        seconds(Column::Itls, index, at.as_secs_f64())?;
        Ok(chunks)
    }

    /// Each array has an item a request.
    fn are_as_many(&self) -> Result<()> {
        let floats = |values: &Option<Vec<f64>>| values.as_ref().map(Vec::len);
        let options = |values: &Option<Vec<Option<f64>>>| values.as_ref().map(Vec::len);
        let generation = self.task == Task::Generation;
        let lengths = [
            (Column::InputLens, Some(self.input_lens.len())),
            (Column::OutputLens, generation.then_some(self.output_lens.len())),
            (Column::Ttfts, generation.then_some(self.ttfts.len())),
            (Column::Itls, generation.then_some(self.itls.len())),
            (Column::Latencies, floats(&self.latencies)),
            (Column::StartTimes, floats(&self.start_times)),
            (Column::QueueTimes, floats(&self.queue_times)),
            (Column::GeneratedTexts, self.texts.as_ref().map(Vec::len)),
            (Column::ServerQueueTimes, options(&self.server_queues)),
            (Column::ServerTtfts, options(&self.server_ttfts)),
        ];
        let count = self.len();
        let other =
            lengths.into_iter().find_map(|(column, length)| Some((column, length.filter(|length| *length != count)?)));
        other.map_or(Ok(()), |(column, length)| {
            let (key, errors) = (column.key(), Column::Errors.key());
            let what = format!("`{key}` has {length} items and `{errors}` has {count}: each has one a request");
            Err(Error::new(what).hint("name a file as it was written"))
        })
    }
}

fn after(at: Tick, seconds: f64) -> Tick {
    Tick::from_nanos(at.nanos().saturating_add(Tick::from_secs_f64(seconds).nanos()))
}

/// What an item of an array is.
fn parsed<'a, T: Deserialize<'a>>(column: Column, index: usize, raw: &'a RawValue) -> Result<T> {
    serde_json::from_str(raw.get()).map_err(|cause| at_field(column.key(), &cause).context(format!("request {index}")))
}

/// A moment of a run, or how long something in it took, in seconds; `None` if nothing in a run can be so.
pub(super) fn time(seconds: f64) -> Option<Tick> {
    (0.0..=LONGEST).contains(&seconds).then(|| Tick::from_secs_f64(seconds))
}

/// A number of seconds that may be one of a run.
fn seconds(column: Column, index: usize, value: f64) -> Result<f64> {
    if time(value).is_some() {
        return Ok(value);
    }
    let what = format!("request {index}: `{}`: {} s is no time of a run", column.key(), float(value));
    Err(Error::new(what).hint("name a file as it was written"))
}

/// The class of a failure, as far as its text tells.
fn class(detail: &str) -> Failure {
    let code = detail.strip_prefix("HTTP ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    code.map_or(Failure::Other, Failure::HttpStatus)
}
