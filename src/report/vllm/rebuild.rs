//! A result of which more than its figures can be told: where it has the values of every request, the run is put together
//! again, through the same collector as a live one, so that any report can be made of it. What a result never has is named in
//! [`Rebuilt::limits`], and no figure is made of it.

use std::path::Path;

use serde_json::{Map, Value};

use super::content::{self, Content};
use super::described;
use super::read::Stored;
use super::requests::{self, Requests};
use crate::error::{Error, Result};
use crate::json::float;
use crate::record::file::{Existing, Reader, Writer};
use crate::record::{Answers, Collector, Failure, Finished, Health, Outcome, Overdue, Part, Record, Run, Task, Tick};

/// How much later than the run a request may have ended, in nanoseconds: the two are taken by different looks at the clock.
const SLACK: u64 = 1_000_000_000;

/// What a result file holds.
#[derive(Debug)]
pub enum Held {
    /// The values of every request.
    Run(Box<Rebuilt>),
    /// Figures alone.
    Figures(Box<Stored>),
}

/// A run that was put together from its result.
#[derive(Debug)]
pub struct Rebuilt {
    /// The run, which knows what it lacks.
    pub run: Run,
    /// The details of its requests, if they were wanted.
    pub details: Option<Reader>,
    /// What cannot be known of it, in a sentence.
    pub limits: String,
}

impl Held {
    /// Reads a result file as far as it goes; with the details of its requests, if those are wanted and there are any.
    ///
    /// # Errors
    /// If it cannot be read, holds no result, or its requests make no sense: with its name, and the line or the field.
    pub fn read(path: &Path, details: bool) -> Result<Self> {
        let text = content::text(path)?;
        let held = || {
            let text = content::strict(&text);
            let content = Content::of(&text)?;
            let ours = content.has("planned");
            match Requests::of(&content, ours)? {
                None => {
                    Stored::of_content(&path.display().to_string(), &content).map(|stored| Held::Figures(stored.into()))
                }
                Some(requests) => {
                    let entries = content.entries(|_| false)?;
                    let setup = described::setup(&content, &entries, requests.task())?;
                    let run = Run { setup, ..run(&content, &requests, ours)? };
                    let details = details.then(|| passing(&run, &requests)).transpose()?;
                    let limits = limits(path, &run, &entries);
                    Ok(Held::Run(Box::new(Rebuilt { run, details, limits })))
                }
            }
        };
        held().map_err(|error: Error| error.context(format!("cannot read result `{}`", path.display())))
    }
}

/// The run of these requests, without its setup; `content` tells all else.
fn run(content: &Content, requests: &Requests, ours: bool) -> Result<Run> {
    let mut inputs = Inputs::of(content, requests.task())?;
    let (mut missing, mut completed) = (requests.missing(), 0);
    let (first, duration) = (requests.first(), duration(content)?);
    let mut collector = Collector::new(requests.len() as u64);
    requests.each(false, &mut |mut finished| {
        fits(&finished.record, first, duration)?;
        match finished.record.outcome {
            Outcome::Done => {
                completed += 1;
                finished.record.inputs = inputs.next();
            }
            Outcome::Failed(Failure::Other) if !missing.contains(&Part::Classes) => missing.push(Part::Classes),
            Outcome::Failed(_) => {}
        }
        collector.push(finished);
        Ok(())
    })?;
    let told = count(content, "completed")?;
    if told != completed {
        let what = format!("`completed` says {told} and `errors` says that {completed} requests succeeded");
        return Err(Error::new(what).hint("name a file as it was written"));
    }
    let run = collector.finish(duration, Health::default());
    let workload = content.get::<String>("workload")?.and_then(|text| u64::from_str_radix(&text, 16).ok());
    missing.push(Part::Health);
    missing.extend(workload.is_none().then_some(Part::Workload));
    // With a tokenizer every program counts what the server did not.
    let counted = content.has("uncounted") || content.get::<String>("tokenizer_id")?.is_some();
    missing.extend((!counted && requests.task() == Task::Generation).then_some(Part::Uncounted));
    let planned = if ours { count(content, "planned")? } else { 0 };
    Ok(Run {
        planned: planned.max(run.records.len() as u64),
        workload: workload.unwrap_or_default(),
        partial: content.get("partial")?.unwrap_or_default(),
        gave_up: content.get("gave_up")?.unwrap_or_default(),
        overdue: Overdue { requests: content.get("overdue_not_started")?.unwrap_or_default(), ..Overdue::default() },
        sound_nanos: sound(content, duration)?,
        server_times: requests.server_times(),
        uncounted: content.get("uncounted")?.unwrap_or_default(),
        answers: Answers {
            reasons: content.get("finish_reasons")?.unwrap_or_default(),
            short: content.get("short_answers")?.unwrap_or_default(),
            cached_tokens: content.get("total_cached_tokens")?,
            mistyped: content.get("mistyped_streams")?.unwrap_or_default(),
            open: content.get("open_ends")?.unwrap_or_default(),
            ..Answers::default()
        },
        missing,
        ..run
    })
}

