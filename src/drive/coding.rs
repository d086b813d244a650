//! Bodies that come compressed, though nobody asked for it: pieces of a body come in, what they hold goes out as they arrive.

use std::fmt;
use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Of a compressed body so many bytes are unfolded at once: what they become is handed on before the next.
const STEP: usize = 1024;

/// A body that is compressed.
pub(super) enum Coding {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// What is called deflate before its first byte, which says whether it has a head.
    Deflate,
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    /// Without the head of zlib, as some servers take the name.
    Raw(Box<DeflateDecoder<Vec<u8>>>),
}

impl fmt::Debug for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Coding {
    fn name(&self) -> &'static str {
        match self {
            Coding::Gzip(_) => "gzip",
            Coding::Deflate | Coding::Zlib(_) | Coding::Raw(_) => "deflate",
        }
    }

    /// The coding of that name; none where it is none.
    ///
    /// # Errors
    /// If it is not spoken: what is to be said of it.
    pub(super) fn named(name: &str) -> Result<Option<Self>, String> {
        let names = name.to_ascii_lowercase();
        let names: Vec<&str> =
            names.split(',').map(str::trim).filter(|name| !matches!(*name, "" | "identity")).collect();
        match names[..] {
            [] => Ok(None),
            ["gzip" | "x-gzip"] => Ok(Some(Coding::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))))),
            ["deflate"] => Ok(Some(Coding::Deflate)),
            _ => Err(format!("the answer is {}-encoded, which nobody asked for and is not spoken", names.join(", "))),
        }
    }

    /// Unfolds `data` and hands on what comes out of it, up to the first that `take` refuses.
    ///
    /// # Errors
    /// If the data is not of this coding: what is to be said of it.
    pub(super) fn unfold<E>(
        &mut self,
        data: &[u8],
        take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, String> {
        for piece in data.chunks(STEP) {
            let unfolded = self.step(piece);
            let unfolded =
                unfolded.map_err(|cause| format!("the answer is said to be {}-encoded: {cause}", self.name()))?;
            if !unfolded.is_empty()
                && let Err(refused) = take(&unfolded)
            {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(()))
    }

    /// Whether what came is a whole one: asked once, at the end of the body.
    pub(super) fn is_whole(&mut self) -> bool {
        match self {
            Coding::Gzip(decoder) => decoder.try_finish().is_ok(),
            Coding::Zlib(decoder) => has_ended(&mut **decoder),
            Coding::Raw(decoder) => has_ended(&mut **decoder),
            Coding::Deflate => false,
        }
    }

    fn step(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        let out = match self {
            Coding::Gzip(decoder) => fed(&mut **decoder, piece)?.get_mut(),
            Coding::Zlib(decoder) => fed(&mut **decoder, piece)?.get_mut(),
            Coding::Raw(decoder) => fed(&mut **decoder, piece)?.get_mut(),
            Coding::Deflate => {
                let Some(first) = piece.first() else { return Ok(Vec::new()) };
                // The method of zlib, the only one there is, stands in the lower half (RFC 1950).
                *self = match first & 0x0f {
                    8 => Coding::Zlib(Box::new(ZlibDecoder::new(Vec::new()))),
                    _ => Coding::Raw(Box::new(DeflateDecoder::new(Vec::new()))),
                };
                return self.step(piece);
            }
        };
        Ok(std::mem::take(out))
    }
}

/// The decoder once it has taken a piece and given all that comes of it.
fn fed<'a, D: Write>(decoder: &'a mut D, piece: &[u8]) -> io::Result<&'a mut D> {
    decoder.write_all(piece)?;
    decoder.flush()?;
    Ok(decoder)
}

/// Whether a decoder has come to its end: only then it takes nothing more.
fn has_ended(decoder: &mut impl Write) -> bool {
    matches!(decoder.write(&[0]), Ok(0))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn unfolded(name: &str, bytes: &[u8], cut: usize) -> Result<Vec<u8>, String> {
        let mut coding = Coding::named(name).unwrap().unwrap();
        let mut whole = Vec::new();
        for piece in bytes.chunks(cut) {
            let mut take = |data: &[u8]| {
                whole.extend_from_slice(data);
                Ok::<(), ()>(())
            };
            coding.unfold(piece, &mut take)?.unwrap();
        }
        Ok(whole)
    }

    #[test]
    fn what_was_compressed_comes_out_however_it_is_cut() {
        let text: Vec<u8> = (0..20_000_u32).map(|n| (n * n % 251) as u8).collect();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&text).and_then(|()| zlib.write_all(&text)).and_then(|()| raw.write_all(&text)).unwrap();
        let (gzip, zlib, raw) = (gzip.finish().unwrap(), zlib.finish().unwrap(), raw.finish().unwrap());
        for cut in [1, 7, 1000, 100_000] {
            assert_eq!(unfolded("GZip", &gzip, cut).unwrap(), text);
            assert_eq!(unfolded("identity, gzip", &gzip, cut).unwrap(), text);
            assert_eq!(unfolded("deflate", &zlib, cut).unwrap(), text);
            assert_eq!(unfolded("deflate", &raw, cut).unwrap(), text);
        }
    }

    #[test]
    fn a_body_that_was_cut_is_not_whole() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let text = b"data: one\n\ndata: two\n\n";
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).and_then(|()| zlib.write_all(text)).and_then(|()| raw.write_all(text)).unwrap();
        let bodies = [("gzip", gzip.finish()), ("deflate", zlib.finish()), ("deflate", raw.finish())];
        for (name, bytes) in bodies.map(|(name, bytes)| (name, bytes.unwrap())) {
            for length in 1..=bytes.len() {
                let mut coding = Coding::named(name).unwrap().unwrap();
                coding.unfold(&bytes[..length], &mut |_| Ok::<(), ()>(())).unwrap().unwrap();
                assert_eq!(coding.is_whole(), length == bytes.len(), "{name}: {length} of {}", bytes.len());
            }
        }
    }

    #[test]
    fn codings_are_told_apart() {
        assert!(Coding::named(" Identity ").unwrap().is_none());
        assert!(Coding::named("br").unwrap_err().contains("br-encoded"));
        assert!(Coding::named("gzip, gzip").unwrap_err().contains("gzip, gzip-encoded"));
        assert!(unfolded("gzip", b"this is no gzip at all", 100).is_err());
    }
}
