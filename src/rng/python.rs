//! CPython's `random` module: the source of list shuffles and oversampling. An integer seed comes in; bounded integers,
//! choices and shuffles go out.

use super::mt19937::Mt19937;

/// The generator, as `random.Random(seed)` or `random.seed(seed)` leaves it.
#[derive(Debug, Clone)]
pub struct Python {
    core: Mt19937,
}

impl Python {
    /// Seeds from an integer that is not negative.
    pub fn new(seed: u64) -> Self {
        let words = [seed as u32, (seed >> 32) as u32];
        let used = if words[1] == 0 { 1 } else { 2 };
        Python { core: Mt19937::from_words(&words[..used]) }
    }

    /// `count` random bits, 1 to 32 of them.
    pub fn getrandbits(&mut self, count: u32) -> u32 {
        self.core.next_u32() >> (32 - count)
    }

    /// A uniform integer below `n`, which is above 0.
    pub fn below(&mut self, n: u32) -> u32 {
        let bits = 32 - n.leading_zeros();
        loop {
            let candidate = self.getrandbits(bits);
            if candidate < n {
                return candidate;
            }
        }
    }

    /// A uniform integer in `[low, high]`; the span is below 2^32 - 1.
    pub fn randint(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// One of `items`, which is not empty.
    pub fn choice<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }

    /// A uniform position below `len`, as `random.choices` draws each of its items.
    pub fn index(&mut self, len: usize) -> usize {
        (self.random() * len as f64) as usize
    }

    /// Shuffles in place: Fisher and Yates, from the last item down.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u32 + 1) as usize;
            items.swap(i, j);
        }
    }

    /// A uniform double in `[0, 1)`.
    pub fn random(&mut self) -> f64 {
        self.core.next_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_the_reference_s() {
        let mut items: Vec<u32> = (0..10).collect();
        Python::new(0).shuffle(&mut items);
        assert_eq!(items, [7, 8, 1, 5, 3, 4, 2, 0, 9, 6]);
    }

    #[test]
    fn choices_with_replacement_are_the_reference_s() {
        let mut python = Python::new(12345);
        let drawn: Vec<u32> = (0..6).map(|_| python.index(1000) as u32).collect();
        assert_eq!(drawn, [416, 10, 825, 298, 368, 193]);
    }

    #[test]
    fn integers_and_choices_come_from_the_same_draw() {
        let items: Vec<u32> = (0..100).collect();
        let chosen = *Python::new(7).choice(&items);
        assert_eq!(Python::new(7).below(100), chosen);
        assert_eq!(Python::new(7).randint(5, 104), chosen + 5);
    }

    #[test]
    fn a_seed_of_more_than_one_word_is_its_own_seed() {
        assert_ne!(Python::new(1 << 32).random(), Python::new(0).random());
    }
}
