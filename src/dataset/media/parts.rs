//! Pictures and videos as parts of a message, and where they stand in it. Bytes and places come in, [`Part`]s go out: places by
//! the reference's rules, content as `data:` URLs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::picture::{self, Order, Turn, jpeg};
use crate::dataset::part::Part;
use crate::dataset::sample::Prompt;
use crate::error::Result;

/// What a picture or a video is given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// The content of its file.
    Bytes(&'a [u8]),
    /// A URL, or the path of a file that the server can read.
    Place(&'a str),
}

/// Where the media of a prompt go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Beside the prompt, for the server's protocol to join.
    Beside,
    /// Into the content of the prompt's own message.
    Within,
}

/// A picture: content becomes a JPEG in a `data:` URL, a place becomes a URL unless it is one.
///
/// # Errors
///
/// Where the content is no picture that can be read.
pub(crate) fn image_part(source: Source<'_>) -> Result<Part> {
    let url = match source {
        Source::Bytes(bytes) => {
            let picture = picture::decode(bytes, Turn::Stored)?;
            data_url("image/jpeg", &jpeg(picture.as_raw(), picture.width(), picture.height(), Order::Rgb)?)
        }
        Source::Place(place) => url(place, &["http://", "https://", "file://", "data:image/"]),
    };
    Ok(Part::Image { url, more: String::new() })
}

/// A video: content goes as it is into a `data:` URL that calls it an MP4, a place becomes a URL unless it is one.
pub(crate) fn video_part(source: Source<'_>) -> Part {
    let url = match source {
        Source::Bytes(bytes) => data_url("video/mp4", bytes),
        Source::Place(place) => url(place, &["http://", "https://", "file://", "data:video/"]),
    };
    Part::Video { url }
}

/// A picture whose content goes with the request: a PNG in a `data:` URL, turned upright as its EXIF data says.
///
/// # Errors
///
/// Where `bytes` are no picture that can be read.
pub(crate) fn embedded_part(bytes: &[u8]) -> Result<Part> {
    let url = data_url("image/png", &picture::png(&picture::decode(bytes, Turn::Upright)?)?);
    Ok(Part::Image { url, more: String::new() })
}

impl Placement {
    /// A prompt of `text` and the media beside it.
    pub(crate) fn place(self, text: String, parts: Vec<Part>) -> (Prompt, Vec<Part>) {
        match self {
            Placement::Beside => (Prompt::Text(text), parts),
            Placement::Within => (message(text, parts), Vec::new()),
        }
    }
}

/// One user message of `text` and then `parts`.
pub(crate) fn message(text: String, parts: Vec<Part>) -> Prompt {
    Prompt::Parts(std::iter::once(Part::Lead(text)).chain(parts).collect())
}

/// `place`, with `file://` before it if it begins with none of `schemes`.
fn url(place: &str, schemes: &[&str]) -> String {
    if schemes.iter().any(|scheme| place.starts_with(scheme)) { place.to_owned() } else { format!("file://{place}") }
}

pub(super) fn data_url(media_type: &str, bytes: &[u8]) -> String {
    let mut url = format!("data:{media_type};base64,");
    url.reserve(bytes.len().div_ceil(3) * 4);
    STANDARD.encode_string(bytes, &mut url);
    url
}
