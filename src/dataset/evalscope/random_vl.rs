//! Made-up prompts with pictures: the texts of `random`, and pictures of random pixels behind each.
//!
//! The pictures are not those of EvalScope, which draws figures on a ground of one colour: noise is as large for an encoder, and
//! never the same twice.

use super::random::Random;
use super::shaping::Form;
use crate::dataset::ahead::{DEPTH_OF_MEDIA, relay};
use crate::dataset::kind::Dataset;
use crate::dataset::made::buckets::Bucket;
use crate::dataset::media::noise;
use crate::dataset::needs::Needs;
use crate::dataset::part::Part;
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::error::{Error, Result};
use crate::rng::{Draws, Generator};
use crate::token::Tokenizer;

/// The settings of `random_vl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomVl {
    /// How the texts are made.
    pub text: Random,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Pictures of each request.
    pub pictures: u32,
}

impl RandomVl {
    /// Ready to be sampled.
    pub fn dataset(self) -> Dataset {
        let needs = Needs { pictures: true, answers: true, ..Needs::default() };
        Dataset { needs, ..Dataset::tokenized("random_vl", move |_, tokenizer, draws| self.samples(tokenizer, draws)) }
    }

    fn samples(&self, tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Samples> {
        if self.text.shaping.form == Form::Ids {
            return Err(Error::new("pictures have no token ids").hint("leave out `--tokenize-prompt`"));
        }
        if self.width == 0 || self.height == 0 || self.pictures == 0 {
            let what = format!("{} pictures of {} by {} pixels show nothing", self.pictures, self.width, self.height);
            return Err(Error::new(what).hint("give `--image-num`, `--image-width` and `--image-height` above 0"));
        }
        let Samples { count, iter, warnings, late_warnings, due } = self.text.samples(tokenizer, draws)?;
        let (bucket, pictures) = (Bucket { height: self.height, width: self.width, frames: 1 }, self.pictures);
        let draw = &self.text.draw;
        // Points of a command have pictures of their own.
        let first = draw.earlier_requests();
        let mut generator = Generator::new(1 << 32 | u64::from(draw.seed));
        generator.skip_bytes(4 * first * u64::from(pictures));
        let seeded = iter.map(move |sample| {
            let seeds: Vec<u32> = (0..pictures).map(|_| generator.next_u32()).collect();
            (sample, seeds)
        });
        let made = relay(seeded, DEPTH_OF_MEDIA, move |(sample, seeds): (Result<Sample>, Vec<u32>)| {
            with_pictures(sample?, &seeds, bucket)
        });
        Ok(Samples { count, iter: Box::new(made), warnings, late_warnings, due })
    }
}

/// The sample with a picture of each seed behind its text.
fn with_pictures(sample: Sample, seeds: &[u32], bucket: Bucket) -> Result<Sample> {
    let Prompt::Text(text) = sample.prompt else { return Ok(sample) };
    let pictures = seeds.iter().map(|&seed| noise(bucket, Generator::new(u64::from(seed))));
    let parts: Result<Vec<Part>> = std::iter::once(Ok(Part::Text(text))).chain(pictures).collect();
    Ok(Sample { prompt: Prompt::Parts(parts?), ..sample })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::evalscope::{Draw, Prefixes, Shaping};

    fn made(pictures: u32, form: Form) -> Result<Vec<Sample>> {
        let draw = Draw { seed: 7, earlier: Vec::new(), number: 3, warmups: 0, offset: 0 };
        let shaping = Shaping { min_prompt_length: 12, max_prompt_length: 12, form, max_tokens: (16, 16) };
        let text = Random { draw, shaping, prefixes: Prefixes { length: 0, count: 1 } };
        let tokenizer = Tokenizer::builtin().unwrap();
        RandomVl { text, width: 20, height: 10, pictures }.samples(&tokenizer, &mut Draws::new(0))?.iter.collect()
    }

    #[test]
    fn each_text_has_pictures_of_its_own() {
        let samples = made(2, Form::Chat).unwrap();
        let Prompt::Parts(parts) = &samples[0].prompt else { panic!("{:?}", samples[0].prompt) };
        assert_eq!(parts[0], Part::Text("SystemWherecircfunctionjudlennature".into()));
        assert!(matches!(&parts[1], Part::Image { url, .. } if url.starts_with("data:image/jpeg;base64,")));
        assert!(parts.len() == 3 && parts[1] != parts[2] && samples[0].prompt != samples[1].prompt);
        assert_eq!(samples, made(2, Form::Chat).unwrap(), "the same seed gives the same pictures");
    }

    #[test]
    fn pictures_that_cannot_be_are_refused() {
        assert!(made(1, Form::Ids).unwrap_err().to_string().starts_with("pictures have no token ids"));
        assert_eq!(made(0, Form::Chat).unwrap_err().to_string(), "0 pictures of 20 by 10 pixels show nothing");
    }
}
