//! The numbers in request ids. A request has its own number, or that of its row where rows were dropped; copies of requests
//! go on counting behind them, over numbers that are taken.

use std::collections::HashSet;

/// The numbers of so many copies of requests that have `numbers`.
pub(super) fn of_copies(numbers: &[usize], copies: usize) -> Vec<usize> {
    let taken: HashSet<usize> = numbers.iter().copied().collect();
    (numbers.len()..).filter(|number| !taken.contains(number)).take(copies).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_go_on_counting() {
        assert_eq!(of_copies(&[0, 1, 2], 2), [3, 4]);
    }

    #[test]
    fn no_number_is_given_twice() {
        assert_eq!(of_copies(&[0, 2, 3], 3), [4, 5, 6]);
        assert_eq!(of_copies(&[1, 5], 4), [2, 3, 4, 6]);
    }
}
