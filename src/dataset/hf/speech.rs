//! Recordings to transcribe. A row comes in, a draft with the sound as a file goes out, or nothing where it is shorter or
//! longer than wanted.

use std::path::PathBuf;

use super::cell::{Cell, Row};
use super::class::EARNINGS;
use super::draft::Draft;
use super::settings::Maker;
use super::source::{DataFile, Source};
use crate::dataset::media::{Placement, Sound, audio_file};
use crate::dataset::part::Audio;
use crate::dataset::sample::{Prompt, Sample};
use crate::error::{Error, Result};

impl Maker {
    /// The sound of a row, if its length is wanted.
    pub(super) fn speech(&self, row: &Row) -> Result<Option<Draft>> {
        let audio = match self.hf.name == EARNINGS {
            true => self.file(row.text("url")?),
            false => {
                let cell = row.at("audio").ok_or_else(|| row.wrong("no sound at `audio`"))?;
                self.sound(cell)
            }
        };
        let audio = audio.map_err(|error| error.context(format!("{}: `audio`", row.place)))?;
        let (least, most) = self.hf.seconds;
        if !(least..=most).contains(&audio.seconds) {
            return Ok(None);
        }
        let output_tokens = self.given_length().expect("a class without answers has a length of its own");
        let prompt = opening(self.tokenizer.name());
        let input_tokens = self.tokenizer.count(prompt)?;
        let prompt = Prompt::Text(prompt.to_owned());
        let sample = Sample { prompt, input_tokens, output_tokens, ..Sample::default() };
        Ok(Some(match self.hf.shape.placement {
            Placement::Beside => Draft::of(Sample { audio: Some(audio), ..sample }),
            Placement::Within => {
                let part = Sound::decode(&audio.bytes)?.part();
                Draft::of(Sample { media: vec![part], ..sample }).placed(Placement::Within)
            }
        }))
    }

    /// Samples and their rate, the content of a file, or the place of one.
    fn sound(&self, cell: &Cell) -> Result<Audio> {
        if let Some(path) = cell.text() {
            return self.file(path);
        }
        if let (Some(samples), Some(rate)) = (cell.at("array"), cell.at("sampling_rate").and_then(Cell::number)) {
            let (samples, channels) = interleaved(samples).ok_or_else(|| Error::new("no numbers at `array`"))?;
            return Ok(Sound::new(&samples, channels, rate as u32)?.upload());
        }
        match (cell.at("bytes"), cell.at("path").and_then(Cell::text)) {
            (Some(Cell::Bytes(bytes)), _) => Ok(Sound::decode(bytes)?.upload()),
            (_, Some(path)) => self.file(path),
            _ => Err(Error::new("neither samples nor the content or the place of a file")),
        }
    }

    /// A file of the dataset, or else of this machine.
    fn file(&self, path: &str) -> Result<Audio> {
        let here = PathBuf::from(path);
        if here.is_absolute() {
            return audio_file(&here);
        }
        match &self.source {
            Source::File(table) => audio_file(&table.with_file_name("").join(path)),
            source => audio_file(&source.path(&DataFile::own(path))?),
        }
    }
}

/// The samples of all channels at one moment, then those of the next; and how many channels there are.
fn interleaved(cell: &Cell) -> Option<(Vec<f64>, u16)> {
    let items = cell.items()?;
    let numbers = |cell: &Cell| cell.items()?.iter().map(Cell::number).collect::<Option<Vec<f64>>>();
    if items.first().is_none_or(|item| item.items().is_none()) {
        return Some((numbers(cell)?, 1));
    }
    let channels = items.iter().map(numbers).collect::<Option<Vec<_>>>()?;
    let moments = channels.iter().map(Vec::len).min()?;
    let samples = (0..moments).flat_map(|moment| channels.iter().map(move |channel| channel[moment])).collect();
    Some((samples, u16::try_from(channels.len()).ok()?))
}

/// What the decoder of a model begins with. It is counted and not sent: the endpoint for transcriptions takes only the sound.
fn opening(tokenizer: &str) -> &'static str {
    if tokenizer.contains("openai") {
        "<|startoftranscript|><|en|><|transcribe|><|notimestamps|>"
    } else if tokenizer.to_lowercase().contains("cohere") {
        "<|startofcontext|><|startoftranscript|><|emo:undefined|><|en|><|en|><|pnc|><|noitn|><|notimestamp|><|nodiarize|>"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_woven_into_each_other() {
        let list = |numbers: &[i64]| Cell::List(numbers.iter().copied().map(Cell::Int).collect());
        assert_eq!(interleaved(&list(&[1, 2, 3])), Some((vec![1.0, 2.0, 3.0], 1)));
        let two = Cell::List(vec![list(&[1, 2]), list(&[3, 4])]);
        assert_eq!(interleaved(&two), Some((vec![1.0, 3.0, 2.0, 4.0], 2)));
        assert_eq!(interleaved(&Cell::List(vec![Cell::Null])), None);
    }

    #[test]
    fn models_are_opened_in_their_own_way() {
        assert!(opening("openai/whisper-large-v3").starts_with("<|startoftranscript|>"));
        assert!(opening("CohereLabs/asr").contains("<|emo:undefined|>"));
        assert_eq!(opening("Qwen/Qwen3"), "");
    }
}
