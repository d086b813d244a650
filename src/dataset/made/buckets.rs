//! Which pictures and videos a request of `random-mm` gets: sizes with their probabilities and limits a request come in,
//! numbers of items and sizes go out, drawn as the reference draws them.

use std::fmt;
use std::str::FromStr;

use super::literal;
use super::literal::Literal;
use crate::args::range::outside;
use crate::error::{Error, Result};
use crate::rng::Generator;

/// A size that an item can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Pixels from top to bottom.
    pub height: u32,
    /// Pixels from left to right.
    pub width: u32,
    /// Frames; one is a picture, more are a video.
    pub frames: u32,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    /// A picture.
    Image,
    /// A video.
    Video,
}

/// The sizes there are, each with its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets(Vec<(Bucket, f64)>);

/// What a request can get, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Sizes with probabilities above 0, which add up to 1.
    buckets: Vec<(Bucket, f64)>,
    /// The most pictures in a request.
    images: u32,
    /// The most videos in a request.
    videos: u32,
    /// The fewest and the most items in a request.
    items: (u32, u32),
}

/// Numbers of items that a request may hold, as the flags give them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counts {
    /// The nominal number.
    pub(super) base: i64,
    /// How far the number lies from it, as a fraction in `[0, 1]`.
    pub(super) ratio: f64,
    /// The most pictures; nothing where no limit is given.
    pub(super) images: Option<u32>,
    /// The most videos; nothing where no limit is given.
    pub(super) videos: Option<u32>,
}

/// The most bytes that the pixels of an item may take.
const MOST_BYTES: u64 = 2 << 30;

const FLAG: &str = "--random-mm-bucket-config";

impl Bucket {
    /// What an item of this size is.
    pub fn modality(self) -> Modality {
        if self.frames == 1 { Modality::Image } else { Modality::Video }
    }

    /// Bytes of all its pixels.
    pub(in crate::dataset) fn bytes(self) -> u64 {
        3 * u64::from(self.height) * u64::from(self.width) * u64::from(self.frames)
    }

    /// A size that can be made: pictures of a pixel or more, videos of two by two or more, since video has half the
    /// resolution in colour.
    fn check(self) -> Result<()> {
        let least = if self.modality() == Modality::Image { 1 } else { 2 };
        let side = least..=u32::from(u16::MAX);
        if !side.contains(&self.height) || !side.contains(&self.width) {
            return Err(wrong(format_args!("{self}: a side has {least} to {} pixels", u16::MAX)));
        }
        let bytes = u128::from(self.height) * u128::from(self.width) * u128::from(self.frames) * 3;
        if bytes > u128::from(MOST_BYTES) {
            return Err(wrong(format_args!("{self}: more than {MOST_BYTES} bytes of pixels")));
        }
        Ok(())
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}, {})", self.height, self.width, self.frames)
    }
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Modality::Image => "image",
            Modality::Video => "video",
        })
    }
}

fn wrong(why: impl fmt::Display) -> Error {
    Error::new(format!("`{FLAG}`: {why}")).hint(
        "give sizes with probabilities: {(HEIGHT, WIDTH, FRAMES): 0.5, (256, 256, 1): 0.5}, one frame for a picture",
    )
}

impl FromStr for Buckets {
    type Err = Error;

    /// A dictionary of Python or an object of JSON. A key that comes again replaces the probability, not the place.
    fn from_str(text: &str) -> Result<Self> {
        let Literal::Dict(entries) = literal::parse(text).map_err(wrong)? else {
            return Err(wrong("no dictionary"));
        };
        let mut buckets: Vec<(Bucket, f64)> = Vec::new();
        for (key, value) in entries {
            let bucket = bucket(&key)?;
            let probability = match value {
                Literal::Int(number) => Some(number as f64),
                Literal::Float(number) => Some(number),
                Literal::Text(text) => text.trim().parse().ok(),
                Literal::Tuple(_) | Literal::Dict(_) => None,
            };
            let probability =
                probability.ok_or_else(|| wrong(format_args!("the probability of {bucket} is no number")))?;
            match buckets.iter_mut().find(|(known, _)| *known == bucket) {
                Some((_, known)) => *known = probability,
                None => buckets.push((bucket, probability)),
            }
        }
        Ok(Buckets(buckets))
    }
}

/// A key: three numbers, or a string that holds three numbers.
fn bucket(key: &Literal) -> Result<Bucket> {
    let shape = || wrong("a key is no (HEIGHT, WIDTH, FRAMES)");
    let parsed = match key {
        Literal::Text(text) => literal::parse(text).map_err(|_| shape())?,
        other => other.clone(),
    };
    let Literal::Tuple(items) = parsed else { return Err(shape()) };
    let [Literal::Int(height), Literal::Int(width), Literal::Int(frames)] = items[..] else { return Err(shape()) };
    let sides = [height, width, frames].map(u32::try_from);
    let [Ok(height), Ok(width), Ok(frames @ 1..)] = sides else {
        return Err(wrong(format_args!(
            "({height}, {width}, {frames}) is no size: one frame is a picture, more are a video"
        )));
    };
    Ok(Bucket { height, width, frames })
}

