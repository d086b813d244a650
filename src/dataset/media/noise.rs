//! Noise: pictures and videos of uniform random pixels. A size and a generator come in, a part of a message goes out, whose
//! pixels are the reference's.

use super::parts::{Source, data_url, video_part};
use super::picture::{Order, jpeg};
use super::video::mp4;
use crate::dataset::made::buckets::{Bucket, Modality};
use crate::dataset::part::Part;
use crate::error::Result;
use crate::rng::Generator;

/// An item of size `bucket`, its pixels drawn from `generator` at once: row by row, frame by frame.
///
/// # Errors
///
/// Where no picture or video can have that size.
pub(crate) fn noise(bucket: Bucket, mut generator: Generator) -> Result<Part> {
    let Bucket { height, width, frames } = bucket;
    let mut bytes = generator.bytes();
    let mut pixels = vec![0; 3 * height as usize * width as usize];
    match bucket.modality() {
        Modality::Image => {
            bytes.fill(&mut pixels);
            let url = data_url("image/jpeg", &jpeg(&pixels, width, height, Order::Rgb)?);
            Ok(Part::Image { url, more: String::new() })
        }
        Modality::Video => {
            let size = (even(width), even(height));
            let frames = (0..frames).map(|_| {
                bytes.fill(&mut pixels);
                // The reference's library takes pixels of videos to be blue first.
                jpeg(&cut(&pixels, width, size), size.0, size.1, Order::Bgr)
            });
            Ok(video_part(Source::Bytes(&mp4(size, frames)?)))
        }
    }
}

/// The reference's videos have even sides: a last column or row that is left over is dropped.
fn even(side: u32) -> u32 {
    side & !1
}

/// The upper left `size` (width and height) of pixels that are `width` wide.
fn cut(pixels: &[u8], width: u32, size: (u32, u32)) -> Vec<u8> {
    let rows = pixels.chunks_exact(3 * width as usize).take(size.1 as usize);
    rows.flat_map(|row| &row[..3 * size.0 as usize]).copied().collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn content(part: &Part, head: &str) -> Vec<u8> {
        let (Part::Image { url, .. } | Part::Video { url }) = part else { panic!("{part:?}") };
        STANDARD.decode(url.strip_prefix(head).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_shows_the_drawn_pixels() {
        let bucket = Bucket { height: 16, width: 32, frames: 1 };
        let mut pixels = vec![0; bucket.bytes() as usize];
        Generator::new(5).bytes().fill(&mut pixels);
        let part = noise(bucket, Generator::new(5)).unwrap();
        assert_eq!(content(&part, "data:image/jpeg;base64,"), jpeg(&pixels, 32, 16, Order::Rgb).unwrap());
    }

    #[test]
    fn a_video_holds_every_frame_at_even_sides() {
        let bucket = Bucket { height: 17, width: 21, frames: 3 };
        let mut pixels = vec![0; bucket.bytes() as usize];
        Generator::new(5).bytes().fill(&mut pixels);
        let file = content(&noise(bucket, Generator::new(5)).unwrap(), "data:video/mp4;base64,");
        let mut rest = &file[..];
        for frame in pixels.chunks_exact(17 * 21 * 3) {
            let wanted = jpeg(&cut(frame, 21, (20, 16)), 20, 16, Order::Bgr).unwrap();
            let at = rest.windows(wanted.len()).position(|window| window == wanted).unwrap();
            rest = &rest[at + wanted.len()..];
        }
        assert_eq!(cut(&[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], 2, (1, 1)), [1, 1, 1]);
    }
}
