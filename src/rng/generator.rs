//! NumPy's `default_rng`: the source of random lengths, offsets and filler tokens. A seed comes in; bounded integers,
//! doubles and permutations go out.
//!
//! Source: NumPy's `SeedSequence` (after O'Neill's `seed_seq_fe`) in front of PCG64 (XSL-RR 128/64, O'Neill 2014), and
//! Lemire, "Fast random integer generation in an interval", 2019.

const POOL: usize = 4;
const MULTIPLIER: u128 = 47_026_247_687_942_121_848_144_207_491_837_523_525;

/// The generator, with the half of a 64-bit draw that 32-bit draws keep for the next call.
#[derive(Debug, Clone)]
pub struct Generator {
    state: u128,
    increment: u128,
    half: Option<u32>,
}

impl Generator {
    /// Seeds as `numpy.random.default_rng(seed)` does.
    pub fn new(seed: u64) -> Self {
        let [high, low, sequence_high, sequence_low] = seed_words(seed).map(u128::from);
        let increment = ((sequence_high << 64 | sequence_low) << 1) | 1;
        let mut generator = Generator { state: 0, increment, half: None };
        generator.step();
        generator.state = generator.state.wrapping_add(high << 64 | low);
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    /// The next 32 bits: the low half of a 64-bit draw, then its high half.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let both = self.next_u64();
        self.half = Some((both >> 32) as u32);
        both as u32
    }

    /// A uniform double in `[0, 1)`; leaves a kept half where it is.
    pub fn double(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// A uniform integer in `[low, high]` by Lemire's method; an interval of one value draws nothing.
    pub fn integer(&mut self, low: u32, high: u32) -> u32 {
        let span = high - low;
        if span == 0 {
            return low;
        }
        if span == u32::MAX {
            return self.next_u32();
        }
        let size = u64::from(span) + 1;
        let mut product = u64::from(self.next_u32()) * size;
        if (product as u32) <= span {
            let threshold = (u32::MAX - span) % size as u32;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * size;
            }
        }
        low + (product >> 32) as u32
    }

    /// `count` integers in `[low, high]`, drawn one after the other.
    pub fn integers(&mut self, count: usize, low: u32, high: u32) -> Vec<u32> {
        (0..count).map(|_| self.integer(low, high)).collect()
    }

    /// A source of uniform bytes that ends where it is dropped: of its last 32-bit draw, nothing is kept.
    pub fn bytes(&mut self) -> Bytes<'_> {
        Bytes { generator: self, word: [0; 4], used: 4 }
    }

    /// Goes on as if `count` bytes had been drawn at once, in the time of a few draws.
    pub fn skip_bytes(&mut self, count: u64) {
        let mut draws = count.div_ceil(4);
        if draws > 0 && self.half.take().is_some() {
            draws -= 1;
        }
        self.advance(draws / 2);
        if draws % 2 == 1 {
            self.next_u32();
        }
    }

    /// Takes `steps` steps: a step is affine, and so is what twice as many do (Brown, "Random number generation with
    /// arbitrary strides", 1994).
    fn advance(&mut self, mut steps: u64) {
        let (mut factor, mut summand) = (MULTIPLIER, self.increment);
        while steps > 0 {
            if steps % 2 == 1 {
                self.state = self.state.wrapping_mul(factor).wrapping_add(summand);
            }
            summand = factor.wrapping_add(1).wrapping_mul(summand);
            factor = factor.wrapping_mul(factor);
            steps /= 2;
        }
    }

    /// Shuffles in place, by masked draws from the last item down.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let mask = u32::MAX >> (i as u32).leading_zeros();
            let j = loop {
                let candidate = (self.next_u32() & mask) as usize;
                if candidate <= i {
                    break candidate;
                }
            };
            items.swap(i, j);
        }
    }

    /// The numbers from 0 to `n` - 1 in random order.
    pub fn permutation(&mut self, n: u32) -> Vec<u32> {
        let mut items: Vec<u32> = (0..n).collect();
        self.shuffle(&mut items);
        items
    }
}

/// Uniform bytes: four of each 32-bit draw, the low one first.
#[derive(Debug)]
pub struct Bytes<'a> {
    generator: &'a mut Generator,
    word: [u8; 4],
    used: usize,
}

impl Bytes<'_> {
    /// Fills `bytes` with the next ones.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        let kept = bytes.len().min(4 - self.used);
        let (first, rest) = bytes.split_at_mut(kept);
        first.copy_from_slice(&self.word[self.used..self.used + kept]);
        self.used += kept;
        let mut words = rest.chunks_exact_mut(4);
        for word in &mut words {
            word.copy_from_slice(&self.generator.next_u32().to_le_bytes());
        }
        let last = words.into_remainder();
        if !last.is_empty() {
            self.word = self.generator.next_u32().to_le_bytes();
            self.used = last.len();
            last.copy_from_slice(&self.word[..self.used]);
        }
    }
}

