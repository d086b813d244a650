//! Inputs that are nearly right: a seed with a few bytes changed, taken out, doubled, or mixed with another.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Text that readers treat in a way of its own.
const COMMON: &[&str] = &[
    "",
    "\0",
    "\u{feff}",
    "\r\n",
    "\r",
    "\n\n",
    "\u{2028}",
    "\u{1b}[31m",
    "\u{7}",
    "\u{9b}",
    "\u{202e}",
    "é",
    "😀",
    "-1",
    "0",
    "1e400",
    "-0.0",
    "18446744073709551616",
    "4294967295",
    "9007199254740993",
    "NaN",
    "Infinity",
    "null",
    "true",
    "\"",
    "\\",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    "[[[[[[[[",
    ",",
    ":",
    "<script>",
    "../../",
    "%00",
];

/// No case is longer.
const LONGEST: usize = 64 * 1024;

/// Draws cases; the same from the same seed and name.
pub(crate) struct Mutator {
    rng: StdRng,
    dictionary: &'static [&'static str],
}

impl Mutator {
    pub(crate) fn new(seed: u64, name: &str, dictionary: &'static [&'static str]) -> Self {
        let salt = name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte));
        Mutator { rng: StdRng::seed_from_u64(salt), dictionary }
    }

    /// The next case.
    pub(crate) fn case(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut case = seeds[self.below(seeds.len())].clone();
        // Few changes reach deep, many break early: one in half of the cases, seldom many.
        for _ in 0..=self.below(3) * self.below(3) {
            self.change(&mut case, seeds);
        }
        case.truncate(LONGEST.max(seeds[0].len()));
        case
    }

    fn change(&mut self, case: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(case.len() + 1);
        let end = at + self.length(case.len() - at);
        match self.below(9) {
            0 if at < case.len() => case[at] ^= 1 << self.below(8),
            1 if at < case.len() => case[at] = self.byte(),
            2 => drop(case.drain(at..end)),
            3 => case.truncate(at),
            4 => {
                let part = case[at..end].to_vec();
                self.put(case, &part);
            }
            5 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len() + 1);
                let to = from + self.length(other.len() - from);
                case.splice(at..end, other[from..to].iter().copied());
            }
            6 => {
                let noise: Vec<u8> = (0..self.below(8)).map(|_| self.byte()).collect();
                self.put(case, &noise);
            }
            7 => {
                let word = COMMON[self.below(COMMON.len())];
                self.put(case, word.as_bytes());
            }
            _ if !self.dictionary.is_empty() => {
                let word = self.dictionary[self.below(self.dictionary.len())];
                case.splice(at..end.min(at + word.len()), word.bytes());
            }
            _ => {}
        }
    }

    fn put(&mut self, case: &mut Vec<u8>, what: &[u8]) {
        let at = self.below(case.len() + 1);
        case.splice(at..at, what.iter().copied());
    }

    /// Where a case is cut, in order: some twenty places, or every byte.
    pub(crate) fn cuts(&mut self, length: usize) -> Vec<usize> {
        if self.below(4) == 0 {
            return (1..length).collect();
        }
        let mut cuts: Vec<usize> = (0..self.below(20)).map(|_| self.below(length + 1)).collect();
        cuts.sort_unstable();
        cuts
    }

    /// A length up to `most`, mostly a short one.
    fn length(&mut self, most: usize) -> usize {
        let most = if self.below(4) == 0 { most } else { most.min(16) };
        self.below(most + 1)
    }

    fn byte(&mut self) -> u8 {
        self.rng.random()
    }

    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.rng.random_range(0..end) }
    }
}
