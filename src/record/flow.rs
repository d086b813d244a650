//! Output over time: how many chunks and tokens arrived in each millisecond of a run, and in each few milliseconds of a long one.
//! Tokens are counted in whole parts, so that no order of answers changes a sum.

use std::ops::Range;

use super::Tick;

/// The finest bin.
const MILLISECOND: u64 = 1_000_000;

/// Bins that are kept together: room for them is taken once there is output in one of them. Few, so that a run with a little output
/// now and then takes little.
const BINS: usize = 100;

/// So many pages there are at most, for some 32 MiB: of a run that needs more, bins are as wide as they have to be.
const MOST_PAGES: usize = (1 << 22) / BINS;

/// The bytes that a flow takes at most.
#[cfg(test)]
pub(super) const MOST_BYTES: usize = MOST_PAGES * (size_of::<Page>() + size_of::<Option<Box<Page>>>());

/// Parts of a token: the finest share of an answer's tokens that is told apart.
const PARTS: u32 = 1024;

/// Chunks and tokens by the time at which they arrived, counted from the start of the run, in bins of equal width: a millisecond,
/// doubled for each doubling of a run of more than 70 minutes.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    pages: Vec<Option<Box<Page>>>,
    /// How often the width was doubled.
    doublings: u32,
}

type Page = [Bin; BINS];

/// The output of a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Pieces of output.
    pub chunks: u32,
    /// Tokens in them, in [`PARTS`].
    parts: u32,
}

impl Bin {
    /// Tokens in its pieces. Sums of these are exact.
    pub fn tokens(&self) -> f64 {
        f64::from(self.parts) / f64::from(PARTS)
    }

    fn add(&mut self, chunks: u32, parts: u32) {
        self.chunks = self.chunks.saturating_add(chunks);
        self.parts = self.parts.saturating_add(parts);
    }
}

impl Flow {
    /// Counts one piece of output with its tokens, at the moment it arrived.
    pub fn add(&mut self, at: Tick, tokens: u32) {
        self.bin(at).add(1, tokens.saturating_mul(PARTS));
    }

    /// Counts pieces of output at the moments they arrived, with an equal share of `tokens` each. Where they do not divide
    /// into equal parts, some pieces have one more, so that the sum is `tokens`.
    pub fn spread(&mut self, chunks: &[Tick], tokens: u32) {
        let count = chunks.len() as u64;
        let parts = u64::from(tokens) * u64::from(PARTS);
        let (each, left_over) = (parts / count.max(1), parts % count.max(1));
        let mut owed = 0;
        for &at in chunks {
            owed += left_over;
            let one_more = owed >= count;
            owed -= if one_more { count } else { 0 };
            self.bin(at).add(1, u32::try_from(each + u64::from(one_more)).unwrap_or(u32::MAX));
        }
    }

    /// The bins with output, ascending: from when to when in nanoseconds from the start of the run, and what arrived.
    pub fn bins(&self) -> impl Iterator<Item = (Range<u64>, Bin)> + Clone + use<'_> {
        let width = self.width();
        let filled = self.pages.iter().zip(0_u64..).filter_map(|(bins, page)| Some((bins.as_deref()?, page)));
        let numbered = filled.flat_map(|(bins, page)| (page * BINS as u64..).zip(bins.iter().copied()));
        numbered.filter(|(_, bin)| bin.chunks > 0).map(move |(index, bin)| (index * width..(index + 1) * width, bin))
    }

    /// Nanoseconds of a bin.
    fn width(&self) -> u64 {
        MILLISECOND << self.doublings
    }

    fn bin(&mut self, at: Tick) -> &mut Bin {
        while at.nanos() / self.width() >= (MOST_PAGES * BINS) as u64 {
            self.widen();
        }
        let index = (at.nanos() / self.width()) as usize;
        let (page, within) = (index / BINS, index % BINS);
        if page >= self.pages.len() {
            self.pages.resize(page + 1, None);
        }
        &mut self.pages[page].get_or_insert_with(|| Box::new([Bin::default(); BINS]))[within]
    }

    /// Makes bins twice as wide. What is in them does not depend on when that happens.
    fn widen(&mut self) {
        let pages = std::mem::take(&mut self.pages);
        self.doublings += 1;
        self.pages.resize(pages.len().div_ceil(2), None);
        for (index, page) in pages.into_iter().enumerate() {
            let Some(page) = page else { continue };
            let wide = self.pages[index / 2].get_or_insert_with(|| Box::new([Bin::default(); BINS]));
            for (within, bin) in page.iter().enumerate() {
                wide[index % 2 * (BINS / 2) + within / 2].add(bin.chunks, bin.parts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick::from_nanos(millis * MILLISECOND)
    }

    fn tokens(flow: &Flow) -> Vec<(u64, u32, f64)> {
        flow.bins().map(|(time, bin)| (time.start / MILLISECOND, bin.chunks, bin.tokens())).collect()
    }

    #[test]
    fn output_is_counted_in_its_millisecond() {
        let mut flow = Flow::default();
        flow.add(Tick::from_nanos(2_999_999), 4);
        flow.add(Tick::from_nanos(2_000_000), 1);
        flow.add(at(61_000), 7);
        assert_eq!(tokens(&flow), [(2, 2, 5.0), (61_000, 1, 7.0)]);
    }

    #[test]
    fn equal_shares_add_up() {
        let mut flow = Flow::default();
        flow.spread(&[at(0), at(1), at(2)], 7);
        flow.spread(&[], 9);
        let found = tokens(&flow);
        assert_eq!(found.iter().map(|(_, _, tokens)| tokens).sum::<f64>(), 7.0);
        assert!(found.iter().all(|(_, _, tokens)| (tokens - 7.0 / 3.0).abs() < 1e-3), "{found:?}");
        flow.spread(&[at(3), at(3)], 1);
        assert_eq!(tokens(&flow)[3], (3, 2, 1.0));
    }

    #[test]
    fn what_a_server_makes_up_is_counted_as_far_as_it_fits() {
        let mut flow = Flow::default();
        flow.spread(&[at(0)], u32::MAX);
        flow.add(at(0), u32::MAX);
        assert_eq!(tokens(&flow), [(0, 2, f64::from(u32::MAX) / f64::from(PARTS))]);
    }

    /// A day's run, whose first answers are told last.
    #[test]
    fn a_long_run_takes_no_more_room_and_tells_the_same_in_any_order() {
        const DAY: u64 = 24 * 3600 * 1000;
        let times: Vec<u64> = (0..DAY).step_by(7_919).chain([0, 1, 2, 63, 64, DAY - 1]).collect();
        let (mut forth, mut back) = (Flow::default(), Flow::default());
        times.iter().for_each(|&millis| forth.add(at(millis), 3));
        times.iter().rev().for_each(|&millis| back.add(at(millis), 3));
        assert!(forth.bins().eq(back.bins()));
        assert!(forth.pages.len() <= MOST_PAGES && forth.width() == 32 * MILLISECOND);
        let told: u32 = forth.bins().map(|(_, bin)| bin.chunks).sum();
        assert_eq!(told as usize, times.len());
        assert_eq!(tokens(&forth)[..2], [(0, 4, 12.0), (32, 1, 3.0)]);
        let starts: Vec<u64> = forth.bins().map(|(time, _)| time.start / MILLISECOND).collect();
        assert!(times.iter().all(|millis| starts.binary_search(&(millis / 32 * 32)).is_ok()));
    }
}