/// A running multiplicative hash of words: the two halves of `SeedSequence` differ in their constants only.
struct Hash {
    constant: u32,
    multiplier: u32,
}

impl Hash {
    fn word(&mut self, word: u32) -> u32 {
        let keyed = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        let product = keyed.wrapping_mul(self.constant);
        product ^ (product >> 16)
    }
}

fn mix(x: u32, y: u32) -> u32 {
    let mixed = 0xca01_f9dd_u32.wrapping_mul(x).wrapping_sub(0x4973_f715_u32.wrapping_mul(y));
    mixed ^ (mixed >> 16)
}

/// `SeedSequence(seed).generate_state(4, uint64)` for a seed of at most two words.
fn seed_words(seed: u64) -> [u64; 4] {
    let mut hash = Hash { constant: 0x43b0_d7e5, multiplier: 0x931e_8875 };
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.word(word));
    for from in 0..POOL {
        for to in (0..POOL).filter(|&to| to != from) {
            pool[to] = mix(pool[to], hash.word(pool[from]));
        }
    }
    let mut hash = Hash { constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded };
    let words: [u32; 2 * POOL] = std::array::from_fn(|i| hash.word(pool[i % POOL]));
    std::array::from_fn(|i| u64::from(words[2 * i]) | u64::from(words[2 * i + 1]) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_the_reference_s() {
        let offsets = Generator::new(0).integers(8, 0, 31_999);
        assert_eq!(offsets, [27219, 20382, 16356, 8633, 9850, 1311, 2407, 528]);
        assert_eq!(Generator::new(42).integers(6, 0, 127_999), [11424, 99066, 83785, 56176, 55425, 109900]);
    }

    #[test]
    fn vectors_follow_each_other_on_one_stream() {
        let mut generator = Generator::new(0);
        assert_eq!(generator.integers(4, 512, 1536), [1383, 1164, 1035, 788]);
        assert_eq!(generator.integers(4, 64, 192), [103, 69, 73, 66]);
        assert_eq!(generator.integers(4, 0, 50_256), [8808, 40872, 32637, 45872]);
    }

    #[test]
    fn an_interval_of_one_value_draws_nothing() {
        let mut generator = Generator::new(0);
        assert_eq!(generator.integers(3, 9, 9), [9, 9, 9]);
        assert_eq!(generator.integer(0, 31_999), 27219);
    }

    #[test]
    fn doubles_are_the_reference_s() {
        let mut generator = Generator::new(0);
        assert_eq!([generator.double(), generator.double()], [0.6369616873214543, 0.2697867137638703]);
    }

    #[test]
    fn bytes_are_the_low_bytes_first() {
        let mut bytes = [0; 12];
        Generator::new(0).bytes().fill(&mut bytes);
        assert_eq!(bytes, [95, 130, 194, 217, 207, 235, 15, 163, 33, 215, 217, 130]);
    }

    #[test]
    fn bytes_are_the_same_in_pieces_and_skipped() {
        for (size, before) in [(0, 0), (1, 0), (3, 1), (4, 1), (5, 0), (8, 1), (9, 1), (1003, 0), (1003, 1)] {
            let mut whole = Generator::new(7);
            whole.integers(before, 0, u32::MAX);
            let (mut pieces, mut skipped) = (whole.clone(), whole.clone());
            let (mut expected, mut bytes) = (vec![0; size], vec![0; size]);
            whole.bytes().fill(&mut expected);
            let mut source = pieces.bytes();
            bytes.chunks_mut(3).for_each(|piece| source.fill(piece));
            assert_eq!(bytes, expected, "{size}");
            skipped.skip_bytes(size as u64);
            let next = whole.next_u32();
            assert_eq!((pieces.next_u32(), skipped.next_u32()), (next, next), "{size} after {before}");
            assert_eq!(skipped.double(), whole.double());
        }
    }

    #[test]
    fn a_permutation_is_the_reference_s() {
        assert_eq!(Generator::new(0).permutation(10), [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]);
    }

    #[test]
    fn a_double_leaves_the_kept_half_where_it_is() {
        let mut plain = Generator::new(3);
        let (first, second) = (plain.next_u32(), plain.next_u32());
        let mut mixed = Generator::new(3);
        assert_eq!(mixed.next_u32(), first);
        mixed.double();
        assert_eq!(mixed.next_u32(), second);
    }
}
