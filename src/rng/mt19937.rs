//! The Mersenne Twister MT19937 with its two seedings: the core of [`super::Legacy`] and [`super::Python`].
//!
//! Source: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudorandom number
//! generator", 1998, with the seeding of their version of 2002.

const WORDS: usize = 624;
const SHIFT: usize = 397;
const UPPER: u32 = 0x8000_0000;
const LOWER: u32 = 0x7fff_ffff;
const TWIST: u32 = 0x9908_b0df;

/// The state of 624 words, and how many of them are used up.
#[derive(Debug, Clone)]
pub(super) struct Mt19937 {
    words: [u32; WORDS],
    used: usize,
}

impl Mt19937 {
    /// The seeding from one word (`init_genrand`).
    pub(super) fn from_word(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for i in 1..WORDS {
            let last = words[i - 1];
            words[i] = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Mt19937 { words, used: WORDS }
    }

    /// The seeding from an array (`init_by_array`); `key` holds at least one word.
    pub(super) fn from_words(key: &[u32]) -> Self {
        let mut words = Self::from_word(19_650_218).words;
        let mut i = 1;
        let mixed = |words: &[u32; WORDS], i: usize, factor: u32| {
            words[i] ^ (words[i - 1] ^ (words[i - 1] >> 30)).wrapping_mul(factor)
        };
        let advance = |words: &mut [u32; WORDS], i: &mut usize| {
            *i += 1;
            if *i == WORDS {
                words[0] = words[WORDS - 1];
                *i = 1;
            }
        };
        for k in 0..WORDS.max(key.len()) {
            let j = k % key.len();
            words[i] = mixed(&words, i, 1_664_525).wrapping_add(key[j]).wrapping_add(j as u32);
            advance(&mut words, &mut i);
        }
        for _ in 1..WORDS {
            words[i] = mixed(&words, i, 1_566_083_941).wrapping_sub(i as u32);
            advance(&mut words, &mut i);
        }
        words[0] = UPPER;
        Mt19937 { words, used: WORDS }
    }

    /// The next 32 bits.
    pub(super) fn next_u32(&mut self) -> u32 {
        if self.used == WORDS {
            self.twist();
        }
        let mut y = self.words[self.used];
        self.used += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// The next double in `[0, 1)`: 53 bits from two words.
    pub(super) fn next_f64(&mut self) -> f64 {
        let high = self.next_u32() >> 5;
        let low = self.next_u32() >> 6;
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    fn twist(&mut self) {
        for i in 0..WORDS {
            let y = (self.words[i] & UPPER) | (self.words[(i + 1) % WORDS] & LOWER);
            let odd = if y & 1 == 1 { TWIST } else { 0 };
            self.words[i] = self.words[(i + SHIFT) % WORDS] ^ (y >> 1) ^ odd;
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_seedings_give_the_authors_first_words() {
        assert_eq!(Mt19937::from_word(5489).next_u32(), 3_499_211_612);
        let mut by_array = Mt19937::from_words(&[0x123, 0x234, 0x345, 0x456]);
        assert_eq!([by_array.next_u32(), by_array.next_u32()], [1_067_595_299, 955_945_823]);
    }

    #[test]
    fn the_ten_thousandth_word_is_the_one_of_the_standard() {
        let mut core = Mt19937::from_word(5489);
        let last = (0..10_000).map(|_| core.next_u32()).last();
        assert_eq!(last, Some(4_123_659_995));
    }
}