impl Mix {
    /// Checks sizes and numbers against each other, in the reference's order. A size that is never drawn needs no limit.
    pub(super) fn new(buckets: &Buckets, counts: Counts) -> Result<Self> {
        if !(0.0..=1.0).contains(&counts.ratio) {
            return Err(outside("--random-mm-num-mm-items-range-ratio", counts.ratio, "from 0 to 1")
                .hint("give a fraction of the number of items, such as 0.5"));
        }
        let drawn = buckets.0.iter().filter(|(_, probability)| *probability != 0.0);
        for (bucket, _) in drawn {
            if counts.limit(bucket.modality()).is_none() {
                let modality = bucket.modality();
                return Err(Error::new(format!(
                    "`{FLAG}` has {bucket}, and `--random-mm-limit-mm-per-prompt` no `{modality}`"
                ))
                .hint(format!("add a limit: --random-mm-limit-mm-per-prompt.{modality} 1")));
            }
        }
        let buckets = normalized(buckets.0.clone())?;
        buckets.iter().try_for_each(|(bucket, _)| bucket.check())?;
        let has = |modality| buckets.iter().any(|(bucket, _)| bucket.modality() == modality);
        let limit = |modality| counts.limit(modality).filter(|_| has(modality)).unwrap_or(0);
        let (images, videos) = (limit(Modality::Image), limit(Modality::Video));
        let most = u64::from(images) + u64::from(videos);
        let base = counts.base as f64;
        // Both are whole numbers that a cast holds to the range of the type.
        let most = (base * (1.0 + counts.ratio)).ceil().min(most as f64);
        let least = (base * (1.0 - counts.ratio)).floor().max(0.0);
        if counts.base < 0 {
            return Err(
                outside("--random-mm-base-items-per-request", counts.base, "a number of items").hint("give 0 or more")
            );
        }
        if least > most {
            return Err(Error::new(format!("a request needs {least} items or more, and may have {most} at most"))
                .hint("lower `--random-mm-base-items-per-request`, or raise `--random-mm-limit-mm-per-prompt`"));
        }
        Ok(Mix { buckets, images, videos, items: (least as u32, most as u32) })
    }

    /// How many items the next request has, and which: `take` is told each as it is drawn, before the one after it.
    pub(super) fn draw(&self, generator: &mut Generator, mut take: impl FnMut(&mut Generator, Bucket)) {
        let count = generator.integer(self.items.0, self.items.1);
        let (mut buckets, mut left) = (self.buckets.clone(), [self.images, self.videos]);
        for _ in 0..count {
            let Some(bucket) = next(&mut buckets, &mut left, generator) else { return };
            take(generator, bucket);
        }
    }
}

/// The size of the next item. Sizes of a modality without room for more are struck out when one of them is drawn; there is
/// none where all are.
fn next(buckets: &mut Vec<(Bucket, f64)>, left: &mut [u32; 2], generator: &mut Generator) -> Option<Bucket> {
    loop {
        let bucket = choose(buckets, generator)?;
        let left = &mut left[bucket.modality() as usize];
        if *left > 0 {
            *left -= 1;
            return Some(bucket);
        }
        buckets.retain(|(other, _)| other.modality() != bucket.modality());
        *buckets = normalized(std::mem::take(buckets)).unwrap_or_default();
    }
}

/// The first size whose share of the sums up to it exceeds a draw.
fn choose(buckets: &[(Bucket, f64)], generator: &mut Generator) -> Option<Bucket> {
    if buckets.is_empty() {
        return None;
    }
    let running = |sum: &mut f64, (_, probability): &(Bucket, f64)| {
        *sum += probability;
        Some(*sum)
    };
    let sums: Vec<f64> = buckets.iter().scan(0.0, running).collect();
    let (draw, all) = (generator.double(), sums[sums.len() - 1]);
    let index = sums.iter().filter(|sum| **sum / all <= draw).count();
    buckets.get(index).map(|(bucket, _)| *bucket)
}

/// The sizes with a probability above 0, which add up to 1 then.
fn normalized(buckets: Vec<(Bucket, f64)>) -> Result<Vec<(Bucket, f64)>> {
    if let Some((bucket, probability)) = buckets.iter().find(|(_, probability)| *probability < 0.0) {
        return Err(wrong(format_args!("the probability of {bucket} is {probability}, below 0")));
    }
    let used: Vec<(Bucket, f64)> = buckets.into_iter().filter(|(_, probability)| *probability != 0.0).collect();
    let all = total(used.iter().map(|(_, probability)| *probability));
    if used.is_empty() {
        return Err(wrong("no size has a probability above 0"));
    }
    if !all.is_finite() {
        return Err(wrong("the probabilities have no sum"));
    }
    Ok(used.into_iter().map(|(bucket, probability)| (bucket, probability / all)).collect())
}

/// A sum with its rounding errors made good, as Python 3.12 and later sum (Neumaier 1974).
fn total(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = sum + number;
        lost += if sum.abs() >= number.abs() { (sum - next) + number } else { (number - next) + sum };
        sum = next;
    }
    if lost.is_finite() { sum + lost } else { sum }
}

impl Counts {
    fn limit(&self, modality: Modality) -> Option<u32> {
        match modality {
            Modality::Image => self.images,
            Modality::Video => self.videos,
        }
    }
}

#[cfg(test)]
#[path = "buckets_test.rs"]
mod tests;
