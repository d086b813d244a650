//! Videos of frames that are compressed one by one: JPEGs come in, an MP4 file goes out. It plays wherever Motion JPEG in MP4
//! does: in FFmpeg, and with it in OpenCV, which servers read videos with.
//!
//! Source: ISO/IEC 14496-12 (boxes), 14496-14 (`mp4v` and `esds`) and 14496-1 (descriptors; object type 0x6C is JPEG).

use crate::error::{Error, Result};

/// Frames a second, as in the reference's videos.
const RATE: u32 = 30;

/// No rotation and no scaling: a row of 16.16 numbers each, the last in 2.30.
const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// An MP4 file of `frames`, each a JPEG of the width and height in `size`.
///
/// # Errors
///
/// Those of `frames`, and where a side is longer than 65535 pixels or all is more than 4 GiB.
pub(super) fn mp4(size: (u32, u32), frames: impl Iterator<Item = Result<Vec<u8>>>) -> Result<Vec<u8>> {
    let side = |length| u16::try_from(length).map_err(|_| Error::new(format!("no video of {length} pixels a side")));
    let (width, height) = (side(size.0)?, side(size.1)?);
    let mut file = Vec::new();
    boxed(&mut file, b"ftyp", |out| out.extend_from_slice(b"isom\0\0\x02\0isomiso2mp41"));
    let (start, mut sizes) = (file.len(), Vec::new());
    file.extend_from_slice(b"\0\0\0\0mdat");
    for frame in frames {
        let frame = frame?;
        sizes.push(frame.len() as u32);
        file.extend_from_slice(&frame);
    }
    let size = u32::try_from(file.len() - start)
        .map_err(|_| Error::new("a video of more than 4 GiB").hint("ask for fewer frames, or for smaller ones"))?;
    file[start..start + 4].copy_from_slice(&size.to_be_bytes());
    let movie = Movie { width, height, first: start as u32 + 8, sizes };
    boxed(&mut file, b"moov", |out| movie.write(out));
    Ok(file)
}

/// What the boxes say of the frames.
struct Movie {
    width: u16,
    height: u16,
    /// Where the first frame begins in the file.
    first: u32,
    /// The bytes of each frame; they follow each other.
    sizes: Vec<u32>,
}

impl Movie {
    fn write(&self, out: &mut Vec<u8>) {
        boxed(out, b"mvhd", |out| {
            // Version and flags, two dates, units a second, length; speed and volume of 1.
            words(out, &[0, 0, 0, RATE, self.length(), 0x1_0000, 0x0100_0000, 0, 0]);
            words(out, &UPRIGHT);
            words(out, &[0, 0, 0, 0, 0, 0, 2]);
        });
        boxed(out, b"trak", |out| {
            boxed(out, b"tkhd", |out| {
                // Flag 3: enabled, and part of the film. Dates, number, length; layer, group and volume are 0.
                words(out, &[3, 0, 0, 1, 0, self.length(), 0, 0, 0, 0]);
                words(out, &UPRIGHT);
                words(out, &[u32::from(self.width) << 16, u32::from(self.height) << 16]);
            });
            boxed(out, b"mdia", |out| self.write_media(out));
        });
    }

    fn write_media(&self, out: &mut Vec<u8>) {
        // No language.
        boxed(out, b"mdhd", |out| words(out, &[0, 0, 0, RATE, self.length(), 0x55c4_0000]));
        boxed(out, b"hdlr", |out| out.extend_from_slice(b"\0\0\0\0\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0\0"));
        boxed(out, b"minf", |out| {
            boxed(out, b"vmhd", |out| words(out, &[1, 0, 0]));
            boxed(out, b"dinf", |out| {
                boxed(out, b"dref", |out| {
                    words(out, &[0, 1]);
                    // Flag 1: the frames are in this file.
                    boxed(out, b"url ", |out| words(out, &[1]));
                });
            });
            boxed(out, b"stbl", |out| self.write_table(out));
        });
    }

