//! Sounds: a file's content or samples come in, 16-bit samples go out, as WAV for a message or for an upload. The rounding is
//! that of the reference's library, so that 16-bit files keep every sample.

use std::io::Cursor;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::errors::Error as Failure;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;

use super::reference::LARGEST;
use crate::content;
use crate::dataset::part::{Audio, Part};
use crate::error::{Error, Result};

/// A sound as 16-bit samples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sound {
    /// The samples of all channels at one moment, then those of the next.
    samples: Vec<i16>,
    channels: u16,
    /// Moments a second.
    rate: u32,
}

impl Sound {
    /// A sound of samples in `[-1, 1]`, those of all channels at one moment together; what lies outside is cut off.
    ///
    /// # Errors
    ///
    /// Where there is no channel, no rate, or the last moment lacks samples.
    pub(crate) fn new(samples: &[f64], channels: u16, rate: u32) -> Result<Self> {
        if channels == 0 || rate == 0 || !samples.len().is_multiple_of(usize::from(channels)) {
            let count = samples.len();
            return Err(Error::new(format!("{count} samples are no sound of {channels} channels at {rate} Hz")));
        }
        Ok(Sound { samples: samples.iter().copied().map(quantized).collect(), channels, rate })
    }

    /// The sound in the content of a WAV, FLAC, MP3 or Ogg Vorbis file.
    ///
    /// # Errors
    ///
    /// Where it is none of these, or broken.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut samples = Vec::new();
        let (channels, rate) = each_packet(bytes, |packet| samples.extend(packet.iter().copied().map(quantized)))?;
        Ok(Sound { samples, channels, rate })
    }

    /// How long it sounds, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        (self.samples.len() / usize::from(self.channels)) as f64 / f64::from(self.rate)
    }

    /// As a part of a message: a WAV in base64.
    pub(crate) fn part(&self) -> Part {
        Part::Audio { data: STANDARD.encode(self.wav()), format: "wav".into() }
    }

    /// As a file to transcribe: `audio.wav`.
    pub(crate) fn upload(&self) -> Audio {
        Audio { bytes: self.wav(), name: "audio.wav".into(), media_type: "audio/wav".into(), seconds: self.seconds() }
    }

    /// A WAV file of 16-bit PCM.
    fn wav(&self) -> Vec<u8> {
        let size = 2 * self.samples.len() as u32;
        let frame = 2 * self.channels;
        let mut out = Vec::with_capacity(44 + size as usize);
        out.extend_from_slice(b"RIFF");
        out.extend_from_slice(&(36 + size).to_le_bytes());
        out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
        out.extend_from_slice(&self.channels.to_le_bytes());
        out.extend_from_slice(&self.rate.to_le_bytes());
        out.extend_from_slice(&(self.rate * u32::from(frame)).to_le_bytes());
        out.extend_from_slice(&frame.to_le_bytes());
        out.extend_from_slice(b"\x10\0data");
        out.extend_from_slice(&size.to_le_bytes());
        out.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        out
    }
}

/// A file as it is, to transcribe: its content, its name, its media type by its extension, and how long it sounds.
///
/// # Errors
///
/// Where it cannot be read, or is no sound.
pub(crate) fn audio_file(path: &Path) -> Result<Audio> {
    let told = |cause: Error| cause.context(format!("cannot read `{}`", path.display()));
    let bytes = content::of(path, LARGEST).map_err(|cause| told(Error::new(cause.to_string())))?;
    let seconds = seconds(&bytes).map_err(told)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let media_type = match extension.as_str() {
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "mp3" => "audio/mpeg",
        "ogg" | "oga" => "audio/ogg",
        _ => "application/octet-stream",
    };
    Ok(Audio { bytes, name, media_type: media_type.into(), seconds })
}

/// How long the sound in the content of a file lasts, in seconds: as its head says, else as it decodes.
///
/// # Errors
///
/// As for [`Sound::decode`].
fn seconds(bytes: &[u8]) -> Result<f64> {
    let format = open(bytes)?;
    let track = format.default_track(TrackType::Audio).ok_or_else(|| unreadable(&"no sound in it"))?;
    let rate = track.codec_params.as_ref().and_then(CodecParameters::audio).and_then(|audio| audio.sample_rate);
    if let (Some(frames), Some(rate)) = (track.num_frames, rate.filter(|rate| *rate > 0)) {
        return Ok(frames as f64 / f64::from(rate));
    }
    let mut samples = 0;
    let (channels, rate) = each_packet(bytes, |packet| samples += packet.len())?;
    Ok((samples / usize::from(channels)) as f64 / f64::from(rate))
}

