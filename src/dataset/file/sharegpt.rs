//! Conversations from a file in the ShareGPT form: the first turn is the prompt, the second one says how long the answer
//! should be. A JSON array of conversations and a tokenizer come in; samples go out, in the reference's order.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use super::open::{check, from_file};
use crate::args;
use crate::dataset::ahead::ahead;
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::lengths::length;
use crate::dataset::media::{MediaArgs, Placement, Source, image_part, video_part};
use crate::dataset::part::Part;
use crate::dataset::rows;
use crate::dataset::sample::{Sample, Samples};
use crate::dataset::selection::Selection;
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

const SHORTEST: u32 = 4;
const LONGEST_PROMPT: u32 = 1024;
const LONGEST_TOTAL: u32 = 2048;

/// Flags of the dataset `sharegpt`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: sharegpt")]
pub struct ShareGptArgs {
    /// Output tokens of a request [default: as many as the answer in the file has].
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = args::int)]
    pub sharegpt_output_len: Option<i64>,
}

/// The settings of `sharegpt`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareGpt {
    /// The file.
    pub path: PathBuf,
    /// Output tokens of a request; `None` takes the length of the answer in the file.
    pub output_len: Option<u32>,
    /// Where pictures and videos go.
    pub placement: Placement,
    /// Which conversations become requests.
    pub selection: Selection,
}

/// What becomes of entries with a picture or a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    /// They are sent with it.
    Send,
    /// They are an error, since the server takes texts only.
    Refuse,
}

/// One entry of the file, as far as it is of use.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with `conversations`")]
struct Entry {
    #[serde(alias = "conversation")]
    conversations: Option<Turns>,
    messages: Option<Turns>,
    image: Option<Value>,
    video: Option<Value>,
}