    /// What the frames are and where: all of one length in one chunk, each by itself.
    fn write_table(&self, out: &mut Vec<u8>) {
        boxed(out, b"stsd", |out| {
            words(out, &[0, 1]);
            boxed(out, b"mp4v", |out| self.write_entry(out));
        });
        boxed(out, b"stts", |out| words(out, &[0, 1, self.length(), 1]));
        boxed(out, b"stsc", |out| words(out, &[0, 1, 1, self.length(), 1]));
        boxed(out, b"stsz", |out| {
            words(out, &[0, 0, self.length()]);
            words(out, &self.sizes);
        });
        boxed(out, b"stco", |out| words(out, &[0, 1, self.first]));
    }

    fn write_entry(&self, out: &mut Vec<u8>) {
        words(out, &[0, 1, 0, 0, 0, 0]);
        out.extend_from_slice(&self.width.to_be_bytes());
        out.extend_from_slice(&self.height.to_be_bytes());
        // 72 dots an inch, one frame a sample, no name of a compressor, 24 bits of colour.
        words(out, &[0x48_0000, 0x48_0000, 0]);
        out.extend_from_slice(&[0, 1]);
        out.extend_from_slice(&[0; 32]);
        out.extend_from_slice(&[0, 0x18, 0xff, 0xff]);
        boxed(out, b"esds", |out| {
            words(out, &[0]);
            // A stream (3) of 21 bytes, whose decoder (4) of 13 bytes is JPEG's for a visual stream; plain timing (6).
            out.extend_from_slice(&[3, 21, 0, 1, 0, 4, 13, 0x6c, 0x11]);
            out.extend_from_slice(&[0; 11]);
            out.extend_from_slice(&[6, 1, 2]);
        });
    }

    /// Frames, which is also the length in units of a frame.
    fn length(&self) -> u32 {
        self.sizes.len() as u32
    }
}

/// Writes a box: its size, its kind and what `fill` adds.
fn boxed(out: &mut Vec<u8>, kind: &[u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    fill(out);
    let size = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The boxes of a stretch of a file: kind and inside.
    fn boxes(mut bytes: &[u8]) -> Vec<(&str, &[u8])> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
            found.push((std::str::from_utf8(&bytes[4..8]).unwrap(), &bytes[8..size]));
            bytes = &bytes[size..];
        }
        found
    }

    fn inside<'a>(bytes: &'a [u8], path: &[&str]) -> &'a [u8] {
        path.iter().fold(bytes, |bytes, kind| {
            boxes(bytes).iter().find(|(found, _)| found == kind).unwrap_or_else(|| panic!("no `{kind}`")).1
        })
    }

    fn number(bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn every_frame_is_found_by_the_table() {
        let frames = [b"one".to_vec(), b"three".to_vec(), b"fourteen".to_vec()];
        let file = mp4((6, 4), frames.iter().cloned().map(Ok)).unwrap();
        let table = inside(&file, &["moov", "trak", "mdia", "minf", "stbl"]);
        let (sizes, mut at) = (inside(table, &["stsz"]), number(inside(table, &["stco"]), 8) as usize);
        for (index, frame) in frames.iter().enumerate() {
            let size = number(sizes, 12 + 4 * index) as usize;
            assert_eq!(&file[at..at + size], frame);
            at += size;
        }
        assert_eq!(
            number(inside(&file, &["moov", "trak", "mdia", "mdhd"]), 16),
            3,
            "frames of a thirtieth of a second"
        );
        assert_eq!(inside(table, &["stsd"])[8 + 8 + 24..][..4], [0, 6, 0, 4]);
    }

    #[test]
    fn descriptors_are_as_long_as_they_say() {
        let file = mp4((2, 2), std::iter::once(Ok(vec![0]))).unwrap();
        let entry = &inside(&file, &["moov", "trak", "mdia", "minf", "stbl", "stsd"])[8 + 8..];
        let descriptors = &inside(&entry[78..], &["esds"])[4..];
        assert_eq!(descriptors.len(), 2 + 21);
        assert_eq!((descriptors[1], descriptors[6], descriptors[7]), (21, 13, 0x6c));
        assert_eq!(descriptors[5 + 2 + 13..], [6, 1, 2]);
    }

    #[test]
    fn a_frame_that_fails_fails_the_video() {
        assert!(mp4((2, 2), std::iter::once(Err(Error::new("no frame")))).is_err());
    }
}
