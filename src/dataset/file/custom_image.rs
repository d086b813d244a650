//! The user's own prompts with pictures, from a file of JSON lines: either a prompt and its pictures, or the content of a
//! message part by part. The file and a tokenizer come in; samples go out, in the reference's order.
//!
//! The whole file is checked before the first sample. Pictures go out as URLs, or are read ahead of need and go out as data.

use clap::{ArgMatches, Args};
use serde_json::{Map, Value};

use super::custom::{Custom, CustomArgs, OutputLen};
use super::open::{check, from_file};
use crate::dataset::ahead::{DEPTH_OF_MEDIA, relay};
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::media::{MediaArgs, Placement, Reference, Source, embedded_part, image_part};
use crate::dataset::needs::Needs;
use crate::dataset::part::Part;
use crate::dataset::rows::{self, Row};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::selection::Taken;
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// Flags of the dataset `custom_image`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset: custom")]
pub struct CustomImageArgs {
    /// Send pictures as data, rather than as URLs that the server has to read (`custom_image`).
    #[arg(long)]
    pub custom_ensure_client_side_data: bool,
}

/// The settings of `custom_image`.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomImage {
    /// The file, its lines and their output lengths; nothing is put into a template.
    pub rows: Custom,
    /// Where pictures beside a prompt go.
    pub placement: Placement,
    /// Who reads pictures.
    pub reader: Reader,
}

/// Who reads the pictures that requests refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The server, by their URLs.
    Server,
    /// This program, which sends them as data.
    Client,
}

/// A line of the file.
#[derive(Debug)]
struct Line {
    place: rows::Place,
    content: Content,
    output_tokens: u32,
}

#[derive(Debug)]
enum Content {
    /// A prompt, and pictures after it.
    Apart(String, Vec<Part>),
    /// A message, part by part.
    Mixed(Vec<Part>),
}

