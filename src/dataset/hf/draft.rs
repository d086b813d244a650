//! A request before it is one: what a row was found to be, without its id and with its image still as it lies in the file, so
//! that images are turned into parts only when their turn comes.

use super::cell::Cell;
use crate::dataset::media::{self, Placement, Source};
use crate::dataset::part::Part;
use crate::dataset::sample::{Prompt, Sample};
use crate::error::{Error, Result};

/// What a row became.
#[derive(Debug)]
pub(super) struct Draft {
    /// All but the id and the image.
    pub(super) sample: Sample,
    pub(super) image: Option<Cell>,
    pub(super) number: usize,
    /// Names the row in errors.
    place: String,
    /// Where media go.
    placement: Placement,
}

impl Draft {
    /// A text and its lengths in tokens.
    pub(super) fn text(prompt: String, input_tokens: u32, output_tokens: u32) -> Self {
        Draft::of(Sample { prompt: Prompt::Text(prompt), input_tokens, output_tokens, ..Sample::default() })
    }

    /// A whole request.
    pub(super) fn of(sample: Sample) -> Self {
        Draft { sample, image: None, number: 0, place: String::new(), placement: Placement::Beside }
    }

    /// Gives the number that goes into the id: see [`super::ids`].
    pub(super) fn numbered(self, number: usize) -> Self {
        Draft { number, ..self }
    }

    /// Adds an image, from the row at `place`.
    pub(super) fn with_image(self, image: Option<Cell>, place: &str) -> Self {
        Draft { image, place: place.to_owned(), ..self }
    }

    /// Says where the media go.
    pub(super) fn placed(self, placement: Placement) -> Self {
        Draft { placement, ..self }
    }

    /// The request.
    ///
    /// # Errors
    /// Where the image is none, with the row.
    pub(super) fn finish(&self, request_id: Option<String>) -> Result<Sample> {
        let mut sample = Sample { request_id, ..self.sample.clone() };
        if let Some(image) = &self.image {
            let part = part(image).map_err(|error| error.context(format!("{}: `image`", self.place)))?;
            sample.media.push(part);
        }
        if self.placement == Placement::Within
            && let Prompt::Text(text) = &mut sample.prompt
        {
            sample.prompt = media::message(std::mem::take(text), std::mem::take(&mut sample.media));
        }
        Ok(sample)
    }
}

/// An image as files hold it: its content, or where it is.
fn part(image: &Cell) -> Result<Part> {
    let source = match image {
        Cell::Bytes(bytes) => Some(Source::Bytes(bytes)),
        Cell::Text(place) => Some(Source::Place(place)),
        Cell::Object(_) => match (image.at("bytes"), image.at("path")) {
            (Some(Cell::Bytes(bytes)), _) => Some(Source::Bytes(bytes)),
            (_, Some(Cell::Text(place))) => Some(Source::Place(place)),
            _ => None,
        },
        _ => None,
    };
    source.map_or_else(|| Err(Error::new("neither an image nor the place of one")), media::image_part)
}
