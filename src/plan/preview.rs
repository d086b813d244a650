//! What the requests of a run are like, without sending any: samples come in, their lengths, how often prompts repeat, and the
//! first of them as people can read them go out.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::Receiver;

use crate::dataset::{Part, Prompt, Sample, Samples};
use crate::error::{Error, Result};

/// Prompts that are shown.
const EXAMPLES: usize = 3;
/// Characters of a prompt that are shown, half from its start and half from its end.
const SHOWN: usize = 120;

/// What the requests of a run are like.
#[derive(Debug, Default)]
pub struct Preview {
    /// Prompt tokens of each.
    pub input: Vec<f64>,
    /// Output tokens that each asks for.
    pub output: Vec<f64>,
    /// Images, videos and sounds.
    pub media: usize,
    /// Prompts that an earlier request has too, media and all.
    pub repeated: usize,
    /// The first prompts, each on one line, shortened where they are long.
    pub examples: Vec<String>,
}

impl Preview {
    /// Makes all samples; gives what turns out meanwhile too.
    ///
    /// # Errors
    /// If a sample cannot be made, or there is none.
    pub fn of(samples: Samples) -> Result<(Self, Receiver<String>)> {
        let (mut preview, mut known) = (Preview::default(), HashSet::new());
        for sample in samples.iter {
            let sample = sample?;
            preview.repeated += usize::from(!known.insert(hash(&sample)));
            preview.add(&sample);
        }
        if preview.input.is_empty() {
            return Err(Error::new("the dataset has no request").hint("give `--num-prompts` 1 or more"));
        }
        Ok((preview, samples.late_warnings))
    }

    fn add(&mut self, sample: &Sample) {
        self.input.push(f64::from(sample.input_tokens));
        self.output.push(f64::from(sample.output_tokens));
        self.media += sample.media.len() + usize::from(sample.audio.is_some()) + media_within(&sample.prompt);
        if self.examples.len() < EXAMPLES {
            self.examples.push(shortened(&text(&sample.prompt)));
        }
    }
}

fn hash(sample: &Sample) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{:?}{:?}", sample.prompt, sample.media).hash(&mut hasher);
    hasher.finish()
}

/// A prompt as people can read it.
fn text(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Batch(texts) => texts.join(" | "),
        Prompt::Messages(json) | Prompt::Fields(json) => json.as_str().to_owned(),
        Prompt::Parts(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" "),
        Prompt::Ids(ids) => format!("{ids:?}"),
        Prompt::IdBatch(prompts) => format!("{prompts:?}"),
    }
}

fn part(part: &Part) -> &str {
    match part {
        Part::Text(text) | Part::Lead(text) => text,
        Part::Image { .. } => "[image]",
        Part::Video { .. } => "[video]",
        Part::Audio { .. } => "[audio]",
    }
}

/// The start and the end of a text on one line, as far as it is too long.
fn shortened(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let shown = |chars: &[char]| chars.iter().collect::<String>().escape_debug().to_string();
    if chars.len() <= SHOWN {
        return format!("\"{}\"", shown(&chars));
    }
    let (start, end) = (&chars[..SHOWN / 2], &chars[chars.len() - SHOWN / 2..]);
    format!("\"{}\" ... \"{}\" ({} characters)", shown(start), shown(end), chars.len())
}

/// Images, videos and sounds that are part of the prompt itself.
fn media_within(prompt: &Prompt) -> usize {
    match prompt {
        Prompt::Parts(parts) => parts.iter().filter(|part| !matches!(part, Part::Text(_) | Part::Lead(_))).count(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str, input_tokens: u32) -> Sample {
        Sample { prompt: Prompt::Text(text.into()), input_tokens, output_tokens: 4, ..Sample::default() }
    }

    #[test]
    fn requests_are_counted_and_repetitions_found() {
        let samples = [sample("a", 1), sample("b", 2), sample("a", 1), sample("a", 6)];
        let (preview, _) = Preview::of(Samples::new(4, samples.into_iter().map(Ok))).unwrap();
        assert_eq!((preview.input, preview.output), (vec![1.0, 2.0, 1.0, 6.0], vec![4.0; 4]));
        assert_eq!((preview.repeated, preview.media), (2, 0));
        assert_eq!(preview.examples, ["\"a\"", "\"b\"", "\"a\""]);
    }

    #[test]
    fn a_dataset_without_requests_is_an_error() {
        assert!(Preview::of(Samples::new(0, std::iter::empty())).is_err());
    }

    #[test]
    fn a_long_prompt_is_shown_by_its_ends_on_one_line() {
        assert_eq!(shortened("a\n\"b\""), r#""a\n\"b\"""#);
        let long = format!("é{}z", "x".repeat(300));
        let shown = shortened(&long);
        assert!(shown.starts_with("\"éxx") && shown.ends_with("xz\" (302 characters)") && shown.len() < 160, "{shown}");
    }
}
