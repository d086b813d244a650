//! Which rows of a file become requests: their order, and what happens when there are too few. Row counts and a seed come
//! in, positions go out, as the reference's shuffle and oversampling draw them.

use crate::error::{Error, Result};
use crate::rng::Python;

/// The order in which rows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Shuffled by the seed.
    Shuffled,
    /// As in the file.
    File,
}

/// What to do where the file has fewer usable rows than requests are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// Repeat rows, chosen with replacement.
    Oversample,
    /// Send fewer requests.
    SendFewer,
}

/// How requests are chosen from the rows of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Seed of the shuffle and of oversampling.
    pub seed: u32,
    /// How many requests are wanted; 0 and below mean what the dataset makes of it.
    pub num_prompts: i64,
    /// The order of rows.
    pub order: Order,
    /// What to do where rows run out.
    pub shortage: Shortage,
    /// Goes before the index in each request id.
    pub request_id_prefix: String,
}

/// The rows that requests are made of, where every row makes one.
#[derive(Debug)]
pub(super) struct Taken {
    /// The row of each request.
    pub(super) rows: Vec<u32>,
    /// What to warn of.
    pub(super) warning: Option<String>,
}

impl Selection {
    /// Takes as many of `rows` rows as are wanted, all of them if that is none, and repeats some where they are too few;
    /// `rows` is above 0.
    pub(super) fn take(&self, rows: usize, python: &mut Python) -> Taken {
        let taken = match usize::try_from(self.num_prompts) {
            Ok(0) | Err(_) => rows,
            Ok(wanted) => wanted.min(rows),
        };
        let order = self.order(rows, python);
        let repeats = self.repeats(taken, python);
        let warning = self.warning(taken, repeats.len());
        let positions = (0..taken as u32).chain(repeats);
        let rows_taken = positions.map(|position| order[position as usize]).collect();
        Taken { rows: rows_taken, warning }
    }

    /// How many requests `dataset` makes, which cannot make none.
    pub(super) fn some_prompts(&self, dataset: &str) -> Result<u32> {
        u32::try_from(self.num_prompts).ok().filter(|&count| count > 0).ok_or_else(|| {
            Error::new(format!("`--num-prompts {}`: dataset `{dataset}` makes 1 prompt or more", self.num_prompts))
                .hint("give a number above 0")
        })
    }

    /// The positions of `rows` rows in the order to take them. The generator starts anew from the seed, as the reference's.
    pub(super) fn order(&self, rows: usize, python: &mut Python) -> Vec<u32> {
        let mut order: Vec<u32> = (0..rows as u32).collect();
        *python = Python::new(u64::from(self.seed));
        if self.order == Order::Shuffled {
            python.shuffle(&mut order);
        }
        order
    }

    /// For each request beyond the first `taken`, which of those it repeats; `taken` is above 0. Where there are any, the
    /// generator starts anew from the seed.
    pub(super) fn repeats(&self, taken: usize, python: &mut Python) -> Vec<u32> {
        let missing = self.num_prompts - taken as i64;
        if self.shortage == Shortage::SendFewer || missing <= 0 {
            return Vec::new();
        }
        *python = Python::new(u64::from(self.seed));
        (0..missing).map(|_| python.below(taken as u32)).collect()
    }

    /// What to warn of where `taken` rows had to make up `taken + repeats` requests.
    pub(super) fn warning(&self, taken: usize, repeats: usize) -> Option<String> {
        let wanted = self.num_prompts;
        if repeats > 0 {
            Some(format!(
                "{repeats} of {wanted} requests repeat another one, because the dataset has only {taken} usable: a \
                 prefix cache may serve them (`--no-oversample` sends each once)"
            ))
        } else if wanted > taken as i64 {
            Some(format!("{taken} requests instead of {wanted}, because the dataset has no more usable prompts"))
        } else {
            None
        }
    }

    /// The id of request `index`.
    pub(super) fn request_id(&self, index: usize) -> Option<String> {
        Some(format!("{}{index}", self.request_id_prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(order: Order, shortage: Shortage) -> Selection {
        Selection { seed: 0, num_prompts: 12, order, shortage, request_id_prefix: "r-".into() }
    }

    /// Any generator: each draw starts it anew.
    fn python() -> Python {
        Python::new(99)
    }

    #[test]
    fn rows_are_shuffled_as_the_reference_shuffles() {
        let shuffled = selection(Order::Shuffled, Shortage::Oversample);
        assert_eq!(shuffled.order(10, &mut python()), [7, 8, 1, 5, 3, 4, 2, 0, 9, 6]);
        assert_eq!(selection(Order::File, Shortage::Oversample).order(3, &mut python()), [0, 1, 2]);
    }

    #[test]
    fn a_shortage_is_filled_from_a_fresh_generator_or_not_at_all() {
        let mut fresh = Python::new(0);
        let expected = [fresh.below(10), fresh.below(10)];
        let repeats = |shortage, taken| selection(Order::Shuffled, shortage).repeats(taken, &mut python());
        assert_eq!(repeats(Shortage::Oversample, 10), expected);
        assert!(repeats(Shortage::SendFewer, 10).is_empty());
        assert!(repeats(Shortage::Oversample, 20).is_empty());
    }

    #[test]
    fn the_generator_goes_on_where_sampling_left_it() {
        let next = |order, shortage, rows| {
            let mut python = python();
            selection(order, shortage).take(rows, &mut python);
            python.getrandbits(32)
        };
        let mut python = Python::new(0);
        assert_eq!(next(Order::File, Shortage::SendFewer, 10), python.clone().getrandbits(32));
        for _ in 0..2 {
            python.below(10);
        }
        assert_eq!(next(Order::Shuffled, Shortage::Oversample, 10), python.getrandbits(32));
        let mut python = Python::new(0);
        python.shuffle(&mut [0; 20]);
        assert_eq!(next(Order::Shuffled, Shortage::Oversample, 20), python.getrandbits(32));
    }

    #[test]
    fn rows_are_taken_in_order_and_then_again() {
        let rows = |selection: &Selection, rows| selection.take(rows, &mut python()).rows;
        let oversampling = selection(Order::File, Shortage::Oversample);
        let repeats = oversampling.repeats(10, &mut python());
        assert_eq!(rows(&oversampling, 10), (0..10).chain(repeats).collect::<Vec<_>>());
        assert!(oversampling.take(10, &mut python()).warning.is_some());
        let all = Selection { num_prompts: 0, ..selection(Order::Shuffled, Shortage::Oversample) };
        assert_eq!(rows(&all, 10), [7, 8, 1, 5, 3, 4, 2, 0, 9, 6]);
        assert_eq!(rows(&selection(Order::File, Shortage::SendFewer), 20), (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn a_shortage_is_told() {
        let fewer = selection(Order::File, Shortage::SendFewer);
        assert!(fewer.warning(10, 0).is_some_and(|text| text.starts_with("10 requests instead of 12")));
        assert!(fewer.warning(10, 2).is_some_and(|text| text.starts_with("2 of 12 requests repeat")));
        assert_eq!(fewer.warning(12, 0), None);
    }
}
