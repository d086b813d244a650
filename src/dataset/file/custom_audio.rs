//! The user's own prompts with sound, from a file of JSON lines: for models that chat about it, and for those that transcribe
//! it. The file and a tokenizer come in; samples go out, in the reference's order.
//!
//! The whole file is checked before the first sample; sounds are read ahead of need.

use clap::{ArgMatches, Args};
use serde_json::{Map, Value};

use super::custom::{Custom, CustomArgs, OutputLen};
use super::open::{check, from_file};
use crate::dataset::ahead::{DEPTH_OF_MEDIA, relay};
use crate::dataset::kind::{Common, Dataset, Kind, flags};
use crate::dataset::media::{MediaArgs, Placement, Reference, Sound};
use crate::dataset::needs::Needs;
use crate::dataset::rows::{self, Row};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::selection::Taken;
use crate::dataset::template::{Template, render};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// The settings of `custom_audio`.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomAudio {
    /// The file, its lines, their output lengths, and the template of prompts beside an upload.
    pub rows: Custom,
    /// Where the sound is wanted: beside the prompt as a file to transcribe, or within the message.
    pub placement: Placement,
}

/// A line of the file.
#[derive(Debug)]
struct Line {
    place: rows::Place,
    prompt: String,
    sound: Origin,
    output_tokens: u32,
}

/// Where a sound comes from.
#[derive(Debug)]
enum Origin {
    File(Reference),
    Samples(Sound),
}

/// The user's own prompts with sound, an object a line.
pub(in crate::dataset) static KIND: Kind = Kind {
    groups: &[CustomArgs::augment_args, MediaArgs::augment_args],
    reads_lengths: true,
    ..Kind::new("custom_audio", "Your own prompts with sound, from a `.jsonl` file", |matches, common| {
        Ok(settings(matches, common)?.dataset())
    })
};

fn settings(matches: &ArgMatches, common: Common) -> Result<CustomAudio> {
    let rows = flags::<CustomArgs>(matches).resolve(KIND.name, common)?;
    Ok(CustomAudio { rows, placement: flags::<MediaArgs>(matches).resolve() })
}

impl CustomAudio {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        Dataset {
            needs: Needs { sound: true, sound_place: Some(self.placement), ..Needs::default() },
            check: check(&self.rows.path),
            ..Dataset::new(KIND.name, move |carries, tokenizer, draws| {
                let placement = carries.sound.unwrap_or(self.placement);
                CustomAudio { placement, ..self.clone() }.samples(tokenizer.cloned(), draws)
            })
        }
    }

    fn samples(self, tokenizer: Option<Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        let path = self.rows.path.clone();
        from_file(&path, |bytes| self.samples_of(bytes, tokenizer, draws))
    }

    fn samples_of(self, bytes: Vec<u8>, tokenizer: Option<Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        let CustomAudio { rows: Custom { path, output_len, selection, template, .. }, placement } = self;
        let lines: Vec<Line> = rows::read(&bytes, FORM, |row| Line::of(row, output_len).map(Some))?;
        if lines.is_empty() {
            return Err(Error::new("no lines").hint(FORM));
        }
        // What is transcribed is put into the template only where there is one: the prompt is counted, and not sent.
        let has_template = tokenizer.as_ref().is_some_and(|tokenizer| tokenizer.render_user("", &Map::new()).is_ok());
        let template = if placement == Placement::Beside && has_template { template } else { Template::None };
        let Taken { rows: taken, warning } = selection.take(lines.len(), &mut draws.python);
        let (count, file) = (taken.len(), path.display().to_string());
        let iter = relay(0..count, DEPTH_OF_MEDIA, move |index| {
            let line = &lines[taken[index] as usize];
            let sample = line.sample(tokenizer.as_ref(), &template, placement);
            let sample = sample.map_err(|error| error.context(format!("dataset `{file}`: {}", line.place)))?;
            Ok(Sample { request_id: selection.request_id(index), ..sample })
        });
        Ok(Samples { warnings: warning.into_iter().collect(), ..Samples::new(count, iter) })
    }
}

const FORM: &str = "write one object a line, such as {\"prompt\": \"What is said?\", \"audio\": \"a.wav\"}";

impl Line {
    fn of(mut row: Row, output_len: OutputLen) -> Result<Self> {
        let prompt = row.text("prompt")?;
        let sound = match row.take("audio") {
            Some(Value::String(path)) => {
                let reference = Reference::of(&path);
                reference.check().map_err(|error| row.wrong(error))?;
                Origin::File(reference)
            }
            Some(Value::Object(fields)) => Origin::Samples(samples(&fields).map_err(|why| row.wrong(why))?),
            _ => return Err(row.wrong("no path at `audio`, and no object")),
        };
        let output_tokens = match output_len {
            OutputLen::Fixed(len) => len,
            OutputLen::File => row.tokens("output_tokens")?,
        };
        Ok(Line { place: row.place(), prompt, sound, output_tokens })
    }

    fn sample(&self, tokenizer: Option<&Tokenizer>, template: &Template, placement: Placement) -> Result<Sample> {
        let (prompt, input_tokens) = match tokenizer {
            None => (self.prompt.clone(), 1),
            Some(tokenizer) => {
                let text = render(&self.prompt, template, tokenizer)?;
                let count = tokenizer.count(&text)?;
                (text, count)
            }
        };
        let decoded;
        let sound = match &self.sound {
            Origin::Samples(sound) => sound,
            Origin::File(reference) => {
                let told = |error: Error| error.context(format!("cannot send {reference}"));
                decoded = Sound::decode(&reference.read()?).map_err(told)?;
                &decoded
            }
        };
        let sample = Sample {
            prompt: Prompt::Text(prompt),
            input_tokens,
            output_tokens: self.output_tokens,
            ..Sample::default()
        };
        Ok(match placement {
            Placement::Within => Sample { media: vec![sound.part()], ..sample },
            Placement::Beside => Sample { audio: Some(sound.upload()), ..sample },
        })
    }
}

/// A sound written out: `array` has its samples, or a list of each moment's samples, `sampling_rate` how many a second.
fn samples(fields: &Map<String, Value>) -> Result<Sound, String> {
    let Some(Value::Array(moments)) = fields.get("array") else { return Err("no list at `audio.array`".into()) };
    let rate = fields.get("sampling_rate").and_then(Value::as_u64).and_then(|rate| u32::try_from(rate).ok());
    let rate = rate.ok_or("no rate at `audio.sampling_rate`")?;
    let number = |value: &Value| value.as_f64().ok_or("something other than numbers at `audio.array`");
    let (samples, channels): (Result<Vec<f64>, _>, _) = match moments.first() {
        Some(Value::Array(first)) => {
            let all = |moment: &Value| moment.as_array().filter(|moment| moment.len() == first.len()).cloned();
            let moments: Option<Vec<Vec<Value>>> = moments.iter().map(all).collect();
            let moments = moments.ok_or("moments of different lengths at `audio.array`")?;
            (moments.iter().flatten().map(number).collect(), first.len())
        }
        _ => (moments.iter().map(number).collect(), 1),
    };
    Sound::new(&samples?, u16::try_from(channels).unwrap_or_default(), rate).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "custom_audio_test.rs"]
mod tests;