/// The user's own prompts with pictures, an object a line.
pub(in crate::dataset) static KIND: Kind = Kind {
    older: &["custom_mm"],
    groups: &[CustomArgs::augment_args, CustomImageArgs::augment_args, MediaArgs::augment_args],
    reads_lengths: true,
    ..Kind::new("custom_image", "Your own prompts with pictures, from a `.jsonl` file", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<CustomImage> {
    let rows = flags::<CustomArgs>(matches).resolve(KIND.name, common)?;
    Ok(flags::<CustomImageArgs>(matches).resolve(rows, flags::<MediaArgs>(matches).resolve()))
}

impl CustomImageArgs {
    fn resolve(self, rows: Custom, placement: Placement) -> CustomImage {
        let reader = if self.custom_ensure_client_side_data { Reader::Client } else { Reader::Server };
        CustomImage { rows, placement, reader }
    }
}

impl CustomImage {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        Dataset {
            needs: Needs { pictures: true, ..Needs::default() },
            check: check(&self.rows.path),
            ..Dataset::new(KIND.name, move |_, tokenizer, draws| self.clone().samples(tokenizer.cloned(), draws))
        }
    }

    fn samples(self, tokenizer: Option<Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        let path = self.rows.path.clone();
        from_file(&path, |bytes| self.samples_of(bytes, tokenizer, draws))
    }

    fn samples_of(self, bytes: Vec<u8>, tokenizer: Option<Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        let CustomImage { rows: Custom { path, output_len, selection, .. }, placement, reader } = self;
        let lines: Vec<Line> = rows::read(&bytes, FORM, |row| Line::of(row, output_len, reader).map(Some))?;
        if lines.is_empty() {
            return Err(Error::new("no lines").hint(FORM));
        }
        let Taken { rows: taken, warning } = selection.take(lines.len(), &mut draws.python);
        let (count, file) = (taken.len(), path.display().to_string());
        let iter = relay(0..count, DEPTH_OF_MEDIA, move |index| {
            let line = &lines[taken[index] as usize];
            let sample = line.sample(tokenizer.as_ref(), placement, reader);
            let sample = sample.map_err(|error| error.context(format!("dataset `{file}`: {}", line.place)))?;
            Ok(Sample { request_id: selection.request_id(index), ..sample })
        });
        Ok(Samples { warnings: warning.into_iter().collect(), ..Samples::new(count, iter) })
    }
}

const FORM: &str = "write one object a line, such as {\"prompt\": \"What is this?\", \"image_files\": [\"a.png\"]} or \
                    {\"content\": [{\"type\": \"text\", \"text\": \"What is\"}, {\"type\": \"image\", \"image\": \"a.png\"}]}";

impl Line {
    fn of(mut row: Row, output_len: OutputLen, reader: Reader) -> Result<Self> {
        let content = match row.take("content") {
            Some(content) => Content::Mixed(each(&row, "content", content, part)?),
            None => {
                let pictures = row.take("image_files");
                let prompt = row.text("prompt").map_err(|error| match &pictures {
                    Some(_) => error,
                    None => row.wrong("neither `content` nor `prompt` and `image_files`"),
                })?;
                let pictures = pictures.ok_or_else(|| row.wrong("no list at `image_files`"))?;
                Content::Apart(prompt, each(&row, "image_files", pictures, |place| picture(place, String::new()))?)
            }
        };
        let output_tokens = match output_len {
            OutputLen::Fixed(len) => len,
            OutputLen::File => row.tokens("output_tokens")?,
        };
        let line = Line { place: row.place(), content, output_tokens };
        if reader == Reader::Client {
            line.references().try_for_each(|reference| reference.check()).map_err(|error| row.wrong(error))?;
        }
        Ok(line)
    }

    fn sample(&self, tokenizer: Option<&Tokenizer>, placement: Placement, reader: Reader) -> Result<Sample> {
        let count = |text: &str| tokenizer.map_or(Ok(1), |tokenizer| tokenizer.count(text));
        let sent = |parts: &[Part]| parts.iter().map(|part| sent(part, reader)).collect::<Result<Vec<_>>>();
        let (input_tokens, (prompt, media)) = match &self.content {
            Content::Apart(text, pictures) => (count(text)?, placement.place(text.clone(), sent(pictures)?)),
            Content::Mixed(parts) => (count(&self.text())?, (Prompt::Parts(sent(parts)?), Vec::new())),
        };
        Ok(Sample { prompt, media, input_tokens, output_tokens: self.output_tokens, ..Sample::default() })
    }

    fn parts(&self) -> &[Part] {
        match &self.content {
            Content::Apart(_, parts) | Content::Mixed(parts) => parts,
        }
    }

    /// All texts among the parts, one after the other.
    fn text(&self) -> String {
        let texts =
            self.parts().iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
        texts.collect()
    }

    /// What the client has to read.
    fn references(&self) -> impl Iterator<Item = Reference> {
        self.parts().iter().filter_map(|part| match part {
            Part::Image { url, .. } if !is_data(url) => Some(Reference::of(url)),
            _ => None,
        })
    }
}

/// What `make` makes of each item of the list `value`, which is not empty.
fn each(row: &Row, field: &str, value: Value, make: impl Fn(Value) -> Result<Part, String>) -> Result<Vec<Part>> {
    let Value::Array(items) = value else { return Err(row.wrong(format_args!("no list at `{field}`"))) };
    if items.is_empty() {
        return Err(row.wrong(format_args!("nothing in the list at `{field}`")));
    }
    let made = |(index, item)| make(item).map_err(|why| row.wrong(format_args!("{why} at `{field}[{index}]`")));
    items.into_iter().enumerate().map(made).collect()
}

/// A part as a line writes it: a text, or a picture in one of two ways.
fn part(value: Value) -> Result<Part, String> {
    let Value::Object(mut fields) = value else { return Err("no object".into()) };
    let kind = fields.remove("type").unwrap_or_default();
    let mut take = |field: &str| fields.remove(field).unwrap_or_default();
    match kind.as_str() {
        Some("text") => match take("text") {
            Value::String(text) => Ok(Part::Text(text)),
            _ => Err("no string `text`".into()),
        },
        Some("image") => picture(take("image"), String::new()),
        Some("image_url") => match take("image_url") {
            Value::Object(mut fields) => {
                // What stays keeps its order.
                let place = fields.shift_remove("url").unwrap_or_default();
                picture(place, inside(&fields))
            }
            place => picture(place, String::new()),
        },
        _ => Err(format!("the type {kind}, which is none of `text`, `image` and `image_url`,")),
    }
}

fn picture(place: Value, more: String) -> Result<Part, String> {
    match (place, more) {
        (Value::String(place), more) => Ok(Part::Image { url: place, more }),
        _ => Err("no URL or path of a picture".into()),
    }
}

/// What an object holds, without its braces.
fn inside(fields: &Map<String, Value>) -> String {
    let text = Value::from(fields.clone()).to_string();
    text[1..text.len() - 1].to_owned()
}

/// The part as it is sent.
fn sent(part: &Part, reader: Reader) -> Result<Part> {
    let Part::Image { url, more } = part else { return Ok(part.clone()) };
    let made = match reader {
        Reader::Client if !is_data(url) => {
            let bytes = Reference::of(url).read()?;
            embedded_part(&bytes).map_err(|error| error.context(format!("cannot send `{url}`")))?
        }
        _ => image_part(Source::Place(url))?,
    };
    match made {
        Part::Image { url, .. } => Ok(Part::Image { url, more: more.clone() }),
        other => Ok(other),
    }
}

fn is_data(url: &str) -> bool {
    url.starts_with("data:image/")
}

#[cfg(test)]
#[path = "custom_image_test.rs"]
mod tests;