/// Whether a request ended before the run did, of which the first request was due at `first`. What lies behind takes memory for
/// the time between.
fn fits(record: &Record, first: Tick, duration: Tick) -> Result<()> {
    let after = record.last.since(first);
    if after <= duration.nanos().saturating_add(SLACK) {
        return Ok(());
    }
    let (after, lasted) = (Tick::from_nanos(after).as_secs_f64(), duration.as_secs_f64());
    let what = format!("request {}: it ended after {after} s, and `duration` says {lasted} s", record.id);
    Err(Error::new(what).hint("name a file as it was written"))
}

/// How many inputs each request held. A result tells of all together, and no more is asked of a run: each has an equal share.
struct Inputs {
    each: u64,
    /// How many have one more.
    more: u64,
}

impl Inputs {
    fn of(content: &Content, task: Task) -> Result<Self> {
        let (completed, all) = (count(content, "completed")?, content.get::<u64>("total_input_sequences")?);
        let all = all.filter(|_| task == Task::Pooling).unwrap_or(completed);
        let requests = completed.max(1);
        Ok(Inputs { each: all / requests, more: all % requests })
    }

    fn next(&mut self) -> u32 {
        let one_more = u64::from(self.more > 0);
        self.more -= one_more;
        u32::try_from(self.each + one_more).unwrap_or(u32::MAX)
    }
}

fn count(content: &Content, key: &str) -> Result<u64> {
    content.get(key).map(Option::unwrap_or_default)
}

fn duration(content: &Content) -> Result<Tick> {
    let seconds: f64 = content.get("duration")?.unwrap_or_default();
    requests::time(seconds).ok_or_else(|| {
        Error::new(format!("`duration`: {} s is no time of a run", float(seconds)))
            .hint("name a file as it was written")
    })
}

/// The sound in all requests, which the result tells by the second of the run.
fn sound(content: &Content, duration: Tick) -> Result<u64> {
    let rate: f64 = content.get("rtfx")?.unwrap_or_default();
    Ok(Tick::from_secs_f64(rate * duration.as_secs_f64()).nanos())
}

/// The details of requests in a file that goes when it is closed.
fn passing(run: &Run, requests: &Requests) -> Result<Reader> {
    let path = std::env::temp_dir().join(format!("llmbench-{}.records", std::process::id()));
    let mut writer = Writer::create(&path, Existing::Replaced)?;
    // It stays open, and nobody else needs its name.
    std::fs::remove_file(&path)
        .map_err(|cause| Error::new(format!("cannot remove the passing file `{}`: {cause}", path.display())))?;
    writer.begin(&run.setup, run.planned, &[])?;
    requests.each(true, &mut |finished: Finished| writer.append(&finished))?;
    writer.into_reader()
}

/// What a result may tell in sum, of which nothing is known request by request: a key, and what it is.
const IN_SUM: [(&str, &str); 5] = [
    ("request_goodput", "the limits of its goodput"),
    ("probe_completed", "how long each probe took"),
    ("conversations_planned", "which requests were turns of one conversation"),
    ("adapters", "which adapter each request asked for"),
    ("rps_change_events", "when its rate changed by the clock of its requests"),
];

/// What cannot be known of a run from its result, in a sentence.
fn limits(path: &Path, run: &Run, entries: &Map<String, Value>) -> String {
    let of = |part: &Part| match part {
        Part::Due => "when requests were due",
        Part::Waits => "how long requests waited in the client",
        Part::Sent => "when requests were sent",
        Part::Ends => "when failures came and connections were free",
        Part::Classes => "of what class failures were",
        Part::Uncounted => "how many answers nobody counted",
        Part::Workload => "whether another run sent the same",
        Part::Health => "how well the client kept up",
    };
    let in_sum = IN_SUM.into_iter().filter(|(key, _)| entries.get(*key).is_some_and(|value| !value.is_null()));
    let parts = run.missing.iter().map(of).chain(in_sum.map(|(_, what)| what));
    format!(
        "`{}` is a result and not the record of a run: no figure is made of what it does not tell: {}, or what the server counted",
        path.display(),
        parts.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
#[path = "rebuild_test.rs"]
mod tests;