/// The values of the first two turns, and how many turns there are.
#[derive(Debug, Default)]
struct Turns {
    count: usize,
    values: [Option<Value>; 2],
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `value` in `conversations`")]
struct Turn {
    value: Option<Value>,
    content: Option<Value>,
    role: Option<Value>,
}

/// A conversation that passed the filter.
struct Accepted {
    prompt: String,
    media: Vec<Part>,
    input_tokens: u32,
    output_tokens: u32,
}

/// Conversations from a file in the ShareGPT form.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[ShareGptArgs::augment_args, MediaArgs::augment_args],
    stored_lengths: (None, Some("sharegpt_output_len")),
    ..Kind::new("sharegpt", "Conversations from a file in the ShareGPT form", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<ShareGpt> {
    flags::<ShareGptArgs>(matches).resolve(common, flags::<MediaArgs>(matches).resolve())
}

impl ShareGptArgs {
    fn resolve(self, common: Common, placement: Placement) -> Result<ShareGpt> {
        let Common { path, output_len, selection, .. } = common;
        let path = path.ok_or_else(|| {
            Error::new("dataset `sharegpt` needs a file")
                .hint("name a JSON array of conversations with `--dataset-path`")
        })?;
        if selection.num_prompts <= 0 {
            return Err(Error::new(format!("`--num-prompts {}`: no requests to send", selection.num_prompts))
                .hint("give a number above 0"));
        }
        let output_len = output_len.or(self.sharegpt_output_len);
        let output_len = output_len.map(|len| length("--sharegpt-output-len", len)).transpose()?;
        Ok(ShareGpt { path, output_len, placement, selection })
    }
}

impl ShareGpt {
    /// Ready to be sampled. Only its entries tell whether there are pictures.
    pub fn dataset(self) -> Dataset {
        let talker = self.clone();
        Dataset {
            check: check(&self.path),
            talks: Some(Arc::new(move |shape| talker.talk(shape))),
            ..Dataset::tokenized(KIND.name, move |carries, tokenizer, draws| {
                let media = if carries.pictures { Media::Send } else { Media::Refuse };
                self.clone().samples(media, tokenizer.clone(), draws)
            })
        }
    }

    fn samples(self, media: Media, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let path = self.path.clone();
        from_file(&path, |bytes| self.samples_of(bytes, media, tokenizer, draws))
    }

    fn samples_of(self, bytes: Vec<u8>, media: Media, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let entries = parse(&bytes)?;
        // Such files are large, and what is needed of them has been copied.
        drop(bytes);
        let accepted = self.accept(entries, media, tokenizer, draws)?;
        if accepted.is_empty() {
            return Err(Error::new("no conversation can be used").hint(format!(
                "an entry needs two turns of {SHORTEST} tokens or more, {LONGEST_PROMPT} or fewer in the first and \
                 {LONGEST_TOTAL} or fewer in both"
            )));
        }
        let ShareGpt { selection, placement, .. } = self;
        let taken = accepted.len();
        let repeats = selection.repeats(taken, &mut draws.python);
        let warning = selection.warning(taken, repeats.len());
        let count = taken + repeats.len();
        let sources = (0..taken).chain(repeats.into_iter().map(|source| source as usize));
        let iter = sources.enumerate().map(move |(index, source)| {
            let Accepted { prompt, media, input_tokens, output_tokens } = &accepted[source];
            let (prompt, media) = placement.place(prompt.clone(), media.clone());
            Ok(Sample {
                prompt,
                media,
                input_tokens: *input_tokens,
                output_tokens: *output_tokens,
                request_id: selection.request_id(index),
                ..Sample::default()
            })
        });
        Ok(Samples { warnings: warning.into_iter().collect(), ..Samples::new(count, iter) })
    }

    /// Counts tokens on all cores until as many conversations as wanted have passed the filter.
    fn accept(
        &self,
        entries: Vec<(usize, Entry)>,
        media: Media,
        tokenizer: Tokenizer,
        draws: &mut Draws,
    ) -> Result<Vec<Accepted>> {
        let order = self.selection.order(entries.len(), &mut draws.python);
        let (entries, output_len) = (Arc::new(entries), self.output_len);
        let verdicts = ahead(order.len(), move |position| {
            let (index, entry) = &entries[order[position] as usize];
            entry.judge(&tokenizer, output_len, media).map_err(|error| error.context(format!("entry {index}")))
        });
        verdicts.filter_map(Result::transpose).take(self.selection.num_prompts as usize).collect()
    }
}

impl Entry {
    /// The conversation with its lengths; `None` if the filter drops it.
    fn judge(&self, tokenizer: &Tokenizer, output_len: Option<u32>, media: Media) -> Result<Option<Accepted>> {
        let prompt = self.turn(0)?;
        let input_tokens = tokenizer.count(prompt)?;
        let output_tokens = match output_len {
            Some(output_len) => output_len,
            None => tokenizer.count(self.turn(1)?)?,
        };
        let long_enough = input_tokens >= SHORTEST && (output_len.is_some() || output_tokens >= SHORTEST);
        let total = u64::from(input_tokens) + u64::from(output_tokens);
        if !long_enough || input_tokens > LONGEST_PROMPT || total > u64::from(LONGEST_TOTAL) {
            return Ok(None);
        }
        let media = self.part(media)?.into_iter().collect();
        Ok(Some(Accepted { prompt: prompt.to_owned(), media, input_tokens, output_tokens }))
    }

    /// The picture that goes with the prompt, else the video, if there is one.
    fn part(&self, media: Media) -> Result<Option<Part>> {
        let fields = [("image", &self.image), ("video", &self.video)];
        let set = |value: &&Value| holds_something(value);
        let Some((field, value)) = fields.iter().find_map(|(field, value)| Some((*field, value.as_ref().filter(set)?)))
        else {
            return Ok(None);
        };
        if media == Media::Refuse {
            return Err(Error::new(format!("`{field}` is set, and the backend sends only text"))
                .hint(format!("use `--backend openai-chat`, or take out the entries with `{field}`")));
        }
        let place = value.as_str().ok_or_else(|| {
            Error::new(format!("no string at `{field}`"))
                .hint("give a URL, or the path of a file that the server can read")
        })?;
        Ok(Some(if field == "image" { image_part(Source::Place(place))? } else { video_part(Source::Place(place)) }))
    }

    fn turn(&self, index: usize) -> Result<&str> {
        let turns = self.conversations.as_ref();
        let value = turns.and_then(|turns| turns.values[index].as_ref()).and_then(Value::as_str);
        value.ok_or_else(|| Error::new(format!("no string at `conversations[{index}].value`")).hint(FORM))
    }
}

pub(super) const FORM: &str = "the file is an array of entries such as {\"conversations\": [{\"from\": \"human\", \"value\": \"Hello\"}, \
                    {\"from\": \"gpt\", \"value\": \"Good morning!\"}]}";

/// Whether a field counts as set: null, false, zero and what is empty do not.
pub(super) fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// The entries with two turns or more, with their positions in the file.
fn parse(bytes: &[u8]) -> Result<Vec<(usize, Entry)>> {
    let entries: Vec<Entry> = entries(bytes)?;
    let all = entries.len();
    let said = |mut entry: Entry| {
        entry.conversations = entry.conversations.or(entry.messages.take());
        entry
    };
    let entries: Vec<(usize, Entry)> = entries.into_iter().map(said).enumerate().collect();
    if all > 0 && entries.iter().all(|(_, entry)| entry.conversations.is_none()) {
        return Err(no_conversations(bytes));
    }
    let two_turns = |(_, entry): &(usize, Entry)| entry.conversations.as_ref().is_some_and(|turns| turns.count >= 2);
    Ok(entries.into_iter().filter(two_turns).collect())
}

/// The entries of a file: one array of them, or one after the other.
pub(super) fn entries<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<Vec<T>> {
    let misread = |cause: serde_json::Error| rows::misread(&cause, FORM);
    match bytes.trim_ascii_start().first() {
        Some(b'{') => {
            serde_json::Deserializer::from_slice(bytes).into_iter().collect::<Result<_, _>>().map_err(misread)
        }
        _ => serde_json::from_slice(bytes).map_err(misread),
    }
}

/// What is said where no entry has a conversation under a name that is known.
pub(super) fn no_conversations(bytes: &[u8]) -> Error {
    let first: Option<Value> = entries(bytes).ok().and_then(|entries: Vec<Value>| entries.into_iter().next());
    let there = rows::listed(first.as_ref().and_then(Value::as_object).into_iter().flat_map(|entry| entry.keys()));
    Error::new(format!("no entry has `conversations` or `messages`: entry 0 has {there}")).hint(FORM)
}

impl<'de> Deserialize<'de> for Turns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TurnsVisitor)
    }
}

/// Keeps two turns and counts the rest, so that long conversations take no memory.
struct TurnsVisitor;

impl<'de> Visitor<'de> for TurnsVisitor {
    type Value = Turns;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of turns at `conversations`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Turns, A::Error> {
        let mut turns = Turns::default();
        while turns.count < turns.values.len() {
            let Some(turn) = seq.next_element::<Turn>()? else { return Ok(turns) };
            // Files of roles may begin with what the model is told before it is asked.
            if turn.role.as_ref().is_some_and(|role| role == "system") {
                continue;
            }
            turns.values[turns.count] = turn.value.or(turn.content);
            turns.count += 1;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            turns.count += 1;
        }
        Ok(turns)
    }
}

#[cfg(test)]
#[path = "sharegpt_test.rs"]
mod tests;