/// Gives the samples of each packet to `take`; then the number of channels and the rate.
fn each_packet(bytes: &[u8], mut take: impl FnMut(&[f64])) -> Result<(u16, u32)> {
    let mut format = open(bytes)?;
    let track = format.default_track(TrackType::Audio).ok_or_else(|| unreadable(&"no sound in it"))?;
    let (id, parameters) = (track.id, track.codec_params.as_ref().and_then(CodecParameters::audio).cloned());
    let parameters = parameters.ok_or_else(|| unreadable(&"an unknown encoding"))?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &Default::default())
        .map_err(|cause| unreadable(&cause))?;
    let (mut shape, mut samples) = (None, Vec::new());
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // A last packet that is cut off: what came before it counts.
            Err(Failure::IoError(cause)) if cause.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(cause) => return Err(unreadable(&cause)),
        };
        if packet.track_id != id {
            continue;
        }
        let decoded = decoder.decode(&packet).map_err(|cause| unreadable(&cause))?;
        let channels = decoded.spec().channels().count() as u16;
        if *shape.get_or_insert((channels, decoded.spec().rate())) != (channels, decoded.spec().rate()) {
            return Err(unreadable(&"its rate or its number of channels changes"));
        }
        decoded.copy_to_vec_interleaved(&mut samples);
        take(&samples);
    }
    shape.filter(|(channels, rate)| *channels > 0 && *rate > 0).ok_or_else(|| unreadable(&"it is empty"))
}

fn open(bytes: &[u8]) -> Result<Box<dyn FormatReader>> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes.to_vec())), Default::default());
    symphonia::default::get_probe()
        .probe(&Hint::new(), source, Default::default(), Default::default())
        .map_err(|cause| unreadable(&cause))
}

fn unreadable(cause: &dyn std::fmt::Display) -> Error {
    Error::new(format!("not a sound that can be read: {cause}")).hint("use WAV, FLAC, MP3 or Ogg Vorbis")
}

/// The upper 16 of 32 bits, as libsndfile cuts a sample: rounded to 32 bits first, and held to their range.
fn quantized(sample: f64) -> i16 {
    let wide = (sample * 2_147_483_648.0).round_ties_even() as i32;
    (wide >> 16) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_cut_to_16_bits_as_in_the_reference() {
        let table = [
            (0.0, 0),
            (0.5, 16384),
            (-0.5, -16384),
            (1.0, 32767),
            (-1.0, -32768),
            (1.5, 32767),
            (-1.5, -32768),
            (0.3, 9830),
            (-0.3, -9831),
            (1.5 / 32768.0, 1),
            (-1.5 / 32768.0, -2),
            (-0.4 / 32768.0, -1),
            (0.7777, 25483),
            (-0.12345, -4046),
        ];
        for (sample, wanted) in table {
            assert_eq!(quantized(sample), wanted, "{sample}");
        }
    }

    #[test]
    fn a_wav_is_the_reference_s_byte_for_byte() {
        let wav = Sound::new(&[0.0, 0.25, 0.0, 0.25, 0.0, 0.25], 2, 16_000).unwrap().wav();
        let head = b"RIFF\x30\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x80\x3e\0\0\0\xfa\0\0\x04\0\x10\0data\x0c\0\0\0";
        assert_eq!(wav[..44], *head);
        assert_eq!(wav[44..], [0, 0, 0, 32].repeat(3));
    }

    #[test]
    fn a_16_bit_wav_keeps_every_sample() {
        let sound = Sound { samples: (i16::MIN..=i16::MAX).collect(), channels: 2, rate: 8000 };
        let again = Sound::decode(&sound.wav()).unwrap();
        assert_eq!(again, sound);
        assert_eq!(again.seconds(), 4.096);
        assert_eq!(seconds(&sound.wav()).unwrap(), 4.096);
        assert_eq!(again.upload().bytes, sound.wav());
    }

    #[test]
    fn what_is_no_sound_is_told_as_such() {
        for bytes in [&b""[..], b"RIFF", b"hello, this is no sound at all"] {
            let error = Sound::decode(bytes).unwrap_err();
            assert!(error.to_string().starts_with("not a sound that can be read: "), "{error}");
            assert!(error.advice().is_some());
        }
        assert!(Sound::new(&[0.0; 3], 2, 8000).is_err());
        let error = audio_file(Path::new("no/such.wav")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read `no/such.wav`: "), "{error}");
    }
}
