//! Pictures, videos and sounds as parts of a message. Bytes, references and samples come in, [`Part`]s and [`Audio`] go out:
//! references by the reference's rules, content as `data:` URLs and base64.
//!
//! Local files are read only where their content is asked for; nothing here uses the network.

mod picture;
mod sound;
mod video;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) use picture::{Order, jpeg};
pub(crate) use sound::{Sound, audio_file, seconds};
pub(super) use video::mp4;

use super::{Part, Prompt};
use crate::error::Result;

/// What a picture or a video is given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// The content of its file.
    Bytes(&'a [u8]),
    /// A URL, or the path of a file that the server can read.
    Place(&'a str),
}

/// A picture: content becomes a JPEG in a `data:` URL, a place becomes a URL unless it is one.
///
/// # Errors
///
/// Where the content is no picture that can be read.
pub(crate) fn image_part(source: Source<'_>) -> Result<Part> {
    let url = match source {
        Source::Bytes(bytes) => jpeg_url(&jpeg_of(&picture::decode(bytes)?)?),
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
    let url = data_url("image/png", &picture::png(&picture::decode_upright(bytes)?)?);
    Ok(Part::Image { url, more: String::new() })
}

fn jpeg_of(picture: &image::RgbImage) -> Result<Vec<u8>> {
    jpeg(picture.as_raw(), picture.width(), picture.height(), Order::Rgb)
}

/// The `data:` URL of a JPEG.
pub(super) fn jpeg_url(jpeg: &[u8]) -> String {
    data_url("image/jpeg", jpeg)
}

/// One user message of `text` and then `parts`.
pub(crate) fn message(text: String, parts: Vec<Part>) -> Prompt {
    Prompt::Parts(std::iter::once(Part::Text(text)).chain(parts).collect())
}

/// `place`, with `file://` before it if it begins with none of `schemes`.
fn url(place: &str, schemes: &[&str]) -> String {
    if schemes.iter().any(|scheme| place.starts_with(scheme)) { place.to_owned() } else { format!("file://{place}") }
}

fn data_url(media_type: &str, bytes: &[u8]) -> String {
    let mut url = format!("data:{media_type};base64,");
    url.reserve(bytes.len().div_ceil(3) * 4);
    STANDARD.encode_string(bytes, &mut url);
    url
}
