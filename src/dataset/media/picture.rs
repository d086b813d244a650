//! Pictures: a file's content comes in, pixels go out, and pixels become JPEG or PNG. What shines through is put on white,
//! with the reference's rounding.

use std::fmt::Display;
use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::error::{Error, Result};

/// The quality at which the reference's library writes where nothing else is asked for, with colour at half resolution.
const QUALITY: u8 = 75;

/// Which way up a picture is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// As its pixels lie in the file.
    Stored,
    /// As its EXIF data says.
    Upright,
}

/// Larger pictures are bombs, as Pillow has it.
const MOST_PIXELS: u64 = 178_956_970;

/// The pixels of a picture.
pub(super) fn decode(bytes: &[u8], turn: Turn) -> Result<RgbImage> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut decoder =
        reader.map_err(image::ImageError::from).and_then(ImageReader::into_decoder).map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let what = format!("a picture of {width} x {height} pixels is not read: {MOST_PIXELS} are the most");
        return Err(Error::new(what).hint("make it smaller"));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    if turn == Turn::Upright {
        picture.apply_orientation(orientation);
    }
    Ok(flattened(picture))
}

/// In which order the colours of a pixel lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// A JPEG of `pixels`, three bytes each and row by row: quality 75, colour at half resolution.
///
/// # Errors
///
/// Where there are too few pixels, or a side is longer than 65535 of them.
pub(crate) fn jpeg(pixels: &[u8], width: u32, height: u32, order: Order) -> Result<Vec<u8>> {
    let wrong = |why: &dyn Display| Error::new(format!("no JPEG of {width} by {height} pixels: {why}"));
    let side = |length: u32| u16::try_from(length).map_err(|_| wrong(&"65535 is the most"));
    let mut out = Vec::with_capacity(pixels.len() / 4);
    let mut encoder = Encoder::new(&mut out, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let colours = match order {
        Order::Rgb => ColorType::Rgb,
        Order::Bgr => ColorType::Bgr,
    };
    encoder.encode(pixels, side(width)?, side(height)?, colours).map_err(|cause| wrong(&cause))?;
    Ok(out)
}

/// A PNG of `picture`.
pub(super) fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Png).map_err(|cause| Error::new(format!("cannot write a PNG: {cause}")))?;
    Ok(out.into_inner())
}

fn unreadable(cause: image::ImageError) -> Error {
    Error::new(format!("not a picture that can be read: {cause}")).hint("use JPEG, PNG or WebP")
}

/// The picture without transparency: what lets the ground through lies on white.
fn flattened(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let source = picture.into_rgba8();
    let mut flat = RgbImage::new(source.width(), source.height());
    for (to, from) in flat.pixels_mut().zip(source.pixels()) {
        let [red, green, blue, alpha] = from.0;
        to.0 = [red, green, blue].map(|channel| over_white(channel, alpha));
    }
    flat
}

/// `channel` at opacity `alpha` over white, divided by 255 and rounded without a division, as Pillow does.
fn over_white(channel: u8, alpha: u8) -> u8 {
    let weighed = 255 * (255 - u32::from(alpha)) + u32::from(channel) * u32::from(alpha) + 128;
    (((weighed >> 8) + weighed) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A wide picture whose colour changes gently.
    fn slope() -> RgbImage {
        RgbImage::from_fn(48, 32, |x, y| image::Rgb([(x * 5) as u8, (y * 7) as u8, 90]))
    }

    #[test]
    fn what_shines_through_lies_on_white() {
        // From Pillow: a paste onto white through the alpha channel.
        let table = [(0, 0, 255), (0, 255, 0), (100, 128, 177), (200, 1, 255), (10, 77, 181), (37, 200, 84)];
        for (channel, alpha, wanted) in table {
            assert_eq!(over_white(channel, alpha), wanted, "{channel} at {alpha}");
        }
        let picture = image::RgbaImage::from_pixel(3, 2, image::Rgba([100, 10, 37, 128]));
        let flat = decode(&encoded(&picture.into(), ImageFormat::Png), Turn::Stored).unwrap();
        assert_eq!(flat.get_pixel(2, 1).0, [over_white(100, 128), over_white(10, 128), over_white(37, 128)]);
    }

    #[test]
    fn a_jpeg_shows_what_went_in_with_colour_at_half_resolution() {
        let jpeg = jpeg(slope().as_raw(), 48, 32, Order::Rgb).unwrap();
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        assert_eq!(jpeg[frame + 11], 0x22, "the factors of the first component");
        let seen = decode(&jpeg, Turn::Stored).unwrap();
        let off = seen.as_raw().iter().zip(slope().into_raw()).map(|(a, b)| a.abs_diff(b)).max();
        assert!(off.is_some_and(|off| off < 12), "{off:?}");
    }

    #[test]
    fn a_png_is_exact() {
        assert_eq!(decode(&png(&slope()).unwrap(), Turn::Upright).unwrap(), slope());
    }

    #[test]
    fn exif_turns_a_picture_upright_where_that_is_asked_for() {
        let mut turned = jpeg(slope().as_raw(), 48, 32, Order::Rgb).unwrap();
        // An APP1 segment right after the start: orientation 6, a quarter turn to the right.
        let tiff = *b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let length = (tiff.len() as u16 + 2).to_be_bytes();
        turned.splice(2..2, [0xff, 0xe1].into_iter().chain(length).chain(tiff));
        assert_eq!(decode(&turned, Turn::Stored).unwrap().dimensions(), (48, 32));
        assert_eq!(decode(&turned, Turn::Upright).unwrap().dimensions(), (32, 48));
    }

    #[test]
    fn what_is_no_picture_is_told_as_such() {
        let error = decode(b"hello", Turn::Stored).unwrap_err();
        assert!(error.to_string().starts_with("not a picture that can be read: "), "{error}");
        assert!(error.advice().is_some());
        assert!(jpeg(&[0; 3 * 65536], 65536, 1, Order::Rgb).is_err());
        assert!(jpeg(&[0; 3], 1, 2, Order::Rgb).is_err());
    }
}
